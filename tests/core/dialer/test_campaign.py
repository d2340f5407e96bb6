"""Campaigns, event by event: who is dialled, who gets whom, what is counted."""

import pytest

from ccd.core.cdr import CdrFold
from ccd.core.configuration import Calendar, RetryRule, TrunkLimit
from ccd.core.dialer import abandon
from ccd.model import command as c
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.campaign import AttemptOutcome
from ccd.model.ids import SECOND, AgentId, RequestId
from tests.core.centre import PBX, START
from tests.core.dialer.calling import HOUR, SPRING, TRUNK, Calling, contact, rules

ANNA, BERT = AgentId("anna"), AgentId("bert")
NOT_HARD = abandon.Rules(is_hard=False)


def test_an_agent_is_held_and_a_line_is_dialled_for_him() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    assert made.of(f.AgentHeld) == [f.AgentHeld(ANNA, SPRING)]
    (line,) = made.lines()
    assert (line.endpoint, line.number, line.outbound_cli, line.barrier) == (TRUNK, "+34612340001", "+34900", True)
    (began,) = made.of(f.AttemptBegan)
    assert (began.contact, began.attempt, began.trunk) == ("c1", 1, TRUNK)
    assert "dial policy: rule all" in began.reasons
    assert [fact.decision.reason for fact in made.of(f.CallsPlaced)] == ["a line for each free agent"]


def test_an_answer_gets_the_held_agent_at_once() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    line = made.lines()[0].leg
    made.answer(line)
    (phone,) = made.phones()
    assert phone.endpoint == "PJSIP/anna"
    made.connect(line)
    assert made.of(f.AttemptConnected)[0].agent == ANNA
    assert made.campaign.cap.tally.live == 1
    assert len(made.lines()) == 1, "nobody is free"
    made.hung_up(line)
    ended = made.ended()
    assert (ended.outcome, ended.agent, ended.next_at) == ("talked", ANNA, 0)
    made.hung_up(phone.leg)
    made.wait(10 * SECOND)
    assert len(made.lines()) == 2, "after the wrap-up the next one"


@pytest.mark.parametrize(
    ("cause", "outcome", "after"),
    [
        (17, "busy", 300 * SECOND),
        (19, "no_answer", HOUR),
        (21, "refused", 0),
        (1, "unreachable", 0),
        (34, "congested", 0),
    ],
)
def test_what_became_of_a_line(cause: int, outcome: AttemptOutcome, after: int) -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.hung_up(made.lines()[0].leg, cause)
    ended = made.ended()
    assert (ended.outcome, ended.cause) == (outcome, cause)
    assert ended.next_at == (made.now + after if after else 0)
    assert not made.campaign.cap.in_flight
    assert not made.campaign.attempts


def test_the_next_number_comes_soon_and_after_the_last_the_first() -> None:
    made = Calling(rules())
    made.start(contact("c1", numbers=2), contact("c2", numbers=2, number_index=1))
    made.hung_up(made.lines()[0].leg, 19)
    assert (made.ended().next_at, made.ended().next_index) == (made.now + SECOND, 1)
    made.hung_up(made.lines()[1].leg, 19)
    assert (made.ended().next_at, made.ended().next_index) == (made.now + HOUR, 0)


def test_the_last_attempt_is_the_last() -> None:
    made = Calling(rules(most_attempts=3))
    made.start(contact("c1", attempts=2), contact("c2", attempts=3))
    made.hung_up(made.lines()[0].leg, 17)
    assert made.ended().next_at == 0
    (refused,) = made.of(f.ContactForbidden)
    assert (refused.contact, refused.is_final) == ("c2", True)


def test_nobody_there_in_time_is_an_abandon_and_hears_the_message() -> None:
    made = Calling(rules(cap=NOT_HARD, algorithm="power", power_ratio=2.0))
    made.start(contact("c1"), contact("c2"), contact("c3"))
    first, second = (line.leg for line in made.lines())
    made.answer(first)
    made.connect(first)
    made.answer(second)
    made.wait(2 * SECOND)
    (abandoned,) = made.of(f.AttemptAbandoned)
    assert abandoned.contact == "c2"
    assert made.campaign.cap.tally.abandoned == 1
    play = next(command for command in made.commands if isinstance(command, c.Play))
    assert (play.leg, play.sounds) == (second, ("sorry",))
    made.feed(e.DigitPressed(second, "9"), 1)
    (blocked,) = (command for command in made.commands if isinstance(command, c.BlockNumber))
    assert (blocked.number, blocked.list) == ("+34612340002", "global")
    made.hung_up(second, by="us")
    ended = made.ended()
    assert (ended.outcome, ended.locked_until) == ("abandoned", made.now + 72 * HOUR)


def test_who_hangs_up_while_there_was_time_is_no_abandon() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    line = made.lines()[0].leg
    made.answer(line)
    made.hung_up(line)
    assert made.ended().outcome == "hung_up"
    assert (made.campaign.cap.tally.live, made.campaign.cap.tally.abandoned) == (1, 0)


def test_an_agent_who_comes_too_late_talks_and_it_is_an_abandon() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    line = made.lines()[0].leg
    made.answer(line)
    phone = made.phones()[0].leg
    made.feed(e.LegAnswered(phone), 1_999_000)
    made.feed(e.LegsBridged(line, phone), 500_000)
    assert made.campaign.cap.tally.abandoned == 1
    made.hung_up(line)
    assert (made.ended().outcome, made.ended().locked_until) == ("talked", 0)


def test_a_cancel_that_crosses_an_answer_is_an_abandon() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    line = made.lines()[0].leg
    made.wait(16 * SECOND)
    assert made.act("stop") == ""
    assert c.HangUp(line, 16) in made.commands
    made.answer(line)
    assert made.campaign.cap.tally.abandoned == 1
    made.hung_up(line, by="us")
    assert made.ended().outcome == "abandoned"


def test_stop_lets_it_ring_as_long_as_the_law_wants() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    line = made.lines()[0].leg
    made.wait(3 * SECOND)
    made.act("stop")
    assert c.HangUp(line, 16) not in made.commands
    assert [fact.contact for fact in made.of(f.ContactReturned)] == ["c2"]
    made.wait(12 * SECOND)
    assert c.HangUp(line, 16) in made.commands
    made.hung_up(line, by="us")
    assert made.ended().outcome == "cancelled"
    assert made.of(f.AgentLetGo)[-1].agent == ANNA
    assert made.engine.floor.routing.is_ready(ANNA)


def test_drain_ends_with_the_last_line() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    made.act("drain")
    state: str = made.campaign.state
    assert state == "draining"
    made.hung_up(made.lines()[0].leg, 17)
    assert made.campaign.state == "stopped"
    assert len(made.lines()) == 1


def test_pause_and_resume() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.act("pause")
    made.hung_up(made.lines()[0].leg, 17)
    assert made.act("start") == "campaign spring is paused"
    made.list.append(contact("c2"))
    made.act("resume")
    assert made.lines()[-1].number == "+34612340002"


# --- agents


def test_an_agent_whom_a_line_counts_on_leaves_when_it_has_ended() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    made.feed(e.PauseRequested(RequestId("p"), "anna", ANNA), 1)
    assert made.engine.floor.agents[ANNA].state == "ready"
    made.hung_up(made.lines()[0].leg, 17)
    assert made.engine.floor.agents[ANNA].state == "paused"
    assert len(made.lines()) == 1


def test_a_lost_phone_that_a_line_counts_on_stops_the_campaign() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"))
    made.phone("anna", "unreachable")
    assert made.campaign.cap.excess_losses == 1
    made.hung_up(made.lines()[0].leg, 17)
    made.phone("anna", "idle")
    assert len(made.lines()) == 1
    made.act("resume")
    assert len(made.lines()) == 2


def test_the_link_down_for_a_moment_loses_nobody() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.feed(e.SwitchDown(PBX, "cut"), 1)
    made.feed(e.SwitchUp(PBX, "b1"), SECOND)
    assert made.campaign.cap.excess_losses == 0
    made.answer(made.lines()[0].leg)
    assert len(made.phones()) == 1


def test_a_caller_gets_an_agent_who_is_held_where_he_can_be_spared() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.start(contact("c1"))
    assert len(made.lines()) == 1
    made.arrive("shop")
    made.answer(made.of(f.CallStarted)[-1].leg)
    assert [offer.agent for offer in made.of(f.OfferMade)] == [ANNA]
    made.arrive("shop", "1.2", ani_name="second")
    made.answer(made.of(f.CallStarted)[-1].leg)
    assert len(made.of(f.OfferMade)) == 1, "the last one is kept for the line that rings"
    made.hung_up(made.lines()[0].leg, 17)
    assert [offer.agent for offer in made.of(f.OfferMade)] == [ANNA, BERT]


def test_who_refuses_the_offer_is_lost_and_the_next_one_takes_it() -> None:
    made = Calling(rules(cap=NOT_HARD), ("anna", "bert"))
    made.start(contact("c1"), contact("c2"))
    line = made.lines()[0].leg
    made.answer(line)
    made.hung_up(made.phones()[0].leg, 21, sip_code=603)
    assert [offer.agent for offer in made.of(f.OfferMade)] == [ANNA, BERT]
    made.connect(line)
    assert made.of(f.AttemptConnected)[0].agent == BERT


def test_a_personal_call_back_waits_for_its_agent() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.feed(e.PauseRequested(RequestId("p"), "bert", BERT), 1)
    made.start(contact("c1", agent=BERT), contact("c2"))
    assert [line.number for line in made.lines()] == ["+34612340002"]
    assert [fact.contact for fact in made.of(f.ContactReturned)] == ["c1"]
    made.feed(e.UnpauseRequested(RequestId("u"), "bert", BERT), 1)
    made.list.append(contact("c1", agent=BERT))
    made.feed(e.ContactsChanged(RequestId("n"), "test", SPRING), 1)
    made.give()
    assert [line.number for line in made.lines()] == ["+34612340002", "+34612340001"]
    made.answer(made.lines()[1].leg)
    assert made.of(f.OfferMade)[-1].agent == BERT


# --- what must not be dialled


def test_a_number_that_was_blocked_is_not_dialled() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2"), contact("c3"))
    made.feed(e.NumberBlocked(RequestId("b"), "test", "+34612340002", (SPRING,)), 1)
    made.hung_up(made.lines()[0].leg, 17)
    assert [line.number for line in made.lines()] == ["+34612340001", "+34612340003"]
    assert [fact.contact for fact in made.of(f.ContactForbidden)] == ["c2"]


def test_a_number_that_was_given_before_it_was_blocked_is_not_dialled() -> None:
    made = Calling(rules())
    made.feed(e.NumberBlocked(RequestId("b"), "test", "+34612340001", (SPRING,)), 1)
    made.start(contact("c1"), contact("c2"))
    assert [line.number for line in made.lines()] == ["+34612340002"]


def test_the_window_of_a_contact_may_close_while_it_waits() -> None:
    made = Calling(rules())
    made.start(contact("c1"), contact("c2", callable_until=START + 60 * SECOND), contact("c3"))
    made.wait(61 * SECOND)
    made.hung_up(made.lines()[0].leg, 19)
    assert [line.number for line in made.lines()] == ["+34612340001", "+34612340003"]
    (refused,) = made.of(f.ContactForbidden)
    assert (refused.contact, refused.is_final) == ("c2", False)


@pytest.mark.parametrize("number", ["112", "+35312", "+49301234567", "0034600000000", "+34600\r\nAction: x"])
def test_what_the_policy_does_not_allow_is_never_dialled(number: str) -> None:
    made = Calling(rules())
    made.list.append(contact("c1"))
    made.list[0] = type(made.list[0])(made.list[0].id, number, 1 << 60)
    made.start()
    assert made.lines() == []
    assert made.of(f.ContactForbidden)[0].is_final


def test_the_campaigns_own_hours() -> None:
    opens, closes = START + HOUR, START + 2 * HOUR
    made = Calling(rules(hours=Calendar((opens,), (closes,))))
    made.start(contact("c1"), contact("c2"))
    assert made.lines() == []
    assert made.of(f.AgentHeld) == []
    made.wait(HOUR)
    made.give()
    assert len(made.lines()) == 1
    made.wait(HOUR)
    made.hung_up(made.lines()[0].leg, 19)
    assert len(made.lines()) == 1
    assert made.engine.floor.routing.is_ready(ANNA)


def test_trunk_limits() -> None:
    names = tuple(f"a{number}" for number in range(6))
    limits = {TRUNK: TrunkLimit(calls=4, calls_per_second=3)}
    made = Calling(rules(), names, trunk_limits=limits)
    made.start(*(contact(f"c{number}") for number in range(9)))
    assert len(made.lines()) == 3
    made.wait(SECOND)
    assert len(made.lines()) == 4
    made.hung_up(made.lines()[0].leg, 17)
    made.wait(SECOND)
    assert len(made.lines()) == 5


def test_a_trunk_that_is_away_dials_nothing_and_nobody_is_lost() -> None:
    made = Calling(rules())
    made.feed(e.EndpointChanged(PBX, TRUNK, "unreachable"), 1)
    made.start(contact("c1"))
    assert made.lines() == []
    assert made.of(f.ContactForbidden) == []


def test_the_store_that_gives_nothing_is_asked_again() -> None:
    made = Calling(rules())
    made.start()
    asked = [one for one in made.commands if isinstance(one, c.Ask)]
    made.wait(61 * SECOND)
    made.list.append(contact("c1"))
    assert len([one for one in made.commands if isinstance(one, c.Ask)]) == len(asked) + 1
    made.give()
    assert len(made.lines()) == 1


def test_a_store_that_does_not_answer_is_asked_again() -> None:
    made = Calling(rules())
    made.requests += 1
    made.feed(e.CampaignRequested(RequestId("s"), "test", SPRING, "start"), 1)
    made.wait(5 * SECOND)
    assert made.engine.floor.askers == {}
    made.wait(2 * SECOND)
    made.list.append(contact("c1"))
    made.give()
    assert len(made.lines()) == 1


# --- while nobody looked


def test_who_answered_while_the_link_was_down_has_waited_since_then() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.start(contact("c1"), contact("c2"))
    first, second = (line.leg for line in made.lines())
    made.wait(5 * SECOND)
    made.feed(e.SwitchDown(PBX, "cut", made.now), 1)
    made.feed(e.SwitchUp(PBX, "b1"), 1_500_000)
    made.answer(first)
    assert made.of(f.AttemptAbandoned) == [], "at most a second and a half"
    made.connect(first)
    made.feed(e.SwitchDown(PBX, "cut", made.now), 1)
    made.feed(e.SwitchUp(PBX, "b1"), 2_500_000)
    made.answer(second)
    assert [fact.contact for fact in made.of(f.AttemptAbandoned)] == ["c2"]
    assert made.of(f.OfferMade)[-1].agent == BERT, "better late than never"


def test_who_answered_while_the_daemon_stood_still_has_waited_since_then() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    made.wait(5 * SECOND)
    made.feed(e.TimersHeld(), 3 * SECOND)
    made.answer(made.lines()[0].leg)
    assert len(made.of(f.AttemptAbandoned)) == 1
    made.feed(e.TimersReleased(), 1)
    assert made.of(f.OfferMade)[-1].agent == ANNA


def test_the_record_of_a_call_says_what_was_dialled_and_what_became_of_it() -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    line = made.lines()[0].leg
    made.answer(line)
    made.connect(line)
    made.hung_up(line)
    made.hung_up(made.phones()[0].leg)
    fold = CdrFold()
    (cdr,) = (cdr for fact in made.facts if (cdr := fold.apply(fact, START)) is not None)
    assert cdr.attempt is not None
    assert (cdr.attempt.campaign, cdr.attempt.contact, cdr.attempt.outcome) == (SPRING, "c1", "talked")
    assert (cdr.direction, cdr.number, cdr.ani) == ("outbound", "+34612340001", "+34900")
    assert (cdr.legs[0].endpoint, cdr.legs[0].number) == (TRUNK, "+34612340001")
    assert cdr.talks[0].agent == ANNA


@pytest.mark.parametrize(("unseen", "abandoned"), [(1_900_000, 0), (2_100_000, 1)])
def test_a_line_that_was_gone_when_somebody_looked_again(unseen: int, abandoned: int) -> None:
    made = Calling(rules())
    made.start(contact("c1"))
    line = made.lines()[0].leg
    made.wait(5 * SECOND)
    made.feed(e.SwitchDown(PBX, "the daemon began anew", made.now), 1)
    made.feed(e.SwitchUp(PBX, "b1"), unseen - 2)
    made.hung_up(line, 0, by="switch")
    assert made.ended().outcome == "lost"
    assert (made.campaign.cap.tally.live, made.campaign.cap.tally.abandoned) == (abandoned, abandoned)
    assert not made.campaign.cap.in_flight


def test_a_trunk_that_is_back_is_dialled_through_at_once() -> None:
    made = Calling(rules(), ("anna", "bert"))
    made.feed(e.EndpointChanged(PBX, TRUNK, "unreachable"), 1)
    made.start(contact("c1"))
    assert made.lines() == []
    made.feed(e.EndpointChanged(PBX, TRUNK, "idle"), 1)
    assert [line.number for line in made.lines()] == ["+34612340001"]


# --- machines


def test_a_machine_is_hung_up_and_takes_no_agent() -> None:
    made = Calling(rules(detects_machines=True, retry={"machine": RetryRule(HOUR)}))
    made.start(contact("c1"))
    (line,) = made.lines()
    assert line.machine == "detect"
    made.feed(e.LegAnswered(line.leg, is_machine=True), 1)
    assert c.HangUp(line.leg, 16) in made.commands
    assert made.phones() == []
    made.hung_up(line.leg, by="us")
    assert (made.ended().outcome, made.ended().next_at) == ("machine", made.now + HOUR)
    tally = made.campaign.cap.tally
    assert (tally.live, tally.abandoned, tally.machines) == (0, 0, 1)
    assert [fact.by for fact in made.of(f.AttemptAnswered)] == ["machine"]


def test_a_machine_hears_the_message_that_is_left_on_it() -> None:
    made = Calling(rules(detects_machines=True, machine_step="message"))
    made.start(contact("c1"))
    (line,) = made.lines()
    assert line.machine == "message"
    made.wait(30 * SECOND)
    made.feed(e.LegAnswered(line.leg, is_machine=True), 1)
    play = next(command for command in made.commands if isinstance(command, c.Play))
    assert (play.leg, play.sounds) == (line.leg, ("sorry",))
    assert made.of(f.OfferMade) == []


def test_who_leaves_while_the_switch_listens_has_hung_up() -> None:
    made = Calling(rules(detects_machines=True))
    made.start(contact("c1"))
    made.hung_up(made.lines()[0].leg, 16)
    assert made.ended().outcome == "hung_up"
    assert made.campaign.cap.tally.live == 0


def test_what_the_cap_has_stopped_goes_on_by_itself_in_the_next_period() -> None:
    period = abandon.Period(START - 100 * SECOND, 1_000 * SECOND)
    made = Calling(rules(cap=abandon.Rules(spare=0, period=period)))
    made.start(contact("c1"), contact("c2"))
    made.campaign.cap.is_stopped = True
    made.hung_up(made.lines()[0].leg, 17)
    made.wait(period.end(made.now) - made.now - SECOND)
    assert (len(made.lines()), made.campaign.cap.held) == (1, {})
    made.wait(2 * SECOND)
    assert (len(made.lines()), list(made.campaign.cap.held)) == (2, [ANNA])
