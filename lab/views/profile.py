"""Profiles: arrays against an index or another array, as they are now."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Lane, Shared, array
from lab.views.numerals import count, number
from lab.views.ranges import Growing
from lab.views.sheet import Sheet
from lab.views.thin import POINTS, keep

FEW = 12  # so few points of a line are marked


class Profile(Sheet):
    """See `lab.engine.views.Profile`."""

    def __init__(self, view, entry, shared: Shared):
        self.x_log_axis, self.y_log = "x" in view.log, "y" in view.log
        self._x = Growing(log=self.x_log_axis)
        self._y = Growing(log=self.y_log, least=1 if self.y_log else None)
        self.values: list[tuple[str, np.ndarray, np.ndarray]] = []
        self.places: list[tuple[str, np.ndarray]] = []  # of upright lines
        super().__init__(view, entry, shared)

    def frame(self) -> dict:
        x = self._x.bounds
        if not self._x.log and self._x.low is not None:  # an index needs no round ends
            x = (self._x.low, self._x.high if self._x.high > self._x.low else self._x.low + 1)
        return dict(
            x=list(x), y=list(self._y.bounds), xlog=self.x_log_axis, ylog=self.y_log,
            below=self._below(),
        )  # fmt: skip

    def _below(self) -> str:
        x = self.view.x
        if x:
            return self.shared.quantity(x).text
        return self.shared.quantity(self.view.sources[0]).dim or "index"

    def _wanted(self) -> list[tuple[int, Lane, str, palette.Style, str]]:
        view, found = self.view, []
        several = len(self.lanes) > 1
        plain = [s for s in view.sources if s not in view.roles]
        for i, lane in enumerate(self.lanes):
            for name in view.sources:
                role = view.roles.get(name)
                if role:
                    style = palette.ROLES[role]
                else:
                    style = palette.series(lane.style if several else plain.index(name))
                said = self.shared.quantity(name).text
                if role in palette.OVERLAYS:
                    label = said
                elif several:
                    label = lane.label if len(plain) == 1 else f"{lane.label} {said}"
                else:
                    label = said if len(view.sources) > 1 else ""
                found.append((i, lane, name, style, label))
        return found

    def redraw(self) -> None:
        self._x.clear()
        self._y.clear()
        self.cursor(self.shared.k)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        self.values, self.places, marks = [], [], []
        upright: dict[str, list[tuple]] = {}
        for i, lane, name, style, label in self._wanted():
            y = vector_of(lane, name, k, _exact(exact, i))
            x = vector_of(lane, self.view.x, k, _exact(exact, i)) if self.view.x else None
            role = self.view.roles.get(name)
            if role and x is not None and y is not None and len(y) < len(x):
                upright.setdefault(name, []).append((lane, style, label, y))
                continue
            if role in palette.OVERLAYS and i:
                continue  # what is exact is so for every lane
            if y is None:
                self.values.append((label, np.empty(0), np.empty(0)))
                continue
            if x is None or len(x) != len(y):
                x = np.arange(1, len(y) + 1, dtype=float)
            self.values.append((label, x, y))
            self._x.see(x)
            self._y.see(y)
            if self.y_log:
                y = np.where(y > 0, y, np.nan)
            if len(x) > POINTS and np.all(np.diff(x) >= 0):
                kept = keep(x, y, self.x_log_axis)
                x, y = x[kept], y[kept]
            marks.append(dict(
                kind="line", values=np.stack([x, y]), color=style.token, width=style.width,
                dash=list(palette.BRANCH if lane.dotted else style.dash), label=label,
                fill=palette.BAND if self.view.fill else 0,
                marker=style.marker if len(x) <= FEW and role not in palette.OVERLAYS else "",
            ))  # fmt: skip
        for lines in upright.values():
            marks += self._uprights(lines)
        self.layers.put("marks", *marks)
        self.tell()

    def _uprights(self, lines: list[tuple]) -> list[dict]:
        """Upright lines at a few places: once where all lanes agree, else each lane's own."""
        own = any(not np.array_equal(y, lines[0][-1]) for *_, y in lines)
        marks = []
        for lane, style, label, y in lines if own else lines[:1]:
            label = lane.label if own else label
            token = palette.series(lane.style).token if own else style.token
            self.places.append((label, y))
            self._x.see(y)
            marks.append(dict(
                kind="uprights", values=y, color=token, width=style.width, dash=list(style.dash),
                label=label,
            ))  # fmt: skip
        return marks

    def summary(self) -> str:
        parts = []
        for label, _, y in self.values:
            good = y[np.isfinite(y)]
            if len(good):
                text = f"{number(good.min())} to {number(good.max())} over {count(len(y))} places"
                parts.append(f"{label} {text}" if label else text)
        if not parts:
            return f"{self.title}: nothing drawn yet."
        parts += [f"{label} at {_listed(y)}" for label, y in self.places]
        return f"{self.title} at step {count(self.shared.k)}: {'; '.join(parts)}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        shown = [(label, x, y) for label, x, y in self.values if len(y)]
        if not shown:
            return [self._below()], []
        x = shown[0][1]
        at = np.unique(np.linspace(0, len(x) - 1, min(len(x), 40)).astype(int))
        columns = [self._below(), *(label or self.title for label, _, _ in shown)]
        rows = [
            [number(x[j]), *(number(y[j]) if j < len(y) else "\u2013" for _, _, y in shown)]
            for j in at
        ]
        gaps = [""] * (len(shown) - 1)
        return columns, rows + [[label, _listed(y), *gaps] for label, y in self.places]


def _listed(values) -> str:
    return " and ".join(map(number, values))


def vector_of(lane: Lane, name: str, k: int, exact: dict | None = None) -> np.ndarray | None:
    """A vector at step k: of a picture ("pic.name") or recorded."""
    if name.startswith("pic."):
        picture = exact or lane.picture(k) or {}
        found = array(picture.get(name.removeprefix("pic.")))
        return None if found is None else np.asarray(found, dtype=float).ravel()
    trace = lane.trace
    if trace is None:
        return None
    if name not in trace:
        trace = trace.assessed
        if trace is None or name not in trace:
            return None
    if not len(trace.k):
        return None
    row = max(int(np.searchsorted(trace.k, lane.at(k), "right")) - 1, 0)
    return np.asarray(trace[name][row], dtype=float).ravel()


def _exact(exact, i: int) -> dict | None:
    return exact.get(i) if isinstance(exact, dict) else None
