"""Learning to reach targets from one's own misses: regression on what was tried, repeated."""

from __future__ import annotations

import numpy as np
import torch

from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Grid,
    Integer,
    Number,
    Preset,
    Quantity,
    Selector,
    Trajectory,
    given,
    steps,
)

SYSTEMS = ("arm", "wave", "arctan")
COPIES = 4  # tries for each target in a round
WAVE = {"system": "wave", "regressor": "affine", "x": -1.0, "y": -1.0}
ONE = {"system": "arctan", "regressor": "affine", "targets": 1, "explore": 1e-3}
BORDER = 1.3917452002707  # Newton's method on arctan comes in from below


def forward(c, x):
    """What the inputs `x` (..., 2) lead to: the hand of an arm with two links, or a bent plane."""
    if c.system == "arm":
        turned = x.cumsum(-1)
        return torch.stack([turned.cos().sum(-1), turned.sin().sum(-1)], -1)
    return x + c.bend * torch.sin(2 * x) if c.system == "wave" else torch.atan(x)


def guess(c, at):
    """Inputs to begin with, for the place `at` (2,): those of an arm that bends to the left."""
    if c.system != "arm":
        return at
    reach = at.norm().clamp(0.3, 1.95)
    bent = torch.acos(reach.square() / 2 - 1)
    return torch.stack([torch.atan2(at[1], at[0]) - bent / 2, bent])


def powers(c, y):
    """Monomials of `y` (n, 2) up to degree 1 or 3, shape (n, 3) or (n, 10)."""
    a, b = y.unbind(-1)
    degree = 3 if c.regressor == "cubic" else 1
    return torch.stack([a**i * b**j for i in range(degree + 1) for j in range(degree + 1 - i)], -1)


def answers(state, c, y):
    """Inputs (n, 2) that the present inverse gives for the wanted outputs `y` (n, 2)."""
    return powers(c, (y - state["centre"]) / state["scale"]) @ state["weights"]


def fit(c, y, x):
    """Least squares of the inputs `x` on monomials of the outputs `y`, both (n, 2)."""
    centre, scale = y.mean(0), y.std(0)
    scale = torch.where(scale > 1e-9, scale, 1.0)  # nothing was explored: a constant
    features = powers(c, (y - centre) / scale)
    weights = torch.linalg.lstsq(features, x, driver="gelsd").solution
    return {"weights": weights, "centre": centre, "scale": scale}


def gain(d):
    """Powers of ten by which the distance to the targets has fallen, of the repeated fit."""
    error = d.error.sel(arm="Repeated") if "arm" in d.dims else d.error
    return np.log10(error.isel(k=0) / error.isel(k=-1))


def over_once(d):
    """Powers of ten by which the repeated fit ends nearer than the first one alone."""
    last = d.error.isel(k=-1)
    return np.log10(last.sel(arm="First fit") / last.sel(arm="Repeated"))


class IterativeInversion(Experiment):
    """Nobody shows how to reach the crosses. Try, look where that led, learn from it, try again.

    Watch the reached points march to their targets; the noise around them is the exploration.
    """

    card = Card(
        title="Learning from one's misses",
        question="You know where to go, not how. Can you learn it from trying to go there?",
        answer="Yes: what you tried is the right answer for where it led. Fit that, try again, "
        "and the misses become lessons ever closer to the targets.",
        why="Any try is a correct example of the inverse, but for another target. A fit to the "
        "first tries is asked far outside of what it saw. Repeating moves the examples to the "
        "targets. With one target and little noise this is Newton's method; it needs noise to see "
        "slopes, and a map that does not bend too much.",
        papers=("learning-control-iterative-inversion",),
        equations=(
            r"x_i = G_k(y_i^*) + \sigma z_i, \quad y_i = F(x_i)",
            r"G_{k+1} = \arg\min_G \sum_i \lVert G(y_i) - x_i \rVert^2",
        ),
        tags=("inverse problems", "control", "Newton", "exploration"),
    )

    system = Selector("arm", objects=SYSTEMS, doc="what turns inputs into outputs")
    method = Selector("repeated", objects=("repeated", "first fit"), doc="learn ever again or once")
    regressor = Selector("cubic", objects=("affine", "cubic"), doc="class of the learned inverse")
    explore = Number(
        0.1, bounds=(0.0, 1.0), live=True, doc="size of the noise that is added to every try"
    )
    bend = Number(0.5, bounds=(0.0, 2.0), doc="wave: x + bend sin 2x, monotone up to 0.5")
    targets = Integer(60, bounds=(1, 300), doc="places to reach")
    x = Number(-1.2, bounds=(-2.0, 2.0), doc="first reached place")
    y = Number(-0.6, bounds=(-2.0, 2.0), doc="first reached place")

    arms = {"Repeated": {"method": "repeated"}, "First fit": {"method": "first fit"}}
    presets = {
        "still": Preset("Explore nothing, watch it never move", explore=0.0),
        "affine": Preset("Learn only straight inverses, watch a floor", regressor="affine"),
        "bend": Preset("Bend the plane too far, watch it scatter", **WAVE, bend=2.0),
        "newton": Preset("Aim at one target, watch Newton's method", **ONE, x=1.3, y=-1.2),
    }
    quantities = {
        "error": Quantity("distance to the targets, root mean square", log=True, better="less"),
        "place": Quantity("mean reached place", dim="coordinate"),
        "tries": Quantity("tries"),
    }
    axes = ("tries",)
    views = [
        Trajectory(
            "place",
            "pic.reached",
            "pic.tries",
            target="pic.targets",
            lines="pic.lines",
            start=("x", "y"),
            title="Reached places",
            size=2,
        ),
        Convergence("error", log="y", title="Distance to the targets"),
    ]
    dtype = "float64"
    max_steps = 500

    @given(by=("system", "bend", "targets"))
    def goal(c, rng, backend):
        """Places to reach (targets, 2): images of drawn inputs, so that each has an answer."""
        if c.system == "arctan":
            return backend.zeros(c.targets, 2)
        drawn = rng.uniform("targets", (c.targets, 2)) - 0.5
        centre = rng.uniform("centre", (2,)) - 0.5
        if c.system == "arm":
            return forward(c, backend.tensor([0.5, 1.3]) + 0.4 * centre + 1.2 * drawn)
        return forward(c, backend.tensor([1.0, 1.0]) + centre + 1.5 * drawn)

    def init(given, c, rng, backend):
        at = backend.tensor([float(c.x), float(c.y)])
        x = guess(c, at)
        weights = backend.zeros(10 if c.regressor == "cubic" else 3, 2)
        weights[0] = x  # the same answer for every target
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        tries = forward(c, x + 0 * given.goal.repeat(COPIES, 1))
        inverse = {"weights": weights, "centre": zero, "scale": one}
        return {**inverse, "tries": tries, "count": 0}

    def step(state, given, c, k, rng):
        wanted = given.goal.repeat(COPIES, 1)
        x = answers(state, c, wanted) + c.explore * rng.normal("explore", wanted.shape)
        tries = forward(c, x)
        inverse = {name: state[name] for name in ("weights", "centre", "scale")}
        if c.method == "repeated" or k == 0:
            inverse = fit(c, tries, x)
        return {**inverse, "tries": tries, "count": state["count"] + len(tries)}

    def observe(state, given, c):
        reached = forward(c, answers(state, c, given.goal))
        return {
            "error": (reached - given.goal).square().sum(1).mean().sqrt(),
            "place": reached.mean(0),
            "tries": state["count"],
        }

    def picture(state, given, c):
        """Where the present answers lead, the last noisy tries, the targets, and the gaps."""
        x = answers(state, c, given.goal)
        reached = forward(c, x)
        lines = torch.cat([reached, given.goal], 1)
        if c.system == "arm":  # its two links, on the way to the first target
            elbow = torch.stack([x[0, 0].cos(), x[0, 0].sin()])
            joints = torch.stack([torch.zeros_like(elbow), elbow, reached[0]])
            lines = torch.cat([lines, torch.cat([joints[:-1], joints[1:]], 1)])
        return {
            "reached": reached,
            "tries": state["tries"],
            "targets": given.goal,
            "lines": lines,
        }

    claims = [
        Claim(
            "steers",
            "An arm that begins with one constant guess brings its distance to the targets down to "
            "a tenth or less within 20 rounds, in the median; a fit to the first tries alone stays "
            "ten times further off",
            source="abstract; the arm and the figures: desk",
            runs=Grid({"arm": "all"}, 16, stop=steps(20), keep="log", record=("error",)),
            checks=(
                Check("gain", gain, AtLeast(1.0), over="median", label="powers of ten won"),
                Check(
                    "shift",
                    over_once,
                    AtLeast(1.0),
                    over="median",
                    label="powers of ten to the first fit",
                ),
            ),
            control=Control({"explore": 0.0}, breaks=("gain", "shift"), seeds=9),
        ),
        Claim(
            "linear",
            "Where the map is linear two rounds find the inverse to rounding",
            source="desk; abstract: strict conditions on the function",
            runs=Grid(set={**WAVE, "bend": 0.0}, stop=steps(2)),
            checks=(Check("error", lambda d: d.error, AtMost(1e-9), label="distance"),),
            control=Control({"bend": 0.3}, breaks=("error",), seeds=3),
        ),
        Claim(
            "bend",
            "With straight inverses the distance falls tenfold within 20 rounds as long as the map "
            "is monotone, from as far as twice its wave",
            source="desk; abstract: strict conditions on the function",
            runs=Grid({"bend": (0.1, 0.3, 0.5)}, 8, WAVE, steps(20), "log", ("error",)),
            checks=(
                Check("gain", lambda d: gain(d).min("bend"), AtLeast(1.0), label="powers of ten"),
            ),
            control=Control({"bend": 2.0}, breaks=("gain",)),
        ),
        Claim(
            "newton",
            "With one target, little noise and straight inverses it is Newton's method: on arctan "
            "it comes in exactly from below 1.3917",
            source="desk, closed form",
            runs=Grid({"x": (1.2, 1.35, 1.38, 1.4, 1.43, 1.6)}, 8, {**ONE, "y": 0.5}, steps(20)),
            checks=(
                Check(
                    "border",
                    lambda d: ((d.error < 1e-3) == (d.x < BORDER)).mean("x"),
                    AtLeast(1.0),
                    over="all",
                    label="share of starts as foretold",
                ),
            ),
            control=Control({"explore": 1.0}, breaks=("border",), seeds=3),
        ),
    ]
