"""Layers of degree below one: in the logarithm of positive states every step is a contraction."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid, softplus

from lab.engine import (
    AtLeast,
    AtMost,
    Boolean,
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
    Within,
    given,
    steps,
)

# Degrees, the largest u f'(u) / f(u) for u > 0: of the sigmoid max u (1 - s(u)), Lambert's W(1/e).
DEGREES = {"softplus": 1.0, "sigmoid": 0.2784645427610738}
LOW, HIGH = -6.0, 8.0  # of log z in the picture; what lies beyond is drawn at its edge
SETTLED = 1e-9  # in log z: below, rounding makes the factors


def log_activation(name, u):
    """log f(u), also where f(u) is below the smallest number."""
    if name == "sigmoid":
        return logsigmoid(u)
    return torch.where(u < -30, u, softplus(u.clamp(min=-30)).log())


def layer(c, problem, x):
    """log of f(W z + b)^power at z = e^x, for x (..., n)."""
    u = x.exp() @ problem["weights"].mT + problem["bias"]
    return c.power * log_activation(c.activation, u)


def diameter(x):
    """Thompson's largest distance between the states e^x, x (s, n)."""
    return (x.amax(0) - x.amin(0)).amax()


def square(x, side):
    """A square (4, 4) in the plane of the first two units, around states x (s, n)."""
    middle = (x.amax(0) + x.amin(0))[:2] / 2
    ends = torch.tensor([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=x.dtype)
    corners = middle + side / 2 * ends
    return torch.cat([corners, corners.roll(-1, 0)], 1)


class SubhomogeneousLayer(Experiment):
    """Axes are log z of two units. The large square holds all states, the small one the next ones.

    Watch the squares close in on one point, however large the weights are.
    """

    card = Card(
        title="Large weights, one equilibrium",
        question="A layer fed back into itself with huge weights: can it still have one state of "
        "rest, reached from every start?",
        answer="Yes, if weights and states are positive and the activation grows slower than its "
        "input: each step then shrinks relative distances.",
        why="A bound on the weights is the usual price of a unique equilibrium. Measured in "
        "ratios (Thompson's metric, the largest difference of logarithms), W z + b with W >= 0 "
        "stretches nothing, and an activation of degree mu shrinks by mu. A power of the "
        "activation scales its degree. With weights of both signs the argument is gone.",
        papers=("subhomogeneous-deep-equilibrium-models",),
        equations=(
            r"z \leftarrow f(Wz + b)^p, \quad \mu = p\,\max_{u>0} u f'(u)/f(u)",
            r"d(F(y), F(z)) \le \mu\, d(y, z), \quad d(y, z) = \max_i |\log(y_i / z_i)|",
        ),
        tags=("fixed point", "deep equilibrium", "contraction", "Perron-Frobenius"),
    )

    power = Number(0.5, bounds=(0.1, 3.0), live=True, doc="power of the activation")
    activation = Selector("softplus", objects=list(DEGREES), doc="f")
    norm = Number(20.0, bounds=(0.1, 200.0), log=True, doc="spectral norm of the weights")
    signed = Boolean(False, doc="weights of both signs")
    n = Integer(2, bounds=(2, 100), doc="units; two of them are drawn")
    starts = Integer(64, bounds=(4, 200), doc="starts")
    x = Number(-2.0, bounds=(LOW, HIGH), doc="log z of the first unit at the dragged start")
    y = Number(3.0, bounds=(LOW, HIGH), doc="log z of the second unit there")

    arms = {"Positive weights": {"signed": False}, "Both signs": {"signed": True}}
    presets = {
        "slow": Preset("Raise the power, watch squares shrink slower", power=0.9),
        "one": Preset("Take power one, watch it run away", power=1.0),
        "signed": Preset(
            "Mix signs in 30 units, watch rest disappear",
            signed=True,
            n=30,
            norm=100.0,
            activation="sigmoid",
            power=1.0,
        ),
        "sigmoid": Preset("Take the sigmoid, watch one step do it", activation="sigmoid"),
    }
    quantities = {
        "spread": Quantity(
            "largest distance between two states", log=True, better="less", short="measured"
        ),
        "bound": Quantity("its bound by the degree", log=True, short="bound"),
        "factor": Quantity("largest factor of a distance in a step", short="measured", log=True),
        "degree": Quantity("degree mu", short="degree", log=True),
        "change": Quantity("largest change of log z in a step", log=True),
        "place": Quantity("log z of two units, cut off at -6 and 8", dim="unit"),
    }
    views = [
        Trajectory(
            "place",
            "pic.crowd",
            field="pic.field",
            lines="pic.squares",
            start=("x", "y"),
            title="Two units, logarithms",
        ),
        Convergence("spread", "bound", log="y", roles={"bound": "bound"}, title="Distance"),
        Convergence(
            "factor", "degree", log="y", roles={"degree": "bound"}, title="Factor of a step"
        ),
    ]
    dtype = "float64"
    max_steps = 500

    @given(by=("n", "norm", "signed"))
    def problem(c, rng, backend):
        """Weights (n, n) of the chosen norm, and a bias (n,) between 0.1 and 1."""
        weights = rng.uniform("weights", (c.n, c.n))
        if c.signed:
            order = rng.uniform("signs", (c.n, c.n)).argsort(1)  # half of each row is negative
            weights = torch.where(order < c.n // 2, -weights, weights)
        weights = c.norm * weights / torch.linalg.matrix_norm(weights, 2)
        return {"weights": weights, "bias": 0.1 + 0.9 * rng.uniform("bias", (c.n,))}

    def init(given, c, rng, backend):
        """log z of the starts (s, n), the dragged one first."""
        x = LOW + 1 + (HIGH - LOW - 2) * rng.uniform("starts", (c.starts, c.n))
        here = torch.cat([backend.tensor([float(c.x), float(c.y)]), backend.zeros(c.n - 2)])
        x = torch.cat([here[None], x[1:]])
        one = torch.ones((), dtype=x.dtype)
        return {"x": x, "bound": diameter(x), "factor": one, "change": one.clone()}

    def step(state, given, c, k, rng):
        x = state["x"]
        after = layer(c, given.problem, x)
        far, then = ((s[1:] - s[:1]).abs().amax(-1) for s in (x, after))
        factor = torch.where(far > SETTLED, then / far.clamp(min=SETTLED), 0.0).amax()
        factor = torch.where((far > SETTLED).any(), factor, state["factor"])
        return {
            "x": after,
            "bound": state["bound"] * c.power * DEGREES[c.activation],
            "factor": factor,
            "change": (after - x).abs().amax(),
        }

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        x = state["x"]
        return {
            "spread": diameter(x),
            "bound": state["bound"],
            "factor": state["factor"],
            "degree": torch.as_tensor(c.power * DEGREES[c.activation], dtype=x.dtype),
            "change": state["change"],
            "place": x[0, :2].clamp(LOW, HIGH),
        }

    def picture(state, given, c):
        """States (s, 2), the square that holds them and one that must hold the next ones, and in
        two dimensions the field (m, 4) of what a step changes.
        """
        x = state["x"]
        found = {"crowd": x[1:, :2].clamp(LOW, HIGH)}
        if not c.signed and c.power * DEGREES[c.activation] < 1:
            wide, after = diameter(x), layer(c, given.problem, x)
            inner = wide * c.power * DEGREES[c.activation]
            found["squares"] = torch.cat([square(x, wide), square(after, inner)])
        if c.n == 2:
            line = torch.linspace(LOW, HIGH, 15, dtype=x.dtype)
            grid = torch.cartesian_prod(line, line)
            change = layer(c, given.problem, grid) - grid
            length = change.norm(dim=1, keepdim=True)
            found["field"] = torch.cat([grid, 0.7 * change / (1 + length)], 1)
        return found

    claims = [
        Claim(
            "contraction",
            "With nonnegative weights a step shrinks Thompson's distance by the degree at least, "
            "whatever the norm of the weights",
            source="abstract; the constant from the theory of nonlinear Perron-Frobenius, derived",
            runs=Grid(
                {
                    "activation": tuple(DEGREES),
                    "power": (0.5, 0.9),
                    "norm": (0.5, 5.0, 20.0, 100.0),
                },
                8,
                {"n": 30, "starts": 20},
                steps(30),
                "all",
                ("factor",),
            ),
            checks=(
                Check(
                    "below",
                    lambda d: d.factor.sel(k=slice(1, None)).max("k") / d.degree,
                    AtMost(1.0 + 1e-6),
                    over="all",
                    label="largest factor over the degree",
                ),
                Check(
                    "tight",
                    lambda d: (
                        (d.factor.sel(k=slice(1, None)).max("k") / d.degree)
                        .sel(activation="softplus", norm=20.0)
                        .min("power")
                    ),
                    Within(0.95, 1.0),
                    label="the same for softplus at norm 20",
                ),
            ),
            control=Control({"signed": True}, breaks=("below", "tight"), seeds=3),
        ),
        Claim(
            "unique",
            "So all starts meet in one equilibrium, with weights of norm 20 and 100 too",
            source="abstract",
            runs=Grid(
                {"power": (0.5, 0.9), "norm": (0.5, 20.0, 100.0)},
                8,
                {"n": 30, "starts": 20},
                steps(300),
            ),
            checks=(
                Check("spread", lambda d: d.spread, AtMost(1e-9), over="all"),
                Check("rest", lambda d: d.change, AtMost(1e-9), over="all", label="change"),
            ),
            control=Control({"power": 1.0, "norm": 20.0}, breaks=("spread", "rest"), seeds=3),
        ),
        Claim(
            "signed",
            "With weights of both signs and norm 100 the sigmoid's layer finds no rest, though its "
            "degree on positive inputs is 0.28",
            source="desk; what the paper asks of signed weights was not at hand",
            runs=Grid(
                {},
                16,
                {
                    "n": 30,
                    "starts": 20,
                    "activation": "sigmoid",
                    "power": 1.0,
                    "norm": 100.0,
                    "signed": True,
                },
                steps(300),
            ),
            checks=(
                Check("change", lambda d: d.change, AtLeast(0.1), over="median", label="change"),
            ),
            control=Control({"signed": False}, breaks=("change",), seeds=9),
        ),
    ]
