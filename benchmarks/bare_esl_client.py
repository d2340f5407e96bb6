"""The least that gives callers to agents over the event socket: no records, no journal, nothing that can go wrong.

`python -m benchmarks.bare_esl_client PORT WAKES NUMBER AGENT...` with the password on standard input says `ready` once
it takes calls. Who calls NUMBER is answered at once, others when the agent has answered. It uses ccd's dialplan. With
WAKES=1 it sends a line feed every 2 ms, so that its events do not lie for up to 20.
"""

import asyncio
import json
import sys
from collections import deque

EVENTS = "CHANNEL_PARK CHANNEL_HANGUP"
WAKE_EVERY = 0.002


class BareEslClient:
    """Free agents, waiting callers, and who talks with whom; that is all."""

    def __init__(self, writer: asyncio.StreamWriter, answered: str, agents: list[str]) -> None:
        self._writer = writer
        self._answered = answered
        self._free = deque(agents)
        self._waiting = deque[tuple[str, str]]()
        self._talks: dict[str, tuple[str, str]] = {}

    def send(self, command: str) -> None:
        self._writer.write(f"{command}\n\n".encode())

    def receive(self, event: dict[str, str]) -> None:
        uuid = event["Unique-ID"]
        if event["Event-Name"] == "CHANNEL_PARK":
            self._parked(uuid, event)
        elif uuid in self._talks:
            self._free.append(self._talks.pop(uuid)[1])
            if self._waiting:
                self._offer(*self._waiting.popleft())

    def _parked(self, uuid: str, event: dict[str, str]) -> None:
        if uuid in self._talks:
            caller, _ = self._talks[uuid]
            self.send(f"api uuid_answer {caller}")
            self.send(f"api uuid_bridge {caller} {uuid}")
            return
        if event.get("variable_CCD_WAY") == "returned":
            self.send(f"api uuid_kill {uuid}")
            return
        number, has_agent = event["Caller-Caller-ID-Number"], bool(self._free)
        if has_agent:
            self._offer(uuid, number)
        else:
            self._waiting.append((uuid, number))
        if event["variable_CCD_DNIS"] == self._answered:
            self.send(f"api uuid_answer {uuid}")
        if not has_agent:
            self.send(f"api sched_del {uuid}")
            music = "call-command: execute\nexecute-app-name: playback\nexecute-app-arg: local_stream://default"
            self.send(f"sendmsg {uuid}\n{music}")

    def _offer(self, caller: str, number: str) -> None:
        leg, agent = f"bare-{caller}", self._free.popleft()
        self._talks[leg] = caller, agent
        variables = f"origination_uuid={leg},origination_caller_id_number={number},originate_timeout=15"
        self.send(f"bgapi originate {{{variables}}}user/{agent} &park()")


async def frames(reader: asyncio.StreamReader) -> dict[str, str]:
    """The next frame's headers and, as `body`, what follows them."""
    lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    if length := int(headers.get("Content-Length", 0)):
        headers["body"] = (await reader.readexactly(length)).decode()
    return headers


async def wake(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\n")
        await asyncio.sleep(WAKE_EVERY)


async def main(port: int, wakes: bool, password: str, answered: str, agents: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = BareEslClient(writer, answered, agents)
    await frames(reader)
    for command in (f"auth {password}", f"event json {EVENTS}"):
        client.send(command)
        await frames(reader)
    print("ready", flush=True)
    waking = asyncio.create_task(wake(writer)) if wakes else None
    try:
        while frame := await frames(reader):
            if frame["Content-Type"] == "text/event-json":
                client.receive(json.loads(frame["body"]))
    finally:
        if waking is not None:
            waking.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] == "1", sys.stdin.readline().strip(), sys.argv[3], sys.argv[4:]))
