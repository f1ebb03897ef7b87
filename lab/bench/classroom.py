"""A class of sixty, of two hundred, and what goes wrong in one: figures of `lab serve`'s classroom.

The clients are asyncio programs on this machine, so that server and clients share its cores; two
are real browsers. Lags are told from the teacher's action to what a student's client has read.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np

from lab.bench.browser import CHROMIUM, FLAGS
from lab.bench.client import Client
from lab.bench.row import Row

CLASS, MANY, MANY_S = 60, 200, 60.0
ARRIVE_S, AWAY_S = 5.0, 20.0
ACTIONS, GARBAGE = 20, 1_000
AGAIN_S = 8.0  # the class's run starts again
SERVE = "import sys; from lab.cli import main; main(['serve', '--port', sys.argv[1]])"
LESSON = """
title = "Load"
[[step]]
kind = "ask"
title = "Left or right?"
choices = ["left", "right"]
[[step]]
kind = "run"
title = "The run"
[step.runs]
experiment = "infeasibility-detection"
quantity = "error"
steps = 4000
low = 1e-8
high = 10.0
log = true
"""
ASK, RUN = 0, 1
PHONE = {"width": 360, "height": 740}


@contextmanager
def server(home: str, port: int):
    """`lab serve` in a process of its own; gives (process, port)."""
    environment = {**os.environ, "LAB_HOME": home}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process, int(process.stdout.readline().rsplit(":", 1)[1])
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def room(port: int, students: int, arrive: float = 0.0):
    """A room with so many students in it; gives (teacher, students, seconds each took to join)."""
    teacher = await Client(port).enter(type="open", lesson="load")
    code = teacher.place["code"]
    found = [Client(port) for _ in range(students)]

    async def come(i: int) -> float:
        await asyncio.sleep(arrive * i / max(students, 1))
        start = time.perf_counter()
        await found[i].enter(type="join", code=code)
        return time.perf_counter() - start

    took = await asyncio.gather(*(come(i) for i in range(students)))
    try:
        yield teacher, found, took
    finally:
        await asyncio.gather(*(student.close() for student in (*found, teacher)))


def p95(values) -> float:
    return float(np.percentile(list(values), 95))


def cpu_seconds(pid: int) -> float:
    """What a process has used of its cores so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def delays(teacher: Client, students: list, actions: int) -> list[float]:
    """Seconds from the teacher's pause, or its end, to each student's screen."""
    found = []
    for i in range(actions):
        on = i % 2 == 0
        since = [len(student.heard) for student in students]
        start = time.perf_counter()
        await teacher.say(type="pause", on=on)
        for student, first in zip(students, since):
            told = await student.until("state", first, paused=on)
            found.append(told.at - start)
        await asyncio.sleep(0.15)
    return found


async def frames_of(students: list, seconds: float) -> tuple[list[float], int]:
    """Lags of the frames behind the first reader of each, and how many connections were lost."""
    for student in students:
        student.heard.clear()
    await asyncio.sleep(seconds)
    read = sorted(
        (message.at, message["k"])
        for student in students
        for message in student.heard
        if message["type"] == "frame"
    )
    first: dict[int, float] = {}
    lags = []
    for when, k in read:
        if when - first.get(k, -AGAIN_S) > AGAIN_S / 2:  # the run came by this step once more
            first[k] = when
        lags.append(when - first[k])
    return lags, sum(student.gone for student in students)


async def keep_going(teacher: Client) -> None:
    """The class's run goes slowly, and again when it is over."""
    await teacher.say(type="go", step=RUN)
    for _ in range(2):
        await teacher.say(type="run", do="slower")
    while True:
        await teacher.say(type="run", do="again")
        await asyncio.sleep(AGAIN_S)


async def a_class(process, port: int) -> list[Row]:
    before = resident(process.pid)
    async with room(port, CLASS, ARRIVE_S) as (teacher, students, took):
        rows = [Row(f"{CLASS} students join in {ARRIVE_S:g} s: join p95", p95(took), "s", 1.0)]
        going = asyncio.ensure_future(keep_going(teacher))
        await students[0].until("frame")
        start, used = time.perf_counter(), cpu_seconds(process.pid)
        waits = await delays(teacher, students, ACTIONS)
        lags, _ = await frames_of(students, 10)
        spent = (cpu_seconds(process.pid) - used) / (time.perf_counter() - start)
        rows.append(Row("teacher's action to all screens, a run live: p95", 1e3 * p95(waits), "ms",
                        300, note=f"frames lag by {1e3 * p95(lags):.0f}"))  # fmt: skip
        rows.append(Row("server's CPU with a live run", spent, "core", 0.5))
        per_student = (resident(process.pid) - before) / CLASS
        note = "with the room, its run and all that is imported with the first one"
        rows.append(Row("memory for each student", per_student, "MB", 1.0, note=note))
        rows.append(await noisy(port, teacher, students))
        going.cancel()
        rows += await cut_off(teacher, students)
        return rows


async def noisy(port: int, teacher: Client, students: list) -> Row:
    """One sends garbage as fast as it may be sent; the others' delays meanwhile."""
    first = {"type": "join", "code": teacher.place["code"]}
    loud = await Client(port).enter(**first)

    async def shout(loud: Client) -> None:
        from tornado.websocket import WebSocketClosedError

        try:
            while True:
                start = time.perf_counter()
                try:
                    for _ in range(GARBAGE // 20):
                        await loud.raw("x" * 200)
                except WebSocketClosedError:
                    await loud.enter(**first)
                await asyncio.sleep(max(0.0, 0.05 - (time.perf_counter() - start)))
        finally:
            loud.socket.close()

    shouting = asyncio.ensure_future(shout(loud))
    waits = await delays(teacher, students, ACTIONS)
    shouting.cancel()
    return Row("1,000 garbage messages a second from one: others' delay p95", 1e3 * p95(waits),
               "ms", 300, note="whoever is put out joins again and goes on")  # fmt: skip


async def cut_off(teacher: Client, students: list) -> list[Row]:
    """Ten lose their network for a while with an answer on the way."""
    await teacher.say(type="go", step=ASK)
    lost = students[:10]
    for student in lost:
        await student.until("state", step=ASK)
    answer = {"type": "answer", "id": 1, "step": ASK, "value": 1}
    for i, student in enumerate(lost):
        if i % 2:
            await student.say(**answer)
        student.kill()
    await asyncio.sleep(AWAY_S)
    start = time.perf_counter()

    async def back(student: Client) -> float:
        await student.enter(type="rejoin", token=student.token)
        took = time.perf_counter() - start
        await student.asked("ack", **answer)  # it got no receipt: it says it again
        return took

    took = await asyncio.gather(*(back(student) for student in lost))
    file = await teacher.asked("file", type="export", format="json")
    kept = sum(a["value"] == 1 for a in json.loads(file["text"])["answers"])
    return [
        Row(f"ten without network for {AWAY_S:g} s: answers lost", len(lost) - kept, "", 0),
        Row("until all ten are back", max(took), "s", 3.0),
    ]


async def many(port: int) -> list[Row]:
    async with room(port, MANY, ARRIVE_S) as (teacher, students, _):
        going = asyncio.ensure_future(keep_going(teacher))
        await students[0].until("frame")
        lags, dropped = await frames_of(students, MANY_S)
        going.cancel()
        rate = len(lags) / MANY / MANY_S
        note = f"{rate:.1f} frames a second reach each; behind the first who read it"
        return [
            Row(f"{MANY} clients for {MANY_S:g} s: lag p95", 1e3 * p95(lags), "ms", 500, note=note),
            Row(f"{MANY} clients: dropped", dropped, "", 0),
        ]


async def answers_before_the_end(process, port: int) -> tuple[str, int]:
    """A class answers; the server is killed amid it. Gives a token, and how many had receipts."""
    async with room(port, CLASS) as (teacher, students, _):
        said = (student.say(type="answer", id=1, step=ASK, value=1) for student in students)
        await asyncio.gather(*said)
        waits = [asyncio.ensure_future(student.until("ack")) for student in students]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        process.send_signal(signal.SIGKILL)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*(client.until("closed") for client in (*students, teacher)))
        acknowledged = (message["type"] == "ack" for one in students for message in one.heard)
        return teacher.token, sum(acknowledged)


async def answers_after(port: int, token: str) -> int:
    teacher = await Client(port).enter(type="rejoin", token=token)
    file = await teacher.asked("file", type="export", format="json")
    await teacher.close()
    return len(json.loads(file["text"])["answers"])


SEES = """() => new Promise(seen => {
  const eyes = document.getElementById("eyes");
  const look = () => eyes.hidden ? setTimeout(look, 2) : seen(Date.now());
  look();
})"""


async def two_browsers(port: int) -> Row:
    """From the teacher's pause to the words on two real screens."""
    name = "teacher's action to two browsers' screens: p95"
    try:
        from playwright.async_api import async_playwright
    except ModuleNotFoundError:
        return Row(name, None, "ms", 300, note="playwright is not installed")
    if not Path(CHROMIUM).is_file():
        return Row(name, None, "ms", 300, note=f"no browser at {CHROMIUM}")
    waits = []
    async with async_playwright() as playwright, room(port, 0) as (teacher, _, _):
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        pages = [await chromium.new_page(viewport=PHONE) for _ in range(2)]
        for page in pages:
            await page.goto(f"http://127.0.0.1:{port}/class#{teacher.place['code']}")
            await page.locator("#enter").click()
        await teacher.until("state", students=2)
        for _ in range(ACTIONS):
            seen = [asyncio.ensure_future(page.evaluate(SEES)) for page in pages]
            start = 1e3 * time.time()
            await teacher.say(type="pause", on=True)
            waits += [when - start for when in await asyncio.gather(*seen)]
            await teacher.say(type="pause", on=False)
            for page in pages:
                await page.locator("#eyes").wait_for(state="hidden")
        await chromium.close()
    return Row(name, p95(waits), "ms", 300, note="a pause, to the first look that finds its words")


def killed(home: str) -> list[Row]:
    """kill -9 while sixty answers are on their way."""
    with server(home, 0) as (process, port):
        token, acknowledged = asyncio.run(answers_before_the_end(process, port))
    start = time.perf_counter()
    with server(home, 0) as (_, port):
        ready = time.perf_counter()
        kept = asyncio.run(answers_after(port, token))
        back = time.perf_counter() - ready
    note = f"{acknowledged} had a receipt, {kept} are there"
    return [
        Row("kill -9: acknowledged answers lost", max(acknowledged - kept, 0), "", 0, note=note),
        Row("kill -9: the room is back after the restart", back, "s", 5.0,
            note=f"the restart itself {ready - start:.1f} s"),
    ]  # fmt: skip


def page_bytes(port: int) -> Row:
    """All that a student's browser fetches."""
    from urllib.request import urlopen

    base = f"http://127.0.0.1:{port}/class"
    page = urlopen(base).read().decode()
    seen, wait = {"": len(page.encode())}, _named(page)
    while wait:
        name = wait.pop()
        if name not in seen:
            text = urlopen(f"{base}/{name}").read().decode()
            seen[name] = len(text.encode())
            wait |= _named(text)
    note = ", ".join(name for name in seen if name)
    return Row("the student's page", sum(seen.values()) / 1e3, "kB", 100, note=note)


def _named(text: str) -> set[str]:
    import re

    return set(re.findall(r'["\'](?:\./|/?class/)?([a-z_]+\.(?:js|css))["\']', text))


def rows() -> Iterator[Row]:
    """All figures; some three minutes."""
    with tempfile.TemporaryDirectory(prefix="iterlab-bench-") as home:
        lessons = Path(home) / "lessons"
        lessons.mkdir()
        (lessons / "load.toml").write_text(LESSON)
        with server(home, 0) as (process, port):
            yield page_bytes(port)
            yield from asyncio.run(a_class(process, port))
            yield asyncio.run(two_browsers(port))
            yield from asyncio.run(many(port))
        yield from killed(home)
