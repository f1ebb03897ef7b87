"""The classroom's routes, for `lab serve` and for `panel serve apps/*.py --plugins
lab.classroom.plugin`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tornado.ioloop import PeriodicCallback
from tornado.web import RequestHandler

from lab.classroom.connection import Socket

STATIC = Path(__file__).parent / "static"
PAGES = {"": "student.html", "/teach": "teacher.html", "/wall": "wall.html"}
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page(RequestHandler):
    """The light pages and their scripts: nothing but files of this package."""

    def initialize(self, name: str = "") -> None:
        self.name = name

    def get(self, name: str = "") -> None:
        path = STATIC / (self.name or name)
        self.set_header("Content-Type", f"{KINDS[path.suffix]}; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-cache")
        self.finish(path.read_bytes())


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
    ("/class/socket", Socket, {"hub": hub}),
]
