"""What became of one caller, by what he and the agents saw and heard; and whether his record and recording say so."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.faults import Fault
from benchmarks.people import CROSSING, FALLBACK_TONE, SECOND, WINDOW, Caller
from ccd.lab import tones
from ccd.lab.rtp import RATE, RtpStream, decode_mu_law
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND as MICROSECONDS

Outcome = Literal["agent", "message", "left", "fallback", "cut off", "refused", "lost"]
Column = Literal["lost", "doubled", "record", "recording", "other"]
MARGIN = 0.5
"""Seconds by which a recording may be shorter or longer than the talk that the phones saw."""
CUT_MARGIN = 2.0
"""The same where the switch was killed in the middle, with what it had not written yet."""
TIME_MARGIN = 1.0
"""Seconds by which a record's talk time may differ from it, besides what the daemon was away at the talk's end."""
END_MARGIN = 3.0
"""Seconds by which the recorded end of a call may differ where the switch died."""
TONE_SHARE = 0.9
BROKEN = 10
"""A frame that the phones could not send in time breaks the tone in the windows around it: so many frames."""
MESSAGE_MARGIN = 1.5
"""Seconds of a message's begin that are not asked for: the beep's, and what follows it."""
REFUSED = 503
LAST = 5.0
"""Seconds at the end of a call in which the fallback's message would be."""
HEARD = 0.3
MOST_OFFERS = 3
"""Phones that ring for one caller, all of whom answer, without anything being wrong: a fault may cost one or two."""
TONE_DUE = 8.0
"""Seconds out of reach, of the NO_BEEP for which a caller waits for the tone, that excuse a tone that did not come."""
DIALPLAN_WAITS, RECOVERY = 6.0, 2.0
"""Seconds that the dialplan waits for a daemon, and that a centre may take to go on. Who met it out of reach (frozen,
link silent) for more than the rest is rightly taken by the fallback."""
OUT_OF_REACH = "frozen 30 s", "link half-open"
SWITCH_DOWN = "switch killed", "switch restarted"
RECORDINGS_FULL = "recordings' disk full"


class Wrong(NamedTuple):
    """In which column of the table, and what."""

    column: Column
    what: str


class Judge:
    """Knows the faults there were, and where recordings are. `utc` is time.time_ns less time.monotonic_ns."""

    def __init__(self, faults: Sequence[Fault], recordings: Path, utc: int) -> None:
        self._faults = faults
        self._recordings = recordings
        self._utc = utc
        self.excused_recordings = 0
        self.without_tone = 0
        """Messages spoken without a tone, which never came because the daemon was out of reach."""

    def seen(self, caller: Caller) -> Iterator[Wrong]:
        """What is wrong already by what the phones saw."""
        became = outcome(caller)
        if became == "lost":
            yield Wrong("lost", "gave up after minutes" if caller.gave_up else "no agent, no voicemail")
        elif became == "refused" and not self._is_down(caller):
            yield Wrong("lost", "refused by the switch")
        elif became == "fallback" and not self._rightly(caller):
            yield Wrong("lost", "taken by the dialplan's fallback")
        if len(caller.talks) > 1:
            yield Wrong("doubled", "talked with two agents")
        for before, after in pairwise(caller.offers):
            if before.times.ended is None or after.times.invite + CROSSING < before.times.ended:
                yield Wrong("doubled", "two phones at once")
        if len(caller.offers) > MOST_OFFERS:
            yield Wrong("other", f"{len(caller.offers)} phones rang")
        if became == "agent" and caller.talks[-1][0].stream is not None:
            agent = caller.talks[-1][0]
            heard = seconds(caller.placed.stream, agent.tone)
            if heard < HEARD:
                yield Wrong("other", f"the caller heard the agent for {heard:.1f} s")

    def wrong(self, caller: Caller, record: Cdr, unsaid: float) -> Iterator[Wrong]:
        """All that is wrong, with the record that the call has."""
        yield from self.seen(caller)
        if not record.ended_at:
            yield Wrong("record", "a record without an end")
        if caller.cut_off:
            late = abs(record.ended_at * 1_000 - self._utc - caller.cut_off) / SECOND
            if late > END_MARGIN:
                yield Wrong("record", f"ended {late:.0f} s from the switch's death by the record")
        if caller.talks:
            yield from self._talk(caller, record, unsaid)
        elif outcome(caller) == "message":
            yield from self._message(caller, record, unsaid)

    def may_be_unknown(self, caller: Caller) -> bool:
        """A call that nobody commanded may have no record: the dialplan had it, or the switch died, or refused it."""
        became = outcome(caller)
        out_of_reach = became == "left" and self._rightly(caller)
        cut_off = became == "cut off" and not caller.placed.was_answered
        return became in ("fallback", "refused") or out_of_reach or cut_off

    # --- a talk

    def _talk(self, caller: Caller, record: Cdr, unsaid: float) -> Iterator[Wrong]:
        agent, began = caller.talks[-1]
        ended = min(caller.ended, agent.times.ended or caller.ended)
        heard_at = agent.stream.first_heard_at(caller.placed.tone) if agent.stream else None
        length = (ended - (heard_at or began)) / SECOND
        if f"a{agent.number}" not in {talk.agent for talk in record.talks}:
            yield Wrong("record", f"no talk with a{agent.number}")
        elif abs(record.talk_time / MICROSECONDS - length) > TIME_MARGIN + self._away(ended):
            yield Wrong("record", f"talk time {record.talk_time / MICROSECONDS:.1f} instead of {length:.1f} s")
        if self._is_full(began, ended):
            self.excused_recordings += 1
            return
        found = [one.path for one in record.recordings if one.path]
        if len(found) != 1:
            lost = "; ".join(one.lost for one in record.recordings)
            yield Wrong("recording", f"{len(found)} recordings {lost} {record.not_recorded}".strip())
            return
        try:
            sound = tones.read(self._recordings / found[0])
        except (OSError, ValueError) as error:
            yield Wrong("recording", f"{type(error).__name__}: {error}")
            return
        margin = unsaid + (CUT_MARGIN if caller.cut_off else MARGIN)
        if abs(sound.seconds - length) > margin:
            yield Wrong("recording", f"{sound.seconds:.1f} instead of {length:.1f} s")
        least = TONE_SHARE * (min(length, sound.seconds) - MARGIN) - unsaid * BROKEN
        for side, channel, said in zip(
            ("left", "right"), sound.channels, (caller.placed.tone, agent.tone), strict=False
        ):
            there = tones.heard(channel, sound.rate, said, window=WINDOW).seconds
            if there < least:
                yield Wrong("recording", f"{side} side: {there:.1f} of {length:.1f} s of its tone")

    def _away(self, moment: int) -> float:
        """How long the daemon knew nothing at a moment, s."""
        return sum(
            (fault.until - fault.began) / SECOND
            for fault in self._faults
            if fault.began - SECOND < moment < fault.until
        )

    def _is_full(self, began: int, ended: int) -> bool:
        return any(
            fault.kind == RECORDINGS_FULL and fault.began < ended and fault.over > began for fault in self._faults
        )

    # --- a message

    def _message(self, caller: Caller, record: Cdr, unsaid: float) -> Iterator[Wrong]:
        if self._is_full(caller.greeted_at, caller.ended):
            self.excused_recordings += 1
            return
        if caller.heard_no_tone and self._out_of_reach(caller.greeted_at, caller.beeped_at) > TONE_DUE:
            self.without_tone += 1
            return
        found = [mail.path for mail in record.voicemails if mail.path]
        if len(found) != 1:
            yield Wrong("recording", f"{len(found)} messages in their places, {len(record.voicemails)} in the record")
            return
        try:
            sound = tones.read(self._recordings / found[0])
        except (OSError, ValueError) as error:
            yield Wrong("recording", f"message: {type(error).__name__}: {error}")
            return
        said = (caller.ended - caller.beeped_at) / SECOND
        there = tones.heard(sound.channels[0], sound.rate, caller.placed.tone, window=WINDOW).seconds
        if there < TONE_SHARE * (said - MESSAGE_MARGIN) - unsaid * BROKEN:
            yield Wrong("recording", f"message: {there:.1f} of {said:.1f} s said")

    def _is_down(self, caller: Caller) -> bool:
        """Whether the switch was ending, or not there, when he called."""
        return any(
            fault.began <= caller.ended and caller.began <= fault.over
            for fault in self._faults
            if fault.kind in SWITCH_DOWN
        )

    def _rightly(self, caller: Caller) -> bool:
        """Whether the centre was out of reach for so long that nobody but the fallback could have him."""
        stream = caller.placed.stream
        taken = stream.first_heard_at(FALLBACK_TONE) if stream is not None else None
        return self._out_of_reach(caller.began, taken or caller.ended) > DIALPLAN_WAITS - RECOVERY

    def _out_of_reach(self, began: int, ended: int) -> float:
        """For how long of that time it was at most, by one fault, s."""
        faults = [fault for fault in self._faults if fault.kind in OUT_OF_REACH]
        return max((min(ended, fault.over) - max(began, fault.began) for fault in faults), default=0) / SECOND


def outcome(caller: Caller) -> Outcome:
    """What became of him."""
    if caller.cut_off:
        return "cut off"
    if caller.talks:
        return "agent"
    if seconds(caller.placed.stream, FALLBACK_TONE, LAST) > HEARD:
        return "fallback"
    if caller.has_spoken:
        return "message"
    if caller.placed.code == REFUSED:
        return "refused"
    return "left" if caller.left else "lost"


def seconds(stream: RtpStream | None, frequency: int, last: float = 0.0) -> float:
    """How long a tone was heard: in all, or in the last so many seconds."""
    if stream is None:
        return 0.0
    sound = decode_mu_law(bytes(stream.sound[-int(last * RATE) :]))
    return tones.heard(sound, RATE, frequency, window=WINDOW).seconds
