"""FreeSWITCH's files say what the driver relies on."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ccd.model.ids import SwitchName
from ccd.switch.freeswitch.legs import LEFT, ROLES
from ccd.switch.freeswitch.settings import Settings

FOLDER = Path(__file__).parents[2] / "dialplans" / "freeswitch"
DRIVER = Path(__file__).parents[2] / "ccd" / "switch" / "freeswitch"
FILES = sorted(FOLDER.rglob("*.xml"))
SETTINGS = Settings(name=SwitchName("pbx"), secret="x", recordings="/x")


def tree(name: str) -> ElementTree.Element:
    return ElementTree.parse(FOLDER / name).getroot()


def context(name: str) -> ElementTree.Element:
    (found,) = [one for one in tree("ccd.xml").iter("context") if one.get("name") == name]
    return found


def parameter(name: str) -> set[str]:
    (value,) = [one.get("value", "") for one in tree("directory-ccd.xml").iter("param") if one.get("name") == name]
    return set(value.split(","))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_file_is_xml(path: Path) -> None:
    ElementTree.parse(path)


def test_the_account_may_do_what_the_driver_asks_and_no_more() -> None:
    source = "\n".join(path.read_text() for path in sorted(DRIVER.glob("*.py")))
    asked = set(re.findall(r'\b(?:api|Api|BgApi)\(\s*"(\w+)"', source))
    assert parameter("esl-allowed-api") == {*asked, "bgapi"}, "as which a reload of the event socket is run"


def test_freeswitchs_answer_to_the_accounts_login_is_whole() -> None:
    """It has room for 511 bytes, what the account may do among them, and ends nowhere if that is longer."""
    lists = {one.get("name"): one.get("value", "") for one in tree("directory-ccd.xml").iter("param")}
    told = {"Events": lists.get("esl-allowed-events", "all"), "API": lists["esl-allowed-api"], "LOG": "false"}
    answer = "Reply-Text: +OK accepted\n" + "".join(f"Allowed-{name}: {value}\n" for name, value in told.items()) + "\n"
    assert len(answer) < 500


def test_the_extensions_that_the_driver_names_are_there() -> None:
    numbers = [one.get("expression", "") for one in context(SETTINGS.context).iter("condition")]
    for name in (SETTINGS.returned, SETTINGS.fallback):
        assert f"^{name}$" in numbers
    assert context(SETTINGS.handback_context) is not None


def test_every_way_into_park_has_a_way_out_before_it() -> None:
    parks = 0
    for condition in tree("ccd.xml").iter("condition"):
        applications = [action.get("application") for action in condition.iter("action")]
        if "park" in applications:
            parks += 1
            assert "sched_transfer" in applications[: applications.index("park")]
    assert parks == 4


def test_every_way_into_park_leads_back_from_the_next_bridge() -> None:
    after = f"transfer_after_bridge={SETTINGS.returned}:XML:{SETTINGS.context}"
    for condition in tree("ccd.xml").iter("condition"):
        actions = {action.get("application"): action.get("data", "") for action in condition.iter("action")}
        if "park" in actions:
            assert after in actions["multiset"]


@pytest.mark.parametrize("name", ["ccd-from-switch", "ccd-far-transfer"])
def test_a_call_of_another_switch_is_nothing_that_the_daemon_takes(name: str) -> None:
    actions = [(one.get("application"), one.get("data", "")) for one in context(name).iter("action")]
    assert actions
    assert not [said for app, said in actions if app in ("park", "transfer", "set") or "CCD_" in said]
    assert not list(context(name).iter("X-PRE-PROCESS")), "and it leads nowhere else"


def test_roles_are_those_of_the_driver() -> None:
    text = (FOLDER / "ccd.xml").read_text()
    assert set(re.findall(r"CCD_ROLE=(\w+)[;\"]", text)) <= {*ROLES, LEFT}
