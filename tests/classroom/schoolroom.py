"""A classroom on a free port of this process, and clients that speak to it."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.web import Application
from tornado.websocket import websocket_connect

from lab.classroom.connection import Socket
from lab.classroom.hub import TICK_S, Hub

PATIENCE_S = 120
LESSON = """
title = "Two ways"
[[step]]
kind = "ask"
title = "Left or right?"
choices = ["left", "right"]
[[step]]
kind = "predict"
title = "How will it fall?"
shape = "curve"
notes = "for the teacher alone"
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 60
low = 1e-8
high = 10.0
log = true
[[step]]
kind = "reveal"
title = "Like this"
[[step]]
kind = "explore"
title = "Yours"
free = [{ name = "weight", low = 0.1, high = 1.0 }]
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 20
[[step]]
kind = "explore"
title = "All of us"
[step.cells]
x = "weight"
y = "fastest"
xs = [0.5, 1.0]
ys = [0.1, 1.0]
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 20
"""
ASK, PREDICT, REVEAL, EXPLORE, CELLS = range(5)


class Client:
    """Speaks and listens; everything that came is kept."""

    def __init__(self, socket):
        self.socket, self.heard = socket, []
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(self._listen())

    async def _listen(self):
        while (text := await self.socket.read_message()) is not None:
            self.heard.append(json.loads(text))
            self._news.set()
        self.heard.append({"type": "closed", "code": self.socket.close_code})
        self._news.set()

    async def say(self, **message):
        await self.socket.write_message(json.dumps(message))

    async def raw(self, text):
        await self.socket.write_message(text)

    async def until(self, type, since=0, where=lambda message: True, **fields):
        """The first message of the type with these fields, from number `since` on."""
        async with asyncio.timeout(PATIENCE_S):
            at = since
            while True:
                while at < len(self.heard):
                    found = self.heard[at]
                    same = all(found.get(n) == v for n, v in fields.items())
                    if found["type"] == type and same and where(found):
                        return found
                    at += 1
                self._news.clear()
                await self._news.wait()

    async def asked(self, reply, **message):
        """Says something and waits for what comes back of the type `reply`."""
        since = len(self.heard)
        await self.say(**message)
        return await self.until(reply, since)

    async def close(self):
        self.socket.close()
        await self._task


class Classroom:
    """The server and its hub."""

    def __init__(self, hub, port):
        self.hub, self.port, self.clients = hub, port, []

    async def connect(self, first=None, **headers):
        from tornado.httpclient import HTTPRequest

        address = f"ws://127.0.0.1:{self.port}/class/socket"
        socket = await websocket_connect(HTTPRequest(address, headers=headers))
        client = Client(socket)
        self.clients.append(client)
        if first:
            await client.say(**first)
        return client

    async def teacher(self, lesson="two-ways"):
        client = await self.connect({"type": "open", "lesson": lesson})
        client.room = await client.until("opened")
        return client

    async def student(self, teacher, name=""):
        client = await self.connect({"type": "join", "code": teacher.room["code"], "name": name})
        client.place = await client.until("joined")
        return client


def run(lesson):
    """Runs a coroutine to its end, on a thread: the main one may have a browser's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, lesson).result()


@asynccontextmanager
async def opened(journal):
    """A classroom while the block lasts."""
    hub = Hub(journal)
    server = HTTPServer(Application([("/class/socket", Socket, {"hub": lambda: hub})]))
    server.listen(0, "127.0.0.1")
    port = next(iter(server._sockets.values())).getsockname()[1]
    clock = PeriodicCallback(hub.tick, TICK_S * 1000)
    clock.start()
    room = Classroom(hub, port)
    try:
        yield room
    finally:
        for client in room.clients:
            await client.close()
        clock.stop()
        server.stop()
        await server.close_all_connections()
        hub.close()
