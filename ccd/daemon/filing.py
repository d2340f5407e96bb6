"""Recordings and messages of ended calls go to their places; what a crash left behind goes there at the next start."""

import asyncio
import re
from collections.abc import Callable

import structlog

from ccd.io.record_write import KeepRecording
from ccd.io.recordings import RecordingError, Recordings
from ccd.io.records import Records
from ccd.model.cdr import Cdr
from ccd.model.ids import CallId, Moment, RecordingId

SWEEP_AFTER = 30.0
OUR_ID = re.compile(r"[0-9a-f]{1,14}", re.ASCII)
log = structlog.get_logger()


def call_of(recording: RecordingId) -> CallId:
    """The call that a recording or message belongs to: our ids of files begin with the call's."""
    return CallId(recording.partition("-")[0])


def day_of(recording: RecordingId) -> Moment:
    """The moment that chooses the folder of the day. A call's id is its beginning, in hexadecimal microseconds.

    0 for a foreign id.
    """
    call = call_of(recording)
    return int(call, 16) if OUR_ID.fullmatch(call) else 0


class Filing:
    """One task a file. `is_running` tells of calls whose files are still written to."""

    def __init__(self, recordings: Recordings, records: Records, is_running: Callable[[CallId], bool]) -> None:
        self._recordings = recordings
        self._records = records
        self._is_running = is_running
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed = 0

    def __call__(self, cdr: Cdr) -> None:
        """A call ended: file what was recorded of it."""
        for recording in cdr.recordings:
            if not recording.lost:
                self._begin(recording.recording)
        for message in cdr.voicemails:
            self._begin(RecordingId(message.name))

    async def sweep_after_start(self) -> None:
        """Once the running calls have had time to be known again."""
        await asyncio.sleep(SWEEP_AFTER)
        await self.sweep()

    async def sweep(self) -> None:
        """After a start: what lies unfiled, unless its call still runs."""
        for recording, _ in await self._recordings.left_over():
            if not self._is_running(call_of(recording)):
                self._begin(recording)

    async def close(self) -> None:
        """Until everything at work is filed."""
        await asyncio.gather(*self._tasks)

    def _begin(self, recording: RecordingId) -> None:
        task = asyncio.get_running_loop().create_task(self._file(recording))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _file(self, recording: RecordingId) -> None:
        try:
            done = await self._recordings.finalise(recording, day_of(recording))
        except (RecordingError, OSError, ValueError) as error:
            self.failed += 1
            log.error("recording not filed", recording=recording, reason=str(error))
        else:
            self._records.keep(KeepRecording(done.recording, done.path, done.length, done.checksum))
