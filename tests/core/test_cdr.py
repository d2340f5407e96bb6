from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.core.cdr import CdrFold
from ccd.model import fact as facts
from ccd.model.cdr import Cdr, ForbiddenDial, Leg, Offer, QueueVisit, Recording, Segment, Step, Talk, Voicemail
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
