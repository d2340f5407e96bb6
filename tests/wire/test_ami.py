"""The AMI codec: framing, headers, bounds, event lists, and what may not be sent."""

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.wire.ami import (
    ACTION_HEADER_LIMIT,
    ACTION_LINE_LIMIT,
    HEADER_LIMIT,
    LINE_LIMIT,
    MESSAGE_LIMIT,
    Action,
    Banner,
    Connection,
    EventList,
    IllegalValue,
    Message,
    ProtocolError,
    render,
)
from tests.transcript import GREETING, NAMES, received


def read(chunks: Iterable[bytes]) -> tuple[list[Message], str]:
    """All messages of the chunks, and the fault that ended them, if any."""
    connection, messages = Connection(), list[Message]()
    for chunk in chunks:
        try:
            messages += connection.receive_data(chunk)
        except ProtocolError as error:
            return messages + error.messages, str(error)
    return messages, ""


def one(block: bytes) -> Message:
    """The one message of the block."""
    (_, message), fault = read([GREETING + block + b"\r\n\r\n"])
    assert not fault
    return message


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@pytest.mark.parametrize("name", NAMES)
def test_transcript_reads_the_same_whole_and_cut_at_every_byte(name: str) -> None:
    stream = received(name)
    whole, fault = read([stream])
    assert not fault
    assert len(whole) == stream.count(b"\r\n\r\n") + 1
    for size in (1, 2, 3, 7, 1448):
        assert read(in_pieces(stream, size)) == (whole, "")


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_transcript_is_kept(name: str) -> None:
    stream = received(name)
    messages, _ = read([stream])
    lines = [line for line in stream.removeprefix(GREETING).split(b"\r\n") if line]
    headers = [header for message in messages[1:] for header in message.headers]
    written = [value if not name else f"{name}: {value}" for name, value in headers]
    assert [line.encode("utf-8", "surrogateescape") for line in written] == lines


def test_any_two_pieces_are_as_good_as_one() -> None:
    stream = (
        GREETING + "Event: A\r\nName: Zoë ☎\r\n\r\n\r\nResponse: Error\r\nMessage: x\n\r\n\r\nEvent: B\r\n\r\n".encode()
    )
    whole = read([stream])
    assert [(m.event, m.response) for m in whole[0]] == [("", ""), ("A", ""), ("", "Error"), ("B", "")]
    for at in range(len(stream)):
        assert read([stream[:at], stream[at:]]) == whole


def test_greeting() -> None:
    messages, _ = read([b"Asterisk Call Manager/11.0.0\r\n"])
    assert isinstance(messages[0], Banner)
    assert messages[0].version == "11.0.0"


@pytest.mark.parametrize("stream", [b"HTTP/1.1 400\r\n", b"\r\n", b"\xff", b"Asterisk Call\r\n", b"Event: X\r\n\r\n"])
def test_what_is_not_a_manager_is_refused_at_once(stream: bytes) -> None:
    assert read([stream]) == ([], "no Asterisk Manager greeting")
    assert read(in_pieces(stream, 1)) == ([], "no Asterisk Manager greeting")


def test_endless_greeting_is_refused() -> None:
    stream = b"Asterisk Call Manager/" + b"1" * 200
    assert read([stream])[1] == read(in_pieces(stream, 1))[1] == "greeting over 128 bytes"


def test_repeated_headers_are_kept_in_order() -> None:
    message = one(b"Event: Status\r\nVariable: a=1\r\nVariable: b=2\r\nActionID: 7\r\nvariable: c=3")
    assert message.all("Variable") == ("a=1", "b=2", "c=3")
    assert message.get("Variable") == "a=1"
    assert [name for name, _ in message.headers] == ["Event", "Variable", "Variable", "ActionID", "variable"]


def test_names_match_in_any_case_and_exactly_first() -> None:
    message = one(b"Event: DialEnd\r\nDestUniqueId: 1\r\nDestUniqueid: 2")
    assert message.get("DESTUNIQUEID") == "1"
    assert message.get("DestUniqueid") == "2"
    assert message.get("Missing") == ""
    assert message.get("Missing", "none") == "none"


def test_colon_with_and_without_space() -> None:
    message = one(b"Event:X\r\nA:b: c\r\nB: c:d\r\nC:\r\nD: \r\nE:  two")
    assert message.headers == (("Event", "X"), ("A", "b: c"), ("B", "c:d"), ("C", ""), ("D", ""), ("E", " two"))


def test_a_line_without_colon_is_no_header() -> None:
    message = one(b"Event: Newchannel\r\nCallerIDNum: 90\r\nEvent\r\nResponse\r\nUniqueid: 1")
    assert message.stray == ("Event", "Response")
    assert (message.event, message.response, message.get("Uniqueid")) == ("Newchannel", "", "1")


@pytest.mark.parametrize(
    "block",
    [
        b"Event: Newchannel\r\nCallerIDNum: 90\r\nEvent\r\nUniqueid: 1",
        b"Event: Newchannel\r\nCallerIDNum: 90\r\nUniqueid: 2\r\nCallerIDName: x\r\nUniqueid: 1",
        b"Event: Newchannel\r\nCallerIDNum: 90\r\nEvent: Hangup\r\nUniqueid: 1",
        b"Event: Newchannel\r\nVariable: a\r\nVariable: b\r\nUniqueid: 2\r\nUniqueid: 1",
        b"CallerIDName: <unknown>\r\nUniqueid: 1",
    ],
)
def test_what_a_caller_wrote_into_a_message_is_suspect(block: bytes) -> None:
    assert one(block).is_suspect


@pytest.mark.parametrize("name", NAMES)
def test_suspects_of_the_transcripts(name: str) -> None:
    messages, _ = read([received(name)])
    suspects = {message.event for message in messages if message.is_suspect} - {"TestEvent"}
    assert ("Newchannel" in suspects) == (name in ("caller-id", "security"))
    assert bool(suspects) == ("Newchannel" in suspects)


def test_lone_cr_and_lf_stay_in_the_value() -> None:
    assert one(b"Response: Error\r\nMessage: No Contacts found\n").get("Message") == "No Contacts found\n"
    assert one(b"Response: Success\r\nValue: x\ry\nUniqueid: 1").headers[1] == ("Value", "x\ry\nUniqueid: 1")


def test_bytes_that_are_not_utf8_survive() -> None:
    name = one(b"Event: X\r\nCallerIDName: \xff\xc3 \xc3\xa9").get("CallerIDName")
    assert name.encode("utf-8", "surrogateescape") == b"\xff\xc3 \xc3\xa9"
    assert render(Action("UserEvent", [("Name", name)])).endswith(b"Name: \xff\xc3 \xc3\xa9\r\n\r\n")


def test_event_that_carries_a_response() -> None:
    both = [m for m in read([received("originate")])[0] if m.event and m.response]
    assert {m.event for m in both} == {"OriginateResponse"}
    assert {m.response for m in both} == {"Success", "Failure"}


def test_output_of_a_command() -> None:
    message = one(b"Response: Success\r\nActionID: 1\r\nOutput: a: b\r\nOutput: \r\nOutput: c")
    assert message.output == ("a: b", "", "c")


def test_output_of_a_command_as_asterisk_13_writes_it() -> None:
    message = one(b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\na: b\n\nc\n--END COMMAND--")
    assert message.output == ("a: b", "", "c")
    assert message.action_id == "1"
    assert one(b"Response: Follows\r\nActionID: 1\r\n--END COMMAND--").output == ("",)


def too_long(line: int = 0, lines: int = 0, total: int = 0) -> bytes:
    rest = max(total - lines * 4, 0)
    return b"L: " + b"x" * max(line - 3, 0) + b"\r\n" + b"A:\r\n" * lines + b"B: y\r\n" * (rest // 6) + b"\r\n"


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (too_long(line=LINE_LIMIT + 1), f"line over {LINE_LIMIT} bytes"),
        (too_long(lines=HEADER_LIMIT), f"message of over {HEADER_LIMIT} lines"),
        (too_long(total=MESSAGE_LIMIT + 6), f"message over {MESSAGE_LIMIT} bytes"),
        (b"x" * (MESSAGE_LIMIT + 4), f"message over {MESSAGE_LIMIT} bytes"),
    ],
)
@pytest.mark.parametrize("size", [1 << 22, 65_536, 1_000])
def test_bounds(bad: bytes, fault: str, size: int) -> None:
    messages, seen = read(in_pieces(GREETING + b"Event: Good\r\n\r\n" + bad + b"Event: Late\r\n\r\n", size))
    assert [m.event for m in messages] == ["", "Good"]
    assert seen == fault


def test_what_is_within_the_bounds_is_read() -> None:
    assert len(one(b"L: " + b"x" * (LINE_LIMIT - 3)).get("L")) == LINE_LIMIT - 3
    lines = b"\r\n".join([b"L: " + b"x" * (LINE_LIMIT - 3)] * 15 + [b"M: 1"])
    assert len(one(lines + b"\r\nN: " + b"x" * (MESSAGE_LIMIT - len(lines) - 5 - 50_000)).headers) == 17


def test_memory_stays_bounded() -> None:
    piece = b"x" * 4096
    tracemalloc.start()
    try:
        _, fault = read([GREETING, *[piece] * (MESSAGE_LIMIT // len(piece) + 2)])
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fault
    assert peak < 4 * MESSAGE_LIMIT
    assert held < 65_536


def test_after_a_fault_the_connection_is_dead() -> None:
    connection = Connection()
    with pytest.raises(ProtocolError):
        connection.receive_data(b"nonsense")
    for call in (
        lambda: connection.receive_data(GREETING),
        connection.receive_eof,
        lambda: connection.send(Action("Ping")),
    ):
        with pytest.raises(ProtocolError, match="no Asterisk Manager greeting"):
            call()


def test_end_of_the_stream() -> None:
    connection = Connection()
    connection.receive_data(GREETING + b"Event: A\r\n\r\n")
    connection.receive_eof()
    with pytest.raises(ProtocolError, match="closed"):
        connection.receive_data(b"Event: B\r\n\r\n")
    connection = Connection()
    connection.receive_data(GREETING + b"Event: A\r\n")
    with pytest.raises(ProtocolError, match="in the middle"):
        connection.receive_eof()


FRAGMENTS = [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b":", b": ", b" ", b"Event", b"Response: Follows", b"--END COMMAND--"]


@settings(max_examples=300, deadline=None)
@given(
    greeting=st.sampled_from([GREETING, b"", b"Asterisk Call Manager"]),
    fragments=st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6)), max_size=40),
    size=st.integers(1, 9),
)
def test_hostile_bytes_only_ever_raise_protocol_error(greeting: bytes, fragments: list[bytes], size: int) -> None:
    stream = greeting + b"".join(fragments)
    assert read(in_pieces(stream, size)) == read([stream])


NAME = st.text("ABCDEFGabcdefg0123456789-_()", min_size=1, max_size=8)
VALUE = st.text(st.characters(codec="utf-8"), max_size=30).filter(lambda text: "\r\n" not in text)


@settings(max_examples=200, deadline=None)
@given(
    messages=st.lists(st.lists(st.tuples(NAME, VALUE), min_size=1, max_size=12), max_size=6),
    size=st.integers(1, 80),
)
def test_generated_messages_come_back(messages: list[list[tuple[str, str]]], size: int) -> None:
    stream = b"".join(b"".join(f"{n}: {v}\r\n".encode() for n, v in headers) + b"\r\n" for headers in messages)
    seen, fault = read(in_pieces(GREETING + stream, size))
    assert not fault
    assert [list(message.headers) for message in seen[1:]] == messages


@settings(max_examples=200, deadline=None)
@given(headers=st.lists(st.tuples(NAME, VALUE), max_size=6), value=VALUE)
def test_an_action_is_one_message_or_refused(headers: list[tuple[str, str]], value: str) -> None:
    action = Action("UserEvent", [*headers, ("Value", value)], action_id="a1")
    try:
        written = render(action)
    except IllegalValue:
        assert any(mark in text for _, text in action.headers for mark in "\r\n\0")
        return
    assert list(one(written[:-4]).headers) == [("Action", "UserEvent"), ("ActionID", "a1"), *action.headers]


@pytest.mark.parametrize("mark", ["\r\n", "\r", "\n", "\0", "\r\n\r\nAction: Logoff\r\n\r\n"])
def test_injection_is_refused_everywhere(mark: str) -> None:
    hostile = f"x{mark}y"
    for action in (
        Action(hostile),
        Action("Setvar", action_id=hostile),
        Action("Setvar", [(hostile, "1")]),
        Action("Setvar", [("Variable", "N"), ("Value", hostile)]),
        Action("Setvar", [("Value", "1"), ("Value", mark)]),
    ):
        with pytest.raises(IllegalValue):
            Connection().send(action)


@pytest.mark.parametrize("name", ["", "A:b", " A", "A ", "Action", "actionid", "ActionID"])
def test_header_names_that_would_be_read_otherwise_are_refused(name: str) -> None:
    with pytest.raises(IllegalValue):
        render(Action("Setvar", [(name, "1")]))


def test_text_that_has_no_bytes_is_refused() -> None:
    with pytest.raises(IllegalValue):
        render(Action("Setvar", [("Value", "\ud800")]))


def test_nothing_longer_than_asterisk_reads_is_sent() -> None:
    fits = ACTION_LINE_LIMIT - len("Value: \r\n")
    assert len(render(Action("Setvar", [("Value", "é" * (fits // 2))]))) > fits
    with pytest.raises(IllegalValue):
        render(Action("Setvar", [("Value", "x" * (fits + 1))]))
    with pytest.raises(IllegalValue):
        render(Action("Setvar", [("Value", "é" * (fits // 2 + 1))]))


def test_no_more_lines_than_asterisk_reads_are_sent() -> None:
    headers = [("Variable", "x")] * (ACTION_HEADER_LIMIT - 2)
    assert render(Action("Originate", headers, action_id="1")).count(b"\r\n") == ACTION_HEADER_LIMIT + 1
    with pytest.raises(IllegalValue):
        render(Action("Originate", [*headers, ("Variable", "x")], action_id="1"))


def test_action() -> None:
    action = Action("Originate", [("Channel", "PJSIP/a1"), ("Variable", "A=1"), ("Variable", "B=")], action_id="o7")
    assert Connection().send(action) == (
        b"Action: Originate\r\nActionID: o7\r\nChannel: PJSIP/a1\r\nVariable: A=1\r\nVariable: B=\r\n\r\n"
    )


def collect(name: str, action_id: str) -> EventList:
    collected = EventList(action_id)
    for message in read([received(name)])[0]:
        collected.receive(message)
    return collected


def test_event_list_of_status() -> None:
    status = collect("status", "L3")
    assert status.is_complete
    assert status.response is not None
    assert status.response.get("EventList") == "start"
    assert {event.event for event in status.events} == {"Status"}
    assert "CC_CALLID=call-3" in {variable for event in status.events for variable in event.all("Variable")}


def test_every_list_of_the_transcripts_is_as_long_as_its_end_says() -> None:
    checked = 0
    for name in ("list", "status"):
        for message in read([received(name)])[0]:
            if message.get("EventList") == "Complete":
                assert len(collect(name, message.action_id).events) == int(message.get("ListItems"))
                checked += 1
    assert checked >= 6


def test_event_list_takes_only_its_own() -> None:
    collected = EventList("7")
    assert not collected.receive(one(b"Event: Hangup\r\nUniqueid: 1"))
    assert not collected.receive(one(b"Response: Success\r\nActionID: 8"))
    assert collected.receive(one(b"Response: Success\r\nActionID: 7\r\nEventList: start"))
    assert not collected.is_complete
    assert collected.receive(one(b"Event: Status\r\nActionID: 7"))
    assert collected.receive(one(b"Event: StatusComplete\r\nActionID: 7\r\nEventList: Complete"))
    assert collected.is_complete
    assert not collected.receive(one(b"Event: Status\r\nActionID: 7"))
    assert len(collected.events) == 1


def test_refused_list_is_complete() -> None:
    collected = EventList("7")
    assert collected.receive(one(b"Response: Error\r\nActionID: 7\r\nMessage: No Contacts found\n"))
    assert collected.is_complete


def test_event_list_is_bounded() -> None:
    collected = EventList("7", limit=2)
    event = one(b"Event: Status\r\nActionID: 7")
    assert collected.receive(event)
    assert collected.receive(event)
    with pytest.raises(ProtocolError):
        collected.receive(event)
