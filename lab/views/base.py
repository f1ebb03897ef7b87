"""What every renderer shares: lanes of runs, one cursor, one step axis, the theme."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS

from lab.engine.experiment import Quantity
from lab.engine.pictures import Bits
from lab.views.ranges import Box, Growing

_HERE = Path(__file__).parent / "js"
_idents = itertools.count(1)

LEFT, RIGHT = 44, 16  # px between a picture's edge and its frame
BESIDE = 118  # px to the right of a heat map over the run, for the bars of now


@cache
def js(*names: str) -> str:
    """Scripts of this folder, joined in order."""
    return "\n".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in names)


@dataclass
class Lane:
    """One run on the page: an arm, a branch.

    Parameters
    ----------
    label : str
        The method's name; "" when the page shows one run only.
    style : int
        Place in `palette.SERIES`.
    dotted : bool
        A branch: its method's colour, dotted.
    ghost : bool
        Another run to compare with: thin and grey, without label, marker or ending. It counts
        for the ranges of axes.
    trace : lab.engine.trace.Trace
    pictures : lab.engine.pictures.Pictures
    head : int
        The last computed step.
    status, ended, sentence : str
        As of a Session.
    edits : list of (int, str)
        What was changed while it ran: (step, "anchor 1.00 \u2192 0.50").
    own : callable or None
        `own(k)` is this run's step while the page's cursor stands at step k, where runs are
        compared at equal cost. None: the same.
    """

    label: str = ""
    style: int = 0
    dotted: bool = False
    ghost: bool = False
    trace: Any = None
    pictures: Any = None
    head: int = 0
    status: str = "ready"
    ended: str = ""
    sentence: str = ""
    edits: list[tuple[int, str]] = field(default_factory=list)
    live: dict | None = None
    clock: list[tuple[int, float]] = field(default_factory=list)
    own: Callable[[int], int] | None = None
    _spent: float = 0.0  # as the last frame had it; less in the next one: from another worker
    _taken: Any = None

    def take(self, frame) -> None:
        """Reads a frame of the run: head, status, the picture of now, the seconds of work.

        A frame is read once, however many pictures pass it on.
        """
        if frame is None or frame is self._taken:
            return
        self._taken = frame
        self.head = int(_get(frame, "head", _get(frame, "k", self.head)))
        self.status = str(_get(frame, "status", self.status))
        self.ended = _get(frame, "ended", self.ended) or ""
        self.sentence = _get(frame, "sentence", self.sentence) or ""
        self.live = _get(frame, "live", None) or self.live
        spent = _get(frame, "spent", None)
        if spent is not None:
            if not self.clock:
                self.clock.append((0, 0.0))
            new, self._spent = max(spent - self._spent, 0.0), spent
            if self.head > self.clock[-1][0]:
                self.clock.append((self.head, self.clock[-1][1] + new))

    def seconds(self, ks) -> np.ndarray:
        """Seconds of work on the steps up to the given ones, as the page heard of them."""
        if len(self.clock) < 2:
            return np.zeros(len(ks))
        at, spent = np.array(self.clock, dtype=float).T
        return np.interp(ks, at, spent)

    def at(self, k: int) -> int:
        """The run's own step while the page's cursor stands at step k."""
        return k if self.own is None else self.own(k)

    def picture(self, k: int) -> dict | None:
        """The picture to draw at the cursor, packed or not: of now at the head, else a kept one."""
        k = self.at(k)
        if self.live is not None and k >= self.head:
            return self.live
        if self.pictures is None or not self.pictures.ks:
            return self.live
        at = self.pictures.ks[max(int(np.searchsorted(self.pictures.ks, k, "right")) - 1, 0)]
        return self.pictures.packed(at)


def _get(frame, name, default):
    if isinstance(frame, dict):
        return frame.get(name, default)
    return getattr(frame, name, default)


def array(value) -> Any:
    """An entry of a picture as a numpy array; None for a missing one or a text."""
    if value is None or isinstance(value, tuple):
        return None
    return value.array() if isinstance(value, Bits) else np.asarray(value)


def _at_once(act: Callable[[], None]) -> None:
    act()


class Shared:
    """What the pictures of one page have in common.

    `cursor` is a Bokeh source with one row, k. Whatever moves it in the browser
    (`cursor.data = {k: [318], n: [0]}`) moves every picture at once, without the server; canvas
    pictures hear of it by the window's event `lab-cursor`.

    Parameters
    ----------
    entry : object
        The experiment, with `quantities`, `axes`, `stages`, `max_steps`.
    dark : bool

    Attributes
    ----------
    planes : lab.views.ranges.Box or None
        Set the same `Box()` here, on one page or on several, before lanes are set, and all their
        planes show the same part of the plane. By default each plane has a box of its own.
    soon : callable
        `soon(act)` calls `act` when pictures may be told something: at once, or, on a page, in its
        next update. What a browser is told in two ways at a time may overtake each other.
    """

    def __init__(self, entry=None, dark: bool = False):
        self.entry, self.dark, self.axis = entry, dark, "k"
        self.ident = f"board{next(_idents)}"
        self.k = 0
        self._moves = 0
        self.right = RIGHT
        self.renderers: list[Renderer] = []
        self.planes: Box | None = None
        self.soon: Callable[[Callable[[], None]], None] = _at_once
        self.cursor = ColumnDataSource({"k": [0], "n": [0]}, syncable=False)
        self.ranges = {
            False: Growing(floor=0.0, least=100.0),
            True: Growing(log=True, floor=1.0, least=2),
        }
        told = CustomJS(args={"ident": self.ident}, code=js("tell_cursor"))
        self.cursor.js_on_change("data", told)

    def neighbours(self, renderer) -> tuple[bool, bool]:
        """Whether a picture of the same step axis stands above, and below: the cursor's line is
        drawn through to it."""
        same = [r for r in self.renderers if r.stacks and r.x_log == renderer.x_log]
        place = same.index(renderer) if renderer in same else 0
        return place > 0, place < len(same) - 1

    def flagged(self, renderer) -> bool:
        """Whether this picture of a stack carries the flag with the step: a heat map if there is
        one, where nothing else stands above the frame, else the first."""
        same = [r for r in self.renderers if r.stacks and r.x_log == renderer.x_log]
        heats = [r for r in same if r.bears_flag]
        return not same or renderer is (heats or same)[0]

    def quantity(self, name: str) -> Quantity:
        """The declared quantity, or one that is called by its name."""
        found = (getattr(self.entry, "quantities", None) or {}).get(name)
        return found or Quantity(name.removeprefix("pic.").replace("_", " "))

    def move(self, k: int) -> None:
        """Moves the cursor of every picture from the server."""
        self.k, self._moves = int(k), self._moves + 1
        self.cursor.data = {"k": [self.k], "n": [self._moves]}

    def see(self, log: bool, x) -> None:
        """Lets the shared x axis grow so that `x` fits."""
        growing = self.ranges[log]
        before = growing.bounds
        growing.see(x)
        if growing.bounds != before:
            self._spanned(log)

    def measure(self, name: str) -> None:
        """Another x axis: its range starts anew."""
        self.axis = name
        least = 1.0 if name == "seconds" else 100.0
        low = 1e-2 if name == "seconds" else 1.0
        self.ranges[False] = Growing(floor=0.0, least=least)
        self.ranges[True] = Growing(log=True, floor=low, least=2)
        for log in (False, True):
            self._spanned(log)

    def clear(self) -> None:
        """Forgets how far earlier runs went."""
        for log, growing in self.ranges.items():
            growing.clear()
            self._spanned(log)

    def _spanned(self, log: bool) -> None:
        for renderer in self.renderers:
            if renderer.stacks and renderer.x_log == log:
                renderer.spanned()

    def places(self, lane: Lane, ks, log: bool, axis: str = "") -> np.ndarray:
        """Where recorded steps of a lane stand on the x axis, by default the page's.

        On a logarithmic axis steps are drawn at k + 1, so that the start is seen.
        """
        ks, axis = np.asarray(ks, dtype=float), axis or self.axis
        if axis == "k":
            return ks + 1 if log else ks
        if axis == "seconds":
            x = lane.seconds(ks)
        else:
            trace = lane.trace
            x = np.interp(ks, trace.k, trace[axis]) if len(trace) else np.zeros(len(ks))
        if log:
            low = self.ranges[True].floor
            x = np.maximum(x, low)
        return x

    def axis_text(self, log: bool, axis: str = "") -> str:
        """What stands under the x axis."""
        axis = axis or self.axis
        if axis == "k":
            return "step k + 1" if log else "step k"
        return "seconds" if axis == "seconds" else self.quantity(axis).text


class Renderer:
    """One picture. `element` is a Panel component that fills its cell.

    Attributes
    ----------
    title, note : str
        The bold word and the grey words above the picture; the page writes them.
    stacks : bool
        Whether its x axis is the step: such pictures stand one below the other.
    tall : float
        Its share of a column's height.
    """

    stacks = False
    bears_flag = False
    x_log = False
    tall = 1.0

    def __init__(self, view, entry, shared: Shared):
        self.view, self.entry, self.shared = view, entry, shared
        self.lanes: list[Lane] = []
        self.title, self.note = self.words()
        shared.renderers.append(self)

    # -- what a page calls ---------------------------------------------------------------------

    @property
    def element(self):
        raise NotImplementedError

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Draws other runs from now on, whole."""
        self.lanes = list(lanes)
        self.redraw()

    def feed(self, index: int, frame=None) -> None:
        """Draws what a lane recorded since the last call."""

    def cursor(self, k: int, exact=None) -> None:
        """Draws step k; `exact` holds exact pictures as {lane index: picture}.

        What the cursor alone moves is moved in the browser; this is what needs the server.
        """
        self.shared.k = int(k)

    def axis(self, name: str) -> None:
        """Another x axis, where the picture has one."""

    def theme(self, dark: bool) -> None:
        """Changes colours, without drawing anew."""

    def summary(self) -> str:
        """The picture in one sentence."""
        return f"{self.title}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        """The picture as a table of texts: (columns, rows)."""
        return [], []

    # -- for renderers -------------------------------------------------------------------------

    def spanned(self) -> None:
        """The shared x axis has grown or begins anew."""

    def redraw(self) -> None:
        """Draws the lanes from scratch."""

    def words(self) -> tuple[str, str]:
        """Title and note: as declared, else the first source's quantity."""
        view = self.view
        text = self.shared.quantity(view.sources[0]).text if view.sources else ""
        if view.title:
            return view.title, view.note
        return (text[:1].upper() + text[1:]), view.note

    def lane_name(self, index: int) -> str:
        return self.lanes[index].label or "this run"
