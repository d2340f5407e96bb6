"""Flows end to end: keys before, during and after prompts, secrets, what hostile callers show."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from ccd.daemon.journal import Entry, read, segments
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.model.cdr import Cdr
from ccd.model.event import DigitPressed
from tests.live.daemon_harness import (
    PROMPT_TONE,
    CallCentre,
    answered,
    call_centre,
    ended,
    hears,
    prompt,
    shown_number,
    sound,
    until,
)

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
MENU, SECRET, WHO, AGAIN = "4930001", "4930002", "4930003", "4930004"
CARD = "4929918273645557"
HOSTILE = [
    'Eve "the\\knife" O\'Neil <sip:x@y>',
    "Ünïcødé Größe 名前",
    "${SHELL(id)}",
    "x" * 200,
    "%0D%0AAction: Originate%0D%0A%0D%0A",
    '=HYPERLINK("x");DROP TABLE',
]


def flows(folder: Path) -> Mapping[str, str]:
    choices = prompt(folder, "choices", PROMPT_TONE, 3.0)
    wrong = prompt(folder, "wrong", 1700, 0.4)
    return {
        "menu": f"""
flow: menu
steps:
  choose:
    menu:
      prompt: {{sound: {choices}}}
      invalid: {{sound: {wrong}}}
      keys: {{1: one, 2: two}}
      timeout: 600ms
      retries: 1
      otherwise: bye
  one:
    collect: {{prompt: {{sound: {wrong}}}, into: order, min_length: 3, max_length: 3, first_digit: 1s}}
    next: bye
  two:
    play: {{sound: {wrong}}}
  bye:
    hangup:
""",
        "secret": f"""
flow: secret
steps:
  card:
    collect:
      prompt: {{sound: {wrong}}}
      into: card
      secret: true
      pattern: "[0-9]{{16}}"
      retries: 1
      otherwise: bye
  fits:
    if: {{when: card != none, then: thanks, else: bye}}
  thanks:
    play: {{sound: {wrong}}}
  bye:
    hangup:
""",
        "who": """
flow: who
steps:
  known:
    caller: {on: {known: back, new: new, anonymous: bye}}
  back:
    play: {say: "Hello {caller.name}."}
    next: bye
  new:
    caller: {fields: {tier: silver}}
  bye:
    hangup:
""",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[CallCentre]:
    numbers = {"numbers": {MENU: "menu", SECRET: "secret", WHO: "who"}}
    async with call_centre(installed, numbers, flows) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    yield house
    await house.assert_quiet()


def way(cdr: Cdr) -> list[str]:
    return [f"{step.step}: {step.result}" for step in cdr.way]


async def over(centre: CallCentre, call: PeerCall) -> Cdr:
    await ended(call)
    return await centre.cdr(call)


async def test_a_key_breaks_into_the_prompt(centre: CallCentre) -> None:
    call = await answered(centre.call(MENU))
    await hears(call, PROMPT_TONE, 0.3)
    sound(call).press("2")
    cdr = await over(centre, call)
    assert way(cdr) == ["choose: key 2", "two: finished", "bye: normal"]
    assert sound(call).heard(PROMPT_TONE).seconds < 1.5, "the prompt of 3 s was not cut short"
    assert sound(call).heard(1700).seconds > 0.2


async def test_keys_typed_ahead_reach_the_steps_that_want_them(centre: CallCentre) -> None:
    call = await answered(centre.call(MENU))
    began = time.monotonic()
    sound(call).press("1987")
    cdr = await over(centre, call)
    assert way(cdr) == ["choose: key 1", "one: collected", "bye: normal"]
    assert time.monotonic() - began < 2.5


async def test_a_wrong_key_and_then_none(centre: CallCentre) -> None:
    call = await answered(centre.call(MENU))
    sound(call).press("7")
    await hears(call, 1700, 0.2)
    cdr = await over(centre, call)
    assert way(cdr) == ["choose: timeout", "bye: normal"]
    assert cdr.way[0].left_at - cdr.way[0].entered_at > 3_900_000, "the choices were not played again in full"


async def test_a_secret_is_nowhere(centre: CallCentre) -> None:
    call = await answered(centre.call(SECRET))
    await hears(call, 1700, 0.2)
    sound(call).press("123#")
    await asyncio.sleep(1.2)  # the last key, and the question again
    sound(call).press(CARD + "#")
    cdr = await over(centre, call)
    assert way(cdr) == ["card: collected", "fits: true", "thanks: finished", "bye: normal"]
    for digits in (CARD, CARD[4:12]):
        found = [path for path in centre.lab.folder.rglob("*") if path.is_file() and digits.encode() in _bytes(path)]
        assert not found
    frames = [frame for path in segments(centre.centre.folder / "journal") for frame in read(path)]
    pressed = [frame.event for frame in frames if isinstance(frame, Entry) and isinstance(frame.event, DigitPressed)]
    typed = "".join(event.digit for event in pressed if event.leg == cdr.legs[0].leg)
    assert len(typed) == len("123#" + CARD + "#")
    assert not set(typed) & set(CARD)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("shown", HOSTILE)
async def test_what_a_caller_shows_reaches_his_record_and_nothing_else(centre: CallCentre, shown: str) -> None:
    call = centre.call(WHO, display=shown)
    cdr = await over(centre, call)
    assert cdr.created
    assert way(cdr) == ["known: new", "new: new", "bye: normal"]
    caller = await centre.caller(cdr.number)
    assert caller is not None
    assert caller.fields["tier"] == "silver"
    name = caller.fields.get("name", "")
    assert name == cdr.ani_name[:80]
    assert not set(name) & set("\r\n\0")
    if shown in ("${SHELL(id)}", "x" * 200):
        assert shown.startswith(name.replace("%{", "${"))  # FreeSWITCH itself takes the sting out of a variable
        assert len(name) >= 12


async def test_a_hostile_name_is_spoken_as_text(centre: CallCentre) -> None:
    first = centre.call(WHO, display="$(id);`id` ${SHELL(id)}")
    await over(centre, first)
    again = centre.call(WHO, caller=shown_number(first))
    await ended(again)
    number = (await centre.cdr(first)).number

    async def twice() -> bool:
        caller = await centre.caller(number)
        return caller is not None and caller.calls == 2

    await until(twice, "two calls in the record")
    assert len(sound(again).sound) > 8_000


async def test_a_caller_without_a_number(centre: CallCentre) -> None:
    call = centre.call(WHO, caller="anonymous")
    cdr = await over(centre, call)
    assert way(cdr) == ["known: anonymous", "bye: normal"]
    assert (cdr.number, cdr.caller) == ("", "")


async def test_line_breaks_in_a_number_make_no_actions(centre: CallCentre) -> None:
    before = {cdr.call for cdr in await centre.past()}
    call = centre.call(WHO, caller="600%0D%0AAction%3A%20Hangup%0D%0A%0D%0A111222")
    await ended(call)

    async def stored() -> list[Cdr]:
        return [cdr for cdr in await centre.past() if cdr.call not in before]

    new = await until(stored, "its record")
    assert len(new) == 1
    assert not set(new[0].ani) & set("\r\n :%")
    assert new[0].ani.startswith("600")
