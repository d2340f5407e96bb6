"""The pump: journal before bytes, one write a batch, secrets hidden, a stalled loop drains before timers fire."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ccd.core.engine import Engine
from ccd.daemon.clock import Clock
from ccd.daemon.intake import Intake, readable
from ccd.daemon.journal import Began, Entry, Journal, read, segments
from ccd.daemon.pump import STALL, Pump
from ccd.daemon.vault import Vault
from ccd.model.command import Dial, SwitchCommand
from ccd.model.event import DigitPressed, LegArrived, LogInRequested, SwitchUp
from ccd.model.fact import AnyFact
from ccd.model.ids import AgentId, Endpoint, Moment, RequestId, SwitchName
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
    made = Pump(
        engine,
        Journal(tmp_path, HEAD),
        clock,
        prepare=Intake(engine, Vault(), lambda text: "+34600" if text else ""),
        ask=lambda ask: None,
        reply=lambda reply: None,
        update_caller=lambda command: None,
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
    from ccd.model.event import EndpointChanged

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


async def test_stalled_loop_takes_inputs_at_the_moment_it_stopped(tmp_path: Path) -> None:
    clock = SlowClock()
    made, _, _ = pump(tmp_path, clock)
    stopped = made.now()
    clock.time += 10 * STALL
    assert made.now() == stopped
    await asyncio.sleep(0.05)  # nothing comes for a moment: drained
    assert made.now() == clock.time
    made.stop()


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
    intake = Intake(made.engine, Vault(), lambda text: "")
    assert intake(DigitPressed(leg("1.1"), "7")) == DigitPressed(leg("1.1"), "?")
    assert intake(DigitPressed(leg("1.1"), "#")) == DigitPressed(leg("1.1"), "#")
    assert intake(DigitPressed(leg("1.2"), "7")) == DigitPressed(leg("1.2"), "7")
