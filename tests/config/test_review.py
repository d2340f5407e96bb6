"""Warnings."""

from pathlib import Path

import pytest

from tests.config.site import FLOW, SITE, warnings

HEAD = "flow: main\nsteps:\n"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("  a: {goto: c}\n  b: {answer: }\n  c: {hangup: }\n", ["4:3: warning: no way leads to step `b`"]),
        (
            "  a: {goto: b}\n  b: {goto: a}\n",
            [
                "3:3: warning: no way out: from step `a` on the flow never ends",
                "4:3: warning: no way out: from step `b` on the flow never ends",
            ],
        ),
        (
            "  a: {menu: {prompt: {say: x}, keys: {1: b}, otherwise: a}}\n  b: {hangup: }\n",
            ["3:3: warning: no way out of step `a` for a caller who presses no key"],
        ),
        (
            "  a: {collect: {prompt: {say: x}, into: n, otherwise: a}}\n",
            ["3:3: warning: no way out of step `a` for a caller who presses no key"],
        ),
        ("  a: {menu: {prompt: {say: x}, keys: {1: a}}}\n", []),
        (
            "  a: {play: {say: 'Hi {nme}'}}\n  b: {set: {name: x}}\n",
            ["3:13: warning: the variable `nme` is never set (did you mean name?)"],
        ),
        ("  a: {if: {when: tries > 3}}\n", ["3:18: warning: the variable `tries` is never set"]),
        ("  a: {set: {tries: '= tries + 1', language: '= language'}}\n", []),
        ("  a: {caller: {fields: {x: '= call.ani', y: '{caller.z}'}}}\n", []),
        ("  a: {collect: {prompt: {say: x}, into: n}}\n  b: {transfer: {to: '{n}'}}\n", []),
        ("  a: {call: main}\n", ["1:7: warning: flow `main` comes back to itself by `call`"]),
        ("  a: {hangup: }\n    \n", []),
        ("  a: {goto: b, next: b}\n  b: {hangup: }\n", ["3:22: warning: `next` has no effect after `goto`"]),
        ("  a: {queue: {queue: sales}}\n  b: {answer: }\n", ["4:3: warning: no way leads to step `b`"]),
        ("  a: {queue: {queue: sales, max_wait: 1m}}\n  b: {answer: }\n", []),
        ("  a: {queue: {queue: sales}, next: b}\n  b: {answer: }\n", []),
    ],
)
def test_flows(tmp_path: Path, steps: str, expected: list[str]) -> None:
    found = warnings(tmp_path, SITE, main=HEAD + steps)
    assert found == [f"flows/main.yaml:{line}" for line in expected]


def test_variables_of_numbers_and_other_flows_are_set(tmp_path: Path) -> None:
    site = SITE.replace(": main}", ": {flow: main, variables: {shop: north}}}")
    main = HEAD + "  a: {call: sub}\n  b: {play: {say: '{shop} {typed}'}}\n"
    sub = "flow: sub\nsteps:\n  a: {collect: {prompt: {say: x}, into: typed}}\n"
    assert warnings(tmp_path, site, main=main, sub=sub) == []


def test_missing_sounds(tmp_path: Path) -> None:
    (tmp_path / "sounds" / "en").mkdir(parents=True)
    (tmp_path / "sounds" / "en" / "hello.gsm").touch()
    (tmp_path / "sounds" / "beep.wav").touch()
    main = HEAD + "  a: {play: [{sound: beep}, {sound: hello}, {sound: {en: bye}}]}\n"
    assert warnings(tmp_path, SITE + "folders: {sounds: [sounds]}\n", main=main) == [
        "flows/main.yaml:3:58: warning: there is no sound `bye` in the folders of sounds"
    ]


def test_a_queue_that_nobody_can_serve(tmp_path: Path) -> None:
    site = SITE.replace("skills: {sales: 2}", "skills: {sales: 1}")
    assert warnings(tmp_path, site) == ["ccd.yaml:3:10: warning: no agent has the skills of queue `sales`"]


def test_a_site_without_numbers(tmp_path: Path) -> None:
    site = SITE.replace('numbers: {"+34910000001": main}\n', "")
    assert warnings(tmp_path, site) == ["ccd.yaml:1:1: warning: no number leads to a flow (`numbers`, `default_route`)"]


def test_a_language_without_texts(tmp_path: Path) -> None:
    site = SITE + "site: {language: fr}\nspeech: {voices: {fr: {}}}\n"
    site = site.replace("{sales: 2}}}\nag", "{sales: 2}, announcements: {}}}\nag")
    found = warnings(tmp_path, site, main=FLOW)
    assert len([line for line in found if "has no built-in text in fr" in line]) == 7
    assert any("no built-in announcements in fr" in line for line in found)
