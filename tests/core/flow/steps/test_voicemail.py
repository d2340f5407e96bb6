"""`voicemail`."""

import re

from ccd.model.command import RecordMessage
from ccd.model.fact import MessageLeft
from ccd.model.ids import SECOND
from tests.core.flow.ivr import Ivr

FLOW = """
flow: f
steps:
  message: {voicemail: {mailbox: shop, greeting: {say: hello}, max_time: 1m, silence_time: 5s}}
  thanks: {play: {say: thanks}}
"""


def test_greeting_beep_message() -> None:
    ivr = Ivr(FLOW).call().heard().heard()
    assert ivr.played() == [("en:hello",), ("beep",)]
    command = ivr.last(RecordMessage)
    assert (command.max_time, command.silence_time) == (60 * SECOND, 5 * SECOND)
    assert re.fullmatch(r"[a-z0-9]+-[a-z0-9]+", command.name)
    ivr.message(4 * SECOND)
    (left,) = ivr.of(MessageLeft)
    assert (left.mailbox, left.name, left.length) == ("shop", command.name, 4 * SECOND)
    assert (ivr.way(), ivr.at()) == (["message: left"], "thanks")


def test_a_key_skips_the_greeting() -> None:
    ivr = Ivr(FLOW).call().press("1")
    assert ivr.stops() == 1
    assert ivr.played()[-1] == ("beep",)


def test_nothing_said_is_no_message() -> None:
    ivr = Ivr(FLOW).call().heard().heard().message(0)
    assert (ivr.way(), ivr.of(MessageLeft)) == (["message: empty"], [])


def test_sounds_that_fail_do_not_keep_the_message_away() -> None:
    assert Ivr(FLOW).call().heard("failed").heard("failed").last(RecordMessage) is not None


def test_without_greeting_and_beep_it_records_at_once() -> None:
    text = FLOW.replace("greeting: {say: hello}", "beep: false")
    ivr = Ivr(text).call()
    assert ivr.played() == []
    assert ivr.last(RecordMessage) is not None


def test_the_key_that_ends_the_message_does_not_answer_the_next_menu() -> None:
    ivr = Ivr(FLOW).call().heard().heard().press("1").message(SECOND)
    (call,) = ivr.engine.floor.calls.values()
    assert call.digits == ""
