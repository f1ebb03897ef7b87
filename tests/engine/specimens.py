"""Small experiments that the engine's tests run: one for each thing that an engine must bear."""

import torch
from torch import nn

from lab.core.metrics import slope
from lab.engine import (
    AtLeast,
    Boolean,
    Card,
    Check,
    Claim,
    Control,
    Experiment,
    Grid,
    Integer,
    Normal,
    Number,
    Preset,
    Quantity,
    Selector,
    Within,
    given,
    steps,
)

CARD = Card("A specimen", "Does the engine bear it?")


class Spin(Experiment):
    """A rotation, plain or anchored: live control, arms, batchable without noise."""

    card = CARD
    angle = Number(0.3, bounds=(0, 3.2), live=True, doc="rotation per step (radians)")
    method = Selector("halpern", objects=("picard", "halpern"))
    arms = {"Picard": {"method": "picard"}, "Halpern": {"method": "halpern"}}
    presets = {"quarter": Preset("Turn by a quarter, watch it return", angle=1.57)}
    quantities = {"residual": Quantity("||x - Tx||", log=True), "x": Quantity("x", dim="axis")}
    events = {"small": "residual < 1e-2"}
    studies = {"rate": Grid({"arm": "all"}, seeds=3, stop=steps(400), keep="log")}

    @given(by=())
    def start(c, rng, backend):
        return rng.normal("start", (2,))

    def noise(c):
        return {}

    def init(given, c, rng, backend):
        return {"x": given.start.clone()}

    def turned(x, c):
        angle = torch.as_tensor(c.angle, dtype=x.dtype)
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([cos * x[0] - sin * x[1], sin * x[0] + cos * x[1]])

    def step(state, given, c, k, rng):
        x = Spin.turned(state["x"], c)
        if c.method == "halpern":
            x = given.start / (k + 2) + x * ((k + 1) / (k + 2))
        return {"x": x}

    def observe(state, given, c):
        x = state["x"]
        return {"residual": (x - Spin.turned(x, c)).norm(), "x": x}

    def picture(state, given, c):
        return {"x": state["x"], "left": state["x"] < 0}

    claims = [
        Claim(
            "rate",
            "The anchored residual falls like 1/k",
            "desk",
            "rate",
            (
                Check(
                    "slope",
                    lambda d: slope(d.residual.sel(arm="Halpern"), d.k, "k", window=(10, 400)),
                    Within(-1.2, -0.8),
                ),
            ),
            Control({"method": "picard"}, breaks=("slope",)),
        )
    ]


class Descent(Experiment):
    """Gradient descent on a bowl with noise: diverges beyond step 2; batchable with noise."""

    card = CARD
    lr = Number(0.5, bounds=(0, 10))
    noisy = Number(0.0, bounds=(0, 1))
    n = Integer(3, bounds=(1, 9))
    quantities = {"gap": Quantity("f", log=True)}

    def noise(c):
        return {"z": Normal((c.n,))}

    def init(given, c, rng, backend):
        return {"x": rng.normal("start", (c.n,))}

    def step(state, given, c, k, rng):
        return {"x": state["x"] * (1 - c.lr) + c.noisy * rng["z"]}

    def observe(state, given, c):
        return {"gap": 0.5 * (state["x"] ** 2).sum()}


class Training(Experiment):
    """A module with its optimiser: stages, an end of its own, a costly number, keyed noise."""

    card = CARD
    lr = Number(1e-2, bounds=(0, 1), live=True)
    quantities = {"error": Quantity("error"), "costly": Quantity("a costly number")}
    stages = {"warm": "First.", "late": "Then."}
    max_steps = 300

    def init(given, c, rng, backend):
        net = nn.Linear(5, 1)
        return {"net": net, "opt": torch.optim.Adam(net.parameters(), lr=c.lr), "k": 0}

    def stage(state, given, c):
        return "warm" if state["k"] < 20 else "late"

    def done(state, given, c):
        return "trained enough" if state["k"] >= 80 else None

    def step(state, given, c, k, rng):
        net, opt = state["net"], state["opt"]
        opt.param_groups[0]["lr"] = c.lr
        x = rng.normal("batch", (8, 5))
        loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        opt.zero_grad()
        state["k"] += 1
        return state

    def observe(state, given, c):
        return {"error": (state["net"].weight - 1).norm()}

    def assess(state, given, c):
        return {"costly": state["net"].weight.sum()}


class Counting(Experiment):
    """Plain Python state; raises at a step of one's choice."""

    card = CARD
    raises = Integer(-1, bounds=(-1, 10**6))
    mend = Boolean(False, live=True)
    quantities = {"x": Quantity("x")}

    def init(given, c, rng, backend):
        return {"x": 0, "seen": []}

    def step(state, given, c, k, rng):
        if k == c.raises and not c.mend:
            state["x"] = -1  # half done
            raise ValueError("bad shape")
        state["x"] += 1
        return state

    def observe(state, given, c):
        return {"x": state["x"]}


class Blind(Experiment):
    """Its claim's control changes nothing, so the claim is in error."""

    card = CARD
    value = Number(1.0, bounds=(0, 2))
    quantities = {"x": Quantity("x")}
    max_steps = 20

    def init(given, c, rng, backend):
        return {"x": rng.normal("x", ())}

    def step(state, given, c, k, rng):
        return state

    def observe(state, given, c):
        return {"x": state["x"]}

    claims = [
        Claim(
            "blind",
            "x is above -100",
            "desk",
            Grid(seeds=4, stop=steps(2)),
            (Check("x", lambda d: d.x, AtLeast(-100)),),
            Control({"value": 2.0}, breaks=("x",)),
        )
    ]
