"""What the commands say and how they end."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from ccd.cli.main import COMMANDS
from ccd.model.event import LogInRequested, PauseRequested
from ccd.model.fact import AgentChanged
from ccd.model.ids import Endpoint, RecordingId, RequestId
from ccd.web.token import hash_token
from tests.cli.conftest import Command
from tests.web.centre import ANA, BEA, CARL, KNOWN, NOW, OTHER, PAST, TALK, SmallCentre


async def test_status_shows_switch_queues_and_fails_when_not_ready(ccd: Command, centre: SmallCentre) -> None:
    code, out, _ = await ccd("status")
    assert code == 0
    assert "Shop  takes calls" in out
    assert re.search(r"switch pbx +ok", out)
    assert re.search(r"Sales +1 +0:07 +1 +2 +1 +10 +8 +2 +60% \(6/10\)", out)
    centre.ready = False
    code, out, _ = await ccd("status")
    assert (code, "takes no calls" in out) == (1, True)


async def test_agents_are_listed_and_for_scripts_as_json(ccd: Command) -> None:
    _, out, _ = await ccd("agents")
    assert re.search(r"ana +Ana +101 +ready", out)
    code, out, _ = await ccd("agents", "--json", by="bea")
    assert [agent["id"] for agent in json.loads(out)["agents"]] == ["bea"]
    assert code == 0


async def test_agents_log_in_and_pause(ccd: Command, centre: SmallCentre) -> None:
    assert (await ccd("agents", "login", "carl", "PJSIP/1003")).out == "carl: logged in at PJSIP/1003\n"
    assert (await ccd("agents", "pause", "ana", "tea")).code == 0
    assert centre.requests == [
        LogInRequested(RequestId("r-0"), "root", CARL, Endpoint("PJSIP/1003")),
        PauseRequested(RequestId("r-1"), "root", ANA, "tea"),
    ]


async def test_calls_that_run_and_ran(ccd: Command) -> None:
    _, out, _ = await ccd("calls")
    assert re.search(r"c-2 +inbound +waiting .* sales \(1\.\)", out)
    _, out, _ = await ccd("calls", "past", "--queue", "sales")
    assert re.search(r"c-0 +inbound .* 0:04 +1:20 +bea", out)


async def test_why_tells_the_way_and_the_choice(ccd: Command) -> None:
    code, out, _ = await ccd("why", PAST)
    assert code == 0
    for told in (
        r"shop: choose +menu key 1 after 0:10",
        r"offered to bea +for queue sales",
        r"talk with bea +ended by caller after 1:20",
        r"sales → bea: accepted",
        r"bea has the higher level in english: 3 against 2 of ana\.",
        r"  The shadow policy would have offered it to ana\.",
        r"agent +sales +english +idle +why not",
        r"→ +bea +5 +3 +1:55",
        r"carl +- +- +- +paused",
    ):
        assert re.search(told, out), told


async def test_what_callers_send_cannot_reach_the_terminal(ccd: Command) -> None:
    for command in (["calls"], ["calls", "--json"], ["why", PAST], ["why", PAST, "--json"], ["calls", "past"]):
        _, out, _ = await ccd(*command)
        assert "\x1b" not in out
        assert "\x07" not in out
    assert "[bold]Ros" in (await ccd("why", PAST)).out


async def test_json_says_the_same_in_ascii(ccd: Command) -> None:
    _, out, _ = await ccd("why", PAST, "--json")
    assert out.isascii()
    assert json.loads(out)["call"]["ani_name"] == "Pep \x1b[31m[bold]Ros"


async def test_hang_up_and_record(ccd: Command, centre: SmallCentre) -> None:
    assert (await ccd("calls", "record", TALK, "pause")).out == "c-1: recording pause\n"
    assert (await ccd("calls", "hangup", TALK)).code == 0
    assert len(centre.requests) == 2


async def test_a_recording_becomes_a_file(ccd: Command, tmp_path: Path, centre: SmallCentre) -> None:
    target = tmp_path / "out.wav"
    assert (await ccd("recordings", "get", "rec-1", "-o", str(target))).code == 0
    assert target.read_bytes() == (centre.folder / "rec-1.wav").read_bytes()
    code, _, err = await ccd("recordings", "get", "rec-9", "-o", str(target))
    assert (code, err) == (5, "ccd: There is no such recording.\n")
    assert not Path(f"{target}.part").exists()  # noqa: ASYNC240  # nothing else runs


async def test_a_caller_is_erased_by_id_or_by_number(ccd: Command, centre: SmallCentre) -> None:
    assert (await ccd("callers", "erase", KNOWN, "--yes")).out == f"{KNOWN}: erased, with 1 calls and 1 recordings\n"
    code, out, _ = await ccd("callers", "erase", "+34 (910) 00-00-02", "--yes")
    assert (code, out) == (0, "+34 (910) 00-00-02: erased, with 1 calls and 1 recordings\n")
    assert centre.erased == [KNOWN, OTHER]


async def test_erasing_asks_before_and_tells_what_is_left(ccd: Command, centre: SmallCentre) -> None:
    code, _, err = await ccd("callers", "erase", KNOWN)
    assert (code, err, centre.erased) == (1, "ccd: not erased: nobody is there to be asked, give --yes\n", [])
    code, _, err = await ccd("callers", "erase", "+34910000099", "--yes")
    assert (code, err) == (5, "ccd: no caller has the number +34910000099\n")
    assert (await ccd("callers", "erase", KNOWN, "--yes", by="sofia")).code == 4
    centre.undeletable = (RecordingId("rec-1"),)
    code, _, err = await ccd("callers", "erase", KNOWN, "--yes")
    assert (code, err) == (1, "ccd: 1 recordings could not be deleted, erase again: rec-1\n")


async def test_reload_prints_the_errors(ccd: Command, centre: SmallCentre) -> None:
    assert (await ccd("reload")).out == "The new configuration holds.\n"
    centre.errors = ["ccd.yaml:3:5: no such queue"]
    code, out, err = await ccd("reload")
    assert (code, err) == (1, "ccd.yaml:3:5: no such queue\n")
    assert "old configuration holds" in out


@pytest.mark.parametrize(
    ("arguments", "by", "code", "said"),
    [
        (("status",), "", 4, "the token is missing or not valid"),
        (("status",), "wrong", 4, "the token is missing or not valid"),
        (("reload",), "sofia", 4, "needs the role admin"),
        (("agents", "logout", "ana"), "bea", 4, "may act for the agent bea only"),
        (("agents", "logout", "nobody"), "root", 5, "no such agent"),
        (("agents", "logout", "../calls"), "root", 5, "nothing here"),
        (("agents", "login", "ana", "PJSIP/1"), "root", 1, "already logged in"),
        (("why", "c-9"), "root", 5, "no such call"),
        (("tail",), "wrong", 4, "the token is missing or not valid"),
    ],
)
async def test_what_goes_wrong_is_one_line_and_a_code(
    ccd: Command, arguments: tuple[str, ...], by: str, code: int, said: str
) -> None:
    outcome = await ccd(*arguments, by=by)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("at", ["http://127.0.0.1:1", "http://[::1", "nonsense", "ftp://127.0.0.1"])
async def test_no_daemon_is_one_line_too(ccd: Command, at: str) -> None:
    outcome = await ccd("status", at=at)
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)


async def test_tail_follows(ccd: Command, centre: SmallCentre) -> None:
    following = asyncio.create_task(ccd("tail", "--count", "2", "--agent", "bea"))
    while not centre.feed.viewers:  # noqa: ASYNC110  # the command runs in a thread and connects when it does
        await asyncio.sleep(0.005)
    for agent in (ANA, BEA, ANA, BEA):
        centre.feed.note(NOW, AgentChanged(agent, "ready", "paused", "tea\x1b[2J", Endpoint("PJSIP/1"), NOW))
    async with asyncio.timeout(5):
        code, out, _ = await following
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 2)
    assert all("AgentChanged" in line and "agent=bea" in line and "reason=tea�[2J" in line for line in lines)


async def test_tail_comes_back(ccd: Command, centre: SmallCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to a daemon that refuses it for a while, as one that is about to stop does."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    following = asyncio.create_task(ccd("tail", "--count", "1", "--json"))
    while not centre.feed.viewers:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.005)
    centre.feed.close()
    while centre.feed.viewers or len(waits) < 3:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.005)
    centre.feed.closed = False
    while not centre.feed.viewers:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.005)
    centre.feed.note(NOW, AgentChanged(BEA, "ready", "paused", "", Endpoint(""), NOW))
    async with asyncio.timeout(5):
        code, out, err = await following
    assert (code, json.loads(out)["fact"]["agent"]) == (0, "bea")
    assert "trying again" in err


async def test_a_token_is_shown_once_and_its_hash_is_right(ccd: Command) -> None:
    code, out, err = await ccd("token", "wallboard", "supervisor")
    assert code == 0
    assert hash_token(out.strip()) in err
    assert out.strip() not in err
    assert (await ccd("token", "ana-pc", "agent")).code == 1
    assert "agent: ana," in (await ccd("token", "ana-pc", "agent", "--agent", "ana")).err
    assert (await ccd("token", "No Name", "admin")).code == 1


async def test_the_token_may_come_from_a_file(ccd: Command, tmp_path: Path, secrets: dict[str, str]) -> None:
    file = tmp_path / "token"
    file.write_text(secrets["sofia"] + "\n")
    assert (await ccd("--token-file", str(file), "calls", by="")).code == 0
    assert (await ccd("--token-file", str(tmp_path / "none"), "calls", by="")).code == 4


async def test_help_reads_no_command_and_says_what_they_say(ccd: Command) -> None:
    from importlib import import_module

    code, out, _ = await ccd("--help")
    assert code == 0
    for name, (module, attribute, text) in COMMANDS.items():
        if name in ("check", "lab", "demo"):
            continue
        found = getattr(import_module(module), attribute)
        own = getattr(found, "info", None)
        assert (own.help if own else found.__doc__.splitlines()[0]) == text, name
        assert re.search(rf"{name} +{re.escape(text)}", out)
    assert (await ccd("nonsense")).code == 2
