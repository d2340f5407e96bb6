"""The first minutes' work of a daemon: what a former one left, put to the engine, the drivers, the records and the
contact store.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from ccd.daemon.answers import Answers
from ccd.daemon.beginning import Beginning
from ccd.daemon.campaign_desk import CampaignDesk
from ccd.daemon.folds import Folds
from ccd.daemon.history import Past
from ccd.daemon.line import Line
from ccd.daemon.pump import Pump
from ccd.daemon.recovery import Recovered
from ccd.io.records import Records
from ccd.model.event import (
    AgentsRestored,
    CallsRecalled,
    ConfigurationLoaded,
    LegHungUp,
    SwitchDown,
    TimersHeld,
    TimersReleased,
)
from ccd.model.fact import AnyFact, CallStarted
from ccd.model.ids import CallId, Moment, SwitchName, switch_of

QUIET = 0.05
"""Seconds after the last switch came up: what it tells of its legs arrives by two ways."""
HOLD_LIMIT = 5.0
"""Seconds that a new daemon waits for its switches before time goes on without them."""
OUT_OF_ORDER = 27
log = structlog.get_logger()


class Resumption:
    """`begin` before the links are opened, `finish` beside everything else."""

    def __init__(
        self,
        begun: Beginning,
        pump: Pump,
        lines: Mapping[SwitchName, Line],
        answers: Answers,
        folds: Folds,
        records: Records,
        desk: CampaignDesk,
        *,
        done: Callable[[float], None],
    ) -> None:
        """`done` is told how many seconds it took, from the reading of the snapshot until timers fire."""
        self._done = done
        self._awaited: list[Line] = []
        self._begun = begun
        self._pump = pump
        self._lines = lines
        self._answers = answers
        self._folds = folds
        self._records = records
        self._desk = desk

    def begin(self, configuration: str) -> None:
        """With the configuration of this hash."""
        if self._begun.recovered is not None:
            self._go_on(self._begun.recovered, configuration)
        else:
            self._begin_anew(self._begun.past, configuration)

    async def finish(self) -> None:
        """Time goes on once every switch that obeyed the former daemon has told what it has, or one takes too long."""
        if self._begun.recovered is None:
            return
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_LIMIT):
                while not all(line.is_up for line in self._awaited):  # noqa: ASYNC110 - the links tell nobody
                    await asyncio.sleep(0.005)
        await asyncio.sleep(QUIET)
        self._pump.feed(TimersReleased())
        seconds = self._begun.recovered.seconds + time.monotonic() - began
        self._done(seconds)
        log.info("goes on", seconds=round(seconds, 3), calls=len(self._pump.engine.floor.calls))

    def _go_on(self, recovered: Recovered, configuration: str) -> None:
        """As if the former daemon had only lost its links. Timers wait until the switches have told of that time."""
        floor = self._pump.engine.floor
        self._pump.feed(TimersHeld())
        self._desk.go_on(recovered.ledger.of_contacts)
        self._end_legs_elsewhere()
        for name in list(floor.boots):
            if floor.is_up(floor.network.area(name)):
                self._pump.feed(SwitchDown(name, "the daemon began anew", recovered.last))
                self._awaited += [self._lines[name]] if name in self._lines else []
        if floor.configuration.hash != configuration:
            self._pump.feed(ConfigurationLoaded(configuration))
        standings = recovered.ledger.standings()
        for name, line in self._lines.items():
            of_line = [one for one in standings if switch_of(one.leg) == name]
            line.recall(floor.boots.get(name, ""), of_line, recovered.last)
        for cdr in recovered.ended:
            self._folds.keep(cdr)
        for update in recovered.updates:
            self._records.update_caller(update.caller, update.fields)
        for ask in recovered.questions:
            self._answers(ask)

    def _end_legs_elsewhere(self) -> None:
        """Switches that the configuration has no more were taken out while no daemon ran: what was there is over."""
        for leg in list(self._pump.engine.floor.legs):
            if switch_of(leg) not in self._lines:
                self._pump.feed(LegHungUp(leg, OUT_OF_ORDER, "switch"))

    def _begin_anew(self, past: Past | None, configuration: str) -> None:
        """What the journal's facts tell; the rest is on the channels."""
        self._pump.feed(ConfigurationLoaded(configuration))
        self._desk.begin_anew(past.of_contacts if past is not None else ())
        if past is None:
            return
        if past.agents:
            self._pump.feed(AgentsRestored(past.agents))
        for facts in past.calls.values():
            for at, fact in facts:
                self._folds.cdrs.apply(fact, at)
        calls: dict[SwitchName, list[CallId]] = {}
        for call, facts in past.calls.items():
            name = began_on(facts)
            calls.setdefault(name if name in self._lines else next(iter(self._lines)), []).append(call)
        for name, recalled in calls.items():
            self._pump.feed(CallsRecalled(tuple(recalled), name))


def began_on(facts: list[tuple[Moment, AnyFact]]) -> SwitchName:
    """The switch that a call came in at, by its first fact."""
    first = facts[0][1]
    return switch_of(first.leg) if isinstance(first, CallStarted) else SwitchName("")
