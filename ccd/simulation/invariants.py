"""What must hold at every event: a second bookkeeping, from inputs and facts alone, that costs a few steps an event.

It shares no code with the index that chooses (`core/acd/selection`). From time to time a full look at the engine's own
state says whether the two agree (`agreement`).
"""

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from msgspec import Struct

from ccd.core.acd.offer import BRIDGE_TIME
from ccd.core.acd.reason import Reasons
from ccd.core.acd.selection import is_qualified
from ccd.core.cdr import CdrFold
from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.network import area_of_phone
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, Length, Moment, OfferId, QueueId, SwitchName
from ccd.simulation.agreement import disagreements
from ccd.simulation.campaign_watch import CampaignWatch
from ccd.simulation.whereabouts import Whereabouts

GRACE: Length = SECOND
MOST_VIOLATIONS = 100
_MADE_ANEW = ("_engine", "_configurations", "_levels", "_folds")
EXPLAIN_EVERY = 50
HOLDS = (f.AgentHeld, f.AgentLetGo, f.AttemptConnected)


class Violation(Struct, frozen=True):
    """Something that must not be. The same seed comes to the same event `number` again."""

    seed: int
    number: int
    at: Moment
    rule: str
    detail: str


class Standing(Struct):
    """An agent, as the facts tell."""

    state: str = "logged_out"
    idle_since: Moment = 0
    back_off_until: Moment = 0
    endpoint: Endpoint = Endpoint("")


class Line(Struct):
    """A queue: free agents with their levels (negated), and who waits without an offer, by area (heaps, with stale
    entries too).
    """

    queue: QueueId
    free: dict[AgentId, tuple[int, ...]]
    heaps: dict[SwitchName, list[tuple[Moment, CallId]]]
    visits: int = 0
    unoffered: int = 0


class Invariants:
    """Give it every event with its outcome, in order. `full_every` is how often the engine's own state is compared."""

    def __init__(
        self,
        engine: Engine,
        configurations: Mapping[str, Configuration],
        seed: int,
        full_every: int = 1_000,
        calls_remembered: int = 100_000,
    ) -> None:
        self.violations: list[Violation] = []
        self.ended = 0
        self.now: Moment = 0
        self.number = 0
        self.visits: dict[CallId, tuple[Moment, QueueId, Moment]] = {}
        """Who is in a queue: key, queue, entered."""
        self.unoffered: dict[CallId, Moment] = {}
        self.offers: dict[OfferId, tuple[CallId, AgentId]] = {}
        self.owners: dict[AgentId, CallId] = {}
        self.open: dict[CallId, None] = {}
        self.standing: dict[AgentId, Standing] = {}
        self.free: dict[AgentId, None] = {}
        self._seed = seed
        self._full_every = full_every
        self._whereabouts = Whereabouts(engine.floor.network)
        self._phones: dict[Endpoint, str] = {}
        self._at: dict[Endpoint, AgentId] = {}
        self._lines: dict[QueueId, Line] = {}
        self._entered_in: dict[QueueId, int] = {}
        self._touched: dict[QueueId, None] = {}
        self._back_offs: list[tuple[Moment, AgentId]] = []
        self._limits: list[tuple[Moment, str, Any, str, SwitchName]] = []
        self._offered_calls: dict[CallId, OfferId] = {}
        self._offered_agents: dict[AgentId, OfferId] = {}
        self._talking: dict[CallId, AgentId] = {}
        self._cdrs = CdrFold(most_ended=calls_remembered)
        self._reasons = Reasons()
        self.campaigns = CampaignWatch()
        self._offers_seen = 0
        self._stood_still_since: Moment = 0
        self._down_since: dict[SwitchName, Moment] = {}
        self._former: dict[CallId, bool] = {}
        """Calls that a daemon before this one began, by the journal's facts: whether their legs have come."""
        self.attach(engine, configurations)

    def __getstate__(self) -> dict[str, Any]:
        """For a snapshot: without the engine, and what is made from the configuration."""
        return {name: value for name, value in self.__dict__.items() if name not in _MADE_ANEW}

    def attach(self, engine: Engine, configurations: Mapping[str, Configuration]) -> None:
        """Look at this engine, which decides by these configurations; also after a snapshot was read."""
        self._engine = engine
        self._configurations = configurations
        self._levels: dict[AgentId, tuple[tuple[Line, tuple[int, ...]], ...]] = {}
        self._folds: dict[type, Callable[[Any], None]] = {
            f.ConfigurationTaken: lambda fact: self._configure(self._configurations[fact.hash]),
            f.CallStarted: self._started,
            f.CallEnded: self._noted,
            f.QueueEntered: self._entered,
            f.QueueLeft: self._left,
            f.OfferMade: self._offered,
            f.OfferEnded: self._offer_ended,
            f.TalkBegan: self._talk_began,
            f.TalkEnded: self._talk_ended,
            f.AgentChanged: self._agent_changed,
            f.EndpointNoted: self._phone_changed,
        }
        self._configure(engine.floor.configuration)

    def check(self, event: e.AnyEvent, outcome: Outcome, number: int, now: Moment) -> None:
        """One more event."""
        last, self.number, self.now = self.now, number, now
        self._notice(event, last)
        is_held = self._engine.floor.holds_timers
        if not is_held:
            self._end_back_offs()
        if self._former:
            self._meet_former()
        for fact in outcome.facts:
            self._fold(fact)
        for wrong in self._whereabouts.wronged(event, outcome):
            self.violated("what happens at one switch ends nothing elsewhere", f"{event}: {wrong}")
        if not is_held:
            self._check_limits()
            if self._touched:
                self._no_pair_is_left()
        if number % self._full_every == 0 and not is_held:
            for what in disagreements(self, self._engine.floor):
                self.violated("engine and facts agree", what)

    def _notice(self, event: e.AnyEvent, last: Moment) -> None:
        """What an event says of itself; `last` is when the one before it came."""
        match event:
            case e.TimersHeld():
                self._stood_still_since = last
            case e.TimersReleased():
                self._put_off_limits(self.now - self._stood_still_since)
            case e.SwitchUp() | e.SwitchDown():
                self._switch_changed(self._whereabouts.network.area(event.switch), type(event) is e.SwitchUp)
            case e.CampaignsRestored():
                unknown = (attempt.call for standing in event.campaigns for attempt in standing.unknown)
                self.campaigns.restored(unknown)
            case e.CallsRecalled():
                self._former |= dict.fromkeys(event.calls, False)
            case _:
                pass

    def _switch_changed(self, area: SwitchName, is_up: bool) -> None:
        self._whereabouts.up[area] = is_up
        since = self._down_since.pop(area, 0)
        if is_up and since:
            self._put_off_limits(self.now - since, area)
        elif not is_up:
            self._down_since[area] = since or self.now
        for agent in self.standing:
            self._settle(agent)
        self._touch_all()

    def _touch_all(self) -> None:
        self._touched |= {line.queue: None for line in self._lines.values() if line.unoffered}

    def take_violations(self) -> list[Violation]:
        """Those since the last call of this."""
        taken, self.violations = self.violations, []
        return taken

    def violated(self, rule: str, detail: object) -> None:
        """Note it."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(Violation(self._seed, self.number, self.now, rule, str(detail)))

    def _meet_former(self) -> None:
        """Those whose legs have come: nobody says anew that they began, or that they wait."""
        calls = self._engine.floor.calls
        for call in [call for call, is_met in self._former.items() if not is_met and call in calls]:
            self._former[call] = True
            self.open[call] = None
            self._whereabouts.began(call, calls[call].leg)
            visit = calls[call].visit
            if visit is not None and call not in self.visits:
                self._began_to_wait(call, visit.queue, visit.key, visit.entered)

    # --- time

    def _end_back_offs(self) -> None:
        while self._back_offs and self._back_offs[0][0] <= self.now:
            self._settle(heappop(self._back_offs)[1])

    def _put_off_limits(self, length: Length, area: SwitchName | None = None) -> None:
        """Nothing could be done for so long, for callers of this area or for all."""
        self._limits = [
            (due + (length if area in (None, own) else 0), kind, what, detail, own)
            for due, kind, what, detail, own in self._limits
        ]
        heapify(self._limits)

    def _check_limits(self) -> None:
        while self._limits and self._limits[0][0] < self.now:
            _, kind, what, detail, _ = heappop(self._limits)
            held = what in self.offers if kind == "offer" else self._visit_of(what)
            if held:
                self.violated(f"no {kind} outlives its deadline", detail)

    def _visit_of(self, what: tuple[CallId, Moment]) -> bool:
        visit = self.visits.get(what[0])
        return visit is not None and visit[2] == what[1]

    # --- facts

    def _fold(self, fact: f.AnyFact) -> None:
        call = getattr(fact, "call", None)
        is_known = call in self.open or call in self._former
        if call is not None and not is_known and type(fact) is not f.CallStarted:
            self.violated("nothing is told of a call that is over", fact)
        fold = self._folds.get(type(fact))
        if fold is not None:
            fold(fact)
        wrong = self.campaigns.apply(fact, self.now)
        if wrong:
            self.violated("campaigns keep their promises", wrong)
        if type(fact) is not f.OfferMade:
            self._reasons.apply(fact, self.now)
        if isinstance(fact, HOLDS):
            self._settle(fact.agent)
        cdr = self._cdrs.apply(fact, self.now)
        if (cdr is not None) != (type(fact) is f.CallEnded) and call not in self._former:
            self.violated("a call that ends has exactly one record", fact)
        if cdr is not None:
            self._ended(cdr)

    def _configure(self, configuration: Configuration) -> None:
        floor = self._engine.floor
        self._reasons.configure(floor.queues, configuration.agents, configuration.network)
        self.campaigns.configure(configuration.campaigns)
        self._whereabouts.network = configuration.network
        known, self._lines = self._lines, {queue: Line(queue, {}, {}) for queue in floor.queues}
        self._levels = {
            agent.id: tuple(
                (self._lines[queue.id], tuple(-agent.skills.get(skill, 0) for skill, _ in queue.requires))
                for queue in floor.queues.values()
                if is_qualified(queue, agent)
            )
            for agent in configuration.agents.values()
        }
        for queue, line in known.items():
            if queue in self._lines:
                self._lines[queue].visits = line.visits
        for call, key in self.unoffered.items():
            self._push(call, key, self._lines[self.visits[call][1]])
        self.free.clear()
        for agent in self.standing:
            self._settle(agent)

    def _started(self, fact: f.CallStarted) -> None:
        if fact.call in self.open:
            self.violated("a call begins once", fact)
        self.open[fact.call] = None
        self._whereabouts.began(fact.call, fact.leg)

    def _noted(self, fact: f.CallEnded) -> None:
        if fact.call in self.visits or fact.call in self._offered_calls or fact.call in self._talking:
            self.violated("a call that ends has left its queue, offer and talk", fact)
        self.open.pop(fact.call, None)
        self.ended += 1

    def _ended(self, cdr: Cdr) -> None:
        if any(visit.outcome is None for visit in cdr.visits) or any(offer.outcome is None for offer in cdr.offers):
            self.violated("every visit and offer of a record has its outcome", cdr)
        if any(not leg.ended_at for leg in cdr.legs) or any(not talk.ended_at for talk in cdr.talks):
            self.violated("every leg and talk of a record has its end", cdr)
        for recording in cdr.recordings:
            if recording.ended_at and not recording.lost:
                total = sum(segment.ended_at - segment.began_at for segment in recording.segments)
                if total != recording.ended_at - recording.began_at:
                    self.violated("segments add up to the recording", cdr)

    def _entered(self, fact: f.QueueEntered) -> None:
        if fact.call in self.visits:
            self.violated("one visit at a time", fact)
        self._began_to_wait(fact.call, fact.queue, fact.waiting_since - fact.priority, self.now)
        call = self._engine.floor.calls.get(fact.call)
        step = call.cursor.flow.steps.get(call.cursor.step) if call and call.cursor else None
        if isinstance(step, QueueStep) and step.queue == fact.queue and step.max_wait:
            # An agent who answers within the limit may take the caller after it.
            due = self.now + step.max_wait + BRIDGE_TIME + GRACE
            area = self._whereabouts.of(fact.call)
            heappush(self._limits, (due, "wait", (fact.call, self.now), f"{fact.call} in {fact.queue}", area))

    def _began_to_wait(self, call: CallId, queue: QueueId, key: Moment, entered: Moment) -> None:
        self.visits[call] = (key, queue, entered)
        line = self._lines[queue]
        self._entered_in[queue] = self._entered_in.get(queue, 0) + 1
        line.visits += 1
        self._push(call, key, line)
        self._touched[queue] = None

    def _push(self, call: CallId, key: Moment, line: Line) -> None:
        self.unoffered[call] = key
        line.unoffered += 1
        heappush(line.heaps.setdefault(self._whereabouts.of(call), []), (key, call))

    def _left(self, fact: f.QueueLeft) -> None:
        if fact.call in self._former and fact.call not in self.visits:  # left in the very input in which he came
            self._began_to_wait(fact.call, fact.queue, self.now, self.now)
        visit = self.visits.pop(fact.call, None)
        if visit is None or visit[1] != fact.queue:
            self.violated("a visit that ends had begun", fact)
            return
        self._lines[fact.queue].visits -= 1
        self._take(fact.call, fact.queue)
        self._touched[fact.queue] = None

    def _take(self, call: CallId, queue: QueueId) -> None:
        if self.unoffered.pop(call, None) is not None:
            self._lines[queue].unoffered -= 1

    def _offered(self, fact: f.OfferMade) -> None:
        visit, line = self.visits.get(fact.call), self._lines[fact.queue]
        is_held = self._is_held_for(fact)
        if fact.call in self._offered_calls or fact.agent in self._offered_agents or fact.agent in self.owners:
            self.violated("one offer a call, one call an agent", fact)
        area = self._whereabouts.of(fact.call)
        is_free = is_held or fact.agent in line.free
        if visit is None or visit[1] != fact.queue or not is_free or not self._meets(area, fact.agent):
            self.violated("an offer is of an eligible pair", fact)
            return
        if not is_held:
            self._is_best(fact, line, visit[0], area)
        self._take(fact.call, fact.queue)
        self.offers[fact.offer] = (fact.call, fact.agent)
        self._offered_calls[fact.call], self._offered_agents[fact.agent] = fact.offer, fact.offer
        due = self.now + self._engine.floor.queues[fact.queue].ring_time + BRIDGE_TIME + GRACE
        heappush(self._limits, (due, "offer", fact.offer, str(fact), area))
        self._touched[fact.queue] = None

    def _is_held_for(self, fact: f.OfferMade) -> bool:
        """Whether the agent stands by for just this call's campaign, and is free."""
        attempt, watch = self.campaigns.open.get(fact.call), self.campaigns
        if attempt is None or watch.held.get(fact.agent) != attempt.campaign:
            return False
        is_kept = watch.kept.get(fact.agent, fact.call) != fact.call
        if is_kept or fact.agent not in self._levels or not self._is_ready(fact.agent):
            self.violated("who is held is offered calls of his campaign only, and when he is free", fact)
        return True

    def _is_ready(self, agent: AgentId) -> bool:
        known = self.standing[agent]
        return (
            known.state == "ready"
            and known.back_off_until <= self.now
            and self._whereabouts.up.get(area_of_phone(known.endpoint), False)
            and self._phones.get(known.endpoint) == "idle"
        )

    def _meets(self, area: SwitchName, agent: AgentId) -> bool:
        """Whether callers of the area can be joined with the agent's phone now."""
        return self._whereabouts.reaches(area, self.standing[agent].endpoint, self._phones)

    def _is_best(self, fact: f.OfferMade, line: Line, key: Moment, area: SwitchName) -> None:
        mine = (line.free[fact.agent], self.standing[fact.agent].idle_since, fact.agent)
        if fact.trigger == "caller":
            best = min(
                (levels, self.standing[agent].idle_since, agent)
                for agent, levels in line.free.items()
                if self._meets(area, agent)
            )
            if best < mine:
                self.violated("the best agent is chosen", f"{fact} before {best}")
        for other, _ in self._levels[fact.agent]:
            for of in other.heaps:
                head = self._head(other, of)
                if head is not None and head < (key, fact.call) and self._meets(of, fact.agent):
                    self.violated("nobody is passed over by one with a later place", f"{head} by {fact}")
        self._offers_seen += 1
        if self._offers_seen % EXPLAIN_EVERY == 0:
            explained = self._reasons.apply(fact, self.now)
            if explained is None or not explained.is_best:
                self.violated("the reasons given name the chosen agent", explained)

    def _head(self, line: Line, area: SwitchName) -> tuple[Moment, CallId] | None:
        """Who waits longest in the area without an offer, and is still there."""
        heap = line.heaps[area]
        while heap:
            key, call = heap[0]
            if self.unoffered.get(call) == key and self._lines[self.visits[call][1]] is line and self._lives(call):
                return heap[0]
            heappop(heap)
        return None

    def _lives(self, call: CallId) -> bool:
        """Whether the caller is there, and not being hung up."""
        known = self._engine.floor.calls.get(call)
        leg = self._engine.floor.legs.get(known.leg) if known else None
        return leg is not None and leg.state != "ending"

    def _offer_ended(self, fact: f.OfferEnded) -> None:
        if self.offers.pop(fact.offer, None) != (fact.call, fact.agent):
            self.violated("an offer ends once", fact)
        self._offered_calls.pop(fact.call, None)
        self._offered_agents.pop(fact.agent, None)
        visit = self.visits.get(fact.call)
        if visit is not None:
            self._push(fact.call, visit[0], self._lines[visit[1]])
            self._touched[visit[1]] = None

    def _talk_began(self, fact: f.TalkBegan) -> None:
        if not fact.agent:
            return
        if fact.agent in self.owners or fact.call in self._talking:
            self.violated("one owner a call, one call an agent", fact)
        if self.standing[fact.agent].state != "talking":
            self.violated("who owns a call is talking", fact)
        self.owners[fact.agent] = fact.call
        self._talking[fact.call] = fact.agent

    def _talk_ended(self, fact: f.TalkEnded) -> None:
        agent = self._talking.pop(fact.call, None)
        if agent is not None:
            self.owners.pop(agent, None)

    def _agent_changed(self, fact: f.AgentChanged) -> None:
        known = self.standing.setdefault(fact.agent, Standing())
        if known.state != fact.old:
            self.violated("an agent's states follow one another", f"{known} then {fact}")
        if known.endpoint != fact.endpoint:
            if self._at.get(known.endpoint) == fact.agent:
                del self._at[known.endpoint]
            self._at[fact.endpoint] = fact.agent
        known.state, known.idle_since, known.endpoint = fact.new, fact.idle_since, fact.endpoint
        if fact.back_off_until != known.back_off_until and fact.back_off_until > self.now:
            heappush(self._back_offs, (fact.back_off_until, fact.agent))
        known.back_off_until = fact.back_off_until
        self._settle(fact.agent)

    def _phone_changed(self, fact: f.EndpointNoted) -> None:
        self._phones[fact.endpoint] = fact.state
        if fact.endpoint in self._whereabouts.network.between():
            self._touch_all()
        agent = self._at.get(fact.endpoint)
        if agent is not None:
            self._settle(agent)

    def _settle(self, agent: AgentId) -> None:
        """Whether the agent can be offered a call."""
        is_free = agent not in self.campaigns.held and self._is_ready(agent)
        if is_free == (agent in self.free):
            return
        if is_free:
            self.free[agent] = None
            for line, levels in self._levels.get(agent, ()):
                line.free[agent] = levels
                if line.unoffered:
                    self._touched[line.queue] = None
        else:
            del self.free[agent]
            for line, _ in self._levels.get(agent, ()):
                line.free.pop(agent, None)

    def _no_pair_is_left(self) -> None:
        statistics = self._engine.floor.statistics
        for queue in self._touched:
            line = self._lines[queue]
            if line.free and line.unoffered:
                self._no_pair_is_left_in(line)
            figures = statistics.of(queue)
            if self._entered_in.get(queue, 0) != figures.offered + line.visits:
                self.violated("visits entered = ended + waiting", f"{queue}: {figures}, {line.visits} waiting")
        self._touched.clear()
        self._no_held_agent_is_left()

    def _no_held_agent_is_left(self) -> None:
        """Nobody who was dialled waits while an agent stands by for him."""
        watch = self.campaigns
        for call in watch.open if watch.held else ():
            if call not in self.unoffered or not self._lives(call):
                continue
            campaign, area = watch.open[call].campaign, self._whereabouts.of(call)
            for agent, held in watch.held.items():
                is_free = held == campaign and watch.kept.get(agent, call) == call and self._is_ready(agent)
                if is_free and agent not in self._offered_agents and self._meets(area, agent):
                    self.violated("no eligible pair is left", f"{call} of {campaign}, {agent} is held")

    def _no_pair_is_left_in(self, line: Line) -> None:
        for area in line.heaps:
            head = self._head(line, area)
            free = [agent for agent in line.free if self._meets(area, agent)] if head is not None else []
            if free:
                self.violated("no eligible pair is left", f"{head} in {line.queue}, {free[:5]}")
