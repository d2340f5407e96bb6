"""`ccd campaign`, `ccd do-not-call`, `ccd why --campaign`: what they say and how they end."""

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from ccd.model.event import CampaignRequested
from ccd.model.ids import SECOND
from ccd.web.campaign_desk import WantedContact
from tests.cli.conftest import Command
from tests.web.centre import SmallCentre
from tests.web.desk import BLOCKED, PEP, PIA


async def test_campaigns_are_listed(ccd: Command) -> None:
    code, out, _ = await ccd("campaign", "list")
    assert code == 0
    assert re.search(r"winter +running +predictive +4 +3 +1 +6 +0 +120 +3 +2\.50 % +3\.00 % +5 +7 +1", out)
    _, out, _ = await ccd("campaign", "list", "--json", by="sofia")
    assert json.loads(out)["campaigns"][0]["contacts"]["due"] == 5


async def test_the_list_goes_on(ccd: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccd.cli.campaign.EVERY", 0.0)
    code, out, _ = await ccd("campaign", "list", "--live", "--count", "2")
    assert code == 0
    assert "winter" in out


async def test_a_campaign_in_full(ccd: Command, centre: SmallCentre) -> None:
    code, out, _ = await ccd("campaign", "show", "winter")
    assert code == 0
    for told in (
        r"winter  Winter  running",
        r"held for it +ana",
        r"contacts +7 waiting, 5 of them due",
        r"1 done: sold",
        r"share +2\.50 % by the US definition, target 3\.00 %",
        r"trunk +PJSIP/trunk: 9 calls of 30, 2 new ones a second",
    ):
        assert re.search(told, out), told
    assert json.loads((await ccd("campaign", "show", "winter", "--json")).out)["id"] == "winter"


@pytest.mark.parametrize(
    ("action", "said"),
    [("start", "started"), ("pause", "paused"), ("resume", "resumed"), ("drain", "drains"), ("stop", "stopped")],
)
async def test_a_campaign_is_made_to_do_something(ccd: Command, centre: SmallCentre, action: str, said: str) -> None:
    assert (await ccd("campaign", action, "winter", by="sofia")).out == f"winter: {said}\n"
    (request,) = centre.requests
    assert isinstance(request, CampaignRequested)
    assert (request.action, request.by) == (action, "sofia")


async def test_a_contact_is_added(ccd: Command, centre: SmallCentre) -> None:
    arguments = ("--name", "Eva", "--field", "tier=gold", "--priority", "7", "--at", "2026-11-28T10:00+01:00")
    code, out, _ = await ccd("campaign", "add", "winter", "+34910000005", "+34910000006", *arguments)
    assert (code, out) == (0, "+34910000005: added\n")
    due_at = 1_795_856_400 * SECOND
    wanted = WantedContact(("+34910000005", "+34910000006"), "", "Eva", {"tier": "gold"}, "", 7, due_at)
    assert centre.desk.added == [wanted]
    assert (await ccd("campaign", "add", "winter", "nonsense")).code == 1
    assert (await ccd("campaign", "add", "winter", "+34910000001")).code == 1
    assert (await ccd("campaign", "add", "winter", "+34910000005", "--at", "soon")).code == 2


async def test_a_contact_is_shown_and_changed(ccd: Command, centre: SmallCentre) -> None:
    code, out, _ = await ccd("campaign", "contact", "winter", "+34910000001")
    assert code == 0
    for told in ("Pep �[31mRos", "calling hours ES: 09:00 to 21:00", r"talked +bea +1:29 +sold +c-0"):
        assert re.search(told.replace("[", r"\["), out), told
    assert "\x1b" not in out
    code, out, _ = await ccd("campaign", "contact", "winter", PIA, "--priority", "9", "--done", "--json")
    assert (json.loads(out)["priority"], json.loads(out)["state"]) == (9, "done")
    assert (await ccd("campaign", "contact", "winter", PIA, "--remove")).out == f"{PIA}: removed\n"
    assert set(centre.desk.contacts) == {PEP}
    assert (await ccd("campaign", "contact", "winter", "+34910000099")).code == 5
    assert (await ccd("campaign", "contact", "summer", PEP)).code == 5


async def test_a_call_back_is_promised(ccd: Command, centre: SmallCentre) -> None:
    at = "2026-12-01T15:30"
    code, out, _ = await ccd("campaign", "call-back", "winter", "+34910000002", at, "--agent", "ana")
    assert (code, out) == (0, "+34910000002: called back at 2026-12-01 15:30:00 by ana\n")
    due_at = int(datetime(2026, 12, 1, 15, 30).astimezone().timestamp()) * SECOND
    assert (centre.desk.contacts[PIA].due_at, centre.desk.contacts[PIA].agent) == (due_at, "ana")


async def test_a_file_is_imported_and_its_errors_lie_beside_it(
    ccd: Command, centre: SmallCentre, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("number,name\n+34910000011,Eva\n+34910000012,Iu\nx,Nobody\n")
    code, out, err = await ccd("campaign", "import", "winter", str(file))
    wrong = tmp_path / "list.errors.csv"
    assert (code, out) == (0, f"winter: 3 rows, 2 added, 0 there already, 1 wrong, see {wrong}\n")
    assert wrong.read_text() == "line,reason,row\n2,no number,x,Nobody\n"
    assert "upload" in err
    assert file.read_bytes() in centre.desk.files.values()
    other = tmp_path / "elsewhere.csv"
    _, out, _ = await ccd("do-not-call", "import", "own", str(file), "--errors", str(other), "--json")
    assert (json.loads(out)["target"], other.exists()) == ("own", True)  # nothing else runs


async def test_an_import_that_is_refused_is_one_line(ccd: Command, centre: SmallCentre, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("number\n")
    centre.desk.is_busy = True
    code, out, err = await ccd("campaign", "import", "winter", str(file))
    assert (code, out) == (1, "")
    assert err.endswith("ccd: Other files are being imported; try again when they are done.\n")
    assert (await ccd("campaign", "import", "summer", str(file))).code == 5
    code, _, err = await ccd("campaign", "import", "winter", str(tmp_path / "none.csv"))
    assert (code, err) == (1, f"ccd: {tmp_path / 'none.csv'}: No such file or directory\n")


async def test_the_report(ccd: Command, centre: SmallCentre) -> None:
    code, out, _ = await ccd("campaign", "report", "winter", "--from", "2026-11-01", "--to", "2026-11-30")
    assert code == 0
    began, ended = (int(datetime(2026, month, 1).astimezone().timestamp()) * SECOND for month in (11, 12))
    assert centre.desk.periods == [(began, ended)]
    for told in (
        r"live answers +120",
        r"talked +110 +1:30 in all, given to an agent after 0\.50 s at the longest",
        r"unknown +1 +nobody saw the end",
        r"share, US +2\.50 % +the largest at any instant 2\.75 % \(3 of 109 answers, .*\)  \(this campaign's law\)",
        r"share, UK +2\.31 %",
        r"no_answer +200",
        r"sold +12",
        r"400 +120 +110 +3 +1 +10 +2\.50 % +2\.31 % +1:30",
    ):
        assert re.search(told, out), told


async def test_the_report_for_programs(ccd: Command) -> None:
    _, out, _ = await ccd("campaign", "report", "winter", "--csv")
    head, day, total = csv.reader(io.StringIO(out))
    assert (len(head), len(day)) == (10, 10)
    assert total == ["all", "400", "120", "110", "3", "1", "10", "0.025000", "0.023100", "90"]
    _, out, _ = await ccd("campaign", "report", "winter", "--json")
    assert json.loads(out)["total"]["dials"] == 400


@pytest.mark.parametrize("command", [("why", "--campaign", "winter"), ("campaign", "why", "winter")])
async def test_why_so_many_dials(ccd: Command, command: tuple[str, ...]) -> None:
    code, out, _ = await ccd(*command)
    assert code == 0
    for told in (
        r"  Nothing keeps it from dialling\.",
        r"predictive +3 \(of 5\) +4 +3 +1 +6 +32\.00 % +4\.10 % +3\.00 % +0\.6 +chance over the limit",
        r"stopped → running +start +sofia",
    ):
        assert re.search(told, out), told
    _, out, _ = await ccd(*command, "--json")
    assert json.loads(out)["placed"][0]["allowed"] == 3


async def test_why_wants_a_call_or_a_campaign(ccd: Command) -> None:
    assert (await ccd("why")).code == 2
    assert (await ccd("why", "c-0", "--campaign", "winter")).code == 2


async def test_numbers_that_are_not_to_be_called(ccd: Command, centre: SmallCentre) -> None:
    command = ("do-not-call", "add", "own", "+34910000008", BLOCKED, "--reason", "asked us")
    assert (await ccd(*command)).out == "own: 1 added, 1 there already\n"
    code, out, err = await ccd("do-not-call", "add", "own", "x9")
    assert (code, out, err) == (1, "own: 0 added, 0 there already\n", "ccd: x9: no number\n")
    code, out, _ = await ccd("do-not-call", "check", BLOCKED)
    assert code == 0
    assert re.search(r"own +\S+ \S+ +asked us �\[2J +sofia", out)
    code, out, _ = await ccd("do-not-call", "check", "+34910000099")
    assert (code, out) == (1, "+34910000099: on no list\n")
    code, _, err = await ccd("do-not-call", "remove", "own", BLOCKED)
    assert (code, err) == (1, "ccd: not removed: nobody is there to be asked, give --yes\n")
    assert (await ccd("do-not-call", "remove", "own", BLOCKED, "--yes", by="sofia")).code == 4
    assert (await ccd("do-not-call", "remove", "own", BLOCKED, "--yes")).out == f"{BLOCKED}: removed from own\n"
    assert BLOCKED not in centre.desk.on_list


@pytest.mark.parametrize(
    ("arguments", "by", "code", "said"),
    [
        (("campaign", "list"), "bea", 4, "needs the role supervisor"),
        (("campaign", "start", "none"), "root", 5, "no such campaign"),
        (("campaign", "show", "../../calls"), "root", 5, "nothing here"),
        (("campaign", "report", "none"), "root", 5, "no such campaign"),
        (("why", "--campaign", "none"), "root", 5, "no such campaign"),
        (("do-not-call", "add", "none", "+34910000001"), "root", 5, "no such do-not-call list"),
        (("campaign", "call-back", "winter", "+34910000002", "2026-12-01", "--agent", "x"), "root", 1, "no such agent"),
    ],
)
async def test_what_goes_wrong_is_one_line_and_a_code(
    ccd: Command, arguments: tuple[str, ...], by: str, code: int, said: str
) -> None:
    outcome = await ccd(*arguments, by=by)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
