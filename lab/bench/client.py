"""A program's end of the classroom's socket, for the figures and for the tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 120.0


class Heard(dict):
    """A message; `at` is when it was read, by `time.perf_counter`."""

    at = 0.0


class Client:
    """Speaks and listens. Everything that came is kept, the end of a connection as type "closed".

    Parameters
    ----------
    port : int

    Attributes
    ----------
    heard : list of Heard
    gone : bool
        Whether there is no connection.
    place : dict
        What it was last let in with, "joined" or "opened".
    token : str
    """

    def __init__(self, port: int):
        self.port, self.socket, self.gone = port, None, True
        self.heard: list[Heard] = []
        self.place: dict[str, Any] = {}
        self.token = ""
        self._news = asyncio.Event()

    async def connect(self, **headers: str) -> Client:
        """A new connection, when the old one is closed."""
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        await self.close()
        self.gone = False
        request = HTTPRequest(f"ws://127.0.0.1:{self.port}/class/socket", headers=headers)
        try:
            self.socket = await websocket_connect(request, on_message_callback=self._take)
        except Exception:
            self.gone = True
            raise
        return self

    async def enter(self, **first) -> Client:
        """Connects, says who it is, and waits until it is let in.

        Raises
        ------
        RuntimeError
            It is not.
        """
        await self.connect()
        answer = await self.asked(("joined", "opened", "error", "closed"), **first)
        if answer["type"] in ("error", "closed"):
            raise RuntimeError(answer.get("text", "the connection was closed"))
        return self

    def _take(self, text: str | bytes | None) -> None:
        if text is None:
            if self.gone:
                return
            self.gone = True
            message = Heard(type="closed", code=self.socket and self.socket.close_code)
        else:
            message = Heard(json.loads(text))
        message.at = time.perf_counter()
        self.heard.append(message)
        if message["type"] in ("joined", "opened"):
            self.place, self.token = message, message["token"] or self.token
        self._news.set()

    async def say(self, **message) -> None:
        await self.raw(json.dumps(message))

    async def raw(self, text: str) -> None:
        await self.socket.write_message(text)

    async def until(
        self,
        type: str | tuple[str, ...],
        since: int = 0,
        where: Callable[[dict], Any] = lambda message: True,
        **fields,
    ) -> Heard:
        """The first message of the type with these fields, from number `since` on.

        Raises
        ------
        TimeoutError
        """
        types = (type,) if isinstance(type, str) else type
        async with asyncio.timeout(PATIENCE_S):
            at = since
            while True:
                while at < len(self.heard):
                    found = self.heard[at]
                    same = all(found.get(n) == v for n, v in fields.items())
                    if found["type"] in types and same and where(found):
                        return found
                    at += 1
                self._news.clear()
                await self._news.wait()

    async def asked(self, reply: str | tuple[str, ...], **message) -> Heard:
        """Says something and waits for what comes back of the type `reply`."""
        since = len(self.heard)
        await self.say(**message)
        return await self.until(reply, since)

    async def close(self) -> None:
        """Says good-bye, if it is there, and waits until the connection is closed."""
        if self.socket is None:
            return
        since, gone = len(self.heard), self.gone
        self.socket.close()
        if not gone:
            await self.until("closed", since)

    def kill(self) -> None:
        """Cuts the connection without a word, as a lost network does."""
        if self.socket.protocol is not None:  # else it is closing
            self.socket.protocol.stream.close()
