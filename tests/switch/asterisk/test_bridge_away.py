"""A bridge whose coming about nobody saw: the link fell silent on its way, was lost, and is back."""

import pytest

from ccd.model.command import Bridge, Dial, StartRecording
from ccd.model.event import (
    BridgeFailed,
    Event,
    LegHungUp,
    LegReturned,
    LegsBridged,
    RecordingFailed,
    RecordingStarted,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import SECOND, Endpoint, Moment, RecordingId
from tests.switch.asterisk.scripted import AGENT, CALLER, Scripted, leg
from tests.switch.asterisk.test_recall import row

LEG, OTHER = leg(CALLER), leg(AGENT)
TALK = RecordingId("7-talk")


def bridging(*, recorded: bool = True) -> tuple[Scripted, Moment]:
    """The bridge is on its way, and when that was; from now on nothing is heard."""
    it = Scripted()
    it.log_in(devices={"PJSIP/1001": "NOT_INUSE"})
    it.arrive(ChannelState="6")
    if recorded:
        it.do(StartRecording(LEG, TALK))
    it.do(Dial(OTHER, Endpoint("PJSIP/1001"), 10 * SECOND))
    it.agi(AGENT, "agent", "", ChannelState="6")
    it.do(Bridge(LEG, OTHER))
    it.told()
    it.sent = []
    return it, it.now


def cut(it: Scripted) -> None:
    """The silence is noticed."""
    it.wait(9 * SECOND)
    assert it.driver.take_cut() is not None
    assert it.told() == [], "what became of the bridge is not known"
    it.lose()
    it.wait(SECOND)


def of_the_legs(it: Scripted) -> list[Event]:
    return [event for event in it.told() if not isinstance(event, SwitchDown | SwitchUp) and hasattr(event, "leg")]


def test_a_talk_that_began_and_ended_unseen_is_proven_by_its_sound() -> None:
    it, asked_at = bridging()
    it.written[TALK] = asked_at + 3 * SECOND
    cut(it)
    it.log_in()
    assert of_the_legs(it) == [
        LegsBridged(LEG, OTHER, asked_at),
        RecordingStarted(LEG, TALK),
        LegHungUp(LEG, 16, "far_end"),
        LegHungUp(OTHER, 16, "far_end"),
    ]


def test_a_caller_whose_agent_left_unseen_comes_back_from_the_talk() -> None:
    it, asked_at = bridging()
    it.written[TALK] = asked_at + 3 * SECOND
    cut(it)
    it.log_in(row(Context="ccd-loop", Exten="returned"))
    assert of_the_legs(it) == [
        LegsBridged(LEG, OTHER, asked_at),
        RecordingStarted(LEG, TALK),
        LegHungUp(OTHER, 16, "far_end"),
        LegReturned(LEG),
    ]


def test_both_back_from_their_talk_are_told_of_it() -> None:
    it, asked_at = bridging()
    it.written[TALK] = asked_at + 3 * SECOND
    cut(it)
    it.log_in(row(), row(AGENT))
    assert of_the_legs(it) == [
        LegsBridged(LEG, OTHER, asked_at),
        RecordingStarted(LEG, TALK),
        LegReturned(LEG),
        LegReturned(OTHER),
    ]


@pytest.mark.parametrize("recorded", [True, False])
def test_a_talk_that_goes_on_began_when_it_was_asked_for(recorded: bool) -> None:
    it, asked_at = bridging(recorded=recorded)
    it.written[TALK] = asked_at + 9 * SECOND
    cut(it)
    it.log_in(row(BridgeID="b"), row(AGENT, BridgeID="b"))
    assert LegsBridged(LEG, OTHER, asked_at) in of_the_legs(it)


@pytest.mark.parametrize("monitor_id", ["0x7f", ""])
def test_the_recording_of_a_talk_that_goes_on_is_asked_about(monitor_id: str) -> None:
    it, asked_at = bridging()
    cut(it)
    it.sent = []
    it.log_in(row(BridgeID="b"), row(AGENT, BridgeID="b"))
    assert of_the_legs(it) == [LegsBridged(LEG, OTHER, asked_at)]
    it.answers(it.asked("Getvar"), Value=monitor_id)
    (said,) = of_the_legs(it)
    assert said == RecordingStarted(LEG, TALK) if monitor_id else isinstance(said, RecordingFailed)


@pytest.mark.parametrize("written", [0, -SECOND])
def test_without_sound_since_it_was_asked_for_there_was_no_talk(written: Moment) -> None:
    it, asked_at = bridging()
    if written:
        it.written[TALK] = asked_at + written
    cut(it)
    it.log_in()
    told = of_the_legs(it)
    assert told[0] == BridgeFailed(LEG, OTHER, "a leg hung up")
    assert isinstance(told[1], RecordingFailed)
    assert told[2:] == [LegHungUp(LEG, 16, "far_end"), LegHungUp(OTHER, 16, "far_end")]


def test_a_talk_without_a_recording_cannot_be_proven() -> None:
    it, _ = bridging(recorded=False)
    cut(it)
    it.log_in()
    assert of_the_legs(it)[0] == BridgeFailed(LEG, OTHER, "a leg hung up")


@pytest.mark.parametrize("comes", [True, False])
def test_one_that_is_still_on_its_way_is_waited_for(comes: bool) -> None:
    it, _ = bridging(recorded=False)
    cut(it)
    it.log_in(row(Context="ccd-bridge", Application="Bridge"), row(AGENT, Application="NoOp"))
    assert of_the_legs(it) == []
    if comes:
        for unique in (CALLER, AGENT):
            it.says("BridgeEnter", Uniqueid=unique, BridgeUniqueid="b")
        assert of_the_legs(it) == [LegsBridged(LEG, OTHER, it.now)], "it began in our sight"
        return
    for _ in range(6):
        it.wait(SECOND)
        for ping in it.all_asked("Ping"):
            it.answers(ping, Ping="Pong")
    assert of_the_legs(it) == [BridgeFailed(LEG, OTHER, "not in time")]


def test_one_without_a_recording_that_is_over_has_failed() -> None:
    it, _ = bridging(recorded=False)
    cut(it)
    it.log_in(row(Context="ccd-loop", Exten="returned"), row(AGENT))
    assert of_the_legs(it) == [BridgeFailed(LEG, OTHER, "the other leg was not there")]


def test_a_bridge_that_is_seen_in_time_says_nothing_of_its_moment() -> None:
    it, _ = bridging()
    for unique in (CALLER, AGENT):
        it.says("BridgeEnter", Uniqueid=unique, BridgeUniqueid="b")
    assert LegsBridged(LEG, OTHER) in of_the_legs(it)
