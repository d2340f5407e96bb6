"""Whatever stands in the files: a site, or mistakes with their places; never anything else, never a hang."""

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from ccd.config.document import DEPTH_LIMIT, NODE_LIMIT
from ccd.config.load import load, load_flows
from ccd.config.problem import ConfigurationErrors, Place, Problem
from tests.config.site import NOW, sound_name

ROOT = Path(__file__).parents[2]
EXAMPLE = re.sub(r"(?m)^ *#: secret_env: .*\n", "", (ROOT / "config/ccd.yaml").read_text())
SITE = re.sub(r"(?m)^( *)#: ", r"\1", EXAMPLE).replace("../dialplans/flows", str(ROOT / "dialplans/flows"))
"""The example with everything used."""
FLOWS = {
    path.stem: path.read_text()
    for folder in ("dialplans/flows", "tests/flows/good", "tests/flows/bad")
    for path in sorted((ROOT / folder).glob("*.yaml"))
}
LONGEST = 20.0
"""Seconds that a site may take, on a machine that has something else to do as well."""
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)

TEXTS = st.one_of(
    st.sampled_from(
        [
            *("", " ", "0", "-1", "1e999", "9" * 400, "x" * 5_000, "/" * 5_000, "a/" * 2_000, "../../../etc/passwd"),
            *(
                "\0",
                "a\0b",
                "\r\nAction: Originate",
                "\u2028",
                "\ufeff",
                "\x1b[2J",
                "é" * 300,
                "\U0001f4de",
                "٣",
                "{{",
                "}",
            ),
            *(
                "= " + "(" * 240,
                "= " + "not " * 120,
                "= 9**9**9**9",
                "= " + "1+" * 240 + "1",
                "= __import__('os')",
                "={",
            ),
            *(
                "{" * 500,
                "{a.b.c}",
                "= 'a' * 10**9",
                "=" * 500,
                "+" + "9" * 15,
                "9999-12-31",
                "0000-00-00",
                "24:00-00:00",
            ),
            *("(a+)+$", "[0-9]{99}", "(((((", "5s5s", "99999999999d", "Europe/../../x", "monday-monday", "redis://\0"),
        ]
    ),
    st.text(max_size=30),
)
KEYS = [*re.findall(r"[a-z_]{2,}", SITE), "say", "sound", "goto", "next", "queue", "menu", "transfer", "on"]
VALUES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), TEXTS), inner, max_size=4),
    ),
    max_leaves=12,
)


def judged(read: Callable[[], object]) -> tuple[Problem, ...]:
    """What is wrong; anything else than mistakes with places, within the time, fails the test."""
    began = time.monotonic()
    problems: tuple[Problem, ...] = ()
    try:
        read()
    except ConfigurationErrors as error:
        problems = error.problems or (Problem(Place(""), "nothing is said"),)
    assert time.monotonic() - began < LONGEST
    for problem in problems:
        assert problem.place.file.endswith((".yaml", ".yml"))
        assert (problem.place.line > 0) == (problem.place.column > 0)
        assert problem.place.line or re.search(r"file|read|YAML", problem.message), problem
        assert problem.message.isprintable(), problem
    return problems


def site(folder: Path, text: str, **flows: str) -> tuple[Problem, ...]:
    """A site of these files."""
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "ccd.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    for name, flow in {"main": "flow: main\nsteps: {a: {hangup: }}\n", **flows}.items():
        (folder / "flows" / f"{name}.yaml").write_bytes(flow.encode("utf-8", "surrogatepass"))
    return judged(lambda: load(folder, NOW, sound_name))


def flow(folder: Path, text: str) -> tuple[Problem, ...]:
    """One flow by itself."""
    (folder / "flow.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    return judged(lambda: load_flows([folder / "flow.yaml"], sound_name))


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with a key of it."""
    pairs = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    for key, value in pairs:
        yield data, key
        yield from places(value)


def typed(data: Any) -> Any:
    """What is plain `true`, `false` or nothing in the file, so that it is written as such again."""
    if isinstance(data, dict):
        return {key: typed(value) for key, value in data.items()}
    return (
        list(map(typed, data)) if isinstance(data, list) else {"true": True, "false": False, "": None}.get(data, data)
    )


def test_what_is_mutated_is_without_a_mistake_before(tmp_path: Path) -> None:
    """Else the first mistakes would hide the others."""
    data = typed(yaml.load(SITE, yaml.BaseLoader))
    assert site(tmp_path, str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))) == ()


def mutated(text: str, seed: int, value: Any) -> str:
    """The document with something else in one place, or a key of another name."""
    data = typed(yaml.load(text, yaml.BaseLoader))
    container, key = random.Random(seed).choice(list(places(data)))
    if isinstance(container, dict) and isinstance(value, str) and seed % 3 == 0:
        container[value] = container.pop(key)
    else:
        container[key] = value
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


@SLOW
@given(st.integers(0, 1 << 30), VALUES)
@example(1, "x")
def test_a_site_with_anything_in_any_place(tmp_path: Path, seed: int, value: Any) -> None:
    event(f"{min(len(site(tmp_path, mutated(SITE, seed, value))), 3)} problems")


@settings(SLOW, max_examples=150)
@given(st.sampled_from(sorted(FLOWS)), st.integers(0, 1 << 30), VALUES)
def test_a_flow_with_anything_in_any_place(tmp_path: Path, name: str, seed: int, value: Any) -> None:
    event(f"{min(len(flow(tmp_path, mutated(FLOWS[name], seed, value))), 3)} problems")


@settings(SLOW, max_examples=100)
@given(st.sampled_from(sorted(FLOWS)), st.data())
def test_a_flow_cut_and_stirred(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Bytes of one put anywhere into it, as an editor that crashed would."""
    text = FLOWS[name]
    at, begin = (data.draw(st.integers(0, len(text))) for _ in range(2))
    piece = data.draw(st.one_of(st.just(text[begin : begin + 40]), TEXTS))
    flow(tmp_path, text[:at] + piece + text[at + data.draw(st.integers(0, 40)) :])


@pytest.mark.parametrize(
    "text",
    [
        'folders: {flows: "' + "x" * 5_000 + '"}\n',
        'folders: {flows: "a\\0b"}\n',
        "folders: {flows: [x]}\n",
        'folders: {sounds: ["' + "x" * 399 + '"]}\n',
        "speech: {voices: {en: {voice: '" + "x" * 4_000 + "'}}}\n",
        "calendars: {c: {hours: {monday: 09:00-18:00}, special_days: {9999-12-31: closed, 0001-01-01: closed}}}\n",
        "calendars: {c: {time_zone: ../../etc/passwd, hours: {}}}\n",
        'calendars: {c: {time_zone: "a\\0b", hours: {}}}\n',
        "calendars: {c: {time_zone: '" + "x" * 3_000 + "', hours: {}}}\n",
        "calendars: {c: {hours: {monday: [" + "00:00-23:59, " * 9_000 + "]}}}\n",
        "calendars: {c: {hours: {" + "monday" + ",monday" * 100_000 + ": 00:00-23:59}}}\n",
        "calendars: {c: {hours: {" + ", ".join(f"'{' ' * n}monday-sunday': 09:00-18:00" for n in range(900)) + "}}}\n",
        "site: {region: XX}\n",
        "queues: {" + ", ".join(f"q{number}: {{requires: {{s: 1}}}}" for number in range(4_000)) + "}\n",
        "agents: {" + ", ".join(f"a{number}: {{name: A, number: 1}}" for number in range(4_000)) + "}\n",
    ],
    ids=lambda text: text[:40],
)
def test_what_a_site_could_choke_on(tmp_path: Path, text: str) -> None:
    switches = "switches: {pbx: {kind: asterisk, username: ccd, secret_env: CCD_AMI, recordings: /r}}\n"
    site(tmp_path, switches + text)


@pytest.mark.parametrize("sound", ["x" * 3_900, "/".join(["x"] * 1_900), "a" * 254])
def test_a_sound_of_any_name_is_looked_for(tmp_path: Path, sound: str) -> None:
    """Its file cannot be: that is a warning at most."""
    (tmp_path / "sounds").mkdir()
    switches = "switches: {pbx: {kind: asterisk, username: ccd, secret_env: CCD_AMI, recordings: /r}}\n"
    text = f"flow: main\nsteps: {{a: {{play: {{sound: {sound}}}}}}}\n"
    assert site(tmp_path, switches + "folders: {sounds: [sounds]}\n", main=text) == ()


def test_limits_hold_wherever_they_are_met(tmp_path: Path) -> None:
    laughs = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))
    deep = "flow: deep\nsteps: " + "{a: " * (DEPTH_LIMIT + 5) + "x" + "}" * (DEPTH_LIMIT + 5)
    many = "flow: many\nsteps: {" + ", ".join(f"s{number}: {{hangup: }}" for number in range(NODE_LIMIT)) + "}"
    for text, said in ((laughs, "aliases"), (deep, "deeper"), (many, "values"), ("# " + "x" * 1_000_000, "longer")):
        (problem,) = flow(tmp_path, text)
        assert said in problem.message
    shared = "flow: f\nsteps:\n  a: &a {play: {say: Hello.}}\n" + "".join(f"  s{n}: *a\n" for n in range(5_000))
    assert flow(tmp_path, shared) == ()
