"""Progress of slow steps: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Told how far one step is: `done` of `total` (0: unknown) and what is at hand."""

    def __call__(self, done: int, total: int, detail: str = "") -> None: ...


@contextmanager
def step(title: str, stream: TextIO | None = None) -> Iterator[Report]:
    """Show a slow step from begin to end; the length in seconds is printed when it is over."""
    console = Console(file=stream or sys.stderr)
    began = time.monotonic()
    if console.is_terminal:
        with _bar(console, title) as report:
            yield report
    else:
        console.print(f"{title} ...", highlight=False)
        yield _Lines(console, title)
    console.print(f"{title}: {time.monotonic() - began:.1f} s", highlight=False)


@contextmanager
def _bar(console: Console, title: str) -> Iterator[Report]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, TextColumn("{task.fields[detail]}"), console=console, transient=True) as progress:
        task = progress.add_task(title, total=None, detail="")

        def report(done: int, total: int, detail: str = "") -> None:
            progress.update(task, completed=done, total=total or None, detail=detail)

        yield report


class _Lines:
    """At most one line a second, so that a log stays readable."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._last = time.monotonic()

    def __call__(self, done: int, total: int, detail: str = "") -> None:
        if time.monotonic() - self._last >= 1:
            self._last = time.monotonic()
            self._console.print(f"{self._title}: {done}/{total or '?'} {detail}", highlight=False)
