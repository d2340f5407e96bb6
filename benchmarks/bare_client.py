"""The least that gives callers to agents over AMI: no records, no journal, no time-outs, nothing that can go wrong.

`python -m benchmarks.bare_client PORT NUMBER AGENT...` with the secret on standard input says `ready` once it takes
calls. Who calls NUMBER is answered at once, others by the agent's answer. It uses ccd's dialplan and account.
"""

import asyncio
import sys
from collections import deque


class BareClient:
    """Free agents, waiting callers, and who talks with whom; that is all."""

    def __init__(self, writer: asyncio.StreamWriter, answered: str, agents: list[str]) -> None:
        self._writer = writer
        self._answered = answered
        self._free = deque(agents)
        self._waiting = deque[tuple[str, str]]()
        self._talks: dict[str, tuple[str, str]] = {}

    def send(self, action: str, **headers: str) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"Action: {action}\r\n{lines}\r\n".encode())

    def receive(self, event: dict[str, str]) -> None:
        unique = event.get("Uniqueid", "")
        match event.get("Event"):
            case "FullyBooted":
                print("ready", flush=True)
            case "AsyncAGIStart":
                self._entered_agi(unique, event["CallerIDNum"], event["Env"])
            case "Hangup" if unique in self._talks:
                self._free.append(self._talks.pop(unique)[1])
                if self._waiting:
                    self._offer(*self._waiting.popleft())

    def _entered_agi(self, unique: str, number: str, environment: str) -> None:
        if unique in self._talks:
            self._move(self._talks[unique][0], "ccd-bridge", f"peer{unique}")
        elif "returned" in environment:
            self.send("Hangup", Channel=unique)
        elif "answered" in environment:
            self._hold(unique)
        else:
            self._arrived(unique, number, environment)

    def _arrived(self, unique: str, number: str, environment: str) -> None:
        if has_agent := bool(self._free):
            self._offer(unique, number)
        else:
            self._waiting.append((unique, number))
        if self._answered in environment:
            self._move(unique, "ccd-answer", "s")
        elif not has_agent:
            self._hold(unique)

    def _offer(self, caller: str, number: str) -> None:
        leg, agent = f"bare-{caller}", self._free.popleft()
        self._talks[leg] = caller, agent
        headers = {"Channel": f"PJSIP/{agent}", "ChannelId": leg, "CallerID": f"<{number}>", "Async": "true"}
        self.send("Originate", **headers, Context="ccd-agent", Exten="s", Priority="1", Timeout="15000")

    def _move(self, leg: str, context: str, extension: str) -> None:
        self.send("Redirect", Channel=leg, Context=context, Exten=extension, Priority="1")

    def _hold(self, caller: str) -> None:
        self.send("Setvar", Channel=caller, Variable="TIMEOUT(absolute)", Value="0")
        self.send("AGI", Channel=caller, Command="SET MUSIC ON default")


async def main(port: int, secret: str, answered: str, agents: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = BareClient(writer, answered, agents)
    client.send("Login", Username="ccd", Secret=secret)
    while block := await reader.readuntil(b"\r\n\r\n"):
        client.receive(dict(line.split(": ", 1) for line in block.decode().split("\r\n") if ": " in line))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.stdin.readline().strip(), sys.argv[2], sys.argv[3:]))
