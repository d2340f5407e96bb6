"""Of each kind of switch its own line, with what the configuration says of it."""

from pathlib import Path
from typing import Any, cast

import pytest

from ccd.config.problem import ConfigurationErrors
from ccd.config.settings import AsteriskSection, FreeSwitchSection
from ccd.daemon.asterisk_line import AsteriskLine
from ccd.daemon.freeswitch_line import FreeSwitchLine
from ccd.daemon.line import line_of
from ccd.daemon.pump import Pump
from ccd.daemon.site import asterisk_settings, freeswitch_settings

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
