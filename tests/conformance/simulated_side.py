"""A call on the simulated switch, as the person at its end has it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from ccd.io import numbering
from ccd.model.ids import MILLISECOND, SECOND, LegId, Length, Moment
from ccd.switch.simulated import people as p
from tests.conformance.stage import Heard

REGION = "ES"
KEY_TIME: Length = 180 * MILLISECOND
BEEP_TIME = 0.3
SIP_CODES = {1: 404, 3: 404, 17: 486, 28: 484}
"""Of Q.850 causes, where all switches have the same."""
OTHER_CODE = 480


class Around(Protocol):
    """The world of the call."""

    now: Moment

    def act(self, act: p.AnyAct) -> None: ...

    def after(self, length: Length, do: Callable[[], None]) -> None: ...


class SimulatedSide:
    """A `Side`. `voices` tells whose a leg is, `sounds` what a file is called and how long it is, in seconds."""

    def __init__(
        self,
        world: Around,
        leg: LegId,
        voices: Mapping[LegId, str],
        sounds: Mapping[str, tuple[str, float]],
        shown: str | None = None,
    ) -> None:
        self.leg = leg
        self.is_incoming = shown is not None
        self.shown = shown or ""
        self.is_over = False
        self.code = 0
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self._world = world
        self._voices = voices
        self._sounds = sounds
        self._began = world.now
        self._pieces: list[Heard] = []
        self._open: Heard | None = None
        self._prompt: list[tuple[str, float]] = []

    def at(self) -> float:
        return (self._world.now - self._began) / SECOND

    def heard(self, since: float = 0.0) -> Sequence[Heard]:
        pieces = [*self._pieces, *self._heard_now()]
        kept = [(piece, max(piece.start, since)) for piece in pieces if piece.start + piece.seconds > since]
        return [Heard(piece.what, start, piece.start + piece.seconds - start) for piece, start in kept]

    # --- what he does

    def press(self, keys: str) -> None:
        for place, key in enumerate(keys):
            self._world.after(place * KEY_TIME, partial(self._world.act, p.Presses(self.leg, key)))

    def hang_up(self) -> None:
        self._world.act(p.HangsUp(self.leg))

    def answer(self) -> None:
        self.answered_at = self.at()
        self._world.act(p.PicksUp(self.leg))

    def refuse(self, code: int) -> None:
        self._world.act(p.Rejects(self.leg, code))

    def hold(self, *, held: bool) -> None:
        self._world.act(p.Holds(self.leg, held))

    def refer(self, number: str) -> None:
        self._world.act(p.Refers(self.leg, number, numbering.normalise(number, REGION)))

    # --- what he notices

    def notice(self, sight: p.AnySight) -> None:
        """One more."""
        match sight:
            case p.IsAnswered():
                self.answered_at = self.at()
            case p.HearsRinging():
                self.rang_at = self.at()
            case p.Hears(sounds=sounds):
                self._close()
                self._prompt = [self._sounds.get(sound, (sound, 1.0)) for sound in sounds]
                self._open = Heard("prompt", self.at(), 0.0)
            case p.HearsMusic():
                self._begin("music")
            case p.Talks(other=other):
                self._begin(self._voices[other])
            case p.HearsTone(beep=beep):
                self._close()
                self._pieces += [Heard("beep", self.at(), BEEP_TIME)] * beep
            case p.HearsEnd() | p.Alone():
                self._close()
            case p.Over():
                self._close()
                self.is_over = True
                self.code = 0 if self.answered_at is not None else SIP_CODES.get(sight.cause, OTHER_CODE)

    def _begin(self, what: str) -> None:
        self._close()
        self._open = Heard(what, self.at(), 0.0)

    def _close(self) -> None:
        self._pieces += self._heard_now()
        self._open, self._prompt = None, []

    def _heard_now(self) -> list[Heard]:
        """What has begun and goes on: a prompt's sounds one after the other."""
        if self._open is None:
            return []
        start, left = self._open.start, self.at() - self._open.start
        if not self._prompt:
            return [Heard(self._open.what, start, left)]
        pieces = []
        for name, seconds in self._prompt:
            pieces.append(Heard(name, start, max(0.0, min(seconds, left))))
            start, left = start + seconds, left - seconds
        return pieces
