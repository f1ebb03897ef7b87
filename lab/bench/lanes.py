"""A run that is worth batching: some ten small operations a step, with declared noise."""

from lab.bench.loads import CARD
from lab.engine import Experiment, Normal, Number, Quantity


class NoisyDescent(Experiment):
    """Gradient descent with momentum and noise on a bowl."""

    card = CARD
    lr = Number(0.1, bounds=(0, 1))
    quantities = {"gap": Quantity("gap", log=True)}

    def noise(c):
        return {"z": Normal((8,))}

    def init(given, c, rng, backend):
        x = rng.normal("x", (8,))
        return {"x": x, "v": x * 0}

    def step(state, given, c, k, rng):
        gradient = state["x"] + 0.1 * rng["z"]
        v = 0.9 * state["v"] - c.lr * gradient
        return {"x": state["x"] + v, "v": v}

    def observe(state, given, c):
        return {"gap": 0.5 * (state["x"] ** 2).sum()}
