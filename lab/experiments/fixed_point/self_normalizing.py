"""Self-normalising networks: mean and variance go from layer to layer like iterates of a map."""

from __future__ import annotations

import math

import torch

from lab.core.newton import jacobian
from lab.engine import (
    AtMost,
    Card,
    Check,
    Claim,
    Close,
    Control,
    Convergence,
    Experiment,
    Grid,
    Hist,
    Integer,
    Number,
    Preset,
    Quantity,
    Selector,
    Trajectory,
    Within,
    steps,
)

SHAPES = {  # alpha and scale; those of SELU make (0, 1) the fixed point
    "SELU": (1.6732632423543772, 1.0507009873554805),
    "ELU": (1.0, 1.0),
    "ReLU": (0.0, 1.0),
}
LOW, HIGH = (-0.1, 0.8), (0.1, 1.5)  # of the box of means and variances of Theorem 1, from memory


def moments(mean, variance, omega, tau, alpha, scale):
    """Mean and variance of selu(w x) when x has the given ones and w x is normal.

    The inputs w x have mean m = mean omega and variance v = variance tau; of the parts x > 0 and
    x <= 0 the moments are erfc and exp in closed form.

    Parameters
    ----------
    mean, variance : Tensor of any shape
        Of the activations of a layer.
    omega, tau : float or Tensor
        Sum of a unit's weights, and of their squares.
    alpha, scale : float or Tensor
        Of selu(x) = scale x for x > 0 and scale alpha (e^x - 1) below.
    """
    m, v = mean * omega, variance * tau
    s = v.sqrt()
    below = torch.special.ndtr(-m / s)  # the share of the inputs that is negative
    density = torch.exp(-(m**2) / (2 * v)) * s / math.sqrt(2 * math.pi)
    # E e^x and E e^2x over x < 0
    once = torch.exp(m + v / 2) * torch.special.ndtr(-m / s - s)
    twice = torch.exp(2 * m + 2 * v) * torch.special.ndtr(-m / s - 2 * s)
    first = m * (1 - below) + density + alpha * (once - below)
    second = (m**2 + v) * (1 - below) + m * density + alpha**2 * (twice - 2 * once + below)
    return scale * first, scale**2 * (second - first**2)


def layer_map(c):
    """The map of (mean, variance) for an activation, on tensors (..., 2)."""

    def g(x):
        found = moments(x[..., 0], x[..., 1], c.omega, c.tau, *SHAPES[c.activation])
        return torch.stack(found, -1)

    return g


def steepness(c, x):
    """Largest singular value of the map's Jacobian at points x (..., 2), shape (...)."""
    return torch.linalg.matrix_norm(jacobian(layer_map(c), x), 2)


class SelfNormalizing(Experiment):
    """Means and variances of a crowd of layers, mapped through one more layer in each step.

    Watch all points gather at (0, 1), and the layer that is really drawn walk with them.
    """

    card = Card(
        title="Self-normalising networks",
        question="A signal passes through many layers. What keeps it from dying or exploding?",
        answer="An activation whose effect on mean and variance is a contraction to (0, 1).",
        why="In a wide layer the inputs of a unit are nearly normal, so mean and variance of one "
        "layer give those of the next: a map of the plane. SELU's two constants put its fixed "
        "point at (0, 1), with a slope of norm 0.79, so errors die out layer by layer. ReLU has no "
        "such point: its variance dies.",
        papers=("self-normalizing-neural-networks",),
        equations=(
            r"\mathrm{selu}(x) = \lambda\,(x \text{ if } x > 0 \text{ else } \alpha(e^x - 1))",
            r"(\mu, \nu) \mapsto g(\mu, \nu), \quad g(0, 1) = (0, 1)",
        ),
        tags=("fixed point", "neural networks", "contraction", "initialisation"),
    )

    activation = Selector("SELU", objects=list(SHAPES), doc="activation")
    omega = Number(0.0, bounds=(-0.5, 0.5), live=True, doc="sum of a unit's weights")
    tau = Number(1.0, bounds=(0.5, 1.5), live=True, doc="sum of their squares")
    width = Integer(300, bounds=(20, 1000), doc="units in each layer of the real network")
    mean = Number(0.5, bounds=(-1.0, 1.0), doc="mean at the input of the real network")
    variance = Number(2.0, bounds=(0.05, 4.0), doc="variance at its input")

    arms = {name: {"activation": name} for name in SHAPES}
    presets = {
        "relu": Preset("Take ReLU, watch the variance die", activation="ReLU"),
        "elu": Preset("Take ELU, watch the signal fade", activation="ELU"),
        "shift": Preset("Shift the weights, watch the point move", omega=0.3, tau=1.1),
        "far": Preset("Start far off, watch it come back", mean=-1.0, variance=0.1),
        "narrow": Preset("Take narrow layers, watch the walk jitter", width=30),
    }
    quantities = {
        "distance": Quantity(
            "distance of the map's point to (0, 1)", log=True, better="less", short="map"
        ),
        "drawn": Quantity(
            "distance of the real layer to (0, 1)", log=True, better="less", short="real layer"
        ),
        "slope": Quantity("norm of the map's slope at its point"),
        "steepest": Quantity("largest norm of the slope over a box around (0, 1)"),
        "escaped": Quantity("share of the box that leaves it"),
        "point": Quantity("mean and variance by the map", dim="moment"),
        "layer": Quantity("mean and variance in the real layer", dim="moment"),
    }
    views = [
        Trajectory(
            "point",
            "layer",
            "pic.crowd",
            field="pic.field",
            target="pic.goal",
            start=("mean", "variance"),
            equal=False,
            title="Mean and variance",
            size=2,
        ),
        Convergence("distance", "drawn", log="y", title="Distance to (0, 1)"),
        Hist("pic.signal", title="Activations of the real layer"),
    ]
    dtype = "float64"
    max_steps = 500

    def init(given, c, rng, backend):
        point = torch.stack([backend.tensor(float(v)) for v in (c.mean, c.variance)])
        sides = backend.linspace(-1.0, 1.0, 9), backend.linspace(0.1, 3.0, 9)
        signal = rng.normal("signal", (c.width, 16))
        signal = (signal - signal.mean()) / signal.std(correction=0)
        return {
            "point": point,
            "crowd": torch.cartesian_prod(*sides),
            "signal": point[0] + point[1].sqrt() * signal,
        }

    def step(state, given, c, k, rng):
        g = layer_map(c)
        weights = rng.normal("weights", (c.width, c.width))
        weights = weights - weights.mean(1, keepdim=True)
        weights = weights / weights.norm(dim=1, keepdim=True)
        # Sum omega and sum of squares tau, exactly, as far as the two allow for it.
        even = c.omega / c.width
        weights = even + weights * math.sqrt(max(c.tau - c.width * even**2, 0.0))
        pushed = weights @ state["signal"]
        alpha, scale = SHAPES[c.activation]
        signal = scale * torch.where(pushed > 0, pushed, alpha * torch.expm1(pushed.clamp(max=0)))
        return {"point": g(state["point"]), "crowd": g(state["crowd"]), "signal": signal}

    def observe(state, given, c):
        signal = state["signal"]
        layer = torch.stack([signal.mean(), signal.var(correction=0)])
        goal = torch.tensor([0.0, 1.0], dtype=layer.dtype)
        return {
            "distance": (state["point"] - goal).norm(),
            "drawn": (layer - goal).norm(),
            "point": state["point"],
            "layer": layer,
        }

    def assess(state, given, c):
        """Slopes of the map at its point and over the box, and what leaves the box."""
        low, high = (torch.tensor(corner, dtype=torch.float64) for corner in (LOW, HIGH))
        sides = [torch.linspace(a, b, 15, dtype=torch.float64) for a, b in zip(LOW, HIGH)]
        box = torch.cartesian_prod(*sides)
        image = layer_map(c)(box)
        return {
            "slope": steepness(c, state["point"]),
            "steepest": steepness(c, box).max(),
            "escaped": ((image < low) | (image > high)).any(1).double().mean(),
        }

    def picture(state, given, c):
        """The crowd (81, 2), arrows to the next layer (m, 4), the goal, and the activations."""
        sides = (torch.linspace(a, b, 11, dtype=torch.float64) for a, b in ((-1, 1), (0.1, 3)))
        grid = torch.cartesian_prod(*sides)
        return {
            "crowd": state["crowd"],
            "field": torch.cat([grid, 0.5 * (layer_map(c)(grid) - grid)], 1),
            "goal": torch.tensor([[0.0, 1.0]], dtype=torch.float64),
            "signal": state["signal"].flatten(),
        }

    claims = [
        Claim(
            "contraction",
            "The map of mean and variance has the fixed point (0, 1); its slope there has norm "
            "0.7877, and iterates come in from afar",
            source="text before Theorem 1; the far starts: desk",
            runs=Grid(
                {"mean": (-0.8, 0.8), "variance": (0.1, 3.5)},
                1,
                {"width": 20},
                steps(120),
            ),
            checks=(
                Check("point", lambda d: d.distance, AtMost(1e-6), over="all", label="distance"),
                Check("slope", lambda d: d.slope, Close(0.7877, abs=1e-4), over="all"),
            ),
            control=Control({"activation": "ELU"}, breaks=("point", "slope")),
        ),
        Claim(
            "box",
            "For weights that nearly sum to 0 and their squares to 1 the map sends the box of "
            "nearly normalised moments into itself and contracts there",
            source="Theorem 1, its box from memory",
            runs=Grid(
                {"omega": (-0.1, 0.0, 0.1), "tau": (0.95, 1.0, 1.1)}, 1, {"width": 20}, steps(1)
            ),
            checks=(
                Check("steepest", lambda d: d.steepest, AtMost(0.9), over="all", label="slope"),
                Check("inside", lambda d: d.escaped, AtMost(0.0), over="all", label="escaped"),
            ),
            control=Control({"tau": 1.5}, breaks=("steepest", "inside")),
        ),
        Claim(
            "network",
            "In a real network of 32 layers, 300 units each, with normalised weights, mean and "
            "variance end near (0, 1)",
            source="abstract; the size: desk",
            runs=Grid({"mean": (0.0, 0.5)}, 8, stop=steps(32)),
            checks=(
                Check(
                    "mean",
                    lambda d: d.layer.isel(moment=0).mean("mean"),
                    Within(-0.05, 0.05),
                    label="mean",
                ),
                Check(
                    "variance",
                    lambda d: d.layer.isel(moment=1).mean("mean"),
                    Within(0.9, 1.1),
                    label="variance",
                ),
            ),
            control=Control({"tau": 1.5}, breaks=("mean", "variance"), seeds=3),
        ),
    ]
