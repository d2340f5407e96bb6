"""The configuration that is rendered for a private FreeSWITCH, and where an installed one is looked for."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from ccd.lab import dialplans, freeswitch
from ccd.lab.asterisk_config import Endpoint
from ccd.lab.centre import with_ccd_on_freeswitch
from ccd.lab.freeswitch_config import FreeSwitchPorts, FreeSwitchSettings, render
from ccd.lab.lab import LabSettings
from ccd.lab.process import LabError

PORTS = FreeSwitchPorts(sip=5060, event=8021, trunk=5070, rtp=range(10_000, 12_000))


def rendered(settings: FreeSwitchSettings) -> dict[str, str]:
    return render(settings, PORTS, Path("/lab"), "lab-secret")


def test_ports_folders_and_phones() -> None:
    files = rendered(FreeSwitchSettings(endpoints=[Endpoint("1001", "s3cret")], extra_modules=["mod_callcenter"]))
    assert 'name="sip-port" value="5060"' in files["autoload_configs/sofia.conf.xml"]
    assert 'value="127.0.0.2:5070"' in files["autoload_configs/sofia.conf.xml"]
    assert 'name="listen-port" value="8021"' in files["autoload_configs/event_socket.conf.xml"]
    assert 'value="lab-secret"' in files["autoload_configs/event_socket.conf.xml"]
    assert 'path="/lab/music"' in files["autoload_configs/local_stream.conf.xml"]
    assert 'module="mod_callcenter"' in files["autoload_configs/modules.conf.xml"]
    phones = ElementTree.fromstring(files["directory/default/phones.xml"])
    assert [(user.get("id"), param.get("value")) for user in phones for param in user.iter("param")] == [
        ("1001", "s3cret")
    ]
    for path, text in files.items():
        assert "@{" not in text, path
        ElementTree.fromstring(text)


def test_the_event_socket_is_loaded_last() -> None:
    modules = ElementTree.fromstring(rendered(FreeSwitchSettings())["autoload_configs/modules.conf.xml"])
    assert [load.get("module") for load in modules.iter("load")][-1] == "mod_event_socket"


def test_with_ccd_it_has_what_comes_with_ccd() -> None:
    settings = with_ccd_on_freeswitch(LabSettings(), dialplans.folder() / "freeswitch", "w0rd").freeswitch
    assert settings is not None
    files = rendered(settings)
    assert files["dialplan/ccd.xml"] == (dialplans.folder() / "freeswitch/ccd.xml").read_text()
    assert "dialplan/ccd-emergency/numbers.xml" in files
    assert 'name="esl-password" value="w0rd"' in files["directory/default/ccd.xml"]
    assert "CHANGE-ME" not in "".join(files.values())
    assert 'name="listen-port" value="8021"' in files["autoload_configs/event_socket.conf.xml"]
    assert "lab-secret" in files["autoload_configs/event_socket.conf.xml"]


def test_an_installed_one_is_found_by_its_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(freeswitch.PREFIX, raising=False)
    assert freeswitch.installed() is None
    monkeypatch.setenv(freeswitch.PREFIX, str(tmp_path))
    with pytest.raises(LabError, match="bin/freeswitch"):
        freeswitch.installed()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/freeswitch").touch()
    (tmp_path / "lib/freeswitch/mod").mkdir(parents=True)
    found = freeswitch.installed()
    assert found is not None
    assert found.modules == tmp_path / "lib/freeswitch/mod"
