"""A private Asterisk and a private FreeSWITCH with a trunk between them, one daemon."""

import itertools
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ccd.lab import dialplans, template
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.centre import FREESWITCH_SITE, Centre, with_ccd, with_ccd_on_freeswitch
from ccd.lab.freeswitch import FreeSwitch, FreeSwitchFiles
from ccd.lab.freeswitch_config import DOMAIN, FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.phone import Phone
from ccd.lab.process import free_udp_port
from ccd.lab.proxy import Proxy
from ccd.lab.sip_peer import Reply, SipPeer
from tests.live.daemon_harness import AGENTS_HOST, CALLER_TONE, OUTSIDE_TONE, PHONE_TONES, SITE, CallCentre
from tests.live.two_switches import SOFTPHONE, SOFTPHONE_HOST, SOFTPHONE_TONE, Between, recordings

ON_B = ("1003", "1004")
GATEWAY = """<gateway name="to-a">
  <param name="proxy" value="127.0.0.1:{port}"/>
  <param name="realm" value="127.0.0.1"/>
  <param name="username" value="to-a"/>
  <param name="password" value="none"/>
  <param name="register" value="false"/>
  <param name="caller-id-in-from" value="true"/>
</gateway>"""
BETWEEN = """<extension name="ccd-between">
  <condition field="network_addr" expression="^127\\.0\\.0\\.1$"/>
  <condition field="destination_number" expression="^([0-9A-Za-z][0-9A-Za-z_.-]*)$">
    <action application="transfer" data="$1 XML ccd-from-switch"/>
  </condition>
</extension>"""
"""As `dialplans/freeswitch/public-between.xml` has it."""
PUBLIC, TRUNK_ACL = '<context name="public">', '<node type="allow" cidr="@{trunk_host}/32"/>'


@dataclass(eq=False)
class BothKinds(CallCentre):
    """The lab's own Asterisk is `a`, `b` the FreeSWITCH; what the fields of `CallCentre` do is done on `a`."""

    b: FreeSwitch = field(kw_only=True)
    softphone: Phone = field(kw_only=True)
    """Registered at `b`."""

    def call_b(self, number: str, *, tone: int = CALLER_TONE) -> PeerCall:
        """Somebody calls in at the other switch."""
        server = ("127.0.0.1", self.b.ports.sip)
        return self.outside.place(number, server, caller=f"6{next(self.numbers):08}", tone=tone)


def freeswitch_settings(secret: str, sip_of_a: int, passwords: Mapping[str, str]) -> FreeSwitchSettings:
    """With ccd, the trunk to `a`, and the way in from there."""
    endpoints = [Endpoint(name, password) for name, password in passwords.items()]
    wanted = LabSettings(freeswitch=FreeSwitchSettings(endpoints=endpoints, rtp_port_count=200))
    made = with_ccd_on_freeswitch(wanted, dialplans.folder() / "freeswitch", secret).freeswitch
    assert made is not None
    texts = template.read("freeswitch")
    sofia, acl = texts["autoload_configs/sofia.conf.xml"], texts["autoload_configs/acl.conf.xml"]
    files = {
        "autoload_configs/sofia.conf.xml": sofia.replace("@{gateways}", GATEWAY.format(port=sip_of_a)),
        "autoload_configs/acl.conf.xml": acl.replace(TRUNK_ACL, TRUNK_ACL + '<node type="allow" cidr="127.0.0.1/32"/>'),
        "dialplan/site.xml": FREESWITCH_SITE.replace(PUBLIC, PUBLIC + BETWEEN),
    }
    return replace(made, files={**made.files, **files})


@asynccontextmanager
async def both_kinds(
    installed: Packages, files: FreeSwitchFiles, settings: Mapping[str, Any], flows: Mapping[str, str]
) -> AsyncIterator[BothKinds]:
    """`settings` beyond `SITE` and the switches `a` and `b`."""
    port, secret = free_udp_port(AGENTS_HOST), secrets.token_hex(16)
    wanted = with_ccd(
        LabSettings(asterisk=AsteriskSettings(rtp_port_count=200)), dialplans.folder() / "asterisk", secret
    )
    lab = Lab(wanted, installed)
    passwords = {name: secrets.token_hex(8) for name in (*ON_B, SOFTPHONE)}
    b = FreeSwitch(lab.folder / "freeswitch", files, freeswitch_settings(secret, lab.asterisk.ports.sip, passwords))
    softphone = Phone(
        SOFTPHONE,
        b.ports.sip,
        lab.folder / "phones",
        password=passwords[SOFTPHONE],
        tone=SOFTPHONE_TONE,
        host=SOFTPHONE_HOST,
    )
    phone = Endpoint("1001", contact=f"sip:1001@{AGENTS_HOST}:{port}")
    lab.asterisk.settings = replace(lab.asterisk.settings, endpoints=[phone, Between("to-b", port=b.ports.sip)])
    shared = {"secret_file": "secret", "recordings": str(recordings(lab))}
    a_is = {"kind": "asterisk", "username": "ccd", "port": lab.asterisk.ports.ami, "trunks": {"b": "PJSIP/to-b"}}
    b_is = {"kind": "freeswitch", "username": f"ccd@{DOMAIN}", "domain": DOMAIN, "port": b.ports.event}
    switches = {"a": {**a_is, **shared}, "b": {**b_is, **shared, "trunks": {"a": "gateway/to-a"}}}
    answers: dict[str, Reply | None] = {}
    async with lab:
        outside = SipPeer(TRUNK_HOST, lab.asterisk.ports.trunk, tone=lambda number: OUTSIDE_TONE)
        phones = SipPeer(
            AGENTS_HOST,
            port,
            on_call=lambda call: answers.get(call.number, Reply(after=0.02)),
            tone=lambda number: PHONE_TONES.get(number, 0),
            passwords=passwords,
        )
        centre = Centre(lab, secret, {**SITE, "switches": switches, **settings}, flows)
        try:
            await b.start()
            for name in ON_B:
                await phones.register(name, ("127.0.0.1", b.ports.sip))
            await softphone.start()
            await softphone.register()
            await centre.start()
            made = BothKinds(
                lab, centre, outside, phones, answers, itertools.count(1), Proxy(1), b=b, softphone=softphone
            )
            yield made
        finally:
            outside.close()
            phones.close()
            await softphone.stop()
            await centre.stop_if_running()
            await b.kill_if_running()
