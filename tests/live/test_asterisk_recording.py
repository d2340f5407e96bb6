"""Recordings and voicemail on a real Asterisk, proved by tones."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ccd.lab import tones
from ccd.model.command import (
    Answer,
    Bridge,
    Dial,
    Hold,
    PauseRecording,
    RecordMessage,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from ccd.model.event import (
    LegAnswered,
    LegHungUp,
    LegReturned,
    LegsBridged,
    MessageRecorded,
    RecordingChanged,
    RecordingFailed,
    RecordingStarted,
)
from ccd.model.ids import SECOND, Endpoint, RecordingId
from tests.live.conftest import StartAsterisk
from tests.live.switch_harness import AGENT_TONE, CALLER_TONE, office

pytestmark = pytest.mark.live

RATE = 8000
ID = RecordingId("call-7.1")


def sides(path: Path) -> tuple[tones.Samples, tones.Samples]:
    """The agent's and the customer's side of a raw recording."""
    samples = np.fromfile(path, dtype="<i2").astype(np.float64) / 32768
    return samples[::2], samples[1::2]


@pytest.mark.parametrize("muted", [False, True])
async def test_both_sides_in_step_over_hold_pause_and_a_second_agent(
    start_asterisk: StartAsterisk, muted: bool
) -> None:
    async with office(start_asterisk) as it:
        call = it.call()
        customer = (await it.arrival()).leg
        first, second = it.switch.new_leg("first"), it.switch.new_leg("second")
        it.switch.do(Hold(customer))
        it.switch.do(Dial(first, Endpoint("PJSIP/1001"), 5 * SECOND))
        await it.switch.until(LegAnswered)
        it.switch.do(StartRecording(customer, ID, muted))
        it.switch.do(Bridge(customer, first))
        await it.switch.until(RecordingStarted)
        assert it.switch.of(LegsBridged) or await it.switch.until(LegsBridged)
        await asyncio.sleep(0.8)  # talk
        it.switch.do(ResumeRecording(customer, ID) if muted else PauseRecording(customer, ID))
        assert (await it.switch.until(RecordingChanged)).state == ("recording" if muted else "paused")
        await asyncio.sleep(0.8)
        it.switch.do(PauseRecording(customer, ID) if muted else ResumeRecording(customer, ID))
        await it.switch.until(RecordingChanged)
        it.phones.history[-1].hang_up()
        await it.switch.until(LegReturned)
        it.switch.do(Hold(customer))
        it.switch.do(Dial(second, Endpoint("PJSIP/1002"), 5 * SECOND))
        await it.switch.until(LegAnswered)
        await asyncio.sleep(0.5)  # held: not recorded
        it.switch.do(Bridge(customer, second))
        await it.switch.until(LegsBridged)
        await asyncio.sleep(0.8)
        it.switch.do(StopRecording(customer, ID))
        assert (await it.switch.until(RecordingChanged)).state == "stopped"
        await asyncio.sleep(0.1)  # the file is whole 20 ms after the stop
        left, right = sides(it.asterisk.spool / f"monitor/{ID}.raw")
        call.hang_up()
        assert len(left) == len(right)
        assert 2.3 < len(left) / RATE < 2.75
        for side, tone in ((left, AGENT_TONE), (right, CALLER_TONE)):
            loud, silent = ((0.95, 1.5), (0.0, 0.75)) if muted else ((0.1, 0.7), (0.95, 1.5))
            assert tones.heard(side, RATE, tone, between=loud).seconds > 0.4
            assert tones.loudness(side, RATE, between=silent) < 0.001
            again = tones.heard(side, RATE, tone, between=(1.8, 2.4)).seconds
            assert again == 0 if muted else again > 0.4


async def test_a_second_agent_whose_sequence_numbers_begin_behind_is_heard(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        call = it.call()
        customer = (await it.arrival()).leg
        it.switch.do(StartRecording(customer, ID))
        for sequence in (40_000, 30_000):
            agent = it.switch.new_leg(f"agent{sequence}")
            it.switch.do(Dial(agent, Endpoint("PJSIP/1001"), 5 * SECOND))
            await it.switch.until(LegAnswered)
            stream = it.phones.history[-1].stream
            assert stream is not None
            stream._sequence = sequence
            it.switch.do(Bridge(customer, agent))
            await it.switch.until(LegsBridged)
            await asyncio.sleep(0.5)  # talk
            it.phones.history[-1].hang_up()
            await it.switch.until(LegReturned)
        await asyncio.sleep(0.1)  # the file is whole 20 ms after the stop
        left, right = sides(it.asterisk.spool / f"monitor/{ID}.raw")
        call.hang_up()
        assert tones.heard(left, RATE, AGENT_TONE).seconds > 0.8
        assert tones.heard(right, RATE, CALLER_TONE).seconds > 0.8


async def test_a_recording_that_cannot_begin(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        call = it.call()
        customer = (await it.arrival()).leg
        it.switch.do(StartRecording(customer, RecordingId("../../etc/passwd")))
        assert (await it.switch.until(RecordingFailed)).recording == "../../etc/passwd"
        it.switch.do(StartRecording(customer, ID))
        it.switch.do(StartRecording(customer, RecordingId("another")))
        assert (await it.switch.until(RecordingFailed)).recording == "another"
        call.hang_up()
        assert (await it.switch.until(RecordingFailed)).recording == ID
        await it.switch.until(LegHungUp)
        assert not list((it.asterisk.spool / "monitor").iterdir())


async def test_messages(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        call = it.call()
        leg = (await it.arrival()).leg
        it.switch.do(Answer(leg))
        await it.switch.until(LegAnswered)
        it.switch.do(RecordMessage(leg, 1, "first", 20 * SECOND, 5 * SECOND))
        await asyncio.sleep(1.2)  # what is said
        call.press("#")
        recorded = await it.switch.until(MessageRecorded)
        assert recorded.result == "finished"
        assert 0.5 * SECOND < recorded.length < 1.6 * SECOND
        sound = tones.read(it.asterisk.spool / "monitor/first.wav")
        assert tones.heard(sound.channels[0], sound.rate, CALLER_TONE).seconds > 0.4
        it.switch.do(RecordMessage(leg, 2, "second", 20 * SECOND, 5 * SECOND))
        await asyncio.sleep(0.9)
        it.switch.do(Hold(leg))
        stopped = await it.switch.until(MessageRecorded)
        assert stopped.result == "stopped"
        it.switch.do(RecordMessage(leg, 3, "third", 20 * SECOND, 5 * SECOND))
        await asyncio.sleep(0.9)
        call.hang_up()
        recorded = await it.switch.until(MessageRecorded)
        assert recorded.result == "hung_up"
        assert recorded.length > 0.2 * SECOND
        await it.switch.until(LegHungUp)
