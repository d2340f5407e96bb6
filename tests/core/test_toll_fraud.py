"""Whatever is typed, sent or set: the switch is told to dial what the dial policy allows, and nothing else."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from ccd.core.configuration import Site
from ccd.core.dial_policy import DialPolicy, DialRule, decide
from ccd.core.flow.expression import Name
from ccd.core.flow.prompt import Prompt
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer
from ccd.io.numbering import normalise
from ccd.model import command as c
from ccd.model import event as e
from ccd.model.ids import Endpoint
from ccd.model.question import NormaliseNumber
from tests.core.centre import agent, configuration, flow, queue
from tests.core.world import World

TRUNKS = [Endpoint("PJSIP/trunk"), Endpoint("PJSIP/dear")]
ROLES = ("agent", "supervisor", "admin", "flow")
EMERGENCY = ("110", "112", "+34112", "016", "+441999")
REGIONS = ("ES", "DE", "IE", "US")

digits = st.text("0123456789", min_size=1, max_size=17)
prefixes = st.sampled_from(["", "+", "00", "0", "+34", "+353", "+49", "0034", "+1", "*", "#", "tel:", "sip:", " +"])
endings = st.sampled_from(
    ["", "", "112", "110", "\n", "@trunk", ",1", "&PJSIP/dear", "#", "${X}", "/n", " ", "٣", "\0", "p9"]
)
NAMED = ["1004", "1005", "+34803123456", "+34600123456", "+353112", "00353112", "*71", "", "s", "PJSIP/dear"]
dialled = st.one_of(
    st.builds("".join, st.tuples(prefixes, digits, endings)),
    st.builds("".join, st.tuples(prefixes, st.sampled_from(EMERGENCY))),
    st.sampled_from(NAMED),
    st.text(max_size=20),
)
begins = st.sampled_from(["+", "", "+34", "+353", "+3480", "+1X"])
patterns = st.builds("".join, st.tuples(begins, st.text("0123456789X", max_size=6), st.sampled_from(["", "*"])))
rules = st.lists(
    st.builds(
        DialRule,
        st.just("rule"),
        patterns,
        st.booleans(),
        st.lists(st.sampled_from(ROLES), max_size=4).map(tuple),
        st.sampled_from(TRUNKS),
    ),
    max_size=5,
)
policies = st.builds(lambda made: DialPolicy(tuple(made), EMERGENCY), rules)
OPEN = DialPolicy((DialRule("all", "+*", trunk=TRUNKS[0]),), EMERGENCY)
"""The most careless policy that there can be."""


some_policy = st.one_of(policies, st.just(OPEN))
some_region = st.sampled_from(REGIONS)


def may(policy: DialPolicy, role: str, number: str) -> Endpoint | None:
    """The trunk, said a second time and by other means: by comparing digit for digit."""
    if not number.startswith("+") or not number[1:].isascii() or not number[1:].isdigit() or number[1] == "0":
        return None
    if not 6 <= len(number) - 1 <= 15 or calls_for_help(number):
        return None
    for rule in policy.rules:
        if fits(rule.pattern, number) and not rule.allow:
            return None
        if fits(rule.pattern, number) and role in rule.roles:
            return rule.trunk
    return None


def fits(pattern: str, number: str) -> bool:
    """Digit for digit."""
    exact = pattern.removesuffix("*")
    if len(number) < len(exact) or (len(number) > len(exact) and exact == pattern):
        return False
    if any(not one.isdigit() for one in number[len(exact) :]):  # a star stands for digits, not for the plus
        return False
    return all(wanted == got or (wanted == "X" and got.isdigit()) for wanted, got in zip(exact, number, strict=False))


def calls_for_help(number: str) -> bool:
    """An emergency number as it is, or behind a country's code."""
    return number in EMERGENCY or any(re.fullmatch(r"\+[0-9]{1,3}" + own, number) for own in EMERGENCY if own[0] != "+")


@settings(max_examples=500, deadline=None, database=None)
@given(policies, st.sampled_from([*ROLES, "", "nobody"]), dialled)
@example(OPEN, "flow", "+353112")
@example(OPEN, "agent", "+441999")
def test_decide_says_what_the_policy_says(policy: DialPolicy, role: str, number: str) -> None:
    decision = decide(policy, role, number)
    wanted = may(policy, role, number)
    assert (decision.trunk if decision.allowed else None) == wanted
    event("allowed" if decision.allowed else "forbidden")


AGENTS = (
    agent("anna", sales=3),
    replace(agent("carla", sales=2), role="supervisor"),
    replace(agent("paula", sales=1), number="112"),
)


class Fraud(World):
    """A centre in which people dial; every `Dial` is judged when it leaves."""

    def __init__(self, policy: DialPolicy, region: str) -> None:
        flows = {
            "sales": flow("sales", wait=QueueStep("sales")),
            "typed": flow("typed", ask=Collect(Prompt({}), "x", max_length=16), out=Transfer(to=Name("x"))),
            "caller": flow("caller", out=Transfer(to=Name("call.ani_name"))),
        }
        self.policy = policy
        self.region = region
        self.role = "flow"
        self.dials: list[c.Dial] = []
        made = configuration(flows, (queue("sales"),), AGENTS, dial_policy=policy, site=Site(name="x"))
        super().__init__({made.hash: made}, made.hash)
        self.connect()
        for profile in AGENTS:
            self.phone(profile.endpoint, "idle")
            self.feed(e.LogInRequested(self._request(), "test", profile.id, profile.endpoint))

    def _request(self) -> Any:
        return f"r{len(self.log)}"

    def check(self, event: e.AnyEvent, outcome: Any) -> None:
        for dial in (command for command in outcome.commands if isinstance(command, c.Dial)):
            self.dials.append(dial)
            if dial.number:
                assert may(self.policy, self.role, dial.number) == dial.endpoint, (self.role, dial)
            else:
                assert dial.endpoint in {profile.endpoint for profile in AGENTS}, dial

    def answer_questions(self, answers: list[Any]) -> None:
        """Numbers are brought to E.164 as the daemon does it, or some liar answers."""
        for ask in list(self.questions):
            self.questions.remove(ask)
            if isinstance(ask.what, NormaliseNumber):
                value = normalise(ask.what.text, self.region) if not answers else answers.pop()
                self.feed(e.Answered(ask.question, value))

    def settle(self) -> None:
        """Whatever legs owe comes."""
        for _ in range(6):
            for leg in list(self.legs.values()):
                if leg.id in self.legs and leg.due:
                    self.result(leg, 0)

    def calls(self) -> None:
        """Everybody who rings answers; talks begin."""
        for leg in list(self.legs.values()):
            if leg.state == "ringing":
                self.answer(leg)
        self.settle()


FRAUD = settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@FRAUD
@given(
    st.one_of(policies, st.just(OPEN)),
    st.sampled_from(REGIONS),
    st.lists(dialled, min_size=1, max_size=4),
    st.booleans(),
)
@example(OPEN, "IE", ["+353112", "112"], True)
def test_what_an_agent_dials(policy: DialPolicy, region: str, numbers: list[str], lies: bool) -> None:
    """`lies`: what should have been brought to E.164 arrives as it was dialled."""
    world = Fraud(policy, region)
    for number, profile in zip(numbers, AGENTS * 2, strict=False):
        world.role = profile.role
        before = len(world.dials)
        world.phone_dials(profile.endpoint, number, number if lies else normalise(number, region))
        world.settle()
        event(f"{len(world.dials) - before} dialled")
    world.role = "agent"
    world.phone_dials(Endpoint("PJSIP/stranger"), numbers[0], numbers[0])
    assert not any(dial.endpoint in TRUNKS for dial in world.dials[len(numbers) :])


@FRAUD
@given(
    st.one_of(policies, st.just(OPEN)),
    st.sampled_from(REGIONS),
    st.lists(dialled, min_size=1, max_size=3),
    st.booleans(),
)
@example(OPEN, "ES", ["+34600123456"], False)
@example(OPEN, "IE", ["+353112"], True)
def test_where_an_agents_phone_sends_a_customer(
    policy: DialPolicy, region: str, targets: list[str], lies: bool
) -> None:
    world = Fraud(policy, region)
    for target in targets:
        world.arrive("sales", answered=True)
        world.calls()
        joined = {leg.id for leg in world.legs.values() if leg.peer}
        talks = [call for call in world.engine.floor.calls.values() if call.leg in joined]
        if not talks:
            return
        owner, customer = talks[-1].agent, world.legs[talks[-1].leg]
        world.role = next(profile.role for profile in AGENTS if profile.id == owner)
        before = len(world.dials)
        world.refer(customer, target, target if lies else normalise(target, region))
        event(f"{len(world.dials) - before} dialled")


@FRAUD
@given(
    st.one_of(policies, st.just(OPEN)),
    st.sampled_from(REGIONS),
    st.one_of(dialled, st.text("0123456789*#", max_size=16)),
    st.one_of(st.none(), dialled, st.integers(), st.booleans()),
)
@example(OPEN, "ES", "600123456", None)
@example(OPEN, "IE", "x", "+353112")
def test_what_a_flow_is_made_to_dial(policy: DialPolicy, region: str, text: str, lie: Any) -> None:
    """By keys that a caller types, or by the name that he shows, on which a careless flow relies."""
    world = Fraud(policy, region)
    leg = world.arrive("typed", answered=True)
    for key in [letter for letter in text if letter in "0123456789*#"] + ["#"]:
        if leg in world.legs:
            world.feed(e.DigitPressed(leg, key))
    world.answer_questions([] if lie is None else [lie])
    world.arrive("caller", answered=True, ani_name=text)
    world.answer_questions([] if lie is None else [lie])
    event(f"{len(world.dials)} dialled")


def test_the_careless_policy_dials_so_that_the_others_mean_something() -> None:
    world = Fraud(OPEN, "ES")
    world.role = "agent"
    world.phone_dials(AGENTS[0].endpoint, "600123456", normalise("600123456", "ES"))
    assert [dial.number for dial in world.dials] == ["+34600123456"]
    world.role = "flow"
    world.arrive("caller", answered=True, ani_name="600 12 34 57")
    world.answer_questions([])
    assert [dial.number for dial in world.dials] == ["+34600123456", "+34600123457"]
    world = Fraud(OPEN, "ES")
    customer = world.arrive("sales", answered=True)
    world.calls()
    world.role = "agent"
    world.refer(world.legs[customer], "+34600123458", "+34600123458")
    assert [dial.number for dial in world.dials] == ["", "+34600123458"]


@pytest.mark.parametrize("number", ["+353112", "+34112", "+441999", "112", "+1911"])
def test_no_emergency_number_behind_a_countrys_code(number: str) -> None:
    policy = DialPolicy((DialRule("all", "+*", trunk=TRUNKS[0]),), (*EMERGENCY, "911"))
    decision = decide(policy, "admin", number)
    assert not decision.allowed
