"""The last lines of every benchmark: `name ours peer ratio goal ok|short`."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One figure against its goal. `ratio` is what the goal speaks of; `goal` a least, or a most, of it."""

    name: str
    ours: float
    peer: float
    ratio: float
    goal: float
    unit: str
    at_least: bool

    @property
    def is_short(self) -> bool:
        return self.ratio < self.goal if self.at_least else self.ratio > self.goal

    def __str__(self) -> str:
        name = f"{self.name}[{self.unit}]" if self.unit else self.name
        goal = f"{'>=' if self.at_least else '<='}{self.goal:g}"
        verdict = "short" if self.is_short else "ok"
        return f"{name} {_number(self.ours)} {_number(self.peer)} {self.ratio:.3g} {goal} {verdict}"


def figure(
    name: str, ours: float, peer: float, ratio: float, goal: float, *, unit: str = "", at_least: bool = True
) -> Figure:
    """Print the figure's line and return it. A figure that falls short is no failure of the benchmark."""
    made = Figure(name, ours, peer, ratio, goal, unit, at_least)
    print(made, flush=True)
    return made


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
