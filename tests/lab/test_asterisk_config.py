"""The configuration that is rendered for a private Asterisk."""

from pathlib import Path

from ccd.lab.asterisk_config import AsteriskPorts, AsteriskSettings, Endpoint, render

PORTS = AsteriskPorts(sip=5060, ami=5038, ami_tls=5039, trunk=5070, rtp=range(10_000, 12_000))


def rendered(settings: AsteriskSettings) -> dict[str, str]:
    return render(settings, PORTS, Path("/lab"), Path("/modules"), "lab-secret")


def test_ports_and_folders() -> None:
    files = rendered(AsteriskSettings())
    assert "bind = 127.0.0.1:5060" in files["pjsip.conf"]
    assert "port = 5038" in files["manager.conf"]
    assert "tlsenable" not in files["manager.conf"]
    assert "rtpstart = 10000\nrtpend = 11999" in files["rtp.conf"]
    assert "astetcdir = /lab/etc" in files["asterisk.conf"]
    assert "[directories]\n" in files["asterisk.conf"], "as a template, [directories](!), it is ignored"
    assert not [name for name, text in files.items() if "@{" in text]


def test_a_phone_that_registers_and_one_with_a_fixed_contact() -> None:
    endpoints = [Endpoint("1001", password="s3cret"), Endpoint("2000", contact="sip:2000@127.0.0.3:5062")]
    text = rendered(AsteriskSettings(endpoints=endpoints))["pjsip.conf"]
    assert "username = 1001\npassword = s3cret" in text
    assert "contact = sip:2000@127.0.0.3:5062" in text
    assert "username = 2000" not in text


def test_passwords_differ_and_are_not_shown() -> None:
    first, second = Endpoint("1001"), Endpoint("1001")
    assert first.password != second.password
    assert first.password not in repr(first)


def test_includes_secrets_modules_and_whole_files() -> None:
    settings = AsteriskSettings(
        dialplan=[Path("/a/ccd.conf")],
        extensions="[more]",
        managers=[Path("/a/manager.conf")],
        manager_secrets={"ccd": "word"},
        extra_modules=["app_queue.so"],
        files={"queues.conf": "[general]\n", "rtp.conf": "[general]\nrtpstart = 1\n"},
        trunk_context="outside",
        tls=True,
    )
    files = rendered(settings)
    assert files["extensions.conf"].endswith('#include "/a/ccd.conf"\n[more]\n')
    manager = files["manager.conf"]
    assert manager.index('#include "/a/manager.conf"') < manager.index("[ccd](+)\nsecret = word")
    assert "tlsbindaddr = 127.0.0.1:5039" in manager
    assert "load = app_queue.so" in files["modules.conf"]
    assert files["queues.conf"] == "[general]\n"
    assert files["rtp.conf"] == "[general]\nrtpstart = 1\n"
    assert "context = outside" in files["pjsip.conf"]


def test_modules_that_must_not_be_there() -> None:
    loaded = [line for line in rendered(AsteriskSettings())["modules.conf"].splitlines() if line.startswith("load")]
    for harmful in ("app_system", "func_shell", "bridge_native_rtp"):
        assert not [line for line in loaded if harmful in line]
