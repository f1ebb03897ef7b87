"""Who may run now: a visitor's running sessions are bounded, and so are all of a server's.

Looking, seeking and single steps need no seat; what goes on and on does.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

EACH = 4  # sessions that one visitor has running


class Ticket:
    """Seats, or the wish for them.

    Parameters
    ----------
    hall : Hall
    visitor : str
    n : int
        Seats, given all together.
    call : callable
        Called on any thread when its place in the queue may have changed.

    Attributes
    ----------
    granted : bool
    """

    def __init__(self, hall: Hall, visitor: str, n: int, call: Callable[[], None]):
        self.visitor, self.n, self.call = visitor, n, call
        self.granted = False
        self._hall = hall

    @property
    def ahead(self) -> int:
        """How many wait in front of it."""
        return self._hall.ahead(self)

    def give_back(self) -> None:
        """Frees the seats, or leaves the queue."""
        self._hall.give_back(self)


class Hall:
    """All seats of a server, given in the order in which they were asked for.

    Parameters
    ----------
    in_all : int
        Sessions that run on this server at a time.
    each : int
        Of one visitor.
    """

    def __init__(self, in_all: int, each: int = EACH):
        self.in_all, self.each = max(in_all, each), each
        self._lock = Lock()
        self._tickets: list[Ticket] = []

    def seats(self, visitor: str) -> Callable[[int, Callable[[], None]], Ticket]:
        """What that visitor's pages ask: `ask(n, call)` gives a Ticket."""

        def ask(n: int, call: Callable[[], None]) -> Ticket:
            ticket = Ticket(self, visitor, min(n, self.each), call)
            with self._lock:
                self._tickets.append(ticket)
                self._deal()
            return ticket

        return ask

    def ahead(self, ticket: Ticket) -> int:
        """How many wait in front of a ticket: of its visitor, of all when the server is full."""
        with self._lock:
            if ticket.granted or ticket not in self._tickets:
                return 0
            before = self._tickets[: self._tickets.index(ticket)]
            full = self._taken() + ticket.n > self.in_all
            return sum(not t.granted for t in before if full or t.visitor == ticket.visitor)

    def give_back(self, ticket: Ticket) -> None:
        """Takes a ticket out; those behind it move up."""
        with self._lock:
            if ticket not in self._tickets:
                return
            self._tickets.remove(ticket)
            moved = [t for t in self._tickets if not t.granted]
            self._deal()
        for other in moved:
            other.call()

    def _deal(self) -> None:
        """Grants what there is room for; nobody overtakes another one of the same visitor."""
        blocked = set()
        for ticket in self._tickets:
            if ticket.granted or ticket.visitor in blocked:
                continue
            if self._taken() + ticket.n > self.in_all:
                return
            if self._taken(ticket.visitor) + ticket.n > self.each:
                blocked.add(ticket.visitor)
            else:
                ticket.granted = True

    def _taken(self, visitor: str | None = None) -> int:
        return sum(t.n for t in self._tickets if t.granted and visitor in (None, t.visitor))
