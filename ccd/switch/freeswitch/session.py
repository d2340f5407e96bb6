"""The session: both connections logged in, who may command, the boot, and the watch on connections gone quiet.

FreeSWITCH lets in whoever knows the password, as often as he likes. Which of two daemons may command is therefore
written into a global variable of the switch, as the `epoch` of the daemon's lease. Who finds a lower one there writes
his own in its place (in one step: FreeSWITCH compares and sets) and has the event socket loaded anew, which ends every
connection to it and no call; when he is back he finds his own epoch and begins. Who finds a higher one stays away. So
the former daemon, should it wake up, has no connection, and gets none that it may use.
"""

from collections.abc import Callable
from typing import Literal

from ccd.model.event import SwitchDown
from ccd.model.ids import Length
from ccd.switch.base import Cut
from ccd.switch.freeswitch.output import SIDES, Heard, Output, Side
from ccd.switch.freeswitch.question import Answer, is_success, said
from ccd.switch.freeswitch.slot import APPLICATIONS
from ccd.switch.freeswitch.text import number
from ccd.wire.esl import Api, Auth, AuthRequest, Command, DisconnectNotice, Filter, Rejection, Subscribe, UserAuth

Phase = Literal["down", "login", "claim", "starting", "up"]
MASTER = "ccd_master"
EVENTS = (
    "CHANNEL_CREATE",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_ANSWER",
    "CHANNEL_PARK",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_BRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "DTMF",
    "BACKGROUND_JOB",
    "SHUTDOWN",
)
FILTERS = (
    ("Event-Name", "/^(?!CHANNEL_EXECUTE_COMPLETE$)/"),
    ("Application", f"/^({'|'.join(APPLICATIONS)})$/"),
)
"""Joined by or: the end of an application only where it is one that is waited for. Of all others, with 9 kB each, there
are more than of all other events together."""
SUBCLASSES = ("sofia::register", "sofia::unregister", "sofia::expire")


class Session:
    """One login after the other. `started(boot)` is called when the switch is ready to be asked about its channels."""

    def __init__(self, output: Output, started: Callable[[str], None]) -> None:
        self._output = output
        self._settings = output.settings
        self._started = started
        self._unheard: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self._logged_in: dict[Side, bool] = dict.fromkeys(SIDES, False)
        self._hold_off: Length = 0
        self.phase: Phase = "down"
        self.cut: Cut | None = None
        self._cut_taken = False

    def connected(self) -> None:
        """Both connections are up: FreeSWITCH speaks first."""
        self.phase, self.cut = "login", None
        self._unheard, self._logged_in = dict.fromkeys(SIDES, 0), dict.fromkeys(SIDES, False)
        self._watch(self._settings.login_time, "no login in time (of an account with long `esl-allowed-…` lists?)")

    def lost(self, reason: str) -> None:
        """The link is down."""
        if self.phase != "down":
            heard_at = self._output.sight.lost(self.phase == "up")
            self._output.emit(SwitchDown(self._settings.name, self.cut.reason if self.cut else reason, heard_at))
        self.phase = "down"
        self._output.forget()
        self._output.alarms.clear("session")
        self._output.alarms.clear("ping")

    def heard(self, heard: Heard) -> None:
        """Something came; the greeting of each connection begins its login."""
        self._unheard[heard.side] = 0
        match heard.frame:
            case AuthRequest() if self.phase == "login":
                self._output.ask(self._login(), lambda answer: self._answered(heard.side, answer), heard.side)
            case Rejection(text=text):
                self._refused(f"the event socket does not let this address in: {text.strip()[:80]}")
            case DisconnectNotice(text=text):
                self.end(f"FreeSWITCH ends the connection: {text.strip()[:80]}")
            case _:
                pass

    def shutting_down(self) -> None:
        """SHUTDOWN: the switch ends; do not wait for silence."""
        self.end("the switch shuts down")

    def is_up(self) -> None:
        """The snapshot is in."""
        self.phase, self._hold_off = "up", 0
        self._output.sight.came_up(self._output.now)
        self._output.alarms.clear("session")

    def end(self, reason: str, hold_off: Length = 0) -> None:
        """Ask the daemon to cut the link."""
        if self.cut is None:
            self.cut, self._cut_taken = Cut(reason, hold_off), False

    def take_cut(self) -> Cut | None:
        """What `end` asked for, once."""
        if self.cut is None or self._cut_taken:
            return None
        self._cut_taken = True
        return self.cut

    # --- login

    def _login(self) -> Command:
        settings = self._settings
        return UserAuth(settings.username, settings.secret) if settings.username else Auth(settings.secret)

    def _answered(self, side: Side, answer: Answer) -> None:
        if not is_success(answer):
            self._refused(f"login refused: {said(answer)}")
        elif side == "events":
            self._output.ask(Subscribe(EVENTS, SUBCLASSES), self._subscribed, side)
        else:
            self._is_in(side)

    def _subscribed(self, answer: Answer) -> None:
        if not is_success(answer):
            self._refused(f"events refused: {said(answer)}")
            return
        for header, pattern in FILTERS:
            last = self._filtered if header == FILTERS[-1][0] else None
            self._output.ask(Filter(header, pattern), last, "events")

    def _filtered(self, answer: Answer) -> None:
        if is_success(answer):
            self._is_in("events")
        else:
            self._refused(f"filter refused: {said(answer)}")

    def _is_in(self, side: Side) -> None:
        self._logged_in[side] = True
        if self.phase != "login" or not all(self._logged_in.values()):
            return
        self.phase = "claim"
        self._watch(self._settings.boot_time, "the first questions were not answered")
        self._ping()
        if self._settings.epoch:
            self._output.api("global_getvar", MASTER, self._told_master)
        else:
            self._ask_boot()

    def _refused(self, reason: str) -> None:
        base = self._settings.hold_off
        self._hold_off = min(self._hold_off * 2, 16 * base) or base
        self.end(reason, self._hold_off)

    # --- who may command

    def _told_master(self, answer: Answer) -> None:
        found, ours = answer.text.strip(), self._settings.epoch
        if number(found) == ours:
            self._ask_boot()
        elif number(found) > ours:
            self.end(f"a daemon of epoch {found} commands this switch", self._settings.silence_limit)
        else:
            former = f"={found}" if number(found) else ""
            self._output.api("global_setvar", f"{MASTER}={ours}{former}")
            self._output.api("global_getvar", MASTER, lambda answer: self._claimed(bool(former), answer))

    def _claimed(self, is_successor: bool, answer: Answer) -> None:
        if number(answer.text.strip()) != self._settings.epoch:
            self.end("another daemon was quicker", self._settings.silence_limit)
        elif is_successor:
            self._output.api("reload", "mod_event_socket")
            self._watch(self._settings.silence_limit, "the former daemon's connections should have been ended")
        else:
            self._ask_boot()

    # --- boot

    def _ask_boot(self) -> None:
        self._output.api("global_getvar", "core_uuid", self._told_boot)

    def _told_boot(self, answer: Answer) -> None:
        boot = answer.text.strip()
        if not is_success(answer) or not boot or "/" in boot:
            self._refused(f"core_uuid: {said(answer)}")
            return
        self.phase = "starting"
        self._started(boot)

    # --- the watch

    def _watch(self, limit: Length, reason: str) -> None:
        self._output.alarm("session", limit, lambda: self.end(reason, self._settings.silence_limit))

    def _ping(self) -> None:
        # Pings without an answer are counted, not the time: after a stall of our own the answers may lie unread.
        for side, unheard in self._unheard.items():
            if unheard * self._settings.ping_every >= self._settings.silence_limit:
                self.end(f"no answer to {unheard} pings on the {side} connection")
                return
            self._unheard[side] += 1
            self._output.ask(Api("global_getvar", "core_uuid"), None, side)
        self._output.alarm("ping", self._settings.ping_every, self._ping)
