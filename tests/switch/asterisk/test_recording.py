"""The recording of a leg: armed before the bridge, changed during it, always with one result."""

import pytest

from ccd.model.command import PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import LegHungUp, RecordingChanged, RecordingFailed, RecordingStarted
from ccd.model.ids import RecordingId
from ccd.wire.ami import Message
from tests.switch.asterisk.scripted import CALLER, Scripted, leg

LEG = leg(CALLER)
ID = RecordingId("call-7.1")


def armed(*, muted: bool = False) -> Scripted:
    it = Scripted()
    it.log_in()
    it.arrive()
    it.told()
    it.do(StartRecording(LEG, ID, muted))
    return it


def running(*, muted: bool = False) -> Scripted:
    it = armed(muted=muted)
    it.sent = []
    it.says("MixMonitorStart", Uniqueid=CALLER)
    it.answers(it.asked("Getvar"), Value="0x7f")
    assert it.told() == [RecordingStarted(LEG, ID)]
    return it


def test_it_is_armed_without_an_agi_command() -> None:
    it = armed()
    written = [dict(action.headers) for action in it.all_asked("Setvar")]
    assert written[-1]["Variable"] == "CCD_MONITOR"
    assert written[-1]["Value"] == f"/var/spool/ccd/{ID}.raw,bDi(CCD_MONITOR_ID)"
    assert it.told() == []


def test_one_that_is_to_start_muted_is_muted_in_the_same_breath() -> None:
    it = armed(muted=True)
    it.sent = []
    it.says("MixMonitorStart", Uniqueid=CALLER)
    assert [action.name for action in it.sent] == ["MixMonitorMute", "Setvar", "Getvar"]


@pytest.mark.parametrize(
    ("command", "action", "state"),
    [
        (PauseRecording(LEG, ID), "MixMonitorMute", "paused"),
        (ResumeRecording(LEG, ID), "MixMonitorMute", "recording"),
        (StopRecording(LEG, ID), "StopMixMonitor", "stopped"),
    ],
)
def test_changes(command: PauseRecording | ResumeRecording | StopRecording, action: str, state: str) -> None:
    it = running()
    it.do(command)
    asked = it.asked(action)
    assert dict(asked.headers)["MixMonitorID"] == "0x7f"
    it.answers(asked)
    assert [event.state for event in it.told() if isinstance(event, RecordingChanged)] == [state]


def test_a_change_that_the_switch_refuses() -> None:
    it = running()
    it.do(PauseRecording(LEG, ID))
    it.answers(it.asked("MixMonitorMute"), "Error", Message="Cannot set mute flag")
    assert it.told() == [RecordingFailed(LEG, ID, "Cannot set mute flag")]


@pytest.mark.parametrize("recording", ["../x", "a/b", "", "a b", ".hidden", "x,i(Y),id", "${X}", "x" * 200])
def test_a_name_cannot_reach_a_path_or_an_option(recording: str) -> None:
    it = Scripted()
    it.log_in()
    it.arrive()
    it.sent = []
    it.do(StartRecording(LEG, RecordingId(recording)))
    assert it.sent == []
    assert isinstance(it.told()[-1], RecordingFailed)


def test_an_answer_that_comes_after_the_end_of_the_leg_is_told_at_the_end() -> None:
    it = running()
    it.do(StopRecording(LEG, ID))
    action = it.asked("StopMixMonitor")
    it.hang_up(CALLER)
    it.answers(action)
    assert it.told() == [RecordingChanged(LEG, ID, "stopped"), LegHungUp(LEG, 16, "switch")]


def test_one_that_never_began() -> None:
    it = armed()
    it.do(PauseRecording(LEG, ID))
    it.do(ResumeRecording(LEG, ID))
    it.hang_up(CALLER)
    assert it.told() == [
        RecordingChanged(LEG, ID, "paused"),
        RecordingChanged(LEG, ID, "recording"),
        RecordingFailed(LEG, ID, "the leg ended before it began"),
        LegHungUp(LEG, 16, "switch"),
    ]


def test_stopped_before_it_began() -> None:
    it = armed()
    it.do(StopRecording(LEG, ID))
    assert [type(event) for event in it.told()] == [RecordingFailed, RecordingChanged]
    assert dict(it.sent[-1].headers) == {"Channel": CALLER, "Variable": "CCD_MONITOR", "Value": ""}
    it.says("MixMonitorStart", Uniqueid=CALLER)
    assert it.told() == []


def test_a_recording_that_has_no_id_has_failed() -> None:
    it = armed()
    it.sent = []
    it.says("MixMonitorStart", Uniqueid=CALLER)
    it.answers(it.asked("Getvar"), Value="")
    assert isinstance(it.told()[-1], RecordingFailed)


def test_a_change_under_way_when_the_link_is_lost() -> None:
    it = running()
    it.do(PauseRecording(LEG, ID))
    it.lose()
    it.told()
    it.log_in(Message({"Event": "Status", "Uniqueid": CALLER, "ChannelState": "6", "BridgeID": "b"}))
    assert RecordingFailed(LEG, ID, "the link was lost") in it.told()
