"""The demonstration's pure parts: the judge finds every difference, the screen tells what changed."""

import asyncio
import math
import struct
import wave
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from ccd.cli.demo_screen import Stage, report
from ccd.lab import dialplans
from ccd.lab.caller import HangUp, Script
from ccd.lab.demo.cast import Expected, Part, cast
from ccd.lab.demo.site import AGENTS, settings
from ccd.lab.demo.verdict import Evidence, Sound, judge
from ccd.model.caller import Caller
from ccd.model.cdr import Cdr, Offer, QueueVisit, Recording, Step, Talk
from ccd.model.ids import SECOND, AgentId, CallerId, CallId, Endpoint, LegId, OfferId, QueueId, RecordingId, SwitchName
from ccd.model.view import AgentView, CallView, CentreView, Health, SwitchView

LEG, OTHER = LegId("pbx/1/a"), LegId("pbx/1/b")
PART = Part(
    "lucia",
    "Lucia, known",
    "types 1",
    Script("+34910000001", "600100001", steps=(HangUp(),)),
    Expected("hello sales", False, [("ana", "accepted")], "ana", "answered", fields={"tier": "gold"}),
)
CALL = Cdr(
    CallId("c1"),
    "inbound",
    SECOND,
    number="+34600100001",
    ended_by="caller",
    talk_time=3 * SECOND,
    way=(Step("shop", "hello", "play", 1), Step("shop", "sales", "queue", 2)),
    visits=(QueueVisit(QueueId("sales"), 1, 1, outcome="answered"),),
    offers=(Offer(OfferId("o"), AgentId("ana"), QueueId("sales"), OTHER, 1, 1, "caller", outcome="accepted"),),
    talks=(Talk(AgentId("ana"), LEG, OTHER, 1),),
    recordings=(Recording(RecordingId("c1-talk"), 1, path="2026/c1-talk.wav", length=24_000),),
)
GOLD = Caller(CallerId("x"), 1, ("+34600100001",), 2, {"tier": "gold"})


def evidence(call: Cdr = CALL, after: Caller | None = GOLD, *sounds: Sound) -> Evidence:
    return Evidence(PART, calls=(call,), after=after, sounds=sounds)


def tone(path: Path, *frequencies: int, seconds: float = 2.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(frequencies))
        file.setsampwidth(2)
        file.setframerate(8_000)
        for at in range(int(8_000 * seconds)):
            values = (int(10_000 * math.sin(2 * math.pi * hertz * at / 8_000)) for hertz in frequencies)
            file.writeframes(struct.pack(f"<{len(frequencies)}h", *values))
    return path


def test_a_call_as_expected_has_no_faults(tmp_path: Path) -> None:
    sound = Sound("the recording", tone(tmp_path / "a.wav", 700, 1200), [700, 1200])
    assert judge(evidence(CALL, GOLD, sound)) == []


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (replace(CALL, way=CALL.way[:1]), "the way: hello instead of hello sales"),
        (replace(CALL, offers=()), "the offers: none instead of [('ana', 'accepted')]"),
        (replace(CALL, talks=(Talk(AgentId("ben"), LEG, OTHER, 1),)), "who talked: ben instead of ana"),
        (replace(CALL, visits=()), "the queue's outcome: none instead of answered"),
        (replace(CALL, ended_by="us"), "who ended it: us instead of caller"),
        (replace(CALL, created=True), "a new record: True instead of none"),
        (replace(CALL, recordings=()), "recordings: none instead of 1"),
        (replace(CALL, broken="sales: too many steps"), "a broken flow: sales: too many steps instead of none"),
        (replace(CALL, talk_time=9 * SECOND), "the recording: 3.0 s of 9.0 s"),
        (replace(CALL, recordings=(replace(CALL.recordings[0], lost="disk full"),)), "the recording: disk full"),
    ],
)
def test_each_difference_is_a_fault(call: Cdr, fault: str) -> None:
    assert judge(evidence(call)) == [fault]


def test_records_and_counts_are_looked_at() -> None:
    assert judge(evidence(after=None)) == ["the caller's record has tier = nothing instead of gold"]
    assert judge(Evidence(PART)) == ["0 call records instead of one"]
    assert judge(Evidence(PART, "no tone came", (CALL,))) == ["no tone came"]


def test_a_tone_that_is_missing_swapped_or_short_is_a_fault(tmp_path: Path) -> None:
    swapped = tone(tmp_path / "swapped.wav", 1200, 700)
    assert len(judge(evidence(CALL, GOLD, Sound("the recording", swapped, [700, 1200])))) == 2
    short = tone(tmp_path / "short.wav", 700, seconds=0.5)
    assert judge(evidence(CALL, GOLD, Sound("ana", short, [700]))) == [
        "ana: 700 Hz for 0.50 s instead of 1.0 s or more"
    ]
    assert judge(evidence(CALL, GOLD, Sound("ana", short, [700, 1200]))) == ["ana: 1 channels instead of 2"]
    assert "No such file" in judge(evidence(CALL, GOLD, Sound("ana", tmp_path / "none.wav", [700])))[0]


def test_eight_callers_of_every_kind() -> None:
    parts = cast(asyncio.Event(), [400, 450], 1500)
    assert len({part.number for part in parts}) == len({part.id for part in parts}) == 8
    assert {part.expected.outcome for part in parts} >= {"answered", "abandoned"}
    assert any(part.expected.voicemail for part in parts)
    known = {part.id for part in parts if part.record}
    assert known
    assert not any(part.expected.created for part in parts if part.id in known)


def test_the_site_has_all_that_the_flows_name() -> None:
    site = settings(AGENTS, {"eva": "1234"}, lambda pin: f"hash of {pin}")
    assert site["agents"]["eva"]["pin_hash"] == "hash of 1234"
    assert "pin_hash" not in site["agents"]["ana"]
    assert set(site["numbers"].values()) <= set(dialplans.flows())


def centre(*calls: CallView, state: str = "ready") -> CentreView:
    agent = AgentView(AgentId("ana"), "Ana", "1001", state, 1, endpoint=Endpoint("PJSIP/1001"))  # type: ignore[arg-type]
    switch = SwitchView(SwitchName("pbx"), True, 1)
    return CentreView(1, "Shop", "1", 1, "x", (switch,), Health(True, ()), (agent,), calls, ())


def test_without_a_terminal_every_change_is_a_line() -> None:
    stage = Stage(Console(file=StringIO()), [PART])
    call = CallView(CallId("c1"), "inbound", "flow", 1, number=PART.number, flow="shop", step="hello")
    waiting = CallView(CallId("c1"), "inbound", "waiting", 1, number=PART.number, flow="shop", step="sales")
    assert list(stage.changes(centre(call))) == ["Lucia, known: in the flow (shop: hello)", "Ana: ready"]
    assert list(stage.changes(centre(call))) == []
    assert list(stage.changes(centre(waiting, state="offered"))) == [
        "Lucia, known: waiting (shop: sales)",
        "Ana: offered",
    ]
    assert list(stage.changes(centre(state="offered"))) == ["Lucia, known: has left"]


def test_the_report_tells_way_agent_recording_record_and_faults() -> None:
    paper = StringIO()
    report(Console(file=paper, width=200), evidence(), ["both sides were deaf"], None, Path("kept"))
    text = paper.getvalue()
    for part in ("FAILED", "hello -> sales", "ana", "kept/2026/c1-talk.wav (3.0 s)", "none -> calls 2, tier gold"):
        assert part in text
    assert "both sides were deaf" in text
