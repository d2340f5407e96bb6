"""Campaigns as people see them."""

from msgspec.structs import replace

from ccd.core.campaign_view import attempt_view, campaign_view, campaign_views, preview_view
from ccd.core.configuration import Calendar, TrunkLimit
from ccd.core.dialer import abandon
from ccd.model.campaign_view import PreviewView, TrunkUse
from ccd.model.event import PreviewRequested
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, RequestId
from tests.core.centre import START
from tests.core.dialer.calling import SPRING, TRUNK, Calling, contact, rules

ANNA = AgentId("anna")
PERIOD = abandon.Period(START - 100 * SECOND, 1_000 * SECOND)


def seen(made: Calling) -> tuple[str, str]:
    view = campaign_view(made.engine.floor, SPRING)
    assert view is not None
    return view.state, view.hindrance


def test_what_keeps_it_from_dialling_is_said_first_things_first() -> None:
    made = Calling(rules())
    assert seen(made) == ("stopped", "it is stopped")
    made.act("start")
    assert seen(made) == ("running", "no contact may be dialled now")
    made.act("pause")
    assert seen(made) == ("paused", "it is paused")
    assert seen(started(Calling(rules(), agents=()))) == ("running", "no agent is there for it")
    assert seen(started(Calling(rules()))) == ("running", "")
    spare = rules(cap=abandon.Rules(spare=1))
    told = "the cap allows no line more: 1 agents are held, 1 of them kept back in case that one is lost"
    assert seen(started(Calling(spare))) == ("running", told)
    closed = rules(hours=Calendar((START + 3_600 * SECOND,), (START + 7_200 * SECOND,)))
    assert seen(started(Calling(closed))) == ("running", "outside its own hours")


def started(made: Calling) -> Calling:
    made.start(contact("c1"), contact("c2"), contact("c3"))
    return made


def test_lines_agents_and_contacts_are_counted() -> None:
    made = started(Calling(rules(), trunk_limits={TRUNK: TrunkLimit(10, 2)}))
    (view,) = campaign_views(made.engine.floor)
    assert (view.ringing, view.ready, view.held, view.at_hand, view.algorithm) == (1, 1, (ANNA,), 2, "progressive")
    assert view.trunks == (TrunkUse(TRUNK, 1, 10, 2),)
    assert view.decision is not None
    line = made.lines()[0].leg
    made.answer(line)
    (view,) = campaign_views(made.engine.floor)
    assert (view.ringing, view.waiting, view.cap.live) == (0, 1, 1)
    made.connect(line)
    (view,) = campaign_views(made.engine.floor)
    assert (view.waiting, view.talking, view.ready) == (0, 1, 0)
    assert campaign_view(made.engine.floor, CampaignId("none")) is None


def test_the_cap_is_that_of_the_period_of_now() -> None:
    made = started(Calling(rules(cap=abandon.Rules(period=PERIOD, is_hard=False))))
    made.answer(made.lines()[0].leg)
    (view,) = campaign_views(made.engine.floor)
    assert (view.cap.began, view.cap.ends, view.cap.live) == (PERIOD.start, PERIOD.start + PERIOD.length, 1)
    made.engine.floor.now += PERIOD.length
    (view,) = campaign_views(made.engine.floor)
    assert (view.cap.began, view.cap.live, view.cap.share) == (PERIOD.start + PERIOD.length, 0, 0.0)


def test_an_agent_sees_the_contact_that_he_is_to_look_at() -> None:
    made = Calling(rules(algorithm="preview", preview_time=30 * SECOND))
    assert preview_view(made.engine.floor, ANNA) == PreviewView()
    made.start(replace(contact("c1", fields={"tier": "gold"}), name="Pia"), contact("c2"))
    shown = preview_view(made.engine.floor, ANNA)
    assert (shown.campaign, shown.contact, shown.name, shown.fields) == (SPRING, "c1", "Pia", {"tier": "gold"})
    assert 0 < shown.until - made.now <= 30 * SECOND
    made.feed(PreviewRequested(RequestId("p1"), "anna", ANNA, "skip"), 1)
    assert preview_view(made.engine.floor, ANNA).contact == "c2"
    made.feed(PreviewRequested(RequestId("p2"), "anna", ANNA, "accept"), 1)
    assert preview_view(made.engine.floor, ANNA).contact is None
    assert len(made.lines()) == 1


def test_an_attempt_that_runs() -> None:
    made = started(Calling(rules()))
    (call,) = made.campaign.attempts
    view = attempt_view(made.engine.floor, call)
    assert view is not None
    assert (view.contact, view.attempt, view.outbound_cli, view.answered_at) == ("c1", 1, "+34900", 0)
    made.answer(made.lines()[0].leg)
    made.connect(made.lines()[0].leg)
    view = attempt_view(made.engine.floor, call)
    assert view is not None
    assert (view.by, view.agent) == ("person", ANNA)
    assert attempt_view(made.engine.floor, CallId("none")) is None
