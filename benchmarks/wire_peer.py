"""genesis and greenswitch at reading events, each in a process of its own: they want other releases than ccd does.

`python -m benchmarks.wire_peer genesis STREAM`, by the Python that `make bench-wire` made for them. Tells the events
and headers it read; then, for every line it is sent, events a second of processor time.
"""

import asyncio
import gc
import io
import logging
import sys
import time
from pathlib import Path
from typing import Any

PIECE = 16_384


def read_by_greenswitch(stream: bytes) -> tuple[int, int]:
    """Events and headers that greenswitch reads."""
    from greenswitch.esl import ESLProtocol

    events = headers = 0

    class Counter(ESLProtocol):  # type: ignore[misc]  # greenswitch has no types
        def handle_event(self, event: Any) -> None:
            nonlocal events, headers
            super().handle_event(event)
            events += 1
            headers += len(self._esl_event_queue.get_nowait().headers)

    protocol = Counter()
    protocol.sock_file = io.BytesIO(stream)
    protocol.receive_events()
    return events, headers


def read_by_genesis(stream: bytes) -> tuple[int, int]:
    """Events and headers that genesis reads."""
    return asyncio.run(_read_by_genesis(stream))


async def _read_by_genesis(stream: bytes) -> tuple[int, int]:
    from genesis.protocol.base import Protocol

    events = headers = 0
    protocol = Protocol()
    protocol.reader = asyncio.StreamReader()
    protocol.is_connected = True
    handler = asyncio.create_task(protocol.handler())
    for at in range(0, len(stream), PIECE):
        protocol.reader.feed_data(stream[at : at + PIECE])
        await asyncio.sleep(0)
        while not protocol.events.empty():
            events += 1
            headers += len(protocol.events.get_nowait())
    protocol.reader.feed_eof()
    await handler
    return events, headers


PEERS = {"genesis": read_by_genesis, "greenswitch": read_by_greenswitch}


def main() -> None:
    reader, stream = PEERS[sys.argv[1]], Path(sys.argv[2]).read_bytes()
    logging.disable(logging.CRITICAL)
    print(*reader(stream), flush=True)
    for _ in sys.stdin:
        gc.collect()
        began = time.process_time()
        events, _ = reader(stream)
        print(events / (time.process_time() - began), flush=True)


if __name__ == "__main__":
    main()
