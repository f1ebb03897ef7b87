"""Graphs: networks, trees, rings. The layout is computed once for a set of edges."""

from __future__ import annotations

import numpy as np
from bokeh.models import CustomJS, Scatter, Segment

from lab.views import palette
from lab.views.base import Renderer, Shared, array, js
from lab.views.numerals import count, number
from lab.views.plot import house_figure, new_range, source
from lab.views.ranges import ceiling, finite

EDGES = 4_000  # drawn at most


class Graph(Renderer):
    """See `lab.engine.views.Graph`.

    The first source is either the nodes' places (n, 2) or a value for each node (n,); a second
    one then gives the other. `edges` are pairs of node numbers. Without places the nodes stand on
    a ring, or where `layout="spring"` puts them.
    """

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self._fit = CustomJS(code=js("tools", "equal"))
        self._places: tuple | None = None
        self._top = 0.0
        self.values = np.empty(0)
        self.count = (0, 0)
        self.figure = fig = house_figure(
            self, x_range=new_range(-1, 1), y_range=new_range(-1, 1), layout=self._fit, bare=True,
            left=10, right=10, top=40, bottom=10,
        )  # fmt: skip
        self.box = source(x0=[-1.1], x1=[1.1], y0=[-1.1], y1=[1.1])
        self.box.js_on_change("data", self._fit)
        self._fit.args = dict(figure=fig, box=self.box, sans=palette.SANS)
        self.edges = source(x0=[], y0=[], x1=[], y1=[])
        self.nodes = source(x=[], y=[], size=[], color=[])
        lines = fig.add_glyph(self.edges, Segment(x0="x0", y0="y0", x1="x1", y1="y1"))
        dots = fig.add_glyph(
            self.nodes, Scatter(x="x", y="y", size="size", fill_color="color", line_width=1.4)
        )
        self.ink(lines.glyph, line_color="line")
        self.ink(dots.glyph, line_color="c")

    @property
    def element(self):
        return self.figure

    def redraw(self) -> None:
        self._places, self._top = None, 0.0
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        if not self.lanes:
            return
        exact = exact if isinstance(exact, dict) else {}
        picture = exact.get(0) or self.lanes[0].picture(k)
        if not picture:
            return

        def entry(name):
            return array(picture.get((name or "").removeprefix("pic.")))

        found = [f for f in map(entry, self.view.sources) if f is not None]
        edges = entry(self.view.edges)
        edges = np.empty((0, 2), int) if edges is None else np.asarray(edges, int).reshape(-1, 2)
        places = next((f for f in found if f.ndim == 2 and f.shape[1] == 2), None)
        values = next((f.ravel() for f in found if f.ndim == 1), None)
        n = (
            len(places) if places is not None
            else len(values) if values is not None
            else int(edges.max(initial=-1)) + 1
        )  # fmt: skip
        places = self._laid(n, edges) if places is None else np.asarray(places, float)
        good = (edges < n).all(1) & (edges >= 0).all(1)
        edges = edges[good][:EDGES]
        self.values = np.zeros(n) if values is None else np.asarray(values, float)[:n]
        self.count = (n, len(edges))
        low, high = places.min(0, initial=-1.0), places.max(0, initial=1.0)
        pad = 0.08 * (high - low)
        self.box.data = {
            "x0": [low[0] - pad[0]], "x1": [high[0] + pad[0]],
            "y0": [low[1] - pad[1]], "y1": [high[1] + pad[1]],
        }  # fmt: skip
        a, b = places[edges[:, 0]], places[edges[:, 1]]
        self.edges.data = {"x0": a[:, 0], "y0": a[:, 1], "x1": b[:, 0], "y1": b[:, 1]}
        sizes = entry(self.view.sizes)
        plain = 13.0 if n <= 40 else 8.0 if n <= 200 else 4.0
        size = np.full(n, plain)
        if sizes is not None and np.nanmax(sizes, initial=0) > 0:
            size = 5 + 17 * np.sqrt(np.clip(sizes.ravel()[:n] / np.nanmax(sizes), 0, 1))
        self.nodes.data = {
            "x": places[:, 0], "y": places[:, 1], "size": size,
            "color": self._colors(values is not None),
        }  # fmt: skip

    def _colors(self, valued: bool) -> list[str]:
        if not valued:
            return [self.color("c")] * len(self.values)
        seen = finite(self.values)
        if len(seen):
            self._top = max(self._top, ceiling(max(float(np.abs(seen).max()), 1e-12)))
        signed = bool(len(seen)) and seen.min() < 0
        ramp = palette.ramp("signed" if signed else "power", 64, self.shared.dark)
        share = self.values / (self._top or 1.0)
        share = (share + 1) / 2 if signed else share
        return [ramp[int(63 * np.clip(s, 0, 1))] if np.isfinite(s) else ramp[0] for s in share]

    def _laid(self, n: int, edges) -> np.ndarray:
        """Places of the nodes, computed once."""
        mark = (n, edges.tobytes())
        if self._places is None or self._places[0] != mark:
            angle = np.pi / 2 - 2 * np.pi * np.arange(n) / max(n, 1)
            places = np.stack([np.cos(angle), np.sin(angle)], 1)
            if self.view.layout == "spring" and n <= 300:
                places = spring(places, edges)
            self._places = (mark, places)
        return self._places[1]

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.cursor(self.shared.k)

    def summary(self) -> str:
        n, m = self.count
        if not n:
            return f"{self.title}: nothing drawn yet."
        seen = finite(self.values)
        said = f", values {number(seen.min())} to {number(seen.max())}" if len(seen) else ""
        where = f"{self.title} at step {count(self.shared.k)}"
        return f"{where}: {count(n)} nodes, {count(m)} edges{said}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        return ["node", "value"], [[str(i), number(v)] for i, v in enumerate(self.values[:100])]


def spring(places: np.ndarray, edges: np.ndarray, rounds: int = 120) -> np.ndarray:
    """Pulls neighbours together and pushes all nodes apart; the same input, the same places.

    Parameters
    ----------
    places : array (n, 2)
        Where they start.
    edges : array (m, 2) of int
    """
    n = len(places)
    if n < 3:
        return places
    places = places.copy()
    ideal = 1.0 / np.sqrt(n)
    for i in range(rounds):
        gap = places[:, None] - places[None]
        far = np.maximum(np.linalg.norm(gap, axis=2), 1e-6)
        force = (gap * (ideal**2 / far**2)[..., None]).sum(1)
        pull = places[edges[:, 0]] - places[edges[:, 1]]
        pull *= (np.linalg.norm(pull, axis=1) / ideal)[:, None]
        np.add.at(force, edges[:, 0], -pull)
        np.add.at(force, edges[:, 1], pull)
        size = np.maximum(np.linalg.norm(force, axis=1), 1e-9)
        places += force / size[:, None] * np.minimum(size, 0.1 * (1 - i / rounds))[:, None]
    places -= places.mean(0)
    return places / max(float(np.abs(places).max()), 1e-9)
