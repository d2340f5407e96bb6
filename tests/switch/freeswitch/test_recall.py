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
from tests.switch.freeswitch.scripted import AGENT, BOOT, CALLER, Scripted, leg

TALK = RecordingId("7-talk")
LEG, OTHER = leg(CALLER), leg(AGENT)
Shown = dict[str, dict[str, str]]


def standing(uuid: str = CALLER, **values: Any) -> LegStanding:
    return LegStanding(leg=leg(uuid), **{"is_dialled": False, "is_answered": True, **values})


def agents(**values: Any) -> LegStanding:
    return standing(AGENT, **{"is_dialled": True, "endpoint": Endpoint("user/1001"), **values})


def bridged(one: str = CALLER, other: str = AGENT) -> Shown:
    """Two in a bridge."""
    return {
        one: {"Channel_State": "CS_SOFT_EXECUTE", "v_signal_bond": other},
        other: {"Channel_State": "CS_EXCHANGE_MEDIA", "v_signal_bond": one, "Call_Direction": "outbound"},
    }


def parked(*uuids: str, **values: str) -> Shown:
    return dict.fromkeys(uuids, values)


def recalled(
    standings: Sequence[LegStanding],
    shown: Shown,
    *,
    boot: str = BOOT,
    written: dict[RecordingId, Moment] | None = None,
) -> Scripted:
    """A driver with these legs, logged in two seconds later to a switch that has those channels."""
    it = Scripted()
    it.written = written or {}
    it.boot = boot
    for one in standings:  # the automaton knows them from before
        state = it.grammar.legs[one.leg] = LegState(one.leg, one.is_dialled, one.is_answered)
        state.bridged = one.is_joined
        for command in one.due:
            for promise in promises(command):
                state.promise(promise, command)
    it.driver.recall(BOOT, standings, it.now)
    it.wait(2 * SECOND)
    for uuid, values in shown.items():
        it.shows(uuid, **values)
    it.log_in()
    return it


def of_legs(it: Scripted) -> list[Event]:
    """What was told of legs."""
    return [event for event in it.told() if hasattr(event, "leg")]


def beginning(it: Scripted, *commands: str) -> list[str]:
    """The questions that begin so."""
    return [text for text in it.asked() if text.startswith(commands)]


def test_who_waits_keeps_his_music_and_is_not_told_anew() -> None:
    it = recalled([standing(music="soft")], parked(CALLER, v_current_application_data="local_stream://soft"))
    assert of_legs(it) == []
    assert beginning(it, "execute", "uuid_break") == [], "it plays still"
    it.do(Play(LEG, 1, ("one",)))
    assert beginning(it, "execute", "uuid_break") == [f"uuid_break {CALLER} all"]
    it.completes(CALLER, "of a former daemon")
    assert beginning(it, "execute") == [f"execute {CALLER} playback play.1.1 one.wav"]


def test_who_should_have_music_and_has_none_gets_it() -> None:
    it = recalled([standing(music="soft")], parked(CALLER, v_current_application_data="welcome.wav"))
    it.wait(SECOND)
    assert beginning(it, "execute")[0].endswith("local_stream://soft")


def test_an_end_that_nobody_saw_is_the_far_ends_and_is_told_before_the_switch_is_up() -> None:
    it = recalled([standing(), agents(is_answered=False)], {})
    told = [event for event in it.told() if isinstance(event, LegHungUp | SwitchUp)]
    assert told[:2] == [LegHungUp(LEG, 16, "far_end"), LegHungUp(OTHER, 0, "switch")]
    assert isinstance(told[2], SwitchUp)


def test_a_switch_that_was_started_again_has_none_of_them() -> None:
    it = recalled([standing(), agents(is_joined=True, bridged_with=LEG)], {}, boot="another")
    ends = of_legs(it)
    assert ends == [LegHungUp(one, 0, "switch", at=Scripted().now) for one in (LEG, OTHER)]


def test_a_prompt_is_lost_and_ended_before_the_next() -> None:
    it = recalled([standing(due=(Play(LEG, 4, ("welcome",)),))], parked(CALLER))
    assert of_legs(it) == [PlayEnded(LEG, 4, "lost")]
    it.do(Play(LEG, 5, ("welcome",)))
    assert beginning(it, "execute", "uuid_break") == [f"uuid_break {CALLER} all"]
    it.wait(SECOND)
    assert beginning(it, "execute") == [f"execute {CALLER} playback play.5.1 welcome.wav"]
    assert of_legs(it) == []


def test_a_prompt_of_a_leg_that_is_gone_has_its_result() -> None:
    it = recalled([standing(due=(Play(LEG, 4, ("welcome",)),))], {})
    assert of_legs(it) == [PlayEnded(LEG, 4, "stopped"), LegHungUp(LEG, 16, "far_end")]


def test_a_phone_that_still_rings_is_adopted() -> None:
    rings = {"Answer_State": "ringing", "Call_Direction": "outbound", "Channel_State": "CS_CONSUME_MEDIA"}
    it = recalled([agents(is_answered=False, has_rung=True)], parked(AGENT, **rings))
    assert of_legs(it) == []
    it.says("CHANNEL_PARK", AGENT, Answer_State="answered")
    assert of_legs(it) == [LegAnswered(OTHER)]


def test_a_leg_of_the_engines_own_id_is_found_by_its_uuid() -> None:
    it = recalled([standing("6612f95b031ed", is_dialled=True)], parked("ccd-6612f95b031ed", Call_Direction="outbound"))
    assert of_legs(it) == []


def test_a_phone_that_was_picked_up_meanwhile_is_answered() -> None:
    it = recalled([agents(is_answered=False)], parked(AGENT, Call_Direction="outbound"))
    assert of_legs(it) == [LegAnswered(OTHER)]


def bridging(
    shown: Shown, *first: StartRecording, written: dict[RecordingId, Moment] | None = None, **values: Any
) -> Scripted:
    due = (*first, Bridge(LEG, OTHER))
    return recalled([standing(music="soft", due=due, **values), agents()], shown, written=written)


def test_a_bridge_that_the_switch_never_heard_of_is_made() -> None:
    it = bridging(parked(CALLER, AGENT))
    assert of_legs(it) == []
    assert beginning(it, "uuid_bridge", "execute") == [f"uuid_bridge {CALLER} {AGENT}"]


def test_a_bridge_that_came_about_is_told() -> None:
    it = bridging(bridged())
    assert of_legs(it) == [LegsBridged(LEG, OTHER, Scripted().now)], "it began when the daemon died"
    assert beginning(it, "uuid_bridge", "uuid_break", "execute") == []


def test_a_talk_that_began_meanwhile_is_recorded_and_that_is_told() -> None:
    it = bridging(bridged(), StartRecording(LEG, TALK), recording=TALK)
    told = of_legs(it)
    assert told == [LegsBridged(LEG, OTHER, Scripted().now), RecordingStarted(LEG, TALK)]
    assert beginning(it, "uuid_record") == [f"uuid_record {CALLER} start /var/spool/ccd/7-talk.raw"]


@pytest.mark.parametrize("shown", [{}, parked(CALLER), parked(CALLER, AGENT, v_CCD_WAY="returned")])
def test_a_talk_that_began_and_ended_meanwhile_is_proven_by_its_sound(shown: Shown) -> None:
    died = Scripted().now
    it = bridging(shown, StartRecording(LEG, TALK), recording=TALK, written={TALK: died + SECOND})
    told = of_legs(it)
    assert told[:2] == [LegsBridged(LEG, OTHER, died), RecordingStarted(LEG, TALK)]
    assert not [event for event in told[2:] if not isinstance(event, LegReturned | LegHungUp)]


def test_a_bridge_that_is_over_already_has_failed() -> None:
    it = bridging({**parked(CALLER, v_CCD_WAY="returned"), **parked(AGENT)})
    assert of_legs(it) == [BridgeFailed(LEG, OTHER, "the other leg was not there")]


def test_a_bridge_whose_other_leg_is_gone_has_failed() -> None:
    failed, over = of_legs(bridging(parked(CALLER)))
    assert isinstance(failed, BridgeFailed)
    assert over == LegHungUp(OTHER, 16, "far_end")


def test_a_bridge_with_a_leg_that_nobody_knows_any_more_has_failed() -> None:
    it = recalled([standing(due=(Bridge(LEG, OTHER),))], parked(CALLER))
    assert of_legs(it) == [BridgeFailed(LEG, OTHER, "the other leg is gone")]


def test_a_bridge_on_its_way_is_waited_for() -> None:
    it = bridging(parked(CALLER, AGENT, Channel_State="CS_RESET"))
    assert beginning(it, "uuid_bridge") == []
    it.bridges()
    assert of_legs(it) == [LegsBridged(LEG, OTHER, it.now)], "it began in our sight"


@pytest.mark.parametrize(("state", "answers"), [("ringing", 1), ("answered", 0)])
def test_an_answer_is_given_once(state: str, answers: int) -> None:
    it = recalled([standing(is_answered=False, due=(Answer(LEG),))], parked(CALLER, Answer_State=state))
    assert len(beginning(it, "uuid_answer")) == answers
    assert of_legs(it) == [LegAnswered(LEG)]


def test_a_hang_up_and_a_hand_back_are_carried_out() -> None:
    it = recalled([standing(due=(HangUp(LEG, 17),))], parked(CALLER))
    assert beginning(it, "uuid_kill") == [f"uuid_kill {CALLER} 17"]
    it = recalled([standing(due=(HandBack(LEG, "fallback"),))], parked(CALLER))
    assert beginning(it, "uuid_transfer") == [f"uuid_transfer {CALLER} fallback XML ccd-handback"]
    assert of_legs(it) == [LegHungUp(LEG, 0, "us")]


def talking(*due: Any, muted: bool = False) -> Scripted:
    """Two in a recorded talk."""
    caller = standing(is_joined=True, bridged_with=OTHER, has_talked=True, recording=TALK, muted=muted, due=due)
    return recalled([caller, agents(is_joined=True, bridged_with=LEG, has_talked=True)], bridged())


def test_a_talk_notices_nothing_and_its_recording_goes_on() -> None:
    it = talking()
    assert of_legs(it) == []
    assert beginning(it, "uuid_", "sched", "execute") == [
        f"uuid_dump {CALLER}",
        f"uuid_dump {AGENT}",
        f"sched_del {CALLER}",  # which may not have left any more
        f"sched_del {AGENT}",
    ]
    it.do(PauseRecording(LEG, TALK))
    assert of_legs(it) == [RecordingChanged(LEG, TALK, "paused")]
    it.hang_up(AGENT)
    it.returns(CALLER)
    assert of_legs(it) == [LegHungUp(OTHER, 16, "far_end"), LegReturned(LEG)]


def test_a_talk_that_ended_meanwhile_is_returned_from() -> None:
    caller = standing(is_joined=True, bridged_with=OTHER, has_talked=True)
    it = recalled([caller, agents(is_joined=True, bridged_with=LEG)], parked(CALLER, v_CCD_WAY="returned"))
    assert of_legs(it) == [LegHungUp(OTHER, 16, "far_end"), LegReturned(LEG)]


def test_a_mask_that_may_not_have_left_is_sent_again() -> None:
    assert beginning(talking(muted=True), "uuid_record") == [f"uuid_record {CALLER} mask /var/spool/ccd/7-talk.raw"]


def test_results_of_a_recording_that_are_due_come() -> None:
    assert of_legs(talking(StartRecording(LEG, TALK))) == [RecordingStarted(LEG, TALK)]
    assert of_legs(talking(PauseRecording(LEG, TALK), muted=True)) == [RecordingChanged(LEG, TALK, "paused")]
    assert of_legs(talking(StopRecording(LEG, TALK))) == [RecordingChanged(LEG, TALK, "stopped")]


def message() -> RecordMessage:
    return RecordMessage(LEG, 3, "7-1", 60 * SECOND, 5 * SECOND)


def test_a_message_goes_on_and_is_known_by_its_serial() -> None:
    it = recalled([standing(due=(message(),))], parked(CALLER))
    assert of_legs(it) == []
    assert beginning(it, "uuid_break", "execute") == []
    it.completes(CALLER, "message.3", Application="record", v_record_ms="2000")
    assert of_legs(it) == [MessageRecorded(LEG, 3, 2 * SECOND, "finished")]


def test_a_message_whose_end_nobody_saw_is_no_empty_one() -> None:
    recorded, over = of_legs(recalled([standing(due=(message(),))], {}))
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
    assert isinstance(over, LegHungUp)


def test_a_message_that_grows_no_more_is_over() -> None:
    """Its end was told while nobody listened: the caller is not held for the longest time of a message."""
    began = Scripted().now
    it = recalled([standing(due=(message(),))], parked(CALLER), written={RecordingId("7-1"): began})
    it.wait(4 * SECOND)
    assert of_legs(it) == [], "it may just be quiet"
    it.written[RecordingId("7-1")] = it.now
    it.wait(5 * SECOND)
    assert of_legs(it) == []
    it.wait(4 * SECOND)
    (recorded,) = of_legs(it)
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
    assert beginning(it, "execute") == []


def test_a_message_that_the_switch_never_heard_of_begins() -> None:
    it = recalled([standing(due=(message(),))], parked(CALLER))
    assert beginning(it, "execute") == [], "its tone may sound just now"
    it.wait(3 * SECOND)
    (asked,) = beginning(it, "execute")
    assert asked.startswith(f"execute {CALLER} record message.3 ")
    it.wait(60 * SECOND)
    assert of_legs(it) == []
    it.completes(CALLER, "message.3", Application="record", v_record_ms="2000")
    assert of_legs(it) == [MessageRecorded(LEG, 3, 2 * SECOND, "finished")]


def test_variables_that_may_not_have_been_written_are_written() -> None:
    known = {"CCD_CALL": "7", "CCD_QUEUE": "sales"}
    it = recalled([standing(variables=known)], parked(CALLER, v_CCD_STATE="CALL=7"))
    assert beginning(it, "uuid_setvar_multi") == [f"uuid_setvar_multi {CALLER} CCD_STATE=CALL=7&QUEUE=sales"]
    it = recalled([standing(variables=known)], parked(CALLER, v_CCD_STATE="CALL=7&QUEUE=sales"))
    assert beginning(it, "uuid_setvar_multi") == []


def test_legs_that_the_former_daemon_did_not_know_arrive() -> None:
    shown = bridged()
    for values in shown.values():
        values["v_CCD_STATE"] = "CALL=7&QUEUE=sales"
    it = recalled([], {**shown, **parked("c-9", v_CCD_STATE="CALL=9")})
    there = [event for event in of_legs(it) if isinstance(event, LegArrived)]
    assert there[2].variables == {"CCD_CALL": "9", "CCD_ROLE": "caller"}
    assert there[0].bridge == there[1].bridge != ""
    assert there[2].bridge == ""


@pytest.mark.parametrize("known", [True, False])
def test_whose_time_at_the_dialplan_may_be_nearly_over_has_it_renewed_first(known: bool) -> None:
    it = recalled([standing()] if known else [], parked(CALLER))
    assert f"sched_transfer +60 {CALLER} ccd-fallback XML ccd" in it.asked()


def test_a_link_that_was_away_between_the_asking_and_the_bridge() -> None:
    it = Scripted()
    it.log_in()
    it.arrive(Answer_State="answered")
    it.do(StartRecording(LEG, TALK))
    it.shows(AGENT)
    it.arrive(AGENT, role="agent", Answer_State="answered")
    it.is_silent = True
    it.do(Bridge(LEG, OTHER))
    asked_at = it.now
    it.lose()
    it.told()
    it.wait(2 * SECOND)
    it.is_silent = False
    for uuid, values in bridged().items():
        it.shows(uuid, **values)
    it.log_in()
    assert of_legs(it) == [LegsBridged(LEG, OTHER, asked_at), RecordingStarted(LEG, TALK)]
