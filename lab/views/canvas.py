"""Canvases in the browser: told in binary what to draw, they read the page's colours themselves."""

from __future__ import annotations

import numpy as np
import param
from panel.custom import JSComponent

from lab.engine.pictures import Bits
from lab.views import palette
from lab.views.base import Renderer, js


class Canvas(JSComponent):
    """Base: the browser asks for everything (`ready`) whenever it shows the canvas anew, so a
    message sent while nobody looked is not missed."""

    ident = param.String()
    index = param.Integer(0, doc="place among the pictures of the page")
    heading = param.String(doc="title, for files")
    note = param.String()
    k = param.Integer(0)

    _esm = "export function render({el}) {}"

    def __init__(self, renderer: Renderer, whole, **options):
        self._whole, shared = whole, renderer.shared
        self._soon = shared.soon
        self._planned: dict | None = None
        super().__init__(
            ident=shared.ident, index=shared.renderers.index(renderer), k=shared.k,
            heading=renderer.title, note=renderer.note, sizing_mode="stretch_both", min_width=60,
            min_height=60, margin=0, **options,
        )  # fmt: skip
        # the page's cursor travels with the canvas, even where no figure stands beside it
        self.jscallback(args={"cursor": shared.cursor}, k="/* nothing to do */")

    def _handle_msg(self, message) -> None:
        """A message of the browser. Panel hands it over without the document's lock."""
        if isinstance(message, dict):
            self._soon(lambda: self.hear(message))

    def hear(self, message: dict) -> None:
        """Answers the browser, or tells the renderer."""
        if message.get("ready"):
            for part in self._whole():
                self._send_msg(part)

    def tell(self, **message) -> None:
        """Sends a message to every browser that shows the canvas."""
        if message.get("kind") == "plan":
            self._planned = {**message, "k": 0}
        self._send_msg(message)

    @property
    def planned(self) -> bool:
        """Whether a plan was sent."""
        return self._planned is not None

    def plan(self, plan: dict) -> None:
        """Sends the plan, if it is another than the browser has; the cursor alone makes none."""
        if {**plan, "k": 0} != self._planned:
            self.tell(**plan)


LAYER = ("numbers", "canvas", "pen", "svg", "axes")


class HeatCanvas(Canvas):
    """Matrices, masks and what a vector was over the run; `asked(panel, cell)` hears which cell
    a person points at."""

    _esm = js(*LAYER, "ramp", "matrix", "heat")

    def __init__(self, renderer: Renderer, whole, asked=None):
        self._asked = asked
        super().__init__(renderer, whole)

    def hear(self, message: dict) -> None:
        super().hear(message)
        cell = message.get("cell")
        if self._asked is not None and _pair(cell, int):
            self._asked(*cell)


class CurveCanvas(Canvas):
    """Curves over the step, or of a study."""

    _esm = js(*LAYER, "room", "rows", "hover", "fit", "captions", "labels", "curves")


class PlaneCanvas(Canvas):
    """Paths and points in the plane; `dragged(x, y)` hears where a person holds the start."""

    _esm = js(*LAYER, "ramp", "room", "rows", "marks", "plane_labels", "plane")

    def __init__(self, renderer: Renderer, whole, dragged):
        self._dragged = dragged
        super().__init__(renderer, whole)

    def hear(self, message: dict) -> None:
        super().hear(message)
        start = message.get("start")
        if _pair(start, (int, float)):
            self._dragged(*map(float, start))


def _pair(value, kind) -> bool:
    """Whether a browser has sent two such numbers: it may send anything."""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, kind) for v in value)


def colours(dark: bool) -> dict:
    """The tokens by their names in the style sheet, for pages that have none."""
    found = {name.replace("_", "-"): c for name, c in palette.tokens(dark).items()}
    for kind in ("power", "signed", "living", "wheel"):
        found.update({f"{kind}{i}": c for i, c in enumerate(palette.stops(kind, dark))})
    return {**found, "sans": palette.SANS}


def codes(values, low: float, high: float, log: bool = False) -> bytes:
    """Values as bytes: 1 (low and below) to 255 (high and above); 0 is missing."""
    values = np.asarray(values, dtype=float)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(np.where(values > 0, values, np.nan))
            low, high = np.log10(low), np.log10(high)
    share = (values - low) / (high - low if high > low else 1.0)
    good = np.isfinite(share)
    byte = np.zeros(values.shape, dtype=np.uint8)
    byte[good] = 1 + np.rint(254 * np.clip(share[good], 0, 1)).astype(np.uint8)
    return byte.tobytes()


def bits(value) -> bytes:
    """A boolean array as packed bits, most significant first."""
    if isinstance(value, Bits):
        return value.data
    return np.packbits(np.asarray(value).astype(bool)).tobytes()


class SheetCanvas(Canvas):
    """Marks in a frame: profiles, histograms, networks, timelines."""

    _esm = js(*LAYER, "room", "marks", "sheet")


class BarCanvas(Canvas):
    """Bars of now."""

    _esm = js(*LAYER, "marks", "bars")


class TableCanvas(Canvas):
    """Numbers and listings as HTML."""

    _esm = js(*LAYER, "table")
