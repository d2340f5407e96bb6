"""Every trap of Asterisk over AMI that was met, one test each."""

from itertools import permutations

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
    StartRecording,
    StopPlay,
)
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegsBridged,
    MessageRecorded,
    PlayEnded,
)
from ccd.model.ids import MILLISECOND, SECOND, Endpoint, RecordingId
from ccd.wire.ami import Message
from tests.switch.asterisk.scripted import AGENT, CALLER, Scripted, commands, leg

LEG, OTHER = leg(CALLER), leg(AGENT)


def arrived() -> Scripted:
    it = Scripted()
    it.log_in(devices={"PJSIP/1001": "NOT_INUSE", "PJSIP/1099": "UNAVAILABLE"})
    it.arrive()
    it.told()
    return it


def dialled(it: Scripted, unique: str = AGENT, endpoint: str = "PJSIP/1001") -> None:
    it.do(Dial(leg(unique), Endpoint(endpoint), 10 * SECOND))
    it.answers(it.asked("Originate"))


def with_agent() -> Scripted:
    it = arrived()
    dialled(it)
    it.agi(AGENT, "agent", "")
    assert it.told() == [LegAnswered(OTHER)]
    it.sent = []
    return it


def talking() -> Scripted:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    enter_bridge(it)
    assert it.told() == [LegsBridged(LEG, OTHER)]
    it.sent = []
    return it


def enter_bridge(it: Scripted, bridge: str = "b1") -> None:
    it.says("BridgeEnter", BridgeUniqueid=bridge, Uniqueid=AGENT)
    it.says("BridgeEnter", BridgeUniqueid=bridge, Uniqueid=CALLER)


# --- AsyncAGI


def test_never_more_than_one_command_is_outstanding() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one", "two")))
    it.do(Play(LEG, 2, ("three",)))
    it.do(Hold(LEG, "jazz"))
    it.do(Play(LEG, 3, ("four",)))
    sent, it.sent = it.sent, []
    assert list(commands(sent)) == ['STREAM FILE one ""']
    assert it.told() == [PlayEnded(LEG, 1, "stopped"), PlayEnded(LEG, 2, "stopped")]
    it.result("200 result=0 endpos=8000\n", sent[0])
    assert list(commands(it.sent)) == ['STREAM FILE four ""']


def test_what_runs_is_stopped_again_until_its_result_is_in() -> None:
    """A stop that comes before the command began is lost."""
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    first = it.asked("AGI")
    it.do(StopPlay(LEG))
    it.wait(500 * MILLISECOND)
    assert len([action for action in it.sent if action.name == "ControlPlayback"]) == 5
    it.sent = []
    it.result("200 result=0 endpos=80\n", first)
    it.wait(SECOND // 2)
    assert it.all_asked("ControlPlayback") == []


def test_a_command_that_survives_a_bridge_in_the_queue_is_stopped_after_it() -> None:
    it = with_agent()
    it.do(Play(LEG, 1, ("one",)))
    stale = it.asked("AGI")
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [PlayEnded(LEG, 1, "stopped")]
    enter_bridge(it)
    it.agi(CALLER, "talked", "49", "returned")
    it.told()
    it.do(Play(LEG, 2, ("two",)))
    assert list(commands(it.sent)) == []
    it.wait(150 * MILLISECOND)
    assert len(it.all_asked("ControlPlayback")) == 1
    it.result("200 result=0 endpos=0\n", stale)
    assert list(commands(it.sent)) == ['STREAM FILE two ""']


def test_a_leg_pulled_into_a_bridge_has_no_result_of_its_command() -> None:
    it = with_agent()
    it.do(Play(OTHER, 1, ("whisper",)))
    it.do(Bridge(LEG, OTHER))
    enter_bridge(it)
    assert it.told() == [PlayEnded(OTHER, 1, "stopped"), LegsBridged(LEG, OTHER)]
    it.agi(AGENT, "agent", "")
    it.sent = []
    it.do(Hold(OTHER))
    it.wait(SECOND)
    assert list(commands(it.sent)) == ["SET MUSIC ON default"]


def test_a_missing_sound_ends_the_agi_session_but_not_the_call() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("missing", "one")))
    it.result("200 result=-1 endpos=0\n")
    it.says("AsyncAGIEnd", Uniqueid=CALLER)
    it.agi(CALLER, "caller", "49")
    it.do(Play(LEG, 2, ("one",)))
    assert it.told() == [PlayEnded(LEG, 1, "failed")]
    assert list(commands(it.sent)) == ['STREAM FILE one ""']


def test_no_agi_text_is_built_of_anything_but_names() -> None:
    it = arrived()
    for serial, sound in enumerate(("", "a b", 'x" "1', "../secret", "/a/../b", "a\nEXEC System id", "${SHELL(id)}")):
        it.do(Play(LEG, serial, (sound,)))
        assert it.told() == [PlayEnded(LEG, serial, "failed")]
    it.do(RecordMessage(LEG, 9, "../x", SECOND, SECOND))
    assert it.told() == [MessageRecorded(LEG, 9, 0, "failed")]
    it.do(Hold(LEG, 'default" "x'))
    assert list(commands(it.sent)) == ["SET MUSIC ON default"]


def test_an_agi_action_that_is_refused_fails_what_it_was_for() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    it.answers(it.asked("AGI"), "Error", Message="Channel is not in Async AGI")
    assert it.told() == [PlayEnded(LEG, 1, "failed")]


# --- keys


def test_a_key_is_told_once_and_before_the_play_that_it_ends() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",), until_digit=True))
    command = it.asked("AGI")
    assert dict(command.headers)["Command"] == 'STREAM FILE one "0123456789*#ABCD"'
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="2", Direction="Received")
    it.result("200 result=50 endpos=8800\n", command)
    assert it.told() == [DigitPressed(LEG, "2"), PlayEnded(LEG, 1, "digit")]


def test_keys_typed_while_nothing_reads_them_are_told() -> None:
    it = arrived()
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="1", Direction="Received")
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="1", Direction="Sent")
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="12", Direction="Received")
    assert it.told() == [DigitPressed(LEG, "1")]


def test_a_key_between_two_sounds_ends_the_play() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one", "two"), until_digit=True))
    it.result("200 result=0 endpos=8000\n")
    second = it.asked("AGI")
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="#", Direction="Received")
    assert it.told() == [DigitPressed(LEG, "#"), PlayEnded(LEG, 1, "digit")]
    it.wait(50 * MILLISECOND)
    assert len(it.all_asked("ControlPlayback")) == 1
    it.result("200 result=0 endpos=0\n", second)
    assert it.told() == []


# --- music, answering


def test_music_goes_on_after_the_answer() -> None:
    it = arrived()
    it.do(Hold(LEG, "jazz"))
    it.result("200 result=0\n")
    it.do(Answer(LEG))
    assert dict(it.asked("Redirect").headers)["Context"] == "ccd-answer"
    it.agi(CALLER, "caller", "49", "answered")
    assert it.told() == [LegAnswered(LEG)]
    assert list(commands(it.sent)) == ["SET MUSIC ON jazz"]


def test_a_round_of_the_loop_before_a_move_is_not_its_end() -> None:
    it = arrived()
    it.do(Answer(LEG))
    it.do(Play(LEG, 1, ("one",)))
    it.agi(CALLER, "caller", "49")
    assert it.told() == []
    assert list(commands(it.sent)) == []
    it.agi(CALLER, "caller", "49", "answered")
    assert it.told() == [LegAnswered(LEG)]
    assert list(commands(it.sent)) == ['STREAM FILE one ""']


# --- hanging up


def test_who_hung_up_is_told_by_hangup_request() -> None:
    it = arrived()
    it.do(Play(LEG, 1, ("one",)))
    command = it.asked("AGI")
    it.says("HangupRequest", Uniqueid=CALLER)
    it.result("200 result=-1 endpos=19840\n", command)
    it.says("AsyncAGIEnd", Uniqueid=CALLER)
    it.hang_up(CALLER, "0")
    assert it.told() == [PlayEnded(LEG, 1, "stopped"), LegHungUp(LEG, 16, "far_end")]
    it.says("DTMFEnd", Uniqueid=CALLER, Digit="1", Direction="Received")
    assert it.told() == []


def test_a_channel_that_comes_again_after_its_end_is_hung_up() -> None:
    it = arrived()
    it.hang_up(CALLER)
    it.told()
    it.agi(CALLER, "caller", "49")
    assert it.told() == []
    assert dict(it.asked("Hangup").headers)["Channel"] == CALLER


def test_our_own_hangup_is_ours() -> None:
    it = arrived()
    it.do(HangUp(LEG, 17))
    assert dict(it.asked("Hangup").headers) == {"Channel": CALLER, "Cause": "17"}
    it.says("HangupRequest", Uniqueid=CALLER)
    it.hang_up(CALLER, "0")
    assert it.told() == [LegHungUp(LEG, 17, "us")]


def test_a_ghost_is_hung_up_after_200_ms() -> None:
    it = talking()
    it.says("HangupRequest", Uniqueid=AGENT)
    it.wait(190 * MILLISECOND)
    assert it.all_asked("Hangup") == []
    it.wait(20 * MILLISECOND)
    assert dict(it.asked("Hangup").headers)["Channel"] == AGENT
    it.hang_up(AGENT)
    it.wait(3 * SECOND)
    assert it.all_asked("Hangup") == []


def test_a_bridge_action_answered_after_a_hangup_request_is_hung_up() -> None:
    it = talking()
    it.arrive("1.2")
    it.do(Bridge(leg("1.2"), OTHER))
    action = it.asked("Bridge")
    it.says("HangupRequest", Uniqueid="1.2")
    it.answers(action, Message="Channels have been bridged")
    assert dict(it.asked("Hangup").headers)["Channel"] == "1.2"


# --- dialling


def test_a_dialled_leg_is_rung_directly_without_early_media_into_a_context() -> None:
    it = arrived()
    it.do(Dial(OTHER, Endpoint("PJSIP/1001"), 10 * SECOND))
    headers = dict(it.asked("Originate").headers)
    assert headers["Channel"] == "PJSIP/1001"
    assert (headers["ChannelId"], headers["Context"], headers["Timeout"]) == (AGENT, "ccd-agent", "10000")
    assert not headers.keys() & {"EarlyMedia", "Application"}


@pytest.mark.parametrize("order", list(permutations(("response", "start", "ringing"))))
def test_an_answer_in_any_order(order: tuple[str, ...]) -> None:
    it = arrived()
    dialled(it)
    for what in order:
        if what == "response":
            it.says("OriginateResponse", Response="Success", Uniqueid=AGENT, Reason="4")
        elif what == "start":
            it.agi(AGENT, "agent", "")
        else:
            it.says("DialState", DestUniqueid=AGENT, DialStatus="RINGING")
    assert LegAnswered(OTHER) in it.told()


@pytest.mark.parametrize("order", list(permutations(("request", "response", "hangup"))))
def test_a_refusal_in_any_order_has_the_true_cause(order: tuple[str, ...]) -> None:
    it = arrived()
    dialled(it)
    for what in order:
        if what == "request":
            it.says("HangupRequest", Uniqueid=AGENT, Cause="17")
        elif what == "response":
            it.says("OriginateResponse", Response="Failure", Uniqueid=AGENT, Reason="0")
        else:
            it.hang_up(AGENT, "17", TechCause="486")
    it.wait(30 * SECOND)
    (over,) = [event for event in it.told() if isinstance(event, LegHungUp)]
    assert (over.cause, over.sip_code) == (17, 486)


@pytest.mark.parametrize(("reason", "cause", "wait"), [("0", 20, 0), ("3", 19, 200)])
def test_an_originate_without_a_channel_has_no_hangup(reason: str, cause: int, wait: int) -> None:
    it = arrived()
    dialled(it, endpoint="PJSIP/1099")
    it.says("OriginateResponse", Response="Failure", Uniqueid=AGENT, Reason=reason)
    it.wait(wait * MILLISECOND)
    assert it.told() == [LegHungUp(OTHER, cause, "switch")]


def test_a_leg_hung_up_before_its_channel_exists() -> None:
    it = arrived()
    dialled(it)
    it.do(HangUp(OTHER, 26))
    it.answers(it.asked("Hangup"), "Error", Message="No such channel")
    it.wait(25 * MILLISECOND)
    assert dict(it.asked("Hangup").headers)["Channel"] == AGENT
    it.hang_up(AGENT, "26")
    assert it.told() == [LegHungUp(OTHER, 26, "us")]


def test_an_originate_of_unknown_outcome_is_asked_about_and_never_sent_again() -> None:
    it = arrived()
    it.do(Dial(OTHER, Endpoint("PJSIP/1001"), 10 * SECOND))
    it.wait(6 * SECOND)
    (status,) = [action for action in it.sent if action.name == "Status"]
    assert len(it.all_asked("Originate")) == 1
    it.answers(status, "Error", Message="No such channel")
    assert it.told() == [LegHungUp(OTHER, 41, "switch")]


def test_a_dialled_leg_that_nothing_is_heard_of_is_asked_about() -> None:
    it = arrived()
    dialled(it)
    for _ in range(20):
        it.wait(SECOND)
        for ping in [action for action in it.sent if action.name == "Ping"]:
            it.answers(ping)
    assert any(dict(action.headers).get("Channel") == AGENT for action in it.all_asked("Status"))


def test_a_channel_id_in_use_is_not_dialled() -> None:
    it = with_agent()
    it.driver.perform(Dial(OTHER, Endpoint("PJSIP/1001"), SECOND), it.now)
    assert it.all_asked("Originate") == []


def test_a_dial_that_the_switch_refuses() -> None:
    it = arrived()
    it.do(Dial(OTHER, Endpoint("PJSIP/1001"), SECOND))
    it.answers(it.asked("Originate"), "Error", Message="Permission denied")
    assert it.told() == [LegHungUp(OTHER, 41, "switch")]


# --- connecting


def test_a_bridge_is_one_move_of_the_caller_without_waiting() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    first, second = it.sent
    assert (first.name, dict(first.headers)["Exten"]) == ("Redirect", f"peer{AGENT}")
    assert dict(second.headers) == {"Channel": AGENT, "Variable": "TIMEOUT(absolute)", "Value": "0"}


@pytest.mark.parametrize("order", list(permutations((CALLER, AGENT))))
def test_bridged_when_both_are_in(order: tuple[str, ...]) -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.says("BridgeEnter", BridgeUniqueid="b1", Uniqueid=order[0])
    assert it.told() == []
    it.says("BridgeEnter", BridgeUniqueid="b1", Uniqueid=order[1])
    assert it.told() == [LegsBridged(LEG, OTHER)]


def test_two_different_bridges_are_not_one() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.says("BridgeEnter", BridgeUniqueid="b1", Uniqueid=CALLER)
    it.says("BridgeEnter", BridgeUniqueid="b2", Uniqueid=AGENT)
    assert it.told() == []


def test_the_other_leg_gone_before_the_bridge() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.agi(CALLER, "talked", "49", "returned")
    assert it.told() == [BridgeFailed(LEG, OTHER, "the other leg was not there")]
    it.hang_up(AGENT)
    assert it.told() == [LegHungUp(OTHER, 16, "switch")]


def test_a_leg_that_was_alone_in_its_bridge_does_not_return_from_a_talk() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.says("BridgeEnter", BridgeUniqueid="b1", Uniqueid=AGENT)
    it.hang_up(CALLER)
    it.told()
    it.agi(AGENT, "agent", "")
    assert it.told() == []
    it.do(Play(OTHER, 1, ("one",)))
    assert list(commands(it.sent)) == ['STREAM FILE one ""']


@pytest.mark.parametrize(("gone", "over"), [(AGENT, OTHER), (CALLER, LEG)])
def test_a_leg_gone_during_the_bridge(gone: str, over: str) -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    it.says("HangupRequest", Uniqueid=gone)
    it.hang_up(gone)
    told = it.told()
    assert told == [BridgeFailed(LEG, OTHER, "a leg hung up"), LegHungUp(leg(gone), 16, "far_end")]
    assert told[1].leg == over if isinstance(told[1], LegHungUp) else False


def test_a_bridge_with_a_leg_that_is_leaving_is_not_tried() -> None:
    it = with_agent()
    it.says("HangupRequest", Uniqueid=AGENT)
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [BridgeFailed(LEG, OTHER, "a leg is being hung up")]
    assert it.all_asked("Redirect") == []


def test_a_bridge_that_never_comes_fails() -> None:
    it = with_agent()
    it.do(Bridge(LEG, OTHER))
    for _ in range(6):
        it.wait(SECOND)
        for ping in it.all_asked("Ping"):
            it.answers(ping, Ping="Pong")
    assert it.told() == [BridgeFailed(LEG, OTHER, "not in time")]


def test_a_bridged_pair_is_not_bridged_again() -> None:
    it = talking()
    it.do(Bridge(LEG, OTHER))
    assert it.told() == [LegsBridged(LEG, OTHER)]
    assert it.sent == []


def test_a_leg_in_a_bridge_is_taken_by_the_action_not_by_the_application() -> None:
    it = talking()
    it.arrive("1.2")
    it.do(Bridge(leg("1.2"), OTHER))
    assert dict(it.asked("Bridge").headers) == {"Channel1": "PJSIP/trunk-00000001", "Channel2": AGENT}


def test_after_the_talk_the_leg_that_stays_takes_commands() -> None:
    it = talking()
    it.says("HangupRequest", Uniqueid=AGENT)
    it.agi(CALLER, "talked", "49", "returned")
    it.hang_up(AGENT)
    assert it.told() == [LegReturned(LEG), LegHungUp(OTHER, 16, "far_end")]


def test_a_phone_transfers_the_customer() -> None:
    it = talking()
    it.agi(CALLER, "talked", "49", "referred", "1002")
    assert it.told() == [LegReferred(LEG, "1002")]


# --- the dead man's time-out, the loop's counter


def test_the_lease_is_renewed_while_a_leg_waits_and_not_in_a_talk() -> None:
    it = arrived()
    it.wait(SECOND)
    written = [tuple(dict(action.headers).values())[1:] for action in it.all_asked("Setvar")]
    assert written == [("TIMEOUT(absolute)", "60"), ("CCD_TURNS", "0")]
    it.wait(30 * SECOND)
    assert len(it.all_asked("Setvar")) == 2
    it = talking()
    it.wait(60 * SECOND)
    assert it.all_asked("Setvar") == []


def test_a_leg_handed_back_that_comes_again_is_another() -> None:
    it = arrived()
    it.do(HandBack(LEG, "600"))
    assert it.told() == [LegHungUp(LEG, 0, "us")]
    assert dict(it.asked("Redirect").headers)["Exten"] == "600"
    it.agi(CALLER, "caller", "49")
    (again,) = it.told()
    assert isinstance(again, LegArrived)
    assert again.leg == leg(f"{CALLER}+1")


def test_a_leg_handed_back_that_has_ended_does_not_come_again() -> None:
    it = arrived()
    it.do(HandBack(LEG, "600"))
    it.says("Hangup", Uniqueid=CALLER, Cause="16")
    it.told()
    it.lose()
    it.log_in(Message({"Event": "Status", "Uniqueid": CALLER, "ChannelState": "6", "Variable": "CCD_ROLE=caller"}))
    assert [event for event in it.told() if isinstance(event, LegArrived)] == []
    assert dict(it.asked("Hangup").headers)["Channel"] == CALLER


# --- what callers can write


def test_headers_that_a_caller_wrote_into_his_number_do_not_count() -> None:
    it = with_agent()
    forged = (
        ("Event", "Hangup"),
        ("CallerIDNum", "1"),
        ("Uniqueid", AGENT),
        ("CallerIDName", "x"),
        ("Uniqueid", "1.99"),
        ("Cause", "16"),
    )
    first: dict[str, str] = {}
    for name, value in forged:
        first.setdefault(name, value)
    it.receive(Message(first, forged))
    assert it.told() == []


def test_a_name_cannot_choose_the_role() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    it.says(
        "AsyncAGIStart",
        Uniqueid="1.5",
        Context="ccd-loop",
        Channel="PJSIP/trunk-1",
        Env="agi_calleridname%3A%20x%0Aagi_arg_1%3A%20agent%0Aagi_arg_1%3A%20caller%0Aagi_arg_2%3A%2049%0A%0A",
    )
    (arrival,) = it.told()
    assert isinstance(arrival, LegArrived)
    assert (arrival.endpoint, arrival.dnis) == ("", "49")


def test_agi_sessions_of_others_are_left_alone() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    it.says("AsyncAGIStart", Uniqueid="1.5", Context="survey", Env="agi_arg_1%3A%20caller%0A%0A")
    it.says("AsyncAGIStart", Uniqueid="1.6", Context="ccd-loop", Env="agi_arg_1%3A%20robot%0A%0A")
    it.says("AsyncAGIStart", Uniqueid="1.7", Context="ccd-loop")
    assert it.told() == []


# --- the link


def test_results_lost_with_the_link_are_told_after_it() -> None:
    it = with_agent()
    it.do(Play(LEG, 1, ("one",)))
    it.do(Play(OTHER, 2, ("two",)))
    it.do(Bridge(LEG, OTHER))
    it.told()
    it.lose()
    row = {"Event": "Status", "ChannelState": "6", "Application": "AGI", "BridgeID": ""}
    it.told()
    it.log_in(Message({**row, "Uniqueid": CALLER}), Message({**row, "Uniqueid": AGENT}))
    assert BridgeFailed(LEG, OTHER, "the other leg was not there") in it.told()


def test_commands_while_the_link_is_down_are_done_or_refused() -> None:
    it = arrived()
    it.lose()
    it.told()
    it.do(Play(LEG, 1, ("one",)))
    it.do(RecordMessage(LEG, 2, "name", SECOND, SECOND))
    it.do(Bridge(LEG, OTHER))
    it.do(Dial(leg("a2"), Endpoint("PJSIP/1001"), SECOND))
    it.do(HangUp(LEG))
    assert it.told() == [
        PlayEnded(LEG, 1, "failed"),
        MessageRecorded(LEG, 2, 0, "failed"),
        BridgeFailed(LEG, OTHER, "the link to the switch is down"),
        LegHungUp(leg("a2"), 27, "switch"),
    ]
    assert it.sent == []
    it.log_in(Message({"Event": "Status", "Uniqueid": CALLER, "ChannelState": "6", "Application": "AGI"}))
    assert dict(it.asked("Hangup").headers)["Channel"] == CALLER


def test_a_variable_that_a_channel_does_not_have_is_not_told() -> None:
    """Status says `(null)` of it (22.10.1): read as a value, who waited seemed to have talked, and was hung up."""
    it = Scripted()
    row = (("Event", "Status"), ("Uniqueid", CALLER), ("ChannelState", "6"), ("Application", "AGI"), ("BridgeID", ""))
    told = ("CCD_ROLE=caller", "CCD_CALL=c1", "CCD_TALKED=(null)", "CCD_DNIS=(null)", "CCD_AGENT=")
    it.log_in(Message(dict(row), (*row, *(("Variable", text) for text in told))))
    (there,) = [event for event in it.told() if isinstance(event, LegArrived)]
    assert there.variables == {"CCD_ROLE": "caller", "CCD_CALL": "c1"}
    assert there.dnis == ""


def test_a_dial_that_fails_without_a_cause_has_one() -> None:
    """0 is kept for legs that nobody saw end; the agent's phone that just failed is not to be rung at once again."""
    it = arrived()
    dialled(it)
    it.hang_up(AGENT, "0")
    assert it.told() == [LegHungUp(OTHER, 31, "switch")]


# --- a switch that is being started, a phone that is picked up at once


def recorded_bridge(it: Scripted) -> None:
    """A phone was picked up for the caller, who is not answered yet, and they are to be recorded."""
    dialled(it)
    it.agi(AGENT, "agent", "")
    it.do(StartRecording(LEG, RecordingId("7-talk")))
    it.sent = []
    it.do(Bridge(LEG, OTHER))


def test_a_caller_found_on_his_way_into_agi_is_there_once_it_starts() -> None:
    """He dialled while the switch was being started: his channel was still in the dialplan when it was listed."""
    it = Scripted()
    found = {"Event": "Status", "Uniqueid": CALLER, "Channel": "PJSIP/trunk-1", "ChannelState": "4"}
    it.log_in(Message({**found, "Application": "MSet", "Variable": "CCD_DNIS=49"}))
    assert [type(event) for event in it.told()][-1] is LegArrived
    it.agi(CALLER, "caller", "49")
    it.wait(SECOND // 2)
    assert ("TIMEOUT(absolute)", "60") in [
        (dict(action.headers)["Variable"], dict(action.headers)["Value"]) for action in it.all_asked("Setvar")
    ], "before the dialplan's four seconds are over"
    it.do(Hold(LEG))
    assert list(commands(it.sent)) == ["SET MUSIC ON default"]
    recorded_bridge(it)
    assert dict(it.asked("Redirect").headers)["Context"] == "ccd-answer"


def test_a_phone_that_is_picked_up_while_the_caller_is_on_his_way_back_from_ringing() -> None:
    it = arrived()
    it.do(Ring(LEG))
    assert dict(it.asked("Redirect").headers)["Context"] == "ccd-ring"
    recorded_bridge(it)
    assert it.all_asked("Redirect") == [], "he is not back yet"
    it.agi(CALLER, "caller", "49", "ringing")
    assert dict(it.asked("Redirect").headers)["Context"] == "ccd-answer"
    it.agi(CALLER, "caller", "49", "answered", ChannelState="6")
    (moved,) = [dict(action.headers) for action in it.sent if action.name == "Redirect"]
    assert (moved["Channel"], moved["Context"]) == (AGENT, "ccd-bridge")


def test_who_is_back_from_ringing_when_nobody_is_there_any_more_is_not_answered() -> None:
    it = arrived()
    it.do(Ring(LEG))
    recorded_bridge(it)
    it.hang_up(AGENT)
    it.sent = []
    it.agi(CALLER, "caller", "49", "ringing")
    assert it.all_asked("Redirect") == []


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("PJSIP/trunk-0000000a", "PJSIP/trunk-0000000a"),
        ("PJSIP/trunk,x-0000000a", CALLER),
        ("PJSIP/trunk-1", CALLER),
        ("", CALLER),
    ],
)
def test_a_bridge_names_its_channel_so_that_no_other_one_begins_alike(name: str, peer: str) -> None:
    """Asterisk finds `T.1` as `T.10`: who dialled in the second of its start had the agent of another."""
    it = Scripted()
    it.log_in(devices={"PJSIP/1001": "NOT_INUSE"})
    it.arrive(ChannelState="6", Channel=name)
    recorded_bridge(it)
    (move,) = [dict(action.headers) for action in it.sent if action.name == "Redirect"]
    assert (move["Channel"], move["Exten"]) == (AGENT, f"peer{peer}")


def test_a_channel_that_the_switch_forgot_is_over() -> None:
    """Without a Hangup: it is looked for now and then."""
    it = arrived()
    it.wait(61 * SECOND)
    look = it.asked("Getvar")
    assert dict(look.headers)["Channel"] == CALLER
    it.answers(look, "Error", Message="No such channel")
    assert it.told() == [], "its Hangup may be on its way"
    it.wait(2 * SECOND)
    assert it.told() == [LegHungUp(LEG, 16, "far_end")]


def test_a_hangup_on_its_way_tells_why() -> None:
    it = arrived()
    it.wait(61 * SECOND)
    it.answers(it.asked("Getvar"), "Error", Message="No such channel")
    it.says("Hangup", Uniqueid=CALLER, Cause="38")
    it.wait(5 * SECOND)
    assert it.told() == [LegHungUp(LEG, 38, "far_end")]


@pytest.mark.parametrize("answer", [{"Value": "caller"}, {"Value": ""}])
def test_a_channel_that_is_there_is_looked_for_again(answer: dict[str, str]) -> None:
    it = arrived()
    for _ in range(3):
        it.wait(60 * SECOND)
        it.answers(it.asked("Getvar"), **answer)
    it.wait(2 * SECOND)
    assert it.told() == []
