"""Bars: one for each component of a vector, as it is now."""

from __future__ import annotations

import numpy as np
from bokeh.models import CustomJS

from lab.views import palette
from lab.views.base import Renderer, Shared, js
from lab.views.numerals import count, tally
from lab.views.plot import house_figure, lettering, new_range, source
from lab.views.profile import vector_of
from lab.views.ranges import Growing

UPRIGHT = 16  # more bars than this stand upright, fewer lie, with their name and number
LEAST = 1e-6  # of the greatest: a logarithmic axis shows no less


class Bars(Renderer):
    """See `lab.engine.views.Bars`.

    Few bars lie one below the other with name and number; many stand on an axis of indices.
    """

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self._span = Growing(log=view.log, floor=None if view.log or view.signed else 0.0)
        self._lay = CustomJS(code=js("numbers", "tools", "bars"))
        self.values: list[tuple[str, np.ndarray]] = []
        self.names: list[str] = []
        self.figure = fig = house_figure(
            self, x_range=new_range(0, 1),
            y_range=new_range(0, 1), layout=self._lay, bare=True, top=44,
            left=4, right=12, bottom=12,
        )  # fmt: skip
        self.bars = source(value=[], place=[], slot=[], color=[], lane=[])
        self.styles = source(name=[])
        self.rects = source(left=[], right=[], top=[], bottom=[], color=[])
        self.text = source(x=[], y=[], text=[], color=[], weight=[], align=[])
        self.rules = source(x0=[], x1=[], y0=[], y1=[])
        fig.quad(
            "left", "right", "top", "bottom", source=self.rects, fill_color="color", line_color=None
        )
        rules = fig.segment("x0", "y0", "x1", "y1", source=self.rules)
        self.ink(rules.glyph, line_color="line")
        fig.add_glyph(
            self.text,
            lettering(x="x", y="y", text="text", text_color="color", text_font_style="weight",
                      text_align="align"),
            level="overlay",
        )  # fmt: skip
        for model in (self.bars, self.styles):
            model.js_on_change("data", self._lay)
        self._arm()

    @property
    def element(self):
        return self.figure

    def _arm(self) -> None:
        low, high = self._span.bounds
        if self.view.log:
            low = max(low, high * LEAST)
        self._lay.args = dict(
            figure=self.figure, bars=self.bars, styles=self.styles, rects=self.rects,
            words=self.text, rules=self.rules, low=low, high=high, log=self.view.log,
            upright=self._upright(), ink=self.color("ink"), soft=self.color("ink3"),
            sans=palette.SANS, below=self._below(),
        )  # fmt: skip

    def _below(self) -> str:
        return self.shared.quantity(self.view.sources[0]).dim or ""

    def _upright(self) -> bool:
        return max((len(v) for _, v in self.values), default=0) > UPRIGHT

    def redraw(self) -> None:
        self._span.clear()
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

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
        rows: dict[str, list] = dict(value=[], place=[], slot=[], color=[], lane=[])
        for slot, ((_, values), token) in enumerate(zip(self.values, tokens)):
            for place, value in enumerate(values):
                rows["value"].append(float(value))
                rows["place"].append(place)
                rows["slot"].append(slot)
                signed = self.view.signed and token == "ink"
                rows["color"].append(self.color(("b" if value > 0 else "a") if signed else token))
                rows["lane"].append(slot)
        self._arm()
        self.styles.data = {"name": self.names}
        self.bars.data = rows

    def _names(self, k: int, exact) -> list[str]:
        most = max((len(v) for _, v in self.values), default=0)
        labels = self.view.labels
        if isinstance(labels, str):
            picture = exact.get(0) or (self.lanes[0].picture(k) if self.lanes else None) or {}
            labels = picture.get(labels.removeprefix("pic.")) or ()
        labels = [str(label) for label in labels][:most]
        return labels + [str(i + 1) for i in range(len(labels), most)]

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.cursor(self.shared.k)

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
