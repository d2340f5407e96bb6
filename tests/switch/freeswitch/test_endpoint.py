"""The phones' states, made of registrations and channels."""

from ccd.model.event import EndpointChanged, EndpointState, Event
from ccd.model.ids import Endpoint, SwitchName
from tests.switch.freeswitch.scripted import SETTINGS, Scripted
from tests.switch.freeswitch.test_session import settings

PHONE = Endpoint("user/1001")
CALLED = {"Channel_Presence_ID": "1001@pbx.example", "Call_Direction": "outbound"}
CALLING = {"v_user_name": "1001", "v_domain_name": "pbx.example", "Call_Direction": "inbound"}


def changed(state: EndpointState, phone: str = "user/1001") -> Event:
    return EndpointChanged(SwitchName("pbx"), Endpoint(phone), state)


def logged_in(domain: str = "") -> Scripted:
    it = Scripted(settings(domain=domain) if domain else SETTINGS)
    it.log_in()
    it.told()
    return it


def test_a_phone_rings_talks_and_is_idle_again() -> None:
    it = logged_in()
    it.says("CHANNEL_CREATE", "x", **CALLED, Answer_State="ringing")
    it.says("CHANNEL_PROGRESS", "x", **CALLED, Answer_State="ringing")
    it.says("CHANNEL_ANSWER", "x", **CALLED, Answer_State="answered")
    it.says("CHANNEL_CREATE", "y", **CALLED, Answer_State="ringing")
    it.hang_up("x")
    it.hang_up("y")
    assert it.told() == [changed(state) for state in ("ringing", "in_use", "ringing", "idle")]


def test_a_phone_comes_and_goes() -> None:
    it = logged_in()
    it.says("CUSTOM", Event_Subclass="sofia::unregister", from_user="1001", from_host="pbx.example")
    it.says("CUSTOM", Event_Subclass="sofia::register", from_user="1001", from_host="pbx.example")
    it.says("CUSTOM", Event_Subclass="sofia::register", from_user="1001", from_host="pbx.example")
    it.says("CUSTOM", Event_Subclass="sofia::expire", user="1001", host="pbx.example")
    assert it.told() == [changed(state) for state in ("unreachable", "idle", "unreachable")]


def test_a_phone_that_was_registered_before_the_link_was_lost() -> None:
    it = logged_in()
    it.phones = ()
    it.lose()
    it.told()
    it.log_in()
    assert it.told()[0] == changed("unreachable")


def test_a_phone_of_another_domain_has_it_in_its_name() -> None:
    it = logged_in("pbx.example")
    it.says("CUSTOM", Event_Subclass="sofia::register", from_user="1001", from_host="other.example")
    assert it.told() == [changed("idle", "user/1001@other.example")]


def test_a_channel_that_is_no_phones() -> None:
    it = logged_in()
    it.says("CHANNEL_CREATE", "x", Channel_Presence_ID="", Answer_State="ringing")
    it.says("CHANNEL_CREATE", "y", **{**CALLED, "Channel_Presence_ID": "4930@carrier.example"})
    it.hang_up("x")
    assert it.told() == []


def test_a_call_of_a_phone_is_its_own_by_its_login_and_not_by_what_anybody_calls_himself() -> None:
    it = logged_in()
    it.says("CHANNEL_CREATE", "x", **{**CALLED, "Call_Direction": "inbound"})
    assert it.told() == [], "or anybody could keep an agent busy"
    it.says("CHANNEL_CREATE", "y", Answer_State="ringing", **CALLING)
    assert it.told() == [changed("ringing")]
