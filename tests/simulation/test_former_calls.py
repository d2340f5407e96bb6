"""The watch knows calls that a former daemon began: what it says of them is no false alarm."""

import pytest

from ccd.core.adoption import RECALL_TIME
from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.model import fact as f
from ccd.model.event import AnyEvent, CallsRecalled
from ccd.model.ids import SECOND, CallId
from ccd.simulation.invariants import Violation
from ccd.simulation.ledger import Ledger
from tests.core.centre import START, Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait

WAITING, TALKING, GONE = (CallId(f"{START - n:x}") for n in (9, 8, 7))


class Watched(Centre):
    """A centre that begins the other way: calls are recalled by the journal's facts, and come from their channels."""

    def __init__(self, config: Configuration) -> None:
        self.broken: list[Violation] = []
        super().__init__(config)
        self.feed(CallsRecalled((WAITING, TALKING, GONE)))

    def made_engine(self, first: str) -> Engine:
        self.ledger = Ledger(self.configurations, first, 7)
        assert self.ledger.invariants is not None
        self.ledger.invariants._full_every = 1
        self.ledger.alarm = self.broken.append
        return self.ledger.engine

    def feed(self, event: AnyEvent, after: int = 0) -> Outcome:
        outcome = super().feed(event, after)
        self.ledger.follow(event, outcome, self.now)
        return outcome


@pytest.fixture
def centre() -> Watched:
    agents = (agent("anna", sales=2), agent("bert", sales=1))
    return Watched(configuration({"sales": flow("sales", wait=Wait())}, (queue("sales"),), agents))


def waits(centre: Watched) -> None:
    """The caller who waited, as his channel has him."""
    known = {"CCD_CALL": WAITING, "CCD_ROLE": "caller", "CCD_FLOW": "sales", "CCD_STEP": "wait"}
    since = str(START - 60 * SECOND)
    centre.arrive("sales", "1.1", answered=True, variables={**known, "CCD_QUEUE": "sales", "CCD_SINCE": since})


def test_who_waited_gets_his_agent(centre: Watched) -> None:
    waits(centre)
    centre.log_in("anna")
    agents_leg = centre.dialled()[-1].leg
    centre.answer(agents_leg)
    centre.bridged(leg("1.1"), agents_leg)
    centre.hung_up(leg("1.1"))
    centre.hung_up(agents_leg)
    assert len(centre.of(f.CallEnded)) == 1
    assert not centre.broken


def test_who_waited_is_offered_as_he_comes_and_another_caller_after_him(centre: Watched) -> None:
    centre.log_in("anna")
    waits(centre)
    centre.arrive("sales", "1.2", answered=True)
    centre.hung_up(leg("1.1"))
    centre.hung_up(leg("1.2"))
    assert not centre.broken


def test_a_talk_goes_on_and_ends(centre: Watched) -> None:
    centre.log_in("anna")
    told = {"CCD_CALL": TALKING, "CCD_FLOW": "sales", "CCD_STEP": "wait", "CCD_AGENT": "anna"}
    both = {"answered": True, "bridge": "b"}
    talked = {**told, "CCD_ROLE": "talked", "CCD_TALKED": str(START - SECOND), "CCD_QUEUE": "sales"}
    centre.arrive("sales", "1.3", variables=talked, **both)
    centre.arrive("", "1.4", variables={**told, "CCD_ROLE": "agent", "CCD_OFFER": "o"}, **both)
    centre.hung_up(leg("1.3"))
    centre.hung_up(leg("1.4"))
    assert len(centre.of(f.TalkEnded)) == 1
    assert not centre.broken


def test_those_that_do_not_come_end(centre: Watched) -> None:
    waits(centre)
    centre.wait(RECALL_TIME + SECOND)
    centre.hung_up(leg("1.1"))
    assert not centre.broken


def test_what_is_wrong_is_still_found(centre: Watched) -> None:
    waits(centre)
    centre.log_in("anna")
    invariants = centre.ledger.invariants
    assert invariants is not None
    made = centre.of(f.OfferMade)[-1]
    invariants.check(CallsRecalled(()), Outcome((), (made,)), 99, centre.now)
    assert {one.rule for one in invariants.violations} >= {"one offer a call, one call an agent"}
