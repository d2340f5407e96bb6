"""Preview, progressive, power: by values."""

from ccd.core.dialer.pacing.base import Pacing
from ccd.core.dialer.pacing.power import Power
from ccd.core.dialer.pacing.preview import Preview
from ccd.core.dialer.pacing.progressive import Progressive
from ccd.model.campaign import Decision
from ccd.model.ids import SECOND, AgentId, CallId

ANNA, BERT = AgentId("anna"), AgentId("bert")


def dial(pacing: Pacing, count: int, now: int = 0) -> list[CallId]:
    calls = [CallId(f"{now}.{number}") for number in range(count)]
    for call in calls:
        pacing.dialled(call, now)
    return calls


def test_progressive_dials_a_line_for_each_free_agent() -> None:
    pacing = Progressive()
    assert pacing.calls_to_place(0) == 0
    pacing.agent_free(ANNA, 0)
    pacing.agent_free(BERT, 0)
    assert pacing.calls_to_place(0) == 2
    one, two = dial(pacing, 2)
    assert pacing.calls_to_place(1) == 0
    pacing.answered(one, 2)
    pacing.not_answered(two, 2)
    assert pacing.calls_to_place(2) == 1
    pacing.talk_begun(ANNA, one, 3)
    assert pacing.calls_to_place(3) == 1
    pacing.agent_gone(BERT, 4)
    assert pacing.calls_to_place(4) == 0
    pacing.wrap_up_begun(ANNA, 5)
    assert pacing.calls_to_place(5) == 0
    pacing.agent_free(ANNA, 6)
    assert pacing.calls_to_place(6) == 1
    assert pacing.calls_to_hang_up(6) == ()
    assert pacing.deadline() is None


def test_the_decision_can_be_read() -> None:
    pacing = Progressive()
    pacing.agent_free(ANNA, 0)
    pacing.calls_to_place(7)
    assert pacing.decision == Decision(7, "progressive", 1, "a line for each free agent", 1, 0, 0, 0)


def test_power_dials_its_ratio() -> None:
    pacing = Power(1.5)
    for number in range(3):
        pacing.agent_free(AgentId(str(number)), 0)
    assert pacing.calls_to_place(0) == 4
    dial(pacing, 4)
    assert pacing.calls_to_place(0) == 0
    assert Power(0.2).ratio == 1.0


def test_abandoned_calls_are_owed_no_agent() -> None:
    pacing = Progressive()
    (call,) = dial(pacing, 1)
    pacing.answered(call, 1)
    assert pacing.free == -1
    pacing.abandoned(call, 2)
    assert pacing.free == 0


def test_preview_dials_what_was_accepted_once() -> None:
    pacing = Preview()
    pacing.agent_free(ANNA, 0)
    assert pacing.calls_to_place(0) == 0
    pacing.contact_shown(ANNA, 0)
    pacing.contact_used(ANNA)
    pacing.contact_accepted(ANNA, 1)
    assert pacing.calls_to_place(1) == 0
    pacing.contact_shown(ANNA, 2)
    pacing.contact_accepted(ANNA, 3)
    assert pacing.calls_to_place(3) == 1
    (call,) = dial(pacing, 1, 3)
    pacing.contact_used(ANNA)
    pacing.not_answered(call, 9)
    assert pacing.calls_to_place(9) == 0


def test_preview_has_a_time_limit() -> None:
    pacing = Preview(10 * SECOND)
    pacing.agent_free(ANNA, 0)
    pacing.contact_shown(ANNA, 0)
    pacing.contact_shown(BERT, 0)
    assert pacing.deadline() == 10 * SECOND
    assert pacing.calls_to_place(9 * SECOND) == 0
    assert pacing.calls_to_place(10 * SECOND) == 1
    assert pacing.deadline() is None
    assert Preview(None).deadline() is None
    pacing.agent_gone(ANNA, 11 * SECOND)
    assert pacing.calls_to_place(11 * SECOND) == 0
