"""An experiment for tests of the page: its start may be dragged, and it does not end by itself."""

import torch

from lab.engine import Card, Convergence, Experiment, Number, Quantity, Selector, Trajectory


class Circling(Experiment):
    """A point that turns about the origin."""

    card = Card(
        title="Circling",
        question="Where does it go?",
        answer="Around.",
        why="A turn keeps the distance to the origin.",
    )
    x = Number(1.0, bounds=(-2.0, 2.0), doc="start, across")
    y = Number(0.0, bounds=(-2.0, 2.0), doc="start, up")
    angle = Selector("small", objects=["small", "large"], doc="of a step")
    arms = {"small": {"angle": "small"}, "large": {"angle": "large"}}
    quantities = {
        "distance": Quantity("distance to the origin"),
        "place": Quantity("place", dim="coordinate"),
    }
    views = [Trajectory("place", start=("x", "y")), Convergence("distance")]
    max_steps = 10**9

    def init(given, c, rng, backend):
        return {"x": torch.tensor([c.x, c.y], dtype=torch.float32)}

    def step(state, given, c, k, rng):
        a = torch.tensor(0.01 if c.angle == "small" else 0.03)
        x, y = state["x"]
        return {"x": torch.stack([a.cos() * x - a.sin() * y, a.sin() * x + a.cos() * y])}

    def observe(state, given, c):
        return {"distance": state["x"].norm(), "place": state["x"]}
