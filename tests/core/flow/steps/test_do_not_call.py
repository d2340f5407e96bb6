"""`do_not_call`."""

import pytest

from ccd.model.command import BlockNumber
from ccd.model.fact import CallStarted
from tests.core.flow.ivr import Ivr

FLOW = """
flow: f
steps:
  block: {do_not_call: offers}
  after: {play: {say: after}}
"""


@pytest.mark.parametrize(("text", "name"), [(FLOW, "offers"), (FLOW.replace("offers", ""), "global")])
def test_the_callers_number_goes_on_the_list(text: str, name: str) -> None:
    ivr = Ivr(text).call()
    assert ivr.last(BlockNumber) == BlockNumber("+34600", name, ivr.of(CallStarted)[0].call)
    assert ivr.way() == ["block: blocked"]
    assert ivr.at() == "after"


def test_who_hides_his_number_cannot_be_put_on_it() -> None:
    ivr = Ivr(FLOW, number="").call()
    assert ivr.last(BlockNumber) is None
    assert ivr.way() == ["block: anonymous"]
    assert ivr.at() == "after"
