"""Call records as a fold over the facts.

While a call runs its facts are only collected: that costs the event path one append. The record is made of them when
the call ends, or when somebody looks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from ccd.model import fact as facts
from ccd.model.cdr import (
    Cdr,
    DialAttempt,
    Explanation,
    ForbiddenDial,
    Leg,
    Offer,
    QueueVisit,
    Recording,
    Segment,
    ShadowRemark,
    Step,
    Talk,
    Voicemail,
)
from ccd.model.fact import Fact
from ccd.model.ids import CallerId, CallId, LegId, Moment, OfferId, RecordingId

T = TypeVar("T")
Entry = tuple[Moment, Fact]


class CdrFold:
    """Collects the facts of the open calls; gives each call's record once.

    Bounded: `most_calls` open calls (beyond it the oldest is given up, `forgotten` counts), `most_facts` a call
    (beyond it only its end is taken, `Cdr.omitted` counts). The ids of the last `most_ended` ended calls are kept, so
    that facts seen again do not make a second record.
    """

    def __init__(self, most_calls: int = 100_000, most_facts: int = 2_000, most_ended: int = 100_000) -> None:
        self.forgotten = 0
        self._most_ended = most_ended
        self._most_calls = most_calls
        self._most_facts = most_facts
        self._open: dict[CallId, list[Entry]] = {}
        self._omitted: dict[CallId, int] = {}
        self._ended: dict[CallId, None] = {}
        self._explained: dict[CallId, dict[OfferId, Explanation]] = {}

    def explain(self, call: CallId, offer: OfferId, explanation: Explanation) -> None:
        """Why an offer of an open call went to its agent."""
        if call in self._open:
            self._explained.setdefault(call, {})[offer] = explanation

    def remark(self, call: CallId, offer: OfferId, remark: ShadowRemark) -> None:
        """What the shadow policy said of an offer that is explained."""
        known = self._explained.get(call, {}).get(offer)
        if known is not None:
            self._explained[call][offer] = replace(known, shadow=remark)

    def apply(self, fact: Fact, at: Moment) -> Cdr | None:
        """Take one fact; the finished record when it was the call's end."""
        if type(fact) not in _FOLDS:
            return None
        call: CallId = fact.call  # type: ignore[attr-defined]  # every class in _FOLDS has it; a test holds that
        if isinstance(fact, facts.CallStarted):
            self._start(call, fact, at)
            return None
        entries = self._open.get(call)
        if entries is None:
            return None
        if isinstance(fact, facts.CallEnded):
            return self._end(call, fact, at)
        if len(entries) < self._most_facts:
            entries.append((at, fact))
        else:
            self._omitted[call] = self._omitted.get(call, 0) + 1
        return None

    def open(self, call: CallId) -> Cdr | None:
        """The record as it stands of a call that runs."""
        entries = self._open.get(call)
        if entries is None:
            return None
        return explained(record(entries, self._omitted.get(call, 0)), self._explained.get(call, {}))

    def _start(self, call: CallId, fact: Fact, at: Moment) -> None:
        if call in self._open or call in self._ended:
            return
        if len(self._open) >= self._most_calls:
            oldest = next(iter(self._open))
            del self._open[oldest]
            self._omitted.pop(oldest, None)
            self._explained.pop(oldest, None)
            self.forgotten += 1
        self._open[call] = [(at, fact)]

    def _end(self, call: CallId, fact: Fact, at: Moment) -> Cdr:
        entries = self._open.pop(call)
        self._ended[call] = None
        if len(self._ended) > self._most_ended:
            del self._ended[next(iter(self._ended))]
        cdr = record([*entries, (at, fact)], self._omitted.pop(call, 0))
        return explained(cdr, self._explained.pop(call, {}))


def explained(cdr: Cdr, explanations: Mapping[OfferId, Explanation]) -> Cdr:
    """The record with the explanations in their offers."""
    if not explanations:
        return cdr
    offers = (replace(offer, explanation=explanations.get(offer.offer)) for offer in cdr.offers)
    return replace(cdr, offers=tuple(offers))


def record(entries: Sequence[Entry], omitted: int = 0) -> Cdr:
    """The record of one call out of its facts in order, the first of them its `CallStarted`."""
    at, started = entries[0]
    if not isinstance(started, facts.CallStarted):
        raise ValueError("a call begins with CallStarted")
    draft = _Draft(started, at)
    for moment, fact in entries[1:]:
        _FOLDS[type(fact)](draft, fact, moment)
    return draft.finished(omitted)


class _Draft:
    """A record in the making. Things with an id are kept by it: told twice, they are there once."""

    def __init__(self, started: facts.CallStarted, at: Moment) -> None:
        self.started = started
        self.started_at = at
        self.caller = CallerId("")
        self.created = False
        self.ended_at: Moment = 0
        self.ended_by = ""
        self.cause = 0
        self.not_recorded = ""
        self.broken = ""
        self.way: list[Step] = []
        self.visits: list[QueueVisit] = []
        self.offers: dict[OfferId, Offer] = {}
        self.talks: list[Talk] = []
        self.legs: dict[LegId, Leg] = {started.leg: Leg(started.leg, at)}
        self.forbidden: list[ForbiddenDial] = []
        self.recordings: dict[RecordingId, Recording] = {}
        self.voicemails: dict[str, Voicemail] = {}
        self.attempt: DialAttempt | None = None

    def finished(self, omitted: int) -> Cdr:
        started = self.started
        return Cdr(
            call=started.call,
            direction=started.direction,
            started_at=self.started_at,
            ani=started.ani,
            ani_name=started.ani_name,
            dnis=started.dnis,
            number=started.number,
            caller=self.caller,
            created=self.created,
            flow=started.flow,
            flow_version=started.flow_version,
            answered_at=self.talks[0].began_at if self.talks else 0,
            ended_at=self.ended_at,
            ended_by=self.ended_by,
            cause=self.cause,
            wait_time=sum(visit.wait_time for visit in self.visits),
            talk_time=sum(talk.talk_time for talk in self.talks),
            way=tuple(self.way),
            visits=tuple(self.visits),
            offers=tuple(self.offers.values()),
            talks=tuple(self.talks),
            legs=tuple(self.legs.values()),
            forbidden=tuple(self.forbidden),
            recordings=tuple(self.recordings.values()),
            not_recorded=self.not_recorded,
            voicemails=tuple(self.voicemails.values()),
            attempt=self.attempt,
            broken=self.broken,
            omitted=omitted,
        )


def _caller_identified(draft: _Draft, fact: facts.CallerIdentified, at: Moment) -> None:
    draft.created = fact.created or (draft.created and draft.caller == fact.caller)
    draft.caller = fact.caller


def _step_entered(draft: _Draft, fact: facts.StepEntered, at: Moment) -> None:
    draft.way.append(Step(fact.flow, fact.step, fact.verb, at))


def _step_left(draft: _Draft, fact: facts.StepLeft, at: Moment) -> None:
    place = _last(draft.way, lambda step: step.step == fact.step and not step.left_at)
    if place is not None:
        draft.way[place] = replace(draft.way[place], left_at=at, result=fact.result)


def _queue_entered(draft: _Draft, fact: facts.QueueEntered, at: Moment) -> None:
    draft.visits.append(QueueVisit(fact.queue, at, fact.waiting_since, fact.priority))


def _queue_left(draft: _Draft, fact: facts.QueueLeft, at: Moment) -> None:
    place = _last(draft.visits, lambda visit: visit.queue == fact.queue and visit.outcome is None)
    if place is not None:
        draft.visits[place] = replace(draft.visits[place], left_at=at, outcome=fact.outcome, wait_time=fact.wait_time)


def _offer_made(draft: _Draft, fact: facts.OfferMade, at: Moment) -> None:
    draft.offers.setdefault(
        fact.offer, Offer(fact.offer, fact.agent, fact.queue, fact.leg, at, fact.idle_since, fact.trigger)
    )
    draft.legs.setdefault(fact.leg, Leg(fact.leg, at, fact.endpoint))


def _offer_ended(draft: _Draft, fact: facts.OfferEnded, at: Moment) -> None:
    offer = draft.offers.get(fact.offer)
    if offer is not None and offer.outcome is None:
        draft.offers[fact.offer] = replace(offer, ended_at=at, outcome=fact.outcome, cause=fact.cause)


def _talk_began(draft: _Draft, fact: facts.TalkBegan, at: Moment) -> None:
    draft.talks.append(Talk(fact.agent, fact.leg, fact.other, fact.began_at or at))


def _talk_ended(draft: _Draft, fact: facts.TalkEnded, at: Moment) -> None:
    place = _last(draft.talks, lambda talk: not talk.ended_at)
    if place is not None:
        ended_at = fact.ended_at or at
        draft.talks[place] = replace(
            draft.talks[place], ended_at=ended_at, talk_time=fact.talk_time, ended_by=fact.ended_by
        )


def _leg_dialled(draft: _Draft, fact: facts.LegDialled, at: Moment) -> None:
    known = draft.legs.get(fact.leg)
    if known is None or not known.endpoint:
        draft.legs[fact.leg] = Leg(fact.leg, at, fact.endpoint, fact.number, fact.why)


def _leg_ended(draft: _Draft, fact: facts.LegEnded, at: Moment) -> None:
    leg = draft.legs.get(fact.leg) or Leg(fact.leg, at)
    if not leg.ended_at:
        ended_at = fact.ended_at or at
        draft.legs[fact.leg] = replace(
            leg, ended_at=ended_at, cause=fact.cause, sip_code=fact.sip_code, ended_by=fact.by
        )


def _dial_forbidden(draft: _Draft, fact: facts.DialForbidden, at: Moment) -> None:
    draft.forbidden.append(ForbiddenDial(at, fact.number, fact.why))


def _recording_began(draft: _Draft, fact: facts.RecordingBegan, at: Moment) -> None:
    began_at = fact.began_at or at
    first = Segment(began_at, fact.muted)
    draft.recordings.setdefault(fact.recording, Recording(fact.recording, began_at, fact.why, (first,)))


def _recording_paused(draft: _Draft, fact: facts.RecordingPaused, at: Moment) -> None:
    _cut(draft, fact.recording, at, muted=True, by=fact.by)


def _recording_resumed(draft: _Draft, fact: facts.RecordingResumed, at: Moment) -> None:
    _cut(draft, fact.recording, at, muted=False, by=fact.by)


def _cut(draft: _Draft, recording: RecordingId, at: Moment, *, muted: bool, by: str) -> None:
    """Begin a segment; no new one where the recording is in that state already, or over."""
    found = draft.recordings.get(recording)
    if found is None or found.ended_at or found.segments[-1].muted == muted:
        return
    closed = replace(found.segments[-1], ended_at=at)
    draft.recordings[recording] = replace(found, segments=(*found.segments[:-1], closed, Segment(at, muted, by=by)))


def _recording_ended(draft: _Draft, fact: facts.RecordingEnded, at: Moment) -> None:
    found = draft.recordings.get(fact.recording)
    if found is not None and not found.ended_at:
        ended_at = max(fact.ended_at, found.segments[-1].began_at) if fact.ended_at else at
        segments = (*found.segments[:-1], replace(found.segments[-1], ended_at=ended_at))
        draft.recordings[fact.recording] = replace(found, segments=segments, ended_at=ended_at, ended_by=fact.by)


def _recording_lost(draft: _Draft, fact: facts.RecordingLost, at: Moment) -> None:
    found = draft.recordings.get(fact.recording) or Recording(fact.recording, at)
    draft.recordings[fact.recording] = replace(found, lost=fact.reason)


def _recording_declined(draft: _Draft, fact: facts.RecordingDeclined, at: Moment) -> None:
    draft.not_recorded = fact.why


def _message_left(draft: _Draft, fact: facts.MessageLeft, at: Moment) -> None:
    draft.voicemails.setdefault(fact.name, Voicemail(fact.mailbox, fact.name, at, fact.length))


def _flow_broken(draft: _Draft, fact: facts.FlowBroken, at: Moment) -> None:
    draft.broken = f"{fact.step}: {fact.reason}"


def _attempt_began(draft: _Draft, fact: facts.AttemptBegan, at: Moment) -> None:
    if draft.attempt is None:
        draft.attempt = DialAttempt(fact.campaign, fact.contact, fact.attempt, fact.reasons)


def _attempt_answered(draft: _Draft, fact: facts.AttemptAnswered, at: Moment) -> None:
    if draft.attempt is not None and not draft.attempt.answered_at:
        draft.attempt = replace(draft.attempt, answered_at=at, answered_by=fact.by)


def _attempt_abandoned(draft: _Draft, fact: facts.AttemptAbandoned, at: Moment) -> None:
    if draft.attempt is not None and not draft.attempt.abandoned_at:
        draft.attempt = replace(draft.attempt, abandoned_at=at)


def _attempt_ended(draft: _Draft, fact: facts.AttemptEnded, at: Moment) -> None:
    if draft.attempt is not None and draft.attempt.outcome is None:
        draft.attempt = replace(draft.attempt, outcome=fact.outcome)


def _call_ended(draft: _Draft, fact: facts.CallEnded, at: Moment) -> None:
    draft.ended_at, draft.ended_by, draft.cause = fact.ended_at or at, fact.ended_by, fact.cause


def _nothing(draft: _Draft, fact: Fact, at: Moment) -> None:
    """A second `CallStarted` tells nothing new; that an attempt was connected, the talk tells."""


def _last(items: Sequence[T], is_meant: Callable[[T], bool]) -> int | None:
    return next((place for place in range(len(items) - 1, -1, -1) if is_meant(items[place])), None)


_FOLDS: dict[type[Fact], Callable[[_Draft, Any, Moment], None]] = {
    facts.CallStarted: _nothing,
    facts.CallerIdentified: _caller_identified,
    facts.StepEntered: _step_entered,
    facts.StepLeft: _step_left,
    facts.QueueEntered: _queue_entered,
    facts.QueueLeft: _queue_left,
    facts.OfferMade: _offer_made,
    facts.OfferEnded: _offer_ended,
    facts.TalkBegan: _talk_began,
    facts.TalkEnded: _talk_ended,
    facts.LegDialled: _leg_dialled,
    facts.LegEnded: _leg_ended,
    facts.DialForbidden: _dial_forbidden,
    facts.RecordingBegan: _recording_began,
    facts.RecordingPaused: _recording_paused,
    facts.RecordingResumed: _recording_resumed,
    facts.RecordingEnded: _recording_ended,
    facts.RecordingLost: _recording_lost,
    facts.RecordingDeclined: _recording_declined,
    facts.MessageLeft: _message_left,
    facts.FlowBroken: _flow_broken,
    facts.AttemptBegan: _attempt_began,
    facts.AttemptAnswered: _attempt_answered,
    facts.AttemptConnected: _nothing,
    facts.AttemptAbandoned: _attempt_abandoned,
    facts.AttemptEnded: _attempt_ended,
    facts.CallEnded: _call_ended,
}
