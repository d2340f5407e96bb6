"""What is due when: alarms by key, in one heap."""

from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush

from ccd.model.ids import Moment


class Alarms:
    """Each key has at most one alarm; setting it again moves it. Alarms that were moved or cleared stay in the heap
    until they come up, or until they outnumber the live ones.
    """

    def __init__(self) -> None:
        self._live: dict[Hashable, tuple[Moment, int, Callable[[], None]]] = {}
        self._heap: list[tuple[Moment, int, Hashable]] = []
        self._count = 0

    def set(self, key: Hashable, at: Moment, call: Callable[[], None]) -> None:
        """Call `call` at `at`, instead of what the key had before."""
        self._count += 1
        self._live[key] = (at, self._count, call)
        heappush(self._heap, (at, self._count, key))
        if len(self._heap) > 4 * len(self._live) + 64:
            self._heap = [(at, count, key) for key, (at, count, _) in self._live.items()]
            heapify(self._heap)

    def clear(self, key: Hashable) -> None:
        """Forget the key's alarm, if it has one."""
        self._live.pop(key, None)

    def clear_all(self) -> None:
        """Forget every alarm."""
        self._live.clear()
        self._heap.clear()

    def next(self) -> Moment | None:
        """When the earliest is due."""
        while self._heap:
            at, count, key = self._heap[0]
            live = self._live.get(key)
            if live is not None and live[1] == count:
                return at
            heappop(self._heap)
        return None

    def fire(self, now: Moment) -> None:
        """Call what is due, in order of time; what they set for `now` or before waits for the next time."""
        due = []
        while (at := self.next()) is not None and at <= now:
            _, count, key = heappop(self._heap)
            due.append((key, count))
            self._live[key] = (at, count, self._live[key][2])
        for key, count in due:
            live = self._live.get(key)
            if live is not None and live[1] == count:  # not moved or cleared by one that came before
                del self._live[key]
                live[2]()
