"""What gives callers to agents on one FreeSWITCH beside ccd: mod_callcenter, a bare client of the event socket."""

import asyncio
import sys
from collections.abc import Mapping, Sequence

from benchmarks.centre import ROOT
from benchmarks.side import ANSWERED, AT_ONCE, PATIENCE
from ccd.lab.freeswitch import FreeSwitch
from ccd.lab.freeswitch_config import DOMAIN
from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process

DIALPLAN = """
<include>
  <context name="public">
    <extension name="callcenter">
      <condition field="destination_number" expression="^4930901801$">
        <action application="callcenter" data="bench@default"/>
      </condition>
    </extension>
    <extension name="callcenter-answered">
      <condition field="destination_number" expression="^4930901802$">
        <action application="answer"/>
        <action application="callcenter" data="bench@default"/>
      </condition>
    </extension>
    <extension name="ccd">
      <condition field="destination_number" expression="^(493090181[12])$">
        <action application="transfer" data="$1 XML ccd-inbound"/>
      </condition>
    </extension>
  </context>
</include>
"""
CALLCENTER = """
<configuration name="callcenter.conf">
  <settings/>
  <queues>
    <queue name="bench@default">
      <param name="strategy" value="longest-idle-agent"/>
      <param name="moh-sound" value="local_stream://default"/>
      <param name="time-base-score" value="queue"/>
      <param name="max-wait-time" value="0"/>
      <param name="tier-rules-apply" value="false"/>
      <param name="discard-abandoned-after" value="60"/>
      <param name="abandoned-resume-allowed" value="false"/>
    </queue>
  </queues>
  <agents>{agents}</agents>
  <tiers>{tiers}</tiers>
</configuration>
"""
AGENT = (
    '<agent name="{number}" type="callback" contact="[leg_timeout=15]user/{number}@{domain}" status="Available"'
    ' max-no-answer="0" wrap-up-time="0" reject-delay-time="0" busy-delay-time="0"/>'
)
TIER = '<tier agent="{number}" queue="bench@default" level="1" position="1"/>'


class Callcenter:
    """FreeSWITCH's own queue."""

    name = "mod_callcenter"
    numbers: Mapping[str, str] = {AT_ONCE: "4930901801", ANSWERED: "4930901802"}
    processes: Sequence[Process] = ()

    def __init__(self, switch: FreeSwitch) -> None:
        self._switch = switch

    async def start(self, agents: Sequence[str]) -> None:
        folder = self._switch.folder
        text = CALLCENTER.format(
            agents="".join(AGENT.format(number=number, domain=DOMAIN) for number in agents),
            tiers="".join(TIER.format(number=number) for number in agents),
        )
        await self._switch.command("unload mod_callcenter")
        (folder / "conf/autoload_configs/callcenter.conf.xml").write_text(text)
        (folder / "db/callcenter.db").unlink(missing_ok=True)  # it remembers the agents of the last turn
        await self._switch.command("reloadxml")
        await self._switch.command("load mod_callcenter")
        shown = await self._switch.command("callcenter_config agent list")
        if shown.count("|Available|") != len(agents):
            raise LabError(f"mod_callcenter did not take its {len(agents)} agents:\n{shown[:400]}")

    async def stop(self) -> None:
        """So that it does not look for callers every 100 ms while others have their turn."""
        await self._switch.command("unload mod_callcenter")


class BareEslClient:
    """A few lines of Python over the event socket; with `wakes` it does not leave its events lying for 20 ms."""

    numbers: Mapping[str, str] = {AT_ONCE: "4930901811", ANSWERED: "4930901812"}

    def __init__(self, switch: FreeSwitch, *, wakes: bool) -> None:
        self.name = "bare, waking" if wakes else "bare"
        self._switch = switch
        self._wakes = wakes
        self._process: Process | None = None

    @property
    def processes(self) -> Sequence[Process]:
        return [self._process] if self._process else []

    async def start(self, agents: Sequence[str]) -> None:
        arguments = ["-m", "benchmarks.bare_esl_client", str(self._switch.ports.event), str(int(self._wakes))]
        log = self._switch.folder / "log/bare_client"
        words = [*arguments, self.numbers[ANSWERED], *agents]
        self._process = await Process.start(Program((sys.executable,)), words, log, ROOT, piped=True)
        self._process.stdin.write(f"{self._switch.lab_secret}\n".encode())
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
        if line != b"ready\n":
            raise LabError(f"the bare client does not start:\n{self._process.log_tail()}")

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.kill()
        self._process = None
