"""Who can be joined with whom, and what the loss of one switch may touch, from facts alone."""

from ccd.core.floor import Outcome
from ccd.core.network import Network
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import HangUp
from ccd.model.ids import AgentId, CallId, Endpoint, LegId, OfferId, QueueId, SwitchName
from ccd.simulation.whereabouts import Whereabouts

A, B, C = SwitchName("a"), SwitchName("b"), SwitchName("c")
TRUNK = Endpoint("PJSIP/to-b")
FIRST = SwitchName("")
CALL = CallId("c1")


def kept() -> Whereabouts:
    made = Whereabouts(Network({A: {B: TRUNK}, B: {}, C: {}}))
    made.up = {FIRST: True, B: True, C: True}
    made.began(CALL, LegId("a/b1/1"))
    return made


def test_who_reaches_whom() -> None:
    made = kept()
    here, there = Endpoint("PJSIP/1"), Endpoint("b:PJSIP/1")
    assert made.reaches(FIRST, here, {})
    assert made.reaches(FIRST, there, {})
    assert not made.reaches(B, here, {})
    assert not made.reaches(FIRST, there, {TRUNK: "unreachable"})
    assert not made.reaches(FIRST, Endpoint("c:PJSIP/1"), {})
    for down in (FIRST, B):
        made.up = {FIRST: True, B: True, down: False}
        assert not made.reaches(FIRST, there, {})
    assert made.of(CALL) == FIRST


def said(*facts: f.AnyFact, hangs_up: str = "") -> Outcome:
    return Outcome((HangUp(LegId(hangs_up)),) if hangs_up else (), facts)


def test_a_switch_ends_what_has_a_part_in_it_and_nothing_else() -> None:
    made = kept()
    ended, lost = f.TalkEnded(CALL, 1, "switch"), f.QueueLeft(CALL, QueueId("q"), "lost", 1)
    offer = f.OfferMade(OfferId("o"), CALL, QueueId("q"), AgentId("x"), LegId("a/b1/2"), 0, "caller", Endpoint("b:x/1"))
    down, up = e.SwitchDown(B, ""), e.SwitchUp(B, "b2")
    assert list(made.wronged(down, said(ended))) == [ended]
    assert list(made.wronged(e.LegHungUp(LegId("c/b1/9"), 16), said(lost))) == [lost]
    assert list(made.wronged(up, said(hangs_up="a/b1/2"))) == [HangUp(LegId("a/b1/2"))]
    assert list(made.wronged(e.LegHungUp(LegId("a/b1/1"), 16), said(ended))) == []
    assert list(made.wronged(e.TimePassed(), said(offer, ended))) == []
    assert list(made.wronged(up, said(hangs_up="a/b1/2"))) == list(made.wronged(up, said(hangs_up="b/b1/1"))) == []
    assert list(made.wronged(up, said(f.LegEnded(CALL, LegId("a/b1/2"), 16, "us")))) == []
    assert list(made.wronged(up, said(hangs_up="a/b1/2"))) != []
    assert list(made.wronged(up, said(ended, f.CallEnded(CALL, "switch", 0)))) == []
    assert list(made.wronged(down, said(ended))) == [], "a call that is over is nobody's"
