"""Whatever order events, commands, answers, time-outs and lost links come in, no leg breaks the grammar."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.model.command import (
    Answer,
    Bridge,
    Dial,
    HandBack,
    HangUp,
    Hold,
    PauseRecording,
    Play,
    RecordMessage,
    ResumeRecording,
    Ring,
    SetVariables,
    StartRecording,
    StopPlay,
    StopRecording,
    SwitchCommand,
)
from ccd.model.event import LegArrived, LegHungUp
from ccd.model.ids import MILLISECOND, SECOND, Endpoint, LegId, RecordingId
from ccd.wire import esl
from tests.switch.freeswitch.scripted import Scripted, leg, line

Step = Callable[[Scripted], None]
CALLERS = ("c-1", "c-2")
AGENTS = ("a-1", "a-2")
UUIDS = (*CALLERS, *AGENTS)
SOME_TEXT = st.sampled_from(["", "one", "../x", "a' 'b", "two/three", "${system(id)}", "a\r\nb", "é\udcff"])
some_uuid = st.sampled_from(UUIDS)


@st.composite
def commands(draw: st.DrawFn) -> Step:
    uuid = draw(some_uuid)
    name, text, number = leg(uuid), draw(SOME_TEXT), draw(st.integers(1, 3))
    other, recording = leg(draw(some_uuid)), RecordingId(draw(st.sampled_from(["r1", "r2", "../r"])))
    flag = draw(st.booleans())
    choices: list[SwitchCommand] = [
        Answer(name),
        Ring(name),
        Play(name, number, (text, "one")[: 1 + flag], flag),
        StopPlay(name),
        Hold(name, text),
        RecordMessage(name, number, text or "m", number * SECOND, SECOND, flag),
        Bridge(name, other),
        Bridge(name, other),
        HangUp(name, 16 + number),
        SetVariables(name, (("CCD_CALL", text), (text, "x"))),
        StartRecording(name, recording, flag),
        PauseRecording(name, recording),
        ResumeRecording(name, recording),
        StopRecording(name, recording),
        HandBack(name, text),
    ]
    command = draw(st.sampled_from(choices))
    return lambda it: it.do(command)


@st.composite
def events(draw: st.DrawFn) -> Step:
    uuid, other = draw(some_uuid), draw(some_uuid)
    headers = {
        "Answer_State": draw(st.sampled_from(["ringing", "early", "answered", "hangup"])),
        "Channel_Presence_ID": draw(st.sampled_from(["", "1001@pbx.example"])),
        "Bridge_A_Unique_ID": uuid,
        "Bridge_B_Unique_ID": other,
        "Hangup_Cause": draw(st.sampled_from(["", "NORMAL_CLEARING", "USER_BUSY", "NEW_ONE"])),
        "Application": draw(st.sampled_from(["playback", "record", "park"])),
        "Application_UUID": draw(st.sampled_from(["play.1.1", "play.1.2", "play.2.1", "message.1", "message.2", ""])),
        "Application_Response": draw(st.sampled_from(["FILE PLAYED", "FILE NOT FOUND", "_none_"])),
        "DTMF_Digit": draw(st.sampled_from(["1", "#", "x", ""])),
        "Job_UUID": f"ccd-{uuid}",
        "v_CCD_ROLE": draw(st.sampled_from(["caller", "agent", "talked", "left", "nobody"])),
        "v_CCD_WAY": draw(st.sampled_from(["", "returned", "referred"])),
        "v_CCD_DIALLED": "1002",
        "v_record_ms": draw(st.sampled_from(["", "900", "x"])),
        "v_sip_hangup_disposition": draw(st.sampled_from(["", "recv_bye", "send_bye"])),
    }
    name = draw(
        st.sampled_from(
            (
                *("CHANNEL_PARK", "CHANNEL_PARK", "CHANNEL_BRIDGE", "CHANNEL_BRIDGE", "CHANNEL_ANSWER", "DTMF"),
                *("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"),
                *("CHANNEL_PROGRESS", "CHANNEL_CREATE", "CHANNEL_HOLD", "BACKGROUND_JOB", "CUSTOM", "UNHEARD"),
            )
        )
    )
    body = draw(st.sampled_from([f"+OK {uuid}\n", "+OK stranger\n", "-ERR USER_BUSY\n", ""]))
    return lambda it: it.says(name, uuid, body, **headers)


def answers(number: int, text: str) -> Step:
    """Answer some of the outstanding questions, in their order."""

    def step(it: Scripted) -> None:
        for _ in range(number):
            if it.pending:
                it.answer(0, text)

    return step


def play_on(it: Scripted) -> None:
    """Whatever was executed last is over."""
    for text in reversed(it.sent):
        if text.startswith("execute "):
            _, uuid, application, event_id, _ = text.split(" ", 4)
            it.completes(uuid, event_id, Application=application)
            return


def dial(it: Scripted) -> None:
    """A phone that was not dialled yet."""
    for uuid in AGENTS:
        if leg(uuid) not in it.grammar.legs and leg(uuid) not in it.grammar.over:
            it.do(Dial(leg(uuid), Endpoint("user/1001"), SECOND))
            return


def lose_and_log_in(mask: int) -> Step:
    """The link goes; when it is back, some of the channels are there, in some place."""

    def step(it: Scripted) -> None:
        it.lose()
        it.channels.clear()
        for place, uuid in enumerate(UUIDS):
            if mask >> place & 1:
                where = {"Channel_State": "CS_EXECUTE"}
                if mask >> (4 + place) & 1:
                    where = {"Channel_State": "CS_SOFT_EXECUTE", "v_signal_bond": UUIDS[(place + 2) % 4]}
                it.shows(uuid, **where)
        is_silent, it.is_silent = it.is_silent, False
        it.log_in()
        it.is_silent = is_silent

    return step


def falls_silent(it: Scripted) -> None:
    """Answers come one by one from now on."""
    it.is_silent = True


steps = st.one_of(
    commands(),
    commands(),
    events(),
    events(),
    st.builds(answers, st.integers(1, 5), st.sampled_from(["+OK", "+OK", "-ERR no", "-ERROR"])),
    st.just(play_on),
    st.just(dial),
    st.just(falls_silent),
    st.integers(0, 2000).map(lambda length: lambda it: it.wait(length * MILLISECOND)),
    st.integers(0, 255).map(lose_and_log_in),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, max_size=40))
def test_no_order_breaks_the_grammar(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for step in script:
        step(it)
        if it.driver.take_cut() is not None:
            lose_and_log_in(255)(it)
    it.is_silent = False
    answers(len(it.pending), "+OK")(it)
    for uuid in UUIDS:
        it.hang_up(uuid)
    it.wait(30 * SECOND)
    ended = [event.leg for event in it.events if isinstance(event, LegHungUp)]
    assert len(ended) == len(set(ended))
    assert not it.grammar.legs


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(commands(), st.just(play_on)), max_size=40))
def test_one_application_is_outstanding_at_most(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for uuid in CALLERS:
        it.arrive(uuid)
    for step in script:
        before = len(it.sent)
        step(it)
        begun = [text.split()[1] for text in it.sent[before:] if text.startswith("execute ")]
        assert len(begun) == len(set(begun))


@settings(max_examples=200, deadline=None)
@given(st.lists(events(), max_size=30))
def test_no_event_is_fatal(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for step in script:
        step(it)
    arrived: list[LegId] = [event.leg for event in it.events if isinstance(event, LegArrived)]
    assert len(arrived) == len(set(arrived))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(commands(), events(), st.just(dial)), max_size=20))
def test_every_command_can_be_sent(script: list[Step]) -> None:
    """None makes two of itself, whatever callers wrote (`render` raises, which `Scripted` does not catch)."""
    it = Scripted()
    it.log_in()
    for uuid in CALLERS:
        it.arrive(uuid, Caller_Caller_ID_Name="a\nb")
    for step in script:
        step(it)
    assert all("\n" not in line(said.command) for said in it.pending if isinstance(said.command, esl.Api))
