"""A driver that begins where another one died: what became of each leg is asked, what is missing is done, once."""

from collections.abc import Sequence
from typing import Any

import pytest

from ccd.model.command import (
    Answer,
    Bridge,
    HandBack,
    HangUp,
    PauseRecording,
    Play,
    RecordMessage,
    StartRecording,
    StopRecording,
)
from ccd.model.event import (
    BridgeFailed,
    Event,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReturned,
    LegsBridged,
    MessageRecorded,
    PlayEnded,
    RecordingChanged,
    RecordingStarted,
    SwitchUp,
)
from ccd.model.ids import SECOND, Endpoint, Moment, RecordingId
from ccd.model.standing import LegStanding
from ccd.switch.grammar import LegState, promises
from ccd.wire.ami import Action, Message
from tests.switch.asterisk.scripted import BOOT, CALLER, Scripted, leg

AGENT = "ccd-7-1"
TALK = RecordingId("7-talk")


def standing(unique: str = CALLER, **values: Any) -> LegStanding:
    return LegStanding(leg=leg(unique), **{"is_dialled": False, "is_answered": True, **values})


def agents(**values: Any) -> LegStanding:
    return standing(AGENT, **{"is_dialled": True, "endpoint": Endpoint("PJSIP/1001"), **values})


def row(unique: str = CALLER, *, state: str = "", **headers: str) -> Message:
    """A line of Status: by default a channel that is up and in ccd-loop."""
    first = {
        "Event": "Status",
        "Uniqueid": unique,
        "ChannelState": "6",
        "Application": "AGI",
        "BridgeID": "",
        **headers,
    }
    pairs = (*first.items(), ("Variable", f"CCD_STATE={state}"), ("Variable", "CCD_ROLE=caller"))
    return Message(dict(pairs), pairs)


def recalled(
    standings: Sequence[LegStanding], *rows: Message, boot: str = BOOT, written: dict[RecordingId, Moment] | None = None
) -> Scripted:
    """A driver with these legs, logged in two seconds later to a switch that has those channels."""
    it = Scripted()
    it.written = written or {}
    for one in standings:  # the automaton knows them from before
        state = it.grammar.legs[one.leg] = LegState(one.leg, one.is_dialled, one.is_answered)
        state.bridged = one.is_joined
        for command in one.due:
            for promise in promises(command):
                state.promise(promise, command)
    it.driver.recall(BOOT, standings, it.now)
    it.wait(2 * SECOND)
    it.log_in(*rows, boot=boot)
    return it


def of_legs(it: Scripted) -> list[Event]:
    """What was told of legs."""
    return [event for event in it.told() if hasattr(event, "leg")]


def named(it: Scripted, name: str) -> list[dict[str, str]]:
    return [dict(action.headers) for action in it.sent if action.name == name]


def test_who_waits_has_music_and_is_not_told_anew() -> None:
    it = recalled([standing(music="soft")], row())
    assert of_legs(it) == []
    (command,) = named(it, "AGI")
    assert command["Command"] == "SET MUSIC ON soft"


def test_an_end_that_nobody_saw_is_the_far_ends_and_is_told_before_the_switch_is_up() -> None:
    it = recalled([standing(), agents(is_answered=False)])
    told = [event for event in it.told() if isinstance(event, LegHungUp | SwitchUp)]
    assert told[:2] == [LegHungUp(leg(CALLER), 16, "far_end"), LegHungUp(leg(AGENT), 0, "switch")]
    assert isinstance(told[2], SwitchUp)


def test_a_switch_that_was_started_again_has_none_of_them() -> None:
    it = recalled([standing(), agents(is_joined=True, bridged_with=leg(CALLER))], boot="2026-11-23T08:00:00")
    ends = of_legs(it)
    assert ends == [LegHungUp(one, 0, "switch", at=Scripted().now) for one in (leg(CALLER), leg(AGENT))]


def test_a_prompt_is_lost_and_its_channel_free_for_the_next() -> None:
    play = Play(leg(CALLER), 4, ("welcome",))
    it = recalled([standing(due=(play,))], row())
    assert of_legs(it) == [PlayEnded(leg(CALLER), 4, "lost")]
    (moved,) = named(it, "Redirect")
    assert (moved["Context"], moved["Exten"]) == ("ccd-loop", "returned")
    it.do(Play(leg(CALLER), 5, ("welcome",)))
    assert not named(it, "AGI"), "not before the move has ended what played"
    it.agi(CALLER, "caller", "1", "returned")
    assert len(named(it, "AGI")) == 1
    assert of_legs(it) == []


def test_a_prompt_of_a_leg_that_is_gone_has_its_result() -> None:
    it = recalled([standing(due=(Play(leg(CALLER), 4, ("welcome",)),))])
    assert of_legs(it) == [PlayEnded(leg(CALLER), 4, "stopped"), LegHungUp(leg(CALLER), 16, "far_end")]


def test_a_phone_that_still_rings_is_adopted() -> None:
    it = recalled([agents(is_answered=False, has_rung=True)], row(AGENT, Application="AppDial2", ChannelState="5"))
    assert of_legs(it) == []
    it.agi(AGENT, "agent")
    assert of_legs(it) == [LegAnswered(leg(AGENT))]


def test_a_phone_that_was_picked_up_meanwhile_is_answered() -> None:
    assert of_legs(recalled([agents(is_answered=False)], row(AGENT))) == [LegAnswered(leg(AGENT))]


def bridging(
    *rows: Message,
    due_first: StartRecording | None = None,
    written: dict[RecordingId, Moment] | None = None,
    **values: Any,
) -> Scripted:
    due = (*([due_first] if due_first else []), Bridge(leg(CALLER), leg(AGENT)))
    return recalled([standing(music="soft", due=due, **values), agents()], *rows, written=written)


def test_a_bridge_that_the_switch_never_heard_of_is_made() -> None:
    it = bridging(row(), row(AGENT))
    assert of_legs(it) == []
    (moved,) = named(it, "Redirect")
    assert (moved["Channel"], moved["Context"], moved["Exten"]) == (CALLER, "ccd-bridge", f"peer{AGENT}")
    assert not named(it, "AGI"), "music would outlive the talk in AGI's queue"


def test_a_bridge_that_came_about_is_told() -> None:
    it = bridging(row(BridgeID="b", Application="Bridge"), row(AGENT, BridgeID="b"))
    assert of_legs(it) == [LegsBridged(leg(CALLER), leg(AGENT), Scripted().now)], "it began when the daemon died"
    assert not named(it, "Redirect")


def test_a_talk_of_which_the_former_daemon_left_not_even_the_bridge_began_when_it_was_last_heard_of() -> None:
    """The last words of its journal are lost: the phone that rang, as far as is known, talks."""
    it = recalled([standing(music="soft"), agents(is_answered=False)], row(BridgeID="b"), row(AGENT, BridgeID="b"))
    assert of_legs(it) == [LegAnswered(leg(AGENT))]
    it.do(Bridge(leg(CALLER), leg(AGENT)))
    assert of_legs(it) == [LegsBridged(leg(CALLER), leg(AGENT), Scripted().now)]
    it.wait(2 * SECOND)
    it.do(Bridge(leg(CALLER), leg(AGENT)))
    assert of_legs(it) == [LegsBridged(leg(CALLER), leg(AGENT), 0)], "that is no news"


def test_a_talk_that_began_meanwhile_is_recorded_and_that_is_told() -> None:
    it = bridging(
        row(BridgeID="b"), row(AGENT, BridgeID="b"), recording=TALK, due_first=StartRecording(leg(CALLER), TALK)
    )
    assert of_legs(it) == [LegsBridged(leg(CALLER), leg(AGENT), Scripted().now)]
    it.answers(it.asked("Getvar"), Value="0x7f")
    assert of_legs(it) == [RecordingStarted(leg(CALLER), TALK)]


@pytest.mark.parametrize("rows", [(), (row(),), (row(Context="ccd-loop", Exten="returned"), row(AGENT))])
def test_a_talk_that_began_and_ended_meanwhile_is_proven_by_its_sound(rows: tuple[Message, ...]) -> None:
    start, died = StartRecording(leg(CALLER), TALK), Scripted().now
    it = bridging(*rows, recording=TALK, due_first=start, written={TALK: died + SECOND})
    told = of_legs(it)
    assert told[:2] == [LegsBridged(leg(CALLER), leg(AGENT), died), RecordingStarted(leg(CALLER), TALK)]
    assert not [event for event in told[2:] if not isinstance(event, LegReturned | LegHungUp)]


def test_a_bridge_that_is_over_already_has_failed() -> None:
    it = bridging(row(Context="ccd-loop", Exten="returned"), row(AGENT))
    assert of_legs(it) == [BridgeFailed(leg(CALLER), leg(AGENT), "the other leg was not there")]


def test_a_bridge_whose_other_leg_is_gone_has_failed() -> None:
    it = bridging(row())
    failed, over = of_legs(it)
    assert isinstance(failed, BridgeFailed)
    assert over == LegHungUp(leg(AGENT), 16, "far_end")


def test_a_bridge_with_a_leg_that_nobody_knows_any_more_has_failed() -> None:
    bridge = Bridge(leg(CALLER), leg(AGENT))
    assert of_legs(recalled([standing(due=(bridge,))], row())) == [
        BridgeFailed(leg(CALLER), leg(AGENT), "the other leg is gone")
    ]


def test_a_bridge_on_its_way_is_waited_for() -> None:
    it = bridging(row(Context="ccd-bridge", Application="MixMonitor"), row(AGENT))
    assert not named(it, "Redirect")
    for unique in (CALLER, AGENT):
        it.says("BridgeEnter", Uniqueid=unique, BridgeUniqueid="b")
    assert of_legs(it) == [LegsBridged(leg(CALLER), leg(AGENT), it.now)], "it began in our sight"


@pytest.mark.parametrize(("state", "moves"), [("4", 1), ("6", 0)])
def test_an_answer_is_given_once(state: str, moves: int) -> None:
    it = recalled([standing(is_answered=False, due=(Answer(leg(CALLER)),))], row(ChannelState=state))
    assert [one["Context"] for one in named(it, "Redirect")] == ["ccd-answer"] * moves
    assert of_legs(it) == ([] if moves else [LegAnswered(leg(CALLER))])


def test_a_hang_up_and_a_hand_back_are_carried_out() -> None:
    it = recalled([standing(due=(HangUp(leg(CALLER), 17),))], row())
    assert named(it, "Hangup")[0]["Cause"] == "17"
    it = recalled([standing(due=(HandBack(leg(CALLER), "fallback"),))], row())
    assert named(it, "Redirect")[0]["Context"] == "ccd-handback"
    assert of_legs(it) == [LegHungUp(leg(CALLER), 0, "us")]


def talking(*due: Any, muted: bool = False) -> Scripted:
    """Two in a recorded talk."""
    caller = standing(is_joined=True, bridged_with=leg(AGENT), has_talked=True, recording=TALK, muted=muted, due=due)
    agent = agents(is_joined=True, bridged_with=leg(CALLER), has_talked=True)
    return recalled([caller, agent], row(BridgeID="b"), row(AGENT, BridgeID="b"))


def test_a_talk_notices_nothing_and_its_recording_goes_on() -> None:
    it = talking()
    assert of_legs(it) == []
    assert not named(it, "Redirect")
    assert not named(it, "MixMonitorMute")
    it.do(PauseRecording(leg(CALLER), TALK))
    mute = next(action for action in it.sent if action.name == "MixMonitorMute")
    assert dict(mute.headers)["Channel"] == AGENT, "which carries the monitor"
    it.answers(mute)
    assert of_legs(it) == [RecordingChanged(leg(CALLER), TALK, "paused")]


def test_a_pause_whose_mute_may_not_have_left_is_sent_again() -> None:
    it = talking(muted=True)
    (mute,) = named(it, "MixMonitorMute")
    assert (mute["Channel"], mute["State"]) == (AGENT, "1")


def acknowledged(it: Scripted, name: str) -> None:
    actions: list[Action] = [action for action in it.sent if action.name == name]
    for action in actions:
        it.answers(action)


def test_results_of_a_recording_that_are_due_come() -> None:
    it = talking(StartRecording(leg(CALLER), TALK))
    assert of_legs(it) == [RecordingStarted(leg(CALLER), TALK)]
    it = talking(PauseRecording(leg(CALLER), TALK), muted=True)
    acknowledged(it, "MixMonitorMute")
    assert of_legs(it) == [RecordingChanged(leg(CALLER), TALK, "paused")]
    it = talking(StopRecording(leg(CALLER), TALK))
    acknowledged(it, "StopMixMonitor")
    assert of_legs(it) == [RecordingChanged(leg(CALLER), TALK, "stopped")]


def test_a_message_goes_on_and_its_result_is_known_though_its_command_is_not() -> None:
    message = RecordMessage(leg(CALLER), 3, "7-1", 60 * SECOND, 5 * SECOND)
    it = recalled([standing(due=(message,))], row())
    assert of_legs(it) == []
    it.says("AsyncAGIExec", Uniqueid=CALLER, CommandId="former", Result="200%20result%3D0%20(timeout)%20endpos%3D16000")
    assert of_legs(it) == [MessageRecorded(leg(CALLER), 3, 2 * SECOND, "finished")]


def test_a_message_whose_end_nobody_saw_is_no_empty_one() -> None:
    message = RecordMessage(leg(CALLER), 3, "7-1", 60 * SECOND, 5 * SECOND)
    recorded, over = of_legs(recalled([standing(due=(message,))]))
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
    assert isinstance(over, LegHungUp)


def test_a_message_that_grows_no_more_is_over() -> None:
    """Its result came while nobody listened: the caller is not held for the longest time of a message."""
    message, began = RecordMessage(leg(CALLER), 3, "7-1", 60 * SECOND, 5 * SECOND), Scripted().now
    it = recalled([standing(due=(message,))], row(), written={RecordingId("7-1"): began})
    it.wait(5 * SECOND)
    assert of_legs(it) == [], "it may just be quiet"
    it.written[RecordingId("7-1")] = it.now
    it.wait(6 * SECOND)
    assert of_legs(it) == []
    it.wait(5 * SECOND)
    (recorded,) = of_legs(it)
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
    assert not named(it, "AGI")


def test_a_message_that_the_switch_never_heard_of_begins() -> None:
    message = RecordMessage(leg(CALLER), 3, "7-1", 60 * SECOND, 5 * SECOND)
    it = recalled([standing(due=(message,))], row())
    assert not named(it, "AGI"), "its tone may sound just now"
    it.wait(3 * SECOND)
    (command,) = named(it, "AGI")
    assert command["Command"].startswith("RECORD FILE")
    it.wait(60 * SECOND)
    assert of_legs(it) == []
    it.says("AsyncAGIExec", Uniqueid=CALLER, CommandId=command["CommandID"], Result="200%20result%3D0%20endpos%3D16000")
    assert of_legs(it) == [MessageRecorded(leg(CALLER), 3, 2 * SECOND, "finished")]


def test_variables_that_may_not_have_been_written_are_written() -> None:
    known = {"CCD_CALL": "7", "CCD_QUEUE": "sales"}
    it = recalled([standing(variables=known)], row(state="CALL=7"))
    assert [one["Value"] for one in named(it, "Setvar") if one["Variable"] == "CCD_STATE"] == ["CALL=7&QUEUE=sales"]
    it = recalled([standing(variables=known)], row(state="CALL=7&QUEUE=sales"))
    assert not [one for one in named(it, "Setvar") if one["Variable"] == "CCD_STATE"]


def test_a_leg_that_the_former_daemon_did_not_know_arrives() -> None:
    (arrived,) = of_legs(recalled([], row(state="CALL=7&QUEUE=sales")))
    assert isinstance(arrived, LegArrived)
    assert arrived.variables == {"CCD_CALL": "7", "CCD_QUEUE": "sales", "CCD_ROLE": "caller"}


@pytest.mark.parametrize("known", [True, False])
def test_whose_time_at_the_dialplan_may_be_nearly_over_has_it_renewed_first(known: bool) -> None:
    it = recalled([standing()] if known else [], row(state="CALL=7"))
    assert ("TIMEOUT(absolute)", "60") in [(one["Variable"], one["Value"]) for one in named(it, "Setvar")]


def test_the_role_that_the_dialplan_gave_is_never_written_over() -> None:
    """Whoever went through ccd-bridge has the role `talked`: what a driver wrote or found before is no news."""
    known = {"CCD_CALL": "7", "CCD_ROLE": "caller", "CCD_DNIS": "1"}
    it = recalled([standing(variables=known)], row(state="CALL=6"))
    written = {one["Variable"]: one["Value"] for one in named(it, "Setvar")}
    assert written["CCD_STATE"] == "CALL=7"
    assert "CCD_ROLE" not in written
