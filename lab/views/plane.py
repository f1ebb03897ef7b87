"""The plane: paths of runs, points, arrows, places to reach.

Paths are cut at the cursor in the browser (`js/orbit.js`); points, arrows and segments of
pictures are drawn by the server when the cursor moves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import CustomJS, PointDrawTool, Scatter, Segment

from lab.views import palette
from lab.views.base import LEFT, Lane, Renderer, Shared, array, js
from lab.views.numerals import count, number
from lab.views.plot import house_figure, lettering, new_range, source
from lab.views.thin import POINTS

MOST_POINTS = 4_000  # of one lane; more are thinned evenly
TRAIL = 8  # kept pictures that a trail reaches back
TRAILS = 300  # points that may leave one
BOLD = 3  # so few arrows are drawn boldly


class Path:
    """One lane's path: its sources and what was sent."""

    def __init__(self):
        self.full = source(k=[], x=[], y=[])
        self.old = source(x=[], y=[])
        self.line = source(x=[], y=[])
        self.recent = source(x=[], y=[], alpha=[])
        self.glyphs: dict = {}
        self.lane: Any = None  # a Lane, or None while the path is not in use
        self.name = ""
        self.rows = 0


class Plane(Renderer):
    """See `lab.engine.views.Plane`.

    `on_start`, when set, is called with {control: value} while a person drags the start.
    """

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.paths: list[Path] = []
        self.on_start = None
        self._low: Any = None  # corners of what was seen, (2,)
        self._high: Any = None
        self._settled = False
        self._drawn: dict = {}
        self._orbit = CustomJS(code=js("numbers", "tools", "orbit"))
        self._build()

    @property
    def element(self):
        return self.figure

    # -- building ------------------------------------------------------------------------------

    def _build(self) -> None:
        equal = self.view.equal
        self.figure = fig = house_figure(
            self, x_range=new_range(-1, 1),
            y_range=new_range(-1, 1), layout=self._orbit, bare=equal,
            left=10 if equal else LEFT, right=10, top=38 if equal else 64,
            bottom=10 if equal else 46,
        )  # fmt: skip
        self.box = source(x0=[-1.0], x1=[1.0], y0=[-1.0], y1=[1.0])
        self.arrows = source(x0=[], y0=[], x1=[], y1=[])
        self.bold = source(x0=[], y0=[], x1=[], y1=[], angle=[])
        self.bolder = source(x0=[], y0=[], x1=[], y1=[], angle=[])
        self.segments = source(x0=[], y0=[], x1=[], y1=[], color=[])
        self.targets = source(x=[], y=[])
        self.crosses = source(x0=[], y0=[], x1=[], y1=[])
        self.trails = source(xs=[], ys=[], color=[])
        self.points = source(x=[], y=[], color=[], edge=[], size=[], marker=[], alpha=[])
        self.ring = source(x=[], y=[])
        self.now = source(x=[], y=[], color=[], marker=[])
        self.styles = source(label=[], color=[], marker=[])
        self.labels = source(x=[], y=[], text=[], color=[], size=[], weight=[])
        self.corner = source(x=[], y=[], text=[])

        fan = fig.add_glyph(
            self.arrows, Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_width=1.1)
        )
        tips = fig.add_glyph(
            self.arrows, Scatter(x="x1", y="y1", marker="circle", size=2.6, line_color=None)
        )
        self.ink(fan.glyph, line_color="line")
        self.ink(tips.glyph, fill_color="line")
        fig.add_glyph(
            self.segments,
            Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_color="color", line_alpha=0.55),
        )
        fig.multi_line(
            "xs", "ys", source=self.trails, line_color="color", line_width=1, line_alpha=0.35
        )
        shaft = fig.add_glyph(
            self.bolder, Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_width=1.5)
        )
        point = fig.add_glyph(
            self.bolder,
            Scatter(x="x1", y="y1", angle="angle", marker="triangle", size=9, line_color=None),
        )
        self.ink(shaft.glyph, line_color="ink3")
        self.ink(point.glyph, fill_color="ink3")
        fig.add_glyph(
            self.points,
            Scatter(
                x="x", y="y", size="size", marker="marker", fill_color="color", line_color="edge",
                fill_alpha="alpha", line_width=1,
            ),
        )  # fmt: skip

        cross = fig.add_glyph(
            self.crosses,
            Segment(x0="x0", y0="y0", x1="x1", y1="y1", line_width=1.4),
            level="overlay",
        )
        self.ink(cross.glyph, line_color="ink")
        ring = fig.add_glyph(
            self.ring, Scatter(x="x", y="y", marker="circle", size=12, line_width=2),
            level="overlay",
        )  # fmt: skip
        self.ink(ring.glyph, fill_color="stage", line_color="ink")
        if self.view.start:
            self.ring.syncable = True
            self.ring.on_change("data", self._dragged)
            ring.glyph.size = 15
            drag = PointDrawTool(renderers=[ring], add=False, drag=True)
            fig.add_tools(drag)
            fig.toolbar.active_tap = drag
        now = fig.add_glyph(
            self.now,
            Scatter(x="x", y="y", marker="marker", size=12, line_color="color", line_width=2.4),
            level="overlay",
        )
        self.ink(now.glyph, fill_color="now")
        places = dict(x="x", y="y", text="text", text_font_size="size", text_font_style="weight")
        halo = fig.add_glyph(
            self.labels, lettering(**places, text_outline_width=4), level="overlay"
        )
        self.ink(halo.glyph, text_color="stage", text_outline_color="stage")
        fig.add_glyph(self.labels, lettering(**places, text_color="color"), level="overlay")
        if not equal:
            corner = fig.add_glyph(
                self.corner,
                lettering(x="x", y="y", text="text", y_offset=36, text_align="right",
                     text_baseline="alphabetic"),
                level="annotation",
            )  # fmt: skip
            self.ink(corner.glyph, text_color="ink2")
        self._arm()
        for model in (self.shared.cursor, self.styles, self.box, self.targets, self.bold):
            model.js_on_change("data", self._orbit)

    def _arm(self) -> None:
        self._orbit.args = dict(
            figure=self.figure, cursor=self.shared.cursor, styles=self.styles, box=self.box,
            full=[p.full for p in self.paths], old=[p.old for p in self.paths],
            line=[p.line for p in self.paths], recent=[p.recent for p in self.paths],
            now=self.now, ring=self.ring, labels=self.labels, targets=self.targets,
            crosses=self.crosses, bold=self.bold, bolder=self.bolder, equal=self.view.equal,
            aim=self._aim(), quiet=self.color("ink"), sans=palette.SANS, corner=self.corner,
            below=self.view.x, dragged=bool(self.view.start),
        )  # fmt: skip

    def _aim(self) -> str:
        target = self.view.target
        return "" if target is None else target.removeprefix("pic.").replace("_", " ")

    def _path(self, i: int) -> Path:
        while len(self.paths) <= i:
            path, fig = Path(), self.figure
            path.glyphs = {
                "old": fig.line("x", "y", source=path.old, line_width=1.2, line_alpha=0.5),
                "line": fig.line("x", "y", source=path.line, line_width=2),
                "recent": fig.scatter(
                    "x", "y", source=path.recent, size=6.8, line_color=None, fill_alpha="alpha"
                ),
            }
            for name in ("old", "line"):
                path.glyphs[name].glyph.update(line_join="round", line_cap="round")
            for change in ("data", "streaming"):
                path.full.js_on_change(change, self._orbit)
            self.paths.append(path)
            self._arm()
        return self.paths[i]

    # -- lanes ---------------------------------------------------------------------------------

    def redraw(self) -> None:
        self._low = self._high = None
        self._settled = False
        self._drawn.clear()
        for path in self.paths:
            path.lane, path.rows = None, 0
            path.full.data = {"k": [], "x": [], "y": []}
        wanted = [
            (lane, name)
            for lane in self.lanes
            for name in self.view.sources
            if not name.startswith("pic.") or self._is_place(lane, name)
        ]
        several = len(wanted) > 1
        rows: dict[str, list] = dict(label=[], color=[], marker=[])
        for i, (lane, name) in enumerate(wanted):
            path = self._path(i)
            path.lane, path.name = lane, name
            style = palette.series(lane.style if len(self.lanes) > 1 else i)
            glyphs = [g.glyph for g in path.glyphs.values()]
            self._inks = [ink for ink in self._inks if ink[0] not in glyphs]
            for part in ("old", "line"):
                self.ink(path.glyphs[part].glyph, line_color=style.token)
                path.glyphs[part].glyph.line_dash = [*palette.BRANCH] if lane.dotted else []
            self.ink(path.glyphs["recent"].glyph, fill_color=style.token)
            path.glyphs["recent"].glyph.marker = style.marker
            rows["marker"].append(style.marker)
            said = lane.label if len(self.lanes) > 1 else self.shared.quantity(name).text
            rows["label"].append(said if several else "")
            rows["color"].append(self.color(style.token))
        for path in self.paths:
            self._send(path)
        self.styles.data = rows
        self._arm()
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        lane = self.lanes[index]
        lane.take(frame)
        for path in self.paths:
            if path.lane is lane:
                self._send(path)

    def _is_place(self, lane: Lane, name: str) -> bool:
        """Whether a picture is one point, whose path is drawn."""
        picture = lane.picture(0)
        found = array((picture or {}).get(name.removeprefix("pic.")))
        return found is not None and found.ndim == 1 and found.size == 2

    def _send(self, path: Path) -> None:
        if path.lane is None:
            return
        ks, points = self._track(path)
        if len(ks) == path.rows:
            return
        if path.rows and path.rows < len(ks) <= POINTS and not path.name.startswith("pic."):
            fresh = slice(path.rows, len(ks))
            path.full.stream(
                {"k": ks[fresh].astype(float), "x": points[fresh, 0], "y": points[fresh, 1]}
            )
            self._widen(points[fresh])
        else:
            kept = _recent_dense(len(ks))
            path.full.data = {
                "k": ks[kept].astype(float), "x": points[kept, 0], "y": points[kept, 1]
            }  # fmt: skip
            self._widen(points[path.rows :] if path.rows < len(ks) else points)
        path.rows = len(ks)

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

    # -- the frame -----------------------------------------------------------------------------

    def _widen(self, places) -> None:
        """Lets the frame grow, with some room to spare, so that the places fit."""
        places = np.asarray(places, dtype=float).reshape(-1, 2)
        places = places[np.isfinite(places).all(1) & (np.abs(places) < 1e12).all(1)]
        if not len(places):
            return
        low, high = places.min(0), places.max(0)
        if self._low is not None:
            if (low >= self._low).all() and (high <= self._high).all():
                return
            low, high = np.minimum(low, self._low), np.maximum(high, self._high)
            reach = high - low
            if self._settled:  # room to grow, where it grows
                low = np.where(low < self._low, low - 0.25 * reach, low)
                high = np.where(high > self._high, high + 0.25 * reach, high)
        self._low, self._high = low, high
        self._frame()

    def _frame(self) -> None:
        low, high = self._low.copy(), self._high.copy()
        reach = high - low
        if self.view.equal:
            reach[:] = max(reach.max(), 1e-9)
            if reach[0] <= 1e-5 * np.abs(high).max():
                reach[:] = 2.0
        else:
            reach[reach <= 1e-5 * np.maximum(np.abs(high), 1e-6)] = 1.0
        # pictures are single, traces double precision: the same place differs by rounding
        flat = high - low <= 1e-5 * np.maximum(np.abs(high), 1e-6)
        low[flat] -= reach[flat] / 2
        high[flat] += reach[flat] / 2
        pad = 0.06 * (high - low)
        (x0, y0), (x1, y1) = low - pad, high + pad
        self.box.data = {"x0": [x0], "x1": [x1], "y0": [y0], "y1": [y1]}
        if not self.view.equal:
            for span, a, b in ((self.figure.x_range, x0, x1), (self.figure.y_range, y0, y1)):
                span.update(start=a, end=b, reset_start=a, reset_end=b)

    def _dragged(self, attribute, old, new) -> None:
        if self.on_start is None or not len(new["x"]):
            return
        first = self._track(self.paths[0])[1] if self.paths else np.empty((0, 2))
        place = (float(new["x"][0]), float(new["y"][0]))
        if not len(first) or not np.allclose(place, first[0], rtol=1e-9):
            self.on_start(dict(zip(self.view.start, place)))

    # -- pictures ------------------------------------------------------------------------------

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        drawn = [self._picture(i, lane, k, exact) for i, lane in enumerate(self.lanes)]
        self._points(drawn, k)
        first = next((p for p in drawn if p), {})
        self._field(self._entry(first, self.view.field))
        self._segments(drawn)
        target = self._entry(first, self.view.target)
        if target is not None:
            target = target.reshape(-1, 2)
            self._widen(target)
            self._fresh("target", self.targets, {"x": target[:, 0], "y": target[:, 1]})
        # What is there at first is framed as it is; what comes later gets room to grow.
        self._settled = self._low is not None

    def _segments(self, drawn) -> None:
        several, found, colors = len(self.lanes) > 1, [np.empty((0, 4))], []
        for lane, picture in zip(self.lanes, drawn):
            lines = self._entry(picture, self.view.lines)
            if lines is not None and lines.size:
                found.append(lines.reshape(-1, 4))
                token = palette.series(lane.style).token if several else "ink3"
                colors += [self.color(token)] * len(found[-1])
        x0, y0, x1, y1 = np.concatenate(found).T
        self._fresh("lines", self.segments, dict(x0=x0, y0=y0, x1=x1, y1=y1, color=colors))

    def _picture(self, i: int, lane: Lane, k: int, exact) -> dict:
        if isinstance(exact, dict) and exact.get(i) is not None:
            return exact[i]
        return lane.picture(k) or {}

    def _entry(self, picture: dict, name: str | None):
        if not name:
            return None
        found = array(picture.get(name.removeprefix("pic.")))
        return None if found is None else np.asarray(found, dtype=float)

    def _fresh(self, key: str, data, columns: dict) -> None:
        """Sends columns only when they are others than before."""
        mark = tuple(np.asarray(c).tobytes() for c in columns.values())
        if self._drawn.get(key) != mark:
            self._drawn[key] = mark
            data.data = columns

    def _field(self, field) -> None:
        if field is None:
            return
        field = field.reshape(-1, 4)
        ends = field[:, :2] + field[:, 2:]
        columns = dict(x0=field[:, 0], y0=field[:, 1], x1=ends[:, 0], y1=ends[:, 1])
        if len(field) <= BOLD:
            angle = np.arctan2(field[:, 3], field[:, 2]) - np.pi / 2
            self._fresh("field", self.bold, {**columns, "angle": angle})
            self._widen(field[:, :2])
        else:
            self._fresh("field", self.arrows, columns)
            self._widen(field[:, :2])

    def _points(self, drawn, k: int) -> None:
        rows: dict[str, list] = dict(x=[], y=[], color=[], edge=[], size=[], marker=[], alpha=[])
        trails: dict[str, list] = dict(xs=[], ys=[], color=[])
        several = len(self.lanes) > 1
        names = [n for n in self.view.sources if n.startswith("pic.")]
        for lane, picture in zip(self.lanes, drawn):
            for j, name in enumerate(names):
                points = self._entry(picture, name)
                if points is None or points.ndim != 2 or points.shape[1] < 2:
                    continue
                if len(points) > MOST_POINTS:
                    points = points[:: -(-len(points) // MOST_POINTS)]
                self._widen(points[:, :2])
                n = len(points)
                style = palette.series(lane.style if several else j)
                plain = not several and len(names) == 1
                token = "ink" if plain and n <= 150 else "h" if plain else style.token
                kinds = points[:, 2].astype(int) if points.shape[1] > 2 else None
                colors = (
                    [self.color(token)] * n
                    if kinds is None
                    else [self.color(palette.series(c).token) for c in kinds]
                )
                rows["x"].append(points[:, 0])
                rows["y"].append(points[:, 1])
                rows["color"] += colors
                rows["edge"] += [self.color("stage")] * n if n <= 400 else colors
                rows["size"] += [7.2 if n <= 150 else 4.6 if n <= 600 else 2.8] * n
                rows["marker"] += [style.marker if several and n <= 600 else "circle"] * n
                rows["alpha"] += [1.0 if n <= 600 else 0.7] * n
                if self.view.trails and n <= TRAILS:
                    self._trail(lane, name, k, colors, trails)
        x, y = (np.concatenate([np.empty(0), *rows[axis]]) for axis in ("x", "y"))
        mark = (x.tobytes(), y.tobytes(), tuple(rows["color"][:1]))
        if self._drawn.get("points") != mark:
            self._drawn["points"] = mark
            self.points.data = {**rows, "x": x, "y": y}
            self.trails.data = trails

    def _trail(self, lane: Lane, name: str, k: int, colors, trails) -> None:
        if lane.pictures is None:
            return
        ks = [at for at in lane.pictures.ks if at <= k][-TRAIL:]
        kept = [self._entry(lane.pictures.packed(at), name) for at in ks]
        kept = [p for p in kept if p is not None and p.shape == kept[-1].shape]
        if len(kept) < 2:
            return
        path = np.stack(kept)[:, :, :2]
        for i in range(min(path.shape[1], len(colors))):
            trails["xs"].append(path[:, i, 0])
            trails["ys"].append(path[:, i, 1])
            trails["color"].append(colors[i])

    # -- page ----------------------------------------------------------------------------------

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self._drawn.clear()
        colors = [
            self.color(palette.series(p.lane.style if len(self.lanes) > 1 else i).token)
            for i, p in enumerate(self.paths)
            if p.lane is not None
        ]
        self._arm()
        self.styles.data = {**self.styles.data, "color": colors}
        self.cursor(self.shared.k)

    def _places(self, k: int) -> list[tuple[str, np.ndarray]]:
        found = []
        for path in self.paths:
            if path.lane is None:
                continue
            ks, points = self._track(path)
            if len(ks):
                at = points[max(int(np.searchsorted(ks, k, "right")) - 1, 0)]
                label = path.lane.label or self.shared.quantity(path.name).text
                found.append((label, at))
        return found

    def summary(self) -> str:
        k = self.shared.k
        places = self._places(k)
        if places:
            said = ", ".join(f"{n} at ({number(p[0])}, {number(p[1])})" for n, p in places)
            return f"{self.title} at step {count(k)}: {said}."
        n = len(self.points.data["x"])
        if n:
            return f"{self.title} at step {count(k)}: {count(n)} points."
        return f"{self.title}: nothing drawn yet."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        places = self._places(self.shared.k)
        if places:
            return ["path", "x", "y"], [[n, number(p[0]), number(p[1])] for n, p in places]
        data = self.points.data
        rows = [
            [str(i), number(x), number(y)] for i, (x, y) in enumerate(zip(data["x"], data["y"]))
        ]
        return ["point", "x", "y"], rows[:60]


def _recent_dense(n: int) -> np.ndarray:
    """At most 2,000 of n rows: the last 500, and an even share of those before."""
    if n <= POINTS:
        return np.arange(n)
    last = n - POINTS // 4
    return np.concatenate([np.linspace(0, last - 1, POINTS // 2).astype(int), np.arange(last, n)])
