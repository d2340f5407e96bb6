"""What is left behind is found."""

import os
import signal
from pathlib import Path

from ccd.lab.packages import Program
from ccd.lab.process import Process, left_over


async def test_a_process_is_left_over_until_it_has_ended(tmp_path: Path) -> None:
    process = await Process.start(Program(("sleep", "60")), (), tmp_path / "log", tmp_path)
    try:
        mine = [line for line in left_over(tmp_path) if line.startswith(f"{process.pid} ")]
        assert len(mine) == 1
        assert mine[0].endswith("sleep 60")
    finally:
        await process.kill()
    assert not any(line.startswith(f"{process.pid} ") for line in left_over(tmp_path))


async def test_a_grandchild_at_work_in_the_folder_is_found_too(tmp_path: Path) -> None:
    command = "sleep 60 & echo $! > pid; exit"
    process = await Process.start(Program(("sh", "-c", command)), (), tmp_path / "log", tmp_path)
    await process.wait()
    orphan = (tmp_path / "pid").read_text().strip()
    try:
        assert any(line.startswith(f"{orphan} ") for line in left_over(tmp_path))
    finally:
        os.kill(int(orphan), signal.SIGKILL)
