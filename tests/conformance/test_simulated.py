"""Every scenario on the simulated switch gives its transcript, however quick or slow the switch is."""

import difflib

import pytest

from tests.conformance.company import Member
from tests.conformance.difference import golden
from tests.conformance.scenario import read_all
from tests.conformance.simulated import Simulated
from tests.conformance.switch import SIMULATED

SEEDS = (1, 2, 3)
SIMULATED_CENTRE = Simulated(read_all())
MEMBERS = [one for one in SIMULATED_CENTRE.company.members if SIMULATED.name not in one.scenario.not_on]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.scenario.name)
async def test_the_transcript(member: Member) -> None:
    wanted = golden(member.scenario, SIMULATED).read_text()
    for seed in SEEDS:
        text = await SIMULATED_CENTRE.play(member, seed)
        differing = difflib.unified_diff(wanted.splitlines(), text.splitlines(), lineterm="")
        assert text == wanted, f"seed {seed}:\n" + "\n".join(differing)
