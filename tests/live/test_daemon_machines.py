"""Answering machines: Asterisk listens who has picked up; a machine gets its message, a person an agent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.sip_peer import SipPeer
from tests.live.daemon_harness import (
    IS_FREESWITCH,
    OUTSIDE_TONE,
    SITE,
    CallCentre,
    answered,
    call_centre,
    ended,
    endpoint,
    hears,
    prompt,
    until,
)

pytestmark = [
    pytest.mark.live,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(IS_FREESWITCH, reason="FreeSWITCH does not tell machines apart"),
]
MESSAGE_TONE = 2_300
PERSON, MACHINE = "+34910000201", "+34910000202"
HELLO, GREETING = 0.5, 4.0
"""How long a person and a machine speak, s."""


def settings(folder: Path) -> dict[str, Any]:
    rule = SITE["dial_policy"]["rules"][-1]
    return {
        "queues": {"outreach": {"requires": {"sales": 1}, "auto_answer": True}},
        "agents": {"ana": {"number": "1001", "name": "Ana", "skills": {"sales": 5}, "endpoint": endpoint("1001")}},
        "campaigns": {
            "spring": {
                "queue": "outreach",
                "pacing": {"algorithm": "progressive"},
                "machines": {"detect": True, "message": {"sound": prompt(folder, "message", MESSAGE_TONE, 1.5)}},
                "calling_hours": ["always"],
                "attempts": {"all": 1},
            }
        },
        "calling_hours": {"always": {"numbers": ["+*"], "hours": {"monday-sunday": "00:00-24:00"}}},
        "dial_policy": {"rules": [{**rule, "roles": ["dialler"]}]},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(installed: Packages, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallCentre]:
    folder = tmp_path_factory.mktemp("sounds")
    flow = f"flow: unused\nsteps:\n  hello:\n    play: {{sound: {prompt(folder, 'hello', 1900, 0.2)}}}\n"
    async with call_centre(installed, settings(folder), lambda _: {"unused": flow}) as it:
        yield it


async def dialled(outside: SipPeer, number: str) -> PeerCall:
    """The call to somebody outside."""

    async def found() -> PeerCall | None:
        return next((call for call in outside.history if call.is_incoming and number.endswith(call.number[-9:])), None)

    return await until(found, f"a call to {number}", 30.0)


async def picks_up(outside: SipPeer, number: str, seconds: float) -> PeerCall:
    """Whoever is called says something when he has picked up, and then nothing."""
    call = await dialled(outside, number)
    await answered(call)
    assert call.stream is not None
    await asyncio.sleep(seconds)
    call.stream.say(0)
    return call


async def outcome(centre: CallCentre, contact: str) -> Any:
    """Of the one attempt there was."""

    async def over() -> Any:
        found = await centre.centre.get(f"/v1/campaigns/spring/contacts?number={quote(contact)}")
        told = await centre.centre.get(f"/v1/contacts/{found['contacts'][0]['id']}")
        return told["attempts"][0] if told["attempts"] and told["attempts"][0].get("outcome") else None

    return await until(over, f"the end of the attempt at {contact}", 20.0)


async def test_a_machine_gets_the_message_and_a_person_the_agent(centre: CallCentre) -> None:
    await centre.log_in("ana")
    await centre.agent_is("ana", "ready")
    for number in (MACHINE, PERSON):
        await centre.centre.post("/v1/campaigns/spring/contacts", {"contacts": [{"numbers": [number]}]})
    they = [picks_up(centre.outside, number, seconds) for number, seconds in ((MACHINE, GREETING), (PERSON, HELLO))]
    first, second = (asyncio.create_task(one) for one in they)
    await centre.centre.post("/v1/campaigns/spring/start")

    machine = await first
    await hears(machine, MESSAGE_TONE, 1.0, within=20.0)
    await ended(machine)
    told = await outcome(centre, MACHINE)
    assert (told["outcome"], told["by"]) == ("machine", "machine")

    person = await second
    await centre.agent_is("ana", "talking")
    assert person.stream is not None
    person.stream.say(OUTSIDE_TONE)
    await hears(person, 900)
    person.hang_up()
    await ended(person)
    told = await outcome(centre, PERSON)
    assert (told["outcome"], told["by"], told["agent"]) == ("talked", "person", "ana")
    await centre.assert_quiet()
