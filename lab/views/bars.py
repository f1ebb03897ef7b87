"""Bars: one for each component of a vector, as it is now."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Shared
from lab.views.canvas import BarCanvas
from lab.views.numerals import count, tally
from lab.views.profile import vector_of
from lab.views.ranges import Growing
from lab.views.sheet import Sheet

UPRIGHT = 16  # more bars than this stand upright, fewer lie, with their name and number
LEAST = 1e-6  # of the greatest: a logarithmic axis shows no less


class Bars(Sheet):
    """See `lab.engine.views.Bars`.

    Few bars lie one below the other with name and number; many stand on an axis of indices.
    """

    canvas_class = BarCanvas

    def __init__(self, view, entry, shared: Shared):
        self._span = Growing(log=view.log, floor=None if view.log or view.signed else 0.0)
        self.values: list[tuple[str, np.ndarray]] = []
        self.names: list[str] = []
        super().__init__(view, entry, shared)

    def frame(self) -> dict:
        low, high = self._span.bounds
        if self.view.log:
            low = max(low, high * LEAST)
        return dict(
            low=low, high=high, log=self.view.log, upright=self._upright(), names=self.names,
            left=4, right=12, bottom=12,
        )  # fmt: skip

    def _below(self) -> str:
        return self.shared.quantity(self.view.sources[0]).dim or ""

    def _upright(self) -> bool:
        return max((len(v) for _, v in self.values), default=0) > UPRIGHT

    def redraw(self) -> None:
        self._span.clear()
        self.cursor(self.shared.k)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        exact = exact if isinstance(exact, dict) else {}
        several = len(self.lanes) > 1
        self.values, tokens = [], []
        for i, lane in enumerate(self.lanes):
            for j, name in enumerate(self.view.sources):
                values = vector_of(lane, name, k, exact.get(i))
                if values is None:
                    continue
                label = lane.label if several else self.shared.quantity(name).text
                self.values.append((label, values))
                plain = not several and len(self.view.sources) == 1
                tokens.append(
                    "ink" if plain else palette.series(lane.style if several else j).token
                )
                self._span.see(values)
        self.names = self._names(k, exact)
        marks = []
        for (_, values), token in zip(self.values, tokens):
            ink: dict = dict(color=token)
            if self.view.signed and token == "ink":
                ink = dict(colors=["a", "b"], pick=values > 0)
            marks.append(dict(kind="bars", values=values, **ink))
        self.layers.put("marks", *marks)
        self.tell()

    def _names(self, k: int, exact) -> list[str]:
        most = max((len(v) for _, v in self.values), default=0)
        labels = self.view.labels
        if isinstance(labels, str):
            picture = exact.get(0) or (self.lanes[0].picture(k) if self.lanes else None) or {}
            labels = picture.get(labels.removeprefix("pic.")) or ()
        labels = [str(label) for label in labels][:most]
        return labels + [str(i + 1) for i in range(len(labels), most)]

    def summary(self) -> str:
        parts = []
        for label, values in self.values:
            if len(values) and np.isfinite(values).any():
                top = int(np.nanargmax(values))
                text = f"greatest {self.names[top]} with {tally(values[top])}"
                parts.append(f"{label} {text}" if len(self.values) > 1 else text)
        if not parts:
            return f"{self.title}: nothing drawn yet."
        return f"{self.title} at step {count(self.shared.k)}: {'; '.join(parts)}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        columns = [self._below() or "bar", *(label or self.title for label, _ in self.values)]
        rows = [
            [name, *(tally(v[j]) if j < len(v) else "\u2013" for _, v in self.values)]
            for j, name in enumerate(self.names)
        ]
        return columns, rows
