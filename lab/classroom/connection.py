"""The one WebSocket of the classroom. Students, teachers and projectors all speak through it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit
from weakref import WeakSet

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from lab.classroom.limits import MOST_BYTES, MOST_NEW, STRAY, Bucket
from lab.classroom.network import is_loopback
from lab.classroom.refusal import Refusal
from lab.store.home import StoreError

FIRST_S = 10  # to say who one is
MOST_WAITING = 200  # messages to one browser that does not read, or from it
log = logging.getLogger(__name__)


class Socket(WebSocketHandler):
    """A browser's connection; see `docs/classroom-protocol.md`.

    Attributes
    ----------
    who : str
        A student's id, "teacher" or "wall"; "" before the first message.
    live : Live or None
        The room.
    gone : bool
        Whether it is closed.
    """

    _new: WeakSet = WeakSet()  # connections that have not said who they are

    def initialize(self, hub: Callable) -> None:
        self._hub, self.who, self.live, self.gone = hub, "", None, False
        self._bucket, self._stray = Bucket(), 0
        self._inbox: deque[str | bytes] = deque()
        self._work: asyncio.Future | None = None
        self._latest: dict[str, str] = {}
        self._waiting, self._busy = 0, False
        self._patience = None

    @property
    def hub(self):
        """The rooms; what they need is imported with the first message, not with the pages."""
        return self._hub()

    # -- who may connect ---------------------------------------------------------------------------

    def check_origin(self, origin: str) -> bool:
        """Only pages of this very server; a program without an origin may speak too."""
        return urlsplit(origin).netloc.lower() == self.request.host.lower()

    @property
    def max_message_size(self) -> int:
        return MOST_BYTES

    @property
    def ping_interval(self) -> float:
        return 15.0

    @property
    def address(self) -> str:
        return self.request.remote_ip or ""

    @property
    def is_local(self) -> bool:
        """Whether the browser is on this very machine."""
        return is_loopback(self.address)

    def get_compression_options(self):
        return None  # short messages; compression would cost 300 kB for each connection

    def open(self, *args, **kwargs) -> None:
        self.set_nodelay(True)
        if sum(other.address == self.address for other in self._new) >= MOST_NEW:
            self.close(1013, "too many connections from here")
            return
        self._new.add(self)
        self._wait_for_first()

    def _wait_for_first(self) -> None:
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(FIRST_S, self.close, 1008, "nothing was said")

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _known(self) -> None:
        """It is no newcomer any more."""
        self._stop_waiting()
        self._new.discard(self)

    def on_close(self) -> None:
        self.gone = True
        self._known()
        if self.live is not None:
            self.hub.leave(self)

    # -- what comes --------------------------------------------------------------------------------

    def on_message(self, text: str | bytes) -> None:
        """Takes what comes at once: who does not read on does not hear the answer to a ping."""
        if not self._bucket.take():
            self._stray += 1
            if self._stray == 1:
                self.send({"type": "error", "text": "Slower, please."})
            if self._stray > STRAY:
                self.close(1008, "too many messages")
            return
        self._inbox.append(text)
        if len(self._inbox) > MOST_WAITING:
            self.close(1013, "too much waits here")
        elif self._work is None:
            self._work = asyncio.ensure_future(self._take())

    async def _take(self) -> None:
        """One message after the other; a lesson or a run may take a while to be there."""
        try:
            while self._inbox and not self.gone:
                await self._heard(self._inbox.popleft())
        except Exception:
            log.exception("a message failed")
            self.close(1011, "something failed here")
        finally:
            self._work = None

    async def _heard(self, text: str | bytes) -> None:
        number = None
        try:
            message = self.hub.read(text)
            number = getattr(message, "id", None)
            if self.who:
                await self.hub.hear(self, message)
            else:
                await self._enter(message)
        except (Refusal, StoreError) as error:
            told = {"type": "error", "text": str(error)}
            if number is not None:
                told["id"] = number
            self.send(told)

    async def _enter(self, message) -> None:
        self._stop_waiting()  # it may take a while, and that is not the browser's fault
        try:
            await self.hub.enter(self, message)
        except Exception:
            self._wait_for_first()
            raise
        self._known()

    # -- what goes ---------------------------------------------------------------------------------

    def send(self, message: dict) -> None:
        """Something that must arrive: receipts, refusals, files."""
        if self._waiting > MOST_WAITING:
            self.close(1013, "this browser does not read")
            return
        self._write(json.dumps(message, separators=(",", ":")))

    def send_latest(self, kind: str, text: str) -> None:
        """Something of which only the newest counts: it takes the place of one that still waits."""
        self._latest[kind] = text
        if not self._busy:
            self._busy = True
            asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            while self._latest:
                kind = next(iter(self._latest))
                await self.write_message(self._latest.pop(kind))
        except WebSocketClosedError:
            self._latest.clear()
        finally:
            self._busy = False

    def _write(self, text: str) -> None:
        try:
            sent = self.write_message(text)
        except WebSocketClosedError:
            return
        self._waiting += 1
        sent.add_done_callback(self._written)

    def _written(self, sent) -> None:
        self._waiting -= 1
        sent.exception()  # a connection that has gone is told by on_close

    def bye(self, why: str) -> None:
        """Says why, and closes."""
        self.send({"type": "over", "text": why})
        self.close(1000, "over")
