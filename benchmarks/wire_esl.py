"""Events a second of the event-socket codec against genesis and greenswitch: the same recorded events, all headers.

The peers read events in plain text only; ccd asks FreeSWITCH for json. So the recorded plain events are written once
more as json, as FreeSWITCH does, and ccd reads both. All read the stream in turns, so that a busy machine is busy for
all. Nobody logs or dispatches: what is timed is bytes to events with their values decoded.
"""

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from benchmarks.report import figure
from ccd.wire.esl import Connection, Event
from tests.wire.esl_transcript import received

EVENTS = 10_000
ROUNDS = 5
PIECE = 16_384
GOAL = 5.0
SESSIONS = ("call-plain", "background-job", "outbound", "sip-utf8", "filter")
PEERS = ("genesis", "greenswitch")


class Peer:
    """A peer at work in its own process (see wire_peer)."""

    def __init__(self, name: str, stream: Path) -> None:
        python = Path(sys.prefix) / "peers" / "bin" / "python"
        if not python.exists():
            raise SystemExit("the peers are not here: make bench-wire gets them")
        command = [str(python), "-m", "benchmarks.wire_peer", name, str(stream)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events, self.headers = map(int, self._answer().split())

    def rate(self) -> float:
        """Events a second of processor time."""
        assert self._process.stdin is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args!r} ended")
        return line


def recorded_frames(name: str) -> Iterator[bytes]:
    """The frames with events of a session recorded in plain text, as they were written."""
    stream = received(name)
    while stream:
        head, _, stream = stream.partition(b"\n\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\n"))
        length = int(fields.get(b"Content-Length", b"0"))
        body, stream = stream[:length], stream[length:]
        if fields[b"Content-Type"] == b"text/event-plain":
            yield head + b"\n\n" + body


def as_json(frame: bytes) -> bytes:
    """The same event's frame as FreeSWITCH writes it after `event json`; a name that repeats is there twice, too."""
    _, head, *rest = frame.split(b"\n\n", 2)
    pairs = [(name, unquote(value)) for name, _, value in (line.partition(": ") for line in head.decode().split("\n"))]
    body = b"".join(rest).decode()
    text = ",".join(
        f"{_quoted(name)}:{_quoted(value)}" for name, value in [*pairs, *([("_body", body)] if body else [])]
    )
    content = f"{{{text}}}".encode()
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n" % len(content) + content


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def many(frames: list[bytes]) -> bytes:
    """The events again and again, until there are enough.

    Each time the times and the uuids are others, as they would be in a day of calls.
    """
    once = b"".join(frames)
    laps = range(EVENTS // len(frames) + 1)
    return b"".join(once.replace(b"17953", b"%d" % (17953 + n)).replace(b"-4", b"-%d" % (n % 10)) for n in laps)


def read(stream: bytes) -> tuple[int, int]:
    """Events and headers that ccd reads."""
    connection = Connection()
    events = headers = 0
    for at in range(0, len(stream), PIECE):
        for frame in connection.receive_data(stream[at : at + PIECE]):
            assert isinstance(frame, Event)
            events += 1
            headers += len(frame.headers)
    return events, headers


def rate(stream: bytes) -> float:
    """Events a second of processor time, for ccd."""
    gc.collect()
    began = time.process_time()
    events, _ = read(stream)
    return events / (time.process_time() - began)


def main() -> None:
    frames = [frame for name in SESSIONS for frame in recorded_frames(name)]
    streams = {"json": many([as_json(frame) for frame in frames]), "plain": many(frames)}
    with tempfile.NamedTemporaryFile() as file:
        file.write(streams["plain"])
        file.flush()
        peers = {name: Peer(name, Path(file.name)) for name in PEERS}
    sizes = ", ".join(f"{len(stream):,} bytes {encoding}" for encoding, stream in streams.items())
    print(f"events: {sizes}, in pieces of {PIECE:,}, {ROUNDS} rounds in turns")
    counts = {encoding: read(stream) for encoding, stream in streams.items()}
    print(f"read: ccd {counts['plain'][0]:,} events, {counts['plain'][1]:,} headers")
    for name, peer in peers.items():
        print(f"read: {name} {peer.events:,} events, {peer.headers:,} headers (and those of the frames)")
    if counts["json"] != counts["plain"] or any(counts["json"][0] < peer.events for peer in peers.values()):
        raise SystemExit("ccd read less than a peer, or not the same of both")
    rounds = [
        {encoding: rate(stream) for encoding, stream in streams.items()}
        | {name: peer.rate() for name, peer in peers.items()}
        for _ in range(ROUNDS)
    ]
    for name in PEERS:
        figure(f"wire_esl_to_{name}", *compared(rounds, "json", name), GOAL, unit="events/s")
        ours, theirs, ratio = compared(rounds, "plain", name)
        print(f"plain text, which ccd does not ask for: {ours:,.0f} events/s to {theirs:,.0f}, {ratio:.3g}")


def compared(rounds: list[dict[str, float]], ours: str, theirs: str) -> tuple[float, float, float]:
    """The medians of both sides, and of their ratio."""
    return (
        statistics.median(each[ours] for each in rounds),
        statistics.median(each[theirs] for each in rounds),
        statistics.median(each[ours] / each[theirs] for each in rounds),
    )


if __name__ == "__main__":
    main()
