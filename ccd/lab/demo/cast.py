"""Who takes part: eight callers with their scripts, and what must come of each call."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccd.lab.caller import HangUp, HearSpeech, HearTone, Press, Script, Step, Tell, Until, Wait
from ccd.lab.demo.site import HELPDESK, HOTLINE, SHOP

TALK = 2.0
"""Seconds for which a caller listens to who answered, before he hangs up."""


@dataclass(frozen=True)
class Expected:
    """What the call's record must say.

    `way` are the steps in order; `offers` agent and outcome; `talked_with` the agent, or "outside"; `outcome` that of
    the queue; `fields` what the caller's record holds afterwards.
    """

    way: str
    created: bool
    offers: Sequence[tuple[str, str]] = ()
    talked_with: str = ""
    outcome: str = ""
    ended_by: str = "caller"
    voicemail: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One caller. `record` is what is known of him beforehand; he dials `delay` seconds after `cue`, or at once."""

    id: str
    who: str
    does: str
    script: Script
    expected: Expected
    delay: float = 0.0
    cue: asyncio.Event | None = None
    record: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """His number in E.164."""
        return f"+34{self.script.number}"


def cast(opened: asyncio.Event, tones: Sequence[int], duty_tone: int) -> tuple[Part, ...]:
    """The eight; `opened` is when the agents are in, `tones` are what their phones say, `duty_tone` what the duty
    service does (Hz).

    Who says nothing needs three quarters of a minute for it, so he begins while the agents still log in.
    """
    repairs_talk, waiting_gone, premium_talk = asyncio.Event(), asyncio.Event(), asyncio.Event()
    answered = HearTone(tones, TALK, within=60)
    return (
        Part(
            "silent",
            "Unknown, says nothing",
            "types no key, hears the menu three times, goes to sales; Ana is on a break",
            _script(SHOP, "600100003", answered, HangUp()),
            Expected("known greet welcome choose sales", True, [("ben", "accepted")], "ben", "answered"),
        ),
        Part(
            "lucia",
            "Lucia Gomez, known",
            "is greeted by name, types 1 into the prompt",
            _script(SHOP, "600100001", Wait(4), Press("1"), answered, HangUp()),
            Expected(
                "known greet welcome_back choose sales",
                False,
                [("ana", "accepted")],
                "ana",
                "answered",
                fields={"name": "Lucia Gomez", "tier": "gold"},
            ),
            delay=0.3,
            cue=opened,
            record={"name": "Lucia Gomez", "tier": "gold"},
        ),
        Part(
            "wrong",
            "Unknown, types a wrong key",
            "types 7, which is nothing, then 2, then the number of a repair",
            _script(
                SHOP,
                "600100002",
                *(Wait(3), Press("7"), Wait(2), Press("2"), Wait(1.5), Press("4711#")),
                *(answered, Tell(repairs_talk), Until(waiting_gone), HangUp()),
            ),
            Expected(
                "known greet welcome choose repairs repairs_queue", True, [("carla", "accepted")], "carla", "answered"
            ),
            delay=0.6,
            cue=opened,
        ),
        Part(
            "impatient",
            "Unknown, hangs up waiting",
            "types 2 and # ahead; Carla is talking, so he hears music, and leaves",
            _script(SHOP, "600100004", Press("2#"), Wait(5), HangUp(), Tell(waiting_gone)),
            Expected("known greet welcome choose repairs repairs_queue", True, outcome="abandoned"),
            cue=repairs_talk,
        ),
        Part(
            "night",
            "Unknown, outside hours",
            "hears that it is closed, types 9: the duty service answers, over the trunk",
            _script(HOTLINE, "600100005", HearSpeech(), Wait(2), Press("9"), HearTone([duty_tone], TALK), HangUp()),
            Expected("open night duty duty_service", False, talked_with="outside"),
            delay=0.9,
            cue=opened,
        ),
        Part(
            "message",
            "Pedro Saenz, known",
            "calls outside hours, types 1, skips the greeting, leaves a message",
            _script(
                HOTLINE,
                "600100006",
                *(HearSpeech(), Wait(2), Press("1"), Wait(2), Press("#"), Wait(4), Press("#")),
            ),
            Expected(
                "open night duty message thanks thank bye",
                False,
                ended_by="us",
                voicemail=True,
                fields={"name": "Pedro Saenz"},
            ),
            delay=1.2,
            cue=opened,
            record={"name": "Pedro Saenz"},
        ),
        Part(
            "premium",
            "Marta Rubio, known, premium",
            "is asked in Spanish, types her contract; Dan refuses, she keeps her place, Eva answers",
            _script(
                HELPDESK, "600100007", HearSpeech(), Press("123456"), answered, Tell(premium_talk), Wait(1), HangUp()
            ),
            Expected(
                "known remembered use_remembered open contract write_contract tier premium",
                False,
                [("dan", "refused"), ("eva", "accepted")],
                "eva",
                "answered",
                fields={"name": "Marta Rubio", "tier": "premium", "language": "es", "contract": "123456"},
            ),
            delay=1.5,
            cue=opened,
            record={"name": "Marta Rubio", "tier": "premium", "language": "es"},
        ),
        Part(
            "spanish",
            "Unknown, chooses Spanish",
            "types 2, a contract that is none, then a right one; his language is remembered",
            _script(
                HELPDESK,
                "600100008",
                *(HearSpeech(), Wait(1), Press("2"), Wait(2), Press("012345"), Wait(2), Press("654321")),
                *(answered, HangUp()),
            ),
            Expected(
                "known remembered ask_language spanish remember open contract write_contract tier support",
                True,
                [("dan", "accepted")],
                "dan",
                "answered",
                fields={"language": "es", "contract": "654321"},
            ),
            cue=premium_talk,
        ),
    )


def _script(dials: str, number: str, *steps: Step) -> Script:
    return Script(dials, number, steps=steps, longest=90.0)
