"""Tables: quantities as numbers, or a picture of texts as a listing."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Renderer, Shared
from lab.views.canvas import TableCanvas, colours
from lab.views.numerals import count, number, tally

LINES = 200  # of a listing


class Table(Renderer):
    """See `lab.engine.views.Table`: one row for each quantity, one column for each run."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.rows: list[list[str]] = []
        self.listing: list[str] = []
        self._told: tuple | None = None
        self.canvas = TableCanvas(self, lambda: [self._message()])

    @property
    def element(self):
        return self.canvas

    def _message(self) -> dict:
        several = len(self.lanes) > 1
        head = [
            {"text": lane.label, "token": palette.series(lane.style).token} for lane in self.lanes
        ]
        return dict(
            kind="table", head=head if several else [], rows=self.rows, listing=self.listing,
            tokens=colours(self.shared.dark),
        )  # fmt: skip

    def redraw(self) -> None:
        self._told = None
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        exact = exact if isinstance(exact, dict) else {}
        self.rows, self.listing = [], []
        for name in self.view.sources:
            cells = []
            for i, lane in enumerate(self.lanes):
                if name.startswith("pic."):
                    found = (exact.get(i) or lane.picture(k) or {}).get(name.removeprefix("pic."))
                    if isinstance(found, tuple):
                        self.listing += found[:LINES]
                        break
                    cells.append("\u2013" if found is None else _words(np.asarray(found)))
                else:
                    cells.append(_words(_recorded(lane, name, k)))
            else:
                self.rows.append([self.shared.quantity(name).text, *cells])
        told = (tuple(map(tuple, self.rows)), tuple(self.listing), len(self.lanes))
        if told != self._told:
            self._told = told
            self.canvas._send_msg(self._message())

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas._send_msg(self._message())

    def summary(self) -> str:
        said = [f"{row[0]} {', '.join(row[1:])}" for row in self.rows[:4]] + self.listing[:2]
        where = f"at step {count(self.shared.k)}"
        return f"{self.title} {where}: {'; '.join(said)}." if said else f"{self.title}: empty."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        if self.listing:
            return ["line", "text"], [[str(i + 1), text] for i, text in enumerate(self.listing)]
        return ["", *(lane.label or "now" for lane in self.lanes)], self.rows


def _recorded(lane, name: str, k: int):
    trace = lane.trace
    if trace is not None and name not in trace:
        trace = trace.assessed
    if trace is None or name not in trace or not len(trace.k):
        return None
    return trace[name][max(int(np.searchsorted(trace.k, lane.at(k), "right")) - 1, 0)]


def _words(value) -> str:
    if value is None:
        return "\u2013"
    value = np.asarray(value, dtype=float)
    if value.size == 1:
        return tally(value.ravel()[0])
    shown = ", ".join(number(v) for v in value.ravel()[:6])
    return shown + (f" \u2026 ({count(value.size)})" if value.size > 6 else "")
