"""What the simulated switch tells: events on their way to the daemon, sights to people, and the dice of faults."""

import heapq
from collections.abc import Callable

from ccd.model.event import Event, LegHungUp, SwitchEvent
from ccd.model.ids import LegId, Length, Moment
from ccd.switch.base import Reaction
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.people import AnySight
from ccd.switch.simulated.settings import Chance, Settings, Span


class Output:
    """One agenda for all that is to come: things that will happen, and events that will be told.

    `faults` counts by kind what was done wrong on purpose.
    """

    def __init__(self, settings: Settings, chance: Chance) -> None:
        self.settings = settings
        self.chance = chance
        self.now: Moment = 0
        self.is_up = False
        self.faults: dict[str, int] = {}
        self._agenda: list[tuple[Moment, int, Callable[[], None] | Event]] = []
        self._number = 0
        self._events: list[SwitchEvent] = []
        self._sights: list[AnySight] = []
        self.see = self._sights.append
        self.is_over: Callable[[LegId], None]
        """Called before a LegHungUp is told."""

    # --- time

    def draw(self, span: Span) -> Length:
        """A length out of the span."""
        return span.draw(self.chance)

    def after(self, length: Length, do: Callable[[], None]) -> None:
        """Something happens then."""
        self._push(self.now + length, do)

    def deadline(self) -> Moment | None:
        """When the next thing happens."""
        return self._agenda[0][0] if self._agenda else None

    def run(self, now: Moment) -> None:
        """All that is due, each at its time."""
        agenda = self._agenda
        while agenda and agenda[0][0] <= now:
            due, _, what = heapq.heappop(agenda)
            self.now = max(self.now, due)
            if isinstance(what, Event):
                self.tell_now(what)
            else:
                what()
        self.now = max(self.now, now)

    # --- faults

    def fails(self, kind: str, rate: float) -> bool:
        """Whether it goes wrong this time; counted."""
        if rate <= 0 or self.chance.random() >= rate:
            return False
        self.faults[kind] = self.faults.get(kind, 0) + 1
        return True

    # --- telling

    def tell(self, event: SwitchEvent, leg: Leg, other: Leg | None = None) -> None:
        """Tell of something that happened just now; what is told of one leg keeps its order."""
        settings = self.settings
        due = self.now + self.draw(settings.delays.event)
        if self.fails("reordered", settings.rates.reordered):
            due += self.draw(settings.reordering)
        due = max(due, leg.told_until, other.told_until if other else 0)
        leg.told_until = due
        if other is not None:
            other.told_until = due
        self._push(due, event)

    def tell_now(self, event: Event) -> None:
        """Tell it at once."""
        if type(event) is LegHungUp:
            self.is_over(event.leg)
        self._events.append(event)  # type: ignore[arg-type]  # a SwitchEvent; mypy cannot narrow to a union

    def tell_at(self, event: SwitchEvent, due: Moment) -> None:
        """Tell it then."""
        self._push(due, event)

    def flush(self) -> None:
        """The link ends: what was on its way had arrived just before."""
        later = [entry for entry in self._agenda if not isinstance(entry[2], Event)]
        told = [what for _, _, what in sorted(self._agenda, key=_order) if isinstance(what, Event)]
        self._agenda[:] = later
        heapq.heapify(self._agenda)
        for event in told:
            self.tell_now(event)

    def forget(self) -> None:
        """The daemon died: nobody hears what was on its way."""
        self._agenda[:] = [entry for entry in self._agenda if not isinstance(entry[2], Event)]
        heapq.heapify(self._agenda)
        self._events.clear()

    def take(self) -> Reaction[AnySight]:
        """What came of one input."""
        reaction = Reaction(tuple(self._events), tuple(self._sights))
        self._events.clear()
        self._sights.clear()
        return reaction

    def _push(self, due: Moment, what: Callable[[], None] | Event) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (due, self._number, what))


def _order(entry: tuple[Moment, int, object]) -> tuple[Moment, int]:
    return entry[0], entry[1]
