"""All that a daemon knows by its journal: the engine, where the legs stand, what must hold, records in the making.

Everything in here follows from the journal's entries alone. The live daemon and one that begins anew (`recovery`) feed
it alike, so that after the tail of the journal the second knows what the first knew.
"""

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ccd.core.acd.reason import Explained, Reasons
from ccd.core.cdr import CdrFold
from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.model.cdr import Cdr
from ccd.model.command import AnyCommand, Ask, BlockNumber, Reply, SwitchCommand, UpdateCaller
from ccd.model.event import Answered, AnyEvent
from ccd.model.fact import (
    AnyFact,
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    CampaignChanged,
    ConfigurationTaken,
    ContactForbidden,
    ContactReturned,
    DispositionSet,
)
from ccd.model.ids import SECOND, Length, Moment, QuestionId
from ccd.model.standing import LegStanding
from ccd.simulation.invariants import Invariants, Violation
from ccd.switch.grammar import Grammar, GrammarError

LEGS_REMEMBERED = 2_000
CALLS_REMEMBERED = 2_000
RECENT: Length = 10 * SECOND
"""Records of calls that ended so recently may not be in Redis, should the process die now."""
OF_CONTACTS = frozenset(
    (
        CampaignChanged,
        AttemptBegan,
        AttemptAnswered,
        AttemptConnected,
        AttemptAbandoned,
        AttemptEnded,
        ContactReturned,
        ContactForbidden,
        DispositionSet,
    )
)
"""Facts that the contact store follows."""
CONTACTS_RECENT: Length = 60 * SECOND
"""Those that it may not have, should the process die now."""
GRAMMAR = "legs obey their grammar"
WATCH = "the invariants are watched"

Alarm = Callable[[Violation], None]


class Ledger:
    """`follow` after every input, `fold` for every fact of it. `alarm` hears what must not be."""

    def __init__(
        self,
        configurations: Mapping[str, Configuration],
        first: str,
        seed: int,
        watch: type[Invariants] | None = Invariants,
    ) -> None:
        self.engine = Engine(configurations, first, seed)
        self.legs = Grammar(LEGS_REMEMBERED, is_strict=False)
        self.invariants: Invariants | None = None
        if watch is not None:
            self.invariants = watch(self.engine, configurations, seed, calls_remembered=CALLS_REMEMBERED)
        self.cdrs = CdrFold(most_ended=CALLS_REMEMBERED)
        self.reasons = Reasons()
        self.questions: dict[QuestionId, Ask] = {}
        self.recent: deque[tuple[Moment, Cdr]] = deque()
        self.of_contacts: deque[tuple[Moment, AnyFact | BlockNumber]] = deque()
        """Of the last minute, what the contact store is told."""
        self.inputs = 0
        self.alarm: Alarm = lambda violation: None
        self._configure(configurations[first])

    @property
    def configurations(self) -> Mapping[str, Configuration]:
        """By hash, as the engine asks for them."""
        return self.engine.configurations

    def standings(self) -> list[LegStanding]:
        """Every leg that has not ended."""
        return self.legs.standings()

    def follow(self, event: AnyEvent, outcome: Outcome, now: Moment) -> None:
        """One input and what the engine made of it, before the next one is handled."""
        self.inputs += 1
        try:
            self.legs.happened(event)
        except GrammarError as error:
            self._broken(GRAMMAR, str(error), now)
        if isinstance(event, Answered):
            self.questions.pop(event.question, None)
        for command in outcome.commands:
            self._told(command, now)
        if self.invariants is not None:
            self._watch(self.invariants, event, outcome, now)

    def _watch(self, invariants: Invariants, event: AnyEvent, outcome: Outcome, now: Moment) -> None:
        try:
            invariants.check(event, outcome, self.inputs, now)
        except Exception as error:
            # The watch itself failed, a fault of ours: told, and no call is the worse for it.
            self._broken(WATCH, "".join(traceback.format_exception(error)), now)
        for violation in invariants.take_violations():
            self.alarm(violation)

    def _broken(self, rule: str, detail: str, now: Moment) -> None:
        self.alarm(Violation(self.engine.floor.seed, self.inputs, now, rule, detail))

    def fold(self, fact: AnyFact, at: Moment) -> tuple[Explained | None, Cdr | None]:
        """One fact: the explanation, when it was an offer; the record, when it was the end of a call."""
        if type(fact) is ConfigurationTaken:
            self._configure(self.configurations[fact.hash])
        elif type(fact) in OF_CONTACTS:
            self._remember(fact, at)
        explained = self.reasons.apply(fact, at)
        if explained is not None:
            self.cdrs.explain(explained.offer.call, explained.offer.offer, explained.explanation)
        cdr = self.cdrs.apply(fact, at)
        if cdr is not None:
            self.recent.append((at, cdr))
            while self.recent[0][0] < at - RECENT:
                self.recent.popleft()
        return explained, cdr

    def _remember(self, told: AnyFact | BlockNumber, at: Moment) -> None:
        self.of_contacts.append((at, told))
        while self.of_contacts[0][0] < at - CONTACTS_RECENT:
            self.of_contacts.popleft()

    def _told(self, command: AnyCommand, now: Moment) -> None:
        if isinstance(command, Ask):
            self.questions[command.question] = command
        elif isinstance(command, BlockNumber):
            self._remember(command, now)
        elif not isinstance(command, Reply | UpdateCaller):
            self._performed(command, now)

    def _performed(self, command: SwitchCommand, now: Moment) -> None:
        try:
            self.legs.performed(command)
        except GrammarError as error:
            self._broken(GRAMMAR, str(error), now)

    def _configure(self, configuration: Configuration) -> None:
        self.reasons.configure(configuration.queues, configuration.agents, configuration.network)

    def expire_questions(self, now: Moment) -> None:
        """Nobody waits for an answer after its deadline."""
        for question in [one.question for one in self.questions.values() if one.deadline <= now]:
            del self.questions[question]

    # --- snapshots

    def __getstate__(self) -> dict[str, Any]:
        """Without what is the process's own."""
        state = dict(self.__dict__)
        del state["alarm"], state["engine"]
        return {**state, "floor": self.engine.floor}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.alarm = lambda violation: None

    def attach(self, configurations: Mapping[str, Configuration]) -> None:
        """After a snapshot was read: the configurations that it names."""
        self.engine = Engine.restored(configurations, self.__dict__.pop("floor"))
        if self.invariants is not None:
            self.invariants.attach(self.engine, configurations)
        self._configure(self.engine.floor.configuration)
