"""The text format of Prometheus, from plain numbers.

prometheus-client renders 2,800 samples in some 40 ms, under the same interpreter lock as the loop that routes calls,
in whatever thread. Plain counters cost the routing an addition, and are rendered a family at a time (see
`Metrics.exposed`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_SERIES = 1_000
Labels = tuple[str, ...]
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Counter:
    """Counts by label values. Beyond `MOST_SERIES` sets of values the new ones are counted as `other`."""

    def __init__(self, name: str, text: str, labels: Labels = ()) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self._counts: dict[Labels, int] = {} if labels else {(): 0}

    def add(self, *values: str, count: int = 1) -> None:
        """One more, or so many."""
        if values not in self._counts and len(self._counts) >= MOST_SERIES:
            values = ("other",) * len(self.labels)
        self._counts[values] = self._counts.get(values, 0) + count

    def lines(self) -> list[str]:
        """The family as text."""
        return family(self.name, "counter", self.text, self.labels, self._counts)


class Histogram:
    """Seconds by upper bounds and label values, bounded as `Counter`."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: Labels = ()) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self._bounds = tuple(bounds)
        self._series: dict[Labels, tuple[list[int], list[float]]] = {}
        if not labels:
            self._series[()] = self._new()

    def observe(self, seconds: float, *values: str) -> None:
        """One more length of time."""
        series = self._series.get(values)
        if series is None:
            if len(self._series) >= MOST_SERIES:
                values = ("other",) * len(self.labels)
            series = self._series.setdefault(values, self._new())
        series[0][bisect_left(self._bounds, seconds)] += 1
        series[1][0] += seconds

    def _new(self) -> tuple[list[int], list[float]]:
        return [0] * (len(self._bounds) + 1), [0.0]

    def lines(self) -> list[str]:
        """The family as text."""
        lines = _head(self.name, "histogram", self.text)
        for values, (counts, total) in self._series.items():
            said = _said(self.labels, values)
            comma = "," if said else ""
            below = 0
            for bound, count in zip((*self._bounds, "+Inf"), counts, strict=True):
                below += count
                lines.append(f'{self.name}_bucket{{{said}{comma}le="{bound}"}} {below}')
            braces = f"{{{said}}}" if said else ""
            lines += [f"{self.name}_sum{braces} {total[0]}", f"{self.name}_count{braces} {below}"]
        return lines


def family(name: str, kind: str, text: str, labels: Labels, samples: Mapping[Labels, float]) -> list[str]:
    """A counter or gauge as text."""
    lines = _head(name, kind, text)
    for values, number in samples.items():
        said = _said(labels, values)
        lines.append(f"{name}{{{said}}} {number}" if said else f"{name} {number}")
    return lines


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _said(labels: Iterable[str], values: Iterable[str]) -> str:
    return ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in zip(labels, values, strict=True))
