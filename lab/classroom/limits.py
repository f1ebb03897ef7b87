"""What keeps one browser from stopping the others: rates, and patience with wrong codes."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

MOST_BYTES = 8_192  # of one message from a browser
RATE, BURST = 20.0, 60  # messages a second of one connection
STRAY = 200  # messages beyond that, after which the connection is closed
WRONG, WRONG_S = 60, 60.0  # wrong codes of an address, or of a room, in so many seconds
MOST_NEW = 300  # connections of an address that have not said who they are


class Bucket:
    """Lets `rate` things a second pass, and `burst` at once."""

    def __init__(self, rate: float = RATE, burst: float = BURST, clock: Callable = time.monotonic):
        self.rate, self.burst, self._clock = rate, burst, clock
        self._left, self._at = float(burst), clock()

    def take(self) -> bool:
        """Whether one more may pass."""
        now = self._clock()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class WrongCodes:
    """Counts wrong codes, never joins, so that a class behind one address gets in."""

    def __init__(self, most: int = WRONG, span: float = WRONG_S, clock: Callable = time.monotonic):
        self.most, self.span, self._clock = most, span, clock
        self._seen: dict[str, deque] = defaultdict(deque)

    def note(self, where: str) -> None:
        """A wrong code came from an address, or was said at a room."""
        self._seen[where].append(self._clock())

    def wait(self, where: str) -> int:
        """Seconds until codes are taken again; 0: now."""
        seen = self._seen.get(where)
        if seen is None:
            return 0
        now = self._clock()
        while seen and seen[0] <= now - self.span:
            seen.popleft()
        if not seen:
            del self._seen[where]
            return 0
        return 0 if len(seen) < self.most else max(1, round(seen[0] + self.span - now))
