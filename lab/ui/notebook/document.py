"""A Bokeh document without a server: one thread of its own changes it, and tells the changes.

In a notebook nobody holds a lock for us, the kernel's own thread is busy while a cell runs, and
frames come on the workers' reader threads. So each page has a thread through which everything
goes that touches its document: what a server would call the next tick.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from bokeh.document import Document
from bokeh.protocol import Protocol
from panel.io.state import set_curdoc

log = logging.getLogger(__name__)


class Timer:
    """Something to be done at a time, perhaps again and again; `cancelled` ends it."""

    def __init__(self, function: Callable[[], None], every_s: float | None = None):
        self.function, self.every_s = function, every_s
        self.cancelled = False


class CellDocument(Document):
    """A document that a notebook's cell shows.

    Parameters
    ----------
    send : callable
        `send(patch, buffers)` with each patch, as JSON and [(id, bytes)]; called on the
        document's own thread.
    """

    def __init__(self, send: Callable[[str, list], None]):
        super().__init__()
        self._send = send
        self.watched = False  # before anybody has the document, changes are of no use
        self._changes: list = []
        self._afterwards: list[Callable[[], None]] = []
        self._due: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._over = False
        self.callbacks.on_change_dispatch_to(self)

    def _document_patched(self, event) -> None:
        """Bokeh tells of a change that a browser has to hear."""
        if event.setter is not self:
            self._changes.append(event)

    # -- what a server's document offers -------------------------------------------------------

    def add_next_tick_callback(self, callback):
        return self._add(0, Timer(callback))

    def add_timeout_callback(self, callback, timeout_milliseconds):
        return self._add(timeout_milliseconds / 1000, Timer(callback))

    def add_periodic_callback(self, callback, period_milliseconds):
        period = period_milliseconds / 1000
        return self._add(period, Timer(callback, period))

    def remove_next_tick_callback(self, callback_obj):
        callback_obj.cancelled = True

    remove_timeout_callback = remove_next_tick_callback
    remove_periodic_callback = remove_next_tick_callback

    # -- its thread ----------------------------------------------------------------------------

    @property
    def own_thread(self) -> bool:
        """Whether the caller runs on the document's thread."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable) -> Future:
        """Does something on the document's thread; at once when called there."""
        found: Future = Future()

        def act():
            try:
                found.set_result(function())
            except Exception as error:
                found.set_exception(error)

        if self.own_thread:
            act()
        else:
            self.add_next_tick_callback(act)
        if self._over and not found.done():
            found.cancel()
        return found

    def afterwards(self, function: Callable[[], None]) -> None:
        """Does something when the changes so far have been sent; called on the own thread."""
        self._afterwards.append(function)

    def end(self) -> None:
        """Ends the thread; what still waits is not done."""
        with self._changed:
            self._over = True
            self._changed.notify()

    def _add(self, delay_s: float, timer: Timer) -> Timer:
        with self._changed:
            if self._over:
                return timer
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="lab-cell", daemon=True)
                self._thread.start()
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._numbers), timer))
            self._changed.notify()
        return timer

    def _work(self) -> None:
        while (timers := self._take()) is not None:
            with set_curdoc(self):
                self.hold("combine")  # what changes in one go travels as one message
                for timer in timers:
                    self._do(timer)
                self.unhold()
            self._flush()
            afterwards, self._afterwards = self._afterwards, []
            for function in afterwards:
                self._do(Timer(function))

    def _take(self) -> list[Timer] | None:
        """Waits for what is due; None at the end."""
        with self._changed:
            while not self._over:
                now = time.monotonic()
                found = []
                while self._due and self._due[0][0] <= now:
                    found.append(heapq.heappop(self._due)[2])
                if found:
                    return found
                self._changed.wait(self._due[0][0] - now if self._due else None)
        return None

    def _do(self, timer: Timer) -> None:
        if timer.cancelled:
            return
        try:
            timer.function()
        except Exception:
            log.exception("a picture could not be brought up to date")
        if timer.every_s is not None and not timer.cancelled:
            self._add(timer.every_s, timer)

    def _flush(self) -> None:
        changes, self._changes = self._changes, []
        if not changes or not self.watched:
            return
        try:
            message = Protocol().create("PATCH-DOC", changes)
            self._send(message.content_json, [(b.id, b.to_bytes()) for b in message.buffers])
        except Exception:
            log.exception("a picture could not be sent")
