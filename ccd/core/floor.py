"""The floor: everything the engine knows at this moment, and what it says about the input in hand."""

import heapq
from typing import Any

from msgspec import Struct

from ccd.core.acd.agent import Agent
from ccd.core.acd.offer import Offer
from ccd.core.acd.selection import Routing
from ccd.core.call import Call, Leg
from ccd.core.configuration import Configuration, Queue
from ccd.core.dialer.campaign import Campaign
from ccd.core.dialer.clearance import TrunkLoad
from ccd.core.network import Network
from ccd.core.statistics import Statistics
from ccd.core.timer import Timer
from ccd.model.command import AnyCommand, Ask, SetVariables
from ccd.model.event import EndpointState
from ccd.model.fact import AnyFact
from ccd.model.ids import (
    AgentId,
    CallId,
    CampaignId,
    Endpoint,
    LegId,
    Length,
    Moment,
    OfferId,
    QuestionId,
    QueueId,
    SwitchName,
)
from ccd.model.question import AnyQuestion

_MADE_ANEW = ("_commands", "_later", "_marks", "_facts", "note", "send", "send_last")


class Outcome(Struct, frozen=True, gc=False):
    """What the engine made of one input: intents to carry out, in order, and facts to remember."""

    commands: tuple[AnyCommand, ...]
    facts: tuple[AnyFact, ...]


class Floor:
    """State and the outcome in the making. One owner, the engine; the modules of `core` change it through functions."""

    def __init__(self, configuration: Configuration, seed: int) -> None:
        self.configuration = configuration
        self.seed = seed
        self.now: Moment = 0
        self.input = 0
        self.calls: dict[CallId, Call] = {}
        self.legs: dict[LegId, Leg] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.agent_at: dict[Endpoint, AgentId] = {}
        self.endpoints: dict[Endpoint, EndpointState] = {}
        self.boots: dict[SwitchName, str] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.questions: dict[QuestionId, CallId] = {}
        self.queues: dict[QueueId, Queue] = {}
        self.staffed: dict[QueueId, int] = {}
        self.statistics = Statistics()
        self.up: dict[SwitchName, bool] = {}
        """Which switches obey, by area."""
        self.holds_timers = False
        self.stood_still_since: Moment = 0
        """While timers are held: nobody looked since then."""
        self.unseen: dict[SwitchName, tuple[Moment, Moment]] = {}
        """Of a switch that did not obey, by area: since when, and until when news of that time may come."""
        self.recalled: dict[CallId, SwitchName] = {}
        """Calls of a former daemon whose legs have not arrived yet, and the area of the switch that they were on."""
        self.lost_places: dict[str, tuple[Moment, Moment]] = {}
        """By number: since when somebody had waited whom the switch dropped, and when that was."""
        self.campaigns: dict[CampaignId, Campaign] = {}
        self.dialling: list[Campaign] = []
        """Campaigns at work, who gets free agents first comes first."""
        self.stirred: dict[CampaignId, None] = {}
        """Campaigns to be looked at before the input in hand is done with."""
        self.askers: dict[QuestionId, CampaignId] = {}
        self.blocked: dict[str, tuple[Moment, tuple[CampaignId, ...]]] = {}
        """Numbers that were put on a do-not-call list a while ago, and whose; the oldest first."""
        self.trunk_loads: dict[Endpoint, TrunkLoad] = {}
        self.routing = Routing()
        self.timers: list[tuple[Moment, int, Timer]] = []
        self._timer_number = 0
        self._last_id = 0
        self._commands: list[AnyCommand] = []
        self._later: list[AnyCommand] = []
        self._marks: dict[LegId, dict[str, str]] = {}
        self._facts: list[AnyFact] = []
        self.note = self._facts.append
        self.send = self._commands.append
        self.send_last = self._later.append

    def __getstate__(self) -> dict[str, Any]:
        """For a snapshot between two inputs, when nothing is in the making."""
        state = {name: value for name, value in self.__dict__.items() if name not in _MADE_ANEW}
        return {**state, "routing": self.routing.standing()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        standing = state.pop("routing")
        self.__init__(state["configuration"], state["seed"])  # type: ignore[misc]  # what is in the making, empty
        self.__dict__.update(state)
        self.routing.configure(self.queues, self.configuration.agents)
        self.routing.restore(standing)

    @property
    def network(self) -> Network:
        """The switches and the trunks between them."""
        return self.configuration.network

    def is_up(self, area: SwitchName) -> bool:
        """Whether the switch of the area obeys."""
        return self.up.get(area, False)

    def seen_at(self, area: SwitchName) -> Moment:
        """The last moment when what is told of a switch now was not yet so: now, unless nobody looked for a while."""
        since, until = self.unseen.get(area, (self.now, 0))
        seen = since if self.now <= until else self.now
        return min(seen, self.stood_still_since) if self.holds_timers else seen

    def is_trunk_away(self, trunk: Endpoint) -> bool:
        """Whether its switch says that nothing comes through a trunk; of one that it never spoke of it does not."""
        return self.endpoints.get(trunk) == "unreachable"

    def area_of(self, leg: LegId) -> SwitchName:
        """Where a leg is."""
        return self.configuration.network.area_of_leg(leg)

    def new_id(self) -> str:
        """An id never given before: the microsecond in hexadecimal, one further where two fall together."""
        now, last = self.now, self._last_id
        self._last_id = fresh = now if now > last else last + 1
        return f"{fresh:x}"

    def at(self, due: Moment, timer: Timer) -> None:
        """Fire `timer` at `due`. Timers are not taken back: each says by its serial whether it still counts."""
        self._timer_number += 1
        heapq.heappush(self.timers, (due, self._timer_number, timer))

    def next_due(self) -> Moment | None:
        """When the first timer is due."""
        return self.timers[0][0] if self.timers else None

    def ask(self, call: CallId, what: AnyQuestion, wait: Length) -> QuestionId:
        """Ask the world on behalf of a call; the answer, or None at the deadline, comes to its step."""
        question = QuestionId(self.new_id())
        self.questions[question] = call
        self.send(Ask(question, what, self.now + wait))
        return question

    def mark(self, leg: LegId, **variables: str) -> None:
        """Write onto the channel what a daemon with nothing but the switch must know; once a leg, last of all."""
        marks = self._marks.get(leg)
        if marks is None:
            self._marks[leg] = variables
        else:
            marks.update(variables)

    def queue(self, queue: QueueId) -> Queue:
        """The queue's rules, as they are now."""
        return self.queues[queue]

    def begin(self, now: Moment) -> None:
        """A new input, or a timer, at `now`; time never goes back."""
        self.input += 1
        if now > self.now:
            self.now = now

    def outcome(self) -> Outcome:
        """What was said since the last call of this; the hurried commands first."""
        commands, later, facts, marks = self._commands, self._later, self._facts, self._marks
        if marks:
            later += [SetVariables(leg, tuple(variables.items())) for leg, variables in marks.items()]
            marks.clear()
        result = Outcome((*commands, *later), tuple(facts))
        commands.clear()
        later.clear()
        facts.clear()
        return result
