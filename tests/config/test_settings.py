"""The example `config/ccd.yaml`: complete, right, and with the values that hold when they are left out."""

import os
import re
import shutil
import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ccd.config.document import read
from ccd.config.load import load
from ccd.config.problem import ConfigurationErrors
from ccd.config.prompt import PieceDocument
from ccd.config.settings import AsteriskSection, FreeSwitchSection, Settings
from ccd.model.ids import AgentId, QueueId
from tests.config.site import NOW, loaded, sound_name

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = (ROOT / "config" / "ccd.yaml").read_text()


def uncommented(text: str) -> str:
    """The example with the settings in `#: ` lines used."""
    return re.sub(r"(?m)^( *)#: ", r"\1", text)


def with_freeswitch(text: str) -> str:
    """The example with the other kind of switch."""
    before, switches, rest = re.split(r"(?m)^(?=switches:|# Redis keeps)", text)
    lines = re.findall(r"(?m)^  #= (.*\n)", switches)
    rest = rest.replace("PJSIP/trunk", "gateway/trunk").replace("PJSIP/", "user/")
    return before + "switches:\n" + "".join(f"  {line}" for line in lines) + rest


def test_the_example_is_right_as_it_is() -> None:
    found = load(ROOT / "config", NOW, sound_name)
    assert found.warnings == ()
    assert set(found.configuration.flows) == {"shop", "helpdesk", "hotline", "goodbye"}


def test_the_example_is_right_with_everything_used(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^ *#: secret_env: .*\n", "", EXAMPLE)
    (tmp_path / "ccd.yaml").write_text(uncommented(text).replace("../dialplans/flows", "flows"))
    shutil.copytree(ROOT / "dialplans" / "flows", tmp_path / "flows")
    found = load(tmp_path, NOW, sound_name)
    assert list(found.pins) == [AgentId("ana")]
    assert [token.agent for token in found.settings.http.tokens] == [None, "ana"]
    main = found.settings.switches["main"]
    assert isinstance(main, AsteriskSection)
    assert main.tls is not None
    assert found.configuration.default_route is not None


def test_the_example_is_right_with_a_freeswitch(tmp_path: Path) -> None:
    (tmp_path / "ccd.yaml").write_text(with_freeswitch(EXAMPLE).replace("../dialplans/flows", "flows"))
    shutil.copytree(ROOT / "dialplans" / "flows", tmp_path / "flows")
    found = load(tmp_path, NOW, sound_name).settings.switches["main"]
    assert isinstance(found, FreeSwitchSection)
    assert (found.port, found.username, found.domain) == (8021, "ccd@pbx.example", "pbx.example")


def models(kind: Any) -> list[type[BaseModel]]:
    """The sections inside a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in typing.get_args(kind) for model in models(part)]


def keys(model: type[BaseModel]) -> set[str]:
    """All keys of a section and of those below it."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        for below in models(field.annotation):
            if below is not PieceDocument:
                found |= keys(below)
    return found


def written_keys(data: Any) -> set[str]:
    """All keys in a document."""
    if isinstance(data, dict):
        return set(data).union(*map(written_keys, data.values()))
    return set().union(*map(written_keys, data)) if isinstance(data, list) else set()


def test_every_setting_is_in_the_example() -> None:
    text = uncommented(re.sub(r"(?m)^.*#: secret_env: CCD_REDIS.*\n", "", EXAMPLE))
    other = with_freeswitch(text)
    written = written_keys([read(each.encode(), "ccd.yaml").data for each in (text, other)])
    assert keys(Settings) - written == set()


def documented_fields(model: type[BaseModel]) -> list[tuple[str, str | None]]:
    """Every setting and what is said about it."""
    found = [(f"{model.__name__}.{name}", field.description) for name, field in model.model_fields.items()]
    below = [inner for field in model.model_fields.values() for inner in models(field.annotation)]
    return found + [entry for inner in below for entry in documented_fields(inner)]


def test_every_setting_is_documented() -> None:
    assert [name for name, words in documented_fields(Settings) if not words] == []


def test_the_values_arrive_in_the_core() -> None:
    found = load(ROOT / "config", NOW, sound_name).configuration
    sales = found.queues[QueueId("sales")]
    assert (sales.name, sales.wrap_up_time, sales.caller_name) == ("Sales", 10_000_000, "Sales:")
    assert (sales.recording.mode, sales.recording.share, sales.recording.opt_out_key) == ("share", 0.25, "9")
    assert found.queues[QueueId("repairs")].requires == (("repairs", 3), ("sales", 1))
    assert found.queues[QueueId("repairs")].recording.mode == "never"
    assert found.numbers["+34910000003"].variables == {"reason": "We are closed."}
    assert found.site.pause_reasons == ("break", "lunch", "training", "meeting")
    assert [rule.name for rule in found.dial_policy.rules] == ["no premium numbers", "Spain"]
    assert found.dial_policy.emergency == ("112", "911")
    assert found.feature_codes.log_in == "*71"
    assert found.agents[AgentId("ana")].endpoint == "PJSIP/1001"
    assert found.calendars["helpdesk"].opens


def switch(**source: str) -> AsteriskSection:
    """A switch with its secret somewhere."""
    return AsteriskSection.model_validate({"kind": "asterisk", "username": "ccd", "recordings": "/r", **source})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "{kind: asterix, recordings: /r, secret_env: X}",
            "`asterix` is not possible here (expected one of asterisk, freeswitch; did you mean asterisk?)",
        ),
        ("{recordings: /r, secret_env: X}", "`kind` is missing"),
        ("{kind: freeswitch, recordings: /r, secret_env: X, contexts: {}}", "unknown key `contexts`"),
        ("{kind: freeswitch, recordings: /r, secret_env: X, username: ccd}", "an account as ccd@example.org"),
        ("{kind: freeswitch, recordings: /r}", "a switch has either `secret_file` or `secret_env`"),
        ("7", "a mapping"),
    ],
)
def test_a_switch_that_is_none_is_told(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "ccd.yaml").write_text(f"switches:\n  pbx: {lines}\n")
    with pytest.raises(ConfigurationErrors) as caught:
        load(tmp_path, NOW, sound_name)
    assert said in str(caught.value)
    assert "ccd.yaml:2:" in str(caught.value)


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ami").write_text("s3cret\n")
    assert switch(secret_file="ami").read(tmp_path) == "s3cret"
    monkeypatch.setitem(os.environ, "CCD_TEST", "other")
    assert switch(secret_env="CCD_TEST").read(tmp_path) == "other"
    with pytest.raises(OSError, match="No such file"):
        switch(secret_file="none").read(tmp_path)


def test_relative_folders_count_from_the_file(tmp_path: Path) -> None:
    assert loaded(tmp_path).base == tmp_path.resolve()
