"""`hours`: open, closed, or closed for a holiday."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.configuration import Calendar
from ccd.core.flow.setting import CalendarName, StepName
from ccd.model.ids import Moment

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class Hours:
    """Go on by the opening hours of a calendar."""

    verb: ClassVar[str] = "hours"
    needs_answer: ClassVar[bool] = False

    calendar: CalendarName
    """The calendar's name."""
    open: StepName | None = None
    """Where to go within the opening hours; else to the next step."""
    closed: StepName | None = None
    """Where to go outside them; else to the next step."""
    holiday: StepName | None = None
    """Where to go on a holiday, outside special opening hours; else as `closed`."""

    def enter(self, run: "Run") -> None:
        calendar = run.floor.configuration.calendars.get(self.calendar)
        if calendar is None:
            run.finish("no such calendar", self.open)
        elif calendar.is_open(run.floor.now):
            run.finish("open", self.open)
        elif is_holiday(calendar, run.floor.now):
            run.finish("holiday", self.holiday or self.closed)
        else:
            run.finish("closed", self.closed)

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""


def is_holiday(calendar: Calendar, now: Moment) -> bool:
    """Whether `now` lies in a holiday, midnight to midnight of the calendar's time zone."""
    return any(begin <= now < end for begin, end in zip(calendar.holidays, calendar.holiday_ends, strict=True))
