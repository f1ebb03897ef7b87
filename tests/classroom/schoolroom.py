"""A classroom on a free port of this process, and clients that speak to it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.web import Application

from lab.bench.client import Client
from lab.classroom import plugin
from lab.classroom.connection import Socket
from lab.classroom.hub import TICK_S, Hub

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


class Classroom:
    """The server and its hub."""

    def __init__(self, hub, port):
        self.hub, self.port, self.clients = hub, port, []

    async def connect(self, first=None, **headers):
        client = Client(self.port)
        await client.connect(**headers)
        self.clients.append(client)
        if first:
            await client.say(**first)
        return client

    async def teacher(self, lesson="two-ways"):
        client = await self.connect({"type": "open", "lesson": lesson})
        await client.until("opened")
        return client

    async def student(self, teacher, name=""):
        client = await self.connect({"type": "join", "code": teacher.place["code"], "name": name})
        await client.until("joined")
        return client


def run(lesson):
    """Runs a coroutine to its end, on a thread: the main one may have a browser's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, lesson).result()


@asynccontextmanager
async def opened(journal):
    """A classroom while the block lasts."""
    hub = Hub(journal)
    routes = [*plugin.ROUTES[:-1], ("/class/socket", Socket, {"hub": lambda: hub})]
    server = HTTPServer(Application(routes))
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
