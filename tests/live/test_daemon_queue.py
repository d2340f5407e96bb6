"""Queues end to end: a real Asterisk, phones and callers; which agent, in what order, and what if he does not."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab import tones
from ccd.lab.packages import Packages
from ccd.lab.sip_peer import Reply
from tests.live.daemon_harness import (
    CALLER_TONE,
    IS_FREESWITCH,
    PHONE_TONES,
    PROMPT_TONE,
    CallCentre,
    answered,
    call_centre,
    ended,
    endpoint,
    hears,
    prompt,
    sound,
    until,
)

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SALES, SLOW, TOLD, SHORT, NOBODY = "4930001", "4930002", "4930003", "4930004", "4930005"
QUICK = {"ring_time": "1s", "retry_time": "2s", "requires": {"sales": 1}}


def settings(folder: Path) -> dict[str, Any]:
    message = {"sound": prompt(folder, "message", PROMPT_TONE, 1.0)}
    announcements = {"first_after": "1s", "every": "5s", "position": False, "expected_wait": False, "message": message}
    return {
        "numbers": {SALES: "sales", SLOW: "slow", TOLD: "told", SHORT: "short", NOBODY: "nobody"},
        "queues": {
            "sales": QUICK,
            "slow": {**QUICK, "wrap_up_time": "1500ms"},
            "told": {**QUICK, "announcements": announcements},
            "billing": {"requires": {"billing": 1}},
        },
        "agents": {
            "anna": {"number": "1001", "name": "Anna", "skills": {"sales": 5}, "endpoint": endpoint("1001")},
            "ben": {"number": "1002", "name": "Ben", "skills": {"sales": 3}, "endpoint": endpoint("1002")},
            "carl": {"number": "1003", "name": "Carl", "skills": {"sales": 3}, "endpoint": endpoint("1003")},
            "dora": {"number": "1004", "name": "Dora", "skills": {"sales": 2}, "endpoint": endpoint("1004")},
            "gone": {"number": "1099", "name": "Gone", "skills": {"sales": 9}, "endpoint": endpoint("1099")},
        },
    }


def flows(folder: Path) -> Mapping[str, str]:
    plain = {name: f"flow: {name}\nsteps:\n  wait:\n    queue: {name}\n" for name in ("sales", "slow", "told")}
    mailbox = "  mail:\n    voicemail: {mailbox: shop, silence_time: 2s}\n  bye:\n    hangup:\n"
    short = "flow: short\nsteps:\n  wait:\n    queue: {queue: sales, max_wait: 1s, on: {overflowed: mail}}\n" + mailbox
    nobody = "flow: nobody\nsteps:\n  wait:\n    queue: {queue: billing, on: {no_agent: mail}}\n" + mailbox
    return {**plain, "short": short, "nobody": nobody}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallCentre]:
    prompts = tmp_path_factory.mktemp("prompts")
    async with call_centre(installed, settings(prompts), flows) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    yield house
    await house.assert_quiet()


async def test_best_skill_then_longest_idle_then_who_waits_longest(centre: CallCentre) -> None:
    await centre.log_in("carl", "ben", "anna")
    calls = []
    for agent in ("anna", "carl", "ben"):
        calls.append(centre.call(SALES))
        assert (await centre.phase(calls[-1], "talking")).agent == agent
    first, second = centre.call(SALES), None
    await centre.phase(first, "waiting")
    second = centre.call(SALES)
    assert (await centre.phase(second, "waiting")).position == 2
    calls[1].hang_up()
    assert (await centre.phase(first, "talking")).agent == "carl"
    await hears(first, PHONE_TONES["1003"])
    await hears(centre.rung("1003")[-1], CALLER_TONE)
    for call in (*calls, second, first):
        call.hang_up()
    why = await centre.why(await centre.cdr(first))
    assert "carl became free" in why.offers[0].reason
    assert (await centre.cdr(second)).visits[0].outcome == "abandoned"
    best = await centre.why(await centre.cdr(calls[0]))
    assert "higher level in sales: 5 against 3" in best.offers[0].reason


async def test_refused_busy_silent_and_answered_in_the_old_place(centre: CallCentre) -> None:
    centre.answers |= {"1001": Reply(603), "1002": Reply(486), "1003": None}
    await centre.log_in("anna", "ben", "carl", "dora")
    call = centre.call(SALES)
    talking = await centre.phase(call, "talking")
    assert talking.agent == "dora"
    call.hang_up()
    cdr = await centre.cdr(call)
    assert [(offer.agent, offer.outcome) for offer in cdr.offers] == [
        ("anna", "refused"),
        ("ben", "busy"),
        ("carl", "expired"),
        ("dora", "accepted"),
    ]
    assert len(cdr.visits) == 1
    assert cdr.visits[0].waiting_since == cdr.visits[0].entered_at
    assert (await ended(centre.rung("1003")[-1])).code == 487


@pytest.mark.skipif(IS_FREESWITCH, reason="FreeSWITCH names no phone that was not registered yet: nobody logs in there")
async def test_a_phone_that_is_not_registered_gets_no_calls(centre: CallCentre) -> None:
    await centre.log_in("gone", "ben")
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "ben"
    call.hang_up()
    cdr = await centre.cdr(call)
    assert [offer.agent for offer in cdr.offers] == ["ben"]
    candidates = cdr.offers[0].explanation.candidates if cdr.offers[0].explanation else ()
    assert next(one.refusal for one in candidates if one.agent == "gone")


async def test_an_agent_who_misses_three_calls_is_paused(centre: CallCentre) -> None:
    centre.answers["1001"] = Reply(603)
    await centre.log_in("anna")
    call = centre.call(SALES)
    paused = await centre.agent_is("anna", "paused", within=12)
    assert "3" in paused.reason
    assert (await centre.phase(call, "waiting")).position == 1
    await centre.log_in("ben")
    await centre.phase(call, "talking")
    call.hang_up()
    assert [offer.outcome for offer in (await centre.cdr(call)).offers] == ["refused"] * 3 + ["accepted"]


async def test_no_call_during_wrap_up(centre: CallCentre) -> None:
    await centre.log_in("anna")
    call = centre.call(SLOW)
    await centre.phase(call, "talking")
    call.hang_up()
    await centre.agent_is("anna", "wrap_up")
    second = centre.call(SLOW)
    assert (await centre.phase(second, "waiting")).agent is None
    await centre.phase(second, "talking")
    second.hang_up()
    first_talk, offer = (await centre.cdr(call)).talks[0], (await centre.cdr(second)).offers[0]
    assert 1_500_000 <= offer.made_at - first_talk.ended_at < 1_700_000
    await centre.agent_is("anna", "wrap_up")
    await centre.centre.post("/v1/agents/anna/end-wrap-up")
    assert (await centre.agent("anna")).state == "ready"


async def test_an_announcement_between_the_music_gives_way_to_an_agent(centre: CallCentre) -> None:
    call = centre.call(TOLD)
    await answered(call)
    await hears(call, PROMPT_TONE, 0.3)
    await centre.log_in("ben")
    await centre.phase(call, "talking", within=1.0)
    await hears(call, PHONE_TONES["1002"])
    assert sound(call).heard(PROMPT_TONE).seconds < 0.9, "the announcement was not cut short"
    call.hang_up()
    assert (await centre.cdr(call)).talks


async def test_the_longest_wait_leads_to_voicemail(centre: CallCentre) -> None:
    centre.answers["1001"] = None
    await centre.log_in("anna")
    call = centre.call(SHORT)

    async def recording() -> bool:
        view = await centre.running(call)
        return view is not None and view.step == "mail"

    await until(recording, "voicemail")
    await asyncio.sleep(2.0)  # the message itself
    sound(call).press("#")
    await ended(call)
    cdr = await centre.cdr(call)
    assert [visit.outcome for visit in cdr.visits] == ["overflowed"]
    assert 900_000 <= cdr.wait_time <= 3_000_000
    assert cdr.offers[-1].outcome in ("expired", "withdrawn")
    message = centre.recording(cdr.voicemails[0].path)
    assert tones.heard(message.channels[0], message.rate, CALLER_TONE).seconds > 0.5  # of 2 s, on a busy machine


async def test_nobody_with_the_skill_is_logged_in(centre: CallCentre) -> None:
    await centre.log_in("anna")
    call = centre.call(NOBODY)

    async def at_mail() -> bool:
        view = await centre.running(call)
        return view is not None and view.step == "mail"

    await until(at_mail, "voicemail", 2.0)
    call.hang_up()
    assert [visit.outcome for visit in (await centre.cdr(call)).visits] == ["no_agent"]


async def test_a_paused_agent_gets_no_calls_and_one_who_logs_out_in_a_talk_keeps_it(centre: CallCentre) -> None:
    await centre.log_in("anna", "ben")
    await centre.centre.post("/v1/agents/anna/pause", {"reason": "lunch"})
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "ben"
    await centre.centre.post("/v1/agents/ben/logout")
    await hears(call, PHONE_TONES["1002"], 0.5)
    call.hang_up()
    await centre.agent_is("ben", "logged_out")
    assert (await centre.cdr(call)).talks[0].ended_by == "caller"
