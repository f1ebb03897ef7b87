"""An equilibrium layer and the flow that leads to it: homotopy beside Newton's jumps."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import root

from lab.core.contours import level_sets
from lab.core.flows import Kutta
from lab.core.metrics import first
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

METHODS = ("Newton flow", "Newton", "relaxation", "Picard")
STARTS = ("drawn", "learned")
BELOW = {"x": 0.25, "y": -1.25}
ROOTS = 9  # at most kept, for the picture
ARRIVED = 1e-5
WIDE = {"n": 20, "x": 0.0, "y": 0.0, "spread": 0.5}
LEARNERS = ("Newton flow", "Relaxation", "Picard")
OTHERS = 30  # inputs that the learned start has seen


def missing(layer, z):
    """r(z) = z - tanh(W z + b), shape (..., n), of a layer with `weights` W and `input` b."""
    return z - torch.tanh(z @ layer["weights"].mT + layer["input"])


def slopes(layer, z):
    """r'(z) = I - diag(1 - tanh²) W, shape (..., n, n)."""
    weights = layer["weights"]
    flat = 1 - torch.tanh(z @ weights.mT + layer["input"]).square()
    return torch.eye(len(weights), dtype=z.dtype) - flat[..., None] * weights


def newton(layer, z):
    """Newton's step -r'(z)^-1 r(z), shape (..., n)."""
    return -torch.linalg.solve_ex(slopes(layer, z), missing(layer, z)[..., None])[0][..., 0]


def side(layer, z):
    """Sign of det r'(z), shape (...)."""
    return torch.linalg.slogdet(slopes(layer, z))[0]


def equilibria(layer):
    """Zeros of r by scipy's hybrid method, shape (j, n): from a grid in the plane, else one.

    Where it finds none, the point at which it gave up.
    """
    n = len(layer["input"])
    across = torch.linspace(-1.1, 1.1, 9, dtype=torch.float64)
    drawn = torch.rand(5, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = []

    def r(z):
        return missing(layer, torch.from_numpy(z)).numpy()

    def jacobian(z):
        return slopes(layer, torch.from_numpy(z)).numpy()

    for start in torch.cartesian_prod(across, across) if n == 2 else 2 * drawn - 1:
        end = root(r, start.numpy(), jac=jacobian, tol=1e-12)
        z = torch.from_numpy(end.x)
        if end.success and all((z - other).norm() > 1e-6 for other in found):
            found.append(z)
            if n > 2:
                break
    return torch.stack(found or [z])


def unfolded(d):
    """Runs in which det r' has kept its sign; rows after the end of a run are not there."""
    folds = d.folds.max("k") if "k" in d.folds.dims else d.folds
    return folds == 0


def arrived(d):
    """Share of those at an equilibrium, over the gains."""
    there = d.residual.isel(k=-1) < ARRIVED
    return there.where(unfolded(d)).mean("gain")


def off_law(d):
    """Of those, in the median over the gains, the largest distance of log r from log r_0 - t."""
    return abs(np.log((d.residual / d.law).clip(1e-300))).max("k").where(unfolded(d)).median("gain")


def lead(d):
    """Share of the flow's runs that arrive, over the gains, less that of the repeated layer's."""
    there = (d.residual < ARRIVED).astype(float).mean("gain")
    return there.sel(arm="Newton flow") - there.sel(arm="Picard")


def saved(arm):
    """Steps, all of one cost, from the learned start over those from zero."""

    def measure(d):
        needed = first(d.residual.sel(arm=arm), below=1e-6)
        return needed.sel(start="learned") / needed.sel(start="drawn")

    return measure


class FlowToEquilibrium(Experiment):
    """A layer z = tanh(W z + b) feeds on itself until it agrees. Watch four ways to that point.

    Crosses are equilibria. On the lines the Jacobian is singular: there a flow ends.
    """

    card = Card(
        title="Two sides of a coin",
        question="A layer is defined by the point where it agrees with itself. Jump, or flow?",
        answer="Both arrive at the same point; the flow also where repeating the layer does not, "
        "unless a fold of the layer lies across its path.",
        why="Along the Newton flow the misfit r keeps its direction and shrinks like e^(-t): an "
        "equilibrium layer has become an ordinary differential equation. Newton's method is its "
        "Euler step of length one. The path exists while det r' keeps its sign. A start learned "
        "from other inputs shortens the way.",
        papers=("two-sides-same-coin",),
        equations=(
            r"r(z) = z - \tanh(Wz + b), \quad \dot z = -r'(z)^{-1} r(z)",
            r"r(z_t) = e^{-t}\, r(z_0)",
        ),
        tags=("fixed point", "deep equilibrium", "neural ODE", "homotopy"),
    )

    method = Selector("Newton flow", objects=METHODS, doc="way to the equilibrium")
    gain = Number(1.8, bounds=(0.1, 8.0), log=True, doc="size of W; below 1 the layer contracts")
    angle = Number(2.2, bounds=(0.0, math.pi), doc="turn of W in its first plane")
    n = Integer(2, bounds=(2, 40), doc="units, an even number")
    spread = Number(0.5, bounds=(0.0, 3.0), doc="how unlike the inputs are")
    length = Number(0.1, bounds=(0.01, 1.0), log=True, doc="step of the flows in time")
    start = Selector("drawn", objects=STARTS, doc="at x and y, or the mean of other equilibria")
    x = Number(-1.5, bounds=(-2.0, 2.0), doc="start")
    y = Number(1.2, bounds=(-2.0, 2.0), doc="start")

    arms = {
        "Newton flow": {"method": "Newton flow"},
        "Newton": {"method": "Newton"},
        "Relaxation": {"method": "relaxation", "length": 0.5},
        "Picard": {"method": "Picard"},
    }
    presets = {
        "agree": Preset("Let the layer contract, watch all agree", gain=0.9, angle=1.0),
        "fold": Preset("Fold the layer, watch the flow end there", gain=2.0, angle=0.3, **BELOW),
        "many": Preset("Take twenty units, watch who arrives", n=20, gain=3.0, x=0.0, y=0.0),
        "learned": Preset("Start where others ended, watch it save", start="learned", spread=0.2),
    }
    quantities = {
        "residual": Quantity("misfit, ‖z − tanh(Wz + b)‖", log=True, better="less", short="misfit"),
        "law": Quantity("its law, e^(-t)", log=True, short="e^(-t)"),
        "distance": Quantity(
            "distance to the nearest point that scipy finds", log=True, better="less"
        ),
        "place": Quantity("the first two units", dim="unit"),
        "folds": Quantity("changes of sign of det r'"),
        "evaluations": Quantity("evaluations of the layer"),
    }
    axes = ("evaluations",)
    events = {"fold crossed": "folds > 0"}
    views = [
        Trajectory(
            "place",
            field="pic.field",
            target="pic.equilibria",
            lines="pic.folds",
            start=("x", "y"),
            title="State of the layer",
            size=2,
        ),
        Convergence("residual", "law", log="y", roles={"law": "exact"}, title="Misfit"),
    ]
    dtype = "float64"
    max_steps = 5_000

    @given(by=("n", "gain", "angle", "spread"))
    def layer(c, rng, backend):
        """W = gain times a normal orthogonal matrix, b, and other inputs that share a part of b."""
        half = c.n // 2
        turns = torch.cat([backend.tensor([c.angle]), math.pi * rng.uniform("turns", (half - 1,))])
        cos, sin = turns.cos(), turns.sin()
        blocks = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
        basis = torch.linalg.qr(rng.normal("basis", (2 * half, 2 * half)))[0]
        shared = rng.normal("shared", (2 * half,))
        pushed = shared + c.spread * rng.normal("own", (OTHERS + 1, 2 * half))
        return {
            "weights": c.gain * basis @ torch.block_diag(*blocks) @ basis.mT,
            "input": pushed[0],
            "others": pushed[1:],
        }

    @given(by=())
    def roots(c, rng, backend, layer):
        """Equilibria by scipy, shape (ROOTS, n); the first fills up the rest."""
        found = equilibria(layer)[:ROOTS]
        return torch.cat([found, found[:1].expand(ROOTS - len(found), -1)])

    @given(by=("start",))
    def mean(c, rng, backend, layer):
        """The start that is nearest, in least squares, to where the other inputs settle."""
        seen = {**layer, "input": layer["others"]}
        z = torch.zeros_like(seen["input"])
        for _ in range(400 if c.start == "learned" else 0):
            z = z - 0.3 * missing(seen, z)
        return z.mean(0)

    def init(given, c, rng, backend):
        z = torch.zeros_like(given.layer["input"])
        z[:2] = torch.stack([torch.as_tensor(v, dtype=z.dtype) for v in (c.x, c.y)])
        if c.start == "learned":
            z = given.mean.clone()
        return {
            "x": z,
            "t": z.new_zeros(()),
            "evaluations": z.new_zeros(()),
            "first": missing(given.layer, z).norm(),
            "sign": side(given.layer, z),
            "folds": z.new_zeros(()),
        }

    def step(state, given, c, k, rng):
        layer, z = given.layer, state["x"]
        time, seen = state["t"], state["evaluations"]
        if c.method in ("Newton flow", "relaxation"):
            slope = newton if c.method == "Newton flow" else lambda layer, z: -missing(layer, z)
            begin = {"x": z, "a": 0.0}
            z = Kutta().step(begin, lambda z, _: slope(layer, z), c.length)["x"]
            time, seen = time + c.length, seen + 4
        else:
            z = z + (newton(layer, z) if c.method == "Newton" else -missing(layer, z))
            seen = seen + 1
        sign = side(layer, z)
        folds = state["folds"] + (sign != state["sign"])
        new = {"x": z, "t": time, "evaluations": seen, "sign": sign, "folds": folds}
        return {**state, **new}

    def done(state, given, c):
        if c.method == "Newton flow" and state["folds"] > 0:
            return "det r' has changed its sign: the path of the flow ends at a fold."
        return None

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        z = state["x"]
        return {
            "residual": missing(given.layer, z).norm(),
            "law": state["first"] * torch.exp(-state["t"]),
            "distance": (given.roots - z).norm(dim=1).amin(),
            "place": z[:2],
            "folds": state["folds"],
            "evaluations": state["evaluations"],
        }

    def picture(state, given, c):
        """The Newton flow's directions (m, 4), equilibria, and where det r' = 0 (l, 4)."""
        layer, z = given.layer, state["x"]
        sides = [torch.linspace(-2, 2, m, dtype=z.dtype) for m in (13, 61)]

        def slice_(across):
            grid = z.repeat(len(across) ** 2, 1)
            grid[:, :2] = torch.cartesian_prod(across, across)
            return grid

        coarse, fine = map(slice_, sides)
        flow = newton(layer, coarse)[:, :2]
        flow = 0.2 * flow / (1e-9 + flow.norm(dim=1, keepdim=True))
        det = torch.linalg.det(slopes(layer, fine)).reshape(61, 61)
        return {
            "field": torch.cat([coarse[:, :2], flow], 1),
            "equilibria": given.roots[:, :2],
            "folds": level_sets(det, sides[1], sides[1], torch.zeros(1, dtype=z.dtype)),
        }

    claims = [
        Claim(
            "coin",
            "Where the layer contracts, flow, Newton and the repeated layer end at one point, that "
            "of scipy, to 0.000001",
            source="abstract; sizes: desk",
            runs=Grid(
                {"arm": ("Newton flow", "Newton", "Picard")}, 8, {**WIDE, "gain": 0.9}, steps(180)
            ),
            checks=(
                Check("point", lambda d: d.distance.max("arm"), AtMost(1e-6), label="distance"),
            ),
            control=Control({"gain": 3.0}, breaks=("point",), seeds=4),
        ),
        Claim(
            "flow",
            "As long as det r' keeps its sign the flow arrives, at gains 0.9 to 6, and the misfit, "
            "in the median path, is e^(-t) of the first one to 1 %",
            source="desk, closed form; abstract: equilibria by homotopy",
            runs=Grid(
                {"gain": (0.9, 1.5, 3.0, 6.0)},
                40,
                {**WIDE, "method": "Newton flow"},
                steps(150),
                "log",
                ("residual", "law", "folds"),
            ),
            checks=(
                Check("arrives", arrived, AtLeast(1.0), over="all", label="share that arrives"),
                Check("law", off_law, AtMost(0.01), over="median", label="largest |log(r / law)|"),
            ),
            control=Control({"method": "Picard"}, breaks=("arrives", "law"), seeds=9),
        ),
        Claim(
            "beyond",
            "Where W is larger than 1, gains 1.5 to 6, the flow arrives in many more layers than "
            "repeating does: by at least a fifth of all",
            source="abstract (stability); shares: desk",
            runs=Grid(
                {"gain": (1.5, 3.0, 6.0), "arm": ("Newton flow", "Picard")}, 40, WIDE, steps(150)
            ),
            checks=(
                Check(
                    "lead",
                    lead,
                    AtLeast(0.2),
                    label="share of the flow, less that of the repeated layer",
                ),
            ),
            control=Control({"gain": 0.9}, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "start",
            "For inputs that are nearly alike a start learned from other inputs saves a tenth or "
            "more of the evaluations, of the flow, of the relaxation and of the repeated layer",
            source="abstract (shared learnable start); figures: desk",
            runs=Grid(
                {"start": STARTS, "arm": LEARNERS},
                8,
                {**WIDE, "gain": 0.9, "spread": 0.03},
                steps(256),
                "log",
                ("residual",),
            ),
            checks=tuple(
                Check(arm.lower(), saved(arm), AtMost(0.9), label="evaluations left")
                for arm in LEARNERS
            ),
            control=Control(
                {"spread": 3.0}, breaks=tuple(arm.lower() for arm in LEARNERS), seeds=4
            ),
            tier="standard",
        ),
    ]
