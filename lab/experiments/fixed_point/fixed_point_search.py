"""Quantum search that cannot be overdone: fixed-point phases beside Grover's rotation."""

from __future__ import annotations

import math

import numpy as np
import torch

from lab.core.amplification import FixedPoint, Grover, bloch, search, start
from lab.core.metrics import slope
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Experiment,
    Grid,
    Number,
    Preset,
    Profile,
    Quantity,
    Selector,
    Trajectory,
    Within,
    steps,
)

FRACTIONS = torch.logspace(-3, 0, 121, dtype=torch.float64)


def method(c):
    return Grover(c.detuning) if c.method == "Grover" else FixedPoint(c.delta, c.detuning)


def searched(c, n):
    """What n iterations bring, for all fractions and last for the one that is chosen."""
    share = torch.cat([FRACTIONS, torch.as_tensor(c.fraction, dtype=torch.float64)[None]])
    if c.method == "guessing":  # one item after the other, as often as the oracle is asked
        chance = 1 - (1 - share) ** (n + 1)
        place = torch.stack([0 * chance[-1], 2 * chance[-1] - 1])  # a mixture: inside the ball
        error = lemma = 0 * place[0]
    else:
        last = search(share, *method(c).phases(n))[-1]
        chance, place = last[..., 1].abs() ** 2, bloch(last[-1])[[0, 2]]
        error = (chance - method(c).success(n, share)).abs().amax()
        x = (1 - FRACTIONS).sqrt()
        rule = FixedPoint(c.delta, c.detuning)
        lemma = (rule.recursion(n, x) - rule.left(n, x)).abs().amax()
    threshold = FixedPoint(c.delta).threshold(n)
    least = torch.where(threshold <= FRACTIONS, chance[:-1], 1.0).amin()
    numbers = {"place": place, "threshold": threshold, "least": least}
    return {"chance": chance, "error": error, "lemma": lemma, **numbers}


def over_bound(d):
    """Least chance, at any step, for shares above the threshold, over what is promised."""
    return (d.least / (1 - d.delta**2)).min("k")


class FixedPointSearch(Experiment):
    """Each step is a search with one more question to the oracle. Watch the chance of success
    rise and stay, or rise and fall.
    """

    card = Card(
        title="A search that cannot be overdone",
        question="A quantum search rises, and falls again if it goes on. Can it be made to stay?",
        answer="Yes: with other phases the chance stays above a chosen bound from then on, "
        "and the search is still quadratically fast.",
        why="Grover's search turns the state by a fixed angle to the goal, and past it. Who "
        "does not know what share of the items is marked cannot know when to stop. With phases "
        "of Yoder, Low and Chuang what remains is a Chebyshev polynomial: small for every "
        "share above a threshold, which shrinks with the square of the questions.",
        papers=("revisiting-fixed-point-quantum-search",),
        equations=(
            r"\alpha_j = -\beta_{l-j+1} = 2\,\mathrm{arccot}"
            r"\left(\tan(2\pi j/L)\,\sqrt{1-\gamma^2}\right),\quad L = 2l+1",
            r"P = 1 - \delta^2\, T_L(\sqrt{1-\lambda}/\gamma)^2,"
            r"\quad 1/\gamma = T_{1/L}(1/\delta)",
        ),
        tags=("fixed point", "quantum", "search", "Chebyshev"),
    )

    method = Selector("fixed point", objects=["fixed point", "Grover", "guessing"], doc="search")
    fraction = Number(
        0.03, bounds=(1e-3, 1.0), log=True, live=True, doc="share of the items that is marked"
    )
    delta = Number(0.3, bounds=(0.05, 0.9), live=True, doc="failure may have a chance of delta²")
    detuning = Number(0.0, bounds=(-0.5, 0.5), live=True, doc="error of every phase, in radians")

    arms = {
        "Fixed point": {"method": "fixed point"},
        "Grover": {"method": "Grover"},
        "Guessing": {"method": "guessing"},
    }
    presets = {
        "grover": Preset("Turn as Grover, watch the chance fall", method="Grover"),
        "many": Preset("Mark three in ten, watch Grover flicker", fraction=0.3),
        "few": Preset("Mark one in a thousand, watch guessing fail", fraction=0.001),
        "loose": Preset("Allow more failure, watch it arrive sooner", delta=0.7),
        "detuned": Preset("Detune the phases, watch the plateau break", detuning=0.1),
    }
    quantities = {
        "success": Quantity("chance to find a marked item", better="more"),
        "place": Quantity("Bloch vector: across and up", dim="axis"),
        "fall": Quantity("chance lost since the best so far"),
        "least": Quantity("least chance for any share above the threshold"),
        "threshold": Quantity("share from which the chance is above 1 − δ²", log=True),
        "error": Quantity("simulation less closed form, over all shares", log=True),
        "lemma": Quantity("recursion of the lemma less Chebyshev polynomial", log=True),
    }
    views = [
        Trajectory(
            "place",
            lines="pic.path",
            target="pic.goal",
            title="State on the Bloch sphere",
            note="seen from the side; marked is up",
        ),
        Profile(
            "pic.chance",
            "pic.bound",
            x="pic.share",
            log="x",
            roles={"pic.bound": "bound"},
            title="Chance of success",
            note="over the share of marked items",
        ),
    ]
    dtype = "float64"
    max_steps = 200

    def init(given, c, rng, backend):
        first = searched(c, 0)
        return {**first, "best": first["chance"][-1].clone(), "asked": torch.tensor(0)}

    def step(state, given, c, k, rng):
        new = searched(c, k + 1)
        best = torch.maximum(state["best"], new["chance"][-1])
        return {**new, "best": best, "asked": state["asked"] + 1}

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        success = state["chance"][-1]
        told = ("place", "threshold", "least", "error", "lemma")
        fall = state["best"] - success
        return {"success": success, "fall": fall, **{name: state[name] for name in told}}

    def picture(state, given, c):
        """Segments (m, 4): the sphere, the aim, the state's way; chance and bound by share."""
        n, share = int(state["asked"]), torch.tensor(c.fraction, dtype=torch.float64)
        angle = torch.linspace(0, 2 * math.pi, 97, dtype=torch.float64)
        circle = torch.stack([angle.sin(), angle.cos()], 1)
        aim = 1 - 2 * c.delta**2  # as high as a state with the chance 1 - delta^2
        side = math.sqrt(1 - aim**2)
        way = [start(share)] if c.method == "guessing" else search(share, *method(c).phases(n))
        way = bloch(torch.stack(way))[:, [0, 2]]
        lines = [torch.cat([path[:-1], path[1:]], 1) for path in (circle, way)]
        lines.append(torch.tensor([[-side, aim, side, aim]], dtype=torch.float64))
        return {
            "path": torch.cat(lines),
            "goal": torch.tensor([[0.0, 1.0]]),
            "share": FRACTIONS,
            "chance": state["chance"][:-1],
            "bound": torch.where(state["threshold"] <= FRACTIONS, 1 - c.delta**2, 0.0),
        }

    claims = [
        Claim(
            "formula",
            "For every share and up to 60 iterations the simulated chance is the closed form with "
            "a Chebyshev polynomial, and so is the recursion of the lemma",
            source="the lemma; the recursion from memory",
            runs=Grid(
                {"delta": (0.1, 0.3, 0.7)}, 1, stop=steps(60), keep="log", record=("error", "lemma")
            ),
            checks=(
                Check("error", lambda d: d.error.max("k"), AtMost(1e-10), over="all"),
                Check(
                    "lemma",
                    lambda d: d.lemma.max("k"),
                    AtMost(1e-10),
                    over="all",
                    label="recursion less polynomial",
                ),
            ),
            control=Control({"detuning": 0.1}, breaks=("error", "lemma")),
        ),
        Claim(
            "stays",
            "Above the threshold, which is at most (log(2/δ)/L)², the chance is at least 1 − δ² "
            "after any number of iterations",
            source="abstract; the bound from memory",
            runs=Grid(
                {"delta": (0.1, 0.3, 0.7)},
                1,
                stop=steps(100),
                keep="log",
                record=("least", "threshold"),
            ),
            checks=(
                Check(
                    "least",
                    over_bound,
                    AtLeast(1 - 1e-9),
                    over="all",
                    label="least chance over the promised one",
                ),
                Check(
                    "threshold",
                    lambda d: (
                        (d.threshold * ((2 * d.k + 1) / np.log(2 / d.delta)) ** 2)
                        .sel(k=slice(1, None))
                        .max("k")
                    ),
                    AtMost(1),
                    over="all",
                    main=False,
                    label="threshold over its bound",
                ),
            ),
            control=Control({"method": "Grover"}, breaks=("least",)),
        ),
        Claim(
            "falls",
            "Grover's chance falls from above 0.95 to below 0.1 if the search goes on",
            source="abstract; the numbers: desk",
            runs=Grid(
                {"fraction": (0.005, 0.01, 0.03, 0.05)}, 1, {"method": "Grover"}, steps(60), "log"
            ),
            checks=(
                Check(
                    "fall",
                    lambda d: d.fall.max("k"),
                    AtLeast(0.85),
                    over="all",
                    label="chance lost",
                ),
            ),
            control=Control({"method": "fixed point"}, breaks=("fall",)),
        ),
        Claim(
            "speed",
            "To lift the chance to 1 − δ² takes iterations like one over the root of the share",
            source="abstract, an optimal number of queries",
            runs=Grid({"fraction": (0.001, 0.003, 0.01, 0.03)}, 1, stop="success >= 0.91"),
            checks=(
                Check(
                    "power",
                    lambda d: slope(d.steps, d.fraction, "fraction"),
                    Within(-0.55, -0.45),
                    label="power of the share",
                ),
            ),
            control=Control(
                {"method": "guessing"}, breaks=("power",), over={"fraction": (0.03, 0.1, 0.3)}
            ),
        ),
    ]
