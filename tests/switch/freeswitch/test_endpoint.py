"""The phones' states, made of registrations and channels."""

from ccd.model.event import EndpointChanged, EndpointState, Event
from ccd.model.ids import Endpoint, SwitchName
from tests.switch.freeswitch.scripted import SETTINGS, Scripted
from tests.switch.freeswitch.test_session import settings

PHONE = Endpoint("user/1001")
ID = "1001@pbx.example"


def changed(state: EndpointState, phone: str = "user/1001") -> Event:
    return EndpointChanged(SwitchName("pbx"), Endpoint(phone), state)


def logged_in(domain: str = "") -> Scripted:
    it = Scripted(settings(domain=domain) if domain else SETTINGS)
    it.log_in()
    it.told()
    return it


def test_a_phone_rings_talks_and_is_idle_again() -> None:
    it = logged_in()
    it.says("CHANNEL_CREATE", "x", Channel_Presence_ID=ID, Answer_State="ringing")
    it.says("CHANNEL_PROGRESS", "x", Channel_Presence_ID=ID, Answer_State="ringing")
    it.says("CHANNEL_ANSWER", "x", Channel_Presence_ID=ID, Answer_State="answered")
    it.says("CHANNEL_CREATE", "y", Channel_Presence_ID=ID, Answer_State="ringing")
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
    it.says("CHANNEL_CREATE", "y", Channel_Presence_ID="4930@carrier.example", Answer_State="ringing")
    it.hang_up("x")
    assert it.told() == []
