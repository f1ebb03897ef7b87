"""The cobweb of a map of one number: straight to the fixed point, tilted, or along a secant."""

from __future__ import annotations

import math

import torch

from lab.core.aitken import Steffensen, aitken
from lab.engine import (
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Grid,
    Number,
    Preset,
    Quantity,
    Selector,
    Trajectory,
    Within,
    given,
    steps,
)

# Each with its value, its fixed point, and the ends of the window in which it is drawn.
MAPS = {
    "cosine": (lambda x, a: a * torch.cos(x), lambda a: _cosine(a), (-1.0, 2.0)),
    "logistic": (lambda x, a: a * x * (1 - x), lambda a: max(1 - 1 / a, 0.0), (0.0, 1.0)),
    "square root": (lambda x, a: (x + a / x) / 2, math.sqrt, (0.4, 2.6)),
}
LEGS = {"Picard": 2, "averaged": 2, "Steffensen": 4}  # of the web in one iteration


def _cosine(a):
    """Where x = a cos x."""
    x = 0.5
    for _ in range(60):
        x -= (x - a * math.cos(x)) / (1 + a * math.sin(x))
    return x


def late(low, high):
    """A measure: factor of the error in an evaluation while it falls from `high` to `low`, over
    the slope of the map at the fixed point."""

    def measure(d):
        error = d.error.where((d.k % 2 == 0) & (d.error < high) & (d.error > low), drop=True)
        fallen = (error.max("k") / error.min("k")) ** (1 / (error.count("k") - 1))
        return (1 / fallen / abs(d.slope.max("k"))).mean("a")

    return measure


def squared(legs):
    """A measure: each error over the constant times the square of the one before, while both are
    small and above rounding; an iteration has so many legs."""

    def measure(d):
        old = d.error.sel(k=d.k[d.k % legs == 0])
        new = old.shift(k=-1)
        ratio = (new / old**2).where((old < 0.02) & (new > 1e-12))
        return (ratio / d.constant).mean(("k", "a"))

    return measure


class Cobweb(Experiment):
    """Up or down to the curve, across to the diagonal, and again. Watch the web wind inwards or
    outwards, and what tilting its legs does.
    """

    card = Card(
        title="Cobwebs",
        question="A rule turns a number into the next. Does repeating it settle?",
        answer="If the curve is flatter than the diagonal where they meet; if it is steep and "
        "falls, averaging still settles, and a secant settles almost anywhere.",
        why="Each step goes to the curve, then back to the diagonal. Near the crossing the error "
        "is multiplied by the curve's slope. Averaging tilts the way back and so turns the slope "
        "s into 1 − w + w s. Steffensen walks two steps, lays a line through both points, and "
        "follows it to the diagonal.",
        equations=(
            r"x_{k+1} = T(x_k), \quad e_{k+1} \approx T'(x^*)\, e_k",
            r"x_{k+1} = (1 - w)\,x_k + w\,T(x_k)",
            r"x_{k+1} = x_k - \frac{(Tx_k - x_k)^2}{TTx_k - 2\,Tx_k + x_k}",
        ),
        tags=("fixed point", "cobweb", "averaging", "extrapolation"),
    )

    map = Selector("cosine", objects=list(MAPS), doc="a cos x, a x (1 − x), or (x + a/x) / 2")
    method = Selector("Picard", objects=list(LEGS), doc="how to get back to the diagonal")
    a = Number(1.2, bounds=(0.3, 4.0), doc="the map's number a")
    weight = Number(0.5, bounds=(0.0, 1.0), live=True, doc="averaged: weight w of the map")
    x = Number(0.2, bounds=(0.05, 2.0), doc="start")

    arms = {name: {"method": name} for name in LEGS}
    presets = {
        "steep": Preset("Steepen the cosine, watch two values alternate", a=1.6),
        "tilt": Preset("Average the steep one, watch it settle", a=1.6, method="averaged"),
        "chaos": Preset("Take 3.8 x (1 − x), watch it never settle", map="logistic", a=3.8),
        "secant": Preset(
            "Lay a secant, watch digits double", map="logistic", a=3.8, method="Steffensen"
        ),
        "root": Preset("Take roots as Babylon did, watch one leap", map="square root", a=2.0),
    }
    quantities = {
        "error": Quantity("distance to the fixed point", log=True, better="less", short="error"),
        "law": Quantity("its leading law, from the slope", log=True, short="law"),
        "slope": Quantity("slope of the map at its fixed point"),
        "constant": Quantity("new error over the square of the old, where the slope is beaten"),
        "place": Quantity("end of the web", dim="axis"),
        "evaluations": Quantity("evaluations of the map"),
    }
    axes = ("evaluations",)
    views = [
        Trajectory(
            "place",
            lines="pic.curve",
            target="pic.point",
            start=("x", "x"),
            title="Cobweb",
            note="curve, its tangent, diagonal",
        ),
        Convergence("error", "law", log="y", bounds=("law",), title="Error"),
    ]
    dtype = "float64"
    blowup = 1e3
    max_steps = 2_000

    @given(by=("map", "a"))
    def local(c, rng, backend):
        """Fixed point, slope there, half the curvature there, and Steffensen's constant."""
        T, fixed, _ = MAPS[c.map]
        s = backend.tensor(float(fixed(c.a)))
        first = torch.func.grad(lambda x: T(x, c.a))
        slope, curvature = first(s), torch.func.grad(first)(s)
        constant = Steffensen.constant(slope, curvature).abs()
        return {"point": s, "slope": slope, "half": curvature.abs() / 2, "constant": constant}

    def init(given, c, rng, backend):
        # The seed moves the start a little, so that claims are about many.
        x = backend.tensor(float(c.x)) + 0.1 * (rng.uniform("start", ()) - 0.5)
        return {
            "x": x,
            "y": x.clone(),
            "place": torch.stack([x, x]),
            "law": (x - given.local["point"]).abs(),
            "evaluations": torch.tensor(0),
        }

    def step(state, given, c, k, rng):
        """One leg: up or down to the curve, or back to the diagonal."""
        T, known = MAPS[c.map][0], given.local
        x, y, law, evaluations = (state[n] for n in ("x", "y", "law", "evaluations"))
        leg = k % LEGS[c.method]
        if leg == 0:
            y = T(x, c.a)
            place, evaluations = (x, y), evaluations + 1
        elif leg == 2:
            place, evaluations = (y, T(y, c.a)), evaluations + 1
        elif leg == 1 and c.method == "Steffensen":
            place = (y, y)
        else:
            if c.method == "Steffensen":
                x, law = aitken(x, y, state["place"][1]), known["constant"] * law**2
            else:
                weight = c.weight if c.method == "averaged" else 1.0
                x = torch.lerp(x, y, weight)
                law = law * (1 - weight + weight * known["slope"]).abs()
            place = (x, x)
        where = torch.stack(place)
        return {"x": x, "y": y, "place": where, "law": law, "evaluations": evaluations}

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        known = given.local
        return {
            "error": (state["x"] - known["point"]).abs(),
            "law": state["law"].clamp(1e-17, 1e2),
            "slope": known["slope"],
            "constant": known["constant" if c.method == "Steffensen" else "half"],
            "place": state["place"],
            "evaluations": state["evaluations"],
        }

    def picture(state, given, c):
        """Segments (m, 4) of curve, diagonal and tangent; the fixed point (1, 2)."""
        T, _, (low, high) = MAPS[c.map]
        s, slope = given.local["point"], given.local["slope"]
        x = torch.linspace(low, high, 81, dtype=s.dtype)
        curve = torch.stack([x, T(x, c.a)], 1)
        across = 0.25 * (high - low) / (1 + slope**2).sqrt() * torch.tensor([-1.0, 1.0])
        tangent = torch.stack([s + across, s + slope * across], 1)
        diagonal = torch.tensor([[low, low], [high, high]], dtype=s.dtype)
        parts = [torch.cat([p[:-1], p[1:]], 1) for p in (curve, tangent, diagonal)]
        return {"curve": torch.cat(parts), "point": torch.stack([s, s])[None]}

    claims = [
        Claim(
            "slope",
            "Picard's error shrinks in each evaluation by the slope of the map at the fixed point",
            source="desk, the mean value theorem",
            runs=Grid({"a": (0.7, 0.9, 1.2)}, 8, stop="error < 1e-12 or k >= 600", keep="log"),
            checks=(
                Check("slope", late(1e-11, 1e-3), Within(0.98, 1.02), label="factor over slope"),
            ),
            control=Control({"method": "averaged"}, breaks=("slope",)),
        ),
        Claim(
            "tilt",
            "Where the slope is below −1, averaging by halves settles and Picard does not",
            source="desk",
            runs=Grid(
                {"a": (3.2, 3.5, 3.8)}, 8, {"map": "logistic", "method": "averaged"}, steps(200)
            ),
            checks=(Check("settles", lambda d: d.error, AtMost(1e-10), over="all", label="error"),),
            control=Control({"method": "Picard"}, breaks=("settles",)),
        ),
        Claim(
            "secant",
            "Steffensen's error becomes the old one squared, times a constant of two derivatives",
            source="desk, closed form",
            runs=Grid(
                {"a": (0.7, 1.0, 1.6)}, 8, {"method": "Steffensen", "x": 0.5}, steps(12), "log"
            ),
            checks=(
                Check(
                    "constant", squared(4), Within(0.98, 1.02), label="constant over closed form"
                ),
            ),
            control=Control({"method": "averaged"}, breaks=("constant",)),
        ),
        Claim(
            "root",
            "Babylon's rule is flat at the root: its error becomes the old one squared, over 2√a",
            source="desk, closed form",
            runs=Grid({"a": (1.0, 2.0, 3.0)}, 8, {"map": "square root", "x": 1.0}, steps(6), "log"),
            checks=(
                Check(
                    "constant", squared(2), Within(0.98, 1.02), label="constant over closed form"
                ),
            ),
            control=Control({"method": "averaged"}, breaks=("constant",)),
        ),
    ]
