"""Asterisk's dialplan: a call of another switch is nothing that the daemon takes, and leads nowhere but to a phone."""

import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "dialplans/asterisk/ccd.conf").read_text()
FAR = ("ccd-from-switch", "ccd-far-phone", "ccd-far-headers", "ccd-far-transfer")


def context(name: str) -> list[str]:
    """Its lines without remarks."""
    (body,) = re.findall(rf"(?ms)^\[{re.escape(name)}\]\n(.*?)(?=^\[|\Z)", TEXT)
    return [line for line in body.splitlines() if line.strip() and not line.startswith(";")]


@pytest.mark.parametrize("name", FAR)
def test_a_call_of_another_switch_is_nothing_that_the_daemon_takes(name: str) -> None:
    lines = "\n".join(context(name))
    assert lines
    assert not re.search(r"AGI\(|CCD_ROLE|CCD_DNIS|CCD_STATE|include *=>|MixMonitor", lines)
    targets = re.findall(r"Goto\(([\w-]+),", lines)
    assert set(targets) <= set(FAR)


def test_no_pattern_for_it_fits_an_extension_of_asterisks_own() -> None:
    """`h` is run when a call ends, `t`, `i`, `T` and others when something else does."""
    patterns = re.findall(r"exten => (_\S+?),", "\n".join(context("ccd-from-switch") + context("ccd-far-transfer")))
    assert patterns == ["_[0-9]!", "_[A-Za-z][0-9A-Za-z]!", "_[+*#0-9]!"]


def test_only_a_phone_is_rung_for_it() -> None:
    dialled = re.findall(r"Dial\((.*?),", "\n".join(line for name in FAR for line in context(name)))
    assert dialled == ["PJSIP/${CCD_PHONE}"]
    assert all("FILTER(0-9A-Za-z_.\\x2d," in line for line in context("ccd-from-switch") if "CCD_PHONE" in line)
