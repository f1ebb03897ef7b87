"""A network of a million weights whose mask changes with every step of its training."""

from __future__ import annotations

from lab.core.mlp import Mlp, minibatch
from lab.core.optim import AdamW
from lab.core.problems.digits import Digits
from lab.engine import Card, Experiment, Mask, Quantity
from lab.engine.experiment import given

NET = Mlp((144, 1600, 480, 10))
GRID = (1_000, 1_000)  # that the first million weights are shown as
SMALL = 0.02  # weights below it are not seen by the network


class WideNet(Experiment):
    """Straight-through training: small weights are left out, and get a gradient all the same."""

    card = Card("A wide network", "How soon is a million weights seen, and what does that cost?")
    quantities = {"loss": Quantity("cross-entropy of a minibatch", log=True, better="less")}
    views = [Mask("pic.alive", title="Mask")]
    every, max_steps = 10, 1_000_000

    @given()
    def data(c, rng, backend):
        return Digits().split(rng, backend, hidden=10)["train"]

    def init(given, c, rng, backend):
        w = NET.init(rng)
        return {"w": w, "memory": NET.memory(w), "loss": w.new_zeros(())}

    def step(state, given, c, k, rng):
        w, memory = state["w"], state["memory"]
        seen = w * (w.abs() > SMALL)
        loss, gradient = NET.gradient(seen, *minibatch(given.data, rng, 64))
        moved, memory = AdamW(1e-3, decay=0.0).step({"all": w}, {"all": gradient}, memory, k)
        return {"w": moved["all"], "memory": memory, "loss": loss}

    def observe(state, given, c):
        return {"loss": state["loss"]}

    def picture(state, given, c):
        shown = state["w"][: GRID[0] * GRID[1]].view(GRID)
        return {"alive": shown.abs() > SMALL}
