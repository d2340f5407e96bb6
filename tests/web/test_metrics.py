"""What Prometheus is told, read back by its own parser."""

import re
from pathlib import Path
from typing import Any, get_args

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from ccd.model.fact import AnyFact, CallStarted, OfferEnded, QueueLeft, RecordingLost, TalkEnded
from ccd.model.ids import SECOND, AgentId, CallId, LegId, OfferId, QueueId, RecordingId
from ccd.model.view import CallPhase, CallView
from ccd.web.exposition import MOST_SERIES, Counter
from ccd.web.metrics import Metrics
from tests.web.centre import NOW, SALES, WAIT, SmallCentre
from tests.web.conftest import Asking

CALL, AGENT = CallId("c"), AgentId("ana")
FACTS: list[AnyFact] = [
    CallStarted(CALL, LegId("pbx/1/x"), "inbound", "", "", "", ""),
    OfferEnded(OfferId("o"), CALL, AGENT, "refused"),
    OfferEnded(OfferId("o"), CALL, AGENT, "accepted"),
    QueueLeft(CALL, SALES, "answered", 4 * SECOND),
    QueueLeft(CALL, SALES, "answered", 5 * SECOND),
    QueueLeft(CALL, SALES, "abandoned", 2000 * SECOND),
    TalkEnded(CALL, 61 * SECOND, "caller"),
    RecordingLost(CALL, RecordingId("r"), "disk"),
]


async def samples(metrics: Metrics, centre: SmallCentre) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = await metrics.exposed(centre.view())
    families: Any = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


async def test_facts_become_counters_and_histograms(tmp_path: Path) -> None:
    metrics = Metrics()
    for fact in FACTS:
        metrics.apply(fact, 0)
    metrics.observe_handle(0.00003)
    metrics.shadow_decided("sales", "nobody")
    metrics.shadow_failed()
    said = await samples(metrics, SmallCentre(tmp_path))
    assert said["ccd_calls_started_total", (("direction", "inbound"),)] == 1
    assert said["ccd_offers_ended_total", (("outcome", "refused"),)] == 1
    assert said["ccd_recordings_lost_total", ()] == 1
    assert said["ccd_recordings_total", ()] == 0
    assert said["ccd_shadow_decisions_total", (("queue", "sales"), ("result", "nobody"))] == 1
    assert said["ccd_shadow_faults_total", ()] == 1
    answered = (("outcome", "answered"), ("queue", "sales"))
    assert said["ccd_queue_visits_total", answered] == 2
    assert said["ccd_wait_seconds_sum", answered] == 9
    buckets = {bound: said["ccd_wait_seconds_bucket", (("le", bound), *answered)] for bound in ("2", "5", "10", "+Inf")}
    assert buckets == {"2": 0, "5": 2, "10": 2, "+Inf": 2}
    abandoned = (("outcome", "abandoned"), ("queue", "sales"))
    assert said["ccd_wait_seconds_bucket", (("le", "1200"), *abandoned)] == 0
    assert said["ccd_wait_seconds_count", abandoned] == 1
    assert said["ccd_talk_seconds_bucket", (("le", "120"),)] == 1
    assert said["ccd_handle_seconds_bucket", (("le", "5e-05"),)] == 1


async def test_the_view_becomes_gauges(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.watch("ccd_journal_backlog", "Entries not yet written", lambda: 7)
    said = await samples(metrics, SmallCentre(tmp_path))
    assert said["ccd_agents", (("state", "ready"),)] == 1
    assert said["ccd_agents", (("state", "wrap_up"),)] == 0
    assert said["ccd_calls", (("phase", "waiting"),)] == 1
    assert said["ccd_queue_waiting", (("queue", "sales"),)] == 1
    assert said["ccd_queue_longest_wait_seconds", (("queue", "sales"),)] == 7
    assert said["ccd_switch_up", (("switch", "pbx"),)] == 1
    assert said["ccd_switch_calls", (("switch", "pbx"),)] == 2
    assert said["ccd_health", (("part", "redis"),)] == 1
    assert said["ccd_journal_backlog", ()] == 7


async def test_alarms_are_counted_from_zero(tmp_path: Path) -> None:
    """A counter that first appears with 1 makes no increase for Prometheus; only those with a label must do so."""
    metrics = Metrics()
    said = await samples(metrics, SmallCentre(tmp_path))
    zeros = {
        name: said[name, ()] for name in ("ccd_journal_gaps_total", "ccd_journal_lost_total", "ccd_recoveries_total")
    }
    assert set(zeros.values()) == {0}
    metrics.violated("one offer a call")
    metrics.journal_lost(7)
    metrics.journal_gap()
    metrics.recovered(1.7)
    said = await samples(metrics, SmallCentre(tmp_path))
    assert said["ccd_invariant_violations_total", (("rule", "one offer a call"),)] == 1
    assert [said[name, ()] for name in zeros] == [1, 7, 1]
    assert said["ccd_recovery_seconds_bucket", (("le", "2"),)] == 1
    assert said["ccd_recovery_seconds_bucket", (("le", "1.5"),)] == 0
    assert said["ccd_start_time_seconds", ()] == NOW / SECOND


async def test_a_call_that_no_longer_moves_is_seen(tmp_path: Path) -> None:
    metrics, centre = Metrics(), SmallCentre(tmp_path)
    call = replace(centre.running_calls[WAIT], phase="flow", flow="shop", step="hello")

    async def seen(after: int, *calls: CallView) -> dict[str, float]:
        text = await metrics.exposed(replace(centre.view(), at=NOW + after * SECOND, calls=calls))
        return {
            phase: float(age) for phase, age in re.findall(r'ccd_call_unchanged_seconds{phase="(\w+)"} (\S+)', text)
        }

    assert await seen(0, call) == dict.fromkeys(get_args(CallPhase), 0)
    assert (await seen(60, call))["flow"] == 60
    assert (await seen(90, replace(call, step="menu")))["flow"] == 0
    ended = replace(call, phase="ending")
    assert await seen(100, ended) == dict.fromkeys(get_args(CallPhase), 0)
    assert (await seen(400, ended, replace(ended, id=CallId("later"))))["ending"] == 300
    assert (await seen(500))["ending"] == 0


async def test_labels_are_escaped(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.apply(QueueLeft(CALL, QueueId('a"b\\c\nd'), "lost", 0), 0)
    said = await samples(metrics, SmallCentre(tmp_path))
    assert said["ccd_queue_visits_total", (("outcome", "lost"), ("queue", 'a"b\\c\nd'))] == 1


def test_series_are_bounded_and_nothing_is_left_uncounted() -> None:
    counter = Counter("n_total", "N", ("x",))
    for number in range(MOST_SERIES + 500):
        counter.add(str(number))
    lines = [line for line in counter.lines() if not line.startswith("#")]
    assert len(lines) == MOST_SERIES + 1
    assert lines[-1] == 'n_total{x="other"} 500'


async def test_a_scrape_needs_a_token(asking: Asking) -> None:
    assert (await asking("").get("/metrics")).status_code == 401
    answer = await asking("bea").get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "ccd_ready 1.0\n" in answer.text
