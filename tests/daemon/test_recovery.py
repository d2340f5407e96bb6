"""A new daemon knows what the journal knows: snapshot, tail, and when it must not trust them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.core.flow.steps.caller import Caller
from ccd.core.flow.steps.menu import Menu
from ccd.daemon import snapshot
from ccd.daemon.journal import Began, Journal, segments
from ccd.daemon.recovery import STALE, NotRecoveredError, recover
from ccd.model.command import Ask, Dial, Play
from ccd.model.event import AnyEvent, ConfigurationLoaded, TimePassed
from ccd.model.ids import SECOND, AgentId, Moment
from ccd.simulation.invariants import Violation
from ccd.simulation.ledger import Ledger
from tests.core.centre import Centre, agent, configuration, flow, leg, prompt, queue
from tests.core.test_engine import Wait


def site(**settings: int) -> Configuration:
    """A queue with two agents, a menu."""
    flows = {
        "sales": flow("sales", wait=Wait()),
        "ivr": flow("ivr", choose=Menu(prompt("choose"), {"1": "choose"}, otherwise="choose")),
    }
    agents = (agent("anna", sales=2), agent("bert", sales=1))
    return configuration(flows, (queue("sales", wrap_up_time=10 * SECOND, **settings),), agents)


class Day(Centre):
    """A centre with journal and snapshots, as the daemon keeps them."""

    def __init__(self, folder: Path, config: Configuration) -> None:
        self.folder = folder
        self.broken: list[Violation] = []
        self.journal = Journal(folder, Began(1, 0, "0", config.hash, 7, "", "", is_first=True))
        super().__init__(config)
        self.feed(ConfigurationLoaded(config.hash))

    def made_engine(self, first: str) -> Engine:
        self.ledger = Ledger(self.configurations, first, 7)
        self.ledger.alarm = self.broken.append
        return self.ledger.engine

    def feed(self, event: AnyEvent, after: int = 0) -> Outcome:
        outcome = super().feed(event, after)
        self.journal.append(self.now, event, outcome.facts, outcome.commands)
        self.journal.flush(self.now)
        self.ledger.follow(event, outcome, self.now)
        for fact in outcome.facts:
            self.ledger.fold(fact, self.now)
        return outcome

    def snap(self) -> None:
        snapshot.write(self.folder, snapshot.taken(self.ledger, self.journal.sequence))


def busy(tmp_path: Path, config: Configuration | None = None) -> Day:
    """A talk, a ringing phone, a caller who waits, one in a menu; snapshot in the middle of it."""
    day = Day(tmp_path, config or site())
    day.log_in("anna")
    day.log_in("bert")
    day.arrive("sales", "1.1")
    first = day.dialled()[-1].leg
    day.answer(first)
    day.bridged(leg("1.1"), first)
    day.snap()
    day.arrive("sales", "1.2")
    day.arrive("sales", "1.3")
    day.arrive("ivr", "1.4", answered=True)
    return day


def test_everything_is_as_it_was(tmp_path: Path) -> None:
    day = busy(tmp_path)
    found = recover(tmp_path, day.configurations, day.now)
    assert not day.broken
    floor, then = found.ledger.engine.floor, day.engine.floor
    assert found.sequence == day.journal.sequence
    assert found.entries == 3
    assert found.last == day.now
    assert {call.id: (call.phase, call.waiting_since) for call in floor.calls.values()} == {
        call.id: (call.phase, call.waiting_since) for call in then.calls.values()
    }
    assert floor.agents == then.agents
    assert floor.timers == then.timers
    assert floor.offers == then.offers
    assert found.ledger.standings() == day.ledger.standings()
    assert [one.leg for one in found.ledger.standings() if any(isinstance(due, Play) for due in one.due)] == [
        leg("1.4")
    ]


def test_it_goes_on_as_the_first_would_have(tmp_path: Path) -> None:
    day = busy(tmp_path)
    other = recover(tmp_path, day.configurations, day.now).ledger.engine
    for _ in range(40):
        due = day.engine.deadline()
        assert other.deadline() == due
        if due is None:
            break
        assert day.feed(TimePassed(), due - day.now) == other.handle(TimePassed(), due)


def test_a_torn_last_frame_is_as_if_it_had_not_happened(tmp_path: Path) -> None:
    day = busy(tmp_path)
    (segment,) = segments(tmp_path)
    whole = segment.read_bytes()
    day.arrive("sales", "1.5")
    torn = segment.read_bytes()
    for end in (len(whole) + 1, len(whole) + 9, len(torn) - 1):
        segment.write_bytes(torn[:end])
        found = recover(tmp_path, day.configurations, day.now)
        assert found.sequence == day.journal.sequence - 1
        assert leg("1.5") not in found.ledger.engine.floor.legs


def test_a_damaged_snapshot_leads_to_the_one_before(tmp_path: Path) -> None:
    day = busy(tmp_path)
    day.snap()
    (_, newest), (_, older) = snapshot.found(tmp_path)
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")
    assert recover(tmp_path, day.configurations, day.now).entries == 3
    older.write_bytes(b"")
    with pytest.raises(NotRecoveredError, match="damaged"):
        recover(tmp_path, day.configurations, day.now)


@pytest.mark.parametrize("broken", ["missing", "decided otherwise", "another run", "stale", "configuration"])
def test_what_cannot_be_trusted_is_not_used(tmp_path: Path, broken: str) -> None:
    day = busy(tmp_path)
    configurations, now = day.configurations, day.now
    if broken == "missing":
        day.journal._sequence += 1
        day.arrive("sales", "1.5")
    elif broken == "decided otherwise":
        configurations = {"h1": site(ring_time=99 * SECOND)}
    elif broken == "another run":
        later = Journal(tmp_path, Began(1, day.journal.sequence, "0", "h1", 8, "", ""))
        later.append(now + 1_000_000, ConfigurationLoaded("h1"), (), ())
        later.close(now + 1_000_000)
    elif broken == "stale":
        now += STALE + 1
    else:
        configurations = {}
    with pytest.raises(NotRecoveredError):
        recover(tmp_path, configurations, now)


def test_only_the_newest_snapshots_are_kept_and_none_of_other_code_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = busy(tmp_path)
    for n in range(5, 9):
        day.arrive("sales", f"1.{n}")
        day.snap()
    assert len(os.listdir(tmp_path / snapshot.FOLDER)) == snapshot.KEPT
    monkeypatch.setattr(snapshot, "fingerprint", lambda: "other")
    with pytest.raises(NotRecoveredError, match="no snapshot"):
        recover(tmp_path, day.configurations, day.now)


def test_configurations_are_in_a_snapshot_by_name(tmp_path: Path) -> None:
    """Or a site with thousands of agents would pay for them with every snapshot."""
    few, many = site(), site()
    many = replace(many, agents={**many.agents, **{AgentId(f"x{n}"): agent(f"x{n}") for n in range(2_000)}})
    sizes = [len(snapshot.taken(busy(tmp_path / str(n), one).ledger, 1).payload) for n, one in enumerate((few, many))]
    per_agent = (sizes[1] - sizes[0]) / 2_000
    assert per_agent < 200


def test_what_was_asked_and_not_answered_is_asked_again(tmp_path: Path) -> None:
    config = configuration({"who": flow("who", who=Caller())}, (), ())
    day = Day(tmp_path, config)
    day.snap()
    outcome = day.arrive("who", "1.1")
    asked = next(command for command in outcome.commands if isinstance(command, Ask))
    assert recover(tmp_path, {"h1": config}, day.now).questions == (asked,)


def test_records_of_calls_that_just_ended_are_written_again(tmp_path: Path) -> None:
    day = busy(tmp_path)
    ended: Moment = day.now
    day.hung_up(leg("1.3"))
    found = recover(tmp_path, day.configurations, ended + SECOND)
    assert len(found.ended) == 1
    assert found.ended[0].ended_by == "caller"
    assert any(isinstance(command, Dial) for command in day.commands)
