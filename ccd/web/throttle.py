"""How often somebody may come with a wrong token.

A right token always passes: 256 random bits are not found by trying, and behind one proxy everybody has one address, so
that shutting an address out would let a stranger shut the centre's own people out. What is limited is what trying costs
us: beyond the limit no more is said or logged than 429.
"""

from collections import OrderedDict

WINDOW = 60.0


class Throttle:
    """Failures in the current minute by address and in all; `now` is any monotonic time in seconds.

    The table holds `most_addresses`; the address that was quiet longest is forgotten first.
    """

    def __init__(self, each: int = 10, in_all: int = 200, most_addresses: int = 1024) -> None:
        self._each = each
        self._in_all = in_all
        self._most_addresses = most_addresses
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._all: tuple[float, int] | None = None

    def __len__(self) -> int:
        return len(self._failures)

    def failed(self, address: str, now: float) -> float:
        """Count a failure; 0 while within the limits, else the seconds until it is worth coming again."""
        began, count = _counted(self._failures.get(address), now)
        self._failures[address] = (began, count)
        self._failures.move_to_end(address)
        if len(self._failures) > self._most_addresses:
            self._failures.popitem(last=False)
        all_began, all_count = self._all = _counted(self._all, now)
        waits = [began + WINDOW - now] if count > self._each else []
        if all_count > self._in_all:
            waits.append(all_began + WINDOW - now)
        return max(waits, default=0.0)


def _counted(window: tuple[float, int] | None, now: float) -> tuple[float, int]:
    if window is None or now - window[0] >= WINDOW:
        return now, 1
    return window[0], window[1] + 1
