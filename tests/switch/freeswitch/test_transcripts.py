"""Events that a real FreeSWITCH wrote, in their order: what the driver makes of them."""

from collections.abc import Iterator

import pytest

from ccd.model.command import Answer, Bridge, Dial, HangUp, Play
from ccd.model.event import (
    DigitPressed,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegRinging,
    LegsBridged,
    PlayEnded,
)
from ccd.model.ids import SECOND, Endpoint
from ccd.wire import esl
from tests.switch.freeswitch.scripted import Scripted, leg
from tests.transcript import records


def recorded(name: str) -> Iterator[esl.Event]:
    """The events of `transcripts/freeswitch/<name>.txt`."""
    connection = esl.Connection()
    for record in records(f"freeswitch/{name}"):
        for frame in connection.receive_data(record.data):
            assert isinstance(frame, esl.Event)
            yield frame


def through_our_dialplan(event: esl.Event) -> esl.Event:
    """The recorded calls did not go through ours: what it would have set."""
    return esl.Event({**event.headers, "variable_CCD_ROLE": "caller", "variable_CCD_DNIS": "park"}, event.body)


def test_a_whole_call() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    caller, agent = "93bd6eac-3396-41b6-b572-1041810b2241", "aa2d231b-73c7-4a13-b8c9-b254f48312dc"
    parked = 0
    for event in recorded("call"):
        if event.name == "CHANNEL_PARK":
            parked += 1
            event = through_our_dialplan(event)
        if event.get("Application-UUID") == "my-app-uuid-1":  # as it was called there
            event = esl.Event({**event.headers, "Application-UUID": "play.1.1"})
        it.receive("events", event)
        if event.name == "CHANNEL_PARK" and parked == 1:
            it.is_silent = True
            it.do(Answer(leg(caller)))
            it.do(Play(leg(caller), 1, ("prompt",)))
        elif event.get("DTMF-Digit") == "4":
            it.do(Dial(leg(agent), Endpoint("user/1001"), 20 * SECOND))
        elif event.name == "CHANNEL_PARK":
            it.do(Bridge(leg(caller), leg(agent)))
    told = it.told()
    assert told[0] == LegArrived(leg(caller), "alice", "Jürgen Café", "park")
    assert told[1:] == [
        LegAnswered(leg(caller)),
        PlayEnded(leg(caller), 1, "finished"),
        *[DigitPressed(leg(caller), digit) for digit in "1234"],
        LegRinging(leg(agent)),
        LegAnswered(leg(agent)),
        DigitPressed(leg(caller), "#"),
        LegsBridged(leg(caller), leg(agent)),
        LegHungUp(leg(agent), 16, "switch"),
        LegHungUp(leg(caller), 16, "far_end"),
    ]


def test_phones_that_refuse() -> None:
    """Each with its cause and SIP code; BACKGROUND_JOB came before or behind the end."""
    it = Scripted()
    it.log_in()
    it.told()
    for event in recorded("refusals"):
        if event.name == "CHANNEL_CREATE":
            it.do(Dial(leg(event.uuid), Endpoint("user/1001"), 20 * SECOND))
        if event.name == "CHANNEL_PROGRESS" and event.uuid.startswith("146912e1"):
            it.do(HangUp(leg(event.uuid), 26))
        if event.name == "BACKGROUND_JOB":  # whose it was is in the order: each phone was rung after the one before
            last = list(it.grammar.legs)[-1:] or [leg("none")]
            event = esl.Event({**event.headers, "Job-UUID": f"ccd-{last[0].rpartition('/')[2]}"}, event.body)
        it.receive("events", event)
    it.wait(SECOND)
    over = [(one.cause, one.sip_code, one.by) for one in it.told() if isinstance(one, LegHungUp)]
    assert over == [
        (17, 486, "far_end"),
        (18, 480, "far_end"),
        (1, 404, "far_end"),
        (21, 603, "far_end"),
        (41, 503, "far_end"),
        (102, 408, "far_end"),
        (19, 0, "switch"),
        (26, 0, "us"),
    ]


def test_a_caller_who_gives_up_before_he_is_answered() -> None:
    it = Scripted()
    it.log_in()
    it.told()
    for event in recorded("cancel"):
        it.receive("events", through_our_dialplan(event) if event.name == "CHANNEL_PARK" else event)
    arrived, over = it.told()
    assert isinstance(arrived, LegArrived)
    assert not arrived.answered
    assert over == LegHungUp(arrived.leg, 16, "far_end", 487)


@pytest.mark.parametrize("name", ["call", "refusals", "cancel"])
def test_no_event_of_somebody_elses_call_concerns_us(name: str) -> None:
    it = Scripted()
    it.log_in()
    it.told()
    for event in recorded(name):
        it.receive("events", event)
    assert it.told() == []
    assert not [text for text in it.asked() if text.startswith(("uuid_", "execute"))]
