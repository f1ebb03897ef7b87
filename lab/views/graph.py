"""Graphs: networks, trees, rings. The layout is computed once for a set of edges."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Shared, array
from lab.views.numerals import count, number
from lab.views.ranges import ceiling, finite
from lab.views.sheet import Sheet

EDGES = 4_000  # drawn at most
SHADES = 64
WIDTHS = 6  # kinds of edges by their weight
DEEPEST = 40  # layers


class Graph(Sheet):
    """See `lab.engine.views.Graph`.

    Sources are the nodes' places (n, 2), a value for each node (n,), edges with weights (m, 3), in
    any order. `edges` are pairs of node numbers, with a weight as a third number or without.
    Without places the nodes stand on a ring, or where `layout` puts them.
    """

    def __init__(self, view, entry, shared: Shared):
        self._places: tuple | None = None
        self._top = self._heaviest = 0.0
        self._box = (-1.1, 1.1, -1.1, 1.1)
        self.values = np.empty(0)
        self.count = (0, 0)
        super().__init__(view, entry, shared)

    def frame(self) -> dict:
        x0, x1, y0, y1 = self._box
        borders = dict(left=10, right=10, top=40, bottom=10)
        return dict(x=[x0, x1], y=[y0, y1], equal=self.view.layout != "layers", bare=True,
                    **borders)  # fmt: skip

    def redraw(self) -> None:
        self._places, self._top, self._heaviest = None, 0.0, 0.0
        self.cursor(self.shared.k)

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
        heavy = next((f for f in found if f.ndim == 2 and f.shape[1] == 3), None)
        edges, weights = _weighed(heavy if self.view.edges == "" else entry(self.view.edges))
        places = next((f for f in found if f.ndim == 2 and f.shape[1] == 2), None)
        values = next((f.ravel() for f in found if f.ndim == 1), None)
        n = (
            len(places) if places is not None
            else len(values) if values is not None
            else int(edges.max(initial=-1)) + 1
        )  # fmt: skip
        places = self._laid(n, edges) if places is None else np.asarray(places, float)
        good = (edges < n).all(1) & (edges >= 0).all(1)
        edges, weights = edges[good], None if weights is None else weights[good]
        if weights is not None:
            there = np.isfinite(weights) & (weights != 0)
            edges, weights = edges[there], weights[there]
        if len(edges) > EDGES:  # the heaviest
            order = slice(EDGES) if weights is None else np.argsort(-np.abs(weights))[:EDGES]
            edges, weights = edges[order], None if weights is None else weights[order]
        self.values = np.zeros(n) if values is None else np.asarray(values, float)[:n]
        self.count = (n, len(edges))
        low, high = places.min(0, initial=-1.0), places.max(0, initial=1.0)
        pad = 0.08 * (high - low)
        self._box = (
            float(low[0] - pad[0]), float(high[0] + pad[0]),
            float(low[1] - pad[1]), float(high[1] + pad[1]),
        )  # fmt: skip
        ends = np.concatenate([places[edges[:, 0]], places[edges[:, 1]]], 1).T
        sizes = entry(self.view.sizes)
        plain = 13.0 if n <= 30 else 8.0 if n <= 200 else 4.0
        size = np.full(n, plain)
        if sizes is not None and np.nanmax(sizes, initial=0) > 0:
            size = 5 + 17 * np.sqrt(np.clip(sizes.ravel()[:n] / np.nanmax(sizes), 0, 1))
        nodes = dict(kind="points", values=np.stack([*places.T, size]), marker="circle", edge="c")
        if weights is None:
            self.layers.put("edges", dict(kind="segments", values=ends, color="line"))
            ink = self._ink(values is not None)
        else:
            self.layers.put("edges", *self._signed(ends, weights))
            idle = ~np.isin(np.arange(n), edges)
            ink = {"colors": ["ink2", "line"], "pick": idle} if values is None else self._ink(True)
            ink["edge"] = "stage"
        self.layers.put("marks", {**nodes, **ink})
        self.tell()

    def _signed(self, ends: np.ndarray, weights: np.ndarray) -> list[dict]:
        """Edges by the sign and the size of their weights, the lightest first."""
        self._heaviest = max(self._heaviest, float(np.abs(weights).max(initial=0.0)))
        share = np.abs(weights) / (self._heaviest or 1.0)
        step = np.ceil(WIDTHS * share)
        return [
            dict(kind="segments", values=ends[:, chosen], color=color, width=0.4 + 3.2 * i / WIDTHS,
                 alpha=0.25 + 0.6 * i / WIDTHS)
            for i in range(1, WIDTHS + 1)
            for color, sign in (("a", -1), ("b", 1))
            if (chosen := (step == i) & (np.sign(weights) == sign)).any()
        ]  # fmt: skip

    def _ink(self, valued: bool) -> dict:
        """The colour of all nodes, or a ramp and which of its shades each one has."""
        if not valued:
            return {"color": "c"}
        seen = finite(self.values)
        if len(seen):
            self._top = max(self._top, ceiling(max(float(np.abs(seen).max()), 1e-12)))
        signed = bool(len(seen)) and seen.min() < 0
        ramp = palette.ramp("signed" if signed else "power", SHADES, self.shared.dark)
        share = np.nan_to_num(self.values / (self._top or 1.0))
        share = (share + 1) / 2 if signed else share
        return {"colors": list(ramp), "pick": ((SHADES - 1) * np.clip(share, 0, 1)).astype(int)}

    def _laid(self, n: int, edges) -> np.ndarray:
        """Places of the nodes, computed once."""
        mark = (n, edges.tobytes())
        if self._places is None or self._places[0] != mark:
            angle = np.pi / 2 - 2 * np.pi * np.arange(n) / max(n, 1)
            places = np.stack([np.cos(angle), np.sin(angle)], 1)
            if self.view.layout == "spring" and n <= 300:
                places = spring(places, edges)
            if self.view.layout == "layers":
                places = layered(n, edges)
            self._places = (mark, places)
        return self._places[1]

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.cursor(self.shared.k)  # a ramp is made of the theme's colours

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


def _weighed(edges) -> tuple[np.ndarray, np.ndarray | None]:
    """Pairs of node numbers (m, 2), and their weights (m,) if they have any."""
    if edges is None or not np.size(edges):
        return np.empty((0, 2), int), None
    edges = np.atleast_2d(edges)
    return edges[:, :2].astype(int), edges[:, 2].astype(float) if edges.shape[1] > 2 else None


def layered(n: int, edges: np.ndarray) -> np.ndarray:
    """Places of `n` nodes in layers from left to right, each one right of all that lead to it.

    Parameters
    ----------
    edges : array (m, 2) of int
        Without circles; a node on a circle stays left.
    """
    depth = np.zeros(n, dtype=int)
    for _ in range(min(n, DEEPEST)):
        further = depth.copy()
        np.maximum.at(further, edges[:, 1], depth[edges[:, 0]] + 1)
        if (further == depth).all():
            break
        depth = further
    places = np.zeros((n, 2))
    deepest = max(int(depth.max(initial=0)), 1)
    for layer in range(deepest + 1):
        (own,) = np.nonzero(depth == layer)
        places[own, 0] = 2.4 * layer / deepest - 1.2
        places[own, 1] = 1 - 2 * (np.arange(len(own)) + 0.5) / max(len(own), 1)
    return places


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
