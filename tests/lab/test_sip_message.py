"""Reading and writing SIP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.lab import sip_message
from ccd.lab.sip_message import SipMessage

INVITE = (
    b"INVITE sip:2000@127.0.0.3:5062 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc\r\n"
    b'f: "Ana; \\"x\\"" <sip:+34911222333@127.0.0.1;user=phone>;tag=1\r\nTo: <sip:2000@127.0.0.3>\r\n'
    b"Record-Route: <sip:a;lr>\r\nRecord-Route: <sip:b;lr>\r\nSubject: folded\r\n over lines\r\ni: 77\r\n"
    b"CSeq: 9 INVITE\r\nl: 2\r\n\r\nhi"
)


def test_a_request_is_read() -> None:
    message = sip_message.parse(INVITE)
    assert (message.method, message.code, message.uri) == ("INVITE", None, "sip:2000@127.0.0.3:5062")
    assert message.branch == "z9hG4bKabc"
    assert message.header("CALL-ID") == "77"
    assert message.all("Record-Route") == ["<sip:a;lr>", "<sip:b;lr>"]
    assert message.header("Subject") == "folded over lines"
    assert message.header("Missing") == ""
    assert message.body == "hi"
    assert sip_message.user(sip_message.address_uri(message.header("From"))) == "+34911222333"


def test_a_response_is_of_the_method_it_answers() -> None:
    message = sip_message.parse(b"SIP/2.0 486 Busy Here\r\nCSeq: 3 BYE\r\n\r\n")
    assert (message.method, message.code) == ("BYE", 486)


def test_what_is_written_is_read_back() -> None:
    message = SipMessage("BYE sip:1@h SIP/2.0", [("To", "<sip:1@h>;tag=2"), ("CSeq", "2 BYE")], "körper")
    again = sip_message.parse(message.render())
    assert (again.start, again.body) == (message.start, message.body)
    assert again.headers[:-1] == message.headers
    assert again.header("Content-Length") == "7"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"INVITE x SIP/2.0\r\nno colon\r\n\r\n",
        b"SIP/2.0 xyz\r\nCSeq: 1 BYE\r\n\r\n",
        b"BYE x SIP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_sip_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="no SIP"):
        sip_message.parse(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        message = sip_message.parse(data)
    except ValueError:
        return
    assert message.method


def test_the_offer_says_where_we_listen() -> None:
    assert sip_message.media_address(sip_message.offer("127.0.0.2", 4000)) == ("127.0.0.2", 4000)
    assert sip_message.media_address("v=0\r\n") is None
