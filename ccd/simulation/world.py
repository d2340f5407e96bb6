"""The world: one engine, the simulated switches, their people, and a clock that is a number."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Any

from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.network import area_of_phone, device_of
from ccd.model.campaign import Batch
from ccd.model.command import AnyCommand, Ask, BlockNumber, Reply, UpdateCaller
from ccd.model.event import Answered, AnyEvent, ConfigurationLoaded, Request, TimePassed
from ccd.model.fact import AgentChanged, AnyFact
from ccd.model.ids import (
    MILLISECOND,
    SECOND,
    CallerId,
    Endpoint,
    LegId,
    Length,
    Moment,
    RequestId,
    SwitchName,
    switch_of,
)
from ccd.model.question import (
    AnswerValue,
    AnyQuestion,
    CallerRecord,
    CheckPin,
    LookUpCaller,
    MatchSecret,
    NextContacts,
    Render,
)
from ccd.simulation.between import Between
from ccd.simulation.caller import Caller, Callers
from ccd.simulation.death import Death, Kind
from ccd.simulation.figures import Figures
from ccd.simulation.invariants import MOST_VIOLATIONS, Invariants, Violation
from ccd.simulation.ledger import Ledger
from ccd.simulation.profile import HOUR, Profile
from ccd.simulation.staff import Staff
from ccd.simulation.trouble import Trouble
from ccd.switch.base import Reaction
from ccd.switch.grammar import Grammar
from ccd.switch.simulated.driver import SimulatedSwitch
from ccd.switch.simulated.people import AnyAct, AnySight, PhoneChanges

PBX = SwitchName("pbx")
MORNING: Moment = 1_767_571_200 * SECOND
"""Midnight (UTC) of a Monday."""
LONGEST_END: Length = 6 * HOUR
"""So long after the last arrival everything must have ended."""


class SimulationError(Exception):
    """The engine or the switch failed outright; says where, so that it can be run again."""


class Run(Struct, frozen=True):
    """What came of one run."""

    seed: int
    calls: int
    events: int
    ended: int
    faults: Mapping[str, int]
    violations: tuple[Violation, ...]
    figures: Figures


class World:
    """One seed, one run. `hours` of arrivals, then until the last call has ended; figures count after `warm_up`.

    `others` are configurations that may be loaded meanwhile, where the profile says so.
    """

    def __init__(
        self,
        configuration: Configuration,
        profile: Profile,
        seed: int,
        *,
        hours: float = 24.0,
        warm_up: Length = 0,
        began: Moment = MORNING,
        invariants: type[Invariants] | None = Invariants,
        others: Sequence[Configuration] = (),
    ) -> None:
        self.configuration = configuration
        self.profile = profile
        self.now: Moment = began
        self.until: Moment = began + int(hours * HOUR)
        self.configurations = {one.hash: one for one in (configuration, *others)}
        self.ledger = Ledger(self.configurations, configuration.hash, seed, invariants)
        self.violations: list[Violation] = []
        self.switches: dict[SwitchName, SimulatedSwitch] = {
            name: SimulatedSwitch(name, Random(f"{seed}/switch/{name}" if at else f"{seed}/switch"), profile.switch)
            for at, name in enumerate(configuration.network.trunks or (PBX,))
        }
        self.switch = next(iter(self.switches.values()))
        """The first of them."""
        self._others = tuple(self.switches.values())[1:]
        self.between = Between(self)
        self.figures = Figures(dict(configuration.queues), began, began + warm_up)
        self.callers = Callers(self, seed)
        self.staff = Staff(self, seed)
        self.trouble = Trouble(self, seed)
        self.seed = seed
        self.number = 0
        self._grammar = Grammar()
        self._death = Death(self, seed)
        self._agenda: list[tuple[Moment, int, Callable[[], None]]] = []
        self._meant = 0
        self._inbox: deque[AnyEvent] = deque()
        self._refusals: dict[RequestId, Callable[[str], None]] = {}
        self._requests = 0
        self._records = Random(f"{seed}/records")
        self.ledger.alarm = self.violated

    @property
    def engine(self) -> Engine:
        """The one that decides now."""
        return self.ledger.engine

    def violated(self, violation: Violation) -> None:
        """A rule was broken."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(violation)

    # --- what people use

    def at(self, due: Moment, do: Callable[[], None]) -> None:
        """Something is done then."""
        self._meant += 1
        heappush(self._agenda, (due, self._meant, do))

    def after(self, length: Length, do: Callable[[], None]) -> None:
        """Something is done later."""
        self.at(self.now + length, do)

    def act(self, act: AnyAct) -> None:
        """Somebody does something at his leg; what is done at none is done at the first switch."""
        self.between.acted(act)
        leg: LegId | None = getattr(act, "leg", None)
        self.take((self.switches[switch_of(leg)] if leg else self.switch).receive(act, self.now))

    def phone_changes(self, phone: Endpoint, reachable: bool, busy: bool) -> None:
        """Something happens to a phone, or to a trunk between switches."""
        act = PhoneChanges(device_of(phone), reachable, busy)
        self.between.acted(act)
        self.take(self.switch_at(phone).receive(act, self.now))

    def switch_at(self, phone: Endpoint) -> SimulatedSwitch:
        """The switch that a phone is on."""
        area = area_of_phone(phone)
        return self.switches[area] if area else self.switch

    def any_switch(self, random: Random) -> SimulatedSwitch:
        """One by chance."""
        return random.choice(list(self.switches.values())) if len(self.switches) > 1 else self.switch

    def take(self, reaction: Reaction[AnySight]) -> None:
        """What the switch makes of something: events wait their turn, sights are noticed."""
        for event in reaction.events:
            self._grammar.happened(event)
            self.tell(event)
        self._see(reaction.messages)

    def _see(self, sights: Iterable[AnySight]) -> None:
        for sight in sights:
            if self.between.noticed(sight):
                self.notice(sight)

    def notice(self, sight: AnySight) -> None:
        """Somebody sees or hears something."""
        if not self.callers.notice(sight):
            self.staff.notice(sight)

    def tell(self, event: AnyEvent) -> None:
        """The daemon hears of it, if there is one: a person asks again, an answer is lost."""
        if not self._death.is_dead:
            self._inbox.append(event)
        elif isinstance(event, Request):
            self._death.kept.append(event)

    def request(self, kind: type[Request], *values: object, refused: Callable[[str], None] | None = None) -> None:
        """Ask the engine for something."""
        self._requests += 1
        request = RequestId(f"r{self._requests}")
        if refused is not None:
            self._refusals[request] = refused
        self.tell(kind(request, "simulation", *values))  # type: ignore[arg-type]  # one of AnyRequest

    def load(self, configuration: str) -> None:
        """Another configuration holds from now on."""
        self.tell(ConfigurationLoaded(configuration))

    def talk_time(self, caller: Caller, other: LegId) -> Length:
        """How long these two talk: by the caller's queue, and by the agent's level of what it asks for first."""
        floor = self.engine.floor
        leg = floor.legs.get(caller.leg)
        visit = floor.calls[leg.call].visit if leg else None
        if visit is None:
            return caller.talk_time
        length = caller.talk_times.get(visit.queue, caller.talk_time)
        agent = self.staff.agent_at(other)
        requires = floor.queues[visit.queue].requires
        if agent is None or not requires or not self.profile.callers.level_factors:
            return length
        level = self.configuration.agents[agent].skills.get(requires[0][0], 0)
        return int(length * self.profile.callers.level_factors.get(level, 1.0))

    # --- time

    def run(self) -> Run:
        """From the first login to the last hang-up."""
        began = self.now
        self.staff.connect_phones()
        self.connect()
        self.staff.begin(began)
        self.trouble.begin()
        self.callers.begin(began, self.until)
        try:
            self._live()
        except Exception as error:
            raise SimulationError(f"seed {self.seed}, event {self.number}: {type(error).__name__}: {error}") from error
        faults = dict(self.trouble.counts)
        for switch in self.switches.values():
            faults |= {kind: faults.get(kind, 0) + times for kind, times in switch.faults.items()}
        kept = self.ledger.invariants
        ended = kept.ended if kept else 0
        return Run(self.seed, self.callers.arrived, self.number, ended, faults, tuple(self.violations), self.figures)

    def connect(self) -> None:
        """The daemon's links to all switches are up."""
        for switch in self.switches.values():
            self.take(switch.connected(self.now))

    @property
    def is_dead(self) -> bool:
        """Whether there is no daemon now."""
        return self._death.is_dead

    def kill(self, kind: Kind | None = None) -> bool:
        """The daemon dies, at a moment of this kind or of any; whether it could."""
        return self._death.kill(kind)

    @property
    def is_settled(self) -> bool:
        """Whether there is a daemon that knows what became of its calls."""
        return not self._death.holds_time

    def reborn(self, ledger: Ledger) -> None:
        """A new daemon knows what the journal knows; its driver is told where the legs stand."""
        self._inbox.clear()
        self._refusals.clear()
        for switch in self.switches.values():
            self._see(switch.died(self.now).messages)
        self.ledger = ledger
        ledger.alarm = self.violated
        floor, standings = ledger.engine.floor, ledger.standings()
        for name, switch in self.switches.items():
            own = [standing for standing in standings if switch_of(standing.leg) == name]
            switch.recall(floor.boots.get(name, ""), own, self.now)
        self._grammar = Grammar.going_on(ledger.legs)

    def _live(self) -> None:
        is_day = True
        while True:
            while self._inbox:
                self._feed(self._inbox.popleft())
            next_due, end = self.due(), self.until + LONGEST_END
            due = end if next_due is None else min(next_due, end)
            if is_day and due > self.until:
                is_day = False
                self.figures.end(self.until)
            if not is_day and self._is_over(due):
                return
            self._happen(due)

    def due(self) -> Moment | None:
        """When the next thing happens, of itself."""
        engine_due = None if self._death.holds_time else self.ledger.engine.deadline()
        dues = (self._agenda[0][0] if self._agenda else None, self._earliest()[1], engine_due)
        return min((due for due in dues if due is not None), default=None)

    def _earliest(self) -> tuple[SimulatedSwitch, Moment | None]:
        """The switch in which something happens next, and when."""
        first, least = self.switch, self.switch.deadline()
        for switch in self._others:
            due = switch.deadline()
            if due is not None and (least is None or due < least):
                first, least = switch, due
        return first, least

    def step(self, until: Moment) -> bool:
        """One input, or the next thing that happens until then; False where there is none, and it is then."""
        if self._inbox:
            self._feed(self._inbox.popleft())
            return True
        due = self.due()
        if due is None or due > until:
            self.now = max(self.now, until)
            return False
        self._happen(due)
        return True

    def _happen(self, due: Moment) -> None:
        """What is due then: the switch first, then the engine's timers, then people."""
        self.now = max(self.now, due)
        switch, switch_due = self._earliest()
        engine_due = None if self._death.holds_time else self.ledger.engine.deadline()
        if switch_due is not None and switch_due <= due:
            self.take(switch.tick(due))
        elif engine_due is not None and engine_due <= due:
            self._feed(TimePassed())
        elif self._agenda and self._agenda[0][0] <= due:
            heappop(self._agenda)[2]()

    def _is_over(self, due: Moment) -> bool:
        if not self.callers.there and not self.engine.floor.calls:
            return True
        if due >= self.until + LONGEST_END:
            detail = str(list(self.engine.floor.calls.values())[:3])
            self.violated(Violation(self.seed, self.number, self.now, "every call ends", detail))
        return due >= self.until + LONGEST_END

    def _feed(self, event: AnyEvent) -> None:
        while (due := self.engine.deadline()) is not None and due < self.now and not self._death.holds_time:
            self._take(TimePassed(), due)  # each timer at its own time, as the daemon does it
        if not self._death.is_dead:
            self._take(event, self.now)

    def _take(self, event: AnyEvent, now: Moment) -> None:
        self.number += 1
        death = self._death
        outcome = self.engine.handle(event, now)
        if death.is_before_journal():
            return
        self.ledger.follow(event, outcome, now)
        death.journalled(event, outcome, now)
        for fact in outcome.facts:
            self.noted(fact, now)
        for command in outcome.commands:
            if death.is_before_command():
                return
            self._obey(command)

    def noted(self, fact: AnyFact, now: Moment) -> None:
        """Something is a fact from now on."""
        self.figures.apply(fact, now)
        if type(fact) is AgentChanged:
            self.staff.changed(fact)

    def _obey(self, command: AnyCommand) -> None:
        if isinstance(command, Ask):
            self.ask(command)
        elif isinstance(command, Reply):
            refused = self._refusals.pop(command.request, None)
            if refused is not None and command.refusal:
                refused(command.refusal)
        elif isinstance(command, UpdateCaller):
            self.update(command)
        elif isinstance(command, BlockNumber):
            self.block(command)
        else:
            self._grammar.performed(command)
            self.take(self.switches[switch_of(command.leg)].perform(command, self.now))

    def update(self, command: UpdateCaller) -> None:
        """Nobody looks at the records' fields."""

    def block(self, command: BlockNumber) -> None:
        """Nobody keeps a list of them."""

    def ask(self, ask: Ask) -> None:
        """Somebody finds the answer, mostly."""
        if not self.trouble.has_no_record():
            answer = Answered(ask.question, self.answer(ask.what))
            self.after(int((1 + 4 * self._records.random()) * MILLISECOND), lambda: self.tell(answer))

    def answer(self, what: AnyQuestion) -> AnswerValue:
        """What is found out, by chance."""
        match what:
            case LookUpCaller():
                created = self._records.random() >= self.profile.callers.known_rate
                fields = {"name": what.name} if what.name else {}
                return CallerRecord(CallerId(what.number), created, 0 if created else 3, fields)
            case CheckPin() | MatchSecret():
                return self._records.random() < 0.9
            case Render():
                return "speech"
            case NextContacts():
                return Batch()
        return what.text


def run(configuration: Configuration, profile: Profile, seed: int, **settings: Any) -> Run:
    """One world from beginning to end."""
    return World(configuration, profile, seed, **settings).run()
