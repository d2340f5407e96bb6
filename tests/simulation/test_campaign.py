"""Campaigns on virtual time: nobody is dialled twice, nobody is lost, the cap holds, with every fault there is."""

from dataclasses import replace

import pytest

from ccd.core.configuration import Campaign as Rules
from ccd.core.configuration import RetryRule
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.dialer import abandon
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.model import fact as f
from ccd.model.campaign import Contact
from ccd.model.ids import SECOND, AgentId, CallId, ContactId, Endpoint, QueueId
from ccd.simulation.campaign import FOR_EVER, CampaignWorld, People
from ccd.simulation.campaign_watch import CampaignWatch
from ccd.simulation.distribution import Distribution, exponential, lognormal
from ccd.simulation.profile import HOUR, Agents, Callers, Faults, Profile
from ccd.switch.simulated.settings import Rates, Settings
from tests.core.centre import agent, configuration, flow, queue
from tests.core.dialer.calling import CALL_FLOW, SPRING

RETRY = {
    "busy": RetryRule(300 * SECOND),
    "no_answer": RetryRule(1_800 * SECOND),
    "congested": RetryRule(60 * SECOND),
    "cancelled": RetryRule(600 * SECOND),
    "abandoned": RetryRule(72 * HOUR),
    "lost": RetryRule(24 * HOUR),
}
FAULTS = Faults(
    link_down_every=HOUR, restart_every=3 * HOUR, kill_every=HOUR // 6, supervisor_every=HOUR // 4, no_record_rate=0.02
)
RATES = Rates(reordered=0.02, lost_answer=0.002, crossing=0.05, ghost=0.02, duplicate_state=0.05, late_state=0.05)
HARD = abandon.Rules(spare=1)


def world(
    seed: int,
    rules: Rules,
    agents: int = 10,
    contacts: int = 3_000,
    faults: Faults = FAULTS,
    calls: float = 0,
    hours: float = 1.5,
    people: People | None = None,
) -> CampaignWorld:
    """A centre of agents for one campaign, and perhaps callers for the same queue."""
    staff = Agents(
        pick_up_time=Distribution("uniform", SECOND // 5),
        refusal_rate=0.01 if faults.kill_every else 0.0,
        pause_every=HOUR if faults.kill_every else 0,
        phone_lost_every=2 * HOUR if faults.kill_every else 0,
        pause_time=exponential(120),
    )
    profile = Profile(
        {"shop": (calls,)} if calls else {},
        Callers(talk_time=lognormal(60)),
        staff,
        faults,
        Settings(rates=RATES if faults.kill_every else Rates()),
    )
    flows = {"shop": flow("shop", wait=QueueStep("sales")), CALL_FLOW.name: CALL_FLOW}
    policy = DialPolicy((DialRule("all", "+34*", roles=("dialler",), trunk=Endpoint("SIM/out")),))
    names = [agent(f"a{number}", sales=1) for number in range(agents)]
    config = configuration(
        flows,
        (queue("sales", auto_answer=True, ring_time=5 * SECOND, wrap_up_time=20 * SECOND),),
        tuple(names),
        campaigns={SPRING: rules},
        dial_policy=policy,
    )
    listed = [Contact(ContactId(f"c{n}"), f"+346{n:08d}", FOR_EVER) for n in range(contacts)]
    return CampaignWorld(config, profile, seed, listed, people or People(), hours=hours)


def rules(**settings: object) -> Rules:
    """As they come."""
    made = Rules(SPRING, "Spring", QueueId("sales"), CALL_FLOW, "progressive", cap=HARD, retry=RETRY)  # type: ignore[arg-type]
    return replace(made, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["progressive", "power", "predictive", "preview"])
@pytest.mark.parametrize("seed", [1, 2])
def test_with_every_fault_nobody_is_dialled_twice_and_nobody_is_lost(algorithm: str, seed: int) -> None:
    made = world(seed, rules(algorithm=algorithm, preview_time=5 * SECOND), calls=40)
    run = made.run()
    assert run.violations == ()
    entries = made.list.entries.values()
    assert sum(entry.dials for entry in entries) > 60
    for entry in entries:
        assert entry.dials == len(entry.outcomes), entry
    campaign = made.engine.floor.campaigns[SPRING]
    assert not campaign.attempts
    assert not campaign.cap.in_flight
    assert not campaign.cap.waiting
    held = {contact.id for contact in campaign.at_hand} | {contact.id for contact in campaign.shown.values()}
    assert {entry.contact.id for entry in entries if entry.is_taken} <= held


def test_attempts_of_a_former_daemon_end_once() -> None:
    watch = CampaignWatch()
    watch.restored([CallId("x")])
    answered = f.AttemptAnswered(SPRING, ContactId("c"), CallId("x"), "unknown")
    ended = f.AttemptEnded(SPRING, ContactId("c"), CallId("x"), "lost")
    assert [watch.apply(fact, 1) for fact in (answered, ended)] == ["", ""]
    assert watch.apply(ended, 2).startswith("an attempt ends once")


def test_what_must_not_be_is_told() -> None:
    watch = CampaignWatch()
    began = f.AttemptBegan(SPRING, ContactId("c"), CallId("x"), "+34600000000", 0, 1, Endpoint("SIM/out"), "", ())
    again = f.AttemptBegan(SPRING, ContactId("c"), CallId("y"), "+34600000000", 0, 2, Endpoint("SIM/out"), "", ())
    assert watch.apply(began, 1) == ""
    assert watch.apply(again, 2).startswith("a contact has one line")
    watch.apply(f.AttemptEnded(SPRING, ContactId("c"), CallId("x"), "busy", next_at=100), 3)
    watch.apply(f.AttemptEnded(SPRING, ContactId("c"), CallId("y"), "busy", next_at=100), 3)
    assert watch.apply(began, 99).startswith("nobody is dialled before his time")
    held = f.AgentHeld(AgentId("a"), SPRING)
    assert watch.apply(held, 4) == ""
    assert watch.apply(held, 5).startswith("an agent is held for one campaign")
    assert watch.apply(f.AgentLetGo(AgentId("b"), SPRING, ""), 6).startswith("who is let go was held")
