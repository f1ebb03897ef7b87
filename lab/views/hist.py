"""Histograms: a sample as it is now, with the density that theory gives."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Shared, array
from lab.views.numerals import count, number
from lab.views.profile import vector_of
from lab.views.ranges import Growing
from lab.views.sheet import Sheet


class Hist(Sheet):
    """See `lab.engine.views.Hist`. Heights are densities: the bars of a sample have area 1."""

    def __init__(self, view, entry, shared: Shared):
        self.y_log = "y" in view.log
        self._x = Growing()
        self._y = Growing(log=self.y_log, floor=None if self.y_log else 0.0)
        self.samples: list[tuple[str, np.ndarray]] = []
        super().__init__(view, entry, shared)

    def frame(self) -> dict:
        below = self.shared.quantity(self.view.sources[0]).text
        x, y = list(self._x.bounds), list(self._y.bounds)
        return dict(x=x, y=y, ylog=self.y_log, below=below)

    def _wanted(self):
        several = len(self.lanes) > 1
        for i, lane in enumerate(self.lanes):
            for j, name in enumerate(self.view.sources):
                style = palette.series(lane.style if several else j)
                plain = not several and len(self.view.sources) == 1
                said = self.shared.quantity(name).text
                label = "" if plain else lane.label if several else said
                yield i, lane, name, ("h" if plain else style.token), label

    def redraw(self) -> None:
        self._x.clear()
        self._y.clear()
        self.cursor(self.shared.k)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        exact = exact if isinstance(exact, dict) else {}
        self.samples, looks = [], []
        for i, lane, name, token, label in self._wanted():
            values = vector_of(lane, name, k, exact.get(i))
            values = np.empty(0) if values is None else values[np.isfinite(values)]
            self.samples.append((label, values))
            looks.append((token, label))
            if len(values):
                self._x.see(np.quantile(values, [0.001, 0.999]))
        edges = np.linspace(*self._x.bounds, self.view.bins + 1)
        marks = []
        for (token, label), (_, values) in zip(looks, self.samples):
            heights = _density(values, edges)
            self._y.see(heights)
            marks.append(dict(
                kind="line", values=_steps(edges, heights), color=token, width=1.6, label=label,
                fill=palette.BAND if label else 0.3,
            ))  # fmt: skip
        theory = None
        for i, lane in enumerate(self.lanes[:1]):
            if self.view.theory:
                picture = exact.get(i) or lane.picture(k) or {}
                theory = array(picture.get(self.view.theory.removeprefix("pic.")))
        if theory is not None and theory.ndim == 2:
            self._y.see(theory[:, 1])
            exactly = palette.ROLES["exact"]
            marks.append(dict(
                kind="line", values=theory[:, :2].T, color="exact", width=exactly.width,
                dash=list(exactly.dash), label="theory",
            ))  # fmt: skip
        self.layers.put("marks", *marks)
        self.tell()

    def summary(self) -> str:
        parts = []
        for label, values in self.samples:
            if len(values):
                text = (
                    f"{count(len(values))} values, mean {number(values.mean())}, "
                    f"spread {number(values.std())}"
                )
                parts.append(f"{label} {text}" if label else text)
        if not parts:
            return f"{self.title}: nothing drawn yet."
        return f"{self.title} at step {count(self.shared.k)}: {'; '.join(parts)}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        shares = (0.01, 0.25, 0.5, 0.75, 0.99)
        rows = [
            [label or self.title, count(len(v)), number(v.mean()), number(v.std()),
             *(number(q) for q in np.quantile(v, shares))]
            for label, v in self.samples if len(v)
        ]  # fmt: skip
        return ["sample", "values", "mean", "spread", "1 %", "25 %", "50 %", "75 %", "99 %"], rows


def _density(values, edges) -> np.ndarray:
    """Density of the sample in each bin; what lies outside counts, but is not drawn."""
    if not len(values):
        return np.zeros(len(edges) - 1)
    return np.histogram(values, edges)[0] / (len(values) * np.diff(edges))


def _steps(edges, heights) -> np.ndarray:
    """The outline of the bars: (2, 2 * bins + 2)."""
    return np.stack([np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])])
