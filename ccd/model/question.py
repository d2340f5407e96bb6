"""What the engine asks the world (`Ask`), and the values that come back (`Answered.value`)."""

from msgspec import Struct

from ccd.model.campaign import Batch
from ccd.model.ids import AgentId, CallerId, CampaignId


class Question(Struct, frozen=True, tag=True):
    """Base of all questions."""


class LookUpCaller(Question, frozen=True):
    """Who calls from `number` (E.164); `create` makes a record for an unknown one. Value: `CallerRecord`."""

    number: str
    create: bool
    name: str = ""


class CheckPin(Question, frozen=True):
    """Whether the secret behind `token` is the agent's PIN. Value: bool."""

    agent: AgentId
    token: str


class MatchSecret(Question, frozen=True):
    """Whether the secret behind `token` matches the regular expression. Value: bool."""

    token: str
    pattern: str


class Render(Question, frozen=True):
    """Speech for a text known only in the call. Value: the sound's name (str)."""

    text: str
    language: str


class NormaliseNumber(Question, frozen=True):
    """A number as dialled by the site's people, in E.164. Value: str, empty where it is no number."""

    text: str


class NextContacts(Question, frozen=True):
    """Up to `count` contacts of the campaign who may be dialled now, the most urgent first. They are given to nobody
    else until something is told of them (`ContactReturned`, `AttemptEnded`, …). Value: `Batch`.
    """

    campaign: CampaignId
    count: int


AnyQuestion = LookUpCaller | CheckPin | MatchSecret | Render | NormaliseNumber | NextContacts


class CallerRecord(Struct, frozen=True, tag=True):
    """A caller as the records know him. `fields` are the site's own (`tier`, `language`, …), all text."""

    id: CallerId
    created: bool
    calls: int
    fields: dict[str, str]


AnswerValue = CallerRecord | Batch | bool | str | None
"""What comes back; None where nobody could tell in time."""
