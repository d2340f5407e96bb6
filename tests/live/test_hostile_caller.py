"""Callers who show anything: through SIP, the dialplan, AMI and the engine into the record in Redis, the journal, the
agent's phone and the API, as text and nothing else."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from ccd.daemon.journal import Entry, read, segments
from ccd.io.journal_stream import STREAM
from ccd.io.record_dump import kind_of
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.model.caller import PastCall
from ccd.model.cdr import Cdr
from ccd.model.event import LegArrived
from ccd.model.ids import LegId
from ccd.web.answer import History
from tests.live.daemon_harness import (
    IS_FREESWITCH,
    PHONE_TONES,
    CallCentre,
    answered,
    call_centre,
    ended,
    endpoint,
    hears,
    until,
)
from tests.live.test_records import dump

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]
SALES = "4930900"
MARK = "executed-by-a-caller"
"""A file of this name appears where something that a caller sent is run."""
NAMES = {
    "quotes": 'Eve "the\\knife" O\'Neil <sip:x@y>;tag=1',
    "dialplan": "${SHELL(touch @)}${CALLERID(num)}$[1+1]",
    "dialplan system": "a,System(touch @),b)&PJSIP/1001,30",
    "shell": "$(touch @);`touch @`|touch @\nx".replace("\n", " "),
    "flow": "{caller.name} {call.id} = 1 + 1",
    "percent": "%0D%0AAction: Originate%0D%0AChannel: Local/1001@ccd-phone%0D%0A%0D%0A %s%n%x",
    "folded": "Eve\r\n Action: Originate\r\n Channel: Local/1001@ccd-phone\r\n Application: System\r\n Data: touch @",
    "redis": "x\r\n *1\r\n $8\r\n FLUSHALL",
    "tab": "a\tb\x0b\x0cc",
    "escape": "\x1b]0;owned\x07\x1b[2J\x9b31m",
    "not utf-8": "a\udcff\udcfe\udc80b",
    "overlong": "a\udcc0\udc80\udce0\udc80\udcafb",
    "surrogate": "a\udced\udca0\udc80b",
    "cut short": "Größ\udcc3",
    "beyond": "名前 Ünïcødé 😀 e\u0301 \u202egnorw \u2028 \ufeff \u200b \ufffe",
    "long": "Eve " + "x" * 2_000,
    "long unicode": "ü" * 500,
    "html": "<script>alert(1)</script>&amp;",
    "sheet": '=HYPERLINK("http://x","y");DROP TABLE callers;--',
    "json": '","number":"+34600","caller":null,"x":"\\u0000\\',
    "null": "None",
    "spaces": "   ",
}
REFUSED = {"long"} if IS_FREESWITCH else {"folded", "redis", "long"}
"""The switch does not even parse these."""
NUMBERS = {
    "line break": "600%0D%0AAction%3A%20Originate%0D%0AChannel%3A%20Local%2F1001%40ccd-phone%0D%0A%0D%0A1",
    "dialplan": "%24%7BSHELL(touch%20@)%7D",
    "expression": "%24%5B1%2B1%5D",
    "two phones": "600%26PJSIP%2F1001",
    "trunk": "900%40trunk",
    "nul": "600%00111",
    "quotes": "6%22%27%5C00",
    "not ascii": "%D9%A3%D9%A4%C3%BC%FF",
    "feature code": "*71",
    "emergency": "112",
    "premium": "+34803123456",
    "long": "6" * 300,
    "long e164": "+" + "9" * 80,
    "slash": "..%2F..%2Fetc%2Fpasswd",
    "colon": "ccd%3Acaller%3Ax",
    "plus": "+",
    "separator": "600%7C601%2C602%3B603",
}


def flows(folder: Path) -> Mapping[str, str]:
    return {
        "who": """
flow: who
steps:
  who:
    caller: {fields: {shown: "{call.ani_name}", number: "{call.ani}", tier: silver}}
  bye:
    hangup:
""",
        "sales": """
flow: sales
steps:
  who:
    caller: {fields: {shown: "{call.ani_name}"}}
  sales:
    queue: sales
""",
    }


SETTINGS: Mapping[str, Any] = {
    "site": {"name": "Test", "region": "ES", "screen_pop_url": "https://crm.example/?c={caller}&n={number}&q={queue}"},
    "default_route": "who",
    "numbers": {SALES: "sales"},
    "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}}},
    "agents": {"ana": {"name": "Ana", "number": "1001", "endpoint": endpoint("1001"), "skills": {"sales": 1}}},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, SETTINGS, flows) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    """Afterwards nothing was executed, nobody else was rung, and the daemon is as well as before."""
    there = len(house.outside.history), len(house.phones.history)
    yield house
    await house.assert_quiet()
    assert not [path for folder in (house.lab.folder, ROOT / "tests") for path in folder.rglob(f"*{MARK}*")]
    rung = list(house.outside.history)[there[0] :] + list(house.phones.history)[there[1] :]
    assert [call.number for call in rung if call.is_incoming and call.number != "1001"] == []
    assert '"level": "error"' not in house.centre.log.read_text()


def marked(centre: CallCentre, text: str) -> str:
    """With the path of the file that must not come to be."""
    return text.replace("touch @", f"touch {centre.lab.folder / MARK}")


async def over(call: PeerCall, within: float = 4.0) -> bool:
    """Whether the switch took the call, and it ended; one that pjsip does not even parse is never answered."""
    try:
        await ended(call, within)
    except TimeoutError:
        return False
    return call.was_answered or call.code in (200, 403, 480, 486, 603)


def is_plain(text: str) -> bool:
    """Valid Unicode without control characters."""
    return all(letter >= " " and letter != "\x7f" for letter in text) and text.encode().decode() == text


def shown(name: str) -> str:
    """What is to be made of a name: what a channel holds of it (79 bytes, whole letters), no control characters. SIP's
    backslashes stay: a name is kept as it is written between the quotes. FreeSWITCH decodes `%41`, and spoils `${`.
    """
    sent = name.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape")
    if IS_FREESWITCH:
        received = re.sub(rb"[\x00-\x1f\x7f]", b" ", sent.replace(b"\r\n ", b" ").replace(b"${", b"%{"))
        text = unquote_to_bytes(received).decode("utf-8", "surrogateescape")
        kept = "".join(one for one in text if one >= " " and one != "\x7f")[:256]
        return kept.encode("utf-8", "replace").decode().strip()
    held = sent[:80]
    while len(held) > 79 or (len(held) < len(sent) and not is_utf8(held)):
        held = held[:-1]
    kept = "".join(letter for letter in held.decode("utf-8", "replace") if letter >= " " and letter != "\x7f")
    return kept.strip()


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


async def record_of(centre: CallCentre, dnis: str) -> Cdr | None:
    found = [cdr for cdr in await centre.past() if cdr.dnis == dnis]
    assert len(found) <= 1, "one call, one record"
    return found[0] if found else None


async def test_names_of_any_kind(centre: CallCentre) -> None:
    """All at once; each call is refused by the switch or has one record with the name as text."""
    calls: dict[str, tuple[PeerCall, str]] = {}
    for place, (kind, name) in enumerate(NAMES.items()):
        dnis, number = f"49301{place:02}", f"61000{place:04}"
        display = marked(centre, name)
        calls[kind] = centre.outside.place(dnis, centre.server, caller=number, display=display), dnis
    outcomes = await asyncio.gather(*(over(call) for call, _ in calls.values()))
    taken = [kind for kind, is_taken in zip(calls, outcomes, strict=True) if is_taken]
    assert set(calls) - set(taken) == REFUSED
    for kind in taken:
        cdr = await until(partial(record_of, centre, calls[kind][1]), f"record of {kind}")
        assert is_plain(cdr.ani_name), kind
        assert cdr.ani_name == shown(marked(centre, NAMES[kind])), kind
        caller = await centre.caller(cdr.number)
        assert caller is not None, kind
        assert caller.fields.get("shown", "") == cdr.ani_name, kind
        assert caller.fields.get("name", "") == cdr.ani_name[:80], kind
        assert caller.fields["tier"] == "silver"


async def test_an_apostrophe_stays_one(centre: CallCentre) -> None:
    call = centre.call("4930777", display="Pat O'Neil? ok")
    assert await over(call)
    assert (await centre.cdr(call)).ani_name == "Pat O'Neil? ok"


async def test_numbers_of_any_kind(centre: CallCentre) -> None:
    """None is taken for another caller's, for a code, or for something to dial."""
    calls = {}
    for place, (kind, number) in enumerate(NUMBERS.items()):
        dnis, caller = f"49302{place:02}", marked(centre, number.replace("touch%20@", "touch @")).replace(" ", "%20")
        calls[kind] = centre.outside.place(dnis, centre.server, caller=caller, display=kind), dnis
    outcomes = await asyncio.gather(*(over(call) for call, _ in calls.values()))
    for (kind, (_, dnis)), is_taken in zip(calls.items(), outcomes, strict=True):
        if not is_taken:
            continue
        cdr = await until(partial(record_of, centre, dnis), f"record of {kind}")
        assert re.fullmatch(r"[+0-9A-Za-z*#._]*", cdr.ani), kind
        assert re.fullmatch(r"(\+[1-9][0-9]{5,14})?", cdr.number), kind
        assert bool(cdr.caller) == bool(cdr.number), kind
        assert cdr.direction == "inbound"
    assert sum(outcomes) > len(NUMBERS) // 2


async def test_to_the_agents_phone_the_recording_and_back_out_of_it_all(centre: CallCentre) -> None:
    """One caller with all of it at once: phone, record, history, reasons, journal, Redis; and he can be forgotten."""
    await centre.log_in("ana")
    name = marked(centre, "${SHELL(touch @)}; {x} %0D%0A 名前 \x1b[2J |&<>,=")
    call = await answered(centre.call(SALES, display=name))
    await centre.phase(call, "talking")
    (phone,) = centre.rung("1001")
    assert phone.invite.header("X-CCD-URL").startswith("https://crm.example/?c=")
    for header in phone.invite.headers:
        assert is_plain("".join(header)), header
    await hears(call, PHONE_TONES["1001"])
    call.hang_up()
    cdr = await centre.cdr(call)
    assert cdr.ani_name == shown(name)
    assert len(cdr.recordings) == 1
    place = centre.centre.recordings / cdr.recordings[0].path
    assert place.is_file()
    caller = await centre.caller(cdr.number)
    assert caller is not None
    assert caller.fields["shown"] == shown(name)
    history = msgspec.convert(await centre.centre.get(f"/v1/callers/{cdr.caller}/history"), History)
    assert [entry.cdr.ani_name for entry in history.entries if isinstance(entry, PastCall)] == [shown(name)]
    assert (await centre.why(cdr)).call.ani_name == shown(name)
    assert arrivals(centre.centre.folder / "journal")[cdr.legs[0].leg].ani_name == shown(name)
    async with Redis.from_url(centre.lab.redis.url, decode_responses=True) as redis:
        assert await redis.hget(f"ccd:caller:{cdr.caller}", "shown") == shown(name)
        keys = [
            key for key in await redis.keys("*") if not str(key).startswith(STREAM)
        ]  # the journal's copy is the journal
        assert all(kind_of(str(key)) or key == "ccd:schema" for key in keys)
        await forget(centre, cdr)
        assert not place.exists()
        assert cdr.ani not in await dump(redis)


async def forget(centre: CallCentre, cdr: Cdr) -> None:
    """By the command, as an admin would."""
    url, token = centre.centre.url, centre.centre.token
    environment = {"CCD_URL": url, "CCD_TOKEN": token, "PATH": "/usr/bin:/bin"}
    command = (sys.executable, "-m", "ccd", "callers", "erase", cdr.number, "--yes")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=-1, stderr=-1, cwd=ROOT)
    out, err = await process.communicate()
    said = f"{cdr.number}: erased, with 1 calls and 1 recordings\n"
    assert (process.returncode, out.decode(), err.decode()) == (0, said, "")
    assert await centre.caller(cdr.number) is None
    again = next(one for one in await centre.past() if one.call == cdr.call)
    assert (again.ani, again.ani_name, again.number) == ("", "", "")


def arrivals(journal: Path) -> dict[LegId, LegArrived]:
    """As they were journalled."""
    frames = [frame for path in segments(journal) for frame in read(path)]
    events = [frame.event for frame in frames if isinstance(frame, Entry)]
    return {event.leg: event for event in events if isinstance(event, LegArrived)}
