"""Recordings and messages of ended calls go to their places; what a crash or a full disk left behind does so later."""

import asyncio
import re
import time
from collections.abc import Callable

import structlog

from ccd.io.record_write import KeepRecording
from ccd.io.recordings import RecordingError, Recordings
from ccd.io.records import Records
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND, CallId, Length, Moment, RecordingId

SWEEP_AFTER = 30.0
"""Seconds after the start: the running calls have had time to be known again."""
SWEEP_EVERY = 60.0
LONGEST_PAUSE = 600.0
"""Seconds between two tries of a file that fails again and again."""
AT_REST: Length = 10 * SECOND
"""What was written to so lately may be written to still, whatever is known of its call."""
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
        self._tasks: dict[RecordingId, asyncio.Task[None]] = {}
        self._failed: dict[RecordingId, tuple[float, float]] = {}
        """By file in `incoming`: the pause after its last try, and until when."""

    def __call__(self, cdr: Cdr) -> None:
        """A call ended: file what was recorded of it."""
        for recording in cdr.recordings:
            if not recording.lost:
                self._begin(recording.recording)
        for message in cdr.voicemails:
            self._begin(RecordingId(message.name))

    async def sweep_now_and_then(self) -> None:
        """As long as the daemon lives."""
        await asyncio.sleep(SWEEP_AFTER)
        while True:
            try:
                await self.sweep()
            except OSError as error:
                log.error("unfiled recordings not looked for", reason=str(error))
            await asyncio.sleep(SWEEP_EVERY)

    async def sweep(self) -> None:
        """What lies unfiled, one after the other; not what is at work, is written to, or failed just now."""
        left = dict(await self._recordings.left_over())
        self._failed = {recording: known for recording, known in self._failed.items() if recording in left}
        present = time.time_ns() // 1_000
        for recording, written in left.items():
            is_at_rest = not 0 <= present - written < AT_REST
            if is_at_rest and recording not in self._tasks and not self._is_running(call_of(recording)):
                _, until = self._failed.get(recording, (0.0, 0.0))
                if until <= asyncio.get_running_loop().time():
                    await asyncio.wait((self._begin(recording),))

    async def close(self) -> None:
        """Until everything at work is filed."""
        await asyncio.gather(*self._tasks.values())

    def _begin(self, recording: RecordingId) -> asyncio.Task[None]:
        task = self._tasks.get(recording)
        if task is None:
            task = self._tasks[recording] = asyncio.get_running_loop().create_task(self._file(recording))
            task.add_done_callback(lambda task: self._done(recording, task))
        return task

    def _done(self, recording: RecordingId, task: asyncio.Task[None]) -> None:
        del self._tasks[recording]
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a fault in filing", recording=recording, exc_info=fault)

    async def _file(self, recording: RecordingId) -> None:
        try:
            done = await self._recordings.finalise(recording, day_of(recording))
        except (RecordingError, OSError, ValueError) as error:
            pause, _ = self._failed.get(recording, (SWEEP_EVERY / 4, 0.0))
            pause = min(2 * pause, LONGEST_PAUSE)
            self._failed[recording] = pause, asyncio.get_running_loop().time() + pause
            log.error("recording not filed", recording=recording, reason=str(error))
        else:
            self._failed.pop(recording, None)
            self._records.keep(KeepRecording(done.recording, done.path, done.length, done.checksum))
