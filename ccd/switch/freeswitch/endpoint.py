"""The phones' device states, made of their registrations and of the channels they have.

FreeSWITCH keeps no device state of its own. `user/1001` is the phone that is registered as 1001. A call to it has its
presence id, `1001@domain`, from the directory's dial-string. A call from it was authenticated as that user; the
presence id of such a one is no more than what the caller wrote into From.
"""

from collections.abc import Iterable

from ccd.model.event import EndpointChanged, EndpointState
from ccd.model.ids import Endpoint
from ccd.switch.freeswitch.output import Output
from ccd.wire.esl import Event

TECHNOLOGY = "user/"


class Endpoints:
    """Device states by endpoint; only changes are told."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._registered: dict[Endpoint, bool] = {}
        self._channels: dict[Endpoint, dict[str, bool]] = {}
        """Of each phone, whether answered."""
        self._phone_of: dict[str, Endpoint] = {}
        self._told: dict[Endpoint, EndpointState] = {}

    def name(self, user: str, domain: str) -> Endpoint:
        """What the phone is called in ccd: the domain is left out where it is the usual one."""
        usual = self._output.settings.domain
        return Endpoint(f"{TECHNOLOGY}{user}" if usual in ("", domain) else f"{TECHNOLOGY}{user}@{domain}")

    def phone_of(self, event: Event) -> Endpoint:
        """Whose channel it is; empty where it is no phone's."""
        if event.get("Call-Direction") == "outbound":
            user, _, domain = event.get("Channel-Presence-ID").partition("@")
        else:
            user, domain = event.variable("user_name"), event.variable("domain_name")
        return self.name(user, domain) if user and domain else Endpoint("")

    def registered(self, event: Event) -> None:
        """sofia::register."""
        self._register(self.name(event.get("from-user"), event.get("from-host")), True)

    def unregistered(self, event: Event) -> None:
        """sofia::unregister."""
        self._register(self.name(event.get("from-user"), event.get("from-host")), False)

    def expired(self, event: Event) -> None:
        """sofia::expire, which has other names for the same."""
        self._register(self.name(event.get("user"), event.get("host")), False)

    def channel_seen(self, event: Event) -> None:
        """Any event of a living channel."""
        if phone := self._note(event):
            self._tell(phone)

    def channel_gone(self, uuid: str) -> None:
        """Its end."""
        phone = self._phone_of.pop(uuid, None)
        if phone is None:
            return
        channels = self._channels[phone]
        del channels[uuid]
        if not channels:
            del self._channels[phone]
        self._tell(phone)

    def listed(self, phones: list[tuple[str, str]], channels: Iterable[Event]) -> None:
        """All there are after a login: a phone that is not registered any more is unreachable."""
        self._registered = {self.name(user, domain): True for user, domain in phones[: self._limit]}
        self._channels.clear()
        self._phone_of.clear()
        for event in channels:
            self._note(event)
        for phone in list(dict.fromkeys((*self._registered, *self._told))):
            self._tell(phone)

    @property
    def _limit(self) -> int:
        return self._output.settings.endpoint_limit

    def _note(self, event: Event) -> Endpoint:
        """Whose channel it is, where that is news."""
        phone, uuid = self.phone_of(event), event.uuid
        if not phone or not uuid or (uuid not in self._phone_of and len(self._phone_of) >= self._limit):
            return Endpoint("")
        answered = event.get("Answer-State") == "answered"
        channels = self._channels.setdefault(phone, {})
        if channels.get(uuid) is answered:
            return Endpoint("")
        channels[uuid] = answered
        self._phone_of[uuid] = phone
        return phone

    def _register(self, phone: Endpoint, is_there: bool) -> None:
        if phone in self._registered or len(self._registered) < self._limit:
            self._registered[phone] = is_there
            self._tell(phone)

    def _tell(self, phone: Endpoint) -> None:
        state = self._state(phone)
        if (phone in self._registered or phone in self._told) and self._told.get(phone) != state:
            self._told[phone] = state
            self._output.emit(EndpointChanged(self._output.settings.name, phone, state))

    def _state(self, phone: Endpoint) -> EndpointState:
        if not self._registered.get(phone):
            return "unreachable"
        channels = self._channels.get(phone)
        if not channels:
            return "idle"
        return "in_use" if any(channels.values()) else "ringing"
