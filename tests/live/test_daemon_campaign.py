"""A campaign from the list to the report, by the command line on a running daemon; people outside answer real calls."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from tests.live.daemon_harness import SITE, CallCentre, answered, call_centre, ended, endpoint, prompt, until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
LIST = """number;name;tier
910 000 101;Pia;gold
+34 910 000 101;Pia again;
nonsense;Nobody;
910 000 102;Pep;
"""
PIA, PEP = "+34910000101", "+34910000102"


def settings() -> dict[str, Any]:
    trunk_rule = SITE["dial_policy"]["rules"][-1]
    return {
        "queues": {"outreach": {"requires": {"sales": 1}, "auto_answer": True, "wrap_up_time": "1s"}},
        "agents": {"ana": {"number": "1001", "name": "Ana", "skills": {"sales": 5}, "endpoint": endpoint("1001")}},
        "campaigns": {
            "spring": {
                "queue": "outreach",
                "pacing": {"algorithm": "progressive"},
                "abandon": {"spare": 0},
                "calling_hours": ["always"],
                "outbound_cli": "+34910000001",
                "dispositions": {"sold": {"name": "Has bought", "done": True}},
            }
        },
        "calling_hours": {"always": {"numbers": ["+*"], "hours": {"monday-sunday": "00:00-24:00"}}},
        "dial_policy": {"rules": [{**trunk_rule, "roles": ["dialler"]}]},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(), lambda folder: {"unused": unused(folder)}) as it:
        yield it


def unused(folder: Path) -> str:
    """A site has a flow at least."""
    return f"flow: unused\nsteps:\n  hello:\n    play: {{sound: {prompt(folder, 'hello', 1900, 0.2)}}}\n"


async def ccd(centre: CallCentre, *arguments: str) -> str:
    """The command as somebody types it; what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccd", "--url", centre.centre.url, *arguments),
        env={"CCD_TOKEN": centre.centre.token, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (arguments, out, err)
    return out.decode()


async def test_from_the_list_to_the_report(centre: CallCentre, tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    file.write_text(LIST, encoding="utf-16")
    done = json.loads(await ccd(centre, "campaign", "import", "spring", str(file), "--json"))
    assert (done["added"], done["duplicates"], done["wrong"]) == (2, 1, 1)
    assert "Nobody" in (tmp_path / "spring.errors.csv").read_text()
    await ccd(centre, "do-not-call", "add", "global", PEP, "--reason", "asked us")

    await centre.log_in("ana")
    await centre.agent_is("ana", "ready")
    await ccd(centre, "campaign", "start", "spring")
    call = await rung(centre)
    assert call.number.endswith("910000101")
    await answered(call)
    await centre.agent_is("ana", "talking")
    attempt = (await centre.agent("ana")).call
    assert attempt is not None
    shown = await centre.centre.get(f"/v1/attempts/{attempt}/contact")
    assert (shown["contact"]["name"], shown["contact"]["fields"]) == ("Pia", {"tier": "gold"})
    assert shown["dispositions"] == ["sold"]
    await centre.centre.post(f"/v1/attempts/{attempt}/disposition", {"disposition": "sold", "note": "two of them"})
    call.hang_up()
    await ended(call)

    async def over() -> dict[str, Any] | None:
        told: dict[str, Any] = json.loads(await ccd(centre, "campaign", "report", "spring", "--json"))
        return told if told["outcomes"] == {"talked": 1} else None

    report = await until(over, "the attempt in the report", 15.0)
    total = report["total"]
    assert (total["dials"], total["live"], total["talked"], total["abandoned"]) == (1, 1, 1, 0)
    assert report["dispositions"] == {"sold": 1}
    assert 0 < report["longest_wait"] < 2_000_000
    pia = json.loads(await ccd(centre, "campaign", "contact", "spring", PIA, "--json"))
    assert (pia["state"], pia["result"], pia["attempts"][0]["agent"]) == ("done", "sold", "ana")
    assert pia["attempts"][0]["reasons"]
    pep = json.loads(await ccd(centre, "campaign", "contact", "spring", PEP, "--json"))
    assert (pep["attempts"], pep["state"]) == ([], "done")
    assert "a line for each free agent" in await ccd(centre, "why", "--campaign", "spring")
    assert "no contact may be dialled now" in await ccd(centre, "campaign", "list")
    await ccd(centre, "campaign", "stop", "spring")
    await centre.assert_quiet()


async def rung(centre: CallCentre) -> PeerCall:
    """The first that was called outside."""

    async def found() -> PeerCall | None:
        return next((call for call in centre.outside.history if call.is_incoming), None)

    return await until(found, "dialled line", 15.0)
