"""Several campaigns with the same agents: who gets them, and that nobody is counted on twice."""

from dataclasses import replace
from typing import Any

from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.campaign import Batch, Contact
from ccd.model.command import Ask
from ccd.model.ids import SECOND, AgentId, CampaignId, ContactId, RequestId
from ccd.model.question import NextContacts
from tests.core.centre import START
from tests.core.dialer.calling import Calling, rules

ANNA = AgentId("anna")
FIRST, SECOND_ONE = CampaignId("first"), CampaignId("second")


class Several(Calling):
    """`first` has the greater rank; `lists` by campaign."""

    def __init__(self, agents: tuple[str, ...] = ("anna",), **settings: Any) -> None:
        self.lists: dict[CampaignId, list[Contact]] = {FIRST: [], SECOND_ONE: []}
        super().__init__(rules(), agents, **settings)
        campaigns = {FIRST: replace(rules(), id=FIRST, rank=5), SECOND_ONE: replace(rules(), id=SECOND_ONE)}
        config = replace(self.configuration, hash="several", campaigns=campaigns)
        self.configurations[config.hash] = config
        self.feed(e.ConfigurationLoaded(config.hash), 1)

    def fill(self, campaign: CampaignId, count: int) -> None:
        """So many more contacts."""
        known, number = self.lists[campaign], 1 if campaign == FIRST else 2
        known += [
            Contact(ContactId(f"{campaign}{n}"), f"+346{number}00{n:05d}", START + 86_400 * SECOND)
            for n in range(len(known), len(known) + count)
        ]

    def give(self) -> None:
        for ask in [one for one in self.commands if isinstance(one, Ask) and isinstance(one.what, NextContacts)]:
            if ask.question in self.engine.floor.askers and isinstance(ask.what, NextContacts):
                known = self.lists[ask.what.campaign]
                given, self.lists[ask.what.campaign] = tuple(known[: ask.what.count]), known[ask.what.count :]
                self.feed(e.Answered(ask.question, Batch(given)), 1)

    def run(self, campaign: CampaignId) -> None:
        """Start it."""
        self.feed(e.CampaignRequested(RequestId(campaign), "test", campaign, "start"), 1)
        self.give()


def test_who_has_the_greater_rank_gets_the_agents() -> None:
    made = Several(("anna", "bert"))
    made.fill(FIRST, 3)
    made.fill(SECOND_ONE, 3)
    made.run(SECOND_ONE)
    assert {fact.campaign for fact in made.of(f.AgentHeld)} == {SECOND_ONE}
    made.run(FIRST)
    assert [line.number[4] for line in made.lines()] == ["2", "2"], "who is held already is not taken away"
    line = made.lines()[0].leg
    made.answer(line)
    made.connect(line)
    made.hung_up(line)
    made.hung_up(made.phones()[-1].leg)
    made.wait(10 * SECOND)
    assert made.of(f.AgentHeld)[-1].campaign == FIRST, "after his talk he goes where the rank is"
    assert made.lines()[-1].number[4] == "1"


def test_agents_go_to_the_other_one_when_there_is_nobody_left_to_dial() -> None:
    made = Several()
    made.fill(FIRST, 1)
    made.fill(SECOND_ONE, 1)
    made.run(FIRST)
    made.run(SECOND_ONE)
    assert [line.number[4] for line in made.lines()] == ["1"]
    made.hung_up(made.lines()[0].leg, 17)
    made.give()
    assert [line.number[4] for line in made.lines()] == ["1", "2"]
    assert [(fact.agent, fact.campaign) for fact in made.of(f.AgentHeld)] == [(ANNA, FIRST), (ANNA, SECOND_ONE)]
    held = [campaign.id for campaign in made.engine.floor.campaigns.values() if campaign.cap.held]
    assert held == [SECOND_ONE]


def test_one_that_is_stopped_gives_its_agents_to_the_other() -> None:
    made = Several()
    made.fill(FIRST, 2)
    made.fill(SECOND_ONE, 2)
    made.run(FIRST)
    made.run(SECOND_ONE)
    made.feed(e.CampaignRequested(RequestId("x"), "test", FIRST, "drain"), 1)
    assert len(made.lines()) == 1
    made.hung_up(made.lines()[0].leg, 19)
    assert [line.number[4] for line in made.lines()] == ["1", "2"]
