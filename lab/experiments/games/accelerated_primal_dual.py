"""Primal-dual steps by gradients: acceleration makes the smoothness of f cost its root only."""

from __future__ import annotations

import torch

from lab.core.metrics import slope
from lab.core.primal_dual import LinearisedPrimalDual, Saddle
from lab.engine import (
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

METHODS = {"accelerated": True, "linearised": False}
DUAL = 10  # dimension of y
STEEP, FLAT = 1e-1, 3e-3  # curvatures of the two directions that are drawn, in units of L
# Many directions in each decade; the drawn ones weigh as much as the others.
SPREAD = {"n": 400, "x": 0.05, "y": 0.05}
TRIES = 3_000


def steps_for(c):
    return LinearisedPrimalDual(c.smoothness, c.coupling, c.concavity, METHODS[c.method])


def begin(problem, c):
    """The start that was drawn, with the two drawn directions where the controls say."""
    start = problem["start"]
    place = torch.stack([torch.as_tensor(v, dtype=start.dtype) for v in (c.x, c.y)])
    return start.scatter(0, problem["drawn"], place)


def saddle(given, c):
    """f = sum of L l_i x_i^2 / 2, g = m |y|^2 / 2, coupling |K| times a matrix of norm 1."""
    K, curvature = c.coupling * given.problem["K"], c.smoothness * given.problem["values"]
    return Saddle(
        prox_f=lambda v, t: v,
        prox_g=lambda v, t: v / (1 + t * c.concavity),
        K=lambda x: K @ x,
        back=lambda y: K.mT @ y,
        gradient=lambda x: curvature * x,
    )


def arrows(v, longest):
    """Vectors (m, 2) drawn at the root of their length, the longest as told."""
    size = v.norm(dim=1, keepdim=True).clamp(min=1e-300)
    return longest * v / (size * size.max()).sqrt()


def power(d, arm):
    """Power of k in the gap, before the flattest direction is felt."""
    return slope(d.gap.sel(arm=arm), d.k, "k", window=(30, 1_000))


def growth(d, arm):
    """Power of L in the gradients that are asked for; those that never arrive count as all."""
    return slope(d.evaluations.sel(arm=arm), d.smoothness, "smoothness")


class AcceleratedPrimalDual(Experiment):
    """A smooth valley against a strong opponent. Watch the plain steps turn into the valley and
    crawl, and the accelerated ones swing through it.
    """

    card = Card(
        title="Accelerated primal-dual steps",
        question="One side of a saddle is so steep that its steps must be tiny. Must all progress "
        "be tiny too?",
        answer="No: with averages and growing steps the gap falls like 1/k², and the gradients "
        "needed grow like the root of the steepness.",
        why="Plain steps are as short as the steepest direction asks, so flat ones take L times as "
        "long. Taking the gradient at an average of the past lets the steps grow with k. Steepness "
        "of the coupling is another matter: there both are held back alike.",
        papers=("accelerated-primal-dual-methods-convex-strongly-concave",),
        equations=(
            r"\min_x \max_y\; f(x) + \langle Kx, y\rangle - \tfrac{m}{2}\lVert y\rVert^2",
            r"x_{k+1} = x_k - \tau_k\,(\nabla f((1-\beta_k)\bar x_k + \beta_k x_k) + K^T y_{k+1})",
            r"\beta_k = \tfrac{2}{k+2},\quad \tau_k = \tfrac{k+1}{2L + 3\lVert K\rVert^2/m}",
        ),
        tags=("saddle point", "acceleration", "primal-dual"),
    )

    method = Selector("accelerated", objects=list(METHODS), doc="steps")
    smoothness = Number(100.0, bounds=(0.1, 3_000.0), log=True, doc="L, the steepness of f")
    coupling = Number(1.0, bounds=(0.01, 100.0), log=True, doc="norm of K")
    concavity = Number(1.0, bounds=(0.1, 10.0), log=True, doc="m, how curved the opponent is")
    x = Number(0.9, bounds=(-1.0, 1.0), doc="start in a steep direction")
    y = Number(0.9, bounds=(-1.0, 1.0), doc="start in a flat direction")
    n = Integer(120, bounds=(8, 400), doc="dimension of x")
    flattest = Number(1e-9, bounds=(1e-9, 0.1), log=True, doc="least curvature of f over L")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "plain": Preset("Leave acceleration out, watch it crawl", method="linearised"),
        "steep": Preset("Make f steeper, watch it take longer", smoothness=2_000.0),
        "coupled": Preset(
            "Let the coupling dominate, watch both crawl", smoothness=1.0, coupling=30.0
        ),
        "curved": Preset("Curve every direction, watch both fall faster", flattest=0.1),
    }
    quantities = {
        "gap": Quantity("gap of the average", log=True, better="less"),
        "place": Quantity("x", dim="direction"),
        "mean": Quantity("average of x", dim="direction"),
        "pair": Quantity("x and y along the strongest coupling", dim="side", short="x and y"),
        "evaluations": Quantity("gradients of f"),
    }
    axes = ("evaluations",)
    views = [
        Trajectory(
            "place",
            "mean",
            field="pic.valley",
            target="pic.bottom",
            start=("x", "y"),
            title="The valley",
            note="steep across, flat up",
            size=2,
        ),
        Convergence("gap", slopes=(-1, -2), title="Gap"),
        Trajectory(
            "pair",
            field="pic.turn",
            target="pic.bottom",
            title="The two players",
            note="x across, y up, where they meet most",
        ),
    ]
    dtype = "float64"

    @given(by=("n", "flattest"))
    def problem(c, rng, backend):
        """Curvatures l (n,) up to 1, K (DUAL, n) of norm 1, the drawn directions, a start."""
        values = backend.logspace(1.0, c.flattest, c.n)
        values = (values * torch.exp(0.1 * rng.normal("values", (c.n,)))).clamp(max=1.0)
        K = rng.normal("K", (DUAL, c.n))
        left, sizes, right = torch.linalg.svd(K, full_matrices=False)
        start = rng.normal("start", (c.n,))
        # The nearest in the logarithm; different ones also where all are curved.
        steep, flat = (int((values / at).log().abs().argmin()) for at in (STEEP, FLAT))
        return {
            "values": values,
            "K": K / sizes[0],
            "x": right[0],
            "y": left[:, 0],
            "start": start / start.norm(),
            "drawn": torch.tensor([min(steep, flat - 1), flat]),
        }

    def init(given, c, rng, backend):
        return steps_for(c).init(begin(given.problem, c), torch.zeros_like(given.problem["y"]))

    def step(state, given, c, k, rng):
        return steps_for(c).step(state, saddle(given, c), k)

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        p, mean = given.problem, state["mean_x"]
        own = c.smoothness * (p["values"] * mean.square()).sum()
        other = c.coupling**2 * (p["K"] @ mean).square().sum() / c.concavity
        return {
            # max over y at the average of x; its least value is 0, at the origin.
            "gap": (own + other) / 2,
            "place": state["x"][p["drawn"]],
            "mean": mean[p["drawn"]],
            "pair": torch.stack([p["x"] @ state["x"], p["y"] @ state["y"]]),
            "evaluations": state["evaluations"],
        }

    def picture(state, given, c):
        """Both fields (m, 4), arrows of the length of a root, and their zero (1, 2)."""
        p = given.problem
        side = torch.linspace(-1, 1, 11, dtype=p["values"].dtype)
        grid = torch.cartesian_prod(side, side)
        valley = -p["values"][p["drawn"]] * grid
        reach = 2.5 * float((p["x"] @ begin(p, c)).abs())
        pairs = reach * grid
        own = c.smoothness * (p["values"] * p["x"].square()).sum()
        turn = torch.stack(
            [
                -own * pairs[:, 0] - c.coupling * pairs[:, 1],
                c.coupling * pairs[:, 0] - c.concavity * pairs[:, 1],
            ],
            1,
        )
        return {
            "valley": torch.cat([grid, arrows(valley, 0.16)], 1),
            "turn": torch.cat([pairs, arrows(turn, 0.16 * reach)], 1),
            "bottom": torch.zeros(1, 2, dtype=side.dtype),
        }

    claims = [
        Claim(
            "powers",
            "The gap falls like 1/k with linearised steps and like 1/k² with accelerated ones",
            source="abstract; the powers: from memory; the family: desk",
            runs=Grid({"arm": "all"}, 8, SPREAD, steps(1_000), "log", ("gap",)),
            checks=(
                Check(
                    "accelerated",
                    lambda d: power(d, "Accelerated"),
                    Within(-2.3, -1.8),
                    label="power of k",
                ),
                Check(
                    "linearised",
                    lambda d: power(d, "Linearised"),
                    Within(-1.2, -0.8),
                    label="power of k",
                ),
            ),
            control=Control({"flattest": 0.1}, breaks=("accelerated", "linearised"), seeds=3),
            tier="standard",
        ),
        Claim(
            "gradients",
            "Gradients to a given gap grow like L with linearised and like √L with accelerated "
            "steps",
            source="abstract; the gap: desk",
            runs=Grid(
                {"arm": "all", "smoothness": (30.0, 100.0, 300.0, 1_000.0)},
                8,
                SPREAD,
                f"gap < 0.05 or k >= {TRIES}",
            ),
            checks=(
                Check(
                    "accelerated",
                    lambda d: growth(d, "Accelerated"),
                    Within(0.4, 0.6),
                    label="power of L",
                ),
                Check(
                    "linearised",
                    lambda d: growth(d, "Linearised"),
                    Within(0.8, 1.1),
                    label="power of L",
                ),
            ),
            control=Control({"coupling": 30.0}, breaks=("accelerated", "linearised"), seeds=3),
            tier="standard",
        ),
        Claim(
            "coupled",
            "Where the coupling dominates, acceleration saves little",
            source="desk; the bound adds a term of the coupling, from memory",
            runs=Grid(
                {"arm": "all"},
                8,
                {**SPREAD, "smoothness": 10.0, "coupling": 30.0},
                f"gap < 0.05 or k >= {TRIES}",
            ),
            checks=(
                Check(
                    "saving",
                    lambda d: (
                        d.evaluations.sel(arm="Linearised") / d.evaluations.sel(arm="Accelerated")
                    ),
                    Within(0.8, 2.0),
                    label="gradients of linearised over accelerated",
                ),
            ),
            control=Control({"smoothness": 1_000.0, "coupling": 1.0}, breaks=("saving",), seeds=3),
        ),
    ]
