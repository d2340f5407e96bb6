"""The session: greeting, login, boot, and the watch on a link that has gone quiet."""

from collections.abc import Callable
from hashlib import md5
from typing import Literal

from ccd.model.event import SwitchDown
from ccd.model.ids import MILLISECOND, Length
from ccd.switch.asterisk.action import is_success, said
from ccd.switch.asterisk.output import Output
from ccd.switch.base import Cut
from ccd.wire.ami import Banner, EventList, Message

Phase = Literal["down", "greeting", "login", "booting", "starting", "up"]
IN_USE = "Login Already In Use"
"""What Asterisk says with allowmultiplelogin=no while another session of the user lives."""
IN_USE_PAUSE: Length = 250 * MILLISECOND
"""At first, then twice as long each time: that session is mostly our own of before, which Asterisk is about to end."""


class Session:
    """One login after the other. `started(boot)` is called when the switch is ready to be asked about its channels."""

    def __init__(self, output: Output, started: Callable[[str], None]) -> None:
        self._output = output
        self._settings = output.settings
        self._started = started
        self._unheard = 0
        self._hold_off: Length = 0
        self._in_use: Length = 0
        self.phase: Phase = "down"
        self.cut: Cut | None = None
        self._cut_taken = False

    def connected(self) -> None:
        """The link is up: Asterisk speaks first."""
        self.phase, self.cut = "greeting", None
        self._unheard = 0
        self._watch(self._settings.login_time, "no greeting")

    def lost(self, reason: str) -> None:
        """The link is down."""
        if self.phase != "down":
            reason = self.cut.reason if self.cut else reason
            heard_at = self._output.sight.lost(self.phase == "up")
            self._output.emit(SwitchDown(self._settings.name, reason, heard_at))
        self.phase = "down"
        self._output.actions.forget()
        self._output.alarms.clear("session")
        self._output.alarms.clear("ping")

    def heard(self, message: Message) -> None:
        """Something came; the greeting begins the login."""
        self._unheard = 0
        if self.phase == "greeting" and isinstance(message, Banner):
            self.phase = "login"
            self._watch(self._settings.login_time, "no answer to the login")
            if self._settings.plain_login:
                self._log_in([("Secret", self._settings.secret)])
            else:
                self._output.act("Challenge", [("AuthType", "MD5")], self._challenged)

    def fully_booted(self) -> None:
        """FullyBooted: sent at once after the login by an Asterisk that runs, else when it has booted."""
        if self.phase == "booting":
            self.phase = "starting"
            self._watch(self._settings.boot_time, "the first questions were not answered")
            self._output.act("CoreStatus", (), self._told_boot)
            self._ping()

    def shutting_down(self) -> None:
        """Shutdown: the switch ends; do not wait for silence."""
        self.end("the switch shuts down")

    def is_up(self) -> None:
        """The snapshot is in."""
        self.phase = "up"
        self._output.sight.came_up(self._output.now)
        self._hold_off = self._in_use = 0
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

    def _challenged(self, answer: EventList | None) -> None:
        if answer is None or answer.response is None or not is_success(answer):
            self._refused(answer)
            return
        key = md5((answer.response.get("Challenge") + self._settings.secret).encode(), usedforsecurity=False)
        self._log_in([("AuthType", "MD5"), ("Key", key.hexdigest())])

    def _log_in(self, proof: list[tuple[str, str]]) -> None:
        headers = [("Username", self._settings.username), *proof, ("Events", "on")]
        self._output.act("Login", headers, self._answered)

    def _answered(self, answer: EventList | None) -> None:
        if not is_success(answer):
            self._refused(answer)
        elif self.phase == "login":
            self.phase = "booting"
            self._watch(self._settings.boot_time, "logged in, but the switch does not say FullyBooted")

    def _refused(self, answer: EventList | None) -> None:
        reason = said(answer)
        if answer is None:
            self.end(f"login refused: {reason}", self._settings.silence_limit)
            return
        if reason == IN_USE:
            self._in_use = min(self._in_use * 2 or IN_USE_PAUSE, self._settings.silence_limit)
            self.end(f"login refused: {reason}", self._in_use)
            return
        base = self._settings.hold_off
        self._hold_off = min(self._hold_off * 2, 16 * base) or base
        self.end(f"login refused: {reason}", self._hold_off)

    def _told_boot(self, answer: EventList | None) -> None:
        if answer is None or answer.response is None or not is_success(answer):
            self.end(f"CoreStatus: {said(answer)}", self._settings.hold_off)
            return
        day, time = answer.response.get("CoreStartupDate"), answer.response.get("CoreStartupTime")
        self._started(f"{day}T{time}".replace("/", "-"))

    def _watch(self, limit: Length, reason: str) -> None:
        self._output.alarm("session", limit, lambda: self.end(reason, self._settings.silence_limit))

    def _ping(self) -> None:
        # Pings without an answer are counted, not the time: after a stall of our own the answers may lie unread.
        if self._unheard * self._settings.ping_every >= self._settings.silence_limit:
            self.end(f"no answer to {self._unheard} pings")
            return
        self._unheard += 1
        self._output.act("Ping")
        self._output.alarm("ping", self._settings.ping_every, self._ping)
