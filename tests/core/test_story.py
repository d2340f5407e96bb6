"""Whole calls, event by event: every command and every fact of them, value by value."""

from dataclasses import replace

import pytest

from ccd.core.configuration import RecordingPolicy, Site
from ccd.core.floor import Outcome
from ccd.core.flow.expression import Literal
from ccd.core.flow.steps.caller import Caller
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer
from ccd.model import command as c
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.fact import AgentState
from ccd.model.ids import SECOND, AgentId, CallerId, CallId, Endpoint, LegId, OfferId, QueueId, RecordingId
from ccd.model.question import CallerRecord
from tests.core.centre import START, Centre, agent, configuration, flow, leg, queue

ANNA, SALES = AgentId("anna"), QueueId("sales")
PHONE, BERTAS_PHONE, TRUNK = Endpoint("PJSIP/anna"), Endpoint("PJSIP/berta"), Endpoint("PJSIP/trunk")
LOGGED_IN = START + 1
POP = "https://crm/{call}?caller={caller}&number={number}&queue={queue}"


def centre() -> Centre:
    """Anna is logged in. A flow `shop` with a queue, a flow `out` that leads outside; everything is recorded."""
    flows = {
        "shop": flow(
            "shop",
            wait=QueueStep("sales", priority=30 * SECOND, max_wait=60 * SECOND, on={"answered": "bye"}),
            bye=Hangup(),
        ),
        "out": flow("out", send=Transfer(to=Literal("+34911222333"), ring_time=20 * SECOND)),
    }
    always = RecordingPolicy("always")
    made = Centre(
        configuration(
            flows,
            (queue("sales", wrap_up_time=10 * SECOND, music="soft", recording=always),),
            (replace(agent("anna", sales=2), role="supervisor", outbound_cli="+34901"), agent("berta", sales=1)),
            site=Site(outbound_wrap_up_time=3 * SECOND, outbound_recording=always, screen_pop_url=POP),
        )
    )
    made.log_in("anna")
    return made


def began(made: Centre) -> CallId:
    """The call that began last."""
    return CallId(made.of(f.CallStarted)[-1].call)


def changed(old: AgentState, new: AgentState, reason: str, idle_since: int = LOGGED_IN) -> f.AgentChanged:
    """What is told of Anna."""
    return f.AgentChanged(ANNA, old, new, reason, PHONE, idle_since)


def test_a_caller_for_the_queue() -> None:
    made, caller = centre(), leg("1.1")
    arrived = made.feed(e.LegArrived(caller, "030", "Ann", "shop", number="+4930"), 1)
    call = began(made)
    assert arrived == Outcome(
        (
            c.Answer(caller),
            c.SetVariables(caller, (("CCD_CALL", call), ("CCD_FLOW", "shop"), ("CCD_FLOW_VERSION", "1"))),
        ),
        (
            f.CallStarted(call, caller, "inbound", "030", "Ann", "shop", "+4930", "shop", "1"),
            f.StepEntered(call, "shop", "wait", "queue"),
        ),
    )
    answered = made.answer(caller)
    offer, phone, entered = made.of(f.OfferMade)[0].offer, made.dialled()[0].leg, made.now
    recording = RecordingId(f"{call}-talk")
    assert phone == f"pbx/b1/ccd-{call}-{offer}"
    assert answered == Outcome(
        (
            c.Dial(
                phone,
                PHONE,
                15 * SECOND,
                outbound_cli="+4930",
                cli_name="sales - Ann",
                headers=(
                    ("X-CCD-Call", call),
                    ("X-CCD-URL", f"https://crm/{call}?caller=&number=%2B4930&queue=sales"),
                ),
                variables=(("CCD_CALL", call), ("CCD_ROLE", "agent"), ("CCD_OFFER", offer), ("CCD_AGENT", "anna")),
            ),
            c.StartRecording(caller, recording),
            c.Hold(caller, "soft"),
            c.SetVariables(
                caller,
                (
                    ("CCD_QUEUE", "sales"),
                    ("CCD_SINCE", str(entered)),
                    ("CCD_STEP", "wait"),
                    ("CCD_PRIORITY", str(30 * SECOND)),
                ),
            ),
        ),
        (
            f.QueueEntered(call, SALES, entered, 30 * SECOND),
            f.OfferMade(offer, call, SALES, ANNA, phone, LOGGED_IN, "caller", PHONE),
            changed("ready", "offered", call),
        ),
    )
    assert made.feed(e.LegRinging(phone), 1) == Outcome((), ())
    assert made.answer(phone) == Outcome((c.Bridge(caller, phone),), ())
    assert made.bridged(caller, phone) == Outcome(
        (c.SetVariables(caller, (("CCD_TALKED", str(made.now)), ("CCD_AGENT", "anna"))),),
        (
            f.OfferEnded(offer, call, ANNA, "accepted"),
            changed("offered", "talking", call),
            f.QueueLeft(call, SALES, "answered", 3),
            f.TalkBegan(call, caller, phone, ANNA),
            f.RecordingBegan(call, recording, False, "always"),
        ),
    )
    made.wait(5 * SECOND)
    assert made.hung_up(caller, 31) == Outcome(
        (c.HangUp(phone, 16),),
        (
            f.LegEnded(call, caller, 31, "far_end"),
            f.TalkEnded(call, 5 * SECOND + 1, "caller"),
            changed("talking", "wrap_up", ""),
            f.RecordingEnded(call, recording, "hang-up"),
        ),
    )
    assert made.hung_up(phone, 16, by="us") == Outcome(
        (), (f.LegEnded(call, phone, 16, "us"), f.CallEnded(call, "caller", 31))
    )
    assert made.wait(10 * SECOND) == Outcome((), (changed("wrap_up", "ready", "", made.now - 1),))


def test_an_agent_dials_out() -> None:
    made, phone = centre(), leg("2.1")
    dialled = made.feed(e.LegArrived(phone, "1004", "Anna", "600123", PHONE, "+34600123123"), 1)
    call, outside = began(made), made.dialled()[0].leg
    assert dialled == Outcome(
        (
            c.Dial(
                outside,
                TRUNK,
                60 * SECOND,
                "+34600123123",
                "+34901",
                variables=(("CCD_CALL", call), ("CCD_ROLE", "dialled")),
            ),
            c.SetVariables(phone, (("CCD_CALL", call),)),
        ),
        (
            f.CallStarted(call, phone, "outbound", "1004", "Anna", "600123", "+34600123123"),
            changed("ready", "talking", call),
            f.LegDialled(call, outside, TRUNK, "+34600123123", "rule all"),
        ),
    )
    recording = RecordingId(f"{call}-talk")
    assert made.answer(outside) == Outcome((c.Answer(phone), c.StartRecording(outside, recording)), ())
    assert made.answer(phone) == Outcome((c.Bridge(outside, phone),), ())
    assert made.bridged(outside, phone) == Outcome(
        (c.SetVariables(outside, (("CCD_TALKED", str(made.now)), ("CCD_AGENT", "anna"))),),
        (f.TalkBegan(call, outside, phone, ANNA), f.RecordingBegan(call, recording, False, "always")),
    )
    made.wait(5 * SECOND)
    assert made.hung_up(phone) == Outcome(
        (),
        (
            f.LegEnded(call, phone, 16, "far_end"),
            f.TalkEnded(call, 5 * SECOND + 1, "agent"),
            changed("talking", "wrap_up", ""),
        ),
    )
    assert made.returned(outside) == Outcome((c.HangUp(outside, 16),), ())
    assert made.hung_up(outside, by="us") == Outcome(
        (),
        (
            f.LegEnded(call, outside, 16, "us"),
            f.RecordingEnded(call, recording, "hang-up"),
            f.CallEnded(call, "us", 16),
        ),
    )
    assert made.wait(3 * SECOND) == Outcome((), (changed("wrap_up", "ready", "", made.now - 2),))


def test_a_colleague_is_busy() -> None:
    made, phone = centre(), leg("3.1")
    dialled = made.feed(e.LegArrived(phone, "1004", "Anna", "1005", PHONE), 1)
    call, other = began(made), made.dialled()[0].leg
    assert dialled == Outcome(
        (
            c.Dial(
                other,
                BERTAS_PHONE,
                60 * SECOND,
                outbound_cli="1004",
                variables=(("CCD_CALL", call), ("CCD_ROLE", "dialled")),
            ),
            c.SetVariables(phone, (("CCD_CALL", call),)),
        ),
        (
            f.CallStarted(call, phone, "internal", "1004", "Anna", "1005", ""),
            changed("ready", "talking", call),
            f.LegDialled(call, other, BERTAS_PHONE, "", "colleague"),
        ),
    )
    assert made.hung_up(other, 17, sip_code=486) == Outcome(
        (c.HangUp(phone, 17),),
        (f.LegEnded(call, other, 17, "far_end", 486), changed("talking", "ready", "", made.now)),
    )
    assert made.hung_up(phone, 17, by="us") == Outcome(
        (), (f.LegEnded(call, phone, 17, "us"), f.CallEnded(call, "caller", 17))
    )


@pytest.mark.parametrize(
    ("dialled", "number", "told", "why"),
    [
        ("900", "+1900", "+1900", "not a number in E.164"),
        ("00900123456", "+900123456", "+900123456", "no rule allows it for role supervisor"),
        ("*99", "", "*99", "not a number in E.164"),
        ("112", "112", "112", "not a number in E.164"),
    ],
)
def test_what_an_agent_may_not_dial(dialled: str, number: str, told: str, why: str) -> None:
    made, phone = centre(), leg("2.1")
    said = made.feed(e.LegArrived(phone, "1004", "Anna", dialled, PHONE, number), 1)
    call = began(made)
    assert said == Outcome(
        (c.HangUp(phone, 21), c.SetVariables(phone, (("CCD_CALL", call),))),
        (
            f.CallStarted(call, phone, "outbound", "1004", "Anna", dialled, number),
            f.DialForbidden(call, told, why),
        ),
    )


def test_a_caller_sent_outside_by_his_flow() -> None:
    made, caller = centre(), leg("4.1")
    arrived = made.feed(e.LegArrived(caller, "030", "Ann", "out", number="+4930", answered=True), 1)
    call, outside = began(made), made.dialled()[0].leg
    assert arrived == Outcome(
        (
            c.Dial(
                outside,
                TRUNK,
                20 * SECOND,
                "+34911222333",
                "+34900",
                variables=(("CCD_CALL", call), ("CCD_ROLE", "dialled")),
            ),
            c.Hold(caller),
            c.SetVariables(caller, (("CCD_CALL", call), ("CCD_FLOW", "out"), ("CCD_FLOW_VERSION", "1"))),
        ),
        (
            f.CallStarted(call, caller, "inbound", "030", "Ann", "out", "+4930", "out", "1"),
            f.StepEntered(call, "out", "send", "transfer"),
            f.LegDialled(call, outside, TRUNK, "+34911222333", "rule all"),
        ),
    )
    recording = RecordingId(f"{call}-talk")
    assert made.answer(outside) == Outcome((c.StartRecording(caller, recording), c.Bridge(caller, outside)), ())
    assert made.bridged(caller, outside) == Outcome(
        (c.SetVariables(caller, (("CCD_TALKED", str(made.now)), ("CCD_AGENT", ""))),),
        (f.TalkBegan(call, caller, outside, AgentId("")), f.RecordingBegan(call, recording, False, "always")),
    )
    made.wait(5 * SECOND)
    assert made.hung_up(outside) == Outcome(
        (), (f.LegEnded(call, outside, 16, "far_end"), f.TalkEnded(call, 5 * SECOND + 1, "agent"))
    )
    assert made.returned(caller) == Outcome((c.HangUp(caller, 16),), (f.StepLeft(call, "send", "answered"),))
    assert made.hung_up(caller, by="us") == Outcome(
        (),
        (
            f.LegEnded(call, caller, 16, "us"),
            f.RecordingEnded(call, recording, "hang-up"),
            f.CallEnded(call, "us", 16),
        ),
    )


def test_an_agent_pauses_by_phone() -> None:
    made, phone = centre(), leg("5.1")
    dialled = made.feed(e.LegArrived(phone, "1004", "Anna", "*73", PHONE), 1)
    call = began(made)
    assert dialled == Outcome(
        (c.Answer(phone), c.SetVariables(phone, (("CCD_CALL", call),))),
        (
            f.CallStarted(call, phone, "internal", "1004", "Anna", "*73", "", "*73"),
            f.StepEntered(call, "*73", "change_state", "change_state"),
        ),
    )
    assert made.answer(phone) == Outcome((c.Play(phone, 1, ("paused",)),), (changed("ready", "paused", ""),))
    assert made.feed(e.PlayEnded(phone, 1, "finished"), 1) == Outcome(
        (c.HangUp(phone, 16),), (f.StepLeft(call, "change_state", "pause"),)
    )


def test_an_agent_logs_in_by_phone() -> None:
    made, phone = centre(), leg("5.1")
    dialled = made.feed(e.LegArrived(phone, "1005", "Berta", "*71", BERTAS_PHONE), 1)
    call = began(made)
    assert dialled.facts[1] == f.StepEntered(call, "*71", "log_in", "log_in")
    assert made.answer(phone) == Outcome((c.Play(phone, 1, ("number",), until_digit=True),), ())
    for key in "1005":
        assert made.feed(e.DigitPressed(phone, key), 1) == Outcome((), ())
    assert made.feed(e.DigitPressed(phone, "#"), 1) == Outcome((c.Play(phone, 2, ("pin",), until_digit=True),), ())


def waiting_legs(made: Centre) -> tuple[LegId, LegId]:
    """A caller of the queue and Anna's phone, which rings for him."""
    made.arrive("shop", answered=True)
    return leg("1.1"), made.dialled()[-1].leg


@pytest.mark.parametrize(
    ("cause", "sip_code", "outcome", "agent_after", "back_off"),
    [
        (21, 603, "refused", "ready", 5 * SECOND),
        (17, 486, "busy", "ready", 5 * SECOND),
        (19, 480, "expired", "ready", 5 * SECOND),
        (3, 404, "unreachable", "ready", 5 * SECOND),
        (19, 600, "refused", "ready", 5 * SECOND),
        (0, 0, "lost", "ready", 0),
    ],
)
def test_an_offer_that_comes_to_nothing(
    cause: int, sip_code: int, outcome: f.OfferOutcome, agent_after: AgentState, back_off: int
) -> None:
    made = centre()
    caller, phone = waiting_legs(made)
    call, offer = began(made), OfferId(made.of(f.OfferMade)[0].offer)
    said = made.hung_up(phone, cause, sip_code=sip_code)
    until = made.now + back_off if back_off else 0
    assert said.facts[:3] == (
        f.LegEnded(call, phone, cause, "far_end", sip_code),
        f.OfferEnded(offer, call, ANNA, outcome, cause),
        f.AgentChanged(ANNA, "offered", agent_after, outcome, PHONE, LOGGED_IN, until),
    )
    assert c.Hold(caller, "soft") in said.commands
    assert len(made.dialled()) == (1 if back_off else 2)


def test_the_screen_shows_the_caller_by_his_record() -> None:
    flows = {"shop": flow("shop", who=Caller(), wait=QueueStep("sales"))}
    made = centre()
    made.configurations["h2"] = replace(made.configuration, hash="h2", flows=flows)
    made.feed(e.ConfigurationLoaded("h2"))
    arrived = made.arrive("shop", answered=True)
    (asked,) = (one for one in arrived.commands if isinstance(one, c.Ask))
    assert asked.deadline == made.now + SECOND
    made.feed(e.Answered(asked.question, CallerRecord(CallerId("a/b"), False, 2, {"name": "Dr Ann"})), 1)
    (dial,) = made.dialled()
    assert dial.cli_name == "sales - Dr Ann"
    assert dial.headers[1] == ("X-CCD-URL", f"https://crm/{began(made)}?caller=a%2Fb&number=%2B34600&queue=sales")


def test_the_phone_is_told_to_answer_by_itself_where_the_queue_says_so() -> None:
    made = centre()
    told = replace(made.configuration.queues[SALES], auto_answer=True)
    made.configurations["h2"] = replace(made.configuration, hash="h2", queues={SALES: told})
    made.feed(e.ConfigurationLoaded("h2"))
    made.arrive("shop", answered=True)
    (dial,) = made.dialled()
    assert dial.headers[2:] == (
        ("Call-Info", "<sip:ccd>;answer-after=0"),
        ("Alert-Info", "<http://ccd.invalid>;info=alert-autoanswer"),
    )
