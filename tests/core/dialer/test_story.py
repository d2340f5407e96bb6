"""The last decisions and changes of each campaign."""

from ccd.core.dialer.story import CHANGES, PLACED, Stories
from ccd.model.campaign import Decision
from ccd.model.fact import AgentLetGo, CallsPlaced, CampaignChanged
from ccd.model.ids import AgentId, CampaignId

ONE, OTHER = CampaignId("one"), CampaignId("other")


def placed(at: int, campaign: CampaignId = ONE) -> CallsPlaced:
    return CallsPlaced(campaign, Decision(at, "power", 3, "why", 1, 0, 0, 0), 2)


def test_the_newest_comes_first_and_the_oldest_goes() -> None:
    stories = Stories()
    for at in range(PLACED + 10):
        stories((placed(at), AgentLetGo(AgentId("a"), ONE, "left")), at)
    kept = stories.of(ONE).placed
    assert [one.decision.at for one in kept] == list(range(PLACED + 9, 9, -1))
    assert kept[0].allowed == 2


def test_campaigns_are_kept_apart() -> None:
    stories = Stories()
    stories((placed(1), CampaignChanged(OTHER, "stopped", "running", "start", "sofia")), 7)
    assert (len(stories.of(ONE).placed), len(stories.of(ONE).changes)) == (1, 0)
    (change,) = stories.of(OTHER).changes
    assert (change.at, change.new, change.by) == (7, "running", "sofia")
    assert stories.of(OTHER).changes.maxlen == CHANGES
    assert not stories.of(CampaignId("none")).placed
