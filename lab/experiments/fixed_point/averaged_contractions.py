"""Averaging the steps of a contraction: a power law whose exponent the contraction sets."""

from __future__ import annotations

import math

import torch

from lab.core.metrics import slope
from lab.core.problems.decision import Decisions, bellman, best
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
    Normal,
    Number,
    Plane,
    Preset,
    Quantity,
    Selector,
    Trajectory,
    Within,
    given,
    steps,
)

PROBLEMS = ("plane", "simplex", "decisions")
CORNERS = torch.tensor(
    [[math.cos(t), math.sin(t)] for t in (math.pi * (1 / 2 + 2 * j / 3) for j in range(3))],
    dtype=torch.float64,
)
STATES = 10  # of the decision process
NEAR = {"angle": 0.0, "x": -0.3, "y": -0.2}
MANY = {**NEAR, "planes": 10}
WATCHED = {"stop": steps(3_000), "keep": "log", "record": ("divergence",)}
LATE = (300, 3_000)  # where slopes are read
LEAST = -8.0  # of the drawn exponents
FLOOR = 1e-26  # divergences below are drawn here: rounding, in any problem not centred at 0


def weight(c, k):
    """Weight of the map in step k."""
    return {"averaged": c.power / (k + c.power), "damped": 0.5, "Picard": 1.0}[c.method]


def apply(given, c, u):
    """The map in dual coordinates with its fixed point at 0, shape (..., d) to itself."""
    p = given.map
    if c.problem == "decisions":
        return bellman(p["process"], p["point"] + u) - p["point"]
    planes = torch.view_as_complex(u.unflatten(-1, (-1, 2)))
    return torch.view_as_real(p["modes"] * planes).flatten(-2)


def divergence(given, c, u):
    """Bregman divergence to the fixed point: half the squared distance, or KL on the simplex."""
    if c.problem != "simplex":
        return 0.5 * u.square().sum(-1)
    point = given.map["point"]
    tilt = torch.cat([u, u.new_zeros(1)])
    total = (point * torch.expm1(tilt)).sum()  # of the weights p e^tilt, less 1
    return (point * tilt.exp() * tilt).sum() / (1 + total) - torch.log1p(total)


def drawn(given, c, uv):
    """Where a pair of dual coordinates (..., 2) lies in the picture; a triangle for the simplex."""
    if c.problem != "simplex":
        return uv
    logits = given.map["point"].log()[[0, 1, -1]]
    shares = torch.softmax(logits + torch.cat([uv, torch.zeros_like(uv[..., :1])], -1), -1)
    return shares @ CORNERS


def undrawn(given, c, xy):
    """The inverse of `drawn`; beyond the triangle, the nearest share of 2 %."""
    if c.problem != "simplex":
        return xy
    shares = ((1 + 2 * xy @ CORNERS.mT) / 3).clamp(min=0.02)
    shares = shares / shares.sum(-1, keepdim=True)
    logits = shares.log() - given.map["point"].log()[[0, 1, -1]]
    return logits[..., :2] - logits[..., 2:]


def off(problem):
    """Largest distance, over the settings, of the measured power of k from the foretold one."""

    def measure(d):
        d = d.sel(problem=problem)
        return abs(slope(d.divergence, d.k, "k", LATE) + 2 * d.power * (1 - d.q)).max(
            ("q", "power")
        )

    return measure


def quiet(name, arm, law, **noise):
    """A check of the mean divergence under noise over its closed form, in squares of the noise.

    In a mode of real factor q noise in the map ends as p² / ((2p(1 - q) - 1) k), outside of it as
    k / (2p(1 - q) + 1), and under Picard as 1 / (1 - q²); half of it, in two coordinates.
    """

    def measure(d):
        return d.divergence.sel(arm=arm, **noise).mean("seed") / 0.1**2 / law

    return Check(name, measure, Within(0.7, 1.3), over="pooled", label="measured over law")


class AveragedContractions(Experiment):
    """A contraction is mixed into the iterate with a weight that falls like p/k.

    Watch the path slow down on its way in, and the measured exponent settle on its line.
    """

    card = Card(
        title="Averaging a contraction",
        question="Each step mixes a little less of the map into the iterate. Does that speed it "
        "up, and is 1/t² what one gets?",
        answer="The exponent is 4(1 − q), which is 2 only for q up to one half; without noise the "
        "bare map is faster than any of it.",
        why="Weights p/k shrink the slowest mode by 1 − p(1 − q)/k in a step, and the product of "
        "these is a power of k. So the map's factor q and the schedule's p set the exponent, in "
        "every geometry. What averages buy is another thing: noise in the map dies out, and maps "
        "that only turn settle.",
        papers=("iterate-accelerate",),
        equations=(
            r"\nabla\phi(x_{k+1}) = (1-a_k)\nabla\phi(x_k) + a_k\nabla\phi(Tx_k), \quad "
            r"a_k = \tfrac{p}{k+p}",
            r"D_\phi(x_k, x^*) \sim k^{-2p(1 - q\cos t)}",
        ),
        tags=("fixed point", "averaging", "mirror descent", "value iteration"),
    )

    problem = Selector("plane", objects=PROBLEMS, doc="map: turns, mixes shares, or plans")
    method = Selector("averaged", objects=("averaged", "damped", "Picard"), doc="iteration")
    q = Number(0.85, bounds=(0.0, 1.0), doc="factor of the map; discount of the decisions")
    angle = Number(0.6, bounds=(0.0, math.pi), doc="turn of the slowest mode, not of decisions")
    power = Number(2.0, bounds=(0.5, 10.0), live=True, doc="p of the weights p/(k + p); paper: 2")
    inside = Number(0.0, bounds=(0.0, 0.5), live=True, doc="noise in the map's values")
    outside = Number(0.0, bounds=(0.0, 0.5), live=True, doc="noise added to the iterate")
    planes = Integer(1, bounds=(1, 50), doc="modes that turn, the slowest is drawn")
    x = Number(-1.2, bounds=(-1.5, 1.5), doc="start")
    y = Number(-0.8, bounds=(-1.5, 1.5), doc="start")

    arms = {name.capitalize(): {"method": name} for name in ("averaged", "damped", "Picard")}
    presets = {
        "half": Preset("Contract by 0.3, watch more than 1/t²", q=0.3, angle=0.0),
        "fails": Preset("Contract by 0.9, watch 1/t² fail", q=0.9, angle=0.0),
        "turn": Preset("Only turn, watch averages settle anyway", q=1.0, angle=1.2),
        "noise": Preset("Disturb the map, watch averages quieten it", inside=0.2, q=0.6),
        "values": Preset("Plan by value iteration, watch it crawl", problem="decisions", q=0.9),
        "simplex": Preset("Mix three shares, watch the same law", problem="simplex", angle=0.0),
    }
    quantities = {
        "divergence": Quantity(
            "divergence to the fixed point", log=True, better="less", short="measured"
        ),
        "law": Quantity("foretold without noise", log=True, short="foretold"),
        "exponent": Quantity("exponent over the last doubling of k"),
        "place": Quantity("the slowest mode, less the fixed point", dim="coordinate"),
    }
    views = [
        Trajectory(
            "place",
            field="pic.field",
            target="pic.point",
            lines="pic.border",
            start=("x", "y"),
            title="Path",
            size=2,
        ),
        Convergence("divergence", "law", slopes=(-2,), roles={"law": "exact"}, title="Divergence"),
        Plane(
            "pic.here",
            lines="pic.line",
            equal=False,
            title="Exponent",
            note="q cos t across; level: the 1/t² of the paper",
        ),
    ]
    dtype = "float64"

    @given(by=("problem", "q", "angle", "planes"))
    def map(c, rng, backend):
        """The map and its fixed point, in dual coordinates."""
        if c.problem == "decisions":
            process = Decisions(STATES, 3, c.q).make(rng, backend)
            policy = best(process).policy
            moves = torch.einsum("sa,san->sn", policy, process["moves"])
            reward = (policy * process["reward"]).sum(-1)
            eye = backend.eye(STATES)
            return {"process": process, "point": torch.linalg.solve(eye - c.q * moves, reward)}
        # The slowest mode, and others anywhere to the left of it in the disc of radius q.
        real, n = c.q * math.cos(c.angle), c.planes - 1
        others = -c.q + (real + c.q) * rng.uniform("real", (n,))
        bound = (c.q**2 - others.square()).clamp(min=0).sqrt()
        first = torch.tensor([complex(real, c.q * math.sin(c.angle))], dtype=torch.complex128)
        return {
            "modes": torch.cat([first, torch.complex(others, bound * rng.uniform("imag", (n,)))]),
            "point": torch.softmax(0.5 * rng.normal("point", (2 * c.planes + 1,)), 0),
        }

    def init(given, c, rng, backend):
        if c.problem == "decisions":
            u = -given.map["point"]  # every value 0, but those of the start
        else:
            # Most of the start is in the slowest mode: the others soon leave the power to it.
            u = 0.15 * rng.normal("start", (AveragedContractions.size(c),))
        at = torch.stack([torch.as_tensor(v, dtype=u.dtype) for v in (c.x, c.y)])
        u[:2] = undrawn(given, c, at)
        first = divergence(given, c, u)
        return {"u": u, "k": first.new_zeros(()), "first": first, "marks": first.repeat(2)}

    def size(c):
        """Number of dual coordinates."""
        return STATES if c.problem == "decisions" else 2 * c.planes

    def noise(c):
        """A disturbance of the map and one of the iterate, in each coordinate."""
        return {"z": Normal((2, AveragedContractions.size(c)))}

    def step(state, given, c, k, rng):
        mapped = apply(given, c, state["u"]) + c.inside * rng["z"][0]
        u = torch.lerp(state["u"], mapped, weight(c, k)) + c.outside * rng["z"][1]
        marks = state["marks"]
        if k & (k + 1) == 0:  # k + 1 is a power of two
            marks = torch.stack([marks[1], divergence(given, c, u)])
        return {"u": u, "k": state["k"] + 1, "first": state["first"], "marks": marks}

    def law(c, k):
        """Share of the divergence that is foretold to be left after `k` steps, shape ()."""
        q = torch.as_tensor(c.q, dtype=k.dtype)
        turn = torch.as_tensor(0.0 if c.problem == "decisions" else c.angle, dtype=k.dtype)
        if c.method == "averaged":
            return k.clamp(min=1) ** (-2 * c.power * (1 - q * turn.cos()))
        a = weight(c, 0)
        return ((1 - a) ** 2 + 2 * a * (1 - a) * q * turn.cos() + (a * q) ** 2) ** k

    def observe(state, given, c):
        u, marks = state["u"], state["marks"]
        law = state["first"] * AveragedContractions.law(c, state["k"])
        return {
            "divergence": divergence(given, c, u).clamp(min=FLOOR),
            "law": law.clamp(min=FLOOR),
            "exponent": (marks[1] / marks[0]).log2().nan_to_num(LEAST).clamp(LEAST, -LEAST),
            "place": drawn(given, c, u[:2]),
        }

    def picture(state, given, c):
        """The field of T x - x (m, 4), the fixed point, the simplex, and where the exponent is."""
        if c.problem == "simplex":
            parts = [(i, j, 12 - i - j) for i in range(1, 12) for j in range(1, 12 - i)]
            grid = torch.tensor(parts, dtype=torch.float64) / 12 @ CORNERS
        else:
            side = torch.linspace(-1.5, 1.5, 11, dtype=torch.float64)
            grid = torch.cartesian_prod(side, side)
        u = state["u"].repeat(len(grid), 1)
        u[:, :2] = undrawn(given, c, grid)
        arrows = 0.3 * (drawn(given, c, apply(given, c, u)[:, :2]) - grid)
        border = torch.cat([CORNERS, CORNERS.roll(-1, 0)], 1)
        across = torch.linspace(-1, 1, 41, dtype=torch.float64)
        line = torch.stack([across, (-2 * c.power * (1 - across)).clamp(min=LEAST)], 1)
        real = c.q * (1.0 if c.problem == "decisions" else math.cos(c.angle))
        exponent = float(AveragedContractions.observe(state, given, c)["exponent"])
        return {
            "field": torch.cat([grid, arrows], 1),
            "point": drawn(given, c, torch.zeros(1, 2, dtype=torch.float64)),
            "border": border if c.problem == "simplex" else border[:0],
            "line": torch.cat(
                [torch.cat([line[:-1], line[1:]], 1), torch.tensor([[-1.0, -2.0, 1.0, -2.0]])]
            ),
            "here": torch.tensor([[real, exponent]], dtype=torch.float64),
        }

    claims = [
        Claim(
            "paper",
            "Without noise the divergence of the averaged iterates falls at least like 1/k², for "
            "contractions by 0.3, 0.7 and 0.9",
            source="abstract; the weights 2/(k + 2) from memory",
            runs=Grid({"q": (0.3, 0.7, 0.9)}, set=MANY, **WATCHED),
            checks=(
                Check(
                    "slowest",
                    lambda d: slope(d.divergence, d.k, "k", LATE).max("q"),
                    AtMost(-2.0),
                    label="power of k",
                ),
            ),
            control=Control({"outside": 0.1}, breaks=("slowest",), seeds=3),
            expected="fails",
            why="The slowest mode shrinks by 1 − 2(1 − q)/(k + 2), and the product is a power of k "
            "by Gamma functions: −4(1 − q), above −2 as soon as q exceeds one half.",
        ),
        Claim(
            "law",
            "The power is −2p(1 − q cos t) for weights p/(k + p) and slowest eigenvalue q e^(it): "
            "in the plane, on the simplex in KL, and for value iteration with discount q",
            source="desk, closed form; the three settings: abstract",
            runs=Grid(
                {"problem": PROBLEMS, "q": (0.3, 0.6, 0.9), "power": (2.0, 4.0)},
                set=MANY,
                **WATCHED,
            ),
            checks=tuple(
                Check(name, off(name), AtMost(0.1), label="largest distance from the law")
                for name in PROBLEMS
            ),
            control=Control({"method": "damped"}, breaks=PROBLEMS, seeds=2),
            tier="standard",
        ),
        Claim(
            "bare",
            "Without noise the bare map comes to a divergence of 0.000001 in a tenth of the steps "
            "or fewer, for factors of 0.5 and 0.6: one error is geometric, the other a power of k",
            source="desk",
            runs=Grid(
                {"q": (0.5, 0.6), "arm": ("Averaged", "Picard")},
                set=MANY,
                stop="divergence < 0.000001 or k >= 4000",
            ),
            checks=(
                Check(
                    "steps",
                    lambda d: (d.steps.sel(arm="Averaged") / d.steps.sel(arm="Picard")).min("q"),
                    AtLeast(10.0),
                    label="steps over Picard's",
                ),
            ),
            control=Control({"inside": 0.05}, breaks=("steps",), seeds=3),
        ),
        Claim(
            "noise",
            "Averages quieten noise in the map's values like 1/k where Picard keeps a floor; noise "
            "added to the iterates themselves piles up like k",
            source="desk, closed form",
            runs=Grid(
                {"arm": ("Averaged", "Picard"), "inside": (0.0, 0.1), "outside": (0.0, 0.1)},
                seeds=300,
                set={**NEAR, "q": 0.5},
                stop=steps(1_000),
            ),
            checks=(
                quiet("inside", "Averaged", 4 / 1_000, inside=0.1, outside=0.0),
                quiet("floor", "Picard", 1 / (1 - 0.5**2), inside=0.1, outside=0.0),
                quiet("outside", "Averaged", 1_000 / 3, inside=0.0, outside=0.1),
            ),
            control=Control({"method": "damped"}, breaks=("inside", "floor", "outside"), seeds=50),
        ),
    ]
