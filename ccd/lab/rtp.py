"""RTP for many calls over one socket: each says its own tone and remembers what it hears.

A stream is told from the others by the address the other side sends from, which is a port of its own for each channel.
"""

import asyncio
import random
import struct
import time
from array import array
from collections import deque
from functools import cache

import numpy as np

from ccd.lab import tones
from ccd.lab.datagram import DatagramSocket

RATE = 8_000
FRAME = 160
FRAME_SECONDS = FRAME / RATE
AMPLITUDE = 0.35
PCMU, TELEPHONE_EVENT = 0, 101
_HEADER = struct.Struct("!BBHII")
DIGIT_LIMIT = 0.1
"""Seconds without a packet in the middle of a digit: Asterisk ends it after 150 ms, and takes the rest for a second."""
_EVENTS = {key: number for number, key in enumerate("0123456789*#ABCD")}
_DIGIT_FRAMES, _END_FRAMES, _GAP_FRAMES = 5, 3, 4


def encode_mu_law(samples: tones.Samples) -> bytes:
    """G.711 mu-law of amplitudes between -1 and 1."""
    pcm = np.clip(samples * 32768, -32635, 32635).astype(np.int32)
    magnitude = np.abs(pcm) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(pcm < 0, 0x80, 0)
    code: bytes = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes()
    return code


def decode_mu_law(data: bytes) -> tones.Samples:
    """Amplitudes between -1 and 1 of G.711 mu-law."""
    return _decoding_table()[np.frombuffer(data, dtype=np.uint8)]


@cache
def _decoding_table() -> tones.Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return np.where(code & 0x80, -magnitude, magnitude) / 32768.0


@cache
def tone_frames(frequency: int) -> tuple[bytes, ...]:
    """One second of a tone in frames that follow each other without a click; frequency 0 is silence."""
    wave = AMPLITUDE * np.sin(2 * np.pi * frequency / RATE * np.arange(RATE)) if frequency else np.zeros(RATE)
    sound = encode_mu_law(wave)
    return tuple(sound[start : start + FRAME] for start in range(0, RATE, FRAME))


class RtpStream:
    """One call's sound: says `tone` (Hz; 0: silence), keeps what it hears up to `limit` seconds."""

    def __init__(self, remote: tuple[str, int], tone: int, limit: float) -> None:
        self.remote = remote
        self.frames = tone_frames(tone)
        self.arrivals = array("q")
        self.sound = bytearray()
        self._limit = int(limit * RATE)
        self._sequence = random.randrange(1 << 16)  # noqa: S311 - no secret
        self._timestamp = random.randrange(1 << 32)  # noqa: S311
        self._source = random.randrange(1 << 32)  # noqa: S311
        self._sent = 0
        self._events: deque[bytes | None] = deque()
        self._event_timestamp = 0

    def say(self, tone: int) -> None:
        """Another tone from now on, or silence (0)."""
        self.frames = tone_frames(tone)

    def press(self, digits: str) -> None:
        """Send digits (RFC 4733), each 100 ms with 80 ms between. Raises KeyError for what is no digit."""
        for digit in digits:
            for frame in range(_DIGIT_FRAMES + _END_FRAMES):
                duration = min(frame + 1, _DIGIT_FRAMES) * FRAME
                end = 0x80 if frame >= _DIGIT_FRAMES else 0
                self._events.append(struct.pack("!BBH", _EVENTS[digit], end | 10, duration))
            self._events.extend([None] * _GAP_FRAMES)

    def next_packet(self) -> bytes:
        """The packet of this 20 ms."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        self._sent += 1
        event = self._events.popleft() if self._events else None
        if event is not None:
            starts = _starts(event)
            if starts:  # all packets of one event carry the time stamp of its begin
                self._event_timestamp = self._timestamp
            marker = 0x80 if starts else 0
            header = (0x80, TELEPHONE_EVENT | marker, self._sequence, self._event_timestamp, self._source)
            return _HEADER.pack(*header) + event
        header = (0x80, PCMU, self._sequence, self._timestamp, self._source)
        return _HEADER.pack(*header) + self.frames[self._sent % len(self.frames)]

    def was_late(self) -> None:
        """The receiver has ended a digit that was under way by now: what is left of it would be another one."""
        while self._events and self._events[0] is not None and not _starts(self._events[0]):
            self._events.popleft()

    def receive(self, packet: bytes, arrived: int) -> None:
        if len(packet) == _HEADER.size + FRAME and packet[1] & 0x7F == PCMU and len(self.sound) < self._limit:
            self.arrivals.append(arrived)
            self.sound += packet[_HEADER.size :]

    def heard(self, frequency: float, *, window: float = tones.WINDOW) -> tones.Heard:
        """How the tone of the other side was heard, in order of arrival (gaps are not counted)."""
        return tones.heard(decode_mu_law(bytes(self.sound)), RATE, frequency, window=window)

    def first_heard_at(self, frequency: float) -> int | None:
        """When (time.monotonic_ns) the first frame that carries the tone came; None: never."""
        first = self.heard(frequency).first
        return None if first is None else self.arrivals[round(first / FRAME_SECONDS)]


def _starts(event: bytes) -> bool:
    """Whether it is the first packet of a digit."""
    return event[2:] == struct.pack("!H", FRAME) and not event[1] & 0x80


class RtpSocket:
    """Carries all streams of a peer; every 20 ms each one sends a packet. With `listens=False` nothing is received."""

    def __init__(self, host: str, *, limit: float = 60.0, listens: bool = True) -> None:
        self.socket = DatagramSocket(host, 0, self._receive if listens else None)
        self._limit = limit
        self._stalls: deque[tuple[int, float]] = deque(maxlen=100_000)
        self._streams: dict[tuple[str, int], RtpStream] = {}
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.time()
        self._timer = self._loop.call_soon(self._tick)

    def open(self, remote: tuple[str, int], tone: int) -> RtpStream:
        stream = self._streams[remote] = RtpStream(remote, tone, self._limit)
        return stream

    def move(self, stream: RtpStream, remote: tuple[str, int]) -> None:
        """The other side listens elsewhere now (re-INVITE)."""
        self.shut(stream)
        stream.remote = remote
        self._streams[remote] = stream

    def shut(self, stream: RtpStream) -> None:
        if self._streams.get(stream.remote) is stream:
            del self._streams[stream.remote]

    def unsaid(self, begin: int, end: int) -> float:
        """Seconds of sound that every stream left out between two moments (time.monotonic_ns): how late we were."""
        return sum(length for at, length in self._stalls if begin <= at <= end)

    def close(self) -> None:
        self._timer.cancel()
        self.socket.close()

    def _tick(self) -> None:
        for stream in self._streams.values():
            self.socket.send(stream.next_packet(), stream.remote)
        # After a stall the lost ticks are left out, not sent in a burst.
        now, self._next = self._loop.time(), self._next + FRAME_SECONDS
        if now > self._next:
            self._stalls.append((time.monotonic_ns(), now - self._next + FRAME_SECONDS))
            if now - self._next > DIGIT_LIMIT:
                for stream in self._streams.values():
                    stream.was_late()
            self._next = now
        self._timer = self._loop.call_at(self._next, self._tick)

    def _receive(self, data: bytes, sender: tuple[str, int], arrived: int) -> None:
        stream = self._streams.get(sender)
        if stream is not None:
            stream.receive(data, arrived)
