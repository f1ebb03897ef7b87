"""Timelines: who did what when, as bars, or events as strokes."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Shared, array
from lab.views.numerals import count, number
from lab.views.ranges import Growing
from lab.views.sheet import Sheet

MOST = 2_000  # bars drawn, the latest


class Timeline(Sheet):
    """See `lab.engine.views.Timeline`: a picture of shape (n, 4): lane, start, end, kind.

    A bar without length is an event and is drawn as a stroke.
    """

    def __init__(self, view, entry, shared: Shared):
        self._x, self._lanes = Growing(floor=0.0), 1
        self.rows = np.empty((0, 4))
        super().__init__(view, entry, shared)

    def frame(self) -> dict:
        labels, gap = self.view.labels, max(1, self._lanes // 24)
        names = [
            [i + 0.5, labels[i] if i < len(labels) else str(i + 1)]
            for i in range(0, self._lanes, gap)
        ]
        x = list(self._x.bounds)
        return dict(x=x, y=[float(self._lanes), 0.0], names=names, left=64, bottom=30)

    def redraw(self) -> None:
        self._x.clear()
        self._lanes = max(len(self.view.labels), 1)
        self.cursor(self.shared.k)

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
        kinds = np.nan_to_num(rows[:, 3]).astype(int).clip(0) % len(palette.SERIES)
        long = rows[:, 2] > rows[:, 1]
        y = rows[:, 0] + 0.5
        ends = np.stack([rows[:, 1], y - 0.31, rows[:, 2], y + 0.31])
        colors = [style.token for style in palette.SERIES]
        self.layers.put(
            "marks",
            dict(kind="boxes", values=ends[:, long], colors=colors, pick=kinds[long]),
            dict(
                kind="segments", values=ends[:, ~long], colors=colors, pick=kinds[~long], width=1.6
            ),
        )
        self.tell()

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
