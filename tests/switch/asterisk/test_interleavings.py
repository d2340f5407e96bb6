"""Whatever order messages, commands, time-outs and lost links come in, no leg breaks the grammar."""

from collections.abc import Callable
from urllib.parse import quote

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
    SetVariables,
    StartRecording,
    StopPlay,
    StopRecording,
    SwitchCommand,
)
from ccd.model.event import LegArrived, LegHungUp
from ccd.model.ids import MILLISECOND, SECOND, Endpoint, LegId, RecordingId
from ccd.wire.ami import Action, Message
from tests.switch.asterisk.scripted import Scripted, leg

Step = Callable[[Scripted], None]
CALLERS = ("1.1", "1.2")
AGENTS = ("a1", "a2")
UNIQUES = (*CALLERS, *AGENTS)
SOME_TEXT = st.sampled_from(["", "one", "../x", 'a" "b', "two/three", "${SHELL(id)}", "a\r\nb", "é\udcff"])
some_unique = st.sampled_from(UNIQUES)


@st.composite
def commands(draw: st.DrawFn) -> Step:
    unique = draw(some_unique)
    name, text, number = leg(unique), draw(SOME_TEXT), draw(st.integers(1, 3))
    other, recording = leg(draw(some_unique)), RecordingId(draw(st.sampled_from(["r1", "r2", "../r"])))
    flag = draw(st.booleans())
    choices: list[SwitchCommand] = [
        Answer(name),
        Play(name, number, (text, "one")[: 1 + flag], flag),
        StopPlay(name),
        Hold(name, text),
        RecordMessage(name, number, text or "m", number * SECOND, SECOND),
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
def messages(draw: st.DrawFn) -> Step:
    headers = {
        "Uniqueid": draw(some_unique),
        "DestUniqueid": draw(some_unique),
        "BridgeUniqueid": draw(st.sampled_from(["b1", "b2"])),
        "Channel": "PJSIP/1001-00000001",
        "Context": "ccd-loop",
        "ChannelState": draw(st.sampled_from(["4", "6"])),
        "Cause": draw(st.sampled_from(["0", "16", "17", "x"])),
        "Reason": draw(st.sampled_from(["0", "3", "4"])),
        "Response": draw(st.sampled_from(["Success", "Failure"])),
        "DialStatus": "RINGING",
        "Digit": draw(st.sampled_from(["1", "#", "x", ""])),
        "Direction": "Received",
    }
    role = draw(st.sampled_from(["caller", "agent", "talked", "nobody"]))
    way = draw(st.sampled_from(["", "answered", "returned", "referred"]))
    environment = "\n".join(["x", f"agi_arg_1: {role}", "agi_arg_2: 49", f"agi_arg_3: {way}", "agi_arg_4: 1002"])
    name = draw(
        st.sampled_from(
            (
                *("AsyncAGIStart", "AsyncAGIStart", "BridgeEnter", "BridgeEnter", "HangupRequest", "Hangup", "DTMFEnd"),
                *("OriginateResponse", "DialState", "Hold", "Unhold", "MixMonitorStart", "Unheard"),
            )
        )
    )
    if name != "OriginateResponse":
        del headers["Response"]
    message = Message({"Event": name, **headers, "Env": quote(environment)})
    return lambda it: it.receive(message)


def answer(index: int, *, succeeds: bool) -> Step:
    """Answer one of the outstanding actions."""

    def step(it: Scripted) -> None:
        if it.sent:
            action = it.sent.pop(index % len(it.sent))
            it.answers(action, "Success" if succeeds else "Error", Value="0x1")

    return step


def execute(index: int, code: int) -> Step:
    """The result of one of the AGI commands that were sent."""

    def step(it: Scripted) -> None:
        sent = [action for action in it.sent if action.name == "AGI"]
        if sent:
            action = sent[index % len(sent)]
            it.sent.remove(action)
            it.result(f"200 result={code} endpos=800\n", action)

    return step


def dial(it: Scripted) -> None:
    """A phone that was not dialled yet."""
    for unique in AGENTS:
        if leg(unique) not in it.grammar.legs and leg(unique) not in it.grammar.over:
            it.do(Dial(leg(unique), Endpoint("PJSIP/1001"), SECOND))
            return


def lose_and_log_in(mask: int) -> Step:
    """The link goes; when it is back, some of the channels are there, in some place."""

    def step(it: Scripted) -> None:
        it.lose()
        rows = []
        for place, unique in enumerate(UNIQUES):
            if mask >> place & 1:
                where = {"Application": "AGI"} if mask >> (4 + place) & 1 else {"BridgeID": "b1"}
                pairs = {"Event": "Status", "Uniqueid": unique, "ChannelState": "6", **where}
                rows.append(Message({**pairs, "Variable": "CCD_ROLE=caller"}))
        it.sent = []
        it.log_in(*rows)

    return step


executions = st.builds(execute, st.integers(0, 9), st.sampled_from([-1, 0, 49]))
steps = st.one_of(
    commands(),
    commands(),
    messages(),
    messages(),
    st.builds(answer, st.integers(0, 9), succeeds=st.booleans()),
    executions,
    st.just(dial),
    st.integers(0, 2000).map(lambda length: lambda it: it.wait(length * MILLISECOND)),
    st.integers(0, 255).map(lose_and_log_in),
)


def fell_silent(it: Scripted) -> bool:
    """No ping is answered here, so the driver wants to leave the link now and then."""
    return it.driver.take_cut() is not None


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, max_size=40))
def test_no_order_breaks_the_grammar(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for step in script:
        step(it)
        if fell_silent(it):
            lose_and_log_in(255)(it)
    for unique in UNIQUES:
        it.hang_up(unique)
    it.wait(30 * SECOND)
    ended = [event.leg for event in it.events if isinstance(event, LegHungUp)]
    assert len(ended) == len(set(ended))
    assert not it.grammar.legs


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(commands(), executions), max_size=40))
def test_one_agi_command_is_outstanding_at_most(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for unique in CALLERS:
        it.arrive(unique)
    for step in script:
        step(it)
        outstanding: dict[str, list[Action]] = {}
        for action in it.sent:
            if action.name == "AGI":
                outstanding.setdefault(dict(action.headers)["Channel"], []).append(action)
        assert all(len(actions) == 1 for actions in outstanding.values())


@settings(max_examples=200, deadline=None)
@given(st.lists(messages(), max_size=30))
def test_no_message_is_fatal(script: list[Step]) -> None:
    it = Scripted()
    it.log_in()
    for step in script:
        step(it)
    arrived: list[LegId] = [event.leg for event in it.events if isinstance(event, LegArrived)]
    assert len(arrived) == len(set(arrived))
