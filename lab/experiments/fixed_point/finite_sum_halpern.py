"""Halpern's iteration on the mean of n operators: looking at a root of n of them is enough."""

from __future__ import annotations

import math

import torch

from lab.core.finite_sum_halpern import KINDS, FiniteSumHalpern
from lab.core.metrics import slope
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Close,
    Control,
    Convergence,
    Curves,
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

L = 2.0  # every component is 1/2-cocoercive: Re 1/(1 - e^(i t)) = 1/2 for every angle t
PLANES = 10
DRAWN = 1  # of the planes, the second fastest
FOUND = "residual < 1e-2"


def pair(z):
    """A complex tensor (...) as (..., 2)."""
    return torch.view_as_real(z.resolve_conj())


def operator(game):
    """Mean of the picked components at x, of all for None."""

    def mean(x, picks):
        if picks is None:
            return game["mean"] * x
        return (game["values"][picks] * x - game["pushes"][picks]).mean(0)

    return mean


def growth(arm):
    """Power of n in the evaluations of components."""
    return lambda d: slope(d.components.sel(arm=arm), d.n, "n")


def dearer(arm):
    """Evaluations of another method over those with variance reduction."""
    return lambda d: d.components.sel(arm=arm) / d.components.sel(arm="Variance reduced")


class FiniteSumGames(Experiment):
    """A game is the mean of n games that disagree. Each step asks a few of them, now and then all.

    Watch who comes in for the fewest questions.
    """

    card = Card(
        title="A root of n is enough",
        question="Only the mean of n games counts. Must every step look at all of them?",
        answer="No. A look at a root of n of them corrects the last estimate, and the price to "
        "reach a residual grows like the root of n.",
        why="A sample of components is off by as much as they disagree, however close the "
        "equilibrium. What they changed since the last step is off only by as much as the players "
        "moved, and an anchored iteration moves less and less. So a full look now and then and "
        "differences in between keep the error below the residual.",
        papers=("variance-reduced-halpern-iteration-finite-sum-monotone",),
        equations=(
            r"z_{k+1} = \lambda_k z_0 + (1-\lambda_k) z_k - \tfrac{1}{4L} E_k, \quad "
            r"\lambda_k = \tfrac{2}{k+4}",
            r"E_k = V z_k \text{ or } "
            r"E_{k-1} + \tfrac1b\sum_{i \in S}(V_i z_k - V_i z_{k-1}), \quad b \ge \sqrt n",
        ),
        tags=("games", "variance reduction", "anchoring", "last iterate"),
    )

    kind = Selector("variance reduced", objects=list(KINDS), doc="estimate of the mean")
    n = Integer(1024, bounds=(4, 4096), doc="components")
    rate = Number(0.25, bounds=(0.05, 1.0), live=True, doc="step in units of 1/L")
    push = Number(2.0, bounds=(0.0, 5.0), doc="how much the components disagree")
    far = Number(1.0, bounds=(0.01, 2.0), log=True, doc="start: its size in the planes not drawn")
    x = Number(1.5, bounds=(-2.0, 2.0), doc="start in the plane drawn")
    y = Number(0.8, bounds=(-2.0, 2.0), doc="start in the plane drawn")

    arms = {
        "Variance reduced": {"kind": "variance reduced"},
        "Halpern": {"kind": "full"},
        "Halpern, full step": {"kind": "full", "rate": 1.0},
        "Samples": {"kind": "sampled"},
    }
    presets = {
        "samples": Preset("Trust each sample, watch it never settle", kind="sampled"),
        "all": Preset("Ask all each time, watch the bill", kind="full"),
        "few": Preset("Take 16 components, watch the gain vanish", n=16),
        "near": Preset("Start near, watch the full looks dominate", far=0.05, x=0.05, y=0.0),
    }
    quantities = {
        "residual": Quantity("residual, ‖Vz‖", log=True, better="less", short="residual"),
        "off": Quantity("error of the estimate, ‖E − Vz‖", log=True, better="less", short="error"),
        "place": Quantity("the two players in the plane drawn", dim="player"),
        "components": Quantity("evaluations of components"),
    }
    axes = ("components",)
    studies = {
        "size": Grid(
            {"n": (64, 256, 1024, 4096), "arm": ("Variance reduced", "Halpern")}, 8, stop=FOUND
        )
    }
    views = [
        Trajectory(
            "place",
            field="pic.field",
            target="pic.zero",
            start=("x", "y"),
            title="Game",
            note="one plane of ten",
        ),
        Convergence("residual", x="components", slopes=(-1,), title="Residual", size=2),
        Convergence("off", x="components", title="Error of the estimate"),
        Curves(
            "components",
            x="n",
            by="arm",
            of="size",
            log="xy",
            slopes=(0.5, 1),
            title="Evaluations to a residual of 0.01",
        ),
    ]
    dtype = "float64"
    max_steps = 20_000

    @given(by=("n", "push"))
    def game(c, rng, backend):
        """V_i z = (I - Q_i) z - b_i in planes, which Q_i turns and b_i add up to zero.

        Read as complex numbers: `values` and `pushes` (n, planes), `mean` and `start` (planes,).
        The game with this V_i is convex in one player, concave in the other.
        """
        angles = backend.logspace(math.pi / 2, 1e-3, PLANES)
        angles = angles * (0.5 + rng.uniform("angles", (c.n, PLANES)))
        values = 1 - torch.exp(1j * angles)
        pushes = torch.complex(*(rng.normal(part, (c.n, PLANES)) for part in ("real", "imaginary")))
        start = torch.complex(*(rng.normal(part, (PLANES,)) for part in ("first", "second")))
        return {
            "values": values,
            "pushes": c.push * (pushes - pushes.mean(0)) / PLANES**0.5,
            "mean": values.mean(0),
            "start": start / start.norm(),
        }

    def method(c):
        return FiniteSumHalpern(c.n, c.rate / L, c.kind)

    def init(given, c, rng, backend):
        start = c.far * given.game["start"]
        start[DRAWN] = complex(c.x, c.y)
        return FiniteSumGames.method(c).init(start)

    def step(state, given, c, k, rng):
        method = FiniteSumGames.method(c)
        picks = rng.integers("picks", 0, c.n, (method.batch,))
        return method.step(state, operator(given.game), rng.uniform("coin"), picks, k)

    def observe(state, given, c):
        # The estimate belongs to the iterate before the last move.
        off = state["estimate"] - given.game["mean"] * state["last"]
        return {
            "residual": (given.game["mean"] * state["x"]).norm(),
            "off": off.norm(),
            "place": pair(state["x"][DRAWN]),
            "components": state["components"],
        }

    def picture(state, given, c):
        """The field of the mean in the plane drawn, shape (m, 4), and its zero, shape (1, 2)."""
        side = torch.linspace(-2, 2, 13, dtype=torch.float64)
        grid = torch.cartesian_prod(side, side)
        arrows = -0.25 * pair(given.game["mean"][DRAWN] * torch.view_as_complex(grid))
        return {
            "field": torch.cat([grid, arrows], 1),
            "zero": torch.zeros(1, 2, dtype=torch.float64),
        }

    claims = [
        Claim(
            "gain",
            "At 1,024 components and equal steps variance reduction needs less than a third of "
            "deterministic Halpern's evaluations to a residual of 0.01",
            source="abstract; the games: desk",
            runs=Grid({"arm": ("Variance reduced", "Halpern")}, 8, {"n": 1024}, FOUND),
            checks=(Check("third", dearer("Halpern"), AtLeast(3), label="times"),),
            control=Control({"n": 16}, breaks=("third",)),
            tier="standard",
        ),
        Claim(
            "root",
            "From 64 to 4,096 components the evaluations to a residual of 0.01 grow about like the "
            "root of n, with full looks like n (all are below (L / 0.01)² = 40,000)",
            source="abstract: n + sqrt(n) L / eps, up to logarithms; the games: desk",
            runs="size",
            checks=(
                Check("root", growth("Variance reduced"), Within(0.5, 0.7), label="power of n"),
                Check("full", growth("Halpern"), Close(1, abs=0.02), main=False),
                Check("found", lambda d: d.residual, AtMost(1e-2), over="all", main=False),
            ),
            # Where n is above (L distance / residual)² the term n takes over.
            control=Control({"far": 0.03, "x": 0.03, "y": 0.0}, breaks=("root",)),
            tier="standard",
        ),
        Claim(
            "last",
            "The last iterate's residual falls like 1/k with variance reduction (steps 30 to "
            "1,000)",
            source="abstract; the power: desk",
            runs=Grid({"n": (256,)}, 8, stop=steps(1_000), keep="log", record=("residual",)),
            checks=(
                Check(
                    "power",
                    lambda d: slope(d.residual, d.k, "k", window=(30, 1_000)).mean("n"),
                    Within(-1.15, -0.85),
                    label="power of k",
                ),
            ),
            control=Control({"kind": "sampled"}, breaks=("power",)),
        ),
        Claim(
            "small",
            "With 64 components deterministic Halpern at four times the step, which it may take, "
            "is the cheaper one; with 4,096 it is not",
            source="desk",
            runs=Grid(
                {"n": (64, 4096), "arm": ("Variance reduced", "Halpern, full step")}, 8, stop=FOUND
            ),
            checks=(
                Check("few", lambda d: dearer("Halpern, full step")(d).sel(n=64), AtMost(0.8)),
                Check("many", lambda d: dearer("Halpern, full step")(d).sel(n=4096), AtLeast(1.5)),
            ),
            # Between the two sizes neither is clearly ahead.
            control=Control({"n": 400}, breaks=("few", "many"), seeds=4),
            tier="standard",
        ),
    ]
