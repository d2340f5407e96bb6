"""Changed configurations, and what several runs say together."""

import pytest

from ccd.config.kind import duration
from ccd.model.ids import SECOND, AgentId, QueueId
from ccd.simulation.outlook import Estimate, estimate, gain, outlook
from ccd.simulation.scenario import busy_centre, erlang_day, one_queue
from ccd.simulation.what_if import WhatIfError, with_more_agents, with_setting
from ccd.simulation.world import World

REPAIRS, LINE = QueueId("repairs"), QueueId("line")


def test_more_agents_have_what_the_queue_asks_for() -> None:
    before = busy_centre(3)
    after = with_more_agents(before, REPAIRS, 2)
    assert len(after.agents) == 5
    assert after.agents[AgentId("more-repairs-1")].skills == {"support": 3, "sales": 1}
    assert len({agent.endpoint for agent in after.agents.values()}) == 5
    assert len(before.agents) == 3
    assert after.hash != before.hash


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("queues.sales.ring_time", "10s", 10 * SECOND),
        ("queues.sales.retry_time", "0", 0),
        ("queues.support.recording.share", "0.5", 0.5),
        ("flows.main.steps.sales.max_wait", "1m30s", 90 * SECOND),
        ("flows.vip.steps.wait.answer", "true", True),
        ("site.missed_offers_limit", "5", 5),
        ("site.name", "Other", "Other"),
        ("agents.agent0000.skills.support", "4", 4),
    ],
)
def test_a_setting_is_changed(path: str, text: str, value: object) -> None:
    before = busy_centre(3)
    found = with_setting(before, path, text, duration)
    assert found.hash != before.hash
    looked: object = found
    for part in path.split("."):
        looked = looked[part] if hasattr(looked, "keys") else getattr(looked, part)  # type: ignore[index]
    assert looked == value


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("queues.sale.ring_time", "10s", "no sale; there are sales"),
        ("queues.sales.rings", "10s", "no rings; there are"),
        ("queues.sales.ring_time", "soon", "soon is not like"),
        ("flows.vip.steps.wait.answer", "perhaps", "perhaps is not like False"),
        ("queues.sales.requires", "x", "cannot be set"),
        ("queues.sales.name.x", "x", "nothing below"),
    ],
)
def test_what_is_not_there_or_does_not_fit(path: str, text: str, said: str) -> None:
    with pytest.raises(WhatIfError, match=said):
        with_setting(busy_centre(3), path, text, duration)


def test_more_agents_for_no_queue() -> None:
    with pytest.raises(WhatIfError, match="no queue nowhere"):
        with_more_agents(busy_centre(1), QueueId("nowhere"), 1)


def test_estimates() -> None:
    assert estimate([]) == Estimate(0.0, 0.0)
    assert estimate([0.5]) == Estimate(0.5, 0.0)
    found = estimate([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.error == pytest.approx(1.96 / 3**0.5)


def test_more_agents_are_a_gain_and_run_is_compared_with_run() -> None:
    day = erlang_day(120, 300, 90)
    base = one_queue(8)
    more = with_more_agents(base, LINE, 3)
    before, after = (outlook(World(one, day, seed, hours=5).run() for seed in range(3)) for one in (base, more))
    assert before.calls > 1_000
    assert before.violations == after.violations == 0
    found = gain(before, after, LINE)
    assert found.mean == pytest.approx(
        after.queues[LINE].service_level() - before.queues[LINE].service_level(), abs=0.02
    )
    assert found.mean > found.error > 0
    assert after.occupancy.mean < before.occupancy.mean
