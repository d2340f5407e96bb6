"""The recording of a leg: armed before the bridge, changed during it, always with one result."""

import pytest

from ccd.model.command import Bridge, Dial, PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import LegHungUp, LegsBridged, RecordingChanged, RecordingFailed, RecordingStarted
from ccd.model.ids import SECOND, Endpoint, RecordingId
from ccd.wire.ami import Message
from tests.switch.asterisk.scripted import AGENT, CALLER, Scripted, leg

LEG, OTHER = leg(CALLER), leg(AGENT)
ID = RecordingId("call-7.1")


def armed(*, muted: bool = False, answered: bool = True) -> Scripted:
    it = Scripted()
    it.log_in()
    it.arrive(ChannelState="6" if answered else "4")
    it.do(StartRecording(LEG, ID, muted))
    it.told()
    return it


def bridging(it: Scripted, unique: str = AGENT) -> None:
    it.do(Dial(leg(unique), Endpoint("PJSIP/1001"), SECOND))
    it.agi(unique, "agent", "")
    it.told()
    it.sent = []
    it.do(Bridge(LEG, leg(unique)))


def bridged(it: Scripted, unique: str = AGENT) -> None:
    it.says("BridgeEnter", BridgeUniqueid="b", Uniqueid=unique)
    it.says("BridgeEnter", BridgeUniqueid="b", Uniqueid=CALLER)


def running(*, muted: bool = False) -> Scripted:
    it = armed(muted=muted)
    bridging(it)
    it.says("MixMonitorStart", Uniqueid=AGENT)
    it.answers(it.asked("Getvar"), Value="0x7f")
    bridged(it)
    assert it.told() == [RecordingStarted(LEG, ID), LegsBridged(LEG, OTHER)]
    return it


def test_the_other_leg_goes_to_the_bridge_and_carries_the_monitor() -> None:
    it = armed(answered=False)
    assert [action.name for action in it.sent if action.name == "AGI"] == []
    bridging(it)
    # The application would answer the caller itself and wait for a frame of him.
    assert dict(it.asked("Redirect").headers)["Context"] == "ccd-answer"
    it.agi(CALLER, "caller", "49", "answered")
    monitor, move, *rest = it.sent
    value = f"/var/spool/ccd/{ID}.raw,abDi(CCD_MONITOR_ID)"
    assert dict(monitor.headers) == {"Channel": AGENT, "Variable": "CCD_MONITOR", "Value": value}
    assert move.name == "Redirect"
    assert (dict(move.headers)["Channel"], dict(move.headers)["Exten"]) == (AGENT, "peerPJSIP/trunk-00000001")
    written = {dict(action.headers)["Variable"]: dict(action.headers)["Value"] for action in rest}
    assert written == {"TIMEOUT(absolute)": "0", "CCD_ROLE": "talked"}


def test_one_that_is_to_start_muted_is_muted_in_the_same_breath() -> None:
    it = armed(muted=True)
    bridging(it)
    it.sent = []
    it.says("MixMonitorStart", Uniqueid=AGENT)
    assert [action.name for action in it.sent] == ["MixMonitorMute", "Getvar"]


def test_a_pause_holds_for_the_next_talk_with_a_monitor_of_its_own() -> None:
    it = running()
    it.do(PauseRecording(LEG, ID))
    it.answers(it.asked("MixMonitorMute"))
    it.hang_up(AGENT)
    it.agi(CALLER, "talked", "49")
    assert dict(it.asked("StopMixMonitor").headers) == {"Channel": AGENT, "MixMonitorID": "0x7f"}
    bridging(it, "a2")
    it.sent = []
    it.says("MixMonitorStart", Uniqueid="a2")
    assert dict(it.asked("MixMonitorMute").headers)["State"] == "1"
    it.told()
    it.do(ResumeRecording(LEG, ID))
    it.answers(it.asked("MixMonitorMute"))
    assert it.told() == [RecordingChanged(LEG, ID, "recording")]


def test_the_monitor_of_a_leg_in_another_talk_is_nobodys() -> None:
    it = running()
    it.agi(CALLER, "talked", "49")
    it.sent = []
    it.says("MixMonitorStart", Uniqueid=AGENT)
    it.says("MixMonitorStart", Uniqueid=CALLER)
    assert it.sent == []


def test_between_talks_changes_need_no_answer() -> None:
    it = running()
    it.hang_up(AGENT)
    it.agi(CALLER, "talked", "49")
    it.told()
    it.do(PauseRecording(LEG, ID))
    it.do(StopRecording(LEG, ID))
    assert it.told() == [RecordingChanged(LEG, ID, "paused"), RecordingChanged(LEG, ID, "stopped")]


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
    bridging(it)
    assert dict(it.sent[0].headers)["Channel"] == CALLER
    it.says("MixMonitorStart", Uniqueid=AGENT)
    assert it.told() == []


def test_a_recording_that_has_no_id_has_failed() -> None:
    it = armed()
    bridging(it)
    it.says("MixMonitorStart", Uniqueid=AGENT)
    it.answers(it.asked("Getvar"), Value="")
    assert isinstance(it.told()[-1], RecordingFailed)


def test_a_change_under_way_when_the_link_is_lost() -> None:
    it = running()
    it.do(PauseRecording(LEG, ID))
    it.lose()
    it.told()
    it.log_in(*[Message({"Event": "Status", "Uniqueid": one, "BridgeID": "b"}) for one in (CALLER, AGENT)])
    assert RecordingFailed(LEG, ID, "the link was lost") in it.told()
