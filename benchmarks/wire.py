"""Events a second of the AMI codec against panoramisk 1.4: the same recorded bytes, every header parsed. Then those of
the event socket (see wire_esl).

Both get the stream in the pieces a socket would give, in turns, so that a busy machine is busy for both. Neither logs
nor dispatches: what is timed is bytes to messages.
"""

import gc
import logging
import statistics
import time
from collections.abc import Callable
from typing import Any

from panoramisk.ami_protocol import AMIProtocol

from benchmarks import wire_esl
from benchmarks.report import figure
from ccd.wire.ami import Connection
from tests.transcript import GREETING, NAMES, received

EVENTS = 50_000
ROUNDS = 7
PIECE = 16_384
GOAL = 2.0


def recorded_stream() -> list[bytes]:
    """All recorded sessions again and again, until there are enough events; in pieces.

    Each time the times, the unique ids and the channels are others, as they would be in a day of calls.
    """
    once = b"".join(received(name).removeprefix(GREETING) for name in NAMES)
    times = EVENTS // once.count(b"\r\n\r\n") + 1
    stream = GREETING + b"".join(
        once.replace(b"1795", b"%d" % (1795 + n)).replace(b"-0000", b"-%04x" % n) for n in range(times)
    )
    return [stream[at : at + PIECE] for at in range(0, len(stream), PIECE)]


def read(pieces: list[bytes]) -> tuple[int, int]:
    """Messages and header lines that ccd reads."""
    connection = Connection()
    messages = headers = 0
    for piece in pieces:
        for message in connection.receive_data(piece):
            messages += 1
            headers += len(message.first)
    return messages - 1, headers - 1  # the greeting is one of each


def read_by_panoramisk(pieces: list[bytes]) -> tuple[int, int]:
    """Messages and header lines that panoramisk reads."""
    messages = headers = 0

    class Counter(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
        encoding = "utf-8"

        def handle_message(self, message: Any) -> None:
            nonlocal messages, headers
            messages += 1
            headers += len(message) - 1  # its own "content" is no header

    protocol = Counter()
    protocol.connection_made(None)
    for piece in pieces:
        protocol.data_received(piece)
    return messages, headers


def rate(reader: Callable[[list[bytes]], tuple[int, int]], pieces: list[bytes]) -> float:
    """Messages a second of processor time."""
    gc.collect()
    began = time.process_time()
    messages, _ = reader(pieces)
    return messages / (time.process_time() - began)


def main() -> None:
    logging.getLogger("panoramisk").setLevel(logging.ERROR)
    pieces = recorded_stream()
    ours_read, theirs_read = read(pieces), read_by_panoramisk(pieces)
    print(f"stream: {sum(map(len, pieces)):,} bytes in pieces of {PIECE:,}, {ROUNDS} rounds in turns")
    print(f"read: ccd {ours_read[0]:,} messages, {ours_read[1]:,} headers")
    print(f"read: panoramisk {theirs_read[0]:,} messages, {theirs_read[1]:,} headers (its known losses)")
    if ours_read[0] < theirs_read[0] or ours_read[1] < theirs_read[1]:
        raise SystemExit("ccd read less than panoramisk")
    rounds = [(rate(read, pieces), rate(read_by_panoramisk, pieces)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratio = statistics.median(mine / its for mine, its in rounds)
    figure("wire_events", ours, theirs, ratio, GOAL, unit="events/s")
    wire_esl.main()


if __name__ == "__main__":
    main()
