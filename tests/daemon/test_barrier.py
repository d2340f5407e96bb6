"""The barrier: no dial leaves before the journal that tells of it is safe, and none waits for ever."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from ccd.daemon import barrier, journal
from ccd.daemon.barrier import CONGESTION, Barrier
from ccd.daemon.journal import Began, Journal
from ccd.model.command import Dial, HangUp, SetVariables, SwitchCommand
from ccd.model.event import LegHungUp, TimePassed
from ccd.model.ids import SECOND, Endpoint, LegId

HEAD = Began(1, 0, "0", "hash", 7, "2026a", "9")
TRUNK = Endpoint("PJSIP/trunk")


def dial(name: str, *, is_held: bool = True) -> Dial:
    return Dial(LegId(f"pbx/b1/{name}"), TRUNK, 20 * SECOND, "+34600", barrier=is_held)


class Disk:
    """How `fsync` goes: at once, when it is let, or not at all."""

    def __init__(self) -> None:
        self.syncs = 0
        self.failure: OSError | None = None
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, files: Sequence[int]) -> None:
        self.syncs += 1
        assert self.may_go.wait(10)
        failure, self.failure = self.failure, None
        journal.sync(files)
        if failure is not None:
            raise failure


class Redis:
    """A journal's copy that acknowledges what it is told to."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self.asked: list[int] = []
        self.has = asyncio.Event()
        self.is_away = False

    async def holds(self, sequence: int) -> bool:
        self.asked.append(sequence)
        if self.is_away:
            return False
        await self.has.wait()
        self.acknowledged = sequence
        return True


class House:
    """What the pump does around it, in few lines."""

    def __init__(self, folder: Path, redis: Redis | None = None) -> None:
        self.disk = Disk()
        self.redis = redis
        self.journal = Journal(folder, HEAD)
        self.left: list[SwitchCommand] = []
        self.ends: list[LegHungUp] = []
        self.refused = 0
        self.barrier = Barrier(
            self.journal, redis, go=self.go, feed=self.ends.append, refused=self.refuse, sync=self.disk
        )

    def go(self, commands: Iterable[SwitchCommand]) -> None:
        self.left += commands

    def refuse(self, dials: int) -> None:
        self.refused += dials

    def decide(self, *commands: SwitchCommand, flush: bool = True) -> None:
        """An input that has these commands as its outcome."""
        self.journal.append(1, TimePassed(), (), commands)
        self.left += [command for command in commands if not self.barrier.takes(command)]
        if flush:
            self.write()

    def write(self) -> None:
        self.journal.flush(1)
        self.barrier.written()

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110 - a thread tells nobody
                await asyncio.sleep(0.001)

    async def settled(self) -> None:
        """Until nothing waits for the disk."""
        await self.until(lambda: self.barrier._task is None)


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_dial_leaves_when_the_disk_has_it_and_the_others_at_once(house: House) -> None:
    house.disk.may_go.clear()
    house.decide(dial("a"), dial("b", is_held=False))
    assert house.left == [dial("b", is_held=False)]
    await house.until(lambda: house.disk.syncs)
    house.decide(HangUp(dial("b").leg))
    assert len(house.left) == 2
    house.disk.may_go.set()
    await house.until(lambda: len(house.left) == 3)
    assert house.left[-1] == dial("a")
    assert not len(house.barrier)


async def test_those_that_come_while_the_disk_is_busy_leave_together(house: House) -> None:
    house.disk.may_go.clear()
    house.decide(dial("a"))
    await house.until(lambda: house.disk.syncs)
    for name in "bcdefg":
        house.decide(dial(name))
    house.disk.may_go.set()
    await house.until(lambda: len(house.left) == 7)
    assert house.left == [dial(name) for name in "abcdefg"]
    assert house.disk.syncs == 2


async def test_what_is_not_written_is_not_synced(house: House) -> None:
    """As while it is not sure that this daemon is the master: nothing is flushed, and the pump does not tell."""
    house.decide(dial("a"), flush=False)
    await asyncio.sleep(0.01)
    assert not house.disk.syncs
    assert house.left == []
    house.write()
    await house.until(lambda: house.left)


async def test_what_else_the_leg_is_told_comes_after_its_dial(house: House) -> None:
    house.disk.may_go.clear()
    told = SetVariables(dial("a").leg, (("CCD_CALL", "1"),))
    house.decide(dial("a"))
    house.decide(told)
    assert house.left == []
    house.disk.may_go.set()
    await house.until(lambda: house.left)
    assert house.left == [dial("a"), told]


async def test_who_hangs_up_what_waits_hears_of_one_end(house: House) -> None:
    house.disk.may_go.clear()
    house.decide(dial("a"), dial("b"))
    await house.until(lambda: house.disk.syncs)
    house.decide(HangUp(dial("a").leg, 16))
    assert house.ends == [LegHungUp(dial("a").leg, 16, "us")]
    house.disk.may_go.set()
    await house.until(lambda: house.left)
    await house.settled()
    assert house.left == [dial("b")]
    assert len(house.ends) == 1


async def test_a_full_disk_refuses_and_tells_it_as_the_switch_would(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barrier, "REFUSAL_TIME", 0.02)

    def refuse(batch: bytes, at: int, before: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(house.journal, "_write", refuse)
        house.decide(dial("a"))
        assert house.ends == [], "not at once, or a whole list would be through in no time"
        await house.until(lambda: house.ends)
    assert house.ends == [LegHungUp(dial("a").leg, CONGESTION, "switch")]
    assert (house.left, house.refused, house.disk.syncs) == ([], 1, 0)
    house.decide(dial("b"))
    await house.until(lambda: house.left)
    assert house.left == [dial("b")]


async def test_a_refused_one_that_is_hung_up_meanwhile_ends_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "REFUSAL_TIME", 0.02)
    house.disk.failure = OSError(5, "Input/output error")
    house.decide(dial("a"))
    await house.until(lambda: house.refused)
    house.decide(HangUp(dial("a").leg, 16))
    await asyncio.sleep(0.05)
    assert house.ends == [LegHungUp(dial("a").leg, 16, "us")]
    assert house.left == []


async def test_a_disk_that_lost_something_begins_a_segment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "REFUSAL_TIME", 0.0)
    house.disk.failure = OSError(5, "Input/output error")
    house.decide(dial("a"))
    await house.until(lambda: house.ends)
    assert house.left == []
    house.journal._head = Began(2, 0, "0", "hash", 7, "2026a", "9")
    house.journal.append(2, TimePassed(), (), ())
    house.journal.flush(2)
    assert len(journal.segments(house.journal.folder)) == 2


async def test_a_dial_that_waited_too_long_is_not_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "REFUSAL_TIME", 0.0)
    monkeypatch.setattr(barrier, "LONGEST", 0.02)
    house.disk.may_go.clear()
    house.decide(dial("a"))
    await asyncio.sleep(0.05)
    house.disk.may_go.set()
    await house.until(lambda: house.ends)
    assert house.ends == [LegHungUp(dial("a").leg, CONGESTION, "switch")]
    assert house.left == []


async def test_a_segment_that_is_complete_is_synced_though_nobody_waits(house: House) -> None:
    house.decide()
    await house.settled()
    assert house.disk.syncs == 1, "its name in the folder"
    house.decide()
    await house.settled()
    assert house.disk.syncs == 1, "nobody wants that of what is still written to"
    house.journal.roll()
    house.write()
    await house.until(lambda: house.disk.syncs == 2)
    await house.settled()
    assert not house.journal.leaves_unsynced


async def test_nothing_leaves_a_daemon_that_ends(house: House) -> None:
    house.disk.may_go.clear()
    house.decide(dial("a"))
    await house.until(lambda: house.disk.syncs)
    closing = asyncio.create_task(house.barrier.close())
    await asyncio.sleep(0.01)
    house.disk.may_go.set()
    await closing
    assert house.left == []
    assert house.ends == []


# --- the journal's copy


async def test_redis_is_waited_for_too(tmp_path: Path) -> None:
    house = House(tmp_path, Redis())
    assert house.redis is not None
    house.decide(dial("a"))
    await house.until(lambda: house.redis is not None and house.redis.asked)
    assert house.left == []
    house.redis.has.set()
    await house.until(lambda: house.left)
    assert house.redis.asked == [1]


async def test_a_redis_that_is_slow_is_left_alone_until_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barrier, "COPY_TIME", 0.02)
    redis = Redis()
    house = House(tmp_path, redis)
    house.decide(dial("a"))
    await house.until(lambda: len(house.left) == 1)
    house.decide(dial("b"))
    await house.until(lambda: len(house.left) == 2)
    await house.settled()
    assert redis.asked == [1], "the second did not even ask"
    redis.acknowledged = 1
    redis.has.set()
    house.decide(dial("c"))
    await house.until(lambda: len(house.left) == 3)
    assert redis.asked == [1, 3]


async def test_a_redis_that_is_away_holds_up_nobody(tmp_path: Path) -> None:
    redis = Redis()
    redis.is_away = True
    house = House(tmp_path, redis)
    house.decide(dial("a"))
    await house.until(lambda: house.left)
    assert house.left == [dial("a")]
