"""Login, the watch on the link, what is told when."""

from dataclasses import dataclass
from hashlib import md5

import msgspec
import pytest

from ccd.model.event import EndpointChanged, LegArrived, LegHungUp, SwitchDown, SwitchUp
from ccd.model.ids import SECOND, Endpoint, SwitchName
from ccd.wire.ami import Banner, Message
from tests.switch.asterisk.scripted import BOOT, CALLER, SETTINGS, Scripted, leg

PBX = SwitchName("pbx")


def test_the_secret_itself_is_not_sent() -> None:
    it = Scripted()
    it.connect()
    it.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
    it.answers(it.asked("Challenge"), Challenge="42")
    headers = dict(it.asked("Login").headers)
    assert headers["Key"] == md5(b"42s3cret").hexdigest()
    assert "s3cret" not in str(headers)


def test_plain_login_where_it_is_set() -> None:
    it = Scripted(msgspec.structs.replace(SETTINGS, plain_login=True))
    it.connect()
    it.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
    assert dict(it.asked("Login").headers)["Secret"] == "s3cret"


def test_phones_are_told_before_the_switch_is_up() -> None:
    it = Scripted()
    it.log_in(devices={"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "UNAVAILABLE", "Queue:sales": "NOT_INUSE"})
    assert it.told() == [
        EndpointChanged(PBX, Endpoint("PJSIP/1001"), "idle"),
        EndpointChanged(PBX, Endpoint("PJSIP/1002"), "unreachable"),
        SwitchUp(PBX, BOOT),
    ]
    assert it.driver.is_up


@dataclass
class Refusal:
    message: str
    waits: tuple[float, ...]


@pytest.mark.parametrize(
    "case",
    [Refusal("Authentication failed", (60, 120)), Refusal("Login Already In Use", (0.25, 0.5, 1, 2, 4, 5, 5))],
)
def test_a_refused_login_is_not_hammered(case: Refusal) -> None:
    """A session of ours that Asterisk has not ended yet is soon gone; somebody else's is asked for now and then."""
    it = Scripted()
    for seconds in case.waits:
        it.connect()
        it.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
        it.answers(it.asked("Challenge"), Challenge="42")
        it.answers(it.asked("Login"), "Error", Message=case.message)
        cut = it.driver.take_cut()
        assert cut is not None
        assert cut.hold_off == seconds * SECOND
        assert it.driver.take_cut() is None
        it.lose("cut by us")
        assert it.told() == [SwitchDown(PBX, f"login refused: {case.message}")]


@pytest.mark.parametrize("phase", ["greeting", "challenge", "login", "boot", "status"])
def test_a_peer_that_says_nothing_is_left(phase: str) -> None:
    it = Scripted()
    it.connect()
    if phase != "greeting":
        it.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
    if phase in ("login", "boot", "status"):
        it.answers(it.asked("Challenge"), Challenge="42")
    if phase in ("boot", "status"):
        it.answers(it.asked("Login"))
    if phase == "status":
        it.says("FullyBooted")
    it.wait(130 * SECOND)
    assert it.driver.take_cut() is not None


def test_a_half_open_link_is_noticed_within_ten_seconds() -> None:
    it = Scripted()
    it.log_in()
    it.wait(9 * SECOND)
    cut = it.driver.take_cut()
    assert cut is not None
    assert "pings" in cut.reason


def test_a_link_that_answers_pings_is_kept() -> None:
    it = Scripted()
    it.log_in()
    for _ in range(60):
        it.wait(SECOND)
        for ping in it.all_asked("Ping"):
            it.answers(ping, Ping="Pong")
    assert it.driver.take_cut() is None


def test_a_stall_of_our_own_is_no_silence_of_the_peer() -> None:
    it = Scripted()
    it.log_in()
    it.now += 60 * SECOND
    it.driver.tick(it.now)
    assert it.driver.take_cut() is None


def test_legs_are_kept_over_a_lost_link_and_those_that_ended_are_told() -> None:
    it = Scripted()
    it.log_in()
    it.arrive("1.1")
    it.arrive("1.2")
    it.told()
    heard_at = it.now
    it.wait(SECOND)
    it.lose()
    row = {"Event": "Status", "Uniqueid": "1.1", "ChannelState": "6", "Application": "AGI", "BridgeID": ""}
    it.log_in(Message(row))
    assert it.told() == [SwitchDown(PBX, "reset", heard_at), LegHungUp(leg("1.2"), 16, "far_end"), SwitchUp(PBX, BOOT)]


def test_a_new_boot_ends_all_legs() -> None:
    it = Scripted()
    it.log_in()
    it.arrive()
    seen = it.now
    it.lose()
    it.told()
    it.wait(30 * SECOND)
    it.log_in(boot="2026-11-22T20:00:00")
    assert it.told() == [LegHungUp(leg(CALLER), 0, "switch", at=seen), SwitchUp(PBX, "2026-11-22T20:00:00")]


def test_what_comes_while_the_first_questions_are_out_is_read_after_them() -> None:
    it = Scripted()
    it.connect()
    it.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
    it.answers(it.asked("Challenge"), Challenge="1")
    it.answers(it.asked("Login"))
    it.says("FullyBooted")
    it.answers(it.asked("CoreStatus"), CoreStartupDate="2026-11-22", CoreStartupTime="19:00:00")
    devices, status = it.sent
    it.arrive("1.1")
    it.hang_up("1.2")
    it.lists(devices)
    pairs = (("Event", "Status"), ("Uniqueid", "1.2"), ("Application", "AGI"), ("Variable", "CCD_ROLE=caller"))
    assert it.told() == []
    it.lists(status, Message(dict(pairs), (*pairs, ("Variable", "CCD_CALL=7"))))
    told = it.told()
    assert [type(event) for event in told] == [SwitchUp, LegArrived, LegArrived, LegHungUp]
    assert told[1] == LegArrived(leg("1.2"), variables={"CCD_ROLE": "caller", "CCD_CALL": "7"})
    assert told[3] == LegHungUp(leg("1.2"), 16, "switch")


def test_a_switch_that_shuts_down_is_left() -> None:
    it = Scripted()
    it.log_in()
    it.says("Shutdown", Shutdown="Cleanly")
    assert it.driver.take_cut() is not None
