"""What people ask of campaigns: dispositions, previews; what a daemon that begins anew is told; a reload."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.configuration import Disposition
from ccd.core.dialer import abandon
from ccd.model import command as c
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.campaign import CampaignStanding, Counts, UnknownAttempt
from ccd.model.ids import SECOND, AgentId, CallId, LegId, RequestId
from tests.core.centre import PBX
from tests.core.dialer.calling import HOUR, SPRING, Calling, contact, rules

ANNA = AgentId("anna")
WORDS = {
    "sold": Disposition("sold", is_done=True),
    "later": Disposition("later", after=2 * HOUR),
    "call back": Disposition("call back", is_call_back=True),
    "never": Disposition("never", blocks="global"),
    "machine": Disposition("machine"),
}


def talking(**settings: Any) -> tuple[Calling, LegId]:
    """Anna talks with the first contact."""
    made = Calling(rules(dispositions=WORDS, **settings))
    made.start(contact("c1"), contact("c2"))
    line = made.lines()[0].leg
    made.answer(line)
    made.connect(line)
    return made, line


def dispose(made: Calling, word: str, **more: Any) -> str:
    """Anna says so of the first attempt; the refusal."""
    attempt = made.of(f.AttemptBegan)[0].call
    outcome = made.feed(e.DispositionRequested(RequestId("d"), "anna", attempt, word, **more), 1)
    (reply,) = (command for command in outcome.commands if isinstance(command, c.Reply))
    return reply.refusal


def test_a_disposition_during_the_talk_counts_more_than_the_outcomes_rule() -> None:
    made, line = talking()
    assert dispose(made, "later") == ""
    made.hung_up(line)
    assert made.ended().next_at == made.now + 2 * HOUR


def test_a_disposition_in_the_wrap_up() -> None:
    made, line = talking()
    made.hung_up(line)
    assert made.ended().next_at == 0
    assert dispose(made, "call back", call_back_at=made.now + HOUR, is_personal=True) == ""
    (said,) = made.of(f.DispositionSet)
    assert (said.contact, said.agent, said.personal, said.next_at) == ("c1", ANNA, ANNA, made.now - 1 + HOUR)


def test_a_disposition_that_blocks_the_number() -> None:
    made, _ = talking()
    dispose(made, "never")
    (blocked,) = (command for command in made.commands if isinstance(command, c.BlockNumber))
    assert (blocked.number, blocked.list) == ("+34612340001", "global")
    assert made.of(f.DispositionSet)[0].is_done


def test_one_that_is_done_is_done() -> None:
    made, line = talking(retry={})
    dispose(made, "sold")
    made.hung_up(line)
    assert made.ended().next_at == 0


@pytest.mark.parametrize(
    ("word", "more", "refusal"),
    [
        ("bought", {}, "no disposition bought; there are sold, later, call back, never, machine"),
        ("call back", {}, "call back is a call-back: it needs a time to come"),
    ],
)
def test_what_is_no_disposition(word: str, more: dict[str, Any], refusal: str) -> None:
    made, _ = talking()
    assert dispose(made, word, **more) == refusal


def test_an_attempt_that_nobody_knows() -> None:
    made, _ = talking()
    outcome = made.feed(e.DispositionRequested(RequestId("d"), "anna", CallId("x"), "sold"), 1)
    assert outcome.commands == (c.Reply(RequestId("d"), "no attempt x is known any more"),)


# --- preview


def looking(time: int = 60 * SECOND) -> Calling:
    """Anna looks at the first contact."""
    made = Calling(rules(algorithm="preview", preview_time=time))
    made.start(contact("c1"), contact("c2"))
    return made


def answer(made: Calling, action: Any) -> str:
    """Anna's."""
    outcome = made.feed(e.PreviewRequested(RequestId("p"), "anna", ANNA, action), 1)
    return next(command.refusal for command in outcome.commands if isinstance(command, c.Reply))


def test_a_contact_is_dialled_when_the_agent_says_so() -> None:
    made = looking()
    (shown,) = made.of(f.ContactShown)
    assert (shown.contact, shown.agent, shown.until) == ("c1", ANNA, made.now + 60 * SECOND)
    assert made.lines() == []
    assert answer(made, "accept") == ""
    assert [line.number for line in made.lines()] == ["+34612340001"]
    assert made.of(f.AttemptBegan)[0].wanted == ANNA
    assert answer(made, "accept") == "agent anna looks at no contact"


def test_or_when_the_time_is_over() -> None:
    made = looking()
    made.wait(60 * SECOND)
    assert len(made.lines()) == 1


def test_a_skipped_contact_goes_back_and_another_is_shown() -> None:
    made = looking()
    assert answer(made, "skip") == ""
    assert [fact.contact for fact in made.of(f.ContactReturned)] == ["c1"]
    assert [fact.contact for fact in made.of(f.ContactShown)] == ["c1", "c2"]


def test_an_agent_who_leaves_gives_back_what_he_looks_at() -> None:
    made = looking()
    made.feed(e.PauseRequested(RequestId("p"), "anna", ANNA), 1)
    assert [one.id for one in made.campaign.at_hand] == ["c1", "c2"]
    made.feed(e.UnpauseRequested(RequestId("p"), "anna", ANNA), 1)
    assert [fact.contact for fact in made.of(f.ContactShown)] == ["c1", "c1"]


# --- after a restart


def test_what_nobody_saw_the_end_of_counts_as_the_worst() -> None:
    made = Calling(rules(cap=abandon.Rules(spare=0)))
    unknown = (
        UnknownAttempt(CallId("a"), contact("c1")),
        UnknownAttempt(CallId("b"), contact("c2"), is_answered=True),
        UnknownAttempt(CallId("c"), contact("c3"), is_answered=True, is_connected=True),
    )
    began = made.campaign.rules.cap.period.begin(made.now)
    standing = CampaignStanding(SPRING, "running", began, Counts(200, 1, 3), {}, unknown)
    made.feed(e.CampaignsRestored((standing,)), 1)
    tally = made.campaign.cap.tally
    assert (tally.live, tally.abandoned, tally.machines) == (201, 3, 3)
    assert [(fact.contact, fact.outcome) for fact in made.of(f.AttemptEnded)] == [
        ("c1", "lost"),
        ("c2", "lost"),
        ("c3", "talked"),
    ]
    assert made.campaign.state == "running"


def test_one_that_was_started_before_gets_its_counts_and_keeps_its_agents() -> None:
    made = Calling(rules(cap=abandon.Rules(spare=0)))
    made.feed(e.CampaignRequested(RequestId("s"), "test", SPRING, "start"), 1)
    began = made.campaign.rules.cap.period.begin(made.now)
    made.feed(e.CampaignsRestored((CampaignStanding(SPRING, "paused", began, Counts(200, 5), {}),)), 1)
    assert (made.campaign.state, made.campaign.cap.tally.abandoned, list(made.campaign.cap.held)) == (
        "running",
        5,
        [ANNA],
    )
    assert list(made.campaign.pacing.ready) == [ANNA]


def test_a_campaign_that_is_at_work_is_not_restored() -> None:
    made, _ = talking()
    standing = CampaignStanding(SPRING, "paused", 0, Counts(9, 9), {})
    made.feed(e.CampaignsRestored((standing,)), 1)
    assert made.campaign.cap.tally.abandoned == 0


# --- a reload


def reload(made: Calling, **settings: Any) -> None:
    """The campaign with other rules; without any there is none any more."""
    campaigns = {SPRING: replace(made.campaign.rules, **settings)} if settings else {}
    config = replace(made.configuration, hash=f"h{made.requests + 2}", campaigns=campaigns)
    made.configurations[config.hash] = config
    made.feed(e.ConfigurationLoaded(config.hash), 1)


def test_new_rules_hold_at_once_and_the_lines_stay() -> None:
    made, line = talking()
    reload(made, algorithm="power", power_ratio=2.0)
    assert made.campaign.pacing.name == "power"
    assert made.campaign.cap.tally.live == 1
    made.hung_up(line)
    assert made.ended().outcome == "talked"


def test_a_campaign_that_is_no_more_ends_with_its_last_line() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    reload(made)
    assert made.campaign.state == "stopped"
    assert [fact.contact for fact in made.of(f.ContactReturned)] == ["c2"]
    assert made.act("start") == "no campaign spring"
    made.hung_up(made.lines()[0].leg, 17)
    assert SPRING not in made.engine.floor.campaigns
    assert made.engine.floor.routing.is_ready(ANNA)


def test_the_switch_that_restarts_takes_the_lines_and_the_campaign_goes_on_there() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.start(contact("c1"), contact("c2"), contact("c3"))
    lines = [line.leg for line in made.lines()]
    made.feed(e.SwitchDown(PBX, "gone", made.now), 1)
    for line in lines:
        made.hung_up(line, 0, by="switch")
    assert [fact.outcome for fact in made.of(f.AttemptEnded)] == ["lost", "lost"]
    assert len(made.lines()) == 2
    made.feed(e.SwitchUp(PBX, "b2"), SECOND)
    assert made.campaign.cap.excess_losses == 0
    assert made.lines()[-1].leg.startswith("pbx/b2/")


def test_lines_that_nobody_saw_for_long_stop_the_campaign_until_somebody_says_so() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.start(contact("c1"), contact("c2"), contact("c3"))
    lines = [line.leg for line in made.lines()]
    made.feed(e.SwitchDown(PBX, "gone", made.now), 1)
    made.feed(e.SwitchUp(PBX, "b1"), 3 * SECOND)
    for line in lines:
        made.hung_up(line, 0, by="switch")
    assert made.campaign.cap.is_stopped
    assert len(made.lines()) == 2
    made.act("resume")
    assert len(made.lines()) == 3


# --- agents who want to leave, contacts of one agent only


def test_who_wanted_to_pause_pauses_also_when_there_is_nobody_left_to_dial() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.give()
    assert made.campaign.is_dry
    made.feed(e.PauseRequested(RequestId("p"), "anna", ANNA), 1)
    made.hung_up(made.lines()[0].leg, 17)
    assert made.engine.floor.agents[ANNA].state == "paused"


def test_who_wants_to_pause_is_lent_to_nobody() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.start(contact("c1"), contact("c2"))
    for agent in (ANNA, AgentId("bert")):
        made.feed(e.PauseRequested(RequestId("p"), agent, agent), 1)
    made.arrive("shop")
    made.answer(made.of(f.CallStarted)[-1].leg)
    made.hung_up(made.lines()[0].leg, 17)
    made.hung_up(made.lines()[1].leg, 17)
    assert made.of(f.OfferMade) == []
    assert {agent.state for agent in made.engine.floor.agents.values()} == {"paused"}


def test_an_acceptance_is_for_the_contact_that_was_shown() -> None:
    made = looking()
    made.feed(e.NumberBlocked(RequestId("b"), "test", "+34612340001", (SPRING,)), 1)
    assert [fact.contact for fact in made.of(f.ContactShown)] == ["c1", "c2"]
    answer(made, "accept")
    assert [line.number for line in made.lines()] == ["+34612340002"]


def test_a_contact_that_may_not_be_dialled_any_more_uses_the_acceptance_up() -> None:
    made = Calling(rules(algorithm="preview"))
    made.start(contact("c1", callable_until=made.now + 30 * SECOND), contact("c2"))
    made.wait(31 * SECOND)
    answer(made, "accept")
    assert made.lines() == [], "the next one is shown first"
    assert [fact.contact for fact in made.of(f.ContactShown)] == ["c1", "c2"]


def test_call_backs_of_an_agent_who_is_not_there_stand_in_nobodys_way() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.feed(e.PauseRequested(RequestId("p"), "bert", AgentId("bert")), 1)
    made.list += [contact(f"c{n}") for n in range(20, 25)]
    made.start(*(contact(f"c{n}", agent=AgentId("bert")) for n in range(10)))
    made.list.sort(key=lambda one: one.agent, reverse=True)
    made.give()
    assert len(made.of(f.ContactReturned)) >= 5
    made.give()
    assert [line.number for line in made.lines()] == ["+34612340020"]


@pytest.mark.parametrize(("cause", "outcome"), [(16, "cancelled"), (19, "no_answer")])
def test_a_line_that_we_end_was_not_hung_up_by_its_party(cause: int, outcome: str) -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.hung_up(made.lines()[0].leg, cause, by="us")
    assert made.ended().outcome == outcome
