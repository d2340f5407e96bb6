"""Of each kind of switch its own line, with what the configuration says of it."""

from pathlib import Path
from typing import Any, cast

import pytest

from ccd.config.problem import ConfigurationErrors
from ccd.config.settings import AsteriskSection, FreeSwitchSection
from ccd.daemon.asterisk_line import AsteriskLine
from ccd.daemon.freeswitch_line import FreeSwitchLine
from ccd.daemon.line import Line, Lines, line_of
from ccd.daemon.pump import Pump
from ccd.daemon.site import asterisk_settings, freeswitch_settings
from ccd.model.event import LegArrived, SwitchUp
from ccd.model.ids import LegId, SwitchName
from ccd.switch.base import Reaction
from tests.config.site import loaded
from tests.core.test_switches import logged_in
from tests.daemon.test_pump import SlowClock, pump

FREESWITCH = {"kind": "freeswitch", "username": "ccd@pbx", "domain": "pbx"}
ASTERISK = {"kind": "asterisk", "username": "ccd"}


def section(**written: Any) -> AsteriskSection | FreeSwitchSection:
    kind = FreeSwitchSection if written["kind"] == "freeswitch" else AsteriskSection
    return kind.model_validate({"recordings": "/r", "secret_file": "secret", **written})


@pytest.mark.parametrize(("written", "kind"), [(FREESWITCH, FreeSwitchLine), (ASTERISK, AsteriskLine)])
def test_a_line_of_its_kind(tmp_path: Path, written: dict[str, str], kind: type) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    line = line_of("pbx", section(**written), tmp_path, cast(Pump, None), lambda recording: 0, 7)
    assert isinstance(line, kind)
    assert (line.name, line.is_up) == ("pbx", False)


@pytest.mark.parametrize("written", [FREESWITCH, ASTERISK])
def test_a_secret_that_cannot_be_read_is_told(tmp_path: Path, written: dict[str, str]) -> None:
    with pytest.raises(ConfigurationErrors, match="switch pbx: the secret cannot be read"):
        line_of("pbx", section(**written), tmp_path, cast(Pump, None), lambda recording: 0, 0)


def test_what_the_drivers_are_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    esl = section(**FREESWITCH)
    assert isinstance(esl, FreeSwitchSection)
    told = freeswitch_settings("pbx", esl, tmp_path, 7)
    assert (told.secret, told.username, told.domain, told.recordings, told.epoch) == (
        "s3cret",
        "ccd@pbx",
        "pbx",
        "/r/incoming",
        7,
    )
    ami = section(**ASTERISK)
    assert isinstance(ami, AsteriskSection)
    one, two = (asterisk_settings("pbx", ami, tmp_path) for _ in range(2))
    assert (one.secret, one.recordings) == ("s3cret", "/r/incoming")
    assert one.id_prefix != two.id_prefix, "late results of a former daemon are told apart"


SWITCH = "{kind: asterisk, username: ccd, secret_file: secret, recordings: /r}"
REST = """
numbers: {"+34910000001": main}
queues: {sales: {requires: {sales: 2}}}
agents: {ana: {name: Ana, number: "1001", skills: {sales: 2}}}
"""


def site(folder: Path, *names: str) -> Any:
    """A configuration with these switches."""
    place = folder / "-".join(names)
    place.mkdir()
    (place / "secret").write_text("s3cret")
    return loaded(place, f"switches: {{{', '.join(f'{name}: {SWITCH}' for name in names)}}}{REST}")


async def test_a_reload_adds_switches_and_takes_out_those_without_calls(tmp_path: Path) -> None:
    made, _, _ = pump(tmp_path / "journal", SlowClock())
    made.lines.clear()
    made.engine.floor.__dict__.update(logged_in().engine.floor.__dict__)
    by_name: dict[SwitchName, Line] = {}
    lines = Lines(by_name, made, lambda recording: 0, 0)
    lines.add(lines.missing(site(tmp_path, "a")))
    assert list(by_name) == list(made.lines) == ["a"]
    two = site(tmp_path, "a", "b")
    assert lines.forbidden(two) == []
    added = lines.missing(two)
    assert [line.name for line in added] == ["b"]
    lines.add(added)
    assert lines.missing(two) == []
    made.feed(LegArrived(LegId("b/b1/1"), ani="600", dnis="sales", answered=True))
    gone = site(tmp_path, "a", "c")
    assert lines.forbidden(gone) == ["switch `b` still has calls (1): it can be taken out when they are over"]
    made.engine.floor.calls.clear()
    assert lines.forbidden(gone) == []
    former = by_name[SwitchName("b")]
    lines.remove_others(gone)
    assert list(by_name) == list(made.lines) == ["a"]
    made.react(former, Reaction(events=(SwitchUp(SwitchName("b"), "b2"),)))
    made.turn()
    assert made.engine.floor.boots[SwitchName("b")] == "b1", "nothing is heard of it any more"
    await lines.close()
    made.stop()


async def test_the_first_switch_stays_the_first(tmp_path: Path) -> None:
    made, _, _ = pump(tmp_path / "journal", SlowClock())
    lines = Lines({}, made, lambda recording: 0, 0)
    lines.add(lines.missing(site(tmp_path, "a")))
    said = "switch `a` was the first one and must stay it: its phones are named without a switch"
    assert lines.forbidden(site(tmp_path, "b", "a")) == [said]
    made.stop()
