"""Heat: a vector over the run, matrices and masks as they are now, maps of a study."""

from __future__ import annotations

import numpy as np

from lab.engine.pictures import Bits
from lab.views import palette
from lab.views.base import LEFT, RIGHT, Lane, Renderer, Shared, array
from lab.views.canvas import HeatCanvas, bits, codes, colours
from lab.views.masks import cell, earlier, flips, left, said
from lab.views.numerals import count, number
from lab.views.ranges import ceiling, finite, symmetric
from lab.views.study import map_of

COLUMNS = 1_000  # of a vector over the run, sent at most


class Heat(Renderer):
    """See `lab.engine.views.Heat`."""

    tall = 1.4

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.over = view.of is None and not view.sources[0].startswith("pic.")
        self.stacks = self.bears_flag = self.over
        self.tall = 1.4 if self.over else 1.0
        self.x_log = False
        self.scale = (0.0, 1.0)
        self.study = None
        self._rows: dict[int, int] = {}
        self._sent: dict[int, int] = {}
        self._frames: dict[int, dict] = {}
        self._marks: dict[int, object] = {}
        self._exact: dict = {}
        self.canvas = HeatCanvas(self, self._whole, self._asked)

    @property
    def element(self):
        return self.canvas

    # -- what the browser is told --------------------------------------------------------------

    def _panels(self) -> list[tuple[int, Lane, str]]:
        shown = [(i, lane) for i, lane in enumerate(self.lanes) if not lane.ghost]
        return [(i, lane, s) for i, lane in shown for s in self.view.sources]

    def _plan(self) -> dict:
        view, shared = self.view, self.shared
        several = len(self.lanes) > 1
        panels = []
        for _, lane, name in self._panels():
            said = self._called(name) if len(view.sources) > 1 else ""
            label = " ".join(p for p in (lane.label if several else "", said) if p)
            token = palette.series(lane.style).token if several else "ink"
            panels.append({"label": label, "color": token})
        start, end = shared.ranges[self.x_log].bounds
        above, under = shared.neighbours(self)
        beside = "power now" if "power" in self._text().lower() else "now"
        plan = dict(
            kind="plan", k=shared.k, over=self.over, signed=view.signed, panels=panels,
            xlog=self.x_log, x=[start, end], axis=shared.axis, left=LEFT,
            right=shared.right if self.over else RIGHT, top=52 if self.over else 38,
            bottom=14 if under else 42,
            beside=beside if view.beside else "", labels=list(view.labels),
            block=list(_block(view.block)),
            above=above, under=under,
            unit="s" if shared.axis == "seconds" else shared.axis_text(self.x_log),
            ylabel=_short(view.y) if self.over else view.y,
            xlabel=shared.axis_text(self.x_log) if self.over else view.x,
            tokens=colours(shared.dark),
        )  # fmt: skip
        if view.of is not None and self.study is not None:
            x, y, _ = map_of(self.study, view.sources[0], view.x, view.y)
            plan.update(
                panels=[{"label": "", "color": "ink"}],
                xticks=[_tick(v) for v in x], yticks=[_tick(v) for v in y],
            )  # fmt: skip
        return plan

    def _text(self) -> str:
        return f"{self.title} {self.note}"

    def _whole(self) -> list[dict]:
        """Everything that a browser must know to draw the picture from nothing."""
        parts = [self._plan()]
        if self.over:
            for i in range(len(self._panels())):
                part = self._columns(i, whole=True)
                if part:
                    parts.append(part)
        else:
            parts += list(self._frames.values())
        return parts

    # -- over the run --------------------------------------------------------------------------

    def _series(self, i: int) -> tuple[np.ndarray, np.ndarray] | None:
        _, lane, name = self._panels()[i]
        trace = lane.trace
        if trace is None:
            return None
        if name not in trace:
            trace = trace.assessed
            if trace is None or name not in trace:
                return None
        values = trace[name]
        return trace.k, values.reshape(len(values), -1)

    def _columns(self, i: int, whole: bool) -> dict | None:
        found = self._series(i)
        if found is None or not len(found[0]):
            return None
        ks, values = found
        first = 0 if whole else self._rows.get(i, 0)
        if whole and len(ks) > COLUMNS:
            # even over the steps, as they are drawn, and the last one
            even = np.linspace(ks[0], ks[-1], COLUMNS // 2)
            kept = np.unique(np.append(np.searchsorted(ks, even).clip(0, len(ks) - 1), len(ks) - 1))
        else:
            kept = np.arange(first, len(ks))
        lane = self._panels()[i][1]
        x = self.shared.places(lane, ks[kept], self.x_log)
        self.shared.see(self.x_log, x)
        if whole:
            self._sent[i] = len(kept)
        else:
            self._sent[i] = self._sent.get(i, 0) + len(kept)
        self._rows[i] = len(ks)
        return dict(
            kind="columns", panel=i, whole=whole, rows=values.shape[1],
            k=ks[kept].astype(float).tobytes(), x=x.astype(float).tobytes(),
            v=codes(values[kept], *self.scale, self.view.log),
        )  # fmt: skip

    def _rescale(self, values) -> bool:
        """Lets the scale grow; returns whether it did."""
        before = self.scale
        view = self.view
        if view.signed:
            half = symmetric(values, least=self.scale[1])
            self.scale = (-half, half)
        else:
            seen = finite(values, view.log)
            if len(seen):
                low, high = float(seen.min()), float(seen.max())
                if view.log:
                    top = 10.0 ** np.ceil(np.log10(high))
                    self.scale = (top * 1e-6, max(top, self.scale[1] if self._rows else 0))
                    self.scale = (self.scale[1] * 1e-6, self.scale[1])
                else:
                    high = ceiling(high) if high > 0 else 1.0
                    low = 0.0 if low >= 0 else -ceiling(-low)
                    kept = self._scaled
                    self.scale = (
                        min(low, self.scale[0] if kept else low),
                        max(high, self.scale[1] if kept else high),
                    )
        self._scaled = True
        return self.scale != before

    _scaled = False

    # -- lanes ---------------------------------------------------------------------------------

    def redraw(self) -> None:
        self._rows.clear()
        self._sent.clear()
        self._frames.clear()
        self._marks.clear()
        self._scaled, self.scale = False, (0.0, 1.0)
        if self.view.signed:
            self.scale = (0.0, 0.0)
        if self.view.of is not None:
            self.set_study(self.study)
            return
        if self.over:
            for i in range(len(self._panels())):
                found = self._series(i)
                if found is not None:
                    self._rescale(found[1])
            for part in self._whole():
                self.canvas._send_msg(part)
        else:
            self.canvas.tell(**self._plan())
            self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)
        if not self.over:
            return
        for i, (lane, _, _) in enumerate(self._panels()):
            if lane != index:
                continue
            found = self._series(i)
            if found is None or len(found[0]) == self._rows.get(i):
                continue
            if len(found[0]) < self._rows.get(i, 0):
                self._rows[i] = 0
            grown = self._rescale(found[1][self._rows.get(i, 0) :])
            fresh = len(found[0]) - self._rows.get(i, 0)
            full = self._sent.get(i, 0) + fresh > COLUMNS
            if grown:
                for part in self._whole():
                    self.canvas._send_msg(part)
                return
            self.canvas._send_msg(self._columns(i, whole=full or not self._sent.get(i)))

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        if self.over or self.view.of is not None:
            return
        for i, (lane, run, name) in enumerate(self._panels()):
            own = exact.get(lane) if isinstance(exact, dict) else None
            picture = own or run.picture(k)
            if not picture:
                continue
            value, alive = self._entries(picture, name)
            if value is None or isinstance(value, tuple):
                continue
            texts = picture.get((self.view.text or "").removeprefix("pic."))
            mark = (id(value), id(alive))
            if self._marks.get(i) == mark:
                continue
            # the picture is kept alive with its mark: an id is used again after its object is gone
            self._marks[i] = mark
            self._exact[i] = (value, alive)
            before = self._entries(earlier(run, k, bool(own)) or {}, name)
            self._frames[i] = self._frame(i, value, alive, texts, before)
            self.canvas._send_msg(self._frames[i])

    def _entries(self, picture: dict, name: str):
        """A source's values and its mask in a picture; None for what is not there."""
        masks = self.view.alive or ""
        if not isinstance(masks, str):
            masks = dict(zip(self.view.sources, masks)).get(name, "")
        return picture.get(name.removeprefix("pic.")), picture.get(masks.removeprefix("pic."))

    def _frame(self, i: int, value, alive, texts, before) -> dict:
        shape = value.shape if isinstance(value, Bits) else np.shape(value)
        rows, columns = _matrix(shape)
        frame = dict(kind="frame", panel=i, rows=rows, columns=columns, values=None, bits=None,
                     alive=None, texts=list(texts) if texts else None, said="", k=self.shared.k,
                     flips=None)  # fmt: skip
        if isinstance(value, Bits) or np.asarray(value).dtype == bool:
            frame["bits"] = bits(value)
            frame["flips"], *moved = flips(value, before[0])
            frame["said"] = said(left(value), *moved)
            return frame
        values = np.asarray(value, dtype=float)
        if self._rescale(values):
            for other in self._frames:
                self._marks.pop(other, None)
        low, high = self.scale
        frame["values"] = codes(values, low, high, self.view.log)
        if alive is not None:
            frame["alive"] = bits(alive)
            there = np.isfinite(values).ravel()
            lives = array(alive).ravel()[there]
            frame["flips"], *moved = flips(alive, before[1])
            frame["said"] = said(left(lives), *moved) if len(lives) else ""
        return frame

    def _asked(self, i: int, at: int) -> None:
        """The browser asks what stands in a cell of a panel."""
        panels = self._panels()
        if self.over or self.view.of is not None or i not in self._exact or i >= len(panels):
            return
        _, run, name = panels[i]
        kept = run.pictures
        start = kept.packed(kept.ks[0]) if kept is not None and kept.ks else {}
        text = cell(at, *self._exact[i], *self._entries(start, name))
        self.canvas.tell(kind="cell", panel=i, cell=at, text=text)

    # -- page ----------------------------------------------------------------------------------

    def set_study(self, dataset) -> None:
        """Draws the map of a study over two controls (it may still be filling)."""
        self.study = dataset
        if dataset is None or self.view.sources[0] not in dataset:
            return
        _, _, grid = map_of(dataset, self.view.sources[0], self.view.x, self.view.y)
        self._rescale(grid)
        frame = dict(kind="frame", panel=0, rows=grid.shape[0], columns=grid.shape[1], bits=None,
                     values=codes(grid[::-1], *self.scale, self.view.log), alive=None,
                     texts=None, said="")  # fmt: skip
        self._frames = {0: frame}
        for part in self._whole():
            self.canvas._send_msg(part)

    def axis(self, name: str) -> None:
        if self.over:
            self.redraw()

    def spanned(self) -> None:
        self.canvas.tell(kind="range", x=list(self.shared.ranges[self.x_log].bounds))

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))

    def summary(self) -> str:
        k = self.shared.k
        if self.view.of is not None:
            return f"{self.title}: a map of {self.view.x} and {self.view.y}."
        if self.over:
            parts = []
            for i, (_, lane, _) in enumerate(self._panels()):
                found = self._series(i)
                if found is None or not len(found[0]):
                    continue
                row = found[1][max(int(np.searchsorted(found[0], k, "right")) - 1, 0)]
                top = np.argsort(-np.nan_to_num(row))[:3]
                said = ", ".join(f"{self._name(j)} ({number(row[j])})" for j in top)
                parts.append((f"{lane.label}: " if lane.label else "") + f"strongest {said}")
            if not parts:
                return f"{self.title}: nothing recorded yet."
            return f"{self.title} at step {count(k)}; {'; '.join(parts)}."
        parts = []
        for i, (_, lane, _) in enumerate(self._panels()):
            frame = self._frames.get(i)
            if frame:
                shape = f"{count(frame['rows'])} by {count(frame['columns'])}"
                parts.append(", ".join(p for p in (lane.label, shape, frame["said"]) if p))
        if not parts:
            return f"{self.title}: nothing drawn yet."
        return f"{self.title} at step {count(k)}: {'; '.join(parts)}."

    def _called(self, source: str) -> str:
        """What a source is called: a picture by its label, if it has one."""
        place = self.view.sources.index(source)
        own = self.view.labels[place : place + 1] if source.startswith("pic.") else ()
        return own[0] if own else self.shared.quantity(source).text

    def _name(self, row: int) -> str:
        """What a row of a vector over the run is called: by default its number, from 1."""
        labels = self.view.labels
        return labels[row] if row < len(labels) else str(row + 1)

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        if self.view.of is not None and self.study is not None:
            x, y, grid = map_of(self.study, self.view.sources[0], self.view.x, self.view.y)
            columns = [f"{self.view.y} \\ {self.view.x}", *(_tick(v) for v in x)]
            return columns, [
                [_tick(v), *(number(g) if np.isfinite(g) else "\u2013" for g in row)]
                for v, row in zip(y, grid)
            ]
        names = [lane.label or self._called(s) for _, lane, s in self._panels()]
        if self.over:
            rows = []
            for i in range(len(names)):
                found = self._series(i)
                if found is not None and len(found[0]):
                    at = max(int(np.searchsorted(found[0], self.shared.k, "right")) - 1, 0)
                    rows.append(found[1][at])
            if not rows:
                return ["mode"], []
            body = [[self._name(j), *(number(r[j]) for r in rows)] for j in range(len(rows[0]))]
            return [_short(self.view.y) or "mode", *names[: len(rows)]], body
        body = []
        for i, name in enumerate(names):
            kept = self._exact.get(i)
            if kept is None or i not in self._frames:
                continue
            values = finite(array(kept[0]))
            frame = self._frames[i]
            body.append([
                name, f"{frame['rows']} \u00d7 {frame['columns']}", frame["said"] or "\u2013",
                number(values.min()) if len(values) else "\u2013",
                number(values.max()) if len(values) else "\u2013",
            ])  # fmt: skip
        return ["picture", "shape", "left", "least", "greatest"], body


def _matrix(shape) -> tuple[int, int]:
    """(rows, columns) of an array: vectors are rows, further dimensions go below one another."""
    if len(shape) == 1:
        return 1, int(shape[0])
    return int(np.prod(shape[:-1])), int(shape[-1])


def _block(size) -> tuple[int, int]:
    """(rows, columns) of a block; one number is so many columns of one row."""
    return (1, int(size)) if np.ndim(size) == 0 else (int(size[0]), int(size[1]))


def _short(text: str) -> str:
    """A word that fits beside an axis."""
    return {"frequency": "freq."}.get(text, text if len(text) <= 7 else text[:5] + ".")


def _tick(value) -> str:
    return (
        str(value)
        if isinstance(value, str) or np.asarray(value).dtype.kind in "UO"
        else number(float(value))
    )
