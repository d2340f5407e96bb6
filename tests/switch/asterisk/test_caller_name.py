"""Names of callers as AMI escapes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.model.event import LegArrived
from ccd.switch.asterisk.caller_name import caller_name
from ccd.wire.ami import Message
from tests.switch.asterisk.scripted import CALLER, Scripted

AST_ESCAPE_C = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "?": "\\?",
}
"""What Asterisk's function of that name makes of these."""


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("", ""),
        ("Ana", "Ana"),
        (r"O\'Neil", "O'Neil"),
        (r"Pat \"the knife\"\?", 'Pat "the knife"?'),
        (r"a\\nb", r"a\nb"),
        (r"a\\\'b", r"a\'b"),
        (r"a\r\nAction: Originate\r\n\tb\a\b\f\v", "aAction: Originateb"),
        ("a\x00b\x1b[2J\x7f", "ab[2J"),
        (r"C:\dir\0", r"C:\dir\0"),
        ("cut short\\", "cut short\\"),
        ("名前 \x9b é", "名前 \x9b é"),
    ],
)
def test_a_name_is_what_the_caller_showed(sent: str, name: str) -> None:
    assert caller_name(sent) == name


@given(st.text(alphabet=st.one_of(st.sampled_from([*AST_ESCAPE_C, *"abfnrtv0 "]), st.characters())))
def test_what_asterisk_escapes_comes_back_without_control_characters(name: str) -> None:
    sent = "".join(AST_ESCAPE_C.get(letter, letter) for letter in name)
    assert caller_name(sent) == "".join(letter for letter in name if letter >= " " and letter != "\x7f")


@given(st.text())
def test_whatever_is_sent_no_control_character_is_left(sent: str) -> None:
    assert all(letter >= " " and letter != "\x7f" for letter in caller_name(sent))


def test_a_callers_name_is_the_same_arrived_and_found_after_a_login() -> None:
    arriving, finding = Scripted(), Scripted()
    arriving.log_in()
    arriving.arrive(CallerIDName=r"Pat O\'Neil\?")
    found = {"Event": "Status", "Uniqueid": CALLER, "Channel": "PJSIP/trunk-1", "Application": "AGI"}
    finding.log_in(Message({**found, "CallerIDName": r"Pat O\'Neil\?", "Variable": "CCD_ROLE=caller"}))
    for it in (arriving, finding):
        (arrival,) = [event for event in it.told() if isinstance(event, LegArrived)]
        assert arrival.ani_name == "Pat O'Neil?"
