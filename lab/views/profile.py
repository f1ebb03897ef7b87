"""Profiles: arrays against an index or another array, as they are now."""

from __future__ import annotations

import numpy as np
from bokeh.models import CustomJS

from lab.views import palette
from lab.views.base import Lane, Renderer, Shared, array, js
from lab.views.numerals import count, number
from lab.views.plot import house_figure, label_glyphs, new_range, source
from lab.views.ranges import Growing
from lab.views.thin import POINTS, keep


class Profile(Renderer):
    """See `lab.engine.views.Profile`."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.x_log_axis, self.y_log = "x" in view.log, "y" in view.log
        self._x = Growing(log=self.x_log_axis)
        self._y = Growing(log=self.y_log, least=1 if self.y_log else None)
        self._label = CustomJS(code=js("numbers", "tools", "label"))
        self.lines: list[tuple] = []
        self.values: list[tuple[str, np.ndarray, np.ndarray]] = []
        self.figure = house_figure(
            self, x_range=new_range(1, 10) if self.x_log_axis else new_range(0, 1),
            y_range=new_range(1, 10) if self.y_log else new_range(0, 1), x_log=self.x_log_axis,
            y_log=self.y_log, layout=self._label, top=44,
        )  # fmt: skip
        self.styles = source(label=[], color=[])
        self.labels, self.corner = label_glyphs(self)
        self.styles.js_on_change("data", self._label)
        self._arm()

    @property
    def element(self):
        return self.figure

    def _arm(self) -> None:
        self._label.args = dict(
            figure=self.figure, styles=self.styles, lines=[data for data, *_ in self.lines],
            labels=self.labels, corner=self.corner, xlog=self.x_log_axis, ylog=self.y_log,
            below=self._below(), sans=palette.SANS,
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
                if role in palette.OVERLAYS and i:
                    continue  # what is exact is so for every lane
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
        for data, *_ in self.lines:
            data.data = {"x": [], "y": []}
        rows: dict[str, list] = dict(label=[], color=[])
        for j, (_, lane, _, style, label) in enumerate(self._wanted()):
            data, line, area = self._line(j)
            glyphs = (line.glyph, area.glyph)
            self._inks = [ink for ink in self._inks if ink[0] not in glyphs]
            self.ink(line.glyph, line_color=style.token)
            self.ink(area.glyph, fill_color=style.token)
            line.glyph.line_dash = [*(palette.BRANCH if lane.dotted else style.dash)]
            line.glyph.line_width = style.width
            area.visible = self.view.fill
            rows["label"].append(label)
            rows["color"].append(self.color(style.token))
        self.styles.data = rows
        self._arm()
        self.cursor(self.shared.k)

    def _line(self, j: int):
        while len(self.lines) <= j:
            data = source(x=[], y=[])
            area = self.figure.varea("x", 0 if not self.y_log else 1e-300, "y", source=data)
            area.glyph.fill_alpha = palette.BAND
            line = self.figure.line("x", "y", source=data, line_join="round")
            data.js_on_change("data", self._label)
            self.lines.append((data, line, area))
        return self.lines[j]

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        wanted = self._wanted()
        self.values = []
        for i, lane, name, _, label in wanted:
            y = vector_of(lane, name, k, _exact(exact, i))
            x = vector_of(lane, self.view.x, k, _exact(exact, i)) if self.view.x else None
            if y is None:
                self.values.append((label, np.empty(0), np.empty(0)))
                continue
            if x is None or len(x) != len(y):
                x = np.arange(1, len(y) + 1, dtype=float)
            self.values.append((label, x, y))
            self._x.see(x)
            self._y.see(y)
        self._fit()
        for (data, *_), (_, x, y) in zip(self.lines, self.values):
            if self.y_log:
                y = np.where(y > 0, y, np.nan)
            kept = (
                keep(x, y, self.x_log_axis)
                if len(x) > POINTS and np.all(np.diff(x) >= 0)
                else (slice(None))
            )
            data.data = {"x": x[kept], "y": y[kept]}

    def _fit(self) -> None:
        for growing, span, across in (
            (self._x, self.figure.x_range, True),
            (self._y, self.figure.y_range, False),
        ):
            if across and not growing.log and growing.low is not None:
                start, end = growing.low, growing.high
                if end <= start:
                    end = start + 1
            else:
                start, end = growing.bounds
            if (span.start, span.end) != (start, end):
                span.update(start=start, end=end, reset_start=start, reset_end=end)

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        colors = [self.color(style.token) for _, _, _, style, _ in self._wanted()]
        self.styles.data = {**self.styles.data, "color": colors}

    def summary(self) -> str:
        parts = []
        for label, _, y in self.values:
            good = y[np.isfinite(y)]
            if len(good):
                text = f"{number(good.min())} to {number(good.max())} over {count(len(y))} places"
                parts.append(f"{label} {text}" if label else text)
        if not parts:
            return f"{self.title}: nothing drawn yet."
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
        return columns, rows


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
    row = max(int(np.searchsorted(trace.k, k, "right")) - 1, 0)
    return np.asarray(trace[name][row], dtype=float).ravel()


def _exact(exact, i: int) -> dict | None:
    return exact.get(i) if isinstance(exact, dict) else None
