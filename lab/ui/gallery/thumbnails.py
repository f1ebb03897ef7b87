"""Thumbnails on disk: made from an experiment's own runs, shipped with the package or kept in
LAB_HOME, with the hash of the code that ran inside.

An experiment has up to two: of its first view, and of one that looks different. The second stands
for its family, beside the first.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

from lab.store.home import StoreError, home, read_text
from lab.ui.gallery.sight import words

STEPS = 2_000
PATIENCE_S = 30.0  # for each arm
ARMS = 4
PICTURES = 200  # kept pictures that a path may go through
_MAX_FILE = 20_000  # bytes that are read
_CODE = re.compile(r'data-code="([0-9a-f]*)"')


def own_folder() -> Path:
    """Where the thumbnails of this machine are kept."""
    return home() / "thumbnails"


def shipped_folder() -> Path:
    """Where those of the package are."""
    return Path(__file__).parent.parent.parent / "thumbnails"


def file_of(folder: Path, name: str, second: bool = False) -> Path:
    """The file of an experiment's thumbnail."""
    return folder / f"{name}{'.2' if second else ''}.svg"


def find(entry, second: bool = False) -> str:
    """An experiment's thumbnail: one of the code as it is now, else an older one, else "" ."""
    found = []
    for folder in (own_folder(), shipped_folder()):
        try:
            text = read_text(file_of(folder, entry.name, second), _MAX_FILE)
        except StoreError:
            continue
        if text.startswith("<svg ") and "<script" not in text:
            found.append(text)
    return next((text for text in found if code_of(text) == entry.hash), "".join(found[:1]))


def code_of(thumbnail: str) -> str:
    """The hash of the code that a thumbnail was made with."""
    found = _CODE.search(thumbnail)
    return found[1] if found else ""


def stale(entry) -> bool:
    """Whether there is none that was made with the code as it is now."""
    return code_of(find(entry)) != entry.hash


def placed(thumbnail: str, place: str) -> str:
    """A thumbnail with ids of its own: one page may show it twice."""
    named = re.sub(r' id="(\w+)"', rf' id="{place}-\1"', thumbnail)
    return re.sub(r"url\(#(\w+)\)", rf"url(#{place}-\1)", named)


def make(entry, steps: int = STEPS) -> list[str]:
    """Runs an experiment a little, each of its arms, and draws one or two of its views.

    Parameters
    ----------
    entry : Entry
    steps : int
        Unless the run ends before, or takes longer than PATIENCE_S.

    Returns
    -------
    list of str
        SVG; empty when none of its views can be drawn so small.
    """
    from lab.engine.registry import load, load_source
    from lab.engine.session import Session
    from lab.ui.gallery.drawing import Shown, thumbnail

    what = load_source(entry.source) if entry.source else load(entry.name)
    shown = []
    for style, arm in enumerate(list(entry.arms)[:ARMS] or [None]):
        session = Session(what, entry.controls_for(arm=arm))
        until = time.monotonic() + PATIENCE_S
        while session.head < steps and not session.status.ended and time.monotonic() < until:
            session.advance(steps - session.head, budget_s=1.0)
        shown.append(Shown(style, session.trace, pictures_of(session)))
    return _two((thumbnail(view, shown, entry.hash), view) for view in entry.views if not view.of)


def _two(drawn: Iterable[tuple[str, object]]) -> list[str]:
    """The first that shows something, and the first after it that looks different."""
    found: list[str] = []
    seen: set[str] = set()
    for svg, view in drawn:
        if svg and words(view)[0] not in seen:
            found.append(svg)
            seen.add(words(view)[0])
        if len(found) == 2:
            break
    return found


def pictures_of(session) -> list[dict]:
    """The kept pictures of a run as arrays, PICTURES or so, the last before the head among them;
    and that of the head."""
    kept = session.pictures
    ks = [k for k in kept.ks if k < session.head]
    ks = ks[:: -max(1, len(ks) // PICTURES)][::-1]
    return [*(kept.at(k)[1] for k in ks), _plain(session.picture(session.head))]


def _plain(picture: dict) -> dict:
    from lab.engine.pictures import pack, unpack

    return unpack(pack(picture))
