"""The one place where it is chosen which switch a scenario runs on."""

from dataclasses import dataclass
from typing import Any, Literal

KindName = Literal["simulated", "asterisk", "freeswitch"]


@dataclass(frozen=True)
class SwitchKind:
    """How the switch calls phones and trunks; scenarios write them as Asterisk does."""

    name: KindName
    phone: str
    trunk: str
    phones_register: bool = False

    def endpoints(self, data: Any) -> Any:
        """The same settings with its names of endpoints."""
        if isinstance(data, dict):
            return {key: self.endpoints(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.endpoints(value) for value in data]
        return self.endpoint(data) if isinstance(data, str) else data

    def endpoint(self, text: str) -> str:
        """Its name of an endpoint; any other text as it is."""
        if not text.startswith("PJSIP/"):
            return text
        name = text.removeprefix("PJSIP/")
        return (self.phone if name.isdigit() else self.trunk) + name


SIMULATED = SwitchKind("simulated", "PJSIP/", "PJSIP/")
ASTERISK = SwitchKind("asterisk", "PJSIP/", "PJSIP/")
FREESWITCH = SwitchKind("freeswitch", "user/", "gateway/", phones_register=True)
KINDS = {kind.name: kind for kind in (SIMULATED, ASTERISK, FREESWITCH)}
