"""The plane: paths of runs, points, arrows, places to reach.

Paths are cut at the cursor in the browser (`js/plane.js`); points, arrows and segments of
pictures are sent by the server when the cursor moves.
"""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import LEFT, Lane, Renderer, Shared, array
from lab.views.canvas import PlaneCanvas, colours
from lab.views.marks import Layers
from lab.views.numerals import count, number
from lab.views.ranges import Box
from lab.views.thin import POINTS

MOST_POINTS = 4_000  # of one lane; more are thinned evenly
TRAIL = 8  # kept pictures that a trail reaches back
TRAILS = 300  # points that may leave one
BOLD = 3  # so few arrows are drawn boldly


class Path:
    """One lane's path, with the points that the browser has: steps k (n,), places (n, 2)."""

    def __init__(self, lane: Lane, name: str, style: palette.Style, label: str):
        self.lane, self.name, self.style, self.label = lane, name, style, label
        self.k, self.places = np.empty(0), np.empty((0, 2))
        self.rows = 0


class Plane(Renderer):
    """See `lab.engine.views.Plane`.

    Attributes
    ----------
    on_start : callable or None
        Called with {control: value} while a person drags the start, under the document's lock.
    """

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.paths: list[Path] = []
        self.shown: list[np.ndarray] = []  # points drawn now
        self.on_start = None
        self._wished: dict[str, float] | None = None
        self._own = Box()
        self._own.watchers.append(self._tell)
        self._steps: list[int | None] = []
        self.canvas = PlaneCanvas(self, self._whole, self._dragged)
        self.layers = Layers(self.canvas)

    @property
    def element(self):
        return self.canvas

    @property
    def box(self) -> Box:
        """What the picture shows; shared with other planes where the page wants it."""
        box = self.shared.planes
        if box is None:
            return self._own
        if self._tell not in box.watchers:
            box.watchers.append(self._tell)
        return box

    # -- what the browser is told --------------------------------------------------------------

    def _plan(self) -> dict:
        view = self.view
        x0, x1, y0, y1 = self.box.bounds(view.equal)
        paths = [
            dict(
                label=p.label, color=p.style.token, marker=p.style.marker, ghost=p.lane.ghost,
                dash=list(palette.BRANCH) if p.lane.dotted else [],
            )
            for p in self.paths
        ]  # fmt: skip
        aim = "" if view.target is None else view.target.removeprefix("pic.").replace("_", " ")
        return dict(
            kind="plan", k=self.shared.k, x=[x0, x1], y=[y0, y1], equal=view.equal, paths=paths,
            left=10 if view.equal else LEFT, right=10, top=38 if view.equal else 64,
            bottom=10 if view.equal else 46, aim=aim, start=bool(view.start), below=view.x,
            aside=view.y,
        )  # fmt: skip

    def _tell(self) -> None:
        self.canvas.plan(self._plan())

    def _clear(self) -> None:
        """Forgets what earlier runs have filled."""
        self._own.clear()
        if self.view.reach:
            far = self.view.reach
            self.box.see([(-far, -far), (far, far)])

    def _whole(self) -> list[dict]:
        """Everything that a browser must know to draw the picture from nothing."""
        parts = [dict(kind="theme", tokens=colours(self.shared.dark)), self._plan()]
        if self.paths:
            parts.append(self._rows([(i, 0, True) for i in range(len(self.paths))]))
            parts.append(dict(kind="steps", steps=self._steps))
        return [*parts, *self.layers.all()]

    def _rows(self, fresh: list[tuple[int, int, bool]]) -> dict:
        parts, values = [], []
        for i, first, whole in fresh:
            path = self.paths[i]
            parts.append({"i": i, "n": len(path.k) - first, "whole": whole})
            values += [path.k[first:], *path.places[first:].T]
        return dict(kind="rows", parts=parts, values=np.concatenate(values).tobytes())

    # -- lanes ---------------------------------------------------------------------------------

    def _called(self, lane: Lane, name: str, methods: int) -> str:
        """Its method, or its quantity; both for the second path of a method and on."""
        quantity = self.shared.quantity(name)
        if methods < 2:
            return quantity.text
        further = name != self.view.sources[0]
        return f"{lane.label}, {quantity.short or quantity.text}" if further else lane.label

    def redraw(self) -> None:
        self._clear()
        self.layers.clear()
        wanted = [
            (lane, name)
            for lane in self.lanes
            for name in self.view.sources
            if not name.startswith("pic.") or self._is_place(lane, name)
        ]
        methods = len([lane for lane in self.lanes if not lane.ghost])
        several = len([lane for lane, _ in wanted if not lane.ghost]) > 1
        self.paths = []
        for i, (lane, name) in enumerate(wanted):
            style = palette.series(lane.style if len(self.lanes) > 1 else i)
            if lane.ghost:
                style = palette.Style("ink3")
            label = self._called(lane, name, methods) if several and not lane.ghost else ""
            self.paths.append(Path(lane, name, style, label))
        self.paths.sort(key=lambda path: not path.lane.ghost)
        for path in self.paths:
            self._take(path)
        self._steps = self._own_steps(self.shared.k)
        for part in self._whole():
            self.canvas.tell(**part)
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        lane = self.lanes[index]
        lane.take(frame)
        fresh = []
        for i, path in enumerate(self.paths):
            if path.lane is lane:
                before = len(path.k)
                taken = self._take(path)
                if taken:
                    fresh.append((i, before if taken == "more" else 0, taken == "all"))
        if fresh:
            self.canvas.tell(**self._rows(fresh))

    def _is_place(self, lane: Lane, name: str) -> bool:
        """Whether a picture is one point, whose path is drawn."""
        picture = lane.picture(0)
        found = array((picture or {}).get(name.removeprefix("pic.")))
        return found is not None and found.ndim == 1 and found.size == 2

    def _take(self, path: Path) -> str:
        """Takes over what was recorded since the last call: "" for nothing, "more", or "all" when
        the points were thinned anew."""
        ks, points = self._track(path)
        if len(ks) == path.rows:
            return ""
        more = 0 < path.rows < len(ks) <= POINTS and not path.name.startswith("pic.")
        fresh = slice(path.rows if path.rows < len(ks) else 0, len(ks))
        if more:
            path.k = np.concatenate([path.k, ks[fresh]])
            path.places = np.concatenate([path.places, points[fresh]])
        else:
            kept = _recent_dense(len(ks))
            path.k, path.places = ks[kept].astype(float), np.asarray(points[kept], dtype=float)
        self.box.see(points[fresh])
        path.rows = len(ks)
        return "more" if more else "all"

    def _track(self, path: Path):
        """(steps (n,), places (n, 2)) of a path."""
        lane, name = path.lane, path.name
        if not name.startswith("pic."):
            if lane.trace is None or name not in lane.trace:
                return np.empty(0, int), np.empty((0, 2))
            return lane.trace.k, lane.trace[name][:, :2]
        name = name.removeprefix("pic.")
        ks = list(lane.pictures.ks) if lane.pictures is not None else []
        places = [array(lane.pictures.packed(k).get(name)) for k in ks]
        if lane.live is not None and (not ks or lane.head > ks[-1]):
            ks, places = [*ks, lane.head], [*places, array(lane.live.get(name))]
        return np.array(ks, dtype=int), np.array(places, dtype=float).reshape(len(ks), -1)[:, :2]

    # -- the start -----------------------------------------------------------------------------

    def _dragged(self, x: float, y: float) -> None:
        """The browser says where a person holds the start; only the latest place counts."""
        if self.on_start is None or not np.isfinite((x, y)).all():
            return
        waiting = self._wished is not None
        self._wished = dict(zip(self.view.start, (float(x), float(y))))
        if not waiting:
            self.shared.soon(self._start)

    def _start(self) -> None:
        wished, self._wished = self._wished, None
        if wished and self.on_start is not None:
            self.on_start(wished)

    # -- pictures ------------------------------------------------------------------------------

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        steps = self._own_steps(k)
        if steps != self._steps:
            self._steps = steps
            self.canvas.tell(kind="steps", steps=steps)
        drawn = [
            {} if lane.ghost else self._picture(i, lane, k, exact)
            for i, lane in enumerate(self.lanes)
        ]
        self._points(drawn, k)
        first = next((p for p in drawn if p), {})
        self._fill(self._entry(first, self.view.fill))
        self._field(self._entry(first, self.view.field))
        self._segments(drawn)
        target = self._entry(first, self.view.target)
        if target is not None:
            target = target.reshape(-1, 2)
            self.box.see(target)
            self.layers.put("target", dict(kind="targets", color="ink", values=target.T))
        # What is there at first is framed as it is; what comes later gets room to grow.
        self.box.settled = self.box.low is not None

    def _own_steps(self, k: int) -> list[int | None]:
        """Where each path is cut; None: at the cursor, which the browser knows."""
        return [None if path.lane.own is None else path.lane.at(k) for path in self.paths]

    def _segments(self, drawn) -> None:
        several, marks = self._several, []
        for lane, picture in zip(self.lanes, drawn):
            lines = self._entry(picture, self.view.lines)
            if lines is not None and lines.size:
                token = palette.series(lane.style).token if several else "ink3"
                values = lines.reshape(-1, 4).T
                marks.append(dict(kind="segments", color=token, alpha=0.55, values=values))
        self.layers.put("lines", *marks)

    @property
    def _several(self) -> bool:
        return len([lane for lane in self.lanes if not lane.ghost]) > 1

    def _picture(self, i: int, lane: Lane, k: int, exact) -> dict:
        if isinstance(exact, dict) and exact.get(i) is not None:
            return exact[i]
        return lane.picture(k) or {}

    def _entry(self, picture: dict, name: str | None):
        if not name:
            return None
        found = array(picture.get(name.removeprefix("pic.")))
        return None if found is None else np.asarray(found, dtype=float)

    def _fill(self, shares) -> None:
        if shares is None or shares.ndim != 2:
            return
        far = self.view.reach or 1.0
        self.box.see([(-far, -far), (far, far)])
        self.layers.put("fill", dict(kind="map", far=far, color="a", alpha=0.42, values=shares))

    def _field(self, field) -> None:
        if field is None:
            return
        field = field.reshape(-1, 4)
        values = np.concatenate([field[:, :2], field[:, :2] + field[:, 2:]], 1).T
        if len(field) <= BOLD:
            self.layers.put("field", dict(kind="pointers", color="ink3", values=values))
        else:
            self.layers.put(
                "field", dict(kind="segments", color="line", width=1.1, tips=True, values=values)
            )
        self.box.see(field[:, :2])

    def _points(self, drawn, k: int) -> None:
        marks, trails = [], []
        several = len(self.lanes) > 1  # ghosts too: a method keeps its colour among them
        names = [n for n in self.view.sources if n.startswith("pic.")]
        self.shown = []
        for lane, picture in zip(self.lanes, drawn):
            if lane.ghost:
                marks += self._ghost(lane.picture(k) or {}, names)
                continue
            for j, name in enumerate(names):
                points = self._entry(picture, name)
                if points is None or points.ndim != 2 or points.shape[1] < 2:
                    continue
                if len(points) > MOST_POINTS:
                    points = points[:: -(-len(points) // MOST_POINTS)]
                self.box.see(points[:, :2])
                self.shown.append(points[:, :2])
                n = len(points)
                style = palette.series(lane.style if several else j)
                plain = not several and len(names) == 1
                token = "ink" if plain and n <= 150 else "h" if plain else style.token
                kinds = points[:, 2].astype(int) if points.shape[1] > 2 else None
                hue = self._entry(picture, self.view.hue) if plain else None
                look: dict = dict(
                    kind="points", values=points[:, :2].T,
                    size=7.2 if n <= 150 else 4.6 if n <= 600 else 2.8,
                    marker=style.marker if several and n <= 600 else "circle",
                    alpha=1.0 if n <= 600 else 0.7, edge="stage" if n <= 400 else "",
                )  # fmt: skip
                ink: dict = dict(color=token)
                if hue is not None and len(hue) == n:
                    ink = _around(hue)
                elif kinds is not None:
                    ink = dict(
                        colors=[style.token for style in palette.SERIES],
                        pick=(kinds % len(palette.SERIES)).astype(np.uint8),
                    )
                marks.append({**look, **ink})
                if self.view.trails and n <= TRAILS:
                    path = self._trail(lane, name, k, n)
                    if path is not None:
                        trails.append(dict(kind="trails", alpha=0.35, values=path, **ink))
        self.layers.put("points", *marks)
        self.layers.put("trails", *trails)

    def _ghost(self, picture: dict, names) -> list[dict]:
        """The points of another run: small, grey, without trails."""
        found = []
        for name in names:
            points = self._entry(picture, name)
            if points is not None and points.ndim == 2 and points.shape[1] > 1:
                points = points[:: -(-len(points) // MOST_POINTS)] if len(points) else points
                self.box.see(points[:, :2])
                found.append(
                    dict(kind="points", values=points[:, :2].T, size=2.6, marker="circle",
                         alpha=0.6, edge="", color="ink3")
                )  # fmt: skip
        return found

    def _trail(self, lane: Lane, name: str, k: int, n: int) -> np.ndarray | None:
        """Where n points were in the last kept pictures: (2 * pictures, n), x and y in turn."""
        if lane.pictures is None:
            return None
        ks = [at for at in lane.pictures.ks if at <= lane.at(k)][-TRAIL:]
        kept = [self._entry(lane.pictures.packed(at), name) for at in ks]
        kept = [p for p in kept if p is not None and p.ndim == 2 and len(p) == n]
        if len(kept) < 2:
            return None
        return np.concatenate([p[:, :2].T for p in kept])

    # -- page ----------------------------------------------------------------------------------

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))

    def _places(self, k: int) -> list[tuple[str, np.ndarray]]:
        found = []
        for path in self.paths:
            if path.lane.ghost:
                continue
            ks, points = self._track(path)
            if len(ks):
                row = int(np.searchsorted(ks, path.lane.at(k), "right")) - 1
                at = points[max(row, 0)]
                label = path.label or path.lane.label or self.shared.quantity(path.name).text
                found.append((label, at))
        return found

    def summary(self) -> str:
        k = self.shared.k
        places = self._places(k)
        if places:
            said = ", ".join(f"{n} at ({number(p[0])}, {number(p[1])})" for n, p in places)
            return f"{self.title} at step {count(k)}: {said}."
        n = sum(map(len, self.shown))
        if n:
            return f"{self.title} at step {count(k)}: {count(n)} points."
        return f"{self.title}: nothing drawn yet."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        places = self._places(self.shared.k)
        if places:
            return ["path", "x", "y"], [[n, number(p[0]), number(p[1])] for n, p in places]
        points = np.concatenate([np.empty((0, 2)), *self.shown])[:60]
        rows = [[str(i), number(x), number(y)] for i, (x, y) in enumerate(points)]
        return ["point", "x", "y"], rows


def _around(hue: np.ndarray) -> dict:
    """The looks of points whose colour goes round, by their places in turns."""
    n = len(palette.WHEEL)
    colors = [f"wheel{i}" for i in range(n)]
    return dict(colors=colors, pick=(np.floor(hue % 1 * n) % n).astype(np.uint8))


def _recent_dense(n: int) -> np.ndarray:
    """At most 2,000 of n rows: the last 500, and an even share of those before."""
    if n <= POINTS:
        return np.arange(n)
    last = n - POINTS // 4
    return np.concatenate([np.linspace(0, last - 1, POINTS // 2).astype(int), np.arange(last, n)])
