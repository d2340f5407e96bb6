"""Every trap of FreeSWITCH's event socket that was met (freeswitch.md, its source, its transcripts), one test each."""

from itertools import permutations

import msgspec
import pytest

from ccd.model.command import (
    Answer,
    Bridge,
    Dial,
    HandBack,
    HangUp,
    Hold,
    Play,
    RecordMessage,
    Ring,
    SetVariables,
    StartRecording,
    StopPlay,
)
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegRinging,
    LegsBridged,
    MessageRecorded,
    PlayEnded,
)
from ccd.model.ids import MILLISECOND, SECOND, Endpoint, RecordingId
from tests.switch.freeswitch.scripted import AGENT, CALLER, SECOND_CALLER, SETTINGS, Scripted, leg

LEG, OTHER, THIRD = leg(CALLER), leg(AGENT), leg(SECOND_CALLER)


def arrived(*, answered: bool = False) -> Scripted:
    it = Scripted()
    it.log_in()
    it.arrive(Answer_State="answered" if answered else "ringing")
    it.told()
    it.asked()
    return it


def dialled(it: Scripted, uuid: str = AGENT, endpoint: str = "user/1001") -> None:
    it.do(Dial(leg(uuid), Endpoint(endpoint), 10 * SECOND))


def picked_up(it: Scripted, uuid: str = AGENT) -> None:
    it.says("CHANNEL_ANSWER", uuid, Answer_State="answered")
    it.says("CHANNEL_PARK", uuid, Answer_State="answered", Call_Direction="outbound", v_CCD_ROLE="agent")


def with_agent(*, answered: bool = True) -> Scripted:
    it = arrived(answered=answered)
    dialled(it)
    picked_up(it)
    assert it.told() == [LegAnswered(OTHER)]
    it.asked()
    return it


def talking() -> Scripted:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.bridges()
    assert it.told() == [LegsBridged(LEG, OTHER)]
    it.asked()
    return it


def executes(it: Scripted) -> list[str]:
    return [text.partition(f"{CALLER} ")[2] for text in it.asked() if text.startswith("execute ")]


# --- sendmsg


def test_never_more_than_one_application_is_outstanding() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one", "two")))
    it.do(Play(LEG, 2, ("three",)))
    it.do(Hold(LEG, "jazz"))
    it.do(Play(LEG, 3, ("four",)))
    assert executes(it) == ["playback play.1.1 one.wav"]
    assert it.told() == [PlayEnded(LEG, 1, "stopped"), PlayEnded(LEG, 2, "stopped")]
    it.completes(CALLER, "play.1.1")
    assert executes(it) == ["playback play.3.1 four.wav"]


def test_ok_means_queued_and_not_played() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    assert it.told() == []
    it.completes(CALLER, "play.1.1")
    assert it.told() == [PlayEnded(LEG, 1, "finished")]


def test_a_break_that_comes_before_the_application_began_is_lost_and_sent_again() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.do(StopPlay(LEG))
    it.wait(130 * MILLISECOND)
    assert it.asked().count(f"uuid_break {CALLER}") == 3
    it.completes(CALLER, "play.1.1")
    it.wait(SECOND // 2)
    assert not [text for text in it.asked() if text.startswith("uuid_break")]


def test_an_end_that_never_comes_does_not_hold_the_leg_for_ever() -> None:
    """Queued applications vanish without an event at times."""
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.do(Play(LEG, 2, ("two",)))
    it.wait(2 * SECOND)
    assert executes(it)[-1] == "playback play.2.1 two.wav"


def test_only_applications_that_exist_are_executed() -> None:
    """An unknown one is answered with +OK and kills the call."""
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.completes(CALLER, "play.1.1")
    it.do(Hold(LEG))
    it.do(RecordMessage(LEG, 2, "7-1", SECOND, SECOND))
    it.completes(CALLER, "", Application="playback")
    it.wait(2 * SECOND)
    assert {text.split()[0] for text in executes(it)} == {"playback", "record"}


def test_no_command_is_built_of_anything_but_names() -> None:
    it = arrived()
    for serial, sound in enumerate(("", "a b", "x' '1", "../secret", "/a/../b", "a\nsendmsg", "${system(id)}", "a@@5")):
        it.do(Play(LEG, serial, (sound,)))
        assert it.told() == [PlayEnded(LEG, serial, "failed")]
    it.do(RecordMessage(LEG, 9, "../x", SECOND, SECOND))
    assert it.told() == [MessageRecorded(LEG, 9, 0, "failed")]
    it.do(Hold(LEG, "default' x"))
    assert [text.split()[-1] for text in executes(it)] == ["local_stream://default"]


def test_an_execute_that_is_refused_fails_what_it_was_for() -> None:
    it = arrived()
    it.refusals["execute"] = "-ERR invalid session id [x]"
    it.do(Play(LEG, 1, ("one",)))
    assert it.told() == [PlayEnded(LEG, 1, "failed")]


def test_what_was_broken_off_reads_file_played() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one", "two")))
    it.do(StopPlay(LEG))
    it.completes(CALLER, "play.1.1", "FILE PLAYED")
    assert it.told() == [PlayEnded(LEG, 1, "stopped")]
    assert executes(it) == ["playback play.1.1 one.wav"]


@pytest.mark.parametrize("response", ["FILE NOT FOUND", "PLAYBACK ERROR"])
def test_a_missing_sound_shows_only_in_the_end_of_its_application(response: str) -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("missing", "one")))
    it.completes(CALLER, "play.1.1", response)
    assert it.told() == [PlayEnded(LEG, 1, "failed")]
    it.do(Play(LEG, 2, ("one",)))
    assert executes(it)[-1] == "playback play.2.1 one.wav"


def test_the_end_of_park_itself_is_no_end_of_ours() -> None:
    """It bears the response of what ran in it before, and a uuid of its own."""
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.says("CHANNEL_EXECUTE_COMPLETE", CALLER, Application="park", Application_UUID="x", Application_Response="x")
    assert it.told() == []


def test_music_is_no_endless_playback() -> None:
    """That one a break only restarts, and no key is heard during it."""
    it = arrived()
    it.do(Hold(LEG, "jazz"))
    (music,) = executes(it)
    assert music.startswith("playback music.")
    assert music.endswith(" local_stream://jazz")


def test_music_whose_stream_was_loaded_anew_goes_on_and_a_missing_one_is_not_tried_for_ever() -> None:
    it = arrived()
    it.do(Hold(LEG))
    (music,) = executes(it)
    it.wait(2 * SECOND)
    it.completes(CALLER, music.split()[1])
    (again,) = executes(it)
    it.completes(CALLER, again.split()[1], "FILE NOT FOUND")
    assert executes(it) == []


def test_one_application_of_a_leg_that_hangs_up_has_no_end() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.hang_up(CALLER)
    assert it.told() == [PlayEnded(LEG, 1, "stopped"), LegHungUp(LEG, 16, "far_end")]


# --- keys


def test_a_key_is_told_once_and_before_the_play_that_it_ends() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",), until_digit=True))
    assert it.asked() == [
        f"uuid_setvar {CALLER} playback_terminators any",
        f"execute {CALLER} playback play.1.1 one.wav",
    ]
    it.says("DTMF", CALLER, DTMF_Digit="2", DTMF_Source="RTP")
    it.completes(CALLER, "play.1.1", v_playback_terminator_used="2")
    assert it.told() == [DigitPressed(LEG, "2"), PlayEnded(LEG, 1, "digit")]


def test_the_star_key_ends_nothing_by_itself() -> None:
    """It does in FreeSWITCH, unless a channel says otherwise."""
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.do(Play(LEG, 2, ("one",)))
    it.completes(CALLER, "play.1.1")
    assert [text for text in it.asked() if "terminators" in text] == [f"uuid_setvar {CALLER} playback_terminators none"]


def test_keys_typed_while_nothing_reads_them_are_told() -> None:
    it = arrived()
    it.says("DTMF", CALLER, DTMF_Digit="1")
    it.says("DTMF", CALLER, DTMF_Digit="12")
    it.says("DTMF", "somebody-else", DTMF_Digit="1")
    assert it.told() == [DigitPressed(LEG, "1")]


def test_a_key_between_two_sounds_ends_the_play() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one", "two"), until_digit=True))
    it.completes(CALLER, "play.1.1")
    it.says("DTMF", CALLER, DTMF_Digit="#")
    assert it.told() == [DigitPressed(LEG, "#"), PlayEnded(LEG, 1, "digit")]
    it.asked()
    it.wait(70 * MILLISECOND)
    assert it.asked() == [f"uuid_break {CALLER}"]
    it.completes(CALLER, "play.1.2")
    assert it.told() == []


def test_a_key_that_no_terminator_knows_ends_the_play_by_a_break() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",), until_digit=True))
    it.says("DTMF", CALLER, DTMF_Digit="A")
    assert it.told() == [DigitPressed(LEG, "A"), PlayEnded(LEG, 1, "digit")]
    it.wait(70 * MILLISECOND)
    assert f"uuid_break {CALLER}" in it.asked()


# --- messages


def test_a_messages_tone_is_part_of_its_recording_and_any_key_ends_it() -> None:
    it = arrived(answered=True)
    it.do(RecordMessage(LEG, 3, "7-1", 90 * SECOND + 1, 4 * SECOND))
    assert it.asked() == [
        f"uuid_setvar {CALLER} playback_terminators any",
        f"uuid_setvar {CALLER} record_indication tone_stream://%(500,0,640)",
        f"uuid_setvar {CALLER} enable_file_write_buffering false",
        f"execute {CALLER} record message.3 /var/spool/ccd/7-1.wav 91 200 4",
    ]
    it.says("DTMF", CALLER, DTMF_Digit="#")
    it.completes(CALLER, "message.3", Application="record", v_record_ms="2500")
    assert it.told() == [DigitPressed(LEG, "#"), MessageRecorded(LEG, 3, 2_500 * MILLISECOND, "finished")]


def test_a_message_that_is_stopped_or_whose_caller_leaves() -> None:
    it = arrived(answered=True)
    it.do(RecordMessage(LEG, 3, "7-1", 90 * SECOND, 4 * SECOND, beep=False))
    it.do(Hold(LEG))
    assert it.told() == []
    it.completes(CALLER, "message.3", Application="record", v_record_ms="1500")
    assert it.told() == [MessageRecorded(LEG, 3, 1_500 * MILLISECOND, "stopped")]
    it.do(RecordMessage(LEG, 4, "7-2", 90 * SECOND, 4 * SECOND))
    it.completes(CALLER, "x", Application="playback")
    it.wait(2 * SECOND)
    it.says("CHANNEL_HANGUP", CALLER, v_sip_hangup_disposition="recv_bye")
    it.completes(CALLER, "message.4", Application="record", v_record_ms="700")
    it.says("CHANNEL_HANGUP_COMPLETE", CALLER, Hangup_Cause="NORMAL_CLEARING")
    assert it.told() == [MessageRecorded(LEG, 4, 700 * MILLISECOND, "hung_up"), LegHungUp(LEG, 16, "far_end")]


# --- answering, ringing


@pytest.mark.parametrize("first", ["reply", "event"])
def test_the_answer_is_told_once_by_the_reply_or_the_event(first: str) -> None:
    it = arrived()
    it.is_silent = True
    it.do(Answer(LEG))
    if first == "event":
        it.says("CHANNEL_ANSWER", CALLER, Answer_State="answered")
        assert it.told() == [LegAnswered(LEG)]
        it.answer()
    else:
        it.answer()
        assert it.told() == [LegAnswered(LEG)]
        it.says("CHANNEL_ANSWER", CALLER, Answer_State="answered")
    assert it.told() == []


def test_a_refused_answer_begins_with_error() -> None:
    """-ERROR, of all commands; the channel's end follows."""
    it = arrived()
    it.refusals["uuid_answer"] = "-ERROR\n"
    it.do(Answer(LEG))
    assert it.told() == []


def test_music_goes_on_over_the_answer() -> None:
    it = arrived()
    it.do(Hold(LEG))
    it.asked()
    it.do(Answer(LEG))
    assert it.asked() == [f"uuid_answer {CALLER}"]


def test_ringing_is_not_queued_behind_what_plays() -> None:
    it = arrived()
    it.do(Ring(LEG))
    assert it.asked() == [f"uuid_ring_ready {CALLER}"]
    it = arrived(answered=True)
    it.do(Ring(LEG))
    assert len(executes(it)) == 1, "who is answered hears music"


# --- hanging up


@pytest.mark.parametrize(
    ("disposition", "by"), [("recv_bye", "far_end"), ("recv_cancel", "far_end"), ("send_bye", "switch"), ("", "switch")]
)
def test_who_hung_up_is_told_by_sip(disposition: str, by: str) -> None:
    it = arrived()
    it.hang_up(CALLER, by=disposition)
    (over,) = it.told()
    assert isinstance(over, LegHungUp)
    assert over.by == by


def test_nothing_is_told_of_a_channel_after_its_end() -> None:
    it = arrived()
    it.hang_up(CALLER, "ORIGINATOR_CANCEL", "recv_cancel", v_sip_term_status="487")
    assert it.told() == [LegHungUp(LEG, 16, "far_end", 487)]
    it.says("DTMF", CALLER, DTMF_Digit="1")
    it.hang_up(CALLER)
    assert it.told() == []


def test_a_channel_that_comes_again_after_its_end_is_hung_up() -> None:
    it = arrived()
    it.hang_up(CALLER)
    it.told()
    it.arrive()
    assert it.told() == []
    assert it.asked() == [f"uuid_kill {CALLER}"]


def test_our_own_hang_up_is_ours_and_has_our_cause() -> None:
    it = arrived()
    it.do(HangUp(LEG, 17))
    assert it.asked() == [f"uuid_kill {CALLER} 17"]
    it.hang_up(CALLER, "USER_BUSY", "send_refuse")
    assert it.told() == [LegHungUp(LEG, 17, "us")]


def test_a_hang_up_is_sent_again_until_the_end_is_in() -> None:
    it = arrived()
    it.do(HangUp(LEG))
    it.wait(2 * SECOND)
    assert it.asked().count(f"uuid_kill {CALLER} 16") == 3
    it.hang_up(CALLER)
    it.wait(3 * SECOND)
    assert it.asked() == []


def test_answered_elsewhere_has_a_cause_of_its_own() -> None:
    """26 is none of FreeSWITCH's; with LOSE_RACE the phone shows no missed call."""
    it = arrived()
    dialled(it)
    it.says("CHANNEL_PROGRESS", AGENT, Answer_State="ringing")
    it.asked()
    it.do(HangUp(OTHER, 26))
    assert it.asked() == [f"uuid_kill {AGENT} 702"]
    it.hang_up(AGENT, "LOSE_RACE", "send_cancel")
    assert it.told()[-1] == LegHungUp(OTHER, 26, "us")


def test_a_leg_hung_up_before_its_channel_exists() -> None:
    it = arrived()
    dialled(it)
    it.refusals["uuid_kill"] = "-ERR No such channel!"
    it.asked()
    it.do(HangUp(OTHER, 26))
    it.wait(25 * MILLISECOND)
    assert it.asked() == [f"uuid_kill {AGENT} 702"] * 2


def test_a_leg_is_no_more_when_uuid_exists_says_so_but_its_end_comes_behind() -> None:
    it = arrived()
    it.wait(60 * SECOND)
    assert f"uuid_exists {CALLER}" in it.asked()
    assert it.told() == [], "its end may be on its way, with the true cause"
    it.hang_up(CALLER, "USER_BUSY")
    assert it.told() == [LegHungUp(LEG, 17, "far_end")]
    it = arrived()
    it.wait(63 * SECOND)
    assert it.told() == [LegHungUp(LEG, 16, "far_end")]


def test_a_leg_that_is_there_is_looked_for_again() -> None:
    it = arrived()
    it.shows(CALLER)
    it.wait(200 * SECOND)
    assert it.told() == []


# --- dialling


def test_a_phone_is_rung_with_our_uuid_into_park_without_early_media() -> None:
    it = arrived()
    dialled(it)
    (asked,) = it.asked()
    assert asked.startswith("bgapi originate {origination_uuid=a-1,originate_timeout=11,ignore_early_media=true,")
    assert asked.endswith("}user/1001 &park()")


@pytest.mark.parametrize("order", list(permutations(("job", "answer", "park"))))
def test_an_answer_in_any_order(order: tuple[str, ...]) -> None:
    it = arrived()
    dialled(it)
    for what in order:
        if what == "job":
            it.says("BACKGROUND_JOB", body=f"+OK {AGENT}\n", Job_UUID=f"ccd-{AGENT}")
        elif what == "answer":
            it.says("CHANNEL_ANSWER", AGENT, Answer_State="answered")
        else:
            it.says("CHANNEL_PARK", AGENT, Answer_State="answered", v_CCD_ROLE="agent")
    assert it.told() == [LegAnswered(OTHER)]


def test_ringing_is_told_once_whatever_came_before() -> None:
    it = arrived()
    dialled(it)
    it.says("CHANNEL_PROGRESS", AGENT, Answer_State="ringing")
    it.says("CHANNEL_PROGRESS_MEDIA", AGENT, Answer_State="early")
    assert it.told() == [LegRinging(OTHER)]
    picked_up(it)
    it.says("CHANNEL_PROGRESS", AGENT, Answer_State="answered")
    assert it.told() == [LegAnswered(OTHER)]


@pytest.mark.parametrize("order", list(permutations(("job", "hangup", "complete"))))
@pytest.mark.parametrize("created", [True, False])
def test_a_refusal_in_any_order_has_its_cause(order: tuple[str, ...], created: bool) -> None:
    it = arrived()
    dialled(it)
    if created:
        it.says("CHANNEL_CREATE", AGENT, Answer_State="ringing")
    for what in order:
        if what == "job":
            it.says("BACKGROUND_JOB", body="-ERR USER_BUSY\n", Job_UUID=f"ccd-{AGENT}")
        elif what == "hangup":
            it.says("CHANNEL_HANGUP", AGENT, Hangup_Cause="USER_BUSY", v_sip_hangup_disposition="recv_refuse")
        else:
            it.says("CHANNEL_HANGUP_COMPLETE", AGENT, Hangup_Cause="USER_BUSY", v_sip_term_status="486")
        it.wait(MILLISECOND)
    it.wait(30 * SECOND)
    (over,) = [event for event in it.told() if event != LegHungUp(LEG, 16, "far_end")]
    assert isinstance(over, LegHungUp)
    assert over.cause == 17
    if created:
        assert over.sip_code == 486


def test_a_phone_that_is_not_registered_has_no_channel_and_no_end() -> None:
    it = arrived()
    dialled(it)
    it.says("BACKGROUND_JOB", body="-ERR USER_NOT_REGISTERED\n", Job_UUID=f"ccd-{AGENT}")
    it.wait(0)
    assert it.told() == [LegHungUp(OTHER, 20, "switch")]


def test_a_dial_that_fails_without_a_cause_has_one() -> None:
    it = arrived()
    dialled(it)
    it.hang_up(AGENT, "", "")
    assert it.told() == [LegHungUp(OTHER, 31, "switch")]


def test_an_originate_that_says_ok_with_another_uuid_is_not_ours() -> None:
    """Loopback and null channels do, where the uuid is there already; sofia says DESTINATION_OUT_OF_ORDER."""
    it = arrived()
    dialled(it)
    it.asked()
    it.says("BACKGROUND_JOB", body=f"+OK {SECOND_CALLER}\n", Job_UUID=f"ccd-{AGENT}")
    assert it.told() == [LegHungUp(OTHER, 41, "switch")]
    assert it.asked() == [f"uuid_kill {SECOND_CALLER}"]


def test_jobs_of_other_clients_are_left_alone() -> None:
    it = arrived()
    dialled(it)
    it.says("BACKGROUND_JOB", body="-ERR USER_BUSY\n", Job_UUID="7f4a0c31")
    it.wait(SECOND)
    assert it.told() == []


def test_jobs_are_capped() -> None:
    it = Scripted(msgspec.structs.replace(SETTINGS, job_limit=2))
    it.log_in()
    for count in range(3):
        dialled(it, f"a-{count}")
    assert it.told()[-1:] == [LegHungUp(leg("a-2"), 42, "us")]
    it.says("BACKGROUND_JOB", body="-ERR USER_BUSY\n", Job_UUID="ccd-a-0")
    it.wait(SECOND)
    it.told()
    dialled(it, "a-3")
    assert it.told() == []


def test_an_originate_of_unknown_outcome_is_asked_about_and_never_sent_again() -> None:
    it = arrived()
    it.shows(CALLER)
    dialled(it)
    it.wait(16 * SECOND)
    asked = it.asked()
    assert len([text for text in asked if text.startswith("bgapi")]) == 1
    assert f"uuid_exists {AGENT}" in asked
    assert it.told() == [LegHungUp(OTHER, 41, "switch")]


def test_a_uuid_in_use_is_not_dialled() -> None:
    it = with_agent()
    it.driver.perform(Dial(OTHER, Endpoint("user/1001"), SECOND), it.now)
    assert it.asked() == []


def test_a_dial_that_the_switch_refuses() -> None:
    it = arrived()
    it.refusals["bgapi"] = "-ERR permission denied"
    dialled(it)
    assert it.told() == [LegHungUp(OTHER, 41, "switch")]


# --- connecting


def test_a_bridge_is_asked_for_at_once_and_everything_else_behind_it() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    assert it.asked() == [
        f"uuid_bridge {CALLER} {AGENT}",
        f"sched_del {CALLER}",
        f"sched_del {AGENT}",
        f"uuid_setvar_multi {CALLER} CCD_ROLE=talked",
    ]


def test_what_is_queued_would_play_inside_the_bridge_and_is_cleared() -> None:
    it = with_agent()
    it.do(Hold(LEG))
    it.do(Play(LEG, 1, ("one",)))
    it.asked()
    it.do(Bridge(LEG, OTHER))
    assert it.asked()[:2] == [f"uuid_break {CALLER} all", f"uuid_bridge {CALLER} {AGENT}"]
    assert it.told() == [PlayEnded(LEG, 1, "stopped")]
    it.bridges()
    it.wait(2 * SECOND)
    it.returns(CALLER)
    assert executes(it) == [], "neither in the talk nor after it"


@pytest.mark.parametrize("on", [(CALLER, AGENT), (AGENT, CALLER)])
def test_the_bridge_appears_on_one_leg_only(on: tuple[str, str]) -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.bridges(*on)
    assert it.told() == [LegsBridged(LEG, OTHER)]


def test_ok_to_a_bridge_says_no_more_than_that_they_are_on_their_way() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    assert it.told() == []


def test_a_bridge_that_is_refused() -> None:
    it = with_agent()
    it.do(Hold(LEG))
    it.refusals["uuid_bridge"] = "-ERR Invalid uuid"
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [BridgeFailed(LEG, OTHER, "-ERR Invalid uuid")]
    it.asked()
    it.do(Play(LEG, 1, ("one",)))
    it.wait(SECOND)
    asked = it.asked()
    assert f"uuid_break {CALLER} all" in asked, "what it played may play still"
    assert f"execute {CALLER} playback play.1.1 one.wav" in asked


def test_a_bridge_waits_for_ever_for_a_leg_that_is_not_answered_so_it_is() -> None:
    it = with_agent(answered=False)
    it.do(Bridge(LEG, OTHER))
    assert it.asked()[:2] == [f"uuid_answer {CALLER}", f"uuid_bridge {CALLER} {AGENT}"]


def test_both_legs_come_back_to_the_dialplan_from_every_bridge() -> None:
    """After a bridge the other leg is hung up, even with hangup_after_bridge=false; and the variable is used up."""
    it = arrived()
    dialled(it)
    assert "transfer_after_bridge=ccd-returned:XML:ccd" in it.asked()[0]


def test_an_agent_gone_in_the_moment_of_the_bridge_does_not_take_the_caller_with_him() -> None:
    """FreeSWITCH hangs up a leg whose partner is not there any more, unless that has an rdnis: it is moved there."""
    it = arrived()
    dialled(it)
    assert "rdnis=ccd-returned" in it.asked()[0]


def test_the_other_leg_gone_before_the_bridge() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.returns(CALLER)
    assert it.told() == [BridgeFailed(LEG, OTHER, "the other leg was not there")]
    it.hang_up(AGENT)
    assert it.told() == [LegHungUp(OTHER, 16, "far_end")]


def test_a_park_of_before_that_is_told_behind_does_not_end_the_bridge() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.arrive()
    assert it.told() == []
    it.bridges()
    assert it.told() == [LegsBridged(LEG, OTHER)]


@pytest.mark.parametrize(("gone", "over"), [(AGENT, OTHER), (CALLER, LEG)])
def test_a_leg_gone_during_the_bridge(gone: str, over: str) -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.hang_up(gone)
    assert it.told() == [BridgeFailed(LEG, OTHER, "a leg hung up"), LegHungUp(leg(gone), 16, "far_end")]


def test_a_bridge_with_a_leg_that_is_leaving_is_not_tried() -> None:
    it = with_agent()
    it.says("CHANNEL_HANGUP", AGENT, v_sip_hangup_disposition="recv_bye")
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [BridgeFailed(LEG, OTHER, "a leg is being hung up")]
    assert it.asked() == []


def test_a_bridge_that_never_comes_fails() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.wait(6 * SECOND)
    assert it.told() == [BridgeFailed(LEG, OTHER, "not in time")]
    it.do(Hold(LEG))
    it.wait(SECOND)
    assert executes(it), "no leg is stuck on its way"


def test_a_bridged_pair_is_not_bridged_again() -> None:
    it = talking()
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [LegsBridged(LEG, OTHER)]
    assert it.asked() == []


def test_a_leg_in_a_talk_is_moved_out_of_it_before_the_next_with_whom_it_talks() -> None:
    """To bridge it anew, or to move it alone, would hang up the other one."""
    it = talking()
    it.arrive(SECOND_CALLER, Answer_State="answered")
    it.told()
    it.asked()
    it.do(Bridge(THIRD, OTHER))
    assert it.asked() == [f"uuid_transfer {AGENT} -both ccd-returned XML ccd"]
    it.returns(CALLER)
    assert it.told() == [LegReturned(LEG)]
    it.returns(AGENT)
    assert it.asked()[0] == f"uuid_bridge {SECOND_CALLER} {AGENT}"
    it.bridges(SECOND_CALLER, AGENT)
    assert it.told() == [LegsBridged(THIRD, OTHER)]


def test_who_is_left_comes_by_himself_and_is_not_moved() -> None:
    it = talking()
    it.arrive(SECOND_CALLER, Answer_State="answered")
    it.hang_up(AGENT)
    it.told()
    it.asked()
    it.do(Bridge(LEG, THIRD))
    assert it.asked() == []
    it.returns(CALLER)
    assert it.asked()[0] == f"uuid_bridge {CALLER} {SECOND_CALLER}"


@pytest.mark.parametrize("is_free", [True, False])
def test_a_move_out_of_a_talk_that_came_to_nothing_is_a_return_from_it(is_free: bool) -> None:
    it = talking()
    it.arrive(SECOND_CALLER, Answer_State="answered")
    it.told()
    it.do(Bridge(THIRD, OTHER))
    if is_free:
        it.returns(AGENT)
    it.hang_up(SECOND_CALLER)
    assert it.told() == [BridgeFailed(THIRD, OTHER, "a leg hung up"), LegHungUp(THIRD, 16, "far_end")]
    it.returns(AGENT)
    assert it.told() == [LegReturned(OTHER)]


def test_after_the_talk_the_leg_that_stays_takes_commands() -> None:
    it = talking()
    it.says("CHANNEL_HANGUP", AGENT, v_sip_hangup_disposition="recv_bye")
    it.returns(CALLER)
    it.says("CHANNEL_HANGUP_COMPLETE", AGENT, Hangup_Cause="NORMAL_CLEARING")
    assert it.told() == [LegReturned(LEG), LegHungUp(OTHER, 16, "far_end")]
    it.do(Play(LEG, 1, ("one",)))
    assert executes(it) == ["playback play.1.1 one.wav"]


def test_a_phone_transfers_the_customer() -> None:
    it = talking()
    it.returns(CALLER, "referred", v_CCD_DIALLED="1002")
    assert it.told() == [LegReferred(LEG, "1002")]


def test_a_phone_holds_its_call() -> None:
    it = talking()
    it.says("CHANNEL_HOLD", AGENT)
    it.says("CHANNEL_UNHOLD", AGENT)
    assert it.told() == [LegHeld(OTHER, True), LegHeld(OTHER, False)]


def test_an_agents_keys_in_a_talk_are_told() -> None:
    it = talking()
    it.says("DTMF", AGENT, DTMF_Digit="*", DTMF_Source="RTP")
    it.says("DTMF", AGENT, DTMF_Digit="1", DTMF_Source="RTP")
    assert it.told() == [DigitPressed(OTHER, "*"), DigitPressed(OTHER, "1")]


def test_nothing_is_played_into_a_talk() -> None:
    it = talking()
    it.do(Play(LEG, 1, ("one",)))
    it.do(Hold(LEG))
    it.do(RecordMessage(LEG, 2, "7-1", SECOND, SECOND))
    assert it.told() == [PlayEnded(LEG, 1, "failed"), MessageRecorded(LEG, 2, 0, "failed")]
    assert executes(it) == []


def test_bridges_of_others_are_left_alone() -> None:
    it = with_agent()
    it.bridges("x", "y")
    it.bridges(CALLER, "y")
    assert it.told() == []


# --- the dead man's transfer


def test_the_lease_is_renewed_while_a_leg_is_parked_and_not_in_a_talk() -> None:
    it = arrived()
    it.wait(SECOND)
    renewal = [f"sched_del {CALLER}", f"sched_transfer +60 {CALLER} ccd-fallback XML ccd"]
    assert it.asked() == renewal
    it.wait(30 * SECOND)
    assert it.asked() == renewal
    it = talking()
    it.wait(50 * SECOND)
    assert it.asked() == []


def test_an_answered_phone_that_no_daemon_takes_is_let_go() -> None:
    it = arrived()
    dialled(it)
    assert r"execute_on_answer=sched_transfer" in it.asked()[0]


def test_a_leg_handed_back_that_comes_again_is_another() -> None:
    it = arrived()
    it.do(HandBack(LEG, "600"))
    assert it.told() == [LegHungUp(LEG, 0, "us")]
    asked = it.asked()
    assert asked[-1] == f"uuid_transfer {CALLER} 600 XML ccd-handback"
    assert "transfer_after_bridge=;" in asked[1], "or its next bridge would bring it back"
    it.arrive()
    (again,) = it.told()
    assert isinstance(again, LegArrived)
    assert again.leg == leg(f"{CALLER}+1")


def test_a_hand_back_takes_no_words_of_anybody() -> None:
    it = arrived()
    it.do(HandBack(LEG, "x XML public"))
    assert it.asked()[-1] == f"uuid_transfer {CALLER} s XML ccd-handback"


# --- what callers can write


def test_what_a_caller_shows_arrives_as_it_is() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    it.arrive(Caller_Caller_ID_Name="Jürgen\r\nContent-Length: 5", Caller_Caller_ID_Number="_undef_")
    (there,) = it.told()
    assert isinstance(there, LegArrived)
    assert (there.ani, there.ani_name, there.dnis) == ("", "JürgenContent-Length: 5", "4930901820")
    assert (there.endpoint, there.answered, there.variables) == ("", False, {})


def test_a_phone_that_dialled_is_known_by_its_login_and_a_caller_cannot_claim_to_be_one() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    login = {"v_user_name": "1001", "v_domain_name": "pbx.example"}
    it.arrive(role="agent", v_CCD_DNIS="1002", Channel_Presence_ID="1009@pbx.example", **login)
    it.arrive(SECOND_CALLER, Channel_Presence_ID="1001@pbx.example")
    legs = [event for event in it.told() if isinstance(event, LegArrived)]
    assert [(there.endpoint, there.dnis) for there in legs] == [("user/1001", "1002"), ("", "4930901820")]


def test_channels_of_others_are_left_alone() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    it.says("CHANNEL_PARK", "x", v_CCD_ROLE="robot")
    it.says("CHANNEL_PARK", "x")
    it.arrive("123")
    assert it.told() == []
    assert it.asked()[-1:] != ["uuid_kill x"]


def test_our_variables_are_written_as_one_and_mean_nothing_to_the_command() -> None:
    it = arrived()
    it.do(SetVariables(LEG, (("CCD_CALL", "7"), ("CCD_QUEUE", "a;b c'd${x}"), ("x y", "z"))))
    assert it.asked() == [f"uuid_setvar_multi {CALLER} CCD_STATE=CALL=7&QUEUE=a%3Bb%20c%27d%24%7Bx%7D"]


# --- the link


def test_commands_while_the_link_is_down_are_done_or_refused() -> None:
    it = arrived()
    it.lose()
    it.told()
    it.do(Play(LEG, 1, ("one",)))
    it.do(RecordMessage(LEG, 2, "name", SECOND, SECOND))
    it.do(Bridge(LEG, OTHER))
    it.do(StartRecording(LEG, RecordingId("r")))
    it.do(Dial(leg("a-2"), Endpoint("user/1001"), SECOND))
    it.do(HangUp(LEG))
    told: list[Event] = it.told()
    assert [type(event).__name__ for event in told] == [
        "PlayEnded",
        "MessageRecorded",
        "BridgeFailed",
        "RecordingFailed",
        "LegHungUp",
    ]
    assert it.asked() == []
    it.shows(CALLER)
    it.log_in()
    assert f"uuid_kill {CALLER} 16" in it.asked()


# --- the 20 ms


def test_the_connection_is_woken_only_while_somebody_waits_for_an_event() -> None:
    it = Scripted(msgspec.structs.replace(SETTINGS, nudge_every=2 * MILLISECOND))
    it.log_in()
    it.arrive(Answer_State="answered")
    it.wait(SECOND)
    assert it.nudges == 0, "a caller who waits costs nothing"
    dialled(it)
    it.wait(100 * MILLISECOND)
    assert it.nudges == 50
    picked_up(it)
    it.wait(100 * MILLISECOND)
    assert it.nudges <= 51
    it.do(Bridge(LEG, OTHER))
    it.wait(50 * MILLISECOND)
    it.bridges()
    before = it.nudges
    assert before > 70
    it.wait(SECOND)
    assert it.nudges <= before + 1
    dialled(it, "a-2")
    it.wait(30 * SECOND)
    assert it.nudges < before + 6000, "nor for longer than the phone rings"


def test_two_talks_that_were_to_be_joined_and_one_of_them_ended_instead() -> None:
    it = talking()
    dialled(it, "a-2")
    picked_up(it, "a-2")
    it.arrive(SECOND_CALLER, Answer_State="answered")
    it.do(Bridge(THIRD, leg("a-2")))
    it.bridges(SECOND_CALLER, "a-2")
    it.told()
    it.do(Bridge(LEG, THIRD))
    it.returns(CALLER)
    it.hang_up(SECOND_CALLER)
    assert it.told() == [
        BridgeFailed(LEG, THIRD, "a leg hung up"),
        LegReturned(LEG),
        LegHungUp(THIRD, 16, "far_end"),
    ]


def test_what_is_queued_would_play_in_the_dialplan_too() -> None:
    it = arrived()
    it.do(Hold(LEG))
    it.asked()
    it.do(HandBack(LEG, "600"))
    assert it.asked()[0] == f"uuid_break {CALLER} all"


@pytest.mark.parametrize("unique", ["6612f95b031ed", "1795344299000"])
def test_the_engines_ids_may_be_all_digits_which_commands_take_for_numbers(unique: str) -> None:
    """`sched_del 1795344299000` deletes a task, not the tasks of a channel."""
    it = arrived()
    it.do(Dial(leg(unique), Endpoint("user/1001"), 10 * SECOND))
    assert f"{{origination_uuid=ccd-{unique}," in it.asked()[0]
    picked_up(it, f"ccd-{unique}")
    assert it.told() == [LegAnswered(leg(unique))]
    it.do(Bridge(LEG, leg(unique)))
    assert f"sched_del ccd-{unique}" in it.asked()
    it = Scripted()
    it.shows(f"ccd-{unique}", v_CCD_ROLE="agent")
    it.log_in()
    assert [event.leg for event in it.told() if isinstance(event, LegArrived)] == [leg(unique)], "it keeps its name"


def test_who_is_parked_by_a_bridge_itself_would_be_hung_up_after_three_seconds() -> None:
    it = talking()
    it.says("CHANNEL_PARK", CALLER, Channel_State="CS_PARK", Answer_State="answered", v_CCD_ROLE="talked")
    assert it.told() == []
    assert it.asked() == [f"uuid_transfer {CALLER} ccd-returned XML ccd"]
    it.returns(CALLER)
    assert it.told() == [LegReturned(LEG)]
