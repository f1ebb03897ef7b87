"""Histograms: a sample as it is now, with the density that theory gives."""

from __future__ import annotations

import numpy as np
from bokeh.models import CustomJS

from lab.views import palette
from lab.views.base import Renderer, Shared, array, js
from lab.views.numerals import count, number
from lab.views.plot import house_figure, label_glyphs, new_range, source
from lab.views.profile import vector_of
from lab.views.ranges import Growing


class Hist(Renderer):
    """See `lab.engine.views.Hist`. Heights are densities: the bars of a sample have area 1."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.y_log = "y" in view.log
        self._x = Growing()
        self._y = Growing(log=self.y_log, floor=None if self.y_log else 0.0)
        self._label = CustomJS(code=js("numbers", "tools", "label"))
        self.outlines: list[tuple] = []
        self.samples: list[tuple[str, np.ndarray]] = []
        self.figure = house_figure(
            self, x_range=new_range(0, 1),
            y_range=new_range(1e-3, 1) if self.y_log else new_range(0, 1),
            y_log=self.y_log, layout=self._label, top=44,
        )  # fmt: skip
        self.theory = source(x=[], y=[])
        exact = self.figure.line(
            "x", "y", source=self.theory, line_width=1.5, line_dash=[*palette.ROLES["exact"].dash]
        )
        self.ink(exact.glyph, line_color="exact")
        self.styles = source(label=[], color=[])
        self.labels, self.corner = label_glyphs(self)
        self.styles.js_on_change("data", self._label)
        self._arm()

    @property
    def element(self):
        return self.figure

    def _arm(self) -> None:
        text = self.shared.quantity(self.view.sources[0]).text
        self._label.args = dict(
            figure=self.figure, styles=self.styles,
            lines=[*(data for data, *_ in self.outlines), self.theory],
            labels=self.labels, corner=self.corner, xlog=False, ylog=self.y_log, below=text,
            sans=palette.SANS,
        )  # fmt: skip

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
        rows: dict[str, list] = dict(label=[], color=[])
        for data, *_ in self.outlines:
            data.data = {"x": [], "y": []}
        for j, (_, _, _, token, label) in enumerate(self._wanted()):
            _, line, area = self._outline(j)
            glyphs = (line.glyph, area.glyph)
            self._inks = [ink for ink in self._inks if ink[0] not in glyphs]
            self.ink(line.glyph, line_color=token)
            self.ink(area.glyph, fill_color=token)
            area.glyph.fill_alpha = 0.3 if not label else palette.BAND
            rows["label"].append(label)
            rows["color"].append(self.color(token))
        rows["label"] += [""] * (len(self.outlines) - len(rows["label"]))
        rows["color"] += [self.color("exact")] * (len(self.outlines) - len(rows["color"]))
        rows["label"].append("theory" if self.view.theory else "")
        rows["color"].append(self.color("exact"))
        self.styles.data = rows
        self._arm()
        self.cursor(self.shared.k)

    def _outline(self, j: int):
        while len(self.outlines) <= j:
            data = source(x=[], y=[])
            area = self.figure.varea("x", 1e-300 if self.y_log else 0, "y", source=data)
            line = self.figure.line("x", "y", source=data, line_width=1.6)
            data.js_on_change("data", self._label)
            self.outlines.append((data, line, area))
        return self.outlines[j]

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        exact = exact if isinstance(exact, dict) else {}
        self.samples = []
        for i, lane, name, _, label in self._wanted():
            values = vector_of(lane, name, k, exact.get(i))
            values = np.empty(0) if values is None else values[np.isfinite(values)]
            self.samples.append((label, values))
            if len(values):
                self._x.see(np.quantile(values, [0.001, 0.999]))
        start, end = self._x.bounds
        edges = np.linspace(start, end, self.view.bins + 1)
        for (data, *_), (_, values) in zip(self.outlines, self.samples):
            heights = _density(values, edges)
            self._y.see(heights)
            data.data = _steps(edges, heights)
        theory = None
        for i, lane in enumerate(self.lanes[:1]):
            if self.view.theory:
                picture = exact.get(i) or lane.picture(k) or {}
                theory = array(picture.get(self.view.theory.removeprefix("pic.")))
        if theory is not None and theory.ndim == 2:
            self._y.see(theory[:, 1])
            self.theory.data = {"x": theory[:, 0].astype(float), "y": theory[:, 1].astype(float)}
        low, high = self._y.bounds
        for span, a, b in ((self.figure.x_range, start, end), (self.figure.y_range, low, high)):
            if (span.start, span.end) != (a, b):
                span.update(start=a, end=b, reset_start=a, reset_end=b)

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.redraw()

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


def _steps(edges, heights) -> dict:
    x = np.repeat(edges, 2)
    y = np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
    return {"x": x, "y": y}
