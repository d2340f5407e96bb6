"""Two private Asterisks with a trunk between them, one daemon; phones, callers and Redis as in the other live tests."""

import itertools
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ccd.lab import dialplans
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.centre import Centre, with_ccd
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.phone import Phone
from ccd.lab.process import free_udp_port
from ccd.lab.proxy import Proxy
from ccd.lab.sip_peer import Reply, SipPeer
from tests.live.daemon_harness import AGENTS_HOST, CALLER_TONE, OUTSIDE_TONE, PHONE_TONES, SITE, CallCentre, until

SOFTPHONE, SOFTPHONE_HOST, SOFTPHONE_TONE = "1009", "127.0.0.4", 500
ON_A, ON_B = ("1001", "1002"), ("1001", "1003", "1004")
"""Phones by switch; 1001 is the name of two."""
TRUNK = """\
[{name}]
type = endpoint
transport = udp
context = ccd-from-switch
aors = {name}
disallow = all
allow = ulaw
direct_media = no
send_connected_line = no
send_pai = yes
trust_id_inbound = yes
rtp_timeout = 30
allow_subscribe = no

[{name}]
type = aor
contact = sip:127.0.0.1:{port}
qualify_frequency = 1
qualify_timeout = 1

[{name}]
type = identify
endpoint = {name}
match = 127.0.0.1
"""


@dataclass(frozen=True)
class Between(Endpoint):
    """The trunk to another Asterisk, as `dialplans/asterisk/pjsip-between.conf` has it; known by its address."""

    port: int = 0

    def render(self) -> str:
        return TRUNK.format(name=self.name, port=self.port)


@dataclass(eq=False)
class TwoSwitches(CallCentre):
    """The lab's own Asterisk is `a`, `b` the other; what the fields of `CallCentre` do is done on `a`."""

    b: Asterisk = field(kw_only=True)
    softphone: Phone = field(kw_only=True)
    """Registered at `b`."""

    @property
    def server_b(self) -> tuple[str, int]:
        return ("127.0.0.1", self.b.ports.sip)

    def call_b(self, number: str, *, tone: int = CALLER_TONE) -> PeerCall:
        """Somebody calls in at the other switch."""
        return self.outside.place(number, self.server_b, caller=f"6{next(self.numbers):08}", tone=tone)

    def dial_b(self, phone: str, number: str) -> PeerCall:
        """A phone of the other switch dials."""
        return self.phones.place(number, self.server_b, caller=phone, tone=PHONE_TONES[phone])

    async def at(self, agent: str, endpoint: str) -> None:
        """Log in there."""
        await self.centre.post(f"/v1/agents/{agent}/login", {"endpoint": endpoint})

    async def is_up(self, switch: str, up: bool = True, within: float = 15.0) -> None:
        """Until the daemon says so of the switch."""

        async def is_so() -> bool:
            return next(one.up for one in (await self.view()).switches if one.name == switch) is up

        await until(is_so, f"{switch} {'up' if up else 'down'}", within)

    async def assert_quiet(self) -> None:
        if self.b.is_running:
            assert await self.b.emptied(5.0)
        await super().assert_quiet()


@asynccontextmanager
async def two_switches(
    installed: Packages, settings: Mapping[str, Any], flows: Mapping[str, str]
) -> AsyncIterator[TwoSwitches]:
    """`settings` beyond `SITE` and the switches `a` and `b`."""
    port, secret = free_udp_port(AGENTS_HOST), secrets.token_hex(16)
    plans = dialplans.folder() / "asterisk"
    wanted = with_ccd(LabSettings(asterisk=AsteriskSettings(qualify_seconds=1, rtp_port_count=200)), plans, secret)
    lab = Lab(wanted, installed)
    b = Asterisk(lab.folder / "asterisk-b", installed.asterisk, wanted.asterisk, installed.openssl)
    registering = Endpoint(SOFTPHONE)
    softphone = Phone(
        SOFTPHONE,
        b.ports.sip,
        lab.folder / "phones",
        password=registering.password,
        tone=SOFTPHONE_TONE,
        host=SOFTPHONE_HOST,
    )
    fixed = {name: Endpoint(name, contact=f"sip:{name}@{AGENTS_HOST}:{port}") for name in (*ON_A, *ON_B)}
    to_b, to_a = Between("to-b", port=b.ports.sip), Between("to-a", port=lab.asterisk.ports.sip)
    lab.asterisk.settings = replace(lab.asterisk.settings, endpoints=[*map(fixed.__getitem__, ON_A), to_b])
    b.settings = replace(b.settings, endpoints=[*map(fixed.__getitem__, ON_B), registering, to_a])
    answers: dict[str, Reply | None] = {}
    async with lab:
        outside = SipPeer(TRUNK_HOST, lab.asterisk.ports.trunk, tone=lambda number: OUTSIDE_TONE)
        outside_b = SipPeer(TRUNK_HOST, b.ports.trunk, tone=lambda number: OUTSIDE_TONE)
        phones = SipPeer(
            AGENTS_HOST,
            port,
            on_call=lambda call: answers.get(call.number, Reply(after=0.02)),
            tone=lambda number: PHONE_TONES.get(number, 0),
        )
        centre = Centre(lab, secret, {**SITE, "switches": switches(lab, b), **settings}, flows)
        made = TwoSwitches(
            lab, centre, outside, phones, answers, itertools.count(1), Proxy(1), b=b, softphone=softphone
        )
        try:
            await b.start()
            await softphone.start()
            await softphone.register()
            await centre.start()
            await made.is_up("a")
            await made.is_up("b")
            yield made
        finally:
            outside.close()
            outside_b.close()
            phones.close()
            await softphone.stop()
            await centre.stop_if_running()
            await b.kill_if_running()


def switches(lab: Lab, b: Asterisk) -> dict[str, Any]:
    """The section of `ccd.yaml`; both write their recordings where the daemon looks."""
    shared = {"kind": "asterisk", "username": "ccd", "secret_file": "secret", "recordings": str(recordings(lab))}
    return {
        "a": {**shared, "port": lab.asterisk.ports.ami, "trunks": {"b": "PJSIP/to-b"}},
        "b": {**shared, "port": b.ports.ami, "trunks": {"a": "PJSIP/to-a"}},
    }


def recordings(lab: Lab) -> Path:
    """As `Centre` has it."""
    return lab.folder / "ccd" / "recordings"
