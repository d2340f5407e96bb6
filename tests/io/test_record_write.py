import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.io.record_write import ChangeCaller, KeepCdr, KeepInteraction, decoded, encoded, joined, parted, person_of
from ccd.model.caller import Interaction
from ccd.model.cdr import Cdr, ForbiddenDial, Leg, Step
from ccd.model.fact import Direction
from ccd.model.ids import CallerId, CallId, LegId


def cdr(direction: Direction = "inbound", word: str = "+49301", caller: str = "") -> Cdr:
    return Cdr(
        CallId("c1"),
        direction,
        5,
        ani=word,
        ani_name=word,
        dnis=word if direction == "outbound" else "0309",
        number=word,
        caller=CallerId(caller),
        way=(
            Step("main", "ask", "collect", 1, 2, word),
            Step("main", "choose", "menu", 2, 3, "key 2"),
            Step("main", "again", "collect", 3, 4, word * 2),
        ),
        legs=(Leg(LegId("a"), 1), Leg(LegId("b"), 2, number=word)),
        forbidden=(ForbiddenDial(3, word, "premium"),),
    )


@pytest.mark.parametrize("direction", ["inbound", "outbound", "internal"])
def test_the_record_without_the_person_holds_nothing_of_him(direction: Direction) -> None:
    whole = cdr(direction)
    rest, personal = parted(whole)
    assert b"+49301" not in encoded(rest)
    assert (rest.way[1].result, rest.legs[1].leg, rest.forbidden[0].why) == ("key 2", "b", "premium")
    assert rest.dnis == whole.dnis if direction == "inbound" else not rest.dnis
    assert joined(rest, personal) == whole
    assert joined(rest, None) == rest


@given(st.text(), st.sampled_from(["inbound", "outbound"]))
def test_parted_and_joined_are_each_others_reverse(word: str, direction: Direction) -> None:
    whole = cdr(direction, word)
    assert joined(*parted(whole)) == whole


def test_whose_a_call_is() -> None:
    assert person_of(cdr(caller="abc")) == "abc"
    assert person_of(cdr()) == "+49301"
    assert person_of(cdr(word="")) == "call:c1"


@given(st.text(st.characters(exclude_categories=[])))
def test_a_write_is_one_line_whatever_the_text(text: str) -> None:
    for write in (
        KeepCdr(cdr(word=text)),
        ChangeCaller(CallerId("a"), {"name": text}),
        KeepInteraction(Interaction("i", CallerId("a"), 1, "note", "anna", text)),
    ):
        line = encoded(write)
        assert b"\n" not in line
        again = decoded(line)
        assert type(again) is type(write)
        assert encoded(again) == line
        if all(not 0xD800 <= ord(letter) < 0xE000 for letter in text):
            assert again == write


def test_a_damaged_line_is_an_error() -> None:
    for line in (b"", b"{", b'{"type":"DropEverything"}', b'{"type":"KeepCdr"}', b"\xff"):
        with pytest.raises(msgspec.DecodeError):
            decoded(line)
