"""What pictures of now have in common: marks in a frame with axes, drawn by `js/sheet.js`."""

from __future__ import annotations

from collections.abc import Sequence

from lab.views.base import LEFT, RIGHT, Renderer, Shared
from lab.views.canvas import Canvas, SheetCanvas, colours
from lab.views.marks import Layers


class Sheet(Renderer):
    """A picture of the step under the cursor. Subclasses put marks into `layers`, then `tell`."""

    canvas_class: type[Canvas] = SheetCanvas

    def __init__(self, view, entry, shared: Shared):
        super().__init__(view, entry, shared)
        self.canvas = self.canvas_class(self, self._whole)
        self.layers = Layers(self.canvas)

    @property
    def element(self):
        return self.canvas

    def frame(self) -> dict:
        """What the plan says beside its defaults: ranges x and y, words, borders."""
        return {}

    def _plan(self) -> dict:
        plan = dict(
            kind="plan", x=[0.0, 1.0], y=[0.0, 1.0], xlog=False, ylog=False, equal=False,
            bare=False, below="", left=LEFT, right=RIGHT, top=44, bottom=46,
        )  # fmt: skip
        return {**plan, **self.frame()}

    def tell(self) -> None:
        """Sends the plan, if it is another than the browser has."""
        self.canvas.plan(self._plan())

    def _whole(self) -> Sequence[dict]:
        """Everything that a browser must know to draw the picture from nothing."""
        theme = dict(kind="theme", tokens=colours(self.shared.dark))
        return [theme, self._plan(), *self.layers.all()]

    def feed(self, index: int, frame=None) -> None:
        self.lanes[index].take(frame)

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))
