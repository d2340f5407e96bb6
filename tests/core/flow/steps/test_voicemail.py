"""`voicemail`."""

import re

from ccd.model.command import Play, RecordMessage
from ccd.model.event import MessageRecorded
from ccd.model.fact import MessageLeft
from ccd.model.ids import SECOND
from tests.core.flow.ivr import LEG, Ivr

FLOW = """
flow: f
steps:
  message: {voicemail: {mailbox: shop, greeting: {say: hello}, max_time: 1m, silence_time: 5s}}
  thanks: {play: {say: thanks}}
"""


def test_greeting_beep_message() -> None:
    """The tone is the recording's own: who hears it is recorded, even if the daemon dies there."""
    ivr = Ivr(FLOW).call().heard()
    assert ivr.played() == [("en:hello",)]
    command = ivr.last(RecordMessage)
    assert command.beep
    assert (command.max_time, command.silence_time) == (60 * SECOND, 5 * SECOND)
    assert re.fullmatch(r"[a-z0-9]+-[a-z0-9]+", command.name)
    ivr.message(4 * SECOND)
    (left,) = ivr.of(MessageLeft)
    assert (left.mailbox, left.name, left.length) == ("shop", command.name, 4 * SECOND)
    assert (ivr.way(), ivr.at()) == (["message: left"], "thanks")


def test_a_key_skips_the_greeting() -> None:
    ivr = Ivr(FLOW).call().press("1")
    assert ivr.stops() == 1
    ivr.heard("stopped")
    assert ivr.last(RecordMessage) is not None


def test_nothing_said_is_no_message() -> None:
    ivr = Ivr(FLOW).call().heard().message(0)
    assert (ivr.way(), ivr.of(MessageLeft)) == (["message: empty"], [])


def test_sounds_that_fail_do_not_keep_the_message_away() -> None:
    assert Ivr(FLOW).call().heard("failed").last(RecordMessage) is not None


def test_without_greeting_and_beep_it_records_at_once() -> None:
    text = FLOW.replace("greeting: {say: hello}", "beep: false")
    ivr = Ivr(text).call()
    assert ivr.played() == []
    assert not ivr.last(RecordMessage).beep


def test_the_key_that_ends_the_message_does_not_answer_the_next_menu() -> None:
    ivr = Ivr(FLOW).call().heard().press("1").message(SECOND)
    (call,) = ivr.engine.floor.calls.values()
    assert call.digits == ""


def test_a_greeting_is_stopped_by_a_key_and_the_recording_is_the_legs_next() -> None:
    ivr = Ivr(FLOW).call()
    assert ivr.last(Play) == Play(LEG, 1, ("en:hello",), until_digit=True)
    ivr.heard()
    message = ivr.last(RecordMessage)
    assert (message.leg, message.serial) == (LEG, 2)


def test_a_message_of_a_moment_is_one_and_one_of_an_earlier_recording_is_none() -> None:
    ivr = Ivr(FLOW).call().heard()
    serial = ivr.last(RecordMessage).serial
    ivr.feed(MessageRecorded(LEG, serial - 1, SECOND, "finished"), 1)
    assert ivr.way() == []
    ivr.feed(MessageRecorded(LEG, serial, 1, "finished"), 1)
    (call,) = ivr.engine.floor.calls
    assert ivr.of(MessageLeft) == [MessageLeft(call, "shop", ivr.last(RecordMessage).name, 1)]
    assert ivr.way() == ["message: left"]


def test_keys_before_the_greeting_are_forgotten_and_one_during_the_recording_changes_nothing() -> None:
    text = FLOW.replace("steps:\n", "steps:\n  hi: {play: {say: hi}}\n")
    ivr = Ivr(text).call().press("1").heard()
    assert ivr.played()[-1] == ("en:hello",)
    ivr.heard()
    assert ivr.last(RecordMessage) is not None
    recorded = len([one for one in ivr.commands if isinstance(one, RecordMessage)])
    ivr.press("3")
    assert len([one for one in ivr.commands if isinstance(one, RecordMessage)]) == recorded == 1
