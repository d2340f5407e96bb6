"""A day as its people lived it, from the journal's facts: who called, waited and talked, who was at work and how.

Events are answers to that day's commands; people are what another policy would have had before it.
"""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from ccd.core.configuration import Configuration
from ccd.model import fact as f
from ccd.model.fact import AgentState, AnyFact
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, Length, Moment, OfferId, QueueId
from ccd.simulation.figures import Figures

MISSED = re.compile(r"missed \d+ offers")
"""The reason of a pause that the policy gave, not the agent."""
DECLINED = ("refused", "busy")


class Visitor(Struct):
    """One caller's stay in queues, from the first entry on. `step` of `flow` is the `queue` verb that let him in.

    `left_after` is when he lost patience, 0 if he did not; `waited` until he was served, led on, or left.
    """

    call: CallId
    at: Moment
    queue: QueueId
    flow: str
    step: str
    waited: Length = 0
    left_after: Length = 0
    talked: Length = 0
    agent: AgentId = AgentId("")
    is_over: bool = False


class Doing(Struct, frozen=True):
    """What an agent did of himself: `log_in`, `log_out`, `pause`, `unpause`, `busy` with what no queue gave him, for
    `length`; and what his phone did: `phone_gone`, `phone_back`, `phone_taken` and `phone_free` (a call that ccd has no
    part in).
    """

    at: Moment
    what: str
    reason: str = ""
    length: Length = 0


class Habits(Struct):
    """How an agent took offers, wrap-ups that he ended before their time, and pauses that the policy gave him."""

    pick_ups: list[Length] = field(default_factory=list)
    declined: list[Length] = field(default_factory=list)
    unanswered: int = 0
    wrap_ups: int = 0
    cut_wrap_ups: list[Length] = field(default_factory=list)
    missed_pauses: list[Length] = field(default_factory=list)

    @property
    def offers(self) -> int:
        """Those that were his to answer."""
        return len(self.pick_ups) + len(self.declined) + self.unanswered


class Worker(Struct):
    """One agent's day."""

    endpoint: Endpoint
    did: list[Doing] = field(default_factory=list)
    habits: Habits = field(default_factory=Habits)
    state: AgentState = "logged_out"
    since: Moment = 0
    call: str = ""
    queue: QueueId = QueueId("")
    misses: bool = False
    """Whether he is paused because he missed offers."""
    is_phone_gone: bool = False
    is_phone_taken: bool = False


class Day:
    """The fold. `configuration` held when it begins; `standing` is how agents stood then (state and phone), who is not
    in it was logged out. `lost` counts inputs that the journal has not.
    """

    def __init__(
        self,
        configuration: Configuration,
        began: Moment,
        standing: dict[AgentId, tuple[AgentState, Endpoint]],
    ) -> None:
        self.configuration = configuration
        self.began = self.ended = began
        self.visitors: dict[CallId, Visitor] = {}
        self.workers: dict[AgentId, Worker] = {}
        self.figures = Figures(dict(configuration.queues), began, began)
        self.reloads = self.lost = 0
        self._queues = configuration.queues
        self._steps: dict[CallId, tuple[str, str]] = {}
        self._talks: dict[CallId, tuple[Moment, AgentId]] = {}
        self._offers: dict[OfferId, Moment] = {}
        self._phones: dict[Endpoint, list[AgentId]] = {}
        self._folds: dict[type, Any] = {
            f.StepEntered: self._entered_step,
            f.QueueEntered: self._entered,
            f.QueueLeft: self._left,
            f.OfferMade: self._offered,
            f.OfferEnded: self._offer_ended,
            f.TalkBegan: self._talk_began,
            f.TalkEnded: self._talk_ended,
            f.AgentChanged: self._changed,
            f.EndpointNoted: self._phone,
            f.ConfigurationTaken: self._reloaded,
        }
        for agent, (state, endpoint) in standing.items():
            self._stands(agent, state, endpoint, began)

    def apply(self, facts: Iterable[AnyFact], at: Moment) -> None:
        """Those of one input."""
        self.ended = max(self.ended, at)
        for fact in facts:
            self.figures.apply(fact, at)
            fold = self._folds.get(type(fact))
            if fold is not None:
                fold(fact, at)

    def close(self) -> None:
        """Nothing more comes: what agents are in counts to here."""
        self.figures.end(self.ended)

    def staffed(self) -> tuple[Moment, Moment]:
        """From when to when anybody was at work."""
        came = [doing.at for worker in self.workers.values() for doing in worker.did if doing.what == "log_in"]
        went = [doing.at for worker in self.workers.values() for doing in worker.did if doing.what == "log_out"]
        if any(worker.state != "logged_out" for worker in self.workers.values()):
            went.append(self.ended)
        return min(came, default=self.began), max(went, default=self.began)

    # --- callers

    def _entered_step(self, fact: f.StepEntered, at: Moment) -> None:
        self._steps[fact.call] = (fact.flow, fact.step)

    def _entered(self, fact: f.QueueEntered, at: Moment) -> None:
        if fact.call not in self.visitors:
            self.visitors[fact.call] = Visitor(fact.call, at, fact.queue, *self._steps.get(fact.call, ("", "")))

    def _left(self, fact: f.QueueLeft, at: Moment) -> None:
        visitor = self.visitors.get(fact.call)
        if visitor is not None and not visitor.is_over:
            visitor.waited = at - visitor.at
            if fact.outcome == "abandoned":
                visitor.left_after = max(1, visitor.waited)
            visitor.is_over = fact.outcome in ("abandoned", "answered")

    def _talk_began(self, fact: f.TalkBegan, at: Moment) -> None:
        self._talks[fact.call] = (at, fact.agent)

    def _talk_ended(self, fact: f.TalkEnded, at: Moment) -> None:
        _, agent = self._talks.pop(fact.call, (at, AgentId("")))
        visitor = self.visitors.get(fact.call)
        if visitor is not None and not visitor.talked and agent:
            visitor.talked, visitor.agent = max(1, fact.talk_time), agent

    # --- agents

    def _stands(self, agent: AgentId, state: AgentState, endpoint: Endpoint, at: Moment) -> None:
        worker = self.workers.setdefault(agent, Worker(endpoint))
        worker.state, worker.since = state, at
        if state != "logged_out":
            worker.did.append(Doing(at, "log_in"))
        if state == "paused":
            worker.did.append(Doing(at, "pause"))
        self._phones.setdefault(endpoint, []).append(agent)

    def _changed(self, fact: f.AgentChanged, at: Moment) -> None:
        if fact.agent not in self.workers:
            self._stands(fact.agent, fact.old, fact.endpoint, self.began)
        worker = self.workers[fact.agent]
        lasted = at - worker.since
        if fact.endpoint and fact.endpoint != worker.endpoint:
            worker.endpoint = fact.endpoint
            self._phones.setdefault(fact.endpoint, []).append(fact.agent)
        self._came_and_went(worker, fact, at, lasted)
        if fact.old == "wrap_up":
            worker.habits.wrap_ups += 1
            if worker.queue in self._queues and lasted < self._queues[worker.queue].wrap_up_time - SECOND:
                worker.habits.cut_wrap_ups.append(lasted)
        if fact.old == "talking" and worker.call and worker.call not in self.visitors:
            worker.did.append(Doing(worker.since, "busy", length=lasted))
        worker.call = fact.reason if fact.new == "talking" else ""
        worker.state, worker.since = fact.new, at

    def _came_and_went(self, worker: Worker, fact: f.AgentChanged, at: Moment, lasted: Length) -> None:
        if fact.old == "logged_out":
            worker.did.append(Doing(at, "log_in"))
        if fact.new == "logged_out":
            worker.did.append(Doing(at, "log_out"))
        elif fact.new == "paused":
            worker.misses = fact.old == "offered" and MISSED.fullmatch(fact.reason) is not None
            if not worker.misses:
                worker.did.append(Doing(at, "pause", fact.reason))
        elif fact.old == "paused" and worker.misses:
            worker.habits.missed_pauses.append(lasted)
        elif fact.old == "paused":
            worker.did.append(Doing(at, "unpause"))

    def _phone(self, fact: f.EndpointNoted, at: Moment) -> None:
        for agent in self._phones.get(fact.endpoint, ()):
            worker, is_gone = self.workers[agent], fact.state == "unreachable"
            if is_gone != worker.is_phone_gone:
                worker.is_phone_gone = is_gone
                worker.did.append(Doing(at, "phone_gone" if is_gone else "phone_back"))
            # In use while nothing of ours is there: a private call. In an offer or a talk it is a consequence of that.
            is_taken = fact.state == "in_use" and (worker.is_phone_taken or worker.state in ("ready", "paused"))
            if is_taken != worker.is_phone_taken:
                worker.is_phone_taken = is_taken
                worker.did.append(Doing(at, "phone_taken" if is_taken else "phone_free"))

    def _offered(self, fact: f.OfferMade, at: Moment) -> None:
        self._offers[fact.offer] = at
        if fact.agent in self.workers:
            self.workers[fact.agent].queue = fact.queue

    def _offer_ended(self, fact: f.OfferEnded, at: Moment) -> None:
        made, worker = self._offers.pop(fact.offer, None), self.workers.get(fact.agent)
        if made is None or worker is None:
            return
        if fact.outcome == "accepted":
            worker.habits.pick_ups.append(at - made)
        elif fact.outcome in DECLINED:
            worker.habits.declined.append(at - made)
        elif fact.outcome == "expired":
            worker.habits.unanswered += 1

    def _reloaded(self, fact: f.ConfigurationTaken, at: Moment) -> None:
        self.reloads += 1
