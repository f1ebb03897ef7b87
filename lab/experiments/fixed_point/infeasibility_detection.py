"""Iterations that cannot arrive, and how soon they show that they cannot."""

from __future__ import annotations

import numpy as np
import torch

from lab.core.fixed_point import Halpern, Picard, averaged
from lab.core.metrics import at, slope
from lab.core.problems.rotations import Rotations
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Close, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Convergence, Curves, Trajectory

END = 10_000
SEEN = "error < 0.01 * truth * truth"  # a step is within 10 % of the gap


def averaged_map(given, c):
    return averaged(lambda x: Rotations.apply(given.instance, x), c.weight)


def iteration(c):
    return Halpern(c.anchor) if c.method == "Halpern" else Picard()


def rate(name, arm):
    """Slope in k where the rate holds: past the first steps, before the slowest plane settles."""
    return lambda d: slope(d[name].sel(arm=arm), d.k, "k", window=(30, END))


def needed(arm):
    return lambda d: slope(d.steps.sel(arm=arm), d.gap, "gap")


def turning(d):
    """Error on the isometry, Picard, over the first one."""
    error = d.error.sel(arm="Picard", weight=1.0)
    return error / error.isel(k=0)


def bend(d):
    """Fall of Picard's log error from step 200 to 400 over that to 200: 1 when geometric."""
    error = np.log(d.error.sel(arm="Picard"))
    return (at(error, 400) - at(error, 200)) / (at(error, 200) - at(error, 0))


def ahead(d):
    """Decades from Halpern's error after 400 steps down to Picard's."""
    error = np.log10(at(d.error, 400))
    return error.sel(arm="Picard") - error.sel(arm="Halpern")


class InfeasibilityDetection(Experiment):
    """A nonexpansive map without a fixed point: the iterates drift off, their steps settle.

    Watch the drift, then how far a step still is from the gap, the shortest step there is.
    """

    card = Card(
        title="No fixed point",
        question="There is no solution to find. How soon can an iteration tell?",
        answer="As soon as its steps settle on the gap. What Halpern sees after k steps, Picard "
        "sees after about k².",
        why="Every step is the gap plus some turning that dies out. Slow planes turn gently but "
        "for long, and Picard waits for one after the other. Halpern averages over its whole past: "
        "turning cancels there, the gap adds up. If all planes turn alike there is no slower one "
        "to wait for, and Picard wins.",
        papers=("accelerated-infeasibility-detection-constrained-optimization-fixed-point",),
        equations=(
            r"x_{k+1} = \tfrac{1}{k+2}\,x_0 + \tfrac{k+1}{k+2}\,T x_k",
            r"\lVert x_k - T x_k - v \rVert^2 \sim \tfrac{1}{k} \text{ or } \tfrac{1}{k^2}",
        ),
        tags=("fixed point", "infeasibility", "acceleration", "linear programming"),
    )

    planes = Integer(40, bounds=(1, 400), doc="planes that turn")
    fastest = Number(1.0, bounds=(1e-4, 3.0), log=True, unit="rad", doc="largest angle")
    slowest = Number(1e-3, bounds=(1e-4, 3.0), log=True, unit="rad", doc="smallest angle")
    gap = Number(0.01, bounds=(0.0, 1.0), doc="shortest step there is; 0 has a fixed point")
    method = Selector("Halpern", objects=["Picard", "Halpern"], doc="iteration")
    weight = Number(0.5, bounds=(0.05, 1.0), live=True, doc="of the map; at 1 it only turns")
    anchor = Number(1.0, bounds=(0.0, 2.0), live=True, doc="weight of the start; 0 is Picard")

    arms = {"Picard": {"method": "Picard"}, "Halpern": {"method": "Halpern"}}
    presets = {
        "circle": Preset(
            "Turn one plane, watch Picard never settle", planes=1, fastest=0.2, weight=1.0
        ),
        "spiral": Preset("Average that turn, watch Picard win", planes=1, fastest=0.2),
        "equal": Preset("Make all planes alike, watch Picard win", fastest=0.2, slowest=0.2),
        "closed": Preset("Close the gap, watch the drift end", gap=0.0),
    }
    quantities = {
        "error": Quantity(
            "squared error of a step, ‖x − Tx − v‖²", log=True, better="less", short="error"
        ),
        "normalised": Quantity(
            "squared error of the drift per step", log=True, better="less", short="drift"
        ),
        "seen": Quantity("length of a step, ‖x − Tx‖", log=True, short="step"),
        "truth": Quantity("the gap ‖v‖", log=True, short="gap"),
        "place": Quantity("where the iterate is", dim="coordinate"),
    }
    events = {"gap seen to 10 %": SEEN}
    views = [
        Trajectory("place", field="pic.drift", equal=False, title="Drift", note="seen from aside"),
        Curves("seen", "truth", log="xy", roles={"truth": "exact"}, title="Length of a step"),
        Convergence("error", slopes=(-1, -2), title="Squared error of a step"),
    ]
    dtype = "float64"

    @given(by=("planes", "fastest", "slowest", "gap"))
    def instance(c, rng, backend):
        return Rotations(c.planes, c.fastest, c.slowest, c.gap).make(rng, backend)

    def init(given, c, rng, backend):
        return iteration(c).init(given.instance["start"].clone())

    def step(state, given, c, k, rng):
        return iteration(c).step(state, averaged_map(given, c), k)

    def observe(state, given, c):
        x, v = state["x"], c.weight * given.instance["displacement"]
        step = x - averaged_map(given, c)(x)
        way = (given.instance["start"] - x) / (
            iteration(c).drift * state["evaluations"].clamp(min=1)
        )
        return {
            "error": (step - v).square().sum(),
            "normalised": (way - v).square().sum(),
            "seen": step.norm(),
            "truth": v.norm(),
            "place": given.instance["shadow"] @ x,
        }

    def picture(state, given, c):
        """One arrow from the start, the way that everything must drift."""
        shadow = given.instance["shadow"]
        v = shadow @ given.instance["displacement"]
        arrow = -v / v.norm().clamp(min=1e-12)
        return {"drift": torch.cat([shadow @ given.instance["start"], arrow])[None]}

    def noise(c):
        """A step draws nothing."""
        return {}

    studies = {
        "sight": Grid({"gap": (0.07, 0.14, 0.28), "arm": "all"}, 12, {"planes": 160}, stop=SEEN)
    }
    claims = [
        Claim(
            "sight",
            "To see a gap to 10 % Picard needs steps in inverse proportion to its square, Halpern "
            "to the gap itself, up to a logarithm",
            source="desk",
            runs="sight",
            checks=(
                Check("picard", needed("Picard"), Within(-2.3, -1.7), label="slope"),
                Check("halpern", needed("Halpern"), Within(-1.3, -0.9), label="slope"),
                Check("seen", lambda d: d.status == "rule", AtLeast(1), over="all", main=False),
            ),
            # Without anchor Halpern is Picard; with planes alike that one needs but a few steps.
            control=Control(
                {"anchor": 0.0, "fastest": 1.0, "slowest": 1.0}, breaks=("picard", "halpern")
            ),
        ),
        Claim(
            "rates",
            "With angles spread over three decades the squared error of a step falls like 1/k for "
            "Picard and like 1/k² for Halpern, that of the drift per step like 1/k² for both, up "
            "to logarithms (steps 30 to 10,000), and a step tends to the gap",
            source="abstract and Thm 8",
            runs=Grid({"arm": "all"}, seeds=12, stop=steps(END), keep="log"),
            checks=(
                Check("picard", rate("error", "Picard"), Within(-1.15, -0.85), label="slope"),
                Check("halpern", rate("error", "Halpern"), Within(-2.1, -1.7), label="slope"),
                Check("picard drift", rate("normalised", "Picard"), Within(-2.1, -1.6)),
                Check("halpern drift", rate("normalised", "Halpern"), Within(-2.1, -1.6)),
                Check(
                    "gap",
                    lambda d: at(d.seen / d.truth, END).sel(arm="Halpern"),
                    Close(1, abs=1e-3),
                    over="all",
                ),
            ),
            # All planes so slow that none has begun to turn: nothing falls yet.
            control=Control(
                {"fastest": 1e-4, "slowest": 1e-4, "gap": 1e-4},
                breaks=("picard", "halpern", "picard drift", "halpern drift", "gap"),
                seeds=4,
            ),
            tier="standard",
        ),
        Claim(
            "alike",
            "Where all planes turn alike (half a radian, give or take a tenth) Picard's squared "
            "error is after 400 steps less than a tenth of Halpern's",
            source="desk, closed form",
            runs=Grid({"arm": "all"}, 8, {"fastest": 0.5, "slowest": 0.5}, steps(400), "log"),
            checks=(Check("ahead", ahead, AtMost(-1), label="decades"),),
            control=Control({"slowest": 1e-3}, breaks=("ahead",)),
        ),
        Claim(
            "one-plane",
            "In one plane Picard never settles on the isometry and is geometric on the averaged "
            "map; Halpern keeps below 4/(k+1)² on both",
            source="desk, closed form",
            runs=Grid(
                {"weight": (0.5, 1.0), "arm": "all"},
                8,
                {"planes": 1, "fastest": 0.2},
                steps(400),
                "log",
            ),
            checks=(
                Check("circles", turning, Close(1, abs=1e-6), over="all"),
                Check(
                    "geometric", lambda d: bend(d.sel(weight=0.5)), Close(1, abs=1e-3), over="all"
                ),
                Check(
                    "halpern",
                    lambda d: d.error.sel(arm="Halpern") * (d.k + 1) ** 2,
                    AtMost(4 + 1e-9),
                    over="all",
                ),
            ),
            # Each part has its own change: more planes, an averaged map, no anchor.
            control=Control(
                {"planes": 40, "weight": 0.9, "anchor": 0.0},
                breaks=("circles", "geometric", "halpern"),
            ),
        ),
    ]
