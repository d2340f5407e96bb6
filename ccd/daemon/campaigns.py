"""What the daemon has for its campaigns, put together: barrier, follower, desk, and what is told of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from ccd.core.floor import Floor
from ccd.daemon.barrier import Barrier, Stream
from ccd.daemon.campaign_centre import CampaignCentre, Place
from ccd.daemon.campaign_desk import CampaignDesk
from ccd.daemon.clock import Clock
from ccd.daemon.errands import Errands
from ccd.daemon.follower import STORE, Follower
from ccd.daemon.journal import Journal
from ccd.model.event import ContactsChanged
from ccd.model.ids import CampaignId, RequestId
from ccd.web.exposition import Labels
from ccd.web.metrics import GAUGES, Metrics

if TYPE_CHECKING:
    from ccd.daemon.pump import Pump


class Campaigns:
    """`pump` is asked for when something happens: it is made with the barrier, and so after it."""

    def __init__(
        self,
        state: Path,
        journal: Journal,
        stream: Stream | None,
        clock: Clock,
        floor: Floor,
        pump: Callable[[], "Pump"],
        metrics: Metrics,
        may_write: Callable[[], bool],
        place: Callable[[], Place],
    ) -> None:
        self._journal = journal
        self._floor = floor
        self.barrier = Barrier(
            journal,
            stream,
            go=lambda commands: pump().go(commands),
            feed=lambda event: pump().feed(event),
            refused=metrics.dials_refused,
        )
        self.follower = Follower(state, clock.now, settle=lambda: pump().settle(), may_write=may_write)
        self.desk = CampaignDesk(
            self.follower,
            floor,
            clock.now,
            lambda event: pump().feed(event),
            self._trouble,
        )
        self.errands = Errands()
        self.centre = CampaignCentre(
            floor,
            state,
            state / STORE,
            self.follower.stored,
            self.errands,
            rules=lambda: self.desk.rules,
            place=place,
            now=clock.now,
            changed=self._contacts_changed,
            blocked=self.desk.tell_blocked,
        )
        self._feed: Callable[[ContactsChanged], None] = lambda event: pump().feed(event)
        self._tell(metrics)

    def _trouble(self) -> str:
        """Nobody is dialled whose dial would not leave."""
        return f"the journal fails: {self._journal.failure}" if self._journal.failure else ""

    @property
    def failure(self) -> str:
        """What is not well, for those who look."""
        lost = f", {self.follower.lost} facts lost" if self.follower.lost else ""
        waiting = f", {self.follower.backlog} facts wait" if self.follower.is_behind else ""
        return f"{self.follower.failure}{waiting}{lost}".removeprefix(", ")

    def _tell(self, metrics: Metrics) -> None:
        """What is read at every scrape."""
        readings: Mapping[str, Callable[[], float | Mapping[Labels, float]]] = {
            "ccd_contacts_backlog": lambda: self.follower.backlog,
            "ccd_contacts": self._contacts,
            "ccd_campaign_abandon_rate": lambda: {
                (name,): one.cap.share() for name, one in self._floor.campaigns.items()
            },
            "ccd_campaign_abandon_limit": lambda: {
                (name,): one.cap.target for name, one in self._floor.campaigns.items()
            },
        }
        for name, read in readings.items():
            metrics.watch(name, GAUGES[name], read)

    def _contacts(self) -> Mapping[Labels, float]:
        return {
            (name, state): float(getattr(counts, state))
            for name, counts in self.desk.counts.items()
            for state in ("waiting", "due", "taken", "dialling")
        }

    def _contacts_changed(self, campaign: CampaignId, by: str) -> None:
        self._feed(ContactsChanged(RequestId(token_hex(8)), by, campaign))

    def start(self) -> None:
        """Begin to write what is said of contacts."""
        self.follower.start()
        self.centre.uploads.tidy()

    async def close(self) -> None:
        """After the pump has told all: what is known is written."""
        await self.errands.close()
        await self.centre.uploads.close()
        await self.barrier.close()
        await self.desk.close()
        await self.follower.close()
