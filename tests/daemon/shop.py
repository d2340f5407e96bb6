"""A daemon's campaigns with all that is real of them: engine, pump, journal, barrier, contact store; the switch is a
list, and time is a number.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ccd.core.configuration import Campaign as Rules
from ccd.core.dialer.campaign import Campaign
from ccd.daemon import snapshot
from ccd.daemon.beginning import begin
from ccd.daemon.campaign_centre import Place
from ccd.daemon.campaigns import Campaigns
from ccd.daemon.journal import Began, Journal
from ccd.daemon.pump import Pump
from ccd.io.contact_store import ContactStore
from ccd.model.command import Dial, Reply
from ccd.model.event import (
    CampaignRequested,
    ConfigurationLoaded,
    EndpointChanged,
    LegHungUp,
    LogInRequested,
    SwitchUp,
)
from ccd.model.fact import AnyFact
from ccd.model.ids import SECOND, AgentId, Endpoint, LegId, Moment, RequestId
from ccd.web.metrics import Metrics
from tests.core.centre import PBX, START
from tests.core.dialer.calling import SPRING, Calling, rules
from tests.daemon.test_barrier import Disk
from tests.daemon.test_pump import SlowClock, Wire
from tests.io.contacts import numbered
from tests.io.contacts import rules as contact_rules

FIRST = "+34612340001"
T = TypeVar("T")


class Shop:
    """The campaign `spring`, as a daemon has it that begins with what is in the folder."""

    def __init__(self, folder: Path, *agents: str, campaign: Rules | None = None, now: Moment = START) -> None:
        self.folder = folder
        self.campaign_rules = campaign or rules()
        config = Calling(self.campaign_rules, agents or ("anna", "bert")).configuration
        begun = begin(folder / "journal", config, now)
        self.recovered, self.past = begun.recovered, begun.past
        self.ledger = begun.ledger
        self.clock = SlowClock()
        self.clock.time = max(now, begun.last + 1)
        is_first = begun.recovered is None
        head = Began(self.clock.time, begun.sequence, "0", config.hash, begun.seed, "", "", is_first)
        self.journal = Journal(folder / "journal", head)
        self.facts: list[AnyFact] = []
        self.disk = Disk()
        self.campaigns = Campaigns(
            folder / "state",
            self.journal,
            None,
            self.clock,
            self.ledger.engine.floor,
            lambda: self.pump,
            Metrics(),
            lambda: True,
            lambda: Place("ES", "Europe/Madrid"),
        )
        self.campaigns.barrier._sync = self.disk
        desk = self.campaigns.desk
        self.pump = Pump(
            self.ledger.engine,
            self.journal,
            self.clock,
            prepare=lambda event: event,
            ask=desk,
            reply=self.reply,
            update_caller=lambda command: None,
            block=desk.block,
            barrier=self.campaigns.barrier,
            watchers=(self.fold, self.campaigns.follower),
            follow=self.ledger.follow,
        )
        self.wire = Wire(folder / "journal")
        self.pump.lines[self.wire.name] = self.wire
        self.refusals: list[str] = []
        self.requests = 0
        desk.take({SPRING: contact_rules(campaign=SPRING)})

    def begin(self) -> None:
        """As a daemon begins."""
        self.campaigns.start()
        self.pump.start()
        desk = self.campaigns.desk
        if self.recovered is not None:
            desk.go_on(self.recovered.ledger.of_contacts)
            for ask in self.recovered.questions:
                desk(ask)
        else:
            self.pump.feed(ConfigurationLoaded(self.ledger.engine.floor.configuration.hash))
            desk.begin_anew(self.past.of_contacts if self.past is not None else ())
            snapshot.write(self.folder / "journal", snapshot.taken(self.ledger, self.journal.sequence))

    async def open(self, contacts: int = 0, disk: OSError | None = None) -> None:
        """So many contacts, all agents at their phones, and the campaign started; with a disk that fails from then on,
        once.
        """
        self.begin()
        await self.until(self.campaigns.desk._known.is_set, "where the campaign stood")
        if contacts:
            await self.stored(lambda store: store.add(SPRING, numbered(FIRST, contacts)))
        self.pump.feed(SwitchUp(PBX, "b1"))
        for agent in self.ledger.engine.floor.configuration.agents:
            phone = Endpoint(f"PJSIP/{agent}")
            self.pump.feed(EndpointChanged(PBX, phone, "idle"))
            self.pump.feed(LogInRequested(self.request(), "test", AgentId(agent), phone))
        self.disk.failure = disk
        self.pump.feed(CampaignRequested(self.request(), "test", SPRING, "start"))

    def request(self) -> RequestId:
        self.requests += 1
        return RequestId(str(self.requests))

    def reply(self, reply: Reply) -> None:
        self.refusals += [reply.refusal] if reply.refusal else []

    def fold(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        self.facts += facts
        for fact in facts:
            self.ledger.fold(fact, at)

    @property
    def campaign(self) -> Campaign:
        return self.ledger.engine.floor.campaigns[SPRING]

    def lines(self) -> list[Dial]:
        """What was dialled outside, and left."""
        return [message for message, _ in self.wire.written if isinstance(message, Dial) and message.number]

    def numbers(self) -> list[str]:
        """Those that were."""
        return [dial.number for dial in self.lines()]

    async def has(self, lines: int) -> None:
        """Until so many were dialled outside."""
        await self.until(lambda: len(self.lines()) >= lines, f"{lines} lines")

    def hang_up(self, leg: LegId, cause: int = 17) -> None:
        """A line ended, a second later."""
        self.clock.time += SECOND // 10
        self.pump.feed(LegHungUp(leg, cause))

    async def stored(self, work: Callable[[ContactStore], T]) -> T:
        """Something of the store, behind all that was said."""
        return await self.campaigns.follower.stored(work)

    async def kill(self, *, is_told: bool = True) -> None:
        """Nothing more is done; what the store was not told yet, if not `is_told`, it never was."""
        self.pump._stopped = True
        self.disk.may_go.set()
        if not is_told:
            async with self.campaigns.follower.alone():
                self.campaigns.follower._waiting.clear()
        await self.campaigns.close()

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        try:
            async with asyncio.timeout(5):
                while not holds():  # noqa: ASYNC110 - threads tell nobody
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"never: {what}") from None
