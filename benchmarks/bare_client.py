"""The least that gives callers to agents over AMI: no records, no journal, no time-outs, nothing that can go wrong.

python -m benchmarks.bare_client PORT AGENT... with the secret on standard input; says `ready` once it takes calls.
It uses ccd's dialplan and account.
"""

import asyncio
import sys
from collections import deque


async def main(port: int, secret: str, agents: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    free, waiting = deque(agents), deque[tuple[str, str]]()
    talks: dict[str, tuple[str, str]] = {}

    def send(action: str, **headers: str) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"Action: {action}\r\n{lines}\r\n".encode())

    def offer(caller: str, number: str) -> None:
        leg, agent = f"bare-{caller}", free.popleft()
        talks[leg] = caller, agent
        address = {"Channel": f"PJSIP/{agent}", "ChannelId": leg, "CallerID": f"<{number}>", "Async": "true"}
        send("Originate", **address, Context="ccd-agent", Exten="s", Priority="1", Timeout="15000")

    def entered_agi(unique: str, number: str, has_talked: bool) -> None:
        if unique in talks:
            move = {"Context": "ccd-bridge", "Exten": f"peer{unique}", "Priority": "1"}
            send("Redirect", Channel=talks[unique][0], **move)
        elif has_talked:
            send("Hangup", Channel=unique)
        elif free:
            offer(unique, number)
        else:
            waiting.append((unique, number))
            send("Setvar", Channel=unique, Variable="TIMEOUT(absolute)", Value="0")
            send("AGI", Channel=unique, Command="SET MUSIC ON default")

    send("Login", Username="ccd", Secret=secret)
    while block := await reader.readuntil(b"\r\n\r\n"):
        event = dict(line.split(": ", 1) for line in block.decode().split("\r\n") if ": " in line)
        unique = event.get("Uniqueid", "")
        match event.get("Event"):
            case "FullyBooted":
                print("ready", flush=True)
            case "AsyncAGIStart":
                entered_agi(unique, event["CallerIDNum"], "returned" in event["Env"])
            case "Hangup" if unique in talks:
                free.append(talks.pop(unique)[1])
                if waiting:
                    offer(*waiting.popleft())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.stdin.readline().strip(), sys.argv[2:]))
