"""Sessions with a real Asterisk, played again: the same bytes and commands give the same events and the same bytes."""

import re
from typing import Any

import msgspec
import pytest

from ccd.model.command import SwitchCommand
from ccd.model.event import SwitchEvent
from ccd.model.ids import SwitchName
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.asterisk.settings import Settings
from ccd.switch.base import Reaction
from ccd.switch.grammar import Grammar
from ccd.wire.ami import Action, Connection
from tests.transcript import FOLDER, NAMES, records

SESSIONS = [name for name in NAMES if name.startswith("driver-")]
_COMMANDS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(SwitchCommand)
_EVENTS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(SwitchEvent)


class Replay:
    """A driver in the place of the one that was recorded."""

    def __init__(self, name: str) -> None:
        title = (FOLDER / f"{name}.txt").read_text(errors="replace").partition("\n")[0]
        self.began = int(title.split()[-2])
        self.driver = AsteriskDriver(
            Settings(name=SwitchName("pbx"), username="ccd", secret="unknown", recordings="/spool/monitor")
        )
        self.connection = Connection()
        self.grammar = Grammar()
        self.made: list[object] = []

    def play(self, direction: str, data: bytes, now: int) -> None:
        text = data.decode("utf-8", "surrogateescape")
        if direction == "S->C":
            for message in self.connection.receive_data(data):
                self.take(self.driver.receive(message, now))
        elif text == "connected":
            self.connection = Connection()
            self.take(self.driver.connected(now))
        elif text == "tick":
            self.take(self.driver.tick(now))
        elif text.startswith("lost "):
            self.take(self.driver.lost(text.removeprefix("lost "), now))
        else:
            command = _COMMANDS.decode(text.removeprefix("do "))
            self.grammar.performed(command)
            self.take(self.driver.perform(command, now))

    def take(self, reaction: Reaction[Action]) -> None:
        self.driver.take_cut()
        sent = b"".join([self.connection.send(action) for action in reaction.messages])
        self.made += [re.sub(rb"Key: [0-9a-f]{32}", b"Key: masked", sent)] if sent else []
        for event in reaction.events:
            self.grammar.happened(event)
        self.made += reaction.events


@pytest.mark.parametrize("name", SESSIONS)
def test_the_same_again(name: str) -> None:
    replay = Replay(name)
    expected: list[object] = []
    for direction, at, data in records(name):
        if direction == "C->S":
            expected.append(data)
        elif data.startswith(b"told "):
            expected.append(_EVENTS.decode(data.removeprefix(b"told ")))
        else:
            replay.play(direction, data, replay.began + round(at * 1000))
        assert replay.made[: len(expected)] == expected[: len(replay.made)]
    assert replay.made == expected


def test_there_are_sessions() -> None:
    assert len(SESSIONS) >= 4
