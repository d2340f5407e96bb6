"""What each person did and heard, call by call, as text without times."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.conformance.stage import Heard, Side

GAP_IN_PROMPT, GAP = 0.35, 1.2
"""Seconds: a sound that is broken off for less is one sound. Music begins anew when it is asked for again, and a voice
stops while its phone sends keys.
"""
SCRAP = 0.05
"""Seconds: where one sound gives way to another there is neither for a moment."""
LEAST = {"music": 0.3, "beep": 0.1, "speech": 0.8}
LEAST_TONE = 0.16
"""Seconds that something must be heard to be told: less is an edge between two sounds."""
WHY = {486: ", it is busy", 404: ", there is no such number", 484: ", there is no such number"}
"""Of SIP codes that all switches have alike; else each has its own for the same Q.850 cause, which is in the record."""
AFTER_ACTS = 1 << 30
"""Of things of one moment: what is heard comes of what was done."""
WHOLE = 0.75
"""The part of a prompt from which on it was heard whole."""


@dataclass
class Appearance:
    """One call of one person. `acts` are what he did and when; `is_dead`: the switch died under it."""

    side: Side
    began: str
    acts: list[tuple[float, str]] = field(default_factory=list)
    is_dead: bool = False
    has_left: bool = False

    def act(self, text: str) -> None:
        """He does this now."""
        self.acts.append((self.side.at(), text))


def told(appearance: Appearance, lengths: Mapping[str, float]) -> Iterator[str]:
    """The call in the order in which he lived it. `lengths` are those of the prompts."""
    side = appearance.side
    yield appearance.began
    entries = [(at, number, text) for number, (at, text) in enumerate(appearance.acts)]
    entries += [(piece.start, AFTER_ACTS, worded(piece, lengths)) for piece in merged(side.heard(), lengths)]
    if side.rang_at is not None:
        entries.append((side.rang_at, -3, "hears that it rings"))
    if side.answered_at is not None and not side.is_incoming:
        entries.append((side.answered_at, -2, "is answered"))
    yield from (text for _, _, text in sorted(entries, key=lambda entry: entry[:2]))
    if not appearance.has_left:
        yield ending(appearance)


def ending(appearance: Appearance) -> str:
    """How it ended for one who did not end it himself."""
    side = appearance.side
    if appearance.is_dead:
        return "the line is dead"
    if not side.is_over:
        return "is still there"
    if side.answered_at is not None:
        return "the other side hangs up"
    return "stops ringing" if side.is_incoming else f"is not answered{WHY.get(side.code, '')}"


def merged(pieces: Iterable[Heard], prompts: Container[str] = ()) -> list[Heard]:
    """The same sound in several pieces is one; what is too short to be sure of is left out."""
    whole = joined((piece for piece in pieces if piece.seconds >= SCRAP), prompts)
    return joined((piece for piece in whole if piece.seconds >= LEAST.get(piece.what, LEAST_TONE)), prompts)


def joined(pieces: Iterable[Heard], prompts: Container[str]) -> list[Heard]:
    """What follows the same sound soon enough is more of it."""
    kept: list[Heard] = []
    for piece in pieces:
        last = kept[-1] if kept else None
        gap = GAP_IN_PROMPT if piece.what in prompts else GAP
        if last is not None and last.what == piece.what and piece.start - (last.start + last.seconds) < gap:
            kept[-1] = Heard(last.what, last.start, piece.start + piece.seconds - last.start)
        else:
            kept.append(piece)
    return kept


def worded(piece: Heard, lengths: Mapping[str, float]) -> str:
    """`hears welcome`, and whether it was all of it."""
    length = lengths.get(piece.what)
    if length is None or piece.seconds >= WHOLE * length:
        times = round(piece.seconds / length) if length else 1
        return f"hears {piece.what}" + (f", {times} times" if times > 1 else "")
    return f"hears the beginning of {piece.what}"
