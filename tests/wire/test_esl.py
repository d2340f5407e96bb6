"""The event socket's codec: framing, events in both formats, bounds, and what may not be sent."""

import json
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.wire.esl import (
    BODY_LIMIT,
    COMMAND_LIMIT,
    HEAD_LIMIT,
    HEADER_LIMIT,
    JOB_ID_LIMIT,
    Api,
    ApiResponse,
    Auth,
    AuthRequest,
    BgApi,
    Command,
    Connect,
    Connected,
    Connection,
    DisconnectNotice,
    DivertEvents,
    Event,
    Execute,
    Exit,
    Filter,
    Frame,
    Hangup,
    IllegalValue,
    Linger,
    Log,
    LogData,
    MyEvents,
    NoLinger,
    NoLog,
    Nudge,
    Other,
    ProtocolError,
    Rejection,
    Reply,
    SendEvent,
    Subscribe,
    Unfilter,
    Unsubscribe,
    UnsubscribeAll,
    UserAuth,
    escape,
    quote_variables,
)
from tests.wire.esl_transcript import NAMES, received, sent
from tests.wire.freeswitch_model import Read, commands, originated, separated


def read(chunks: Iterable[bytes]) -> tuple[list[Frame], str]:
    """All frames of the chunks, and the fault that ended them, if any."""
    connection, frames = Connection(), list[Frame]()
    for chunk in chunks:
        try:
            frames += connection.receive_data(chunk)
        except ProtocolError as error:
            return frames + error.frames, str(error)
    return frames, ""


def one(stream: bytes) -> Frame:
    """The one frame of the stream."""
    (frame,), fault = read([stream])
    assert not fault
    return frame


def event_of(kind: str, body: bytes) -> Event:
    """The event of a frame with this body."""
    frame = one(framed(kind, body))
    assert isinstance(frame, Event)
    return frame


def framed(kind: str, body: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-%s\n\n" % (len(body), kind.encode()) + body


def plain(head: bytes, body: bytes = b"") -> bytes:
    return framed("plain", head + b"\n\n" + body)


def in_pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def events(name: str) -> list[Event]:
    return [frame for frame in read([received(name)])[0] if isinstance(frame, Event)]


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# --- what FreeSWITCH wrote


@pytest.mark.parametrize("name", NAMES)
def test_transcript_reads_the_same_whole_and_cut_at_every_byte(name: str) -> None:
    stream = received(name)
    whole, fault = read([stream])
    assert not fault
    for size in (1, 2, 3, 7, 1448):
        assert read(in_pieces(stream, size)) == (whole, "")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_transcript_cut_anywhere(data: st.DataObject) -> None:
    stream = received(data.draw(st.sampled_from(NAMES)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(pieces) == read([stream])


@pytest.mark.parametrize("name", NAMES)
def test_transcript_ends_between_two_frames(name: str) -> None:
    connection = Connection()
    connection.receive_data(received(name))
    connection.receive_eof()


def plainly(stream: bytes) -> list[tuple[str, list[tuple[str, str]], str]]:
    """The frames once more, read in the dullest way: content type, headers (an event's own, decoded), body."""
    frames: list[tuple[str, list[tuple[str, str]], str]] = []
    while stream:
        head, _, stream = stream.partition(b"\n\n")
        pairs = [(name, value) for name, _, value in (line.partition(": ") for line in text_of(head).split("\n"))]
        fields = dict(pairs)
        length = int(fields.get("Content-Length", "0"))
        body, stream = stream[:length], stream[length:]
        kind = fields["Content-Type"]
        if "Event-Name" in fields:
            kind, body = "text/event-plain", head + b"\n\n"
        if kind == "text/event-plain":
            head, _, body = body.partition(b"\n\n")
            lines = [line.split(b": ", 1) for line in head.split(b"\n")]
            pairs = [(text_of(name), text_of(unquote_to_bytes(value))) for name, value in lines]
        elif kind == "text/event-json":
            found = json.loads(text_of(body), object_pairs_hook=list)
            pairs = [(n, v if isinstance(v, str) else "ARRAY::" + "|:".join(v)) for n, v in found if n != "_body"]
            body = b"".join(v.encode() for n, v in found if n == "_body")
        frames.append((kind, pairs, text_of(body)))
    return frames


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_transcript_is_lost(name: str) -> None:
    frames, _ = read([received(name)])
    expected = plainly(received(name))
    assert len(frames) == len(expected)
    for frame, (kind, pairs, body) in zip(frames, expected, strict=True):
        match frame:
            case Event():
                assert (list(frame.headers.items()), frame.body) == (list(dict(pairs).items()), body)
            case Reply() | DisconnectNotice() | LogData():
                assert list(frame.headers.items()) == pairs
                assert frame.text == (body or dict(pairs).get("Reply-Text", ""))
            case ApiResponse():
                assert frame.text == body
            case _:
                assert (frame, kind) == (AuthRequest(), "auth/request")


def test_frames_of_the_transcripts() -> None:
    counts = {name: Counter(type(frame).__name__ for frame in read([received(name)])[0]) for name in NAMES}
    assert counts["api"] == {"AuthRequest": 1, "Reply": 22, "ApiResponse": 22, "DisconnectNotice": 1}
    assert counts["wrong-password"] == {"AuthRequest": 1, "Reply": 1, "DisconnectNotice": 1}
    assert counts["outbound"] == {"Connect": 1, "Reply": 9, "Event": 22, "ApiResponse": 1, "DisconnectNotice": 2}
    assert counts["log"] == {"AuthRequest": 1, "Reply": 3, "LogData": 104}


def test_json_and_plain_text_give_the_same_event() -> None:
    by_id = {event.get("Event-UUID"): event for event in events("encoding-plain")}
    both = events("encoding-json")
    assert len(both) == 2
    for event in both:
        assert event == by_id[event.get("Event-UUID")]


def test_utf8_percent_signs_and_bytes_that_are_no_text() -> None:
    odd, test, bad = events("encoding-plain")
    assert odd.get("X-Utf8") == 'Jürgen 日本語 100% a+b=c&d;e,f "q" \\ /'
    assert (odd.get("X-Colon"), odd.get("x-lower"), odd.get("X-Empty", "none")) == ("a: b", "v", "none")
    assert odd.get("X-Dup") == "two"
    assert odd.body == "käse 😀 line1\nline2 %41 +plus"
    assert (test.get("X-Ctl"), test.array("X-Arr")) == ("tab\there", ("a", "b", "c"))
    assert bad.get("X-Bad") == text_of(b"caf\xe9 \xff\xfe")


def test_a_callers_name_in_utf8() -> None:
    names = {event.get("Caller-Caller-ID-Name") for event in events("sip-utf8")}
    assert any(not name.isascii() for name in names)


def test_background_job() -> None:
    jobs = [event for event in events("background-job") if event.name == "BACKGROUND_JOB"]
    replies = [frame for frame in read([received("background-job")])[0] if isinstance(frame, Reply)]
    assert {job.job_id for job in jobs} <= {reply.job_id for reply in replies}  # in whatever order they were done
    assert jobs[0].body.startswith("UP 0 years")
    assert jobs[0].get("Content-Length") == str(len(jobs[0].body))
    assert jobs[1].body.startswith("-ERR")


def test_channel_events() -> None:
    parked = next(event for event in events("call-json") if event.name == "CHANNEL_PARK")
    assert parked.uuid == parked.get("Channel-Call-UUID") == parked.variable("uuid") != ""
    assert (parked.subclass, parked.job_id, parked.variable("none", "-")) == ("", "", "-")


def test_replies() -> None:
    frames, _ = read([received("userauth")])
    accepted, denied = frames[1], frames[3]
    assert isinstance(accepted, Reply)
    assert accepted.is_ok
    assert accepted.headers["Allowed-API"] == "status,version,uuid_dump"
    assert denied == Reply(
        "-ERR permission denied", {"Content-Type": "command/reply", "Reply-Text": "-ERR permission denied"}
    )
    assert not denied.is_ok


def test_api_responses() -> None:
    texts = [frame for frame in read([received("api")])[0] if isinstance(frame, ApiResponse)]
    assert Counter(response.is_error for response in texts) == {True: 11, False: 11}
    assert ApiResponse("-ERR No such channel!\n") in texts
    assert ApiResponse("false") in texts


def test_disconnect_notices() -> None:
    lingers, ends = [frame for frame in read([received("outbound")])[0] if isinstance(frame, DisconnectNotice)]
    assert (lingers.disposition, lingers.is_linger, lingers.linger_time, lingers.text) == ("linger", True, 5, "")
    assert (ends.disposition, ends.is_linger, ends.linger_time) == ("disconnect", False, 0)
    (reloaded,) = [frame for frame in read([received("reload")])[0] if isinstance(frame, DisconnectNotice)]
    assert (reloaded.disposition, reloaded.is_linger) == ("", False)
    assert reloaded.text == "The system is being shut down.\n"


def test_log_frames() -> None:
    logs = [frame for frame in read([received("log")])[0] if isinstance(frame, LogData)]
    assert {log.level for log in logs} <= set(range(8))
    assert logs[0].headers["User-Data"] == ""
    assert logs[0].text.endswith("Parsing global variables\n")


def test_answer_to_connected() -> None:
    connect = read([received("outbound")])[0][0]
    assert isinstance(connect, Connect)
    assert connect.name == "CHANNEL_DATA"
    assert connect.get("Reply-Text") == "+OK\n"
    assert connect.get("Caller-Caller-ID-Name") == "Jürgen Café"
    assert connect.get("Content-Type") == "command/reply"


def test_the_address_may_not_connect() -> None:
    frame = one(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
    assert frame == Rejection("Access Denied, go away.\n")


def test_a_content_type_that_is_not_known() -> None:
    frame = one(b"Content-Length: 3\nContent-Type: text/event-xml\n\n<a>")
    assert frame == Other("text/event-xml", {"Content-Length": "3", "Content-Type": "text/event-xml"}, b"<a>")


# --- events as a stranger may shape them


def test_what_is_encoded_cannot_become_a_line() -> None:
    event = event_of("plain", b"Event-Name: CHANNEL_PARK\nCaller-Caller-ID-Name: x%0AEvent-Name%3A%20CUSTOM%0D%0A\n\n")
    assert event.name == "CHANNEL_PARK"
    assert event.get("Caller-Caller-ID-Name") == "x\nEvent-Name: CUSTOM\r\n"
    event = event_of("json", b'{"Event-Name":"CHANNEL_PARK","Caller-Caller-ID-Name":"x\\nEvent-Name: CUSTOM"}')
    assert (event.name, event.get("Caller-Caller-ID-Name")) == ("CHANNEL_PARK", "x\nEvent-Name: CUSTOM")


def test_values_are_decoded_once() -> None:
    assert event_of("plain", b"A: 100%25%32%35\n\n").get("A") == "100%25"
    assert event_of("json", b'{"A":"100%25"}').get("A") == "100%25"
    assert event_of("plain", b"A: a+b%2\n\n").get("A") == "a+b%2"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("plain", b"Event-Name: COMMAND\nA: 1\nEvent-Name: PRIVATE_COMMAND\n\n"),
        ("json", b'{"Event-Name":"COMMAND","A":"1","Event-Name":"PRIVATE_COMMAND"}'),
    ],
)
def test_of_repeated_headers_the_last_counts(kind: str, body: bytes) -> None:
    assert event_of(kind, body) == Event({"Event-Name": "PRIVATE_COMMAND", "A": "1"})


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 9999\nContent-Length: 5", "käse"),
        (b"A: 1\nContent-Length: 8", "a\n\nb\n\nc\n"),
    ],
)
def test_of_two_lengths_the_last_is_true(head: bytes, body: str) -> None:
    event = event_of("plain", head + b"\n\n" + body.encode())
    assert event.body == body
    assert event_of("plain", b"A: 1\nContent-Length: 5\n\n").body == ""


@pytest.mark.parametrize(
    "body",
    [b"A: 1\n\nx", b"Content-Length: 1\n\nk\xc3\xa4", b"Content-Length: 2\nContent-Length: 3\n\nxx", b"A: 1\n", b""],
)
def test_a_nested_length_that_is_wrong(body: bytes) -> None:
    assert read([framed("plain", body)])[1].startswith("event ")


def test_lengths_count_bytes() -> None:
    assert event_of("plain", b"Content-Length: 7\n\n\xe2\x98\x8e\xf0\x9f\x98\x80").body == "☎😀"
    assert event_of("json", '{"A":"☎","_body":"😀\\n"}'.encode()).body == "😀\n"


def test_arrays() -> None:
    event = event_of("json", b'{"A":["x"],"B":["x","y"],"C":"z","D":[]}')
    assert event.headers == {"A": "x", "B": "ARRAY::x|:y", "C": "z", "D": ""}
    assert [event.array(name) for name in "ABCE"] == [("x",), ("x", "y"), ("z",), ()]


def test_a_value_that_looks_like_json() -> None:
    body = json.dumps({"A": '","B":"', "C": '":"', "D": '\\":"x', "_body": '{"a":"b"}'}, separators=(",", ":")).encode()
    event = event_of("json", body)
    assert event == Event({"A": '","B":"', "C": '":"', "D": '\\":"x'}, '{"a":"b"}')


def test_json_that_is_not_utf8() -> None:
    event = event_of("json", b'{"A":"x","B":["\xff"],"A":"caf\xe9 \xc3\xa9","_body":"\xfe"}')
    assert event == Event({"A": "caf\udce9 é", "B": "\udcff"}, "\udcfe")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'[["a","b"]]', b'{"a":1}', b'{"a":{"b":"c"}}', b"[" * 100_000])
def test_json_that_is_no_event(body: bytes) -> None:
    assert read([framed("json", body)])[1].startswith("event ")


JSON_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(['":"', '","', '\\":"', "\n"])


@settings(max_examples=300, deadline=None)
@given(pairs=st.lists(st.tuples(JSON_TEXT.filter(lambda name: name != "_body"), JSON_TEXT), max_size=8), body=JSON_TEXT)
def test_any_json_event_comes_back(pairs: list[tuple[str, str]], body: str) -> None:
    items = [f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(value)}" for name, value in pairs]
    event = event_of("json", ("{" + ",".join([*items, f'"_body":{json.dumps(body)}']) + "}").encode())
    assert event == Event(dict(pairs), body)


@settings(max_examples=300, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.text("ABcd-_", min_size=1, max_size=4), st.binary(min_size=1, max_size=12)), min_size=1, max_size=8
    ),
    body=st.binary(max_size=20),
)
def test_any_plain_event_comes_back(pairs: list[tuple[str, bytes]], body: bytes) -> None:
    lines = [name.encode() + b": " + b"".join(b"%%%02X" % byte for byte in value) for name, value in pairs]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    event = event_of("plain", b"\n".join(lines) + b"\n\n" + body)
    assert list(event.headers.items())[: len(dict(pairs))] == list({n: text_of(v) for n, v in pairs}.items())
    assert event.body == text_of(body)


# --- faults and bounds


@pytest.mark.parametrize("stream", [b"HTTP/1.1 400\r\n", b"\xff", b"content-type: auth/request\n\n", b"Asterisk Call"])
def test_what_is_no_event_socket_is_refused_at_once(stream: bytes) -> None:
    assert read([stream]) == ([], "no event socket")
    assert read(in_pieces(stream, 1)) == ([], "no event socket")


def test_blank_lines_between_frames_are_nothing() -> None:
    stream = b"\n\n\nContent-Type: auth/request\n\n\nContent-Type: command/reply\nReply-Text: +OK\n\n\n\n"
    frames, fault = read([stream])
    assert (len(frames), fault) == (2, "")
    assert read(in_pieces(stream, 1)) == (frames, "")


@pytest.mark.parametrize(
    "bad",
    [
        b"Content-Type: api/response\n\n",
        b"Content-Type: text/event-json\n\n",
        b"Content-Length: 0\n\n",
        b"Content-Type: api/response\nContent-Length: -1\n\n",
        b"Content-Type: api/response\nContent-Length: 1 \n\nx",
        b"Content-Type: api/response\nContent-Length: 1\nContent-Length: 2\n\nxx",
        b"Content-Type: api/response\nContent-Length: 99999999999\n\n",
        b"Content-Type: command/reply\nReply-Text: +OK accepted\nAllowed-API: aContent-Type: command/reply\n"
        b"Reply-Text: +OK\n\n",
        b"Content-Type: command/reply\nReply-Text: x\ny\n\n",
        b"Content-Type: api/response\nContent-Length: %d\n\n" % (BODY_LIMIT + 1),
        b"Content-Length: %d\nContent-Type: text/event-json\n\n" % (BODY_LIMIT + 1),
    ],
)
def test_heads_that_are_wrong(bad: bytes) -> None:
    good = b"Content-Type: auth/request\n\n"
    frames, fault = read([good + bad + good])
    assert frames == [AuthRequest()]
    assert fault
    assert read(in_pieces(good + bad + good, 1)) == (frames, fault)


@pytest.mark.parametrize("size", [65_536, 1_000_000])
def test_a_head_too_long(size: int) -> None:
    for endless in (b"Content-Type: command/reply\nReply-Text: " + b"x" * HEAD_LIMIT, b"\n" * (HEAD_LIMIT + 1)):
        assert read(in_pieces(endless, size)) == ([], f"head over {HEAD_LIMIT} bytes")


def test_too_many_headers() -> None:
    names = [b"N%d" % number for number in range(HEADER_LIMIT)]
    fault = f"over {HEADER_LIMIT} headers"
    assert len(event_of("plain", b"\n".join(name + b": 1" for name in names) + b"\n\n").headers) == HEADER_LIMIT
    assert read([plain(b"\n".join(name + b": 1" for name in [*names, b"M"]))])[1] == fault
    assert read([framed("json", b"{%s}" % b",".join(b'"%s":"1"' % name for name in [*names, b"M"]))])[1] == fault
    assert read([b"Event-Name: CHANNEL_DATA\n" + b"A: 1\n" * HEADER_LIMIT + b"\n"])[1] == fault


def test_a_large_header_and_a_large_body() -> None:
    event = event_of("plain", b"Big: %s\nContent-Length: 4000000\n\n%s" % (b"%20" * 900_000, b"y" * 4_000_000))
    assert (len(event.get("Big")), len(event.body)) == (900_000, 4_000_000)
    big = json.dumps({"Big": "x" * 900_000, "_body": "ä" * 4_000_000}, ensure_ascii=False, separators=(",", ":"))
    frames, fault = read(in_pieces(framed("json", big.encode()), 65_536))
    assert not fault
    (frame,) = frames
    assert isinstance(frame, Event)
    assert (len(frame.get("Big")), len(frame.body)) == (900_000, 4_000_000)


@pytest.mark.parametrize("head", [b"Content-Type: command/reply\nReply-Text: ", b"\n"])
def test_memory_stays_bounded(head: bytes) -> None:
    piece = (b"x" if b"C" in head else b"\n") * 65_536
    tracemalloc.start()
    try:
        _, fault = read([head, *[piece] * (HEAD_LIMIT // len(piece) + 2)])
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fault
    assert peak < 3 * HEAD_LIMIT
    assert held < 65_536


def test_after_a_fault_the_connection_is_dead() -> None:
    connection = Connection()
    with pytest.raises(ProtocolError):
        connection.receive_data(b"nonsense")
    for call in (
        lambda: connection.receive_data(b"Content-Type: auth/request\n\n"),
        connection.receive_eof,
        lambda: connection.send(Exit()),
    ):
        with pytest.raises(ProtocolError, match="no event socket"):
            call()


def test_end_of_the_stream() -> None:
    connection = Connection()
    connection.receive_data(b"Content-Type: auth/request\n\n\n")
    connection.receive_eof()
    with pytest.raises(ProtocolError, match="closed"):
        connection.receive_data(b"Content-Type: auth/request\n\n")
    for half in (b"Content-Type: auth", b"Content-Type: api/response\nContent-Length: 3\n\nab"):
        connection = Connection()
        connection.receive_data(half)
        with pytest.raises(ProtocolError, match="in the middle"):
            connection.receive_eof()


FRAGMENTS = [
    b"\n",
    b"\n\n",
    b"\r\n",
    b": ",
    b"Content-Length: ",
    b"Content-Length: 3\n",
    b"Content-Type: ",
    b"Content-Type: command/reply\n",
    b"Content-Length: 10\nContent-Type: text/event-plain\n\n",
    b"Content-Length: 10\nContent-Type: text/event-json\n\n",
    b'{"A":"1"}\n',
    b"Event-Name: ",
    b"%0A",
]


@settings(max_examples=400, deadline=None)
@given(fragments=st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=30), size=st.integers(1, 9))
def test_hostile_bytes_only_ever_raise_protocol_error(fragments: list[bytes], size: int) -> None:
    stream = b"".join(fragments)
    assert read(in_pieces(stream, size)) == read([stream])


SMALL = [name for name in NAMES if len(received(name)) < 12_000]


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(SMALL),
    changes=st.lists(
        st.tuples(st.integers(0, 12_000), st.integers(0, 3), st.sampled_from(FRAGMENTS) | st.binary(max_size=3)),
        min_size=1,
        max_size=4,
    ),
    size=st.integers(5, 2_000),
)
def test_a_damaged_transcript_only_ever_raises_protocol_error(
    name: str, changes: list[tuple[int, int, bytes]], size: int
) -> None:
    stream = received(name)
    for at, lost, put in changes:
        at %= len(stream)
        stream = stream[:at] + put + stream[at + lost :]
    assert read(in_pieces(stream, size)) == read([stream])


# --- what is sent


def test_commands_as_they_were_recorded() -> None:
    channel = "00000000-0000-0000-0000-000000000000"
    recorded = {data for name in NAMES for data in sent(name)}
    for command in (
        Auth("ClueCon"),
        UserAuth("esl1@127.0.0.1", "secret"),
        Subscribe(["ALL"], encoding="plain"),
        Subscribe(["ALL"]),
        Subscribe(["BACKGROUND_JOB", "CUSTOM"], encoding="plain"),
        Api("status"),
        Api("uuid_dump", channel),
        Api("global_getvar", "core_uuid"),
        BgApi("status"),
        BgApi("originate", "sofia/internal/x@127.0.0.1:5999 &park"),
        Api("reload", "mod_event_socket"),
        Linger(5),
        NoLog(),
        Connected(),
        Exit(),
    ):
        assert command.render() in recorded, command


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Unsubscribe(["DTMF"], ["a::b"]), "nixevent DTMF CUSTOM a::b\n\n"),
        (Subscribe(["CUSTOM", "DTMF"], ["a::b"]), "event json DTMF CUSTOM a::b\n\n"),
        (Subscribe(subclasses=["a::b", "c"]), "event json CUSTOM a::b c\n\n"),
        (UnsubscribeAll(), "noevents\n\n"),
        (Filter("Unique-ID", "/^a b/"), "filter Unique-ID /^a b/\n\n"),
        (Unfilter("Unique-ID", "1"), "filter delete Unique-ID 1\n\n"),
        (Unfilter("all"), "filter delete all\n\n"),
        (BgApi("status", job_id="j-1"), "bgapi status\nJob-UUID: j-1\n\n"),
        (
            Execute("u1", "playback", "/a b.wav", "e1"),
            "sendmsg u1\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: /a b.wav\n"
            "Event-UUID: e1\nevent-lock: true\n\n",
        ),
        (
            Execute("", "answer", is_locked=False, loops=2),
            "sendmsg\ncall-command: execute\nexecute-app-name: answer\nloops: 2\n\n",
        ),
        (
            Execute("u1", "set", "cust2=va\nlue café", is_locked=False),
            "sendmsg u1\ncall-command: execute\nexecute-app-name: set\ncontent-type: text/plain\n"
            "Content-Length: 18\n\ncust2=va\nlue café",
        ),
        (Hangup("u1", "USER_BUSY"), "sendmsg u1\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n"),
        (
            SendEvent("CUSTOM", [("Event-Subclass", "a::b")], "käse"),
            "sendevent CUSTOM\nEvent-Subclass: a::b\nContent-Length: 5\n\nkäse",
        ),
        (Log(3), "log 3\n\n"),
        (MyEvents(), "myevents json\n\n"),
        (MyEvents("u1", "plain"), "myevents u1 plain\n\n"),
        (DivertEvents(), "divert_events on\n\n"),
        (DivertEvents(False), "divert_events off\n\n"),
        (NoLinger(), "nolinger\n\n"),
        (Nudge(), "\n"),
    ],
)
def test_commands(command: Command, written: str) -> None:
    assert Connection().send(command) == written.encode()


HOSTILE = st.lists(
    st.sampled_from(
        [
            "\n",
            "\n\n",
            "\r\n",
            "\r",
            "\0",
            "api shutdown",
            "Content-Length: 7",
            ": ",
            " ",
            "${system x}",
            "$\\{",
            "reload mod_event_socket",
            "UNLOAD",
            "mod_Event_socket",
            "ARRAY::a|:b",
            "%[a=b]",
            "é",
            "\ud800",
            "x",
            "+",
            "-",
        ]
    )
    | st.text(max_size=3),
    max_size=4,
).map("".join)

SHAPES: list[Callable[[str, str], tuple[Command, str, list[tuple[str, str]], str]]] = [
    lambda a, b: (Auth(a), f"auth {a}", [], ""),
    lambda a, b: (UserAuth(a, b), f"userauth {a}:{b}", [], ""),
    lambda a, b: (Subscribe([a], [b]), f"event json {a} CUSTOM {b}", [], ""),
    lambda a, b: (Unsubscribe([a], [b]), f"nixevent {a} CUSTOM {b}", [], ""),
    lambda a, b: (Filter(a, b), f"filter {a} {b}", [], ""),
    lambda a, b: (Unfilter(a, f"x{b}"), f"filter delete {a} x{b}", [], ""),
    lambda a, b: (Api("uuid_setvar", f"u n {a}"), f"api uuid_setvar u n {a}", [], ""),
    lambda a, b: (Api(a), f"api {a}", [], ""),
    lambda a, b: (BgApi("originate", f"x{a}", f"j{b}"), f"bgapi originate x{a}", [("Job-UUID", f"j{b}")], ""),
    lambda a, b: (Hangup("u", a), "sendmsg u", [("call-command", "hangup"), ("hangup-cause", a)], ""),
    lambda a, b: (Hangup(f"u{a}", "X"), f"sendmsg u{a}", [("call-command", "hangup"), ("hangup-cause", "X")], ""),
    lambda a, b: (Execute("u", "set", f"a={a}", f"e{b}", is_locked=False), "sendmsg u", [], ""),
    lambda a, b: (Execute(f"u{b}", a, b), f"sendmsg u{b}", [], ""),
    lambda a, b: (SendEvent("CUSTOM", [("A", a)], b), "sendevent CUSTOM", [("A", a)], b),
    lambda a, b: (SendEvent("CUSTOM", [(a, "1")], b), "sendevent CUSTOM", [(a, "1")], b),
    lambda a, b: (MyEvents(f"u{a}"), f"myevents u{a} json", [], ""),
]


@settings(max_examples=1_500, deadline=None)
@given(shape=st.sampled_from(SHAPES), a=HOSTILE, b=HOSTILE)
def test_a_command_is_one_command_or_refused(
    shape: Callable[[str, str], tuple[Command, str, list[tuple[str, str]], str]], a: str, b: str
) -> None:
    command, line, headers, body = shape(a, b)
    try:
        written = Connection().send(command)
    except IllegalValue:
        return
    (found,) = commands(written)
    assert found.line == line
    if isinstance(command, Execute):
        assert_executes(command, found)
        return
    assert [header for header in found.headers if header[0] != "Content-Length"] == headers
    assert found.body == body


def assert_executes(command: Execute, found: Read) -> None:
    """FreeSWITCH takes the argument from the header or, if it is text, from the body; and may not expand it."""
    names = [name for name, _ in found.headers]
    assert len(names) == len(set(names))
    headers = dict(found.headers)
    assert headers["execute-app-name"] == command.application
    assert headers.get("Event-UUID", "") == command.event_id
    assert headers.get("execute-app-arg") or found.body == command.argument or not command.argument
    if "execute-app-arg" in headers:
        assert (headers["execute-app-arg"], found.body) == (command.argument, "")
    elif command.argument:
        assert headers["content-type"] == "text/plain"
    assert "${" not in command.argument


@pytest.mark.parametrize("mark", ["\r\n", "\r", "\n", "\0", "\n\napi shutdown\n\n", "\nContent-Length: 5"])
def test_injection_is_refused_everywhere(mark: str) -> None:
    hostile = f"x{mark}y"
    for command in (
        Auth(hostile),
        UserAuth(f"a{mark}@b", "c"),
        UserAuth("a@b", hostile),
        Subscribe([hostile]),
        Subscribe(["DTMF"], [hostile]),
        Subscribe(["DTMF"], encoding=hostile),  # type: ignore[arg-type]
        Unsubscribe([hostile]),
        Filter(hostile, "1"),
        Filter("A", hostile),
        Unfilter(hostile),
        Unfilter("A", hostile),
        Api(hostile),
        Api("echo", hostile),
        BgApi(hostile),
        BgApi("echo", hostile),
        BgApi("echo", "x", hostile),
        Execute(hostile, "answer"),
        Execute("u", hostile),
        Execute("u", "answer", "", hostile),
        Hangup(hostile),
        Hangup("u", hostile),
        SendEvent(hostile),
        SendEvent("CUSTOM", [(hostile, "1")]),
        SendEvent("CUSTOM", [("A", hostile)]),
        MyEvents(hostile),
        MyEvents("u", hostile),  # type: ignore[arg-type]
    ):
        with pytest.raises(IllegalValue):
            Connection().send(command)


def test_a_line_break_goes_into_the_body_and_a_nul_nowhere() -> None:
    (found,) = commands(Execute("u", "set", "a=b\n\napi shutdown\n\n").render())
    assert found.body == "a=b\n\napi shutdown\n\n"
    with pytest.raises(IllegalValue):
        Execute("u", "set", "a=\0").render()
    with pytest.raises(IllegalValue):
        SendEvent("CUSTOM", body="\0").render()


@pytest.mark.parametrize("argument", ["${system rm}", "a=$${x}", "a=$\\{x}", "x\n${y}", "%[a=b]x", "%,[a=b]x"])
def test_what_an_application_would_expand_is_refused(argument: str) -> None:
    with pytest.raises(IllegalValue):
        Execute("u", "set", argument).render()


def test_what_an_api_could_expand_later_is_refused() -> None:
    for command in (Api("uuid_setvar", "u a ${system x}"), BgApi("originate", "{a=${b}}null/x &park")):
        with pytest.raises(IllegalValue):
            command.render()


@pytest.mark.parametrize("words", ["reload mod_event_socket", "Mod_Event_Socket Unload", "x mod_event_socket,reload x"])
def test_the_two_words_that_reload_the_event_socket(words: str) -> None:
    for command in (
        Api("uuid_setvar", f"u name {words}"),
        BgApi("originate", f"{quote_variables({'origination_caller_id_name': words})}null/x &park"),
        Execute("u", "set", f"name={words}"),
        SendEvent("CUSTOM", [("A", words)]),
        Auth(words),
    ):
        with pytest.raises(IllegalValue):
            command.render()
    assert Execute("u", "set", f"name=\n{words}").render().endswith(words.encode())  # a body is not looked through


@pytest.mark.parametrize(
    "command",
    [
        Subscribe(),
        Subscribe(["A B"]),
        Unsubscribe(),
        UserAuth("nodomain", "x"),
        UserAuth("a:b@c", "x"),
        UserAuth("a@b:c", "x"),
        Filter("A", ""),
        Filter("A", "-x"),
        Filter("A", "+34"),
        Filter("delete", "x"),
        Filter("Add", "x"),
        Api(""),
        Api("a b"),
        BgApi("a", "b", "j" * (JOB_ID_LIMIT + 1)),
        BgApi("reload", "mod_event_socket"),
        Execute("u", ""),
        Execute("u", "a::b"),
        Execute("u v", "answer"),
        SendEvent("CUSTOM", [("Event-Name", "CHANNEL_HANGUP")]),
        SendEvent("CUSTOM", [("content-length", "1")]),
        SendEvent("CUSTOM", [("A[1]", "1")]),
        SendEvent("CUSTOM", [("A", " 1")]),
        Api("echo", "\ud800"),
        Execute("u", "set", "a=\n\ud800"),
        Api("echo", "x" * COMMAND_LIMIT),
    ],
)
def test_what_would_be_read_otherwise_is_refused(command: Command) -> None:
    with pytest.raises(IllegalValue):
        command.render()


def test_bytes_that_are_not_utf8_go_the_way_back() -> None:
    name = events("encoding-plain")[2].get("X-Bad")
    assert Api("echo", name).render() == b"api echo caf\xe9 \xff\xfe\n\n"


def test_a_command_that_is_none() -> None:
    with pytest.raises(NotImplementedError):
        Command().render()


VALUE = st.text(
    st.sampled_from("\\\\\\''' \",,==nrtsx^|[]<>()_&é$%:") | st.characters(codec="utf-8", exclude_categories=["Cc"]),
    max_size=14,
)


@settings(max_examples=1_500, deadline=None)
@given(value=VALUE)
def test_an_escaped_value_is_read_back(value: str) -> None:
    try:
        argument = f"u1 name {escape(value)}"
    except IllegalValue:
        assert "${" in value or "$\\" in value
        return
    (found,) = commands(Api("uuid_setvar", argument).render())
    words = separated(found.line.removeprefix("api uuid_setvar ").strip(" "), " ", 3)
    assert words == ["u1", "name", *[value] * bool(value)]


@settings(max_examples=1_500, deadline=None)
@given(variables=st.dictionaries(st.text("abZ_", min_size=1, max_size=4), VALUE, max_size=4))
def test_quoted_variables_are_read_back(variables: dict[str, str]) -> None:
    try:
        argument = f"{quote_variables(variables)}sofia/internal/a@b &park"
    except IllegalValue:
        assert any(mark in value for value in variables.values() for mark in ("{", "}", ":_:", "ARRAY::"))
        return
    (found,) = commands(BgApi("originate", argument).render())
    read_back, words = originated(found.line.removeprefix("bgapi originate "))
    assert read_back == {name: value for name, value in variables.items() if value}
    assert words == ["sofia/internal/a@b", "&park"]


def test_quoting_as_it_was_recorded() -> None:
    # In call-plain.txt the name in quotes arrived as `Queue Support`.
    recorded, _ = originated("{origination_caller_id_name='Queue Support',a=1}sofia/x &park")
    assert recorded == {"origination_caller_id_name": "Queue Support", "a": "1"}
    assert quote_variables({}) == ""
    assert quote_variables({"a": "1", "b": ""}) == "{a=1}"
    assert quote_variables({"a": "it's, so"}) == "{a=it\\\\\\\\\\\\\\'s\\\\,\\\\\\\\sso}"


@pytest.mark.parametrize("value", ["a{b", "a}b", "a:_:b", "a\nb", "a\tb", "\x7f", "ARRAY::a|:b", "${x}"])
def test_variables_that_cannot_be_said(value: str) -> None:
    with pytest.raises(IllegalValue):
        quote_variables({"a": value})


@pytest.mark.parametrize("name", ["", "a b", "a=", "1a", "a,b", "a}", "^^;a", "a[0]"])
def test_names_of_variables(name: str) -> None:
    with pytest.raises(IllegalValue):
        quote_variables({name: "1"})
