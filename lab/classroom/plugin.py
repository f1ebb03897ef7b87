"""The classroom's routes, for `lab serve` and for `panel serve apps/*.py --plugins
lab.classroom.plugin`."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError, RequestHandler

from lab.classroom.connection import Socket
from lab.classroom.names import as_script
from lab.classroom.network import is_loopback

STATIC = Path(__file__).parent / "static"
PAGES = {"": "student.html", "/teach": "teacher.html", "/wall": "wall.html"}
KINDS = {
    ".html": "text/html", ".js": "text/javascript", ".css": "text/css",
    ".json": "application/json",
}  # fmt: skip
_NOTES = base64.b64encode(sha256((STATIC / "notes.css").read_text("utf-8").encode()).digest())
# the teacher's page opens the notes of its lesson, with the one style that they hold
POLICY = (
    "default-src 'none'; script-src 'self'; img-src 'self' data: blob:; "
    f"style-src 'self' 'sha256-{_NOTES.decode()}'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Light(RequestHandler):
    """What is the same for everybody, and may nowhere else be shown or used."""

    def give(self, content: str, suffix: str) -> None:
        self.set_header("Content-Type", f"{KINDS[suffix]}; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-cache")
        self.finish(content)


class Page(Light):
    """The light pages and their scripts: nothing but files of this package."""

    def initialize(self, name: str = "") -> None:
        self.name = name

    def get(self, name: str = "") -> None:
        path = STATIC / (self.name or name)
        self.give(path.read_text("utf-8"), path.suffix)


class Words(Light):
    """The words of friendly names, as a script."""

    def get(self) -> None:
        self.give(as_script(), ".js")


class Here(Light):
    """For who sits at this machine; others are told so."""

    def prepare(self) -> None:
        if not is_loopback(self.request.remote_ip or ""):
            raise HTTPError(403, reason="Only on the computer that runs the lab")


class Lessons(Here):
    """The lessons that can be taught: name, title, minutes, or what is wrong with it."""

    async def get(self) -> None:
        self.give(json.dumps(await asyncio.to_thread(self._found)), ".json")

    @staticmethod
    def _found() -> list[dict]:
        from lab.classroom.lesson import LessonError, read, shelf

        found = []
        for name in shelf():
            try:
                lesson = read(name)
            except LessonError as error:
                found.append({"name": name, "wrong": str(error)})
            else:
                found.append({"name": name, "title": lesson.title, "minutes": lesson.minutes})
        return found


class Notes(Here):
    """A lesson's notes, to print."""

    async def get(self, name: str) -> None:
        self.give(await asyncio.to_thread(self._page, name), ".html")

    @staticmethod
    def _page(name: str) -> str:
        from lab.classroom.lesson import LessonError, read, shelf
        from lab.classroom.notes import page

        if name not in shelf():
            raise HTTPError(404)
        try:
            return page(read(name))
        except LessonError as error:
            raise HTTPError(404, str(error)) from None


@cache
def hub():
    """The rooms of this server, and their clock."""
    from lab.classroom.hub import TICK_S, Hub

    found = Hub(where=lambda: _where)
    PeriodicCallback(found.tick, TICK_S * 1000).start()
    return found


_where = ""


def set_address(address: str) -> None:
    """What students type; the teacher's page shows it."""
    global _where
    _where = address


def close() -> None:
    """Ends the runs and writes what waits."""
    if hub.cache_info().currsize:
        hub().close()


def _files() -> str:
    return "|".join(re.escape(p.name) for p in sorted(STATIC.glob("*")) if p.suffix != ".html")


ROUTES = [
    *((f"/class{path}/?", Page, {"name": name}) for path, name in PAGES.items()),
    (f"/class/({_files()})", Page, {}),
    ("/class/words.js", Words, {}),
    ("/class/lessons.json", Lessons, {}),
    ("/class/notes/([^/]+)", Notes, {}),
    ("/class/socket", Socket, {"hub": hub}),
]
