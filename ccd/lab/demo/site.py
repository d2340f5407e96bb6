"""The demonstration's centre: a shop, a helpdesk and a hotline, as `ccd.yaml` would tell it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SHOP, HELPDESK, HOTLINE = "+34910000001", "+34910000002", "+34910000003"
DUTY_SERVICE = "+34911234567"
"""Outside, behind the trunk: the hotline's flow sends urgent callers there at night."""
GUEST = "1999"
"""An agent without a softphone of ours: for whoever wants to take calls himself."""
OUTSIDE = "1998"
"""A phone whose calls come in as from outside: for whoever wants to call in himself."""


@dataclass(frozen=True)
class DemoAgent:
    """An agent; `number` is also his phone's name. Higher levels are better."""

    id: str
    name: str
    number: str
    skills: dict[str, int]

    @property
    def endpoint(self) -> str:
        """His phone, as the switch dials it."""
        return f"PJSIP/{self.number}"


AGENTS = (
    DemoAgent("ana", "Ana Ruiz", "1001", {"sales": 5}),
    DemoAgent("ben", "Ben Ortega", "1002", {"sales": 3, "advice": 4}),
    DemoAgent("carla", "Carla Soto", "1003", {"repairs": 4}),
    DemoAgent("dan", "Dan Vega", "1004", {"support": 5}),
    DemoAgent("eva", "Eva Marin", "1005", {"support": 3}),
)
GUEST_AGENT = DemoAgent("guest", "You", GUEST, {"sales": 9, "repairs": 9, "support": 9, "advice": 9})


def settings(agents: tuple[DemoAgent, ...], pins: dict[str, str], hash_pin: Callable[[str], str]) -> dict[str, Any]:
    """The sections of `ccd.yaml`; `pins` by agent's id, for those who log in at a phone."""
    recording = {"mode": "always"}
    return {
        "site": {
            "name": "Corner shop",
            "region": "ES",
            "time_zone": "UTC",
            "pause_reasons": ["break", "lunch"],
            "outbound_recording": recording,
            "screen_pop_url": "https://crm.example/caller/{caller}?call={call}",
        },
        "numbers": {SHOP: "shop", HELPDESK: "helpdesk", HOTLINE: "hotline"},
        "queues": {
            "sales": {"name": "Sales", "requires": {"sales": 1}, "wrap_up_time": "2s"},
            "repairs": {"name": "Repairs", "requires": {"repairs": 3}, "wrap_up_time": "2s"},
            "support": {"name": "Support", "requires": {"support": 2}, "wrap_up_time": "2s"},
            "advice": {"name": "Advice", "requires": {"advice": 1}},
        },
        "agents": {agent.id: _agent(agent, pins, hash_pin) for agent in agents},
        "calendars": {"helpdesk": {"hours": {"monday-sunday": "00:00-24:00"}}, "hotline": closed_now()},
        "recording": recording,
        "dial_policy": {
            "emergency": ["112"],
            "rules": [
                {
                    "name": "duty service",
                    "pattern": DUTY_SERVICE,
                    "roles": ["flow"],
                    "trunk": "PJSIP/trunk",
                    "outbound_cli": HOTLINE,
                }
            ],
        },
        # The machine may have no other voice than flite's: Spanish sounds foreign here, and needs nothing to be got.
        "speech": {"voices": {"en": {"voice": "slt"}, "es": {"voice": "rms"}}},
    }


def closed_now() -> dict[str, Any]:
    """Opening hours of an office that is closed at this hour, whatever hour it is."""
    today = datetime.now(UTC).date()
    closed = {str(today + timedelta(days=days)): "closed" for days in (-1, 0, 1)}
    return {"hours": {"monday-sunday": "09:00-18:00"}, "special_days": closed}


def _agent(agent: DemoAgent, pins: dict[str, str], hash_pin: Callable[[str], str]) -> dict[str, Any]:
    section: dict[str, Any] = {
        "name": agent.name,
        "number": agent.number,
        "skills": agent.skills,
        "endpoint": agent.endpoint,
    }
    if agent.id in pins:
        section["pin_hash"] = hash_pin(pins[agent.id])
    return section
