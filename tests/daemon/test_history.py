"""What a new daemon learns from the journal of the one before: agents, and calls without an end."""

from pathlib import Path

from ccd.daemon.filing import call_of, day_of
from ccd.daemon.history import SHIFT, recall
from ccd.daemon.journal import Began, Journal
from ccd.model.event import TimePassed
from ccd.model.fact import AgentChanged, AnyFact, CallEnded, CallStarted, StepEntered
from ccd.model.ids import AgentId, CallId, Endpoint, LegId, RecordingId

HEAD = Began(1, 0, "0", "hash", 7, "2026a", "9")
NOW = 1_800_000_000_000_000
LEG = LegId("pbx/b1/1.1")


def write(folder: Path, at: int, *facts: AnyFact) -> None:
    """One segment with one entry."""
    journal = Journal(folder, HEAD)
    journal.append(at, TimePassed(), facts, ())
    journal.close(at)


def started(call: str) -> CallStarted:
    return CallStarted(CallId(call), LEG, "inbound", "600", "", "sales", "+34600")


def test_nothing_to_recall(tmp_path: Path) -> None:
    past = recall(tmp_path / "none", NOW)
    assert (past.last, past.sequence, past.agents, past.calls) == (0, 0, (), {})


def test_last_standing_of_each_agent(tmp_path: Path) -> None:
    phone = Endpoint("PJSIP/1001")
    write(tmp_path, NOW - 20, AgentChanged(AgentId("anna"), "logged_out", "ready", "log in", phone, 5))
    write(tmp_path, NOW - 10, AgentChanged(AgentId("anna"), "ready", "paused", "lunch", phone, 5))
    (anna,) = recall(tmp_path, NOW).agents
    assert (anna.state, anna.reason, anna.endpoint, anna.idle_since, anna.since) == (
        "paused",
        "lunch",
        phone,
        5,
        NOW - 10,
    )


def test_old_segments_are_left_out(tmp_path: Path) -> None:
    phone = Endpoint("PJSIP/1001")
    write(tmp_path, NOW - 3 * SHIFT, AgentChanged(AgentId("anna"), "logged_out", "ready", "log in", phone, 5))
    write(tmp_path, NOW - 2 * SHIFT)
    write(tmp_path, NOW - 10)
    assert recall(tmp_path, NOW).agents == ()


def test_calls_without_an_end(tmp_path: Path) -> None:
    write(tmp_path, NOW - 20, started("a"), started("b"), StepEntered(CallId("b"), "f", "s", "play"))
    write(tmp_path, NOW - 10, CallEnded(CallId("a"), "caller", 16))
    past = recall(tmp_path, NOW)
    assert list(past.calls) == ["b"]
    assert [type(fact) for _, fact in past.calls[CallId("b")]] == [CallStarted, StepEntered]


def test_recordings_lie_under_the_day_of_their_call() -> None:
    recording = RecordingId(f"{NOW:x}-talk")
    assert call_of(recording) == f"{NOW:x}"
    assert day_of(recording) == NOW
    for foreign in ("../../etc", "zzzz", "f" * 40, "", "-1"):
        assert day_of(RecordingId(foreign)) == 0
