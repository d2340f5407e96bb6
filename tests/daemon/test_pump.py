"""The pump: journal before bytes, one write a batch, secrets hidden, a stalled loop drains before timers fire."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ccd.core.engine import Engine
from ccd.daemon.absence import Absence
from ccd.daemon.barrier import Barrier
from ccd.daemon.clock import Clock
from ccd.daemon.intake import Intake, plain, readable
from ccd.daemon.journal import Began, Entry, Journal, digest, read, segments
from ccd.daemon.pump import BEAT, QUIET, STALL, Pump
from ccd.daemon.vault import Vault
from ccd.model.command import Bridge, Dial, SwitchCommand
from ccd.model.event import (
    AnyEvent,
    DigitPressed,
    EndpointChanged,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LogInRequested,
    SwitchDown,
    SwitchUp,
    TimePassed,
    TimersHeld,
    TimersReleased,
)
from ccd.model.fact import AnyFact, OfferEnded, OfferMade
from ccd.model.ids import SECOND, AgentId, Endpoint, Moment, RequestId, SwitchName
from ccd.switch.base import Reaction
from tests.core.centre import PBX, Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait

HEAD = Began(1, 0, "0", "hash", 7, "2026a", "9")


class Wire:
    """A switch that is a list: what was performed, what was written, and what the journal held at that moment."""

    def __init__(self, folder: Path) -> None:
        self.name = SwitchName(PBX)
        self.performed: list[SwitchCommand] = []
        self.written: list[tuple[Any, int]] = []
        self._folder = folder

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Any]:
        self.performed.append(command)
        return Reaction(messages=(command,))

    def deadline(self) -> Moment | None:
        return None

    def tick(self, now: Moment) -> Reaction[Any]:
        return Reaction()

    def write(self, messages: Iterable[Any]) -> None:
        entries = sum(isinstance(frame, Entry) for segment in segments(self._folder) for frame in read(segment))
        self.written += [(message, entries) for message in messages]


class SlowClock(Clock):
    """Time is a number that the test sets."""

    def __init__(self) -> None:
        self.time: Moment = 1_750_000_000_000_000

    def now(self) -> Moment:
        return self.time


def pump(tmp_path: Path, clock: Clock) -> tuple[Pump, Wire, list[AnyFact]]:
    """A pump with one agent and one queue, its journal in the folder."""
    config = configuration({"sales": flow("sales", wait=Wait())}, (queue("sales"),), (agent("anna", sales=1),))
    engine = Engine({config.hash: config}, config.hash)
    facts: list[AnyFact] = []
    journal = Journal(tmp_path, HEAD)
    made = Pump(
        engine,
        journal,
        clock,
        prepare=Intake(
            engine, Vault(), Absence(list, lambda recording: (0, 0), clock.now), lambda text: "+34600" if text else ""
        ),
        ask=lambda ask: None,
        reply=lambda reply: None,
        update_caller=lambda command: None,
        block=lambda command: None,
        barrier=Barrier(journal, None, go=lambda commands: made.go(commands), feed=lambda event: made.feed(event)),
        watchers=(lambda noted, at: facts.extend(noted),),
    )
    wire = Wire(tmp_path)
    made.lines[wire.name] = wire
    made.start()
    return made, wire, facts


async def test_every_input_is_in_the_journal_before_any_message_leaves(tmp_path: Path) -> None:
    made, wire, facts = pump(tmp_path, SlowClock())
    made.feed(SwitchUp(PBX, "b1"))
    made.react(wire, Reaction(events=(LegArrived(leg("1.1"), ani="600", dnis="sales"),)))
    made.turn()
    assert wire.written
    assert all(entries == 2 for _, entries in wire.written)
    assert facts
    made.stop()


async def test_dial_follows_the_arrival_in_the_same_turn(tmp_path: Path) -> None:
    made, wire, _ = pump(tmp_path, SlowClock())
    made.feed(SwitchUp(PBX, "b1"))
    made.feed(EndpointChanged(PBX, Endpoint("PJSIP/anna"), "idle"))
    made.feed(LogInRequested(RequestId("r"), "test", AgentId("anna"), Endpoint("PJSIP/anna")))
    made.react(wire, Reaction(events=(LegArrived(leg("1.1"), ani="600", dnis="sales"),)))
    made.turn()
    dial = next(command for command in wire.performed if isinstance(command, Dial))
    assert dial.outbound_cli == "+34600"
    made.stop()


async def test_fault_in_one_input_does_not_stop_the_others(tmp_path: Path) -> None:
    made, _, _ = pump(tmp_path, SlowClock())
    made.feed(SwitchUp(PBX, "b1"))
    made.engine.floor.queues.clear()  # a damage that no input can do, so that the next caller fails
    made.feed(LegArrived(leg("1.1"), ani="600", dnis="sales"))
    assert made.faults == 1
    made.feed(DigitPressed(leg("1.1"), "1"))
    assert made.faults == 1
    made.stop()


class BrokenWire(Wire):
    """A driver that fails with the first command."""

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Any]:
        if not self.performed:
            self.performed.append(command)
            raise RuntimeError("a fault of ours")
        return super().perform(command, now)


async def test_fault_of_a_driver_does_not_stop_the_other_commands(tmp_path: Path) -> None:
    made, _, _ = pump(tmp_path, SlowClock())
    broken = BrokenWire(tmp_path)
    made.lines[broken.name] = broken
    made.feed(SwitchUp(PBX, "b1"))
    made.feed(LegArrived(leg("1.1"), ani="600", dnis="sales"))
    assert made.faults == 1
    assert len(broken.performed) > 1
    assert len(broken.written) == len(broken.performed) - 1
    made.stop()


def entries(folder: Path) -> list[Entry]:
    """The journal so far."""
    return [frame for segment in segments(folder) for frame in read(segment) if isinstance(frame, Entry)]


def staffed(made: Pump, *events: AnyEvent) -> None:
    """Anna is at her phone; then the events."""
    phone = Endpoint("PJSIP/anna")
    made.feed(SwitchUp(PBX, "b1"))
    made.feed(EndpointChanged(PBX, phone, "idle"))
    made.feed(LogInRequested(RequestId("r"), "test", AgentId("anna"), phone))
    for event in events:
        made.feed(event)


async def test_what_lay_unread_while_the_loop_stood_still_comes_before_any_timer(tmp_path: Path) -> None:
    clock = SlowClock()
    made, wire, facts = pump(tmp_path, clock)
    staffed(made, LegArrived(leg("1.1"), ani="600", dnis="sales"))
    (rung,) = [command for command in wire.performed if isinstance(command, Dial)]
    clock.time += 30 * SECOND
    made.feed(LegAnswered(rung.leg))
    assert [type(entry.event) for entry in entries(tmp_path)[-2:]] == [TimersHeld, LegAnswered]
    await asyncio.sleep(2 * QUIET)
    assert type(entries(tmp_path)[-1].event) is TimersReleased
    assert isinstance(wire.performed[-1], Bridge)
    assert not [fact for fact in facts if isinstance(fact, OfferEnded)]
    made.stop()


async def test_phones_do_not_ring_for_an_instant_after_a_loop_stood_still(tmp_path: Path) -> None:
    """Anna's ring time was over long ago, by the switch, too; what she is offered now she has the full time for."""
    clock = SlowClock()
    made, wire, facts = pump(tmp_path, clock)
    staffed(made, LegArrived(leg("1.1"), ani="600", dnis="sales"), LegArrived(leg("1.2"), ani="601", dnis="sales"))
    (rung,) = [command for command in wire.performed if isinstance(command, Dial)]
    clock.time += 30 * SECOND
    made.feed(LegHungUp(leg("1.1"), 16, "far_end"))
    made.feed(LegHungUp(rung.leg, 26, "us"))
    await asyncio.sleep(2 * QUIET)
    made.feed(TimePassed())
    first, second = [fact for fact in facts if isinstance(fact, OfferMade)]
    assert [fact.offer for fact in facts if isinstance(fact, OfferEnded)] == [first.offer]
    assert int(second.offer, 16) >= clock.time
    assert made.engine.deadline() == clock.time + made.engine.floor.queues[second.queue].ring_time
    made.stop()


async def test_a_loop_that_is_never_quiet_lets_time_go_on_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccd.daemon.pump.DRAIN_LIMIT", 0.1)
    clock = SlowClock()
    made, _, _ = pump(tmp_path, clock)
    clock.time += STALL + 1
    for _ in range(30):
        made.feed(TimePassed())
        await asyncio.sleep(0.005)
    assert not made.engine.floor.holds_timers
    assert [type(entry.event) for entry in entries(tmp_path) if type(entry.event) is not TimePassed] == [
        TimersHeld,
        TimersReleased,
    ]
    made.stop()


async def test_a_short_delay_is_no_standstill(tmp_path: Path) -> None:
    clock = SlowClock()
    made, _, _ = pump(tmp_path, clock)
    clock.time += STALL
    made.feed(TimePassed())
    assert [type(entry.event) for entry in entries(tmp_path)] == [TimePassed]
    made.stop()


async def test_a_daemon_that_begins_holds_its_timers_as_long_as_it_wants(tmp_path: Path) -> None:
    """What was due in the time of none does not fire before, and a standstill of its own does not release them."""
    clock = SlowClock()
    made, _, facts = pump(tmp_path, clock)
    staffed(made, LegArrived(leg("1.1"), ani="600", dnis="sales"))
    clock.time += 30 * SECOND
    made.start()
    made.feed(TimersHeld())
    clock.time += 2 * STALL
    made.feed(SwitchDown(PBX, "the daemon began anew"))
    await asyncio.sleep(2 * QUIET)
    assert made.engine.floor.holds_timers
    assert not [fact for fact in facts if isinstance(fact, OfferEnded)]
    made.feed(TimersReleased())
    assert [fact for fact in facts if isinstance(fact, OfferEnded)]
    made.stop()


async def test_a_journal_of_a_standstill_is_decided_again_as_it_says(tmp_path: Path) -> None:
    clock = SlowClock()
    made, _, _ = pump(tmp_path, clock)
    staffed(made, LegArrived(leg("1.1"), ani="600", dnis="sales"), LegArrived(leg("1.2"), ani="601", dnis="sales"))
    clock.time += 30 * SECOND
    made.feed(LegHungUp(leg("1.1"), 16, "far_end"))
    await asyncio.sleep(2 * QUIET)
    clock.time += 30 * SECOND
    await asyncio.sleep(2 * BEAT)
    made.stop()
    again = Engine(made.engine.configurations, made.engine.floor.configuration.hash)
    moments = []
    for entry in entries(tmp_path):
        outcome = again.handle(entry.event, entry.at)
        assert (outcome.facts, digest(outcome.commands)) == (entry.facts, entry.digest)
        moments.append(entry.at)
    assert moments == sorted(moments)
    assert len(moments) > 8


def test_a_number_is_made_of_what_is_in_numbers() -> None:
    assert plain("+34 600-111\r\nAction: Originate") == "+34600111ActionOriginate"
    assert plain("*72#") == "*72#"
    assert plain("ü٣${x}@home") == "xhome"


def test_text_that_is_no_unicode_becomes_readable() -> None:
    assert readable(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf?"
    assert readable("café") == "café"
    readable("\udcff").encode()


def test_digits_of_a_secret_never_reach_the_engine() -> None:
    from ccd.core.floor import Floor

    made = Centre(configuration({"sales": flow("sales", wait=Wait())}, (queue("sales"),), (agent("anna", sales=1),)))
    made.arrive("sales")
    floor: Floor = made.engine.floor
    floor.legs[leg("1.1")].secret = ("t", "#")
    intake = Intake(made.engine, Vault(), Absence(list, lambda recording: (0, 0), lambda: 0), lambda text: "")
    assert intake(DigitPressed(leg("1.1"), "7")) == DigitPressed(leg("1.1"), "?")
    assert intake(DigitPressed(leg("1.1"), "#")) == DigitPressed(leg("1.1"), "#")
    assert intake(DigitPressed(leg("1.2"), "7")) == DigitPressed(leg("1.2"), "7")
