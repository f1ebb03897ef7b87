"""Images: a strip of small pictures as they are now."""

from __future__ import annotations

import numpy as np

from lab.views import palette
from lab.views.base import Renderer, Shared, array
from lab.views.canvas import HeatCanvas, codes, colours
from lab.views.numerals import count
from lab.views.ranges import ceiling, finite, symmetric

MOST = 40  # images of a strip


class Images(Renderer):
    """See `lab.engine.views.Images`: a picture of shape (n, height, width)."""

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.shown: list[tuple[str, str, np.ndarray]] = []
        self.scale = (0.0, 0.0)
        self._marks: list = []
        self.canvas = HeatCanvas(self, self._whole)

    @property
    def element(self):
        return self.canvas

    def _plan(self) -> dict:
        return dict(
            kind="plan", over=False, signed=self.view.signed, log=False, start=0, end=1, axis="k",
            panels=[{"label": label, "color": token} for label, token, _ in self.shown],
            left=1, right=1, top=40, bottom=12, beside="", labels=[], above=False, under=False,
            unit="", ylabel="", xlabel="", tokens=colours(self.shared.dark), square=True,
        )  # fmt: skip

    def _whole(self) -> list[dict]:
        return [self._plan(), *(self._frame(i) for i in range(len(self.shown)))]

    def _frame(self, i: int) -> dict:
        image = self.shown[i][2]
        return dict(kind="frame", panel=i, rows=image.shape[0], columns=image.shape[1], bits=None,
                    values=codes(image, *self.scale), alive=None, texts=None, said="")  # fmt: skip

    def redraw(self) -> None:
        self.scale, self._marks = (0.0, 0.0), []
        self.cursor(self.shared.k)

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def cursor(self, k: int, exact=None) -> None:
        super().cursor(k)
        exact = exact if isinstance(exact, dict) else {}
        found, marks = [], []
        several = len(self.lanes) > 1
        for i, lane in enumerate(self.lanes):
            picture = exact.get(i) or lane.picture(k) or {}
            for name in self.view.sources:
                kept = picture.get(name.removeprefix("pic."))
                stack = array(kept)
                if stack is None:
                    continue
                marks.append(kept)
                stack = stack[None] if stack.ndim == 2 else stack
                token = palette.series(lane.style).token if several else "ink"
                for j, image in enumerate(stack[:MOST]):
                    label = self.view.labels[j] if j < len(self.view.labels) else ""
                    label = " ".join(p for p in (lane.label if several else "", label) if p)
                    found.append((label, token, np.asarray(image, dtype=float)))
        same = len(marks) == len(self._marks) and all(a is b for a, b in zip(marks, self._marks))
        if same and marks:
            return
        fresh = [f[:2] for f in found] != [s[:2] for s in self.shown]
        self._marks, self.shown = marks, found
        for _, _, image in found:
            seen = finite(image)
            if self.view.signed:
                half = symmetric(image, least=self.scale[1])
                self.scale = (-half, half)
            elif len(seen):
                low, high = min(0.0, float(seen.min())), float(seen.max())
                self.scale = (min(low, self.scale[0]), max(ceiling(high) if high > 0 else 1.0,
                                                           self.scale[1]))  # fmt: skip
        parts = self._whole() if fresh else [self._frame(i) for i in range(len(found))]
        for part in parts:
            self.canvas._send_msg(part)

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))

    def summary(self) -> str:
        n = len(self.shown)
        return (
            f"{self.title} at step {count(self.shared.k)}: {n} images."
            if n
            else (f"{self.title}: nothing drawn yet.")
        )

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [label or str(i + 1), f"{m.shape[0]} \u00d7 {m.shape[1]}", f"{np.nanmean(m):.3g}"]
            for i, (label, _, m) in enumerate(self.shown)
        ]
        return ["image", "shape", "mean"], rows
