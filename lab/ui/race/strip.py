"""The strip below the curves: who leads at every cost, and by how much at the cursor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.engine.standing import Racer, cost_at, even_costs, leaders, racer, standing, step_at
from lab.views import palette
from lab.views.base import LEFT, Renderer, js
from lab.views.canvas import LAYER, Canvas, colours
from lab.views.numerals import count, number

CURSORS = 300  # steps whose cost the browser is told, so that the cursor moves without the server


class StripCanvas(Canvas):
    """The leaders over the step axis of the page."""

    _esm = js(*LAYER) + "\n" + (Path(__file__).parent / "strip.js").read_text(encoding="utf-8")


class Strip(Renderer):
    """Who leads at every cost, in the colour of the method.

    It stands below the curves of the measure and shares their x axis.

    Parameters
    ----------
    view : lab.engine.views.Curves
        Of the curves above.
    entry, shared
        As for other renderers.
    """

    stacks = True

    def __init__(self, view, entry, shared):
        self.x_log = "x" in view.log
        self.measure = view.sources[0]
        self.racers: list[Racer] = []
        super().__init__(view, entry, shared)
        self.canvas = StripCanvas(self, self._whole)

    @property
    def element(self):
        return self.canvas

    def words(self) -> tuple[str, str]:
        return "First", "who leads at every cost"

    @property
    def more(self) -> bool:
        """Whether more of the measure is better."""
        return self.shared.quantity(self.measure).better == "more"

    # -- what it draws -------------------------------------------------------------------------

    def redraw(self) -> None:
        self.refresh()

    def spanned(self) -> None:
        self._tell()

    def axis(self, name: str) -> None:
        self.refresh()

    def theme(self, dark: bool) -> None:
        super().theme(dark)
        self.canvas.tell(kind="theme", tokens=colours(dark))

    def refresh(self) -> None:
        """Reads the runs anew; the page calls it when they have grown."""
        self.racers = [
            racer(lane.label, lane.trace, self.measure, self._cost(lane), bool(lane.ended))
            for lane in self.lanes
        ]
        self._tell()

    def _cost(self, lane):
        return lambda ks: self.shared.places(lane, ks, False)

    def stretches(self) -> list[tuple[float, float, int | None]]:
        """(from, to, lane) in costs. A branch has its method's past, so it leads nobody."""
        alone = [
            replace(r, k=r.k[:0], cost=r.cost[:0], value=r.value[:0]) if lane.dotted else r
            for r, lane in zip(self.racers, self.lanes)
        ]
        return leaders(alone, even_costs(alone, self.x_log, self._first), self.more)

    @property
    def _first(self) -> float:
        """Where a logarithmic axis begins."""
        return 1.0 if self.shared.axis == "k" else float(self.shared.ranges[True].floor or 1.0)

    def _on_axis(self, cost: float) -> float:
        """A cost as the axis is marked: steps of a logarithmic one are drawn at k + 1."""
        if not self.x_log:
            return cost
        return cost + 1 if self.shared.axis == "k" else max(cost, self._first)

    def _whole(self) -> list[dict]:
        return [self._plan()]

    def _tell(self) -> None:
        self.canvas.tell(**self._plan())

    def _plan(self) -> dict:
        shared = self.shared
        start, end = shared.ranges[self.x_log].bounds
        return dict(
            kind="plan", k=shared.k, x=[start, end], xlog=self.x_log,
            stack=f"steps{self.x_log}".lower(),
            left=LEFT, right=shared.right, steps=shared.axis == "k",
            below=shared.axis_text(self.x_log), cursor=self._cursors(),
            parts=[
                [self._on_axis(low), self._on_axis(high), *self._dress(index)]
                for low, high, index in self.stretches()
            ],
            tokens=colours(shared.dark),
        )  # fmt: skip

    def _dress(self, index: int | None) -> tuple[str, str]:
        """(name, colour token) of a stretch."""
        if index is None:
            return "", "line"
        lane = self.lanes[index]
        return lane.label, palette.series(lane.style).token

    def _cursors(self) -> list[list[float]]:
        """[steps, places on the axis] of the cursor; empty where the axis counts steps."""
        head = max((int(r.k[-1]) for r in self.racers if len(r.k)), default=0)
        if self.shared.axis == "k" or not head:
            return []
        ks = np.unique(np.linspace(0, head, CURSORS).astype(int))
        return [ks.tolist(), [self._on_axis(cost_at(self.racers, int(k))) for k in ks]]

    # -- what it says --------------------------------------------------------------------------

    def places(self, k: int):
        """(cost, order) at the cursor."""
        cost = cost_at(self.racers, k)
        return cost, standing(self.racers, cost, self.more)

    def step(self, i: int, k: int) -> int:
        """The step of lane `i` at the cost for which the cursor at step `k` stands."""
        if i >= len(self.racers):
            return k
        return step_at(self.racers[i], cost_at(self.racers, k), k)

    def cost_text(self, cost: float) -> str:
        """ "k = 318", "156 evaluations", "0.31 seconds"."""
        if self.shared.axis == "k":
            return f"step {count(int(cost))}"
        return f"{number(cost)} {self.shared.axis_text(False)}"

    def summary(self) -> str:
        cost, order = self.places(self.shared.k)
        if not order:
            return "Order: nothing recorded yet."
        said = ", ".join(f"{p.rank} {self.lanes[p.index].label} {number(p.value)}" for p in order)
        return f"Order at {self.cost_text(cost)}: {said}."

    def numbers(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [number(low), number(high), self.lanes[i].label if i is not None else "together"]
            for low, high, i in self.stretches()
        ]
        unit = self.shared.axis_text(False)
        return [f"from, {unit}", f"to, {unit}", "first"], rows
