"""Whole calls, bytes to bytes on one core, against what one core of Asterisk spends on the same calls.

Callers choose in a menu, wait in a queue, are offered to an agent, bridged, recorded, and leave. They really call on a
private Asterisk; ccd's chain drives it over AMI: codec, driver, intake, engine, journal on disk, call records. All that
reaches the chain (bytes, ticks, requests) is kept with its moment. Asterisk's CPU a call is what its process used.

Ours is the same session again, in a fresh chain each round with the same ids and a journal of its own: it must write
the same bytes, to the last one, that Asterisk obeyed. What is timed is everything between the sockets, the records'
encoding included; the CPU of reading and writing sockets is on neither side of the seam but Asterisk's.

The talk lasts one second: a longer one costs Asterisk more and ccd nothing.
"""

import argparse
import asyncio
import gc
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.centre import ACCOUNT, DIALPLANS
from benchmarks.load import KEY, NUMBER, drive
from benchmarks.report import figure
from benchmarks.traffic import Traffic
from ccd.core.acd.reason import Reasons
from ccd.core.cdr import CdrFold
from ccd.core.configuration import (
    AgentProfile,
    Configuration,
    FeatureCodes,
    NumberRoute,
    PhonePrompts,
    Queue,
    RecordingPolicy,
    Site,
)
from ccd.core.dial_policy import DialPolicy
from ccd.core.engine import Engine
from ccd.core.flow.flow import Flow, Step
from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.daemon.absence import Absence
from ccd.daemon.daemon import quiet_garbage
from ccd.daemon.intake import Intake
from ccd.daemon.journal import Began, Journal
from ccd.daemon.vault import Vault
from ccd.io import numbering
from ccd.io.link import Link
from ccd.io.record_write import encoded, parted
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.model.cdr import Cdr
from ccd.model.command import Ask, BlockNumber, Bridge, Dial, Reply, UpdateCaller
from ccd.model.event import AnyEvent, LogInRequested, TimePassed
from ccd.model.ids import AgentId, Endpoint, Moment, QueueId, RequestId, SwitchName
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.asterisk.settings import Settings
from ccd.switch.base import Reaction
from ccd.wire.ami import Action, Connection

AGENTS = 40
CALLS, RATE, TALK = 200, 8.0, 1.0
WARM_UP = 24
ROUNDS = 11
SETTLING = 2.0
REGION = "DE"
URGENT = (Dial, Bridge)
GOAL = 2.0


def configuration(agents: list[str]) -> Configuration:
    """A menu, a queue, everything recorded."""
    steps: dict[str, Step] = {
        "choose": Menu(Prompt({"en": (Sound("demo-thanks"),)}), {KEY: "wait"}, otherwise="end"),
        "wait": QueueStep("sales"),
        "end": Hangup(),
    }
    queue = Queue(QueueId("sales"), "Sales", (("sales", 1),), recording=RecordingPolicy("always"))
    profiles = (
        AgentProfile(AgentId(f"a{number}"), f"Agent {number}", number, {"sales": 1}, Endpoint(f"PJSIP/{number}"))
        for number in agents
    )
    return Configuration(
        "bench",
        Site(),
        {NUMBER: NumberRoute("load")},
        {"load": Flow("load", "1", "choose", steps, {"choose": "wait", "wait": "end"})},
        {queue.id: queue},
        {profile.id: profile for profile in profiles},
        {},
        DialPolicy(),
        FeatureCodes(),
        PhonePrompts(*(Prompt({}) for _ in range(7))),
    )


class Chain:
    """Everything between the sockets, in the pump's order; what each input makes goes to `write`."""

    def __init__(self, settings: Settings, config: Configuration, folder: Path, write: Callable[[bytes], None]) -> None:
        self.driver = AsteriskDriver(settings)
        self.engine = Engine({config.hash: config}, config.hash, seed=1)
        self.codec = Connection()
        self.cdrs: list[Cdr] = []
        self.records: list[bytes] = []
        self._write = write
        self._journal = Journal(folder, Began(0, 0, "bench", config.hash, 1, "", ""))
        absence = Absence(list, lambda recording: (0, 0), lambda: 0)
        self._intake = Intake(self.engine, Vault(), absence, lambda text: numbering.normalise(text, REGION))
        self._reasons, self._fold = Reasons(), CdrFold()
        self._reasons.configure(config.queues, config.agents)
        self._events: list[AnyEvent] = []
        self._out: list[Action] = []

    def connected(self, now: Moment) -> None:
        self._react(self.driver.connected(now))
        self._turn(now)

    def received(self, data: bytes, now: Moment) -> None:
        for message in self.codec.receive_data(data):
            self._react(self.driver.receive(message, now))
        self._turn(now)

    def tick(self, now: Moment) -> None:
        due = self.driver.deadline()
        if due is not None and due <= now:
            self._react(self.driver.tick(now))
        due = self.engine.deadline()
        if due is not None and due <= now:
            self._events.append(TimePassed())
        self._turn(now)

    def feed(self, event: AnyEvent, now: Moment) -> None:
        self._events.append(event)
        self._turn(now)

    def deadline(self) -> Moment | None:
        return min((due for due in (self.driver.deadline(), self.engine.deadline()) if due is not None), default=None)

    def _react(self, reaction: Reaction[Action]) -> None:
        self._events += reaction.events
        self._out += reaction.messages

    def _turn(self, now: Moment) -> None:
        told = []
        while self._events:
            event = self._intake(self._events.pop(0))
            outcome = self.engine.handle(event, now)
            self._journal.append(now, event, outcome.facts, outcome.commands)
            for command in outcome.commands:
                if not isinstance(command, Ask | BlockNumber | Reply | UpdateCaller):
                    self._react(self.driver.perform(command, now))
                    if type(command) in URGENT:
                        self._release(now)
            told.append(outcome.facts)
        self._release(now)
        for facts in told:
            for fact in facts:
                self._note(fact, now)

    def _release(self, now: Moment) -> None:
        self._journal.flush(now)
        if self._out:
            self._write(b"".join([self.codec.send(action) for action in self._out]))
            self._out.clear()

    def _note(self, fact: object, now: Moment) -> None:
        explained = self._reasons.apply(fact, now)  # type: ignore[arg-type]  # an outcome's facts are AnyFact
        if explained is not None:
            self._fold.explain(explained.offer.call, explained.offer.offer, explained.explanation)
        cdr = self._fold.apply(fact, now)  # type: ignore[arg-type]
        if cdr is not None:
            self.cdrs.append(cdr)
            self.records += map(encoded, parted(cdr))


class Input(NamedTuple):
    """What reached the chain: the name of its method, and what it was given."""

    method: str
    arguments: tuple[object, ...]


class Live:
    """A chain on a real Asterisk; every input is kept."""

    def __init__(self, chain: Chain, asterisk: Asterisk) -> None:
        self.inputs: list[Input] = []
        self._chain = chain
        self._began = time.time_ns() // 1000, time.monotonic_ns() // 1000
        self._timer: asyncio.TimerHandle | None = None
        self.link = Link(
            "127.0.0.1",
            asterisk.ports.ami,
            on_connected=lambda: self.put("connected"),
            on_bytes=lambda data: self.put("received", data),
            on_lost=lambda reason: None,
        )

    def put(self, method: str, *arguments: object) -> None:
        """One input, now."""
        given = Input(method, (*arguments, self._now()))
        self.inputs.append(given)
        getattr(self._chain, given.method)(*given.arguments)
        self._arm()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.link.close()

    def _now(self) -> Moment:
        return self._began[0] + time.monotonic_ns() // 1000 - self._began[1]

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._chain.deadline()
        if due is not None:
            delay = max(0, due - self._now()) / 1e6
            self._timer = asyncio.get_running_loop().call_later(delay, self.put, "tick")


class Session(NamedTuple):
    """The real calls: what reached the chain, the bytes it wrote, and Asterisk's CPU seconds a call."""

    settings: Settings
    config: Configuration
    inputs: list[Input]
    written: bytes
    calls: int
    asterisk_seconds: float


async def record(total: int, folder: Path) -> Session:
    """Really call, and keep everything."""
    secret, traffic = secrets.token_hex(16), Traffic(AGENTS, talk=TALK, tone=lambda number: 700, callers_leave=True)
    lab_settings = AsteriskSettings(
        endpoints=traffic.endpoints(),
        dialplan=[DIALPLANS / "ccd.conf", DIALPLANS / "ccd-site.conf"],
        managers=[DIALPLANS / "manager.conf"],
        manager_secrets={ACCOUNT: secret},
        agent_context="ccd-from-agent",
        qualify_seconds=0,
    )
    async with Lab(LabSettings(asterisk=lab_settings)) as lab:
        asterisk = lab.asterisk
        recordings = asterisk.spool / "monitor"
        settings = Settings(
            name=SwitchName("pbx"),
            username=ACCOUNT,
            secret=secret,
            recordings=str(recordings),
            id_prefix=secrets.token_hex(8),
        )
        config, written = configuration(traffic.numbers), bytearray()

        def write(data: bytes) -> None:
            written.extend(data)
            live.link.write(data)

        chain = Chain(settings, config, folder / "live", write)
        live = Live(chain, asterisk)
        live.link.open()
        await until(lambda: chain.driver.is_up)
        for profile in config.agents.values():
            live.put("feed", LogInRequested(RequestId(profile.id), "bench", profile.id, profile.endpoint))
        server = ("127.0.0.1", asterisk.ports.sip)
        await drive(traffic, server, WARM_UP, RATE, "warm-up")
        traffic.forget()
        began = asterisk.process.cpu_seconds()
        calls = await drive(traffic, server, total, RATE, f"{total} calls on a real Asterisk")
        await asyncio.sleep(SETTLING)
        used = asterisk.process.cpu_seconds() - began
        live.close()
        await live.link.wait_closed()
        traffic.close()
        check(chain.cdrs[WARM_UP:], total, sum(1 for call in calls if call.offers), recordings)
        return Session(settings, config, live.inputs, bytes(written), len(chain.cdrs), used / total)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for the lab, some seconds at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a benchmark may poll
            await asyncio.sleep(0.02)


def check(cdrs: list[Cdr], total: int, offered: int, recordings: Path) -> None:
    """Only whole calls count."""
    whole = [cdr for cdr in cdrs if cdr.talk_time and cdr.recordings and cdr.offers[-1].outcome == "accepted"]
    if not len(whole) == len(cdrs) == total == offered:
        raise SystemExit(f"{total} calls, {offered} offered, {len(cdrs)} records, {len(whole)} of them whole")
    missing = [cdr.call for cdr in cdrs if not (recordings / f"{cdr.recordings[0].recording}.raw").exists()]
    if missing:
        raise SystemExit(f"no recording of {', '.join(missing)}")


def again(session: Session, folder: Path) -> tuple[float, int]:
    """The session in a fresh chain: CPU seconds a call, and the journal's bytes. The bytes written must be the same."""
    written = bytearray()
    numbering._normalised.cache_clear()
    chain = Chain(session.settings, session.config, folder, written.extend)
    steps = [(getattr(chain, method), arguments) for method, arguments in session.inputs]
    quiet_garbage()
    began = time.process_time()
    for step, arguments in steps:
        step(*arguments)
    used = time.process_time() - began
    gc.unfreeze()
    if written != session.written or len(chain.cdrs) != session.calls:
        raise SystemExit("the second run did not write what the first one wrote")
    return used / session.calls, sum(file.stat().st_size for file in folder.iterdir())


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.engine")
    options.add_argument("--calls", type=int, default=CALLS, help=f"real ones, instead of {CALLS}")
    options.add_argument("--rounds", type=int, default=ROUNDS, help=f"of the same calls again, instead of {ROUNDS}")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="ccd-bench-") as folder:
        session = asyncio.run(record(given.calls, Path(folder)))
        rounds = [again(session, Path(folder) / str(n)) for n in range(given.rounds)]
    ours, journal = statistics.median(used for used, _ in rounds), rounds[0][1]
    received = sum(len(item.arguments[0]) for item in session.inputs if isinstance(item.arguments[0], bytes))
    sizes = [size / session.calls for size in (received, len(session.written), journal)]
    print("a call: {:,.0f} bytes from Asterisk, {:,.0f} to it, {:,.0f} journalled".format(*sizes))
    print(f"{given.rounds} rounds of {session.calls} calls, the same bytes to Asterisk in each")
    theirs = session.asterisk_seconds
    print(f"CPU a call: ccd {ours * 1e3:.2f} ms, Asterisk {theirs * 1e3:.2f} ms ({TALK:g} s of talk)")
    figure("engine_calls", 1 / ours, 1 / theirs, theirs / ours, GOAL, unit="calls/s")


if __name__ == "__main__":
    main()
