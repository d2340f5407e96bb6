"""Who ends what in every phase of a call, what the switch tells late, and what is never waited for."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.acd.offer import AFTER_LINK, BRIDGE_TIME
from ccd.core.cdr import CdrFold
from ccd.core.configuration import RecordingPolicy, Site
from ccd.core.floor import Outcome
from ccd.core.flow.steps.caller import Caller
from ccd.core.network import FIRST
from ccd.core.view import call_views
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import HangUp, Hold, Reply, Ring
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, RequestId
from tests.core.centre import PBX, Centre, agent, configuration, flow, leg, queue
from tests.core.test_departure import bring_to
from tests.core.test_departure import centre as sent_on
from tests.core.test_engine import centre, states, talk

CALLER = leg("1.1")
ANNA = AgentId("anna")
BY: dict[Any, str] = {"far_end": "caller", "us": "us", "switch": "switch"}


def hang_ups(said: Outcome) -> list[HangUp]:
    """The legs that are hung up."""
    return [command for command in said.commands if isinstance(command, HangUp)]


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("phase", ["waiting", "ringing", "joining", "talking", "returning", "dialling"])
def test_the_customer_is_gone(phase: str, by: e.HungUpBy) -> None:
    made = sent_on()
    bring_to(made, phase)
    (call,) = made.engine.floor.calls.values()
    others = [one for one in call.legs if one != CALLER]
    said = made.hung_up(CALLER, 31, by=by)
    assert hang_ups(said) == [HangUp(one, 16) for one in others]
    if made.engine.floor.calls:
        assert call_views(made.engine.floor)[0].phase == "ending"
    for one in others:
        made.hung_up(one, by="us")
    outcomes = [fact.outcome for fact in made.of(f.QueueLeft)]
    assert outcomes == (
        ["answered"] if phase in ("talking", "returning", "dialling") else ["lost" if by == "switch" else "abandoned"]
    )
    ended = [fact.ended_by for fact in made.of(f.TalkEnded)]
    assert ended == ({"talking": [BY[by]]}.get(phase, ["agent"] if phase in ("returning", "dialling") else []))
    assert [(fact.ended_by, fact.cause) for fact in made.of(f.CallEnded)] == [(BY[by], 31)]
    assert states(made) == {"anna": "ready"}


@pytest.mark.parametrize("phase", ["waiting", "ringing", "joining", "talking", "returning", "dialling"])
def test_a_call_ended_on_request(phase: str) -> None:
    made = sent_on()
    bring_to(made, phase)
    (call,) = made.engine.floor.calls.values()
    legs = sorted(call.legs)
    said = made.feed(e.HangUpRequested(RequestId("r"), "boss", call.id), 1)
    assert sorted(hang_ups(said), key=lambda one: one.leg) == [HangUp(one, 16) for one in legs]
    assert call_views(made.engine.floor)[0].phase == "ending"
    again = made.feed(e.HangUpRequested(RequestId("r"), "boss", call.id), 1)
    assert again.commands == (Reply(RequestId("r")),)
    assert [fact.outcome for fact in made.of(f.QueueLeft)] == (
        ["answered"] if phase in ("talking", "returning", "dialling") else ["lost"]
    )
    ended = [fact.ended_by for fact in made.of(f.TalkEnded)]
    assert ended == ({"talking": ["us"]}.get(phase, ["agent"] if phase in ("returning", "dialling") else []))


# --- a talk whose end is told late


@pytest.mark.parametrize(("at", "counts"), [(-1, False), (0, False), (1, True), (8, True), (9, False), (10, False)])
def test_an_end_told_late_counts_from_when_it_was_if_that_can_be(at: int, counts: bool) -> None:
    for told_by in ("customer", "agent", "return"):
        made = centre(agent("anna", sales=1), queues=(queue("sales", recording=RecordingPolicy("always")),))
        made.log_in("anna")
        other = talk(made)
        began = made.now
        made.now += 8
        moment = began + at
        if told_by == "customer":
            made.hung_up(CALLER, at=moment)
        elif told_by == "agent":
            made.hung_up(other, at=moment)
        else:
            made.feed(e.LegReturned(CALLER, moment), 1)
        (ended,) = made.of(f.TalkEnded)
        assert (ended.ended_at, ended.talk_time) == ((moment, at) if counts else (0, 9))
        if told_by == "customer":
            assert [fact.ended_at for fact in made.of(f.RecordingEnded)] == [moment if counts else 0]


def test_a_customer_sent_on_ends_the_talk_for_the_agent() -> None:
    made = centre()
    made.log_in("anna")
    other = talk(made)
    said = made.feed(e.LegReferred(CALLER, "600", "+34600999999"), 1)
    assert hang_ups(said) == [HangUp(other, 16)]
    assert [(fact.ended_by, fact.ended_at) for fact in made.of(f.TalkEnded)] == [("agent", 0)]
    assert call_views(made.engine.floor)[0].phase == "dialling"


def test_an_agents_leg_that_asks_to_be_sent_on_is_hung_up() -> None:
    made = centre()
    made.log_in("anna")
    other = talk(made)
    assert made.feed(e.LegReferred(other, "600", "+34600999999"), 1).commands == (HangUp(other, 16),)
    assert len(made.dialled()) == 1


def test_a_waiting_caller_who_comes_back_from_a_bridge_hears_music_again() -> None:
    made = centre(agent("anna", sales=1), queues=(queue("sales", music="soft"),))
    made.arrive("sales", answered=True)
    assert made.returned(CALLER).commands == (Hold(CALLER, "soft"),)


def test_a_leg_that_answers_for_nobody_is_hung_up() -> None:
    made = centre(agent("anna", sales=1), agent("bert", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    ring = made.dialled()[0].leg
    made.answer(ring)
    made.bridged(CALLER, ring)
    assert made.answer(ring).commands == (HangUp(ring, 16),)


def test_events_of_a_leg_that_nobody_knows_change_nothing() -> None:
    made = centre()
    made.log_in("anna")
    stranger = leg("9.9")
    for event in (
        e.LegRinging(stranger),
        e.LegAnswered(stranger),
        e.LegsBridged(stranger, CALLER),
        e.BridgeFailed(stranger, CALLER, "gone"),
        e.LegReturned(stranger),
        e.LegReferred(stranger, "1"),
        e.LegHungUp(stranger, 16),
        e.DigitPressed(stranger, "1"),
        e.PlayEnded(stranger, 1, "finished"),
        e.MessageRecorded(stranger, 1, 5, "finished"),
    ):
        assert made.feed(event, 1) == Outcome((), ())


def test_a_bridge_of_an_offer_that_ended_begins_no_talk() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    ring = made.dialled()[0].leg
    made.answer(ring)
    made.wait(BRIDGE_TIME)
    assert [fact.outcome for fact in made.of(f.OfferEnded)] == ["lost"]
    made.bridged(CALLER, ring)
    assert made.of(f.TalkBegan) == []
    assert made.feed(e.BridgeFailed(CALLER, ring, "gone"), 1) == Outcome((), ())


def test_a_bridge_with_another_leg_than_the_one_dialled_begins_no_talk() -> None:
    made = sent_on()
    bring_to(made, "dialling")
    talks = len(made.of(f.TalkBegan))
    first = made.dialled()[0].leg
    made.bridged(CALLER, first)
    assert made.feed(e.BridgeFailed(CALLER, first, "gone"), 1).commands == ()
    assert len(made.of(f.TalkBegan)) == talks
    assert call_views(made.engine.floor)[0].phase == "dialling"


def test_a_customer_who_does_not_come_back_from_a_talk_is_hung_up() -> None:
    made = sent_on()
    bring_to(made, "returning")
    assert made.wait(10 * SECOND - 1) == Outcome((), ())
    assert made.wait(1).commands == (HangUp(CALLER, 41),)
    assert call_views(made.engine.floor)[0].phase == "ending"
    made.hung_up(CALLER, 41, by="us")
    assert [fact.ended_by for fact in made.of(f.CallEnded)] == ["us"]


def test_the_timer_of_an_earlier_return_does_not_count() -> None:
    made = sent_on()
    bring_to(made, "dialling")
    made.answer(made.dialled()[-1].leg)
    outside = made.dialled()[-1].leg
    made.bridged(CALLER, outside)
    made.wait(9 * SECOND)
    made.hung_up(outside)
    said = made.wait(5 * SECOND)
    assert said == Outcome((), ())
    assert made.wait(5 * SECOND).commands == (HangUp(CALLER, 41),)


# --- an agent's own call


def dialling(**settings: Any) -> tuple[Centre, LegId, LegId]:
    """Anna dials out; her leg and the one that rings."""
    made = centre(agent("anna", sales=1), site=Site(outbound_wrap_up_time=7 * SECOND), **settings)
    made.log_in("anna")
    phone = leg("2.1")
    made.feed(e.LegArrived(phone, "1004", "", "600", Endpoint("PJSIP/anna"), "+34600123123"), 1)
    return made, phone, made.dialled()[-1].leg


def test_who_answers_never_ends_by_the_clock() -> None:
    made, phone, outside = dialling()
    assert made.wait(63 * SECOND - 2) == Outcome((), ())
    assert hang_ups(made.answer(outside)) == []
    assert hang_ups(made.wait(60 * SECOND)) == []
    made.answer(phone)
    made.bridged(outside, phone)
    assert hang_ups(made.wait(60 * SECOND)) == []


def test_who_does_not_answer_in_time_is_given_up() -> None:
    made, phone, outside = dialling()
    assert made.wait(63 * SECOND).commands == (HangUp(outside, 19),)
    assert made.hung_up(outside, 19, by="us").commands == (HangUp(phone, 19),)
    assert states(made) == {"anna": "ready"}


def test_an_agent_who_hangs_up_while_it_rings_ends_the_ringing_without_wrap_up() -> None:
    made, phone, outside = dialling()
    assert made.hung_up(phone).commands == (HangUp(outside, 16),)
    assert states(made) == {"anna": "ready"}
    assert call_views(made.engine.floor)[0].phase == "ending"
    made.hung_up(outside, 16, by="us")
    assert [(fact.ended_by, fact.cause) for fact in made.of(f.CallEnded)] == [("us", 16)]


def test_an_answer_after_the_agent_is_gone_changes_nothing() -> None:
    made, phone, outside = dialling()
    made.hung_up(phone)
    assert made.answer(outside) == Outcome((), ())


def test_the_cause_is_handed_on_and_without_one_it_is_a_normal_end() -> None:
    for cause, handed_on in ((34, 34), (0, 16)):
        made, phone, outside = dialling()
        assert made.hung_up(outside, cause).commands == (HangUp(phone, handed_on),)


@pytest.mark.parametrize("state", ["paused", "offered", "wrap_up"])
def test_an_agent_may_dial_out_in_any_state(state: str) -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    if state == "paused":
        made.feed(e.PauseRequested(RequestId("r"), "boss", ANNA, "lunch"))
    else:
        made.arrive("sales")
        ring = made.dialled()[0].leg
        if state == "wrap_up":
            made.answer(ring)
            made.bridged(CALLER, ring)
            made.hung_up(CALLER)
    assert states(made) == {"anna": state}
    made.feed(e.LegArrived(leg("2.1"), "1004", "", "600", Endpoint("PJSIP/anna"), "+34600123123"), 1)
    assert states(made) == {"anna": "talking"}
    assert made.engine.floor.agents[ANNA].call == made.of(f.CallStarted)[-1].call
    if state == "offered":
        assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("busy", 0)]
        assert HangUp(ring, 16) in made.commands
    made.hung_up(made.dialled()[-1].leg, 17)
    stood = made.engine.floor.agents[ANNA]
    expected = ("paused", "lunch") if state == "paused" else ("ready", "") if state == "wrap_up" else None
    if expected:
        assert (stood.state, stood.reason) == expected


@pytest.mark.parametrize(
    ("endpoint", "dnis", "why"),
    [
        ("PJSIP/desk", "600", "nobody is logged in at this phone"),
        ("PJSIP/desk", "1004", "nobody is logged in at this phone"),
        ("PJSIP/anna", "1005", "the colleague's phone is away"),
    ],
)
def test_what_is_not_dialled_says_why_and_is_hung_up_once(endpoint: str, dnis: str, why: str) -> None:
    made = centre(agent("anna", sales=1), agent("carla", sales=1))
    made.log_in("anna")
    made.phone("carla", "unreachable")
    said = made.feed(e.LegArrived(leg("2.1"), "x", "", dnis, Endpoint(endpoint), ""), 1)
    assert hang_ups(said) == [HangUp(leg("2.1"), 21)]
    (forbidden,) = made.of(f.DialForbidden)
    assert (forbidden.number, forbidden.why) == (dnis, why)
    (view,) = call_views(made.engine.floor)
    assert (view.phase, view.direction) == ("ending", "outbound" if dnis == "600" else "internal")
    again = made.feed(e.HangUpRequested(RequestId("r"), "boss", view.id), 1)
    assert hang_ups(again) == []


def test_an_agents_call_as_people_see_it() -> None:
    made, _, _ = dialling()
    (view,) = call_views(made.engine.floor)
    assert (view.direction, view.phase, view.ani, view.number, view.dnis, view.agent, view.started_at) == (
        "outbound",
        "dialling",
        "1004",
        "+34600123123",
        "600",
        ANNA,
        made.now,
    )
    assert (view.flow, view.step) == ("", "")


def test_a_colleagues_phone_is_where_he_is_logged_in_else_his_own() -> None:
    for at, rung in (("", "PJSIP/carla"), ("PJSIP/desk", "PJSIP/desk")):
        made = centre(agent("anna", sales=1), agent("carla", sales=1))
        made.log_in("anna")
        made.phone("desk", "in_use")
        if at:
            made.feed(e.LogInRequested(RequestId("r"), "boss", AgentId("carla"), Endpoint(at)))
        made.feed(e.LegArrived(leg("2.1"), "1004", "", "1005", Endpoint("PJSIP/anna"), "+34999"), 1)
        assert [(dial.endpoint, dial.number) for dial in made.dialled()] == [(rung, "")]


# --- an offer that is under way


def test_a_phone_that_is_gone_while_it_is_joined_is_lost_with_its_cause() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    ring = made.dialled()[0].leg
    made.answer(ring)
    made.hung_up(ring, 17)
    assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("lost", 17)]
    assert made.engine.floor.agents[ANNA].missed == 0


def test_a_bridge_that_does_not_come_is_not_waited_for() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    ring = made.dialled()[0].leg
    made.wait(15 * SECOND - 2)
    made.answer(ring)
    assert made.wait(BRIDGE_TIME - 1) == Outcome((), ()), "it rang long enough, but is answered"
    said = made.wait(1)
    assert HangUp(ring, 16) in said.commands
    assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("lost", 0)]
    assert len(made.dialled()) == 2, "nobody is to blame: rung again at once"


def test_a_phone_that_rings_long_enough_is_expired() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    assert made.wait(15 * SECOND - 1) == Outcome((), ())
    made.wait(1)
    assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("expired", 0)]
    assert made.engine.floor.agents[ANNA].missed == 1


def test_a_caller_who_gives_up_leaves_the_agent_as_he_was() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    before = replace(made.engine.floor.agents[ANNA])
    made.arrive("sales")
    made.hung_up(CALLER)
    assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("withdrawn", 0)]
    assert made.engine.floor.agents[ANNA] == replace(before, reason="withdrawn", since=made.now)


def test_without_a_rest_the_next_caller_comes_at_once() -> None:
    made = centre(agent("anna", sales=1), queues=(queue("sales", retry_time=0),))
    made.log_in("anna")
    made.arrive("sales")
    made.hung_up(made.dialled()[0].leg, 17)
    assert len(made.dialled()) == 2
    assert made.engine.deadline() == made.now + 15 * SECOND - 1


# --- the switch


def test_a_switch_that_is_up_or_down_is_known() -> None:
    made = centre()
    assert (made.engine.floor.boots, made.engine.floor.up) == ({PBX: "b1"}, {FIRST: True})
    made.feed(e.SwitchDown(PBX, "cut"))
    assert not made.engine.floor.is_up(FIRST)


def test_a_caller_hears_a_phone_ring_once() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    ring = made.dialled()[0].leg
    assert made.feed(e.LegRinging(ring), 1).commands == (Ring(CALLER),)
    assert made.feed(e.LegRinging(ring), 1).commands == ()
    assert made.feed(e.LegRinging(CALLER), 1).commands == ()


def test_an_agents_own_call_rings_nobody_else() -> None:
    made, phone, outside = dialling()
    assert made.feed(e.LegRinging(outside), 1) == Outcome((), ())
    assert made.feed(e.LegRinging(phone), 1) == Outcome((), ())


def test_questions_of_a_call_end_with_it_and_others_stay() -> None:
    made = Centre(configuration({"who": flow("who", who=Caller())}, (queue("sales"),), ()))
    for unique in ("1.1", "1.2"):
        made.arrive("who", unique)
    first, second = made.engine.floor.calls
    made.hung_up(CALLER)
    assert list(made.engine.floor.questions.values()) == [second] != [first]


def test_a_recording_of_no_call_and_an_end_of_none() -> None:
    made = centre()
    for event in (
        e.RecordingRequested(RequestId("r"), "boss", CallId("x"), "pause"),
        e.HangUpRequested(RequestId("r"), "boss", CallId("x")),
    ):
        assert made.feed(event).commands == (Reply(RequestId("r"), "no call x"),)


def test_an_agent_whose_customer_left_is_hung_up() -> None:
    made = centre()
    made.log_in("anna")
    other = talk(made)
    assert made.returned(other).commands == (HangUp(other, 16),)
    assert made.returned(other).commands == ()


def test_a_timer_of_a_dial_counts_while_it_rings_only() -> None:
    made = sent_on()
    bring_to(made, "dialling")
    outside = made.dialled()[-1].leg
    made.answer(outside)
    made.bridged(CALLER, outside)
    assert made.wait(120 * SECOND) == Outcome((), ())


# --- what nobody saw while the link was away


def joining(**settings: Any) -> Centre:
    """Anna has answered, the bridge is on its way, and the call is recorded."""
    rules = queue("sales", wrap_up_time=10 * SECOND, recording=RecordingPolicy("always"))
    made = centre(agent("anna", sales=1), queues=(rules,), **settings)
    made.log_in("anna")
    made.arrive("sales")
    made.answer(made.dialled()[0].leg)
    return made


def test_a_talk_that_nobody_saw_is_in_the_record_as_it_was() -> None:
    made = joining()
    fold, cdrs = CdrFold(), []

    def told(event: e.AnyEvent, after: int = 0) -> None:
        for fact in made.feed(event, after).facts:
            cdrs.append(fold.apply(fact, made.now))

    for fact in made.facts:
        fold.apply(fact, made.now)
    agents_leg, asked_at = made.dialled()[0].leg, made.now
    told(e.SwitchDown(PBX, "silent"), 6 * SECOND)
    told(e.LegsBridged(CALLER, agents_leg, asked_at), 4 * SECOND)
    told(e.LegHungUp(CALLER, 16, "far_end", at=asked_at + 3 * SECOND))
    told(e.LegHungUp(agents_leg, 16, "us", at=asked_at + 3 * SECOND))
    (cdr,) = [cdr for cdr in cdrs if cdr is not None]
    (spoken,), (recorded,), (visit,) = cdr.talks, cdr.recordings, cdr.visits
    assert (spoken.began_at, spoken.ended_at, spoken.talk_time) == (asked_at, asked_at + 3 * SECOND, 3 * SECOND)
    assert (recorded.began_at, recorded.ended_at, recorded.lost) == (asked_at, asked_at + 3 * SECOND, "")
    assert [(segment.began_at, segment.ended_at) for segment in recorded.segments] == [
        (asked_at, asked_at + 3 * SECOND)
    ]
    assert visit.outcome == "answered"
    assert visit.wait_time < SECOND, "not until it was told"
    assert cdr.answered_at == asked_at


def test_a_talk_is_not_taken_to_have_begun_after_it_is_told() -> None:
    made = joining()
    made.feed(e.LegsBridged(CALLER, made.dialled()[0].leg, made.now + 5 * SECOND), 1)
    assert [fact.began_at for fact in made.of(f.TalkBegan)] == [0]
    assert made.engine.floor.calls[made.of(f.TalkBegan)[0].call].talk_began == made.now


def test_a_bridge_is_not_given_up_while_the_link_is_down() -> None:
    made = joining()
    made.feed(e.SwitchDown(PBX, "silent"), 6 * SECOND)
    made.wait(30 * SECOND)
    assert made.of(f.OfferEnded) == []
    made.feed(e.SwitchUp(PBX, "b1"), 1)
    made.bridged(CALLER, made.dialled()[0].leg)
    assert [fact.outcome for fact in made.of(f.OfferEnded)] == ["accepted"]


def test_a_bridge_that_does_not_come_soon_after_the_link_is_back_is_given_up() -> None:
    made = joining()
    made.feed(e.SwitchDown(PBX, "silent"), 6 * SECOND)
    made.wait(30 * SECOND)
    made.feed(e.SwitchUp(PBX, "b1"), 1)
    made.wait(AFTER_LINK)
    assert [fact.outcome for fact in made.of(f.OfferEnded)] == ["lost"]


def test_a_bridge_that_does_not_come_is_given_up() -> None:
    made = joining()
    made.wait(BRIDGE_TIME - 2)
    assert made.of(f.OfferEnded) == []
    made.wait(2)
    assert [fact.outcome for fact in made.of(f.OfferEnded)] == ["lost"]


def test_a_talk_that_the_switch_ended_under_the_agent_was_not_ended_by_him() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    other = talk(made)
    made.hung_up(other, 0, by="switch")
    made.hung_up(CALLER, 0, by="switch")
    assert [fact.ended_by for fact in made.of(f.TalkEnded)] == ["switch"]
