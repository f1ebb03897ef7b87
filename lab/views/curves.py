"""Curves: quantities against the step, an axis that counts cost, or a control of a study.

The server sends what was recorded, once. Everything that depends on the cursor or on pixels (what
is past, markers, labels, the yellow line) is worked out in the browser, in `js/curves.js`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.views import palette
from lab.views.base import BESIDE, LEFT, RIGHT, Lane, Renderer, Shared
from lab.views.canvas import CurveCanvas, colours
from lab.views.fit import power_text, slope
from lab.views.numerals import count, number, percent
from lab.views.ranges import Growing
from lab.views.study import curves_of
from lab.views.thin import POINTS, keep

ROWS = 24  # of the table of numbers
WORST = 1e-16  # a logarithmic axis goes no lower
SEEDS = 20  # thin lines over the seeds of one curve, at most
GHOST = palette.Style("ink3", "circle", (), 1.0)


class Curve:
    """One line of the picture, with the points that the browser has.

    Attributes
    ----------
    k, x, y : array (n,)
        Steps, and places on the axes; n is at most 2,000.
    rows : int
        How many recorded rows they stand for.
    seeds : array (s, n) or None
        Of a study: y for each seed.
    """

    def __init__(self, lane: Lane, name: str, style: palette.Style, label: str, short: str = ""):
        self.lane, self.name, self.style, self.label, self.short = lane, name, style, label, short
        self.k = self.x = self.y = np.empty(0)
        self.rows = 0
        self.seeds: Any = None
        self.seeds_x: Any = None  # where the seeds were recorded; None: where the curve was


class Curves(Renderer):
    """See `lab.engine.views.Curves`."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.x_log, self.y_log = "x" in view.log, "y" in view.log
        self.stacks = view.of is None and view.x == "k"
        fixed = (0.0, 1.0) if view.percent else None
        self._y = Growing(log=self.y_log, least=3 if self.y_log else None, fixed=fixed)
        self._x = Growing(log=self.x_log, least=1 if self.x_log else None, up=True)  # costs grow
        self.curves: list[Curve] = []
        self.study: Any = None
        self._guides: list[dict] = []
        self._pivot: tuple[float, int] | None = None
        self._below = ""
        self.canvas = CurveCanvas(self, self._whole)

    @property
    def element(self):
        return self.canvas

    @property
    def _axis(self) -> str:
        """What the x axis of a live picture counts: its own, or the page's."""
        return self.shared.axis if self.stacks else self.view.x

    # -- what the browser is told --------------------------------------------------------------

    def _plan(self) -> dict:
        """All that is small: looks of curves, ranges, captions."""
        shared, live = self.shared, self.view.of is None
        above, under = shared.neighbours(self) if self.stacks else (False, False)
        captions = self._captions()
        flagged = live and (not self.stacks or shared.flagged(self))
        beside = self.stacks and shared.right == BESIDE
        x = shared.ranges[self.x_log] if self.stacks else self._x
        return dict(
            kind="plan", k=shared.k, xlog=self.x_log, ylog=self.y_log, x=list(x.bounds),
            y=list(self._y.bounds), percent=self.view.percent, live=live, whole=self.stacks,
            steps=self._axis == "k", fit=self.view.fit and self.x_log and self.y_log,
            unit=self._unit() if live else "", flagged=flagged, above=above, under=under,
            beside=beside, stack=f"steps{self.x_log}".lower() if self.stacks else "", left=LEFT,
            right=shared.right if self.stacks else RIGHT, bottom=14 if under else 46,
            top=64 if (flagged or captions) and not above else 44,
            below="" if under else self._below, curves=self._looks(), captions=captions,
            guides=self._guides,
        )  # fmt: skip

    def _tell(self) -> None:
        self.canvas.plan(self._plan())

    def _whole(self) -> list[dict]:
        """Everything that a browser must know to draw the picture from nothing."""
        parts = [dict(kind="theme", tokens=colours(self.shared.dark)), self._plan()]
        rows = [(i, 0, True) for i in range(len(self.curves))]
        if rows:
            parts.append(self._rows(rows))
        if any(curve.seeds is not None for curve in self.curves):
            parts.append(self._seeds())
        return parts

    def _rows(self, fresh: list[tuple[int, int, bool]]) -> dict:
        """Points of curves, for (curve, from which point on, whether they replace all)."""
        parts, data = [], []
        for i, first, whole in fresh:
            curve = self.curves[i]
            parts.append({"i": i, "n": len(curve.k) - first, "whole": whole})
            data += [curve.k[first:], curve.x[first:], curve.y[first:]]
        return dict(kind="rows", parts=parts, values=np.concatenate(data).tobytes())

    def _seeds(self) -> dict:
        """A band over the seeds and a thin line for each of them."""
        parts, data = [], [np.empty(0)]
        for i, curve in enumerate(self.curves):
            if curve.seeds is None:
                parts.append({"i": i, "n": 0, "seeds": 0})
                continue
            with np.errstate(all="ignore"):
                low, high = np.nanmin(curve.seeds, axis=0), np.nanmax(curve.seeds, axis=0)
            lines, x = curve.seeds[:SEEDS], curve.x if curve.seeds_x is None else curve.seeds_x
            parts.append({"i": i, "n": len(x), "seeds": len(lines)})
            data += [x, low, high, lines.ravel()]
        return dict(kind="seeds", parts=parts, values=np.concatenate(data).tobytes())

    def _looks(self) -> list[dict]:
        """How each curve is drawn."""
        methods = [
            c
            for c in self.curves
            if c.style.token not in ("bound", "exact", "train", "test") and not c.lane.ghost
        ]
        several, looks = len(methods) > 1, []
        for i, curve in enumerate(self.curves):
            style, ghost = curve.style, curve.lane.ghost
            reference = self._role(curve.name) in palette.OVERLAYS
            looks.append(dict(
                i=i, label=curve.label, short=curve.short, color=style.token, ghost=ghost,
                marker=style.marker, dash=list(style.dash), width=style.width,
                marked=several and curve in methods and not reference, reference=reference,
                end="" if reference or ghost else _ending(curve.lane),
            ))  # fmt: skip
        return looks

    def _unit(self) -> str:
        if self._axis == "k":
            return ""
        if self._axis == "seconds":
            return "s"
        quantity = self.shared.quantity(self._axis)
        return quantity.short or quantity.text

    # -- lanes ---------------------------------------------------------------------------------

    def redraw(self) -> None:
        self._y.clear()
        self._x.clear()
        self._pivot, self._guides = None, []
        if self.view.of is not None:
            self._draw_study()
            return
        self.curves = [Curve(*wanted) for wanted in self._wanted()]
        self._below = self.shared.axis_text(self.x_log, self._axis)
        for curve in self.curves:
            self._take(curve)
        self._turn_guides()
        self._tell_whole()

    def _tell_whole(self) -> None:
        for part in self._whole():
            self.canvas.tell(**part)

    def _wanted(self) -> list[tuple]:
        """What makes each `Curve`, the most telling ones last (on top)."""
        view, found = self.view, list[tuple]()
        names = (*view.sources, *(b for b in view.bounds if b not in view.sources))
        plain = [n for n in names if n not in view.bounds and n not in view.roles]
        several = len([lane for lane in self.lanes if not lane.ghost]) > 1
        for i, lane in enumerate(self.lanes):
            for name in names:
                role = self._role(name)
                if lane.ghost:
                    if role not in palette.OVERLAYS:
                        found.append((lane, name, GHOST, ""))
                    continue
                style = palette.ROLES.get(role or "") or palette.series(
                    lane.style if several else plain.index(name)
                )
                if several and role:
                    shared = role in palette.OVERLAYS and self._agreed(name)
                    if shared and i:
                        continue
                    if not shared:
                        base = palette.series(lane.style)
                        style = palette.Style(base.token, base.marker, style.dash, style.width)
                elif several and len(plain) > 1:
                    dash = palette.SERIES[3 + plain.index(name) - 1].dash
                    first = plain.index(name) == 0
                    style = palette.Style(style.token, style.marker, style.dash if first else dash)
                if lane.dotted:
                    style = palette.Style(style.token, style.marker, palette.BRANCH, 1.8)
                label = self._label(lane, name, role, several)
                short = self._label(lane, name, role, several, short=True)
                found.append((lane, name, style, label, short))
        found.sort(key=lambda f: (f[1] in view.bounds, f[0].ghost), reverse=True)
        return found

    def _role(self, name: str) -> str | None:
        return "bound" if name in self.view.bounds else self.view.roles.get(name)

    def _agreed(self, name: str) -> bool:
        """Whether a bound says the same in every lane; then it is drawn once, in grey."""
        found = [_series(lane.trace, name) for lane in self.lanes if not lane.ghost]
        values = [f[1] for f in found if f is not None and len(f[1])]
        n = min(map(len, values), default=0)
        return all(np.array_equal(v[:n], values[0][:n], equal_nan=True) for v in values)

    def _label(self, lane: Lane, name: str, role: str | None, several: bool, short=False) -> str:
        quantity = self.shared.quantity(name)
        said = role if role in ("train", "test") else (short and quantity.short) or quantity.text
        methods = [n for n in self.view.sources if self._role(n) not in palette.OVERLAYS]
        alone = len(methods) == 1
        if role in palette.OVERLAYS:
            return said if not several or self._agreed(name) else f"{lane.label} {said}"
        if several:
            return lane.label if alone else f"{lane.label} {said}"
        return lane.label if alone else said

    def feed(self, index: int, frame=None) -> None:
        lane = self.lanes[index]
        lane.take(frame)
        if self.view.of is not None:
            return
        if self.stacks:  # rows may be sparse: the head stands further
            self.shared.see(self.x_log, self.shared.places(lane, [lane.head], self.x_log))
        fresh = []
        for i, curve in enumerate(self.curves):
            if curve.lane is lane:
                before = len(curve.k)
                taken = self._take(curve)
                if taken:
                    fresh.append((i, 0 if taken == "all" else before, taken == "all"))
        self._turn_guides()
        self._tell()
        if fresh:
            self.canvas.tell(**self._rows(fresh))

    def _take(self, curve: Curve) -> str:
        """Takes over what was recorded since the last call: "" for nothing, "more", or "all" when
        the points were thinned anew, because more than 2,000 are not drawn."""
        found = _series(curve.lane.trace, curve.name)
        if found is None or len(found[0]) == curve.rows:
            return ""
        ks, y = found
        if len(ks) < curve.rows:
            curve.rows = 0
        fresh = slice(curve.rows, len(ks))
        x = self.shared.places(curve.lane, ks, self.x_log, self._axis)
        if self.y_log:
            y = np.where(y > 0, np.maximum(y, WORST * 1e-4), np.nan)
        self._widen(x[fresh], y[fresh])
        more = curve.rows and len(curve.k) + len(ks) - curve.rows <= POINTS
        if more:
            # the seconds of earlier rows may have become known only now
            kept: Any = fresh
            old = (curve.k, curve.x, curve.y)
        else:
            kept = keep(x, y, self.x_log, POINTS if len(ks) <= POINTS else POINTS // 2)
            old = (np.empty(0),) * 3
        curve.k, curve.x, curve.y = (
            np.concatenate([known, values[kept]]) for known, values in zip(old, (ks, x, y))
        )
        curve.rows = len(ks)
        return "more" if more else "all"

    def _widen(self, x, y) -> None:
        if self.stacks:
            self.shared.see(self.x_log, x)
        else:
            self._x.see(x)
        if self.y_log:
            y = np.where(np.isfinite(y), np.maximum(y, WORST), y)
        self._y.see(y)

    def spanned(self) -> None:
        if self.canvas.planned:
            self._tell()

    # -- guides and marks ----------------------------------------------------------------------

    def _turn_guides(self) -> None:
        """Reference slopes: each beside the tail of the curve whose slope is nearest to it.

        They turn about a point a little above the curve, at a half-decade of x that has been
        passed, so that they move a few times in a run and not with every step.
        """
        if not self.view.slopes or not (self.x_log and self.y_log):
            return
        found = [
            (c.x, c.y)
            for c in self._shown()
            if self._role(c.name) not in palette.OVERLAYS and np.isfinite(c.y).any()
        ]
        if not found:
            return
        head = max(x[-1] for x, _ in found)
        halves = 10 ** (np.arange(-12, 40) / 2)
        pivot = max(float(halves[halves <= max(head / 2, 1.0)].max()), float(found[0][0][0]))
        if self._pivot == (pivot, len(found)):
            return
        self._pivot = (pivot, len(found))
        self._guides = []
        for power in self.view.slopes:
            x, y = min(found, key=lambda f: self._off(f, power))
            good = np.isfinite(y) & (x <= pivot)
            height = 1.6 * float(y[good][-1] if good.any() else y[np.isfinite(y)][0])
            text = power_text(power).replace("k", self._letter())
            self._guides.append(dict(x=pivot, y=height, power=power, text=text))

    def _off(self, curve, power: float) -> float:
        fitted = slope(*curve)
        return abs(fitted.value - power) if fitted is not None else 9.0

    def _letter(self) -> str:
        return "k" if self._axis == "k" else {"seconds": "t"}.get(self._axis, "n")

    def _captions(self) -> list[dict]:
        """Names of stages and events, flags of edits."""
        found = []
        if self.view.of is not None:  # they belong to the live run
            return found
        runs = [lane for lane in self.lanes if not lane.ghost]
        for lane in runs[:1]:
            for k, name in getattr(lane.trace, "stages", None) or ():
                found.append(dict(k=int(k), text=str(name).replace("_", " "), kind="stage"))
        for lane in runs:
            who = f"{lane.label}: " if len(runs) > 1 and lane.label else ""
            for name, k in (getattr(lane.trace, "events", None) or {}).items():
                if k is not None:
                    text = who + str(name).replace("_", " ")
                    found.append(dict(k=int(k), text=text, kind="event"))
            found += [dict(k=int(k), text=who + text, kind="edit") for k, text in lane.edits]
        return found

    # -- page ----------------------------------------------------------------------------------

    def axis(self, name: str) -> None:
        if self.stacks:
            self.redraw()

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))

    def band(self, index: int, x, seeds) -> None:
        """Draws further seeds of a run: a band over them and a thin line for each.

        Parameters
        ----------
        index : int
            Which lane.
        x : array (n,)
            Places on the x axis.
        seeds : array (s, n)
            nan where a seed has no row; with s = 0 the band goes.
        """
        seeds = np.asarray(seeds, dtype=float)
        for curve in self.curves:
            if curve.lane is self.lanes[index]:
                curve.seeds = self._drawable(seeds) if len(seeds) else None
                curve.seeds_x = np.asarray(x, dtype=float)
                self._y.see(seeds)
        self._tell()
        self.canvas.tell(**self._seeds())

    def set_study(self, dataset) -> None:
        """Draws the cells of a study that are there (an xarray Dataset; it may be growing)."""
        self.study = dataset
        self._draw_study()

    def _draw_study(self) -> None:
        view = self.view
        quantity = self.shared.quantity(view.x).text
        self._below = view.x if quantity == view.x else quantity
        if self.study is None:  # the axis that it will have
            grid = (getattr(self.entry, "studies", None) or {}).get(view.of)
            asked = [] if grid is None else grid.over.get(view.x, [])
            self._x.see([value for value in asked if isinstance(value, (int, float))])
            self._tell_whole()
            return
        self.curves = []
        for i, (label, x, y, seeds) in enumerate(
            curves_of(self.study, view.sources, view.x, view.by)
        ):
            if label in view.sources:
                own = self.shared.quantity(label)
                label = own.short or own.text
            curve = Curve(Lane(label=label), view.sources[0], palette.series(i), label)
            curve.k, curve.x, curve.y = np.arange(len(x), dtype=float), x, self._drawable(y)
            self._widen(x, y)
            if view.band and seeds is not None and len(seeds) > 1 and not _yes_or_no(seeds):
                curve.seeds = self._drawable(seeds)
                self._y.see(seeds)
            self.curves.append(curve)
        self._tell_whole()

    def _drawable(self, y):
        return np.where(y > 0, y, np.nan) if self.y_log else np.asarray(y, dtype=float)

    # -- words ---------------------------------------------------------------------------------

    def _shown(self) -> list[Curve]:
        return [c for c in self.curves if not c.lane.ghost and c.name not in self.view.bounds]

    def _value(self, curve: Curve, k: int) -> float:
        if self.view.of is not None:
            return float(curve.y[-1]) if len(curve.y) else float("nan")
        found = _series(curve.lane.trace, curve.name)
        if found is None or not len(found[0]):
            return float("nan")
        ks, y = found
        return float(y[max(int(np.searchsorted(ks, k, "right")) - 1, 0)])

    def _written(self, value: float) -> str:
        return percent(value) if self.view.percent else number(value)

    def slope_of(self, index: int, k: int | None = None):
        """The fitted slope of a shown curve up to step k, or None."""
        curve = self._shown()[index]
        found = _series(curve.lane.trace, curve.name)
        if found is None:
            return None
        ks, y = found
        upto = slice(0, int(np.searchsorted(ks, self.shared.k if k is None else k, "right")))
        x = self.shared.places(curve.lane, ks, True, self._axis)
        return slope(x[upto], y[upto])

    def summary(self) -> str:
        k, parts = self.shared.k, []
        for i, curve in enumerate(self._shown()):
            text = f"{curve.label or self.title} {self._written(self._value(curve, k))}"
            if self.view.of is None and self.view.fit and self.x_log and self.y_log:
                fitted = self.slope_of(i)
                if fitted is not None:
                    text += f" (slope {_signed(fitted.value)})"
            parts.append(text)
        if not parts:
            return f"{self.title}: nothing recorded yet."
        where = "at the last value of the study" if self.view.of else f"at step {count(k)}"
        return f"{self.title} {where}: {', '.join(parts)}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        shown = [c for c in self.curves if not c.lane.ghost]
        if self.view.of is not None:
            columns = [self.view.x, *(c.label or c.name for c in shown)]
            ticks = sorted({float(x) for c in shown for x in c.x})
            rows = []
            for tick in ticks:
                row = [number(tick)]
                for c in shown:
                    hit = np.flatnonzero(c.x == tick)
                    row.append(self._written(c.y[hit[0]]) if len(hit) else "\u2013")
                rows.append(row)
            return columns, rows
        columns = ["step", *(c.label or self.shared.quantity(c.name).text for c in shown)]
        ks = np.unique(np.concatenate([[], *(c.lane.trace.k for c in shown)]).astype(int))
        if len(ks) > ROWS:
            even = np.geomspace(1, ks[-1] + 1, ROWS) - 1 if self.x_log else None
            even = np.linspace(0, ks[-1], ROWS) if even is None else even
            ks = np.unique(ks[np.searchsorted(ks, even).clip(0, len(ks) - 1)])
        rows = [[count(k), *(self._written_at(c, k) for c in shown)] for k in ks]
        return columns, rows

    def _written_at(self, curve: Curve, k: int) -> str:
        """A curve's value at step `k`; a dash where its run has not come so far."""
        known = curve.lane.trace.k
        if not len(known) or known[-1] < k:
            return "\u2013"
        return self._written(self._value(curve, k))


def _series(trace, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(steps, values) of a recorded scalar, costly ones included; None when it is not there."""
    if trace is None:
        return None
    if name in trace:
        values, ks = trace[name], trace.k
    elif trace.assessed is not None and name in trace.assessed:
        values, ks = trace.assessed[name], trace.assessed.k
    else:
        return None
    # Frames add rows on another thread: what was read first may be the shorter.
    n = min(len(ks), len(values))
    return np.asarray(ks[:n]), np.asarray(values[:n] if values.ndim == 1 else values[:n, 0], float)


def _yes_or_no(seeds) -> bool:
    """Whether the seeds say nothing but yes or no: their mean is a share, and they are no band."""
    return bool(np.isin(seeds[np.isfinite(seeds)], (0.0, 1.0)).all())


def _ending(lane: Lane) -> str:
    if lane.ended == "diverged":
        return "diverged"
    return "finished" if lane.status == "finished" else ""


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
