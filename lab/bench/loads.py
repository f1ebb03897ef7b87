"""Steps of chosen cost, and the same steps without a session, to measure what a session costs."""

from __future__ import annotations

import time

import torch

from lab.core.random import Rng
from lab.engine import Card, Experiment, Integer, Number, Quantity, Selector, Text
from lab.engine.numerics import exact_numerics
from lab.engine.registry import load
from lab.engine.session import Session
from lab.engine.views import Convergence

CARD = Card("A load", "How much does looking cost?")
SIZES = {"5 us": 1, "20 us": 5, "1 ms": 350, "30 ms": 740}


class Load(Experiment):
    """Torch steps of about 5 and 20 microseconds (small operations), 1 and 30 ms (products)."""

    card = CARD
    cost = Selector("5 us", objects=tuple(SIZES), doc="about this long on one core")
    quantities = {"residual": Quantity("residual", log=True, better="less")}
    views = [Convergence("residual")]
    max_steps = 100_000_000

    def init(given, c, rng, backend):
        size = SIZES[c.cost]
        n = 64 if c.cost.endswith("us") else size
        x = rng.normal("x", (64,) if c.cost.endswith("us") else (n, n)) / n**0.5
        return {"x": x}

    def step(state, given, c, k, rng):
        x = state["x"]
        if x.ndim == 1:
            for _ in range(SIZES[c.cost]):
                x = x.mul(0.9999).add(1e-4)
            return {"x": x}
        for _ in range(1 if c.cost == "1 ms" else 3):
            x = x @ x
            x = x / x.norm()
        return {"x": x}

    def observe(state, given, c):
        return {"residual": (state["x"] - 1).norm()}

    def picture(state, given, c):
        return {"x": state["x"][:64] if state["x"].ndim == 1 else state["x"][0, :64]}


class Bare(Experiment):
    """The bare loop over another experiment's step, timed in its own `init`.

    So the comparison runs in the same worker as the watched session, one after the other.
    """

    card = CARD
    name_of = Text("", doc="the experiment, or empty for a Load")
    cost = Selector("5 us", objects=tuple(SIZES))
    lasting = Number(1.0, bounds=(0.01, 60), unit="s")
    start = Integer(0, bounds=(0, 10**9), doc="first value of k")
    quantities = {"rate": Quantity("steps in a second")}

    def init(given, c, rng, backend):
        if c.name_of:
            run = Session(load(c.name_of))
        else:
            run = Session(Load, {"cost": c.cost})
        step, state, prepared = run.experiment.step, run.state, run.given
        controls, keyed = run.controls_at(0), Rng(0, -1, backend)
        plain = run.noise_specs is None
        done, k, begin = 0, c.start, time.perf_counter()
        with exact_numerics():
            while time.perf_counter() - begin < c.lasting:
                for _ in range(16):
                    keyed.k = k
                    state = step(state, prepared, controls, k, keyed if plain else run.noise_at(k))
                    k += 1
                done += 16
        return {"rate": done / (time.perf_counter() - begin)}

    def step(state, given, c, k, rng):
        return state

    def observe(state, given, c):
        return {"rate": torch.tensor(state["rate"], dtype=torch.float64)}
