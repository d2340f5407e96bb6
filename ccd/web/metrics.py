"""What Prometheus is told: counters folded from facts, histograms, gauges from the view at the moment of a scrape."""

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from ccd.model import fact as facts
from ccd.model.fact import AgentState, Fact
from ccd.model.ids import SECOND, CallId, Moment
from ccd.model.view import CallPhase, CentreView
from ccd.web.exposition import CONTENT_TYPE, Counter, Histogram, Labels, family

__all__ = ["CONTENT_TYPE", "Metrics"]

WAITS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
TALKS = (5, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
RECOVERIES = (0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30)
FAST = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)
GAUGES = {
    "ccd_records_backlog": "Writes that wait for Redis",
    "ccd_records_backlog_bytes": "Bytes of the writes that wait for Redis",
    "ccd_records_lost": "Writes that found no room while Redis was away",
    "ccd_records_refused": "Writes that Redis can never take",
    "ccd_journal_copy_dropped": "Entries of the journal that found no room to be copied while Redis was away",
    "ccd_contacts": "Contacts of a campaign, by state; those that are due wait as well",
    "ccd_contacts_backlog": "What was said of contacts and is not in the contact store and the compliance log yet",
    "ccd_campaign_abandon_rate": "Answered calls without an agent in time, of all answered ones, in the law's period",
    "ccd_campaign_abandon_limit": "What the abandon rate must not be above",
    "ccd_recordings_bytes": "Bytes of the finished recordings",
    "ccd_recordings_quota_bytes": "Bytes that recordings may take",
    "ccd_recordings_free_bytes": "Bytes free on the recordings' disk",
    "ccd_tasks": "Tasks of the daemon's loop",
}
"""What is read at every scrape, from who knows it (`Metrics.watch`)."""
LABELS: Mapping[str, Labels] = {
    "ccd_contacts": ("campaign", "state"),
    "ccd_campaign_abandon_rate": ("campaign",),
    "ccd_campaign_abandon_limit": ("campaign",),
}
"""Of those that are several figures."""
Reading = Callable[[], float | Mapping[Labels, float]]


class Metrics:
    """The figures since the daemon's start. `at` is given for symmetry with the other folds; nothing here needs it."""

    def __init__(self) -> None:
        self._gauges: dict[str, tuple[str, Reading]] = {}
        self._unchanged = Unchanged()
        self._calls = Counter("ccd_calls_started_total", "Calls begun", ("direction",))
        self._ended = Counter("ccd_calls_ended_total", "Calls ended, by who ended them", ("ended_by",))
        self._visits = Counter("ccd_queue_visits_total", "Queue visits ended, by outcome", ("queue", "outcome"))
        self._made = Counter("ccd_offers_made_total", "Offers made", ("queue",))
        self._offers = Counter("ccd_offers_ended_total", "Offers ended, by outcome", ("outcome",))
        self._recordings = Counter("ccd_recordings_total", "Recordings begun")
        self._lost = Counter("ccd_recordings_lost_total", "Recordings that the switch did not make: an alarm")
        self._messages = Counter("ccd_voicemails_total", "Messages left", ("mailbox",))
        self._forbidden = Counter("ccd_dials_forbidden_total", "Numbers that the dial policy did not let through")
        self._attempts = Counter("ccd_attempts_total", "Dial attempts ended, by outcome", ("campaign", "outcome"))
        self._answers = Counter("ccd_attempts_answered_total", "Dial attempts answered, by whom", ("campaign", "by"))
        self._abandons = Counter(
            "ccd_attempts_abandoned_total", "Dial attempts answered without an agent in time", ("campaign",)
        )
        self._refused = Counter("ccd_dials_refused_total", "Dials that did not leave, as the journal's disk failed")
        self._broken = Counter("ccd_flows_broken_total", "Calls ended with an excuse because their flow was broken")
        self._violations = Counter(
            "ccd_invariant_violations_total", "Rules of routing found broken: a fault of ours", ("rule",)
        )
        self._shadow_faults = Counter(
            "ccd_shadow_faults_total", "Faults of the shadow policy: it looks on no more, until the next reload"
        )
        self._shadow = Counter(
            "ccd_shadow_decisions_total", "What the shadow policy says of the decisions made", ("queue", "result")
        )
        self._gaps = Counter("ccd_journal_gaps_total", "Gaps in the journal")
        self._unjournalled = Counter("ccd_journal_lost_total", "Inputs that the journal could not take")
        self._recoveries = Counter("ccd_recoveries_total", "Starts that took over what a former daemon left")
        self._recovery = Histogram(
            "ccd_recovery_seconds", "From the start to the moment when everything left was taken over", RECOVERIES
        )
        self._wait = Histogram("ccd_wait_seconds", "Time in queue, by outcome", WAITS, ("queue", "outcome"))
        self._talk = Histogram("ccd_talk_seconds", "Time of talks", TALKS)
        self._handle = Histogram("ccd_handle_seconds", "One event through the engine", FAST)
        self._lag = Histogram("ccd_loop_lag_seconds", "How late the event loop woke", FAST)
        self._folds: dict[type[Fact], Callable[[Any], None]] = {
            facts.CallStarted: lambda fact: self._calls.add(fact.direction),
            facts.CallEnded: lambda fact: self._ended.add(fact.ended_by),
            facts.QueueLeft: self._queue_left,
            facts.OfferMade: lambda fact: self._made.add(fact.queue),
            facts.OfferEnded: lambda fact: self._offers.add(fact.outcome),
            facts.RecordingBegan: lambda fact: self._recordings.add(),
            facts.RecordingLost: lambda fact: self._lost.add(),
            facts.MessageLeft: lambda fact: self._messages.add(fact.mailbox),
            facts.DialForbidden: lambda fact: self._forbidden.add(),
            facts.FlowBroken: lambda fact: self._broken.add(),
            facts.AttemptEnded: lambda fact: self._attempts.add(fact.campaign, fact.outcome),
            facts.AttemptAnswered: lambda fact: self._answers.add(fact.campaign, fact.by),
            facts.AttemptAbandoned: lambda fact: self._abandons.add(fact.campaign),
            facts.TalkEnded: lambda fact: self._talk.observe(fact.talk_time / SECOND),
        }

    def apply(self, fact: Fact, at: Moment) -> None:
        """Take one fact."""
        fold = self._folds.get(type(fact))
        if fold is not None:
            fold(fact)

    def observe_handle(self, seconds: float) -> None:
        """How long the engine took for one event."""
        self._handle.observe(seconds)

    def observe_lag(self, seconds: float) -> None:
        """How much later than asked for the loop woke."""
        self._lag.observe(seconds)

    def violated(self, rule: str) -> None:
        """A rule of routing does not hold."""
        self._violations.add(rule)

    def shadow_failed(self) -> None:
        """The shadow policy looks on no more."""
        self._shadow_faults.add()

    def shadow_decided(self, queue: str, result: str) -> None:
        """The shadow policy looked at a decision."""
        self._shadow.add(queue, result)

    def journal_lost(self, inputs: int) -> None:
        """So many inputs could not be journalled."""
        self._unjournalled.add(count=inputs)

    def dials_refused(self, dials: int) -> None:
        """So many dials did not leave."""
        self._refused.add(count=dials)

    def journal_gap(self) -> None:
        """The journal goes on after a gap."""
        self._gaps.add()

    def recovered(self, seconds: float) -> None:
        """What a former daemon left is taken over, so long after the start."""
        self._recoveries.add()
        self._recovery.observe(seconds)

    def watch(self, name: str, text: str, read: Reading) -> None:
        """A gauge read at every scrape (a backlog, free space), one figure or one by labels: `read` must be cheap."""
        self._gauges[name] = (text, read)

    async def exposed(self, view: CentreView) -> str:
        """The whole text. The loop gets a turn after each family, so that a scrape never holds up a call."""
        lines: list[str] = []
        for part in self._families(view):
            lines += part
            await asyncio.sleep(0)
        return "\n".join(lines) + "\n"

    def _queue_left(self, fact: facts.QueueLeft) -> None:
        self._visits.add(fact.queue, fact.outcome)
        self._wait.observe(fact.wait_time / SECOND, fact.queue, fact.outcome)

    def _families(self, view: CentreView) -> Iterator[list[str]]:
        yield from _state(view)
        yield from _queues(view)
        yield self._unchanged.lines(view)
        for name, (text, read) in self._gauges.items():
            figures = read()
            if isinstance(figures, Mapping):
                yield family(name, "gauge", text, LABELS[name], figures)
            else:
                yield family(name, "gauge", text, (), {(): figures})
        counters = (self._calls, self._ended, self._visits, self._made, self._offers, self._recordings, self._lost)
        alarms = (
            self._broken,
            self._violations,
            self._shadow,
            self._shadow_faults,
            self._gaps,
            self._unjournalled,
            self._recoveries,
        )
        dialler = (self._attempts, self._answers, self._abandons, self._refused)
        for counter in (*counters, self._messages, self._forbidden, *dialler, *alarms):
            yield counter.lines()
        for histogram in (self._wait, self._talk, self._handle, self._lag, self._recovery):
            yield histogram.lines()


class Unchanged:
    """How long calls have been where they are, from scrape to scrape: what no longer moves is stuck."""

    def __init__(self) -> None:
        self._seen: dict[tuple[CallId, str, str, str], Moment] = {}

    def lines(self, view: CentreView) -> list[str]:
        """The longest of each phase."""
        places = ((call, (call.id, call.phase, call.flow, call.step)) for call in view.calls)
        self._seen, before = {}, self._seen
        longest: dict[Labels, float] = {(phase,): 0.0 for phase in get_args(CallPhase)}
        for call, place in places:
            since = self._seen[place] = before.get(place, view.at)
            longest[(call.phase,)] = max(longest[(call.phase,)], (view.at - since) / SECOND)
        text = "The longest that a call of this phase has been seen in the same step"
        return family("ccd_call_unchanged_seconds", "gauge", text, ("phase",), longest)


def _state(view: CentreView) -> Iterator[list[str]]:
    states = Tally(agent.state for agent in view.agents)
    phases = Tally(call.phase for call in view.calls)
    parts: dict[Labels, float] = {(part.name,): float(part.ok) for part in view.health.parts}
    switches: dict[Labels, float] = {(switch.name,): float(switch.up) for switch in view.switches}
    there: dict[Labels, float] = {(switch.name,): float(switch.calls) for switch in view.switches}
    agents: dict[Labels, float] = {(state,): states[state] for state in get_args(AgentState)}
    calls: dict[Labels, float] = {(phase,): phases[phase] for phase in get_args(CallPhase)}
    started: dict[Labels, float] = {(): view.started_at / SECOND}
    yield family("ccd_start_time_seconds", "gauge", "When the daemon started, in seconds of UTC", (), started)
    yield family("ccd_ready", "gauge", "Calls can be taken", (), {(): float(view.health.ready)})
    yield family("ccd_health", "gauge", "A part of the centre is well", ("part",), parts)
    yield family("ccd_switch_up", "gauge", "The link to the switch is logged in", ("switch",), switches)
    yield family("ccd_switch_calls", "gauge", "Running calls whose customer is on the switch", ("switch",), there)
    yield family("ccd_agents", "gauge", "Agents by state", ("state",), agents)
    yield family("ccd_calls", "gauge", "Running calls by phase", ("phase",), calls)


def _queues(view: CentreView) -> Iterator[list[str]]:
    waiting: dict[Labels, float] = {(queue.id,): queue.waiting for queue in view.queues}
    longest: dict[Labels, float] = {
        (queue.id,): (view.at - queue.longest_waiting_since) / SECOND if queue.waiting else 0 for queue in view.queues
    }
    ready: dict[Labels, float] = {(queue.id,): queue.ready for queue in view.queues}
    staffed: dict[Labels, float] = {(queue.id,): queue.staffed for queue in view.queues}
    label = ("queue",)
    yield family("ccd_queue_waiting", "gauge", "Callers waiting", label, waiting)
    yield family("ccd_queue_longest_wait_seconds", "gauge", "Since when the first of them waits", label, longest)
    yield family("ccd_queue_ready_agents", "gauge", "Agents who could be offered a call", label, ready)
    yield family("ccd_queue_staffed_agents", "gauge", "Agents logged in with the skills", label, staffed)
