"""What campaigns decided of late, for those who ask why: a fold over facts that keeps the last of each."""

from collections import deque

from msgspec import Struct, field

from ccd.model.campaign_view import ChangeView, PlacedView
from ccd.model.fact import AnyFact, CallsPlaced, CampaignChanged
from ccd.model.ids import CampaignId, Moment

PLACED, CHANGES = 50, 20


class Story(Struct):
    """One campaign's, the newest first."""

    placed: deque[PlacedView] = field(default_factory=lambda: deque(maxlen=PLACED))
    changes: deque[ChangeView] = field(default_factory=lambda: deque(maxlen=CHANGES))


class Stories:
    """All campaigns'."""

    def __init__(self) -> None:
        self._of: dict[CampaignId, Story] = {}

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """The facts of one input."""
        for fact in facts:
            if isinstance(fact, CallsPlaced):
                self._story(fact.campaign).placed.appendleft(PlacedView(fact.decision, fact.allowed))
            elif isinstance(fact, CampaignChanged):
                change = ChangeView(at, fact.old, fact.new, fact.reason, fact.by)
                self._story(fact.campaign).changes.appendleft(change)

    def of(self, campaign: CampaignId) -> Story:
        """One campaign's; empty where nothing was heard of it."""
        return self._of.get(campaign) or Story()

    def _story(self, campaign: CampaignId) -> Story:
        return self._of.setdefault(campaign, Story())
