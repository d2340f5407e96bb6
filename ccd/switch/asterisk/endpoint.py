"""The phones' device states, as Asterisk tells them."""

from ccd.model.event import EndpointChanged, EndpointState
from ccd.model.ids import Endpoint
from ccd.switch.asterisk.output import Output
from ccd.wire.ami import Message

_STATES: dict[str, EndpointState] = {
    "NOT_INUSE": "idle",
    "RINGING": "ringing",
    "RINGINUSE": "ringing",
    "INUSE": "in_use",
    "BUSY": "in_use",
    "ONHOLD": "in_use",
    "UNAVAILABLE": "unreachable",
    "INVALID": "unreachable",
    "UNKNOWN": "unreachable",
}
_SIP = ("PJSIP/", "SIP/")


class Endpoints:
    """Device states by endpoint; only changes are told.

    Asterisk 22 turns a phone UNAVAILABLE in the device state too when its contact is removed or does not answer the
    qualify, so DeviceStateChange says everything; ContactStatus `Unreachable` and `Removed` only say it sooner.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._states: dict[Endpoint, EndpointState] = {}

    def state(self, endpoint: Endpoint) -> EndpointState:
        """As last told; a phone never heard of is unreachable."""
        return self._states.get(endpoint, "unreachable")

    def device_state_changed(self, message: Message) -> None:
        """DeviceStateChange, live or in the answer of DeviceStateList."""
        device = message.get("Device")
        if device.startswith(_SIP):
            self._change(Endpoint(device), _STATES.get(message.get("State"), "unreachable"))

    def contact_status(self, message: Message) -> None:
        """ContactStatus: a phone has one contact, so the contact's loss is the phone's."""
        if message.get("ContactStatus") in ("Unreachable", "Removed"):
            self._change(Endpoint(f"PJSIP/{message.get('EndpointName')}"), "unreachable")

    def listed(self, messages: list[Message]) -> None:
        """The whole list after a login: what is not in it is unreachable."""
        listed = {Endpoint(message.get("Device")) for message in messages}
        for message in messages:
            self.device_state_changed(message)
        for endpoint in [endpoint for endpoint in self._states if endpoint not in listed]:
            self._change(endpoint, "unreachable")

    def _change(self, endpoint: Endpoint, state: EndpointState) -> None:
        if self._states.get(endpoint) == state:
            return
        if endpoint not in self._states and len(self._states) >= self._output.settings.endpoint_limit:
            return
        self._states[endpoint] = state
        self._output.emit(EndpointChanged(self._output.settings.name, endpoint, state))
