"""The lab itself: does it come up, do phones hear each other, is nothing left behind."""

import asyncio
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccd.lab import tones
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings, sweep
from ccd.lab.packages import Packages
from ccd.lab.phone import Phone
from ccd.lab.phone_call import PhoneCall
from ccd.lab.process import LabError
from ccd.lab.redis import Redis
from tests.live.conftest import CALL_EACH_OTHER, StartAsterisk, StartLab

pytestmark = pytest.mark.live

PARENT = """
import asyncio, sys
from ccd.lab.lab import Lab, LabSettings

async def main():
    async with Lab(LabSettings(agents=1)) as lab:
        print(lab.folder, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def processes_of(folder: Path) -> list[int]:
    """The processes that name the folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            working = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(folder).encode() in command or working.startswith(str(folder)):
            found.append(int(entry.name))
    return found


def hears(call: PhoneCall, frequency: int) -> float:
    recording = tones.read(call.recording)
    return tones.heard(recording.channels[0], recording.rate, frequency).seconds


async def talk(caller: Phone, callee: Phone, seconds: float = 1.0) -> tuple[PhoneCall, PhoneCall]:
    """A call from phone to phone that lasts until both have heard something, and is over."""
    await callee.auto_answer()
    call = await caller.call(callee.name)
    await call.answered()
    there = await callee.incoming()
    await asyncio.gather(call.heard_for(seconds), there.heard_for(seconds))
    await call.hang_up()
    await asyncio.gather(call.ended(), there.ended())
    return call, there


async def test_two_phones_hear_each_others_tone(phones: dict[str, Phone]) -> None:
    first, second = phones["1001"], phones["1002"]
    call, there = await talk(first, second)
    assert hears(call, second.tone) > 0.8
    assert hears(there, first.tone) > 0.8
    assert hears(call, first.tone) == 0
    assert hears(there, second.tone) == 0


async def test_is_up_in_two_seconds_and_leaves_nothing_behind(installed: Packages) -> None:
    began = time.monotonic()
    async with Lab(LabSettings(agents=5), installed) as lab:
        assert time.monotonic() - began < 2
        assert len(processes_of(lab.folder)) == 7
    assert processes_of(lab.folder) == []
    assert not lab.folder.exists()


async def test_a_kept_lab_keeps_its_folder_but_no_process(installed: Packages) -> None:
    async with Lab(LabSettings(agents=1, keep=True), installed) as lab:
        pass
    assert processes_of(lab.folder) == []
    assert lab.asterisk.log.exists()
    lab.discard()


def test_a_killed_parent_takes_all_with_it(installed: Packages) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        children = [os.pidfd_open(pid) for pid in processes_of(folder)]
        assert len(children) == 3
        parent.send_signal(signal.SIGKILL)
    for child in children:
        assert select.select([child], [], [], 5)[0], "outlived its parent"
        os.close(child)
    sweep([folder])
    assert not folder.exists()


async def test_the_folder_of_a_living_lab_is_not_swept(lab: Lab) -> None:
    sweep([lab.folder])
    assert (lab.folder / "owner").exists()


@pytest.mark.usefixtures("installed")
def test_the_command_line_lab_ends_at_ctrl_c() -> None:
    command = [sys.executable, "-c", "from ccd.cli.lab import app; app()", "up", "--agents", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = dict(line.split(":", 1) for line in iter(process.stdout.readline, "The lab is up; Ctrl-C ends it.\n"))
        folder = Path(shown["folder"].strip())
        assert len(processes_of(folder)) == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert processes_of(folder) == []
    assert not folder.exists()


async def test_two_labs_at_once_do_not_meet(start_lab: StartLab) -> None:
    settings = LabSettings(agents=2, asterisk=AsteriskSettings(extensions=CALL_EACH_OTHER))
    labs = await asyncio.gather(start_lab(settings), start_lab(settings))
    calls = await asyncio.gather(*(talk(lab.phone("1001"), lab.phone("1002")) for lab in labs))
    for lab, (call, _) in zip(labs, calls, strict=True):
        assert hears(call, lab.phone("1002").tone) > 0.8
        assert await lab.asterisk.channel_count() == 0


async def test_a_caller_from_the_trunk_shows_any_number(lab: Lab) -> None:
    caller, agent = await lab.caller("ana"), lab.phone("1001")
    call = await caller.call("1001", caller="+34911222333", display='Ana "A" García')
    there = await agent.incoming()
    assert "+34911222333" in (there.header("From") or "")
    assert "García" in (there.header("P-Asserted-Identity") or "")
    await there.refuse(486)
    assert (await call.ended()).fields["code"] == 486


async def test_digits_hold_and_a_caller_who_gives_up(lab: Lab) -> None:
    first, second = lab.phone("1001"), lab.phone("1002")
    call = await first.call("1002")
    there = await second.incoming()
    await there.answer()
    await call.answered()
    await call.press("1*")
    await second.until(lambda: there.digits == "1*" or None, 5, "digits")
    await call.hold()
    await call.reach_last("media", active=False)
    await call.unhold()
    await call.reach_last("media", active=True)
    await first.stop()
    with pytest.raises(LabError, match="not running"):
        await call.press("1")


async def test_a_refused_registration_is_an_error(lab: Lab, tmp_path: Path) -> None:
    impostor = Phone("1001", lab.asterisk.ports.sip, tmp_path, password="wrong")
    await impostor.start()
    with pytest.raises(LabError, match="register failed"):
        await impostor.register()
    await impostor.stop()


async def test_asterisk_comes_back_after_a_crash(start_asterisk: StartAsterisk) -> None:
    asterisk = await start_asterisk(AsteriskSettings(extra_modules=["app_queue.so"]))
    assert "app_queue" in await asterisk.command("module show like app_queue")
    ports = asterisk.ports
    await asterisk.kill()
    assert not asterisk.is_running
    await asterisk.start()
    assert asterisk.ports == ports
    assert asterisk.process.resident_bytes() > 20_000_000


async def test_asterisk_logs_no_error_at_start(start_asterisk: StartAsterisk) -> None:
    asterisk = await start_asterisk(AsteriskSettings(extensions=CALL_EACH_OTHER))
    assert [line for line in asterisk.log.read_text().splitlines() if "ERROR" in line or "WARNING" in line] == []


@pytest.mark.parametrize(("kind", "port"), [(socket.SOCK_STREAM, "ami"), (socket.SOCK_DGRAM, "sip")])
async def test_a_port_that_is_taken_is_an_error(
    installed: Packages, tmp_path: Path, kind: socket.SocketKind, port: str
) -> None:
    asterisk = Asterisk(tmp_path, installed.asterisk, AsteriskSettings(), installed.openssl)
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", getattr(asterisk.ports, port)))
        if kind == socket.SOCK_STREAM:
            other.listen()
        with pytest.raises(LabError, match="somebody took a port"):
            await asterisk.start()
    assert not asterisk.is_running


async def test_manager_over_tls(start_asterisk: StartAsterisk) -> None:
    asterisk = await start_asterisk(AsteriskSettings(tls=True))
    trust = ssl.create_default_context(cafile=str(asterisk.certificate))
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.ports.ami_tls, ssl=trust)
    assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
    writer.close()


async def test_redis_finds_its_data_after_a_crash(redis: Redis) -> None:
    assert await redis_command(redis, b"SET name Ana\r\n") == b"+OK\r\n"
    await redis.restart()
    assert await redis_command(redis, b"GET name\r\n") == b"$3\r\n"


async def redis_command(redis: Redis, command: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
    writer.write(command)
    answer = await reader.readline()
    writer.close()
    return answer
