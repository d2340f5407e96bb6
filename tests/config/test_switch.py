"""Several switches: what is wrong with them, and who could not be reached."""

from pathlib import Path

import pytest

from ccd.model.ids import AgentId
from tests.config.site import SITE, errors, loaded, warnings

TWO = """\
switches:
  a: {kind: asterisk, username: ccd, secret_env: X, recordings: /r, trunks: {b: PJSIP/to-b}}
  b: {kind: freeswitch, secret_env: X, recordings: /r, trunks: {a: gateway/to-a}}
numbers: {"+34910000001": main}
queues: {sales: {requires: {sales: 2}}}
agents:
  ana: {name: Ana, number: "1001", skills: {sales: 2}, endpoint: "a:PJSIP/1001"}
  ben: {name: Ben, number: "1002", skills: {sales: 2}, endpoint: "b:user/1001"}
dial_policy:
  rules:
    - {name: here, pattern: "+34*", trunk: PJSIP/trunk}
    - {name: there, pattern: "+34*", trunk: "b:gateway/out"}
"""


def test_two_switches_and_the_trunks_between_them_arrive_in_the_core(tmp_path: Path) -> None:
    found = loaded(tmp_path, TWO)
    network = found.configuration.network
    assert network.trunks == {"a": {"b": "PJSIP/to-b"}, "b": {"a": "gateway/to-a"}}
    assert [found.configuration.agents[AgentId(name)].endpoint for name in ("ana", "ben")] == [
        "PJSIP/1001",
        "b:user/1001",
    ]
    assert [rule.trunk for rule in found.configuration.dial_policy.rules] == ["PJSIP/trunk", "b:gateway/out"]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("b: PJSIP/to-b", "c: PJSIP/to-b", "2:78: error: there is no switch `c` (expected one of a, b)"),
        ("b: PJSIP/to-b", "a: PJSIP/to-b", "2:78: error: a trunk from switch `a` to itself (expected another switch)"),
        ("PJSIP/to-b", "gateway/to-b", "2:81: error: `gateway/to-b` does not fit (expected a trunk as PJSIP/to-b)"),
        ("gateway/to-a", "PJSIP/to-a", "3:68: error: `PJSIP/to-a` does not fit (expected a trunk as gateway/to-a)"),
        ("b:user/1001", "c:user/1001", "8:66: error: there is no switch `c` (expected one of a, b)"),
        (
            "b:user/1001",
            "b:PJSIP/1001",
            "8:66: error: switch `b` is a FreeSWITCH, which has no `PJSIP/1001` (expected as user/1001)",
        ),
        (
            "trunk: PJSIP/trunk",
            "trunk: gateway/trunk",
            "11:44: error: switch `a` is an Asterisk, which has no `gateway/trunk` (expected as PJSIP/trunk)",
        ),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert errors(tmp_path, TWO.replace(old, new)) == [f"ccd.yaml:{said}"]


def test_a_queue_whose_agents_no_trunk_reaches(tmp_path: Path) -> None:
    site = TWO.replace(", trunks: {a: gateway/to-a}", "").replace(
        'ben: {name: Ben, number: "1002", skills: {sales: 2}', 'ben: {name: Ben, number: "1002", skills: {}'
    )
    said = "callers on switch `b` reach no agent of queue `sales`: it has no trunk to their phones"
    assert warnings(tmp_path, site) == [f"ccd.yaml:5:10: warning: {said}"]


def test_an_agent_without_a_usual_phone_may_log_in_anywhere(tmp_path: Path) -> None:
    site = TWO.replace(", trunks: {a: gateway/to-a}", "").replace(', endpoint: "a:PJSIP/1001"', "")
    assert warnings(tmp_path, site) == []


def test_a_switch_on_which_nobody_can_call_out(tmp_path: Path) -> None:
    site = TWO.replace('    - {name: there, pattern: "+34*", trunk: "b:gateway/out"}\n', "")
    said = "nobody on switch `b` can call out: no rule of the dial policy has a trunk of it"
    assert warnings(tmp_path, site) == [f"ccd.yaml:3:3: warning: {said}"]


def test_a_single_switch_knows_no_others(tmp_path: Path) -> None:
    site = SITE.replace('number: "1001",', 'number: "1001", endpoint: "b:PJSIP/1001",')
    assert errors(tmp_path, site) == ["ccd.yaml:4:53: error: there is no switch `b` (expected one of pbx)"]
