"""What happens, for those who watch: a bounded buffer a viewer. A slow viewer loses facts, never delays anybody."""

import asyncio
from collections import deque
from types import TracebackType

from msgspec import Struct

from ccd.model.fact import AnyFact
from ccd.model.ids import Moment
from ccd.model.view import Noted


class Update(Struct, frozen=True):
    """What happened since a viewer's last look; `skipped` older facts were too many for him and are left out."""

    noted: tuple[Noted, ...]
    skipped: int = 0


class Subscription:
    """One viewer's buffer, `with feed.subscribe() as subscription`."""

    def __init__(self, feed: "Feed", backlog: int) -> None:
        self._feed = feed
        self._noted: deque[Noted] = deque(maxlen=backlog)
        self._skipped = 0
        self._woken = asyncio.Event()

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.leave(self)

    def note(self, noted: Noted) -> None:
        """One more; the oldest goes where there is no room."""
        if len(self._noted) == self._noted.maxlen:
            self._skipped += 1
        self._noted.append(noted)
        self._woken.set()

    def wake(self) -> None:
        """Let `next` return though nothing happened."""
        self._woken.set()

    async def next(self, patience: float) -> Update:
        """All that happened since the last one; after `patience` seconds also nothing at all."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return Update(())
        self._woken.clear()
        update = Update(tuple(self._noted), self._skipped)
        self._noted.clear()
        self._skipped = 0
        return update


class Feed:
    """All viewers. Noting costs one append each, and nothing while nobody watches."""

    def __init__(self, backlog: int = 1_000, most_viewers: int = 100) -> None:
        self.closed = False
        self._backlog = backlog
        self._most_viewers = most_viewers
        self._viewers: dict[Subscription, None] = {}

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return len(self._viewers)

    @property
    def has_room(self) -> bool:
        """Whether one more may watch."""
        return not self.closed and len(self._viewers) < self._most_viewers

    def note(self, at: Moment, fact: AnyFact) -> None:
        """A fact, as it happened."""
        if self._viewers:
            noted = Noted(at, fact)
            for viewer in self._viewers:
                viewer.note(noted)

    def subscribe(self) -> Subscription | None:
        """A place for one more viewer; None when all are taken or the feed is closed."""
        if not self.has_room:
            return None
        viewer = Subscription(self, self._backlog)
        self._viewers[viewer] = None
        return viewer

    def leave(self, viewer: Subscription) -> None:
        """The viewer is gone; said again it changes nothing."""
        self._viewers.pop(viewer, None)

    def close(self) -> None:
        """No more viewers; those who watch are woken to find `closed`."""
        self.closed = True
        for viewer in self._viewers:
            viewer.wake()
