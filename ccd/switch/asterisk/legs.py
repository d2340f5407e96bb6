"""The legs of one boot of the switch, and what the switch says about them."""

from collections.abc import Callable

from ccd.model.event import HungUpBy, LegArrived, LegHungUp
from ccd.model.ids import Endpoint, LegId, Moment, leg_id, unique_of
from ccd.switch.asterisk.agi import KEYS, Environment, parse_environment
from ccd.switch.asterisk.caller_name import caller_name
from ccd.switch.asterisk.leg import UP, Leg, Place
from ccd.switch.asterisk.output import Output
from ccd.switch.state import engines
from ccd.wire.ami import Message

FROM_PHONE = "agent"
ROLES = ("caller", FROM_PHONE, "dialled", "talked")
TIMED_OUT = "3"
NO_ANSWER = 19
UNSPECIFIED = 31
SUBSCRIBER_ABSENT = 20
TEXT_LIMIT = 256


class Legs:
    """Addressed by Uniqueid at the switch, by LegId at the engine."""

    def __init__(self, output: Output, is_reachable: Callable[[Endpoint], bool]) -> None:
        self.boot = ""
        self._output = output
        self._is_reachable = is_reachable
        self._by_unique: dict[str, Leg] = {}
        self._by_id: dict[LegId, Leg] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._handed_back: dict[str, int] = {}
        self._over: dict[str, None] = {}
        settings = output.settings
        self._contexts = (
            settings.inbound_context,
            settings.loop_context,
            settings.agent_context,
            settings.dialled_context,
        )
        self.handlers: dict[str, Callable[[Message], None]] = {
            "AsyncAGIStart": self._agi_started,
            "AsyncAGIExec": self._agi_executed,
            "HangupRequest": self._hangup_requested,
            "Hangup": self._hung_up,
            "OriginateResponse": self._originate_response,
            "DialState": self._dial_state,
            "BridgeEnter": self._bridge_entered,
            "DTMFEnd": self._digit_pressed,
            "Hold": self._held,
            "Unhold": self._held,
            "MixMonitorStart": self._monitor_started,
        }

    def get(self, leg: LegId) -> Leg | None:
        """The leg, while it lives."""
        return self._by_id.get(leg)

    def known(self) -> list[Leg]:
        """All legs."""
        return list(self._by_unique.values())

    def by_unique(self, unique: str) -> Leg | None:
        """The leg of a channel."""
        return self._by_unique.get(unique)

    def dial(self, leg: LegId, unique: str, endpoint: Endpoint) -> Leg:
        """A leg that is about to be dialled."""
        self._endpoints[unique] = endpoint
        dialled = self._add(leg, unique, "dialling", False)
        dialled.watch()
        return dialled

    def recall(self, name: LegId, unique: str, place: Place, answered: bool, endpoint: Endpoint, again: int) -> Leg:
        """A leg that a former driver had; `again` is how often it was handed back before."""
        if again:
            self._handed_back[unique] = again
        self._endpoints[unique] = endpoint
        return self._add(name, unique, place, answered)

    def remove(self, leg: Leg) -> None:
        """The leg is no longer ours."""
        del self._by_unique[leg.unique], self._by_id[leg.id]
        self._endpoints.pop(leg.unique, None)

    def close(self, leg: Leg, cause: int, sip_code: int = 0, by: HungUpBy | None = None, at: Moment = 0) -> None:
        """The leg is over. Should its channel come again nevertheless, it is hung up."""
        self.remove(leg)
        self._forget(leg.unique)
        leg.close(cause, sip_code, by, at)

    def _forget(self, unique: str) -> None:
        self._over[unique] = None
        if len(self._over) > self._output.settings.leg_limit:
            del self._over[next(iter(self._over))]

    def refuse(self, name: LegId, cause: int, by: HungUpBy = "us") -> None:
        """A leg that was not even dialled; nothing that bears its name later is ours."""
        unique = unique_of(name) if name.count("/") >= 2 else ""
        if unique not in self._by_unique:
            self._forget(unique)
        self._output.emit(LegHungUp(name, cause, by))

    def hand_back(self, leg: Leg) -> None:
        """The dialplan has the channel; if it brings it again that is another leg."""
        self.remove(leg)
        if len(self._handed_back) < self._output.settings.leg_limit:
            self._handed_back[leg.unique] = self._handed_back.get(leg.unique, 0) + 1
        leg.close(0, by="us")

    def restarted(self, boot: str) -> None:
        """The switch restarted: nothing of before lives, and it was last seen when its link was lost."""
        for leg in self.known():
            self.close(leg, 0, by="switch", at=self._output.sight.until)
        self._handed_back.clear()
        self._over.clear()
        self.boot = boot

    def arrive(self, message: Message, number: str, place: Place, variables: dict[str, str], role: str) -> None:
        """A channel that came by itself, or was found after a login: `message` is its AsyncAGIStart or Status.

        Beyond the limit it is left to the dialplan's fallback.
        """
        unique = message.get("Uniqueid")
        if unique in self._over:
            self._output.act("Hangup", [("Channel", unique), ("Cause", "16")])
            return
        if len(self._by_unique) >= self._output.settings.leg_limit or not unique:
            return
        again = self._handed_back.get(unique, 0)
        name = leg_id(self._output.settings.name, self.boot, f"{unique}+{again}" if again else unique)
        answered = message.get("ChannelState") == UP
        leg = self._add(name, unique, place, answered)
        leg.is_named(message.get("Channel"))
        leg.variables.update(engines(variables.items()))
        self._output.emit(
            LegArrived(
                leg=name,
                ani=_told(message.get("CallerIDNum")),
                ani_name=caller_name(_told(message.get("CallerIDName"))),
                dnis=number[:TEXT_LIMIT],
                endpoint=_endpoint(message.get("Channel")) if role == FROM_PHONE else Endpoint(""),
                answered=answered,
                variables=variables,
                bridge=message.get("BridgeID") if place == "bridged" else "",
            )
        )
        leg.watch()
        leg.arrive(bool(variables))

    def _add(self, name: LegId, unique: str, place: Place, answered: bool) -> Leg:
        leg = Leg(self._output, name, unique, place, answered)
        leg.on_failed = lambda cause: self._failed(leg, cause)
        self._by_unique[unique] = self._by_id[name] = leg
        return leg

    def _failed(self, leg: Leg, cause: int) -> None:
        if self._by_unique.get(leg.unique) is leg:
            self.close(leg, cause)

    def _agi_started(self, message: Message) -> None:
        leg = self._by_unique.get(message.get("Uniqueid"))
        if leg is not None:
            leg.agi_started(_environment(message))
        elif message.get("Context") in self._contexts:
            environment = _environment(message)
            if environment.role in ROLES:
                number = environment.dialled if environment.way == "referred" else environment.number
                self.arrive(message, number, "agi", {}, environment.role)

    def _agi_executed(self, message: Message) -> None:
        if leg := self._by_unique.get(message.get("Uniqueid")):
            leg.agi_executed(message)

    def _hangup_requested(self, message: Message) -> None:
        if leg := self._by_unique.get(message.get("Uniqueid")):
            leg.hangup_requested()

    def _hung_up(self, message: Message) -> None:
        unique = message.get("Uniqueid")
        if self._handed_back.pop(unique, None):
            self._forget(unique)
        if leg := self._by_unique.get(unique):
            cause = _number(message.get("Cause"))
            if leg.place == "dialling" and not leg.is_leaving:
                cause = cause or UNSPECIFIED  # 0 says that nobody knows: of this one it is known that it failed
            self.close(leg, cause, _number(message.get("TechCause")))

    def _originate_response(self, message: Message) -> None:
        unique = message.get("Uniqueid")
        leg = self._by_unique.get(unique)
        if leg is None or message.response == "Success":
            return
        timed_out = message.get("Reason") == TIMED_OUT
        has_channel = timed_out or self._is_reachable(self._endpoints.get(unique, Endpoint("")))
        leg.dial_failed(NO_ANSWER if timed_out else SUBSCRIBER_ABSENT, has_channel)

    def _dial_state(self, message: Message) -> None:
        leg = self._by_unique.get(message.get("DestUniqueid"))
        if leg is not None and message.get("DialStatus") in ("RINGING", "PROGRESS"):
            leg.rings()

    def _bridge_entered(self, message: Message) -> None:
        if leg := self._by_unique.get(message.get("Uniqueid")):
            leg.bridge_entered(message.get("BridgeUniqueid"))
            if leg.join is not None:
                leg.join.entered()

    def _digit_pressed(self, message: Message) -> None:
        leg = self._by_unique.get(message.get("Uniqueid"))
        digit = message.get("Digit")
        if leg is not None and message.get("Direction") == "Received" and len(digit) == 1 and digit in KEYS:
            leg.digit_pressed(digit)

    def _held(self, message: Message) -> None:
        if leg := self._by_unique.get(message.get("Uniqueid")):
            leg.held(message.event == "Hold")

    def _monitor_started(self, message: Message) -> None:
        leg = self._by_unique.get(message.get("Uniqueid"))
        if leg is not None and leg.carries is not None:
            leg.carries.monitor_started(leg.unique)


def _environment(message: Message) -> Environment:
    return parse_environment(message.get("Env"))


def _told(text: str) -> str:
    return "" if text == "<unknown>" else text[:TEXT_LIMIT]


def _endpoint(channel: str) -> Endpoint:
    """`PJSIP/1001-0000001a` is a channel of `PJSIP/1001`."""
    return Endpoint(channel.rpartition("-")[0])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
