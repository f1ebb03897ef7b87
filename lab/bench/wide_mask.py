"""A mask of a million weights that changes with every step, to measure how soon it is seen."""

from __future__ import annotations

from lab.engine import Card, Experiment, Mask, Quantity

SIDE = 1_000
ROWS = 40  # that change in a step


class WideMask(Experiment):
    """A million bits; each step draws some rows anew."""

    card = Card("A wide mask", "How soon is a million weights seen?")
    quantities = {"alive": Quantity("share alive")}
    views = [Mask("pic.mask", title="Mask")]
    max_steps = 10_000_000

    def init(given, c, rng, backend):
        return {"mask": rng.uniform("mask", (SIDE, SIDE)) < 0.5}

    def step(state, given, c, k, rng):
        mask = state["mask"].clone()
        first = (k * ROWS) % SIDE
        mask[first : first + ROWS] = rng.uniform("rows", (ROWS, SIDE)) < 0.5
        return {"mask": mask}

    def observe(state, given, c):
        return {"alive": state["mask"][::50].double().mean()}

    def picture(state, given, c):
        return {"mask": state["mask"]}
