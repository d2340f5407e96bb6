"""The recording of a leg: armed before the bridge, begun with it, changed during it, always with one result."""

import pytest

from ccd.model.command import Bridge, Dial, PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import (
    BridgeFailed,
    LegHungUp,
    LegReturned,
    LegsBridged,
    RecordingChanged,
    RecordingFailed,
    RecordingStarted,
)
from ccd.model.ids import SECOND, Endpoint, RecordingId
from tests.switch.freeswitch.scripted import AGENT, CALLER, Scripted, leg

LEG, OTHER = leg(CALLER), leg(AGENT)
ID = RecordingId("7-talk")
PATH = "/var/spool/ccd/7-talk.raw"


def armed(*, muted: bool = False) -> Scripted:
    it = Scripted()
    it.log_in()
    it.arrive(Answer_State="answered")
    it.do(Dial(OTHER, Endpoint("user/1001"), 10 * SECOND))
    it.says("CHANNEL_PARK", AGENT, Answer_State="answered", v_CCD_ROLE="agent")
    it.asked()
    it.do(StartRecording(LEG, ID, muted))
    it.told()
    return it


def recorded(*, muted: bool = False) -> Scripted:
    it = armed(muted=muted)
    it.do(Bridge(LEG, OTHER))
    it.bridges()
    assert it.told() == [LegsBridged(LEG, OTHER), RecordingStarted(LEG, ID)]
    it.asked()
    return it


def test_it_is_of_two_channels_of_bridged_time_alone_and_of_any_length() -> None:
    """A file of less than three seconds would be deleted; the customer's side is the right one."""
    it = armed()
    (how,) = it.asked()
    assert how.startswith(
        f"uuid_setvar_multi {CALLER} RECORD_STEREO_SWAP=true;RECORD_BRIDGE_REQ=true;RECORD_MIN_SEC=0;"
    )
    assert "enable_file_write_buffering=false" in how, "the switch's death would take seconds of it along"
    assert it.told() == [], "nothing is written before there is a talk"


@pytest.mark.parametrize("muted", [False, True])
def test_it_begins_behind_the_bridge_and_costs_that_no_wait(muted: bool) -> None:
    it = armed(muted=muted)
    it.asked()
    it.do(Bridge(LEG, OTHER))
    mask = [f"uuid_record {CALLER} mask {PATH}"] if muted else []
    assert it.asked()[: 2 + len(mask)] == [
        f"uuid_bridge {CALLER} {AGENT}",
        f"uuid_record {CALLER} start {PATH}",
        *mask,
    ]
    assert it.told() == [], "there is no talk yet"
    it.bridges()
    assert it.told() == [LegsBridged(LEG, OTHER), RecordingStarted(LEG, ID)]


def test_a_file_that_cannot_be_opened() -> None:
    it = armed()
    it.refusals["uuid_record"] = "-ERR Cannot record session!"
    it.do(Bridge(LEG, OTHER))
    it.bridges()
    assert it.told() == [RecordingFailed(LEG, ID, "-ERR Cannot record session!"), LegsBridged(LEG, OTHER)]


def test_mask_and_unmask_raise_no_event_so_their_answers_count() -> None:
    it = recorded()
    it.do(PauseRecording(LEG, ID))
    it.do(ResumeRecording(LEG, ID))
    it.do(StopRecording(LEG, ID))
    assert [text for text in it.asked() if text.startswith("uuid_record")] == [
        f"uuid_record {CALLER} mask {PATH}",
        f"uuid_record {CALLER} unmask {PATH}",
        f"uuid_record {CALLER} stop {PATH}",
    ]
    assert it.told() == [
        RecordingChanged(LEG, ID, "paused"),
        RecordingChanged(LEG, ID, "recording"),
        RecordingChanged(LEG, ID, "stopped"),
    ]


def test_the_state_is_on_the_channel() -> None:
    it = recorded()
    it.do(PauseRecording(LEG, ID))
    assert f"uuid_setvar_multi {CALLER} CCD_RECORDING_STATE=paused" in it.asked()


def test_what_the_switch_refuses_fails() -> None:
    it = recorded()
    it.refusals["uuid_record"] = "-ERR Cannot mask recording session!"
    it.do(PauseRecording(LEG, ID))
    assert it.told() == [RecordingFailed(LEG, ID, "-ERR Cannot mask recording session!")]


def test_a_pause_before_the_talk_holds_in_it() -> None:
    it = armed()
    it.do(PauseRecording(LEG, ID))
    assert it.told() == [RecordingChanged(LEG, ID, "paused")]
    it.do(Bridge(LEG, OTHER))
    assert f"uuid_record {CALLER} mask {PATH}" in it.asked()


def test_the_next_talk_goes_on_in_the_same_file() -> None:
    it = recorded()
    it.hang_up(AGENT)
    it.returns(CALLER)
    it.do(Dial(leg("a-2"), Endpoint("user/1001"), 10 * SECOND))
    it.says("CHANNEL_PARK", "a-2", Answer_State="answered", v_CCD_ROLE="agent")
    it.told()
    it.asked()
    it.do(Bridge(LEG, leg("a-2")))
    it.bridges(CALLER, "a-2")
    assert it.told() == [LegsBridged(LEG, leg("a-2"))]
    assert not [text for text in it.asked() if text.startswith("uuid_record")]


def test_a_bridge_that_failed_leaves_it_open_for_the_next() -> None:
    it = armed()
    it.do(Bridge(LEG, OTHER))
    it.returns(CALLER)
    assert it.told() == [BridgeFailed(LEG, OTHER, "the other leg was not there")]
    it.says("CHANNEL_PARK", AGENT, v_CCD_WAY="returned")
    it.asked()
    it.do(Bridge(LEG, OTHER))
    assert not [text for text in it.asked() if text.startswith("uuid_record")]
    it.bridges()
    assert it.told() == [LegsBridged(LEG, OTHER), RecordingStarted(LEG, ID)]


def test_one_that_never_began() -> None:
    it = armed()
    it.hang_up(CALLER)
    assert it.told() == [RecordingFailed(LEG, ID, "the leg ended before it began"), LegHungUp(LEG, 16, "far_end")]
    it = armed()
    it.do(StopRecording(LEG, ID))
    assert it.told() == [RecordingFailed(LEG, ID, "stopped before it began"), RecordingChanged(LEG, ID, "stopped")]


def test_answers_that_are_due_at_the_end_of_the_leg() -> None:
    it = recorded()
    it.is_silent = True
    it.do(PauseRecording(LEG, ID))
    it.hang_up(CALLER)
    assert it.told() == [RecordingChanged(LEG, ID, "stopped"), LegHungUp(LEG, 16, "far_end")]
    while it.pending:
        it.answer()
    assert it.told() == []


def test_what_cannot_be_recorded() -> None:
    it = armed()
    it.do(StartRecording(LEG, RecordingId("../x")))
    it.do(StartRecording(LEG, RecordingId("8-talk")))
    it.do(PauseRecording(LEG, RecordingId("8-talk")))
    assert [type(event) for event in it.told()] == [RecordingFailed] * 3


def test_a_talk_that_went_on_without_the_link_is_recorded_still_and_silent_where_it_was() -> None:
    it = recorded(muted=True)
    it.is_silent = True
    it.do(ResumeRecording(LEG, ID))
    it.do(PauseRecording(LEG, ID))
    it.told()
    it.lose()
    it.asked()
    it.is_silent = False
    for one, other in ((CALLER, AGENT), (AGENT, CALLER)):
        it.shows(one, Channel_State="CS_EXCHANGE_MEDIA", v_signal_bond=other)
    it.log_in()
    told = it.told()
    assert told.count(RecordingFailed(LEG, ID, "the link was lost")) == 2
    assert not [event for event in told if isinstance(event, LegReturned | LegsBridged)]
    assert f"uuid_record {CALLER} mask {PATH}" in it.asked(), "to ask once more changes nothing"
