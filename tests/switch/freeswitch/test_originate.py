"""Nothing that a caller says gets out of the variable it is put into."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.model.command import Dial
from ccd.model.ids import SECOND, Endpoint
from ccd.switch.freeswitch.originate import clean, originate
from ccd.switch.freeswitch.text import UnsafeText
from ccd.switch.state import VALUE_LIMIT
from ccd.wire.esl import BgApi, IllegalValue
from tests.switch.freeswitch.scripted import SETTINGS, leg

LEG = leg("a-1")
AUTO_ANSWER = (("Call-Info", "<sip:ccd>;answer-after=0"), ("Alert-Info", "<http://ccd.invalid>;info=alert-autoanswer"))


def argument(dial: Dial) -> str:
    return originate(dial, dial.variables, SETTINGS)


@given(st.text(max_size=200))
def test_whatever_a_caller_is_called_an_agents_phone_can_be_rung(text: str) -> None:
    dial = Dial(LEG, Endpoint("user/1001"), SECOND, "", text, text, (("X-Y", text),), (("CCD_X", text),))
    asked = argument(dial)
    assert BgApi("originate", asked, "job").render()
    assert re.fullmatch(r"\{[^{}]*\}user/1001 &park\(\)", asked)
    assert " " not in asked.removesuffix(" &park()")


@pytest.mark.parametrize(
    "name",
    [
        "reload mod_event_socket",
        "reload MOD_EVENT_SOCKET unload",
        "mod_evmod_event_socketent_socket reload",
        "a:_:user/1002",
        "ARRAY::a|:b",
        "${system(id)}",
        "x',y='z",
        "x}user/1002",
    ],
)
def test_names_that_mean_something_to_freeswitch(name: str) -> None:
    asked = argument(Dial(LEG, Endpoint("user/1001"), SECOND, cli_name=name))
    assert BgApi("originate", asked).render()
    assert asked.count("user/") == 1 or "1002" in asked.partition("}")[0]


@pytest.mark.parametrize(("ring_time", "limit"), [(SECOND, 2), (SECOND // 2, 2), (15 * SECOND + 1, 17)])
def test_it_rings_for_its_whole_time(ring_time: int, limit: int) -> None:
    """FreeSWITCH compares seconds of the clock: with a limit of 1 it was over 20 ms after it began."""
    assert f"originate_timeout={limit}," in argument(Dial(LEG, Endpoint("user/1001"), ring_time))


def test_a_name_is_no_address() -> None:
    """FreeSWITCH would show ` Lucia` of `Shop: Lucia`, and `me` of `me@home`."""
    asked = argument(Dial(LEG, Endpoint("user/1001"), SECOND, cli_name="Shop: Lucia/Ana@home"))
    name = asked.partition("origination_caller_id_name=")[2].partition("}")[0].partition(",")[0]
    assert not set(name) & set(":/@")
    assert name.startswith("Shop")


@given(st.text())
def test_a_clean_text_is_one_line_of_bounded_length(text: str) -> None:
    cleaned = clean(text)
    assert not re.search(r"[\x00-\x1f\x7f{}\[\]'\"\\$]", cleaned)
    assert len(cleaned.encode()) <= VALUE_LIMIT


def test_a_phone_on_another_switch_is_rung_through_the_gateway_to_it() -> None:
    asked = argument(Dial(LEG, Endpoint("PJSIP/anna.r"), SECOND, through=Endpoint("gateway/to-a")))
    assert asked.endswith("}sofia/gateway/to-a/anna.r &park()")
    for through, phone in (("user/1001", "PJSIP/1"), ("gateway/a b", "PJSIP/1"), ("gateway/a", "user/1@elsewhere")):
        with pytest.raises(UnsafeText):
            argument(Dial(LEG, Endpoint(phone), SECOND, through=Endpoint(through)))


def test_a_number_goes_through_a_gateway() -> None:
    asked = argument(Dial(LEG, Endpoint("gateway/trunk"), SECOND, number="+49301234", outbound_cli="4930"))
    assert asked.endswith("}sofia/gateway/trunk/+49301234 &park()")
    assert "origination_caller_id_number=4930" in asked


def test_a_name_that_is_shown() -> None:
    asked = argument(Dial(LEG, Endpoint("user/1001@home.example"), SECOND, cli_name="Häuser & Co"))
    assert "Häuser" in asked
    assert asked.endswith("}user/1001@home.example &park()")


@pytest.mark.parametrize(
    "dial",
    [
        Dial(LEG, Endpoint("user/1,user/2"), SECOND),
        Dial(LEG, Endpoint("1001"), SECOND),
        Dial(LEG, Endpoint("user/1001 &system(x)"), SECOND),
        Dial(LEG, Endpoint("user/1001"), SECOND, number="4930"),
        Dial(LEG, Endpoint("gateway/trunk"), SECOND, number="49/x@evil"),
        Dial(leg("a b"), Endpoint("user/1"), SECOND),
        Dial(LEG, Endpoint("user/1"), SECOND, headers=(("X: y", "1"),)),
        Dial(LEG, Endpoint("user/1"), SECOND, variables=(("a(b)", "1"),)),
        Dial(LEG, Endpoint("user/1"), SECOND, variables=tuple((f"V{n}", "x") for n in range(130))),
    ],
)
def test_what_cannot_be_dialled(dial: Dial) -> None:
    with pytest.raises((IllegalValue, UnsafeText)):
        argument(dial)


def unquoted(value: str) -> str:
    """What originate makes of a variable: backslashes off at blanks, at commas, at the equals sign."""
    for _ in range(3):
        value = re.sub(r"\\(.)", lambda found: " " if found[1] == "s" else found[1], value)
    return value


@pytest.mark.parametrize(("name", "value"), AUTO_ANSWER)
def test_what_tells_a_phone_to_answer_is_passed_on_as_it_is(name: str, value: str) -> None:
    asked = argument(Dial(LEG, Endpoint("user/1001"), SECOND, headers=((name, value),)))
    written = asked.partition(f"sip_h_{name}=")[2].partition("}")[0]
    assert unquoted(written) == value
    assert "<" not in argument(Dial(LEG, Endpoint("user/1001"), SECOND, variables=((name.replace("-", "_"), value),)))
