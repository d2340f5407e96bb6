"""Times in which nobody saw what a switch did: no daemon ran, its link was away, the loop stood still.

A talk that ended in one is told late. Its recording knows better when that was: at its last sound. That is when the
file was last written to, unless it was closed some time later (with the agent's leg, by the dialplan): then its length
says it. But a talk lasted at least for as long as somebody looked, however silent its phones were.
"""

from collections.abc import Callable, Iterable, Iterator

from ccd.model.command import Bridge
from ccd.model.event import AnyEvent, SwitchDown, SwitchUp, TimersHeld, TimersReleased
from ccd.model.ids import MILLISECOND, LegId, Length, Moment, RecordingId, SwitchName, switch_of
from ccd.model.standing import LegStanding

IN_SIGHT: Length = 1_100 * MILLISECOND
"""A recording that was written to so lately may go on: Asterisk writes 32 KiB at a time, 1,024 ms of a talk."""
UNWRITTEN: Length = 512 * MILLISECOND
"""So much of a talk that ended was not written yet, on average."""
TOLD_WITHIN: Length = 200 * MILLISECOND
"""So soon after its end everything that happened meanwhile is told. What is told later is seen as it happens, and needs
no file to say when: those of phones that send nothing (silence suppressed) are shorter than the talk."""


class Absence:
    """`noted` is told of every input before it is handled; `standings` are of the legs before it."""

    def __init__(
        self,
        standings: Callable[[], Iterable[LegStanding]],
        sound: Callable[[RecordingId], tuple[Moment, Length]],
        now: Callable[[], Moment],
    ) -> None:
        self._standings = standings
        self._sound = sound
        self._now = now
        self._recorded: dict[LegId, tuple[RecordingId, Moment]] = {}
        """Legs that talked when nobody looked any more, or were about to, and until when somebody did (0: unknown)."""
        self._looked_at: Moment = 0
        self._over: dict[SwitchName, Moment] = {}

    def noted(self, event: AnyEvent) -> None:
        """One begins or is over."""
        match event:
            case SwitchDown():
                self._begin(event.switch, event.heard_at)
            case TimersHeld():
                self._begin(None, self._looked_at)
            case SwitchUp():
                self._over[event.switch] = self._now()
            case TimersReleased():
                self._over |= {switch_of(leg): self._now() for leg in self._recorded}
        self._looked_at = self._now()

    def end_of_talk(self, leg: LegId, began: Moment) -> Moment:
        """When the talk of a leg, since `began`, ended unseen; 0 where it had no recording, or ends in our sight."""
        recording, looked_at = self._recorded.pop(leg, (None, 0))
        if recording is None or self._now() > self._over.get(switch_of(leg), self._now()) + TOLD_WITHIN:
            return 0
        written, length = self._sound(recording)
        if not 0 < written < self._now() - IN_SIGHT:
            return 0
        last_sound = began + length
        return max(looked_at, last_sound if last_sound < written - IN_SIGHT else written + UNWRITTEN)

    def _begin(self, switch: SwitchName | None, looked_at: Moment) -> None:
        """On this switch, or on all; where one goes on already it began with that."""
        for leg, recording in _recorded(self._standings()):
            name = switch_of(leg)
            if switch in (None, name):
                before = 0 if name in self._over else self._recorded.get(leg, (recording, 0))[1]
                self._recorded[leg] = recording, before or looked_at
        for name in [name for name in self._over if switch in (None, name)]:
            del self._over[name]


def _recorded(standings: Iterable[LegStanding]) -> Iterator[tuple[LegId, RecordingId]]:
    """Both legs of each talk that is recorded, or that was asked for."""
    for one in standings:
        if one.recording is None:
            continue
        others = [command.other for command in one.due if isinstance(command, Bridge)]
        if one.is_joined and one.bridged_with is not None:
            others.append(one.bridged_with)
        if others or one.is_joined:
            for leg in (one.leg, *others):
                yield leg, one.recording
