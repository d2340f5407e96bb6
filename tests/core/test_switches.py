"""Several switches: who is rung where and by which trunk, and how little the loss of one of them touches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ccd.core.acd.reason import Reasons
from ccd.core.configuration import AgentProfile, Configuration
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.network import Network
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import Dial, HangUp, Reply
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, RequestId, SwitchName
from tests.core.centre import Centre, agent, configuration, flow, queue

A, B = SwitchName("a"), SwitchName("b")
TO_A, TO_B = Endpoint("gateway/to-a"), Endpoint("PJSIP/to-b")
ANNA, BERT = Endpoint("PJSIP/anna"), Endpoint("user/bert")
BOTH: Mapping[SwitchName, Mapping[SwitchName, Endpoint]] = {A: {B: TO_B}, B: {A: TO_A}}


def site(trunks: Mapping[SwitchName, Mapping[SwitchName, Endpoint]] = BOTH, **more: Any) -> Configuration:
    """Anna's phone is on the first switch, Bert's on the other one; he is the better."""
    bert = replace(agent("bert", sales=5), endpoint=Endpoint("b:user/bert"))
    agents: tuple[AgentProfile, ...] = (replace(agent("anna", sales=1), number="1"), replace(bert, number="2"))
    rules = (
        DialRule("first", "+34*", trunk=Endpoint("PJSIP/trunk")),
        DialRule("second", "+34*", trunk=Endpoint("b:gateway/out")),
    )
    made = configuration({"sales": flow("sales", wait=QueueStep("sales"))}, (queue("sales"),), agents)
    return replace(made, network=Network(trunks), dial_policy=DialPolicy(rules), **more)


class Centres(Centre):
    """Both switches up, both phones idle."""

    def __init__(self, config: Configuration | None = None) -> None:
        super().__init__(config or site())
        self.feed(e.SwitchUp(A, "b1"))
        self.feed(e.SwitchUp(B, "b1"))
        self.device(A, ANNA, "idle")
        self.device(B, BERT, "idle")

    def device(self, switch: SwitchName, endpoint: Endpoint, state: e.EndpointState) -> None:
        self.feed(e.EndpointChanged(switch, endpoint, state))

    def at(self, agent_id: str, endpoint: str) -> str:
        """Log in there; why not."""
        self.requests += 1
        request = RequestId(str(self.requests))
        out = self.feed(e.LogInRequested(request, "test", AgentId(agent_id), Endpoint(endpoint)), 1)
        return next(command.refusal for command in out.commands if isinstance(command, Reply))

    def call(self, switch: SwitchName, unique: str) -> LegId:
        leg = LegId(f"{switch}/b1/{unique}")
        self.feed(e.LegArrived(leg, ani="600", dnis="sales", number="+34600", answered=True), 1)
        return leg

    def why(self) -> dict[str, str]:
        """Of the last offer: what was in the way of each agent."""
        reasons = Reasons()
        config = self.configuration
        reasons.configure(config.queues, config.agents, config.network)
        told = [reasons.apply(fact, self.now) for fact in self.facts]
        explained = [one for one in told if one is not None][-1]
        return {candidate.agent: candidate.refusal for candidate in explained.explanation.candidates}


def logged_in(config: Configuration | None = None) -> Centres:
    made = Centres(config)
    assert made.at("anna", "PJSIP/anna") == made.at("bert", "b:user/bert") == ""
    return made


def talking(made: Centres, caller: LegId) -> Dial:
    """The last one dialled answers and is joined with the caller."""
    dial = made.dialled()[-1]
    made.answer(dial.leg)
    made.bridged(caller, dial.leg)
    return dial


def test_a_caller_on_one_switch_gets_the_phone_on_the_other_by_the_trunk() -> None:
    made = logged_in()
    caller = made.call(A, "1")
    dial = talking(made, caller)
    assert (dial.endpoint, dial.through, dial.number) == (BERT, TO_B, "")
    assert dial.leg.startswith("a/b1/")
    assert made.of(f.OfferMade)[0].endpoint == "b:user/bert"
    made.call(B, "2")
    other = made.dialled()[-1]
    assert (other.endpoint, other.through, other.leg.startswith("b/b1/")) == (ANNA, TO_A, True)
    assert len(made.dialled()) == 2


def test_on_his_own_switch_no_trunk_is_dialled() -> None:
    made = logged_in()
    made.call(B, "1")
    assert (made.dialled()[0].endpoint, made.dialled()[0].through) == (BERT, "")


def test_the_same_name_on_two_switches_is_two_phones() -> None:
    made = Centres()
    made.device(B, ANNA, "unreachable")
    assert made.engine.floor.endpoints[ANNA] == "idle"
    assert made.at("anna", "PJSIP/anna") == made.at("bert", "b:PJSIP/anna") == ""
    made.call(A, "1")
    assert [dial.endpoint for dial in made.dialled()] == [ANNA]


def test_the_first_switch_may_be_named_and_trunks_are_no_phones() -> None:
    made = Centres()
    made.device(A, TO_B, "idle")
    made.device(B, TO_A, "idle")
    assert made.at("anna", "a:PJSIP/anna") == ""
    assert made.engine.floor.agents[AgentId("anna")].endpoint == ANNA
    assert made.at("bert", "PJSIP/to-b") == "the switch knows no phone PJSIP/to-b"
    assert made.at("bert", "b:gateway/to-a") == "the switch knows no phone b:gateway/to-a"
    assert made.at("bert", "c:user/bert") == "the switch knows no phone c:user/bert"


def test_a_phone_of_a_switch_that_is_down_is_rung_for_nobody_and_why_says_so() -> None:
    made = logged_in()
    made.feed(e.SwitchDown(B, "cut"))
    made.call(A, "1")
    assert [dial.endpoint for dial in made.dialled()] == [ANNA]
    assert made.why() == {"anna": "", "bert": "switch b is down"}
    made.call(A, "2")
    assert len(made.dialled()) == 1
    made.feed(e.SwitchUp(B, "b1"))
    assert [(dial.endpoint, dial.through) for dial in made.dialled()[1:]] == [(BERT, TO_B)]


def test_a_caller_on_a_switch_that_is_down_waits_and_others_do_not_wait_for_him() -> None:
    made = Centres()
    first = made.call(A, "1")
    made.feed(e.SwitchDown(A, "cut"))
    second = made.call(B, "2")
    assert made.at("bert", "b:user/bert") == ""
    assert talking(made, second).leg.startswith("b/b1/")
    made.feed(e.SwitchUp(A, "b1"), SECOND)
    assert len(made.dialled()) == 1
    made.hung_up(made.dialled()[0].leg)
    assert (made.dialled()[1].leg.startswith("a/b1/"), made.dialled()[1].through) == (True, TO_B)
    assert made.engine.floor.legs[first].state == "up"


def test_an_offer_by_a_trunk_goes_on_while_the_other_link_is_down() -> None:
    made = logged_in()
    caller = made.call(A, "1")
    made.feed(e.SwitchDown(B, "cut"))
    talking(made, caller)
    assert made.of(f.TalkBegan)


def test_a_switch_that_began_anew_ends_the_ways_to_its_phones_and_nothing_else() -> None:
    made = logged_in()
    far = made.call(A, "1")
    by_trunk = talking(made, far)
    near = made.call(A, "2")
    talking(made, near)
    made.feed(e.SwitchDown(B, "gone"))
    made.commands.clear()
    made.feed(e.SwitchUp(B, "b2"))
    assert made.commands == [HangUp(by_trunk.leg, 27)]
    made.hung_up(by_trunk.leg, by="us")
    made.returned(far)
    assert [call.leg for call in made.engine.floor.calls.values() if call.phase == "talking"] == [near]


def test_a_link_that_was_only_lost_ends_nothing() -> None:
    made = logged_in()
    talking(made, made.call(A, "1"))
    made.feed(e.SwitchDown(B, "cut"))
    made.commands.clear()
    made.feed(e.SwitchUp(B, "b1"))
    assert made.commands == []


def test_over_a_trunk_that_is_away_nobody_is_rung() -> None:
    made = logged_in()
    made.device(A, TO_B, "unreachable")
    made.call(A, "1")
    assert [dial.endpoint for dial in made.dialled()] == [ANNA]
    assert made.why()["bert"] == "the trunk from switch a to b is away"
    made.call(A, "2")
    made.device(A, TO_B, "idle")
    assert [(dial.endpoint, dial.through) for dial in made.dialled()[1:]] == [(BERT, TO_B)]


def test_without_a_trunk_each_switch_has_its_own_agents() -> None:
    made = logged_in(site({A: {}, B: {A: TO_A}}))
    made.call(A, "1")
    made.call(A, "2")
    assert [dial.endpoint for dial in made.dialled()] == [ANNA]
    assert made.why()["bert"] == "no trunk from switch a to b"
    made.call(B, "3")
    assert [dial.endpoint for dial in made.dialled()[1:]] == [BERT]


def test_who_waits_longest_of_those_that_can_be_joined() -> None:
    made = Centres(site({A: {}, B: {A: TO_A}}))
    made.call(A, "1")
    made.call(B, "2")
    made.call(A, "3")
    made.at("bert", "b:user/bert")
    assert [dial.leg.split("/")[0] for dial in made.dialled()] == ["b"]
    made.at("anna", "PJSIP/anna")
    assert made.of(f.OfferMade)[1].call == made.of(f.CallStarted)[0].call


@pytest.mark.parametrize(("switch", "phone", "trunk"), [(A, ANNA, "PJSIP/trunk"), (B, BERT, "gateway/out")])
def test_what_a_phone_dials_goes_out_on_its_own_switch(switch: SwitchName, phone: Endpoint, trunk: str) -> None:
    made = logged_in()
    leg = LegId(f"{switch}/b1/p")
    made.feed(e.LegArrived(leg, dnis="600000001", endpoint=phone, number="+34600000001"))
    dial = made.dialled()[0]
    assert (dial.endpoint, dial.number, dial.through) == (trunk, "+34600000001", "")
    assert dial.leg.startswith(f"{switch}/")


def test_an_agent_calls_a_colleague_on_the_other_switch() -> None:
    made = logged_in()
    made.feed(e.LegArrived(LegId("b/b1/p"), dnis="1", endpoint=BERT))
    assert [(dial.endpoint, dial.through) for dial in made.dialled()] == [(ANNA, TO_A)]
    assert made.engine.floor.agents[AgentId("bert")].state == "talking"


def test_a_colleague_whom_no_trunk_reaches_is_away() -> None:
    made = logged_in(site({A: {B: TO_B}, B: {}}))
    made.feed(e.LegArrived(LegId("b/b1/p"), dnis="1", endpoint=BERT))
    assert made.dialled() == []
    assert made.of(f.DialForbidden)[0].why == "the colleague's phone is away"


def test_calls_of_a_former_daemon_are_over_switch_by_switch() -> None:
    made = Centre(site())
    for switch in (A, B):
        made.feed(e.CallsRecalled((CallId(f"on-{switch}"),), switch))
    made.feed(e.SwitchUp(A, "b1"))
    made.wait(60 * SECOND)
    assert [fact.call for fact in made.of(f.CallEnded)] == ["on-a"]
    made.feed(e.SwitchUp(B, "b1"))
    made.wait(60 * SECOND)
    assert [fact.call for fact in made.of(f.CallEnded)] == ["on-a", "on-b"]


def test_a_talk_found_by_a_new_daemon_ends_with_the_switch_of_its_agents_phone_too() -> None:
    made = logged_in()
    found = {"CCD_CALL": "old", "CCD_ROLE": "talked", "CCD_TALKED": "1", "CCD_AGENT": "bert"}
    caller, agents = LegId("a/b1/1"), LegId("a/b1/2")
    made.feed(e.LegArrived(caller, answered=True, variables=found, bridge="x"))
    offered = {"CCD_CALL": "old", "CCD_ROLE": "agent", "CCD_OFFER": "o", "CCD_AGENT": "bert"}
    made.feed(e.LegArrived(agents, endpoint=TO_B, answered=True, variables=offered, bridge="x"))
    assert made.engine.floor.agents[AgentId("bert")].state == "talking"
    del made.engine.floor.boots[B]
    made.commands.clear()
    made.feed(e.SwitchUp(B, "b1"))
    assert made.commands == [], "a switch that is seen for the first time did not begin anew"
    made.feed(e.SwitchDown(B, "gone"))
    made.commands.clear()
    made.feed(e.SwitchUp(B, "b2"))
    assert made.commands == [HangUp(agents, 27)]


def test_a_switch_that_the_configuration_has_no_more_has_no_agents() -> None:
    made = logged_in()
    alone = replace(site({A: {}}), hash="h2")
    made.configurations["h2"] = alone
    made.feed(e.SwitchDown(B, "removed"))
    made.feed(e.ConfigurationLoaded("h2"))
    assert made.engine.floor.agents[AgentId("bert")].state == "logged_out"
    assert ANNA in made.engine.floor.endpoints
    assert "b:user/bert" not in made.engine.floor.endpoints
    made.call(A, "1")
    assert [dial.endpoint for dial in made.dialled()] == [ANNA]


def test_a_switch_more_changes_nothing_for_those_before() -> None:
    alone = site({A: {}})
    made = Centres(replace(alone, agents={AgentId("anna"): alone.agents[AgentId("anna")]}))
    made.at("anna", "PJSIP/anna")
    caller = made.call(A, "1")
    talking(made, caller)
    made.configurations["h2"] = replace(site(), hash="h2")
    made.feed(e.ConfigurationLoaded("h2"))
    made.feed(e.SwitchUp(B, "b1"))
    made.device(B, BERT, "idle")
    assert made.at("bert", "b:user/bert") == ""
    made.call(A, "2")
    assert (made.dialled()[-1].through, made.engine.floor.agents[AgentId("anna")].state) == (TO_B, "talking")


@pytest.mark.parametrize("before", [BOTH, {A: {}}])
def test_where_another_switch_is_the_first_one_now_all_phones_are_others(before: Any) -> None:
    made = Centres(site(before))
    made.at("anna", "PJSIP/anna")
    made.configurations["h2"] = replace(site({B: {A: TO_A}, A: {B: TO_B}}), hash="h2")
    made.feed(e.SwitchDown(A, "the daemon began anew"))
    made.feed(e.SwitchDown(B, "the daemon began anew"))
    made.feed(e.ConfigurationLoaded("h2"))
    assert {one.state for one in made.engine.floor.agents.values()} == {"logged_out"}
    assert made.engine.floor.endpoints == {}
    made.feed(e.SwitchUp(B, "b1"))
    made.device(B, BERT, "idle")
    assert made.at("bert", "b:user/bert") == ""
    made.call(B, "1")
    assert [(dial.endpoint, dial.through) for dial in made.dialled()] == [(BERT, "")]
