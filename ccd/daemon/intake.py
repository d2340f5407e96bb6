"""What is done to an input before the engine sees it: numbers in E.164, text that is Unicode, secrets to the vault."""

import re
from collections.abc import Callable

from msgspec.structs import replace

from ccd.core.engine import Engine
from ccd.daemon.absence import Absence
from ccd.daemon.vault import Vault
from ccd.model.event import AnyEvent, DigitPressed, LegArrived, LegHungUp, LegReferred, LegReturned
from ccd.model.ids import LegId, Moment

_IN_NO_NUMBER = re.compile(r"[^+0-9A-Za-z*#._]")


class Intake:
    """Called for each input just before it is handled: what an earlier one made secret is secret already."""

    def __init__(self, engine: Engine, vault: Vault, absence: Absence, normalise: Callable[[str], str]) -> None:
        """`normalise` turns a number as received into E.164, or an empty text."""
        self._engine = engine
        self._vault = vault
        self._absence = absence
        self._normalise = normalise

    def __call__(self, event: AnyEvent) -> AnyEvent:
        """The input as it is journalled and handled."""
        self._absence.noted(event)
        match event:
            case LegArrived():
                ani = plain(event.ani)
                return replace(
                    event,
                    number=self._normalise(event.dnis if event.endpoint else ani),
                    ani=ani,
                    ani_name=readable(event.ani_name),
                    dnis=readable(event.dnis),
                )
            case LegHungUp() | LegReturned():
                at = self._absence.end_of_talk(event.leg, self._talk_began(event.leg))
                return replace(event, at=at) if at else event
            case LegReferred():
                return replace(event, number=self._normalise(event.dialled), dialled=readable(event.dialled))
            case DigitPressed():
                secret = self._engine.secret(event.leg)
                return event if secret is None else self._vault.take(event, *secret)
        return event

    def _talk_began(self, leg: LegId) -> Moment:
        known = self._engine.floor.legs.get(leg)
        return self._engine.floor.calls[known.call].talk_began if known else 0


def plain(number: str) -> str:
    """A number as somebody shows it, without what is in none: Asterisk leaves that out itself, FreeSWITCH does not."""
    return _IN_NO_NUMBER.sub("", number)


def readable(text: str) -> str:
    """Bytes that were no UTF-8, kept as surrogates so far, become replacement marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
