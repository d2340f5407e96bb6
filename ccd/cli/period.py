"""Days and times as they are typed, in the time zone of the machine."""

from datetime import date, datetime, timedelta

import typer

from ccd.cli.screen import plain
from ccd.model.ids import SECOND, Moment


def moment_of(text: str) -> Moment:
    """`2026-11-27T15:30` or `2026-11-27 15:30`, a day alone is its beginning; with an offset that counts."""
    try:
        at = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(plain(f"{text}: expected a time as 2026-11-27T15:30")) from None
    return int(at.timestamp()) * SECOND


def span(first: str, last: str) -> tuple[Moment, Moment]:
    """From the beginning of the first day to the end of the last one; 0 where none is given."""
    return (day_began(first) if first else 0), (day_began(last, 1) if last else 0)


def day_began(text: str, later: int = 0) -> Moment:
    """Local midnight of a day, or of one so many days later."""
    try:
        found = date.fromisoformat(text) + timedelta(days=later)
        return int(datetime(found.year, found.month, found.day).astimezone().timestamp()) * SECOND
    except (ValueError, OverflowError):
        raise typer.BadParameter(plain(f"{text}: expected a day as 2026-11-27")) from None
