from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ccd.core.cdr import CdrFold, record
from ccd.model import fact as facts
from ccd.model.cdr import (
    Candidate,
    Cdr,
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
from ccd.model.fact import AnyFact, Fact
from ccd.model.ids import AgentId, CallerId, CallId, Endpoint, LegId, OfferId, QueueId, RecordingId

CALL = CallId("c1")
CALLER, ANNA, BERT = LegId("pbx/1/caller"), LegId("pbx/1/anna"), LegId("pbx/1/bert")
OUTSIDE = LegId("pbx/1/outside")
SALES = QueueId("sales")
REC = RecordingId("rec-1")


def started(call: CallId = CALL) -> facts.CallStarted:
    return facts.CallStarted(call, CALLER, "inbound", "030 1", "Ann", "0309", "+49301", "main", "v7")


STORY: list[Fact] = [
    started(),
    facts.StepEntered(CALL, "main", "who", "caller"),
    facts.CallerIdentified(CALL, CallerId("abc"), True),
    facts.StepLeft(CALL, "who", "true"),
    facts.StepEntered(CALL, "main", "to sales", "queue"),
    facts.QueueEntered(CALL, SALES, 5, 30),
    facts.LegDialled(CALL, OUTSIDE, Endpoint("PJSIP/trunk"), "+4930", "national"),
    facts.OfferMade(OfferId("o1"), CALL, SALES, AgentId("anna"), ANNA, 2, "caller", Endpoint("PJSIP/1001")),
    facts.OfferEnded(OfferId("o1"), CALL, AgentId("anna"), "refused", 21),
    facts.LegEnded(CALL, ANNA, 21, "far_end", 603),
    facts.LegEnded(CALL, OUTSIDE, 17, "far_end", 486),
    facts.OfferMade(OfferId("o2"), CALL, SALES, AgentId("bert"), BERT, 3, "agent", Endpoint("PJSIP/1002")),
    facts.OfferEnded(OfferId("o2"), CALL, AgentId("bert"), "accepted"),
    facts.RecordingBegan(CALL, REC, True, "queue sales"),
    facts.QueueLeft(CALL, SALES, "answered", 9),
    facts.TalkBegan(CALL, CALLER, BERT, AgentId("bert")),
    facts.RecordingResumed(CALL, REC, "bert"),
    facts.RecordingPaused(CALL, REC, "bert"),
    facts.RecordingEnded(CALL, REC, "us"),
    facts.TalkEnded(CALL, 4, "caller"),
    facts.StepLeft(CALL, "to sales", "answered"),
    facts.DialForbidden(CALL, "+1900", "premium"),
    facts.MessageLeft(CALL, "sales", "mail-1", 77),
    facts.LegEnded(CALL, BERT, 16, "us"),
    facts.LegEnded(CALL, CALLER, 16, "far_end"),
    facts.CallEnded(CALL, "caller", 16),
]


def fold(story: list[Fact], on: CdrFold | None = None) -> list[Cdr]:
    """All records that came out; the facts' moments are 0, 1, 2, …"""
    on = on or CdrFold()
    return [cdr for at, fact in enumerate(story) if (cdr := on.apply(fact, at))]


def test_a_whole_call() -> None:
    [cdr] = fold(STORY)
    assert cdr == Cdr(
        CALL,
        "inbound",
        0,
        "030 1",
        "Ann",
        "0309",
        "+49301",
        CallerId("abc"),
        created=True,
        flow="main",
        flow_version="v7",
        answered_at=15,
        ended_at=25,
        ended_by="caller",
        cause=16,
        wait_time=9,
        talk_time=4,
        way=(
            Step("main", "who", "caller", 1, 3, "true"),
            Step("main", "to sales", "queue", 4, 20, "answered"),
        ),
        visits=(QueueVisit(SALES, 5, 5, 30, 14, "answered", 9),),
        offers=(
            Offer(OfferId("o1"), AgentId("anna"), SALES, ANNA, 7, 2, "caller", 8, "refused", 21),
            Offer(OfferId("o2"), AgentId("bert"), SALES, BERT, 11, 3, "agent", 12, "accepted"),
        ),
        talks=(Talk(AgentId("bert"), CALLER, BERT, 15, 19, 4, "caller"),),
        legs=(
            Leg(CALLER, 0, ended_at=24, cause=16, ended_by="far_end"),
            Leg(OUTSIDE, 6, Endpoint("PJSIP/trunk"), "+4930", "national", 10, 17, 486, "far_end"),
            Leg(ANNA, 7, Endpoint("PJSIP/1001"), ended_at=9, cause=21, sip_code=603, ended_by="far_end"),
            Leg(BERT, 11, Endpoint("PJSIP/1002"), ended_at=23, cause=16, ended_by="us"),
        ),
        forbidden=(ForbiddenDial(21, "+1900", "premium"),),
        recordings=(
            Recording(
                REC,
                13,
                "queue sales",
                (Segment(13, True, 16), Segment(16, False, 17, "bert"), Segment(17, True, 18, "bert")),
                18,
                "us",
            ),
        ),
        voicemails=(Voicemail("sales", "mail-1", 22, 77),),
    )
    assert msgspec.json.decode(msgspec.json.encode(cdr), type=Cdr) == cdr


def test_the_facts_of_a_call_seen_again_make_no_second_record() -> None:
    on = CdrFold()
    assert len(fold(STORY, on)) == 1
    assert fold(STORY, on) == []
    assert on.open(CALL) is None


def test_a_running_call_can_be_looked_at() -> None:
    on = CdrFold()
    fold(STORY[:8], on)
    cdr = on.open(CALL)
    assert cdr is not None
    assert (cdr.ended_at, cdr.visits[0].outcome, cdr.offers[0].outcome, len(cdr.legs)) == (0, None, None, 3)
    assert on.open(CallId("other")) is None


@pytest.mark.parametrize("place", [place for place, fact in enumerate(STORY) if hasattr(fact, "offer")] + [0, 13, 24])
def test_things_with_an_id_told_twice_are_there_once(place: int) -> None:
    [twice] = fold([*STORY[: place + 1], *STORY[place:]])
    [once] = fold(STORY)
    assert (len(twice.offers), len(twice.legs), len(twice.recordings)) == (
        len(once.offers),
        len(once.legs),
        len(once.recordings),
    )
    assert [offer.outcome for offer in twice.offers] == [offer.outcome for offer in once.offers]


def test_segments_follow_one_another_without_a_gap() -> None:
    [cdr] = fold(STORY)
    [recording] = cdr.recordings
    ends = [segment.ended_at for segment in recording.segments]
    assert [recording.began_at, *ends] == [segment.began_at for segment in recording.segments] + [recording.ended_at]


def test_a_lost_recording_and_a_declined_one_say_so() -> None:
    story = [started(), facts.RecordingDeclined(CALL, "share"), facts.RecordingLost(CALL, REC, "disk full")]
    [cdr] = fold([*story, facts.FlowBroken(CALL, "menu", "too many steps"), facts.CallEnded(CALL, "us", 0)])
    assert cdr.not_recorded == "share"
    assert cdr.recordings == (Recording(REC, 2, lost="disk full"),)
    assert cdr.broken == "menu: too many steps"


def test_the_wait_is_that_of_all_visits() -> None:
    support = QueueId("support")
    [cdr] = fold(
        [
            started(),
            facts.QueueEntered(CALL, SALES, 1, 0),
            facts.QueueLeft(CALL, SALES, "overflowed", 60),
            facts.QueueEntered(CALL, support, 1, 0),
            facts.QueueLeft(CALL, support, "abandoned", 30),
            facts.CallEnded(CALL, "caller", 16),
        ]
    )
    assert [visit.outcome for visit in cdr.visits] == ["overflowed", "abandoned"]
    assert cdr.wait_time == 90


def test_a_call_of_too_many_facts_still_ends() -> None:
    steps: list[Fact] = [facts.StepEntered(CALL, "main", "loop", "goto")] * 50
    [cdr] = fold([started(), *steps, facts.CallEnded(CALL, "us", 0)], CdrFold(most_facts=10))
    assert (len(cdr.way), cdr.omitted, cdr.ended_by) == (9, 41, "us")


def test_beyond_the_bound_the_oldest_open_call_is_given_up() -> None:
    on = CdrFold(most_calls=2)
    for number in range(3):
        on.apply(started(CallId(f"c{number}")), number)
    assert on.forgotten == 1
    assert on.apply(facts.CallEnded(CallId("c0"), "us", 0), 9) is None
    assert on.apply(facts.CallEnded(CallId("c1"), "us", 0), 9) is not None


def test_every_fact_of_a_call_is_folded_and_no_other() -> None:
    from ccd.core.cdr import _FOLDS

    of_a_call = {kind for kind in get_args(AnyFact) if "call" in kind.__struct_fields__}
    assert set(_FOLDS) == of_a_call


@given(st.lists(st.sampled_from(STORY), max_size=40))
def test_facts_in_any_order_never_break_it(story: list[Fact]) -> None:
    cdrs = fold([STORY[0], *story, STORY[-1]])
    assert len(cdrs) == 1
    assert len({leg.leg for leg in cdrs[0].legs}) == len(cdrs[0].legs)


def record_of(*told: Fact) -> Cdr:
    """The record of a call with these facts at 1, 2, …, as it stands."""
    return record([(0, started()), *((at, fact) for at, fact in enumerate(told, 1))])


def test_a_call_of_which_nothing_is_told_yet() -> None:
    assert record_of() == Cdr(
        CALL,
        "inbound",
        0,
        "030 1",
        "Ann",
        "0309",
        "+49301",
        CallerId(""),
        created=False,
        flow="main",
        flow_version="v7",
        answered_at=0,
        ended_at=0,
        ended_by="",
        cause=0,
        legs=(Leg(CALLER, 0),),
    )


def test_a_record_that_begins_with_anything_else_is_none() -> None:
    with pytest.raises(ValueError, match=r"^a call begins with CallStarted$"):
        record([(0, STORY[1])])


@pytest.mark.parametrize(
    ("told", "created"),
    [
        ([("abc", True)], True),
        ([("abc", False)], False),
        ([("abc", True), ("abc", False)], True),
        ([("abc", True), ("def", False)], False),
        ([("abc", False), ("abc", False)], False),
    ],
)
def test_a_caller_made_in_this_call_stays_one_however_often_he_is_looked_up(
    told: list[tuple[str, bool]], created: bool
) -> None:
    cdr = record_of(*(facts.CallerIdentified(CALL, CallerId(caller), new) for caller, new in told))
    assert (cdr.caller, cdr.created) == (told[-1][0], created)


def test_a_step_is_left_by_its_name_the_last_one_that_is_open() -> None:
    enter = [facts.StepEntered(CALL, "main", step, "play") for step in ("a", "b", "a")]
    cdr = record_of(
        *enter, facts.StepLeft(CALL, "b", "x"), facts.StepLeft(CALL, "a", "y"), facts.StepLeft(CALL, "c", "z")
    )
    assert [(step.step, step.left_at, step.result) for step in cdr.way] == [("a", 0, ""), ("b", 4, "x"), ("a", 5, "y")]
    again = record_of(*enter[:2], facts.StepLeft(CALL, "a", "x"), facts.StepLeft(CALL, "a", "y"))
    assert [(step.step, step.left_at, step.result) for step in again.way] == [("a", 3, "x"), ("b", 0, "")]


def test_a_visit_is_left_once_by_its_queue() -> None:
    cdr = record_of(
        facts.QueueEntered(CALL, SALES, 1, 0),
        facts.QueueEntered(CALL, QueueId("support"), 1, 0),
        facts.QueueLeft(CALL, SALES, "overflowed", 7),
        facts.QueueLeft(CALL, SALES, "answered", 9),
    )
    assert [(visit.queue, visit.outcome, visit.left_at) for visit in cdr.visits] == [
        ("sales", "overflowed", 3),
        ("support", None, 0),
    ]
    assert cdr.wait_time == 7


def test_what_is_told_late_ended_when_it_did() -> None:
    [cdr] = fold([started(), facts.LegEnded(CALL, CALLER, 0, "switch", 0, 1), facts.CallEnded(CALL, "switch", 0, 1)])
    assert (cdr.legs[0].ended_at, cdr.ended_at) == (1, 1)


def test_a_leg_of_which_only_the_end_is_told() -> None:
    cdr = record_of(facts.LegEnded(CALL, ANNA, 16, "us", 487), facts.LegEnded(CALL, ANNA, 17, "far_end"))
    assert cdr.legs[1] == Leg(ANNA, 1, ended_at=1, cause=16, sip_code=487, ended_by="us")


BEGAN = facts.RecordingBegan(CALL, REC, False, "always")


def test_a_recording_that_is_over_is_not_paused() -> None:
    over = record_of(BEGAN, facts.RecordingEnded(CALL, REC, "us"))
    later = record_of(
        BEGAN,
        facts.RecordingEnded(CALL, REC, "us"),
        facts.RecordingPaused(CALL, REC, "anna"),
        facts.RecordingEnded(CALL, REC, "anna"),
    )
    assert later.recordings == over.recordings == (Recording(REC, 1, "always", (Segment(1, False, 2),), 2, "us"),)


@pytest.mark.parametrize(("told", "ended_at"), [(0, 3), (2, 2), (1, 2)])
def test_a_recording_whose_end_nobody_saw_ends_when_that_was(told: int, ended_at: int) -> None:
    """But not before its last segment began."""
    (found,) = record_of(
        BEGAN, facts.RecordingPaused(CALL, REC, "anna"), facts.RecordingEnded(CALL, REC, "hang-up", told)
    ).recordings
    assert (found.ended_at, found.segments) == (ended_at, (Segment(1, False, 2), Segment(2, True, ended_at, "anna")))


def test_a_talk_whose_end_nobody_saw_ends_when_that_was() -> None:
    (talk,) = record_of(
        facts.TalkBegan(CALL, CALLER, ANNA, AgentId("anna")), facts.TalkEnded(CALL, 4, "switch", 5)
    ).talks
    assert talk == Talk(AgentId("anna"), CALLER, ANNA, 1, 5, 4, "switch")


def test_a_recording_that_is_lost_on_its_way_keeps_what_there_is() -> None:
    (found,) = record_of(BEGAN, facts.RecordingLost(CALL, REC, "disk full")).recordings
    assert found == Recording(REC, 1, "always", (Segment(1, False),), lost="disk full")


def test_each_message_is_there_once() -> None:
    first, second = (facts.MessageLeft(CALL, "sales", name, 7) for name in ("m1", "m2"))
    cdr = record_of(first, second, first)
    assert cdr.voicemails == (Voicemail("sales", "m1", 1, 7), Voicemail("sales", "m2", 2, 7))


WHY = Explanation((Candidate(AgentId("anna"), (3,), 9, ""),))


def test_an_offer_keeps_its_explanation_while_the_call_runs_and_in_its_record() -> None:
    on = CdrFold()
    fold(STORY[:-1], on)
    on.explain(CALL, OfferId("o2"), WHY)
    on.explain(CallId("other"), OfferId("o1"), WHY)
    running = on.open(CALL)
    assert running is not None
    assert [offer.explanation for offer in running.offers] == [None, WHY]
    remark = ShadowRemark("other_agent", AgentId("bert"))
    on.remark(CALL, OfferId("o2"), remark)
    for call, offer in ((CALL, "o1"), (CallId("other"), "o2")):
        on.remark(call, OfferId(offer), remark)  # of what is not explained nothing is said
    ended = on.apply(STORY[-1], 25)
    assert ended is not None
    assert [offer.explanation for offer in ended.offers] == [None, replace(WHY, shadow=remark)]
    assert replace(ended, offers=()) == replace(fold(STORY)[0], offers=())


def test_what_is_left_out_is_counted_while_the_call_runs() -> None:
    on = CdrFold(most_facts=3)
    fold(STORY[:3], on)
    whole = on.open(CALL)
    assert whole is not None
    assert whole.omitted == 0
    fold(STORY[3:8], on)
    cut = on.open(CALL)
    assert cut is not None
    assert cut.omitted == 5


def test_of_a_call_that_was_given_up_nothing_stays() -> None:
    on = CdrFold(most_calls=1, most_facts=3)
    fold(STORY[:12], on)
    on.explain(CALL, OfferId("o1"), WHY)
    for number in range(2):
        on.apply(started(CallId(f"c{number + 2}")), 50)
    assert on.forgotten == 2
    on.apply(started(), 60)
    on.apply(STORY[7], 61)
    again = on.open(CALL)
    assert again is not None
    assert (again.omitted, [offer.explanation for offer in again.offers]) == (0, [None])


def test_the_last_ended_calls_are_remembered() -> None:
    on = CdrFold(most_ended=2)
    calls = [CallId(f"c{number}") for number in range(3)]
    for number, call in enumerate(calls):
        assert [cdr.call for cdr in fold([started(call), facts.CallEnded(call, "us", 0)], on)] == [call]
        known = calls[max(0, number - 1) : number + 1]
        assert all(fold([started(one), facts.CallEnded(one, "us", 0)], on) == [] for one in known)
    assert len(fold([started(calls[0]), facts.CallEnded(calls[0], "us", 0)], on)) == 1
