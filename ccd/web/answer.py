"""What the API answers with where the model has no word of its own for it."""

from msgspec import Struct

from ccd.model.caller import HistoryEntry
from ccd.model.campaign_view import Blocked, CampaignView, ContactView
from ccd.model.ids import RecordingId
from ccd.model.view import AgentView, CallView, QueueView


class Alive(Struct, frozen=True):
    """The daemon answers."""

    alive: bool = True


class Ready(Struct, frozen=True):
    """`failing` names the parts that are not well; why is told to those with a token."""

    ready: bool
    failing: tuple[str, ...] = ()


class Queues(Struct, frozen=True):
    """All queues."""

    queues: tuple[QueueView, ...]


class Agents(Struct, frozen=True):
    """All agents, or with an agent's token himself."""

    agents: tuple[AgentView, ...]


class RunningCalls(Struct, frozen=True):
    """The calls that run now."""

    calls: tuple[CallView, ...]


class History(Struct, frozen=True):
    """Calls and interactions, newest first."""

    entries: tuple[HistoryEntry, ...]


class Reloaded(Struct, frozen=True):
    """What came of a reload: taken, or every error of the files, with file, line and column."""

    taken: bool
    errors: tuple[str, ...] = ()


class Erased(Struct, frozen=True):
    """A caller is forgotten: so many calls were his, so many recordings are deleted. Those in `left` are still there
    (the disk); erasing again tries again.
    """

    calls: int
    recordings: int
    left: tuple[RecordingId, ...] = ()


class Campaigns(Struct, frozen=True):
    """All campaigns."""

    campaigns: tuple[CampaignView, ...]


class Contacts(Struct, frozen=True):
    """Contacts with a number, without their attempts."""

    contacts: tuple[ContactView, ...]


class Blocks(Struct, frozen=True):
    """The do-not-call lists that a number is on; `number` is it in E.164."""

    number: str
    lists: tuple[Blocked, ...]


class Removed(Struct, frozen=True):
    """Whether there was something to be removed."""

    removed: bool


class Done(Struct, frozen=True):
    """It was carried out; `request` names it in the journal."""

    request: str
