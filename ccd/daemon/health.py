"""What is well and what is not, asked every few seconds."""

import asyncio
from collections.abc import Callable, Mapping

from ccd.daemon.clock import Clock
from ccd.daemon.folds import Folds
from ccd.daemon.journal import Journal
from ccd.daemon.line import Line
from ccd.io.recordings import Recordings
from ccd.io.records import Records
from ccd.model.event import AnyEvent, SwitchDown, SwitchUp
from ccd.model.ids import Moment, SwitchName
from ccd.model.view import Health, HealthPart, SwitchView
from ccd.web.metrics import GAUGES, Metrics


class HealthWatch:
    """Reads the parts; keeps since when each switch is up or down."""

    def __init__(
        self,
        clock: Clock,
        lines: Mapping[SwitchName, Line],
        records: Records,
        recordings: Recordings,
        journal: Journal,
        folds: Folds,
        contacts: Callable[[], str],
        faults: Callable[[], int],
        violations: Callable[[], int],
    ) -> None:
        """`contacts` says what is not well with the contact store."""
        self._clock = clock
        self._lines = lines
        self._records = records
        self._recordings = recordings
        self._journal = journal
        self._folds = folds
        self._contacts = contacts
        self._faults = faults
        self._violations = violations
        self._since: dict[SwitchName, tuple[Moment, str]] = {}

    def tell(self, metrics: Metrics) -> None:
        """The figures behind the parts, for Prometheus."""
        reads: dict[str, Callable[[], float]] = {
            "ccd_records_backlog": lambda: self._records.health().backlog,
            "ccd_records_backlog_bytes": lambda: self._records.health().backlog_bytes,
            "ccd_records_lost": lambda: self._records.health().lost,
            "ccd_records_refused": lambda: self._records.health().refused,
            "ccd_recordings_bytes": lambda: self._recordings.usage().used,
            "ccd_recordings_quota_bytes": lambda: self._recordings.usage().quota,
            "ccd_recordings_free_bytes": lambda: self._recordings.usage().free,
            "ccd_tasks": lambda: len(asyncio.all_tasks()),
        }
        for name, read in reads.items():
            metrics.watch(name, GAUGES[name], read)

    def noted(self, event: AnyEvent) -> None:
        """A switch came or went."""
        if isinstance(event, SwitchUp):
            self._since[event.switch] = (self._clock.now(), "")
        elif isinstance(event, SwitchDown):
            self._since[event.switch] = (self._clock.now(), event.reason)

    def switches(self) -> tuple[SwitchView, ...]:
        """Each switch's link."""
        views = []
        for name, line in self._lines.items():
            since, reason = self._since.get(name, (0, "not yet reached"))
            views.append(SwitchView(name, line.is_up, since, "" if line.is_up else reason))
        return tuple(views)

    def __call__(self) -> Health:
        """All parts."""
        switches = self.switches()
        alone = not any(view.up for view in switches)
        parts = (
            *(switch_part(view, required=alone) for view in switches),
            self._redis(),
            self._journal_part(),
            self._disk(),
            self._contacts_part(),
            self._engine(),
        )
        return Health(all(part.ok for part in parts if part.required), parts)

    def _redis(self) -> HealthPart:
        state = self._records.health()
        waiting = f", {state.backlog} writes wait" if state.backlog else ""
        lost = f", {state.lost} writes lost" if state.lost else ""
        detail = (state.last_error if not state.is_up else "") + waiting + lost
        return HealthPart("redis", state.is_up and not state.lost, False, detail.removeprefix(", "))

    def _journal_part(self) -> HealthPart:
        failure = self._journal.failure
        return HealthPart("journal", not failure, False, f"{failure}, {self._journal.lost} lost" if failure else "")

    def _contacts_part(self) -> HealthPart:
        trouble = self._contacts()
        return HealthPart("contacts", not trouble, False, trouble)

    def _disk(self) -> HealthPart:
        usage = self._recordings.usage()
        detail = (
            f"{usage.used / 1e9:.1f} of {usage.quota / 1e9:.1f} GB used, {usage.free / 1e9:.1f} GB free on the disk"
        )
        return HealthPart("recordings", usage.level == "ok", False, detail)

    def _engine(self) -> HealthPart:
        wrong, faults, broken = self._folds.wrong_choices, self._faults(), self._violations()
        if not (wrong or faults or broken):
            return HealthPart("engine", True, False)
        detail = f"{faults} inputs failed, {wrong} offers not to the best agent, {broken} rules broken: see the log"
        return HealthPart("engine", False, False, detail)


def switch_part(view: SwitchView, *, required: bool) -> HealthPart:
    """Without any switch a centre takes no calls; without one of several it does."""
    return HealthPart(f"switch {view.name}", view.up, required, view.reason)
