"""Login on two connections, who may command, the watch on the link, what is told when."""

import re

import msgspec
import pytest

from ccd.model.event import EndpointChanged, LegArrived, LegHungUp, SwitchDown, SwitchUp
from ccd.model.ids import SECOND, Endpoint, SwitchName
from ccd.switch.base import Cut
from ccd.switch.freeswitch.output import Side
from ccd.switch.freeswitch.session import FILTERS
from ccd.switch.freeswitch.settings import Settings
from ccd.wire import esl
from tests.switch.freeswitch.scripted import BOOT, CALLER, SECOND_CALLER, SETTINGS, Scripted, leg

PBX = SwitchName("pbx")


def settings(**values: object) -> Settings:
    return msgspec.structs.replace(SETTINGS, **values)


def greeted(it: Scripted) -> Scripted:
    it.connect()
    it.receive("events", esl.AuthRequest())
    it.receive("commands", esl.AuthRequest())
    return it


def test_each_connection_logs_in_and_events_come_on_one_alone() -> None:
    it = Scripted()
    it.is_silent = True
    greeted(it)
    assert [(said.side, type(said.command).__name__) for said in it.pending] == [
        ("events", "Auth"),
        ("commands", "Auth"),
    ]
    it.answer(0, "+OK accepted")
    it.answer(0, "+OK accepted")
    (subscription,) = it.pending
    assert subscription.side == "events"
    assert isinstance(subscription.command, esl.Subscribe)
    assert "ALL" not in subscription.command.events, "286 kB a call"
    it.is_silent = False
    it.answer()
    assert it.driver.is_up


def test_a_directory_user_with_rights_of_his_own() -> None:
    it = Scripted(settings(username="ccd@pbx.example"))
    it.is_silent = True
    greeted(it)
    assert it.pending[0].command == esl.UserAuth("ccd@pbx.example", "s3cret")


def test_phones_are_told_before_the_switch_is_up() -> None:
    it = Scripted()
    it.phones = ("1001", "1002")
    it.shows(
        "x", Channel_Presence_ID="1002@pbx.example", Call_Direction="outbound", Answer_State="ringing", v_CCD_ROLE=""
    )
    it.log_in()
    assert it.told() == [
        EndpointChanged(PBX, Endpoint("user/1001"), "idle"),
        EndpointChanged(PBX, Endpoint("user/1002"), "ringing"),
        SwitchUp(PBX, BOOT),
    ]
    assert it.driver.is_up


@pytest.mark.parametrize("side", ["events", "commands"])
def test_a_refused_login_is_not_hammered(side: Side) -> None:
    it = Scripted()
    for seconds in (60, 120, 240, 480, 960, 960):
        it.connect()
        it.refusals["Auth"] = "-ERR invalid"
        it.receive(side, esl.AuthRequest())
        cut = it.driver.take_cut()
        assert cut == Cut("login refused: -ERR invalid", seconds * SECOND)
        assert it.driver.take_cut() is None
        it.lose("cut by us")
        assert it.told() == [SwitchDown(PBX, "login refused: -ERR invalid")]


def test_rights_that_do_not_reach_are_said() -> None:
    """Permission denied comes as a reply, for an api command, too."""
    it = Scripted()
    it.refusals["Subscribe"] = "-ERR permission denied"
    greeted(it)
    cut = it.driver.take_cut()
    assert cut == Cut("events refused: -ERR permission denied", 60 * SECOND)
    for question in ("show registrations", "show channels", "global_getvar core_uuid"):
        it = Scripted()
        it.refusals[question] = "-ERR permission denied"
        greeted(it)
        cut = it.driver.take_cut()
        assert cut is not None
        assert "permission denied" in cut.reason
        assert not it.driver.is_up


def test_an_address_that_is_not_let_in_and_a_connection_that_is_ended() -> None:
    it = Scripted()
    it.connect()
    it.receive("events", esl.Rejection("Access Denied, go away.\n"))
    cut = it.driver.take_cut()
    assert cut is not None
    assert cut.hold_off == 60 * SECOND
    it = Scripted()
    it.log_in()
    it.receive("commands", esl.DisconnectNotice({}, "Disconnected, goodbye.\n"))
    assert it.driver.take_cut() == Cut("FreeSWITCH ends the connection: Disconnected, goodbye.", 0)


@pytest.mark.parametrize("phase", ["greeting", "login", "boot", "snapshot"])
def test_a_peer_that_says_nothing_is_left(phase: str) -> None:
    it = Scripted()
    it.is_silent = phase in ("greeting", "login")
    if phase == "boot":
        it.refusals["Subscribe"] = "+OK"
    it.connect()
    if phase != "greeting":
        it.receive("events", esl.AuthRequest())
        it.is_silent = True
        it.receive("commands", esl.AuthRequest())
        if phase != "login":
            it.answer(0, "+OK accepted")
    it.wait(130 * SECOND)
    assert it.driver.take_cut() is not None


@pytest.mark.parametrize("side", ["events", "commands"])
def test_a_half_open_connection_is_noticed_within_ten_seconds(side: Side) -> None:
    it = Scripted()
    it.log_in()
    it.is_silent = True
    for _ in range(9):
        it.wait(SECOND)
        for said in list(it.pending):
            if said.side != side:
                it.answer(it.pending.index(said))
    cut = it.driver.take_cut()
    assert cut is not None
    assert side in cut.reason


def test_a_link_that_answers_is_kept() -> None:
    it = Scripted()
    it.log_in()
    it.wait(60 * SECOND)
    assert it.driver.take_cut() is None


def test_a_stall_of_our_own_is_no_silence_of_the_peer() -> None:
    it = Scripted()
    it.log_in()
    it.now += 60 * SECOND
    it.driver.tick(it.now)
    assert it.driver.take_cut() is None


def test_an_answer_too_many_ends_the_connection() -> None:
    """There is nothing but their order to tell what answers are to."""
    it = Scripted()
    it.log_in()
    it.receive("commands", esl.ApiResponse("+OK"))
    assert it.driver.take_cut() is not None


# --- who may command


class Switch(Scripted):
    """One that keeps its global variables."""

    def __init__(self, epoch: int, master: str = "") -> None:
        super().__init__(settings(epoch=epoch))
        self.master = master
        self.takes = True

    def _reply(self, asked: str) -> str:
        if asked == "global_getvar ccd_master":
            return self.master
        if asked.startswith("global_setvar ccd_master="):
            _, value, *expected = asked.split("=")
            if self.takes and (not expected or expected[0] == self.master):
                self.master = value
        return super()._reply(asked)


def test_the_first_daemon_writes_its_epoch_and_begins() -> None:
    it = Switch(7)
    it.log_in()
    assert it.master == "7"
    assert it.driver.is_up


def test_a_successor_ends_every_connection_and_no_call_before_it_commands() -> None:
    it = Switch(8, master="7")
    it.log_in()
    look, take = "global_getvar ccd_master", "global_setvar ccd_master=8=7"
    assert it.asked() == ["Auth", look, take, look, "reload mod_event_socket"]
    assert not it.driver.is_up
    it.receive("commands", esl.DisconnectNotice({}, "The system is being shut down.\n"))
    assert it.driver.take_cut() is not None
    it.lose()
    it.log_in()
    assert it.driver.is_up
    assert not [text for text in it.asked() if text.startswith("reload")]


def test_a_successor_whose_reload_does_nothing_does_not_command() -> None:
    it = Switch(8, master="7")
    it.log_in()
    it.wait(6 * SECOND)
    assert it.driver.take_cut() is not None
    assert not it.driver.is_up


def test_the_former_daemon_stays_away() -> None:
    it = Switch(7, master="8")
    it.log_in()
    assert it.driver.take_cut() == Cut("a daemon of epoch 8 commands this switch", 5 * SECOND)
    assert it.master == "8"


def test_of_two_that_claim_at_once_one_is_quicker() -> None:
    it = Switch(8, master="7")
    it.takes = False
    it.log_in()
    assert it.driver.take_cut() == Cut("another daemon was quicker", 5 * SECOND)


# --- the link


def test_legs_are_kept_over_a_lost_link_and_those_that_ended_are_told() -> None:
    it = Scripted()
    it.log_in()
    it.arrive()
    it.arrive(SECOND_CALLER)
    it.told()
    it.lose()
    it.shows(CALLER)
    it.log_in()
    assert it.told() == [
        SwitchDown(PBX, "reset", it.now),
        LegHungUp(leg(SECOND_CALLER), 16, "far_end"),
        SwitchUp(PBX, BOOT),
    ]


@pytest.mark.parametrize(
    ("headers", "comes"),
    [
        ({"Event-Name": "CHANNEL_PARK"}, True),
        ({"Event-Name": "DTMF", "Application": "park"}, True),
        ({"Event-Name": "CHANNEL_EXECUTE_COMPLETE", "Application": "playback"}, True),
        ({"Event-Name": "CHANNEL_EXECUTE_COMPLETE", "Application": "record"}, True),
        ({"Event-Name": "CHANNEL_EXECUTE_COMPLETE", "Application": "sched_transfer"}, False),
        ({"Event-Name": "CHANNEL_EXECUTE_COMPLETE", "Application": "recording"}, False),
    ],
)
def test_of_the_ends_of_applications_only_those_come_that_are_waited_for(headers: dict[str, str], comes: bool) -> None:
    """Filters are joined by or, as FreeSWITCH does it."""
    passes = [re.search(pattern.strip("/"), headers[name]) is not None for name, pattern in FILTERS if name in headers]
    assert any(passes) == comes


def test_a_new_boot_ends_all_legs() -> None:
    it = Scripted()
    it.log_in()
    it.arrive()
    seen = it.now
    it.lose()
    it.told()
    it.wait(30 * SECOND)
    it.boot = "another"
    it.log_in()
    assert it.told() == [LegHungUp(leg(CALLER), 0, "switch", at=seen), SwitchUp(PBX, "another")]


def test_what_comes_while_the_first_questions_are_out_is_read_after_them() -> None:
    """The answers come by another connection than the events: a channel may be described after its end was told."""
    it = Scripted()
    it.shows(SECOND_CALLER, v_CCD_STATE="CALL=7")
    it.refusals["show registrations"] = "+OK"
    it.connect()
    it.receive("events", esl.AuthRequest())
    it.is_silent = True
    it.receive("commands", esl.AuthRequest())
    while not any(said.command == esl.Api("show", "channels") for said in it.pending):
        text = BOOT if it.pending[0].command == esl.Api("global_getvar", "core_uuid") else "+OK"
        it.answer(0, text)
    it.arrive(CALLER)
    it.hang_up(SECOND_CALLER)
    it.says("CUSTOM", Event_Subclass="sofia::register", from_user="1009", from_host="pbx.example")
    assert it.told() == []
    it.is_silent = False
    it.answer(0, it._reply("show registrations"))
    told = it.told()
    assert [type(event) for event in told] == [SwitchUp, LegArrived, LegArrived, LegHungUp, EndpointChanged]
    assert told[1] == LegArrived(leg(SECOND_CALLER), answered=True, variables={"CCD_ROLE": "caller", "CCD_CALL": "7"})


def test_a_channel_that_the_list_does_not_have_yet_is_found_later() -> None:
    """The list is a database that is written behind the calls."""
    it = Scripted()
    it.log_in()
    it.told()
    it.shows(CALLER, v_CCD_STATE="CALL=7")
    it.shows("0a1b", v_CCD_ROLE="")
    it.wait(2 * SECOND)
    (there,) = it.told()
    assert isinstance(there, LegArrived)
    assert there.variables["CCD_CALL"] == "7"


def test_many_channels_are_asked_about_a_hundred_at_once() -> None:
    it = Scripted()
    for count in range(250):
        it.shows(f"c-{count}")
    it.connect()
    it.receive("events", esl.AuthRequest())
    it.is_silent = True
    it.receive("commands", esl.AuthRequest())
    most = 0
    while it.pending:
        most = max(most, sum("uuid_dump" in str(said.command) for said in it.pending))
        said = it.pending[0].command
        it.answer(0, it._reply(f"{said.command} {said.argument}") if isinstance(said, esl.Api) else "+OK")
    assert most == 100
    assert sum(isinstance(event, LegArrived) for event in it.told()) == 250


def test_a_list_that_a_caller_wrote_lines_into_is_no_more_than_a_list_of_uuids() -> None:
    it = Scripted()
    it.refusals["show channels"] = f"uuid,direction,created\n{CALLER},inbound,x,Jim\nforged,inbound,2026\n\n2 total.\n"
    it.shows(CALLER)
    it.log_in()
    assert [event.leg for event in it.told() if isinstance(event, LegArrived)] == [leg(CALLER)]


def test_a_channel_whose_caller_is_no_utf8_does_not_keep_the_switch_down() -> None:
    it = Scripted()
    it.shows(CALLER, Caller_Caller_ID_Name="J\udcfcrgen")
    it.log_in()
    assert it.driver.is_up


def test_who_was_left_to_the_dialplans_fallback_is_its() -> None:
    it = Scripted()
    it.log_in()
    it.arrive()
    it.told()
    it.lose()
    it.shows(CALLER, v_CCD_ROLE="left")
    it.shows(SECOND_CALLER, v_CCD_ROLE="left")
    it.log_in()
    assert it.told()[1:] == [LegHungUp(leg(CALLER), 0, "switch"), SwitchUp(PBX, BOOT)]


def test_a_switch_that_shuts_down_is_left() -> None:
    it = Scripted()
    it.log_in()
    it.says("SHUTDOWN")
    assert it.driver.take_cut() is not None


@pytest.mark.parametrize("folder", ["", "spool", "/a/../b", "/a b"])
def test_a_folder_that_must_not_get_into_a_command(folder: str) -> None:
    with pytest.raises(ValueError, match="recordings"):
        settings(recordings=folder).__post_init__()
    with pytest.raises(ValueError, match="context"):
        settings(context="x y").__post_init__()
