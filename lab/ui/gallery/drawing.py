"""Thumbnails: what a view of some runs looks like, as one small SVG for both themes.

Colours are the page's CSS variables. Coordinates are whole numbers on a 400 x 240 grid and written
as differences, so that a path of a hundred points takes some 500 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from lab.engine.trace import Trace
from lab.ui.gallery import marks
from lab.ui.gallery.marks import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from lab.views.palette import ROLES, SERIES, Style
from lab.views.ranges import symmetric
from lab.views.still.axis import Axis, axis
from lab.views.thin import keep

MAX_BYTES = 6_000
_MASK_ACROSS, _MASK_UP = 60, 36  # cells of a mask: its corner
CROWD = 0.1  # share of its weights; where more have changed, they are less bright
_INK = Style("ink", width=2.0)
_TRAIL = Style("b", width=1.2)


@dataclass(frozen=True)
class Shown:
    """A run as it is drawn.

    Parameters
    ----------
    style : int
        Its place in the series of styles.
    trace : Trace
    pictures : sequence of dict
        Kept pictures as arrays, oldest first, each of another step; the last is that of the head.
    """

    style: int
    trace: Trace
    pictures: Sequence[dict]

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values of a recorded quantity; empty when nothing is recorded."""
        if name not in self.trace:
            return np.zeros(0), np.zeros(0)
        y = np.asarray(self.trace[name], dtype=float)
        rare = self.trace.assessed
        k = self.trace.k if rare is None or len(self.trace.k) == len(y) else rare.k
        n = min(len(k), len(y))
        return np.asarray(k[:n], dtype=float), y[:n]

    def now(self, source: str) -> np.ndarray | None:
        """An array of the last picture, or the last row of a quantity; None when there is none."""
        if source.startswith("pic."):
            found = self.pictures[-1].get(source[4:]) if self.pictures else None
            return None if found is None or isinstance(found, tuple) else np.asarray(found)
        _, values = self.series(source)
        return values[-1] if len(values) else None

    def before(self, source: str) -> np.ndarray | None:
        """The same array in the picture before the last one; None when there is none."""
        found = self.pictures[-2].get(source[4:]) if len(self.pictures) > 1 else None
        return None if found is None or isinstance(found, tuple) else np.asarray(found)


def thumbnail(view, shown: Sequence[Shown], code: str) -> str:
    """A view as SVG of at most MAX_BYTES; "" where it shows nothing that can be drawn so small.

    Parameters
    ----------
    view : View
    shown : sequence of Shown
        The runs; where only one can be drawn it is the first.
    code : str
        Hash of the code that ran, kept in the picture.
    """
    points = 160
    while points > 10:
        drawn = _DRAWN[view.kind](view, shown, points)
        if not drawn:
            return ""
        box = f'viewBox="0 0 {WIDTH} {HEIGHT}" data-code="{code}" aria-hidden="true"'
        whole = f'<svg class="th" {box} fill="none">{drawn}</svg>'
        if len(whole) <= MAX_BYTES:
            return whole
        points = points * 2 // 3
    return ""


# -- views -----------------------------------------------------------------------------------------


def _curves(view, shown, points: int) -> str:
    x_log, y_log = "x" in view.log, "y" in view.log
    one = len(shown) == 1
    sources = list(view.sources)
    lines = []
    for place, run in enumerate(shown):
        for i, source in enumerate(sources):
            role = _role(view, source)
            if role and place:
                continue  # what all runs share is drawn once
            style = role or SERIES[(i if one else run.style) % len(SERIES)]
            if not one and not role and source != sources[0]:
                continue
            x, y = _over(view, run, source, x_log)
            if y.ndim == 1 and len(y):
                lines.append((style, x, y))
    return _lines(lines, x_log, y_log, points, now=True)


def _over(view, run, source: str, x_log: bool) -> tuple[np.ndarray, np.ndarray]:
    k, y = run.series(source)
    if view.x not in ("", "k"):
        at, x = run.series(view.x)
        return (np.interp(k, at, x) if len(at) and x.ndim == 1 else k), y
    return (k + 1 if x_log else k), y


def _profile(view, shown, points: int) -> str:
    lines, places, run = [], [], shown[0]
    x_now = run.now(view.x) if view.x else None
    for i, source in enumerate(view.sources):
        y, x = run.now(source), x_now
        if y is not None and x is not None and source in view.roles and y.size < x.size:
            places += list(y.ravel())
            continue
        if y is None or y.ndim != 1 or len(y) < 2:
            continue
        x = np.arange(1.0, len(y) + 1) if x is None or len(x) != len(y) else x
        lines.append((_role(view, source) or SERIES[i % len(SERIES)], x, np.asarray(y, float)))
    return _lines(lines, "x" in view.log, "y" in view.log, points, places=places)


def _lines(lines, x_log: bool, y_log: bool, points: int, now: bool = False, places=()) -> str:
    """Curves; `places` on the x axis are marked by upright lines."""
    good = []
    for style, x, y in lines:
        fine = np.isfinite(x) & np.isfinite(y)
        fine &= ((x > 0) | (not x_log)) & ((y > 0) | (not y_log))
        if fine.sum() > 1:
            good.append((style, x[fine], y[fine]))
    if not good:
        return ""
    far = np.concatenate([places, *(x for _, x, _ in good)])
    across = axis(far, x_log, LEFT, RIGHT, tight=True)
    up = axis(np.concatenate([y for _, _, y in good]), y_log, BOTTOM, TOP)
    parts, ends = [], []
    for style, x, y in good:
        at = keep(x, y, x_log, points=max(8, points // 2))
        path = np.stack([across(x[at]), up(y[at])], 1)
        parts.append(marks.path(path, style))
        if style not in ROLES.values() or style is ROLES["test"]:
            ends.append((style, path[-1]))
    for at in across(places)[np.isfinite(across(places))]:
        parts.append(marks.path(np.array([[at, TOP], [at, BOTTOM]]), ROLES["bound"]))
    return "".join(parts) + (marks.now(*ends[0]) if now and ends else "")


def _plane(view, shown, points: int) -> str:
    paths: list = []
    clouds: list = []  # (colour, or none, and places) of points
    for place, run in enumerate(shown):
        for source in view.sources:
            path = _path_of(run, source)
            if path is not None:
                paths.append((SERIES[run.style % len(SERIES)], path))
            elif not place:
                clouds += _clouds(run.now(source))
    first, far = shown[0], view.reach or 1.0
    ground = _of(first, view.fill)
    ground = None if ground is None or ground.ndim != 2 else np.asarray(ground, float)
    segments, target = marks.rows(_of(first, view.lines), 4), marks.rows(_of(first, view.target), 2)
    arrows = marks.rows(_of(first, view.field), 4)
    trails = _trails(view, first)
    places = [path for _, path in paths] + [cloud for _, cloud in clouds]  # trails may leave it
    if segments is not None:
        places += [segments[:, :2], segments[:, 2:]]
    if ground is not None:
        places.append(np.array([[-far, -far], [far, far]]))
    places = [place[np.isfinite(place).all(1)] for place in places]
    if not sum(map(len, places)):
        return ""
    x, y = marks.axes(np.concatenate(places), view.equal)

    def put(values) -> np.ndarray:
        return np.stack([x(values[:, 0]), y(values[:, 1])], 1)

    parts = [] if ground is None else [marks.ground(ground, x, y, far)]
    if arrows is not None:
        parts.append(marks.arrows(put(arrows[:, :2]), put(arrows[:, :2] + arrows[:, 2:]), points))
    if segments is not None and not paths:
        parts.append(marks.segments(put(segments[:, :2]), put(segments[:, 2:]), points))
    for trail in trails:
        parts.append(marks.path(put(trail[marks.even(trail, points // 4)]), _TRAIL))
    # several clouds: the largest lies behind, in the colour of heat
    sizes = sorted(clouds, key=lambda cloud: -len(cloud[1]))
    for n, (own, cloud) in enumerate(sizes):
        last = n == len(sizes) - 1 and len(sizes) > 2
        token = own or ("h" if n == 0 else "b" if last else "ink")
        few = len(cloud) <= 60
        parts.append(
            marks.dots(put(marks.some(cloud, points)), token, 9 if few else 6, 1 if few else 0.7)
        )
    if target is not None and len(target) <= 12:
        parts.append(marks.crosses(put(target)))
    for style, path in paths:
        parts.append(marks.path(put(path[marks.even(path, points)]), style))
    if paths:
        style, path = paths[-1]
        parts.append(marks.now(style, put(path[-1:])[0]))
    return "".join(parts)


def _trails(view, run) -> list[np.ndarray]:
    """Where each of a few points has been."""
    found = []
    for source in view.sources if view.trails else ():
        kept = [np.asarray(p[source[4:]]) for p in run.pictures if source[4:] in p]
        if kept and kept[-1].ndim == 2 and len(kept[-1]) <= 12:
            stacked = np.stack([one for one in kept if one.shape == kept[-1].shape])
            found += [
                trail
                for i in range(stacked.shape[1])
                if (trail := marks.rows(stacked[:, i], 2)) is not None
            ]
    return found


def _clouds(points) -> list[tuple[str, np.ndarray]]:
    """Points as (colour, places): with a third column each kind in its own colour."""
    cloud, kinds = marks.rows(points, 2), marks.rows(points, 3)
    if cloud is not None:
        return [("", cloud)]
    if kinds is None:
        return []
    own = kinds[:, 2].astype(int) % len(SERIES)
    return [(SERIES[i].token, kinds[own == i, :2]) for i in np.unique(own)]


def _path_of(run, source: str) -> np.ndarray | None:
    """A recorded pair, or the places of one point through the kept pictures."""
    if not source.startswith("pic."):
        return marks.rows(run.series(source)[1], 2)
    kept = [np.asarray(p[source[4:]]) for p in run.pictures if source[4:] in p]
    if kept and kept[-1].shape == (2,):
        return marks.rows(np.stack(kept), 2)
    return None


def _heat(view, shown, points: int) -> str:
    run, source = shown[0], view.sources[0]
    _, rows = run.series(source)
    values = rows.T if rows.ndim == 2 else run.now(source)
    if values is None or values.ndim != 2 or not np.isfinite(values).any():
        return ""
    if view.alive or values.dtype == bool:
        alive = view.alive or source
        return _mask(run, source, alive if isinstance(alive, str) else alive[0], view.signed)
    values = marks.coarse(np.asarray(values, float))
    if not source.startswith("pic."):
        values = values[::-1]  # of a recorded vector the first entry is the lowest
    if view.signed:
        most = np.nanmax(np.abs(values)) or 1.0
        parts = ((np.clip(-values / most, 0, 1), "a"), (np.clip(values / most, 0, 1), "b"))
        return "".join(marks.matrix(np.nan_to_num(v) ** 0.7, token, token) for v, token in parts)
    return marks.matrix(marks.shares(values, view.log) ** 0.8, "h")


def _mask(run, source: str, alive: str, signed: bool) -> str:
    """A corner of a mask. Weights that live are blue or orange, dead ones dark, what died or came
    back since the picture before is bright, as on the page; a mask alone is what is left in it."""
    now, before = _corner(run.now(alive)), _corner(run.before(alive))
    if now is None:
        return ""
    now = now.astype(bool)
    values = None if source == alive else _corner(run.now(source))
    if values is None or values.shape != now.shape:
        there = np.ones(now.shape, dtype=bool)
        parts = [marks.matrix(now, "ink", "m", 1)]
    else:
        there, values = np.isfinite(values), np.nan_to_num(values.astype(float))
        most = symmetric(np.where(now, values, 0.0))
        size = np.where(there & now, (2 + np.clip(np.abs(values) / most, 0, 1)) / 3, 0.0)
        inks = (("a", values < 0), ("b", values >= 0)) if signed else (("h", there),)
        parts = [marks.matrix(there & ~now, "dead", "dead", 1)]
        parts += [marks.matrix(np.where(mine, size, 0.0), token, token, 2) for token, mine in inks]
    if before is not None and before.shape == now.shape:
        changed = there & (before.astype(bool) != now)
        kinds = (("test", changed & ~now), ("now", changed & now))
        bright = "".join(marks.matrix(w, token, token, 1) for token, w in kinds if w.any())
        crowd = changed.sum() > CROWD * there.sum()
        parts.append(f'<g opacity=".5">{bright}</g>' if crowd else bright)
    return "".join(parts)


def _corner(values) -> np.ndarray | None:
    if values is None or values.ndim != 2 or not values.size:
        return None
    return values[:_MASK_UP, :_MASK_ACROSS]


def _bars(view, shown, points: int) -> str:
    values = shown[0].now(view.sources[0])
    if values is None or values.ndim != 1 or not len(values):
        return ""
    values = np.nan_to_num(np.asarray(values, float))[:48]
    if view.log:
        values = np.log10(np.maximum(values, 0) + 1)
    most = np.abs(values).max() or 1.0
    zero = (TOP + BOTTOM) / 2 if (values < 0).any() else BOTTOM
    reach = zero - TOP
    wide = (RIGHT - LEFT) / len(values)
    steps = "".join(
        f"M{LEFT + (i + 0.5) * wide:.0f} {zero:.0f}v{-value / most * reach:.0f}"
        for i, value in enumerate(values)
    )
    width = max(2, min(44, wide * 0.68))
    return f'<path d="{steps}" stroke="var(--h)" stroke-width="{width:.0f}"/>' + marks.rule(zero)


def _hist(view, shown, points: int) -> str:
    sample = shown[0].now(view.sources[0])
    if sample is None or not np.isfinite(sample).any():
        return ""
    sample = np.asarray(sample, float).ravel()
    heights, edges = np.histogram(sample[np.isfinite(sample)], min(view.bins, 44), density=True)
    theory = marks.rows(_of(shown[0], view.theory), 2)
    most = max([heights.max(), *([] if theory is None else [theory[:, 1].max()])]) or 1.0
    x = Axis(float(edges[0]), float(edges[-1]), False, LEFT, RIGHT)
    y = Axis(0.0, float(most), False, BOTTOM, TOP)
    corners = np.stack([np.repeat(x(edges), 2)[1:-1], np.repeat(y(heights), 2)], 1)
    outline = np.concatenate([[[LEFT, BOTTOM]], corners, [[RIGHT, BOTTOM]]])
    drawn = f'<path d="{marks.moves(outline)}" fill="var(--h)" opacity=".55"/>'
    if theory is not None:
        inside = theory[(theory[:, 0] >= edges[0]) & (theory[:, 0] <= edges[-1])]
        if len(inside) > 1:
            inside = inside[marks.even(inside, points // 2)]
            drawn += marks.path(np.stack([x(inside[:, 0]), y(inside[:, 1])], 1), _INK)
    return drawn + marks.rule(BOTTOM)


def _graph(view, shown, points: int) -> str:
    nodes, edges = (
        marks.rows(shown[0].now(view.sources[0]), 2),
        marks.rows(_of(shown[0], view.edges), 2),
    )
    if nodes is None:
        return ""
    x, y = marks.axes(nodes, True)
    at = np.stack([x(nodes[:, 0]), y(nodes[:, 1])], 1)
    drawn = ""
    if edges is not None:
        ends = edges.astype(int)
        ends = ends[(ends >= 0).all(1) & (ends < len(at)).all(1)]
        drawn = marks.segments(at[ends[:, 0]], at[ends[:, 1]], points * 2)
    return drawn + marks.dots(marks.some(at, points), "c", 13 if len(at) <= 40 else 8, 1)


def _images(view, shown, points: int) -> str:
    tiles = shown[0].now(view.sources[0])
    if tiles is None or tiles.ndim != 3 or not len(tiles):
        return ""
    across = min(len(tiles), 4)
    down = 2 if len(tiles) >= 2 * across else 1
    rows = [
        np.concatenate([marks.coarse(np.asarray(t, float), 15, 12) for t in row], 1)
        for row in np.split(tiles[: across * down], down)
    ]
    return marks.matrix(marks.shares(np.concatenate(rows)), "ink")


def _timeline(view, shown, points: int) -> str:
    spans = marks.rows(shown[0].now(view.sources[0]), 4)
    if spans is None:
        return ""
    spans = spans[-points:]
    lanes = np.unique(spans[:, 0])
    x = axis(spans[:, 1:3].ravel(), False, LEFT, RIGHT, tight=True)
    high = (BOTTOM - TOP) / max(len(lanes), 1)
    up = TOP + (np.searchsorted(lanes, spans[:, 0]) + 0.5) * high
    steps = "".join(
        f"M{a:.0f} {y:.0f}h{max(b - a, 2):.0f}"
        for a, b, y in zip(x(spans[:, 1]), x(spans[:, 2]), up)
    )
    width = min(20, high * 0.6)
    return f'<path d="{steps}" stroke="var(--h)" stroke-width="{width:.0f}"/>'


def _table(view, shown, points: int) -> str:
    return ""


_DRAWN: MappingProxyType[str, Callable] = MappingProxyType(
    {
        "curves": _curves, "profile": _profile, "plane": _plane, "heat": _heat, "bars": _bars,
        "hist": _hist, "graph": _graph, "images": _images, "timeline": _timeline,
        "table": _table,
    }
)  # fmt: skip


# -- values ----------------------------------------------------------------------------------------


def _role(view, source: str) -> Style | None:
    if source in view.roles:
        return ROLES[view.roles[source]]
    return ROLES["bound"] if source in getattr(view, "bounds", ()) else None


def _of(run: Shown, source) -> np.ndarray | None:
    """The array that an option names; None when it names none."""
    return run.now(source) if isinstance(source, str) and source.startswith("pic.") else None
