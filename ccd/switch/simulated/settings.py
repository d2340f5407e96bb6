"""How quick the simulated switch is, and how often what goes wrong."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct, field

from ccd.model.ids import MILLISECOND, SECOND, Length


class Chance(Protocol):
    """Where the switch gets its dice from: whoever seeds them."""

    def random(self) -> float:
        """A number in [0, 1)."""


class Span(Struct, frozen=True):
    """A length between two bounds."""

    least: Length
    most: Length

    def draw(self, chance: Chance) -> Length:
        """One of them."""
        return self.least + int((self.most - self.least) * chance.random())


class Delays(Struct, frozen=True):
    """As measured on Asterisk 22 over AMI on loopback (the driver's own waits included)."""

    event: Span = Span(200, 1_200)
    """From what happens to the event of it."""
    state: Span = Span(1_000, 3_000)
    """To a phone's device state."""
    dial: Span = Span(1_300, 2_600)
    """From Originate to the INVITE."""
    answer: Span = Span(500, 1_200)
    bridge: Span = Span(1_300, 3_500)
    hang_up: Span = Span(300, 1_500)
    audio: Span = Span(0, 20 * MILLISECOND)
    """Until an AGI command begins: the loop wakes on a frame."""
    recording: Span = Span(2 * MILLISECOND, 6 * MILLISECOND)
    return_: Span = Span(1_000, 3_000)
    """From the end of a bridge to the leg's coming back."""


class Rates(Struct, frozen=True):
    """Shares of the occasions on which each fault happens, 0..1."""

    reordered: float = 0.0
    """An event comes later than others that happened after it."""
    lost_answer: float = 0.0
    """A command has no effect and no answer: its result is the driver's time-out."""
    crossing: float = 0.0
    """A hang-up crosses a bridge."""
    ghost: float = 0.0
    """A far end's hang-up leaves the channel standing until it is cleared."""
    duplicate_state: float = 0.0
    late_state: float = 0.0


class Settings(Struct, frozen=True):
    """All of it. `prompt_time` is the length of a sound that `sound_times` does not name, `message_time` how long
    somebody speaks after the tone; the other times are the driver's.
    """

    delays: Delays = Delays()
    rates: Rates = Rates()
    prompt_time: Span = Span(2 * SECOND, 5 * SECOND)
    message_time: Span = Span(0, 40 * SECOND)
    reordering: Span = Span(1 * MILLISECOND, 60 * MILLISECOND)
    lateness: Span = Span(50 * MILLISECOND, 3 * SECOND)
    crossing: Span = Span(0, 3 * MILLISECOND)
    action_time: Length = 5 * SECOND
    """A command's answer is not waited for longer."""
    hang_up_again: Length = SECOND
    ghost_time: Length = 200 * MILLISECOND
    sound_times: Mapping[str, Length] = field(default_factory=dict)
    emergency: tuple[str, ...] = ()
    """Numbers that a phone reaches without the daemon."""
    fallback: str = ""
    """What a caller hears whom no daemon takes within `fallback_time`, and that is all; empty: he waits on."""
    fallback_time: Length = 6 * SECOND
    media_time: Length = 30 * SECOND
    """A talk without audio is ended by the switch (rtp_timeout)."""

    def sound_time(self, sound: str, chance: Chance) -> Length:
        """How long this sound is heard."""
        return self.sound_times.get(sound) or self.prompt_time.draw(chance)


AT_ONCE = Settings(
    delays=Delays(*(Span(0, 0) for _ in range(9))),
    prompt_time=Span(0, 0),
    message_time=Span(0, 0),
)
"""Nothing takes time and nothing fails: for comparison with theory."""
