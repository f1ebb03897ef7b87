"""Timelines: who did what when, as bars, or events as strokes."""

from __future__ import annotations

import numpy as np
from bokeh.models import HBar, Segment

from lab.views import palette
from lab.views.base import Renderer, Shared, array
from lab.views.numerals import count, number
from lab.views.plot import house_figure, lettering, new_range, source
from lab.views.ranges import Growing

MOST = 2_000  # bars drawn, the latest


class Timeline(Renderer):
    """See `lab.engine.views.Timeline`: a picture of shape (n, 4): lane, start, end, kind.

    A bar without length is an event and is drawn as a stroke.
    """

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self._x, self._lanes = Growing(floor=0.0), 1
        self.rows = np.empty((0, 4))
        self.figure = fig = house_figure(
            self, x_range=new_range(0, 1), y_range=new_range(1, 0), top=44, left=64, bottom=30,
        )  # fmt: skip
        fig.yaxis[0].visible = False
        fig.ygrid[0].visible = False
        self.bars = source(y=[], left=[], right=[], color=[])
        self.strokes = source(x=[], y0=[], y1=[], color=[])
        self.names = source(x=[], y=[], text=[])
        fig.add_glyph(
            self.bars,
            HBar(y="y", left="left", right="right", height=0.62, fill_color="color",
                 line_color=None),
        )  # fmt: skip
        fig.add_glyph(
            self.strokes,
            Segment(x0="x", x1="x", y0="y0", y1="y1", line_color="color", line_width=1.6),
        )
        names = fig.add_glyph(
            self.names,
            lettering(x="x", y="y", text="text", x_offset=-8, text_align="right"),
            level="annotation",
        )
        self.ink(names.glyph, text_color="ink3")

    @property
    def element(self):
        return self.figure

    def redraw(self) -> None:
        self._x.clear()
        self._lanes = max(len(self.view.labels), 1)
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        if not self.lanes:
            return
        exact = exact if isinstance(exact, dict) else {}
        picture = exact.get(0) or self.lanes[0].picture(k) or {}
        found = array(picture.get(self.view.sources[0].removeprefix("pic.")))
        if found is None:
            return
        rows = np.asarray(found, dtype=float).reshape(-1, 4)[-MOST:]
        self.rows = rows = rows[np.isfinite(rows[:, :3]).all(1)]
        if len(rows):
            self._x.see(rows[:, 1:3])
            self._lanes = max(self._lanes, int(rows[:, 0].max()) + 1)
        start, end = self._x.bounds
        self.figure.x_range.update(start=start, end=end, reset_start=start, reset_end=end)
        self.figure.y_range.update(start=self._lanes, end=0)
        kinds = [palette.series(int(max(kind, 0))).token for kind in np.nan_to_num(rows[:, 3])]
        colors = np.array([self.color(t) for t in kinds], dtype=object)
        long = rows[:, 2] > rows[:, 1]
        y = rows[:, 0] + 0.5
        self.bars.data = {
            "y": y[long], "left": rows[long, 1], "right": rows[long, 2],
            "color": list(colors[long]),
        }  # fmt: skip
        self.strokes.data = {
            "x": rows[~long, 1], "y0": y[~long] - 0.31, "y1": y[~long] + 0.31,
            "color": list(colors[~long]),
        }  # fmt: skip
        gap = max(1, self._lanes // 24)
        shown = range(0, self._lanes, gap)
        labels = self.view.labels
        self.names.data = {
            "x": [start] * len(shown), "y": [i + 0.5 for i in shown],
            "text": [labels[i] if i < len(labels) else str(i + 1) for i in shown],
        }  # fmt: skip

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.cursor(self.shared.k)

    def summary(self) -> str:
        if not len(self.rows):
            return f"{self.title}: nothing drawn yet."
        end = number(float(self.rows[:, 2].max()))
        return (
            f"{self.title} at step {count(self.shared.k)}: {count(len(self.rows))} entries in "
            f"{self._lanes} rows, the last ends at {end}."
        )

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        labels = self.view.labels
        rows = [
            [labels[int(r[0])] if int(r[0]) < len(labels) else str(int(r[0]) + 1),
             number(r[1]), number(r[2]), str(int(r[3]))]
            for r in self.rows[-60:]
        ]  # fmt: skip
        return ["row", "start", "end", "kind"], rows
