"""An anchor makes the last iterate of an optimistic method twice as fast: 1/T, not 1/sqrt T."""

from __future__ import annotations

from functools import partial

import torch

from lab.core.games import AcceleratedOptimistic, Descent, Extragradient, Past
from lab.core.metrics import slope
from lab.core.problems.operators import NormalOperator
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Close,
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

METHODS = {
    "anchored": AcceleratedOptimistic,
    "optimistic": Past,
    "extragradient": Extragradient,
    "descent": Descent,
}
FAMILY = {"planes": 160, "slowest": 1e-3}


def powers(*arms):
    """Runs of these arms while the slowest planes still turn."""
    return Grid({"arm": arms}, 8, FAMILY, steps(3_000), "log", ("residual",))


def power(arm, expect):
    """A check of the power of T in the residual, before the slowest plane settles."""

    def measure(d):
        return slope(d.residual.sel(arm=arm), d.k, "k", window=(100, 3_000))

    return Check(arm.lower(), measure, expect, label="power of T")


class AnchoredOptimism(Experiment):
    """Two players with opposite aims turn around their equilibrium, fast in one plane, slowly in
    another. Watch which method comes in, and the slopes once there are many planes.
    """

    card = Card(
        title="An anchor for two players",
        question="Two players learn from each other's moves. How fast do their last moves settle?",
        answer="Like 1/sqrt T when they look ahead, like 1/T when they also lean back to where "
        "they began.",
        why="Players with opposite aims go round in circles. A look ahead turns circles into "
        "spirals, but slow ones stay slow. An anchor at the start, weaker by 1/T, averages each "
        "circle away, the slow ones too. On a single game without slow circles the anchor only "
        "holds back: there plain extragradient is geometric and wins.",
        papers=("doubly-optimal-no-regret-learning-monotone-games",),
        equations=(
            r"h_t = z_t + \tfrac{1}{t+1}(z_1 - z_t) - \eta V(h_{t-1})",
            r"z_{t+1} = z_t + \tfrac{1}{t+1}(z_1 - z_t) - \eta V(h_t)",
        ),
        tags=("games", "acceleration", "anchoring", "last iterate"),
    )

    method = Selector("anchored", objects=list(METHODS), doc="iteration")
    rate = Number(1 / 3, bounds=(0.01, 1.0), live=True, doc="step; the fastest plane turns at 1")
    planes = Integer(40, bounds=(1, 400), doc="planes that turn, the fastest is drawn")
    slowest = Number(1e-3, bounds=(1e-4, 1.0), log=True, doc="turning of the slowest plane")
    x = Number(1.0, bounds=(-2.0, 2.0), doc="one plane: the start")
    y = Number(0.5, bounds=(-2.0, 2.0), doc="one plane: the start")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "one": Preset("Keep one plane, watch who needs an anchor", planes=1),
        "many": Preset("Add slower planes, watch the slopes part", planes=400, slowest=1e-4),
        "wins": Preset(
            "Keep only fast planes, watch extragradient win",
            planes=40,
            slowest=0.3,
            method="extragradient",
        ),
    }
    quantities = {
        "residual": Quantity("residual, ‖Vz‖", log=True, better="less"),
        "place": Quantity("the two players in the fastest plane", dim="player"),
        "evaluations": Quantity("evaluations of V"),
    }
    axes = ("evaluations",)
    views = [
        Trajectory("place", field="pic.field", target="pic.zero", start=("x", "y"), title="Game"),
        Convergence("residual", slopes=(-0.5, -1), title="Residual"),
    ]
    dtype = "float64"

    @given(by=("planes", "slowest"))
    def game(c, rng, backend):
        return NormalOperator(c.planes, 1.0, c.slowest).make(rng, backend)

    def init(given, c, rng, backend):
        return METHODS[c.method](c.rate).init(NormalOperator.begin(given.game, c.x, c.y))

    def step(state, given, c, k, rng):
        V = partial(NormalOperator.apply, given.game)
        return METHODS[c.method](c.rate).step(state, V, k)

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        z = state["x"]
        return {
            "residual": NormalOperator.apply(given.game, z).norm(),
            # As long as in a single plane, however many share the start.
            "place": torch.stack([z[0], z[c.planes]])
            * (2 * c.planes if c.planes > 1 else 1) ** 0.5,
            "evaluations": state["evaluations"],
        }

    def picture(state, given, c):
        """The fastest plane's field (m, 4), and its zero (1, 2)."""
        zero = torch.zeros(1, 2, dtype=torch.float64)
        return {"field": NormalOperator.field(given.game), "zero": zero}

    claims = [
        Claim(
            "anchor",
            "In bilinear games with ever slower planes the last residual of the anchored method "
            "falls like 1/T, up to a logarithm",
            source="abstract; the games: desk",
            runs=powers("Anchored"),
            checks=(power("Anchored", AtMost(-0.85)),),
            control=Control({"method": "optimistic"}, breaks=("anchored",), seeds=3),
        ),
        Claim(
            "ahead",
            "In the same games it falls like 1/sqrt T for the methods that only look ahead",
            source="abstract; the games: desk",
            runs=powers("Optimistic", "Extragradient"),
            checks=tuple(power(arm, Within(-0.6, -0.4)) for arm in ("Optimistic", "Extragradient")),
            control=Control({"slowest": 0.3}, breaks=("optimistic", "extragradient"), seeds=3),
            tier="standard",
        ),
        Claim(
            "fixed",
            "On one fixed game without slow planes extragradient is geometric and ends far below "
            "the anchored method",
            source="desk",
            runs=Grid(
                {"arm": ("Anchored", "Extragradient")},
                8,
                {"planes": 40, "slowest": 0.4},
                steps(1_500),
                "log",
                ("residual",),
            ),
            checks=(
                Check(
                    "below",
                    lambda d: (
                        d.residual.sel(arm="Anchored", k=1_500)
                        / d.residual.sel(arm="Extragradient", k=1_500)
                    ),
                    AtLeast(10),
                    over="all",
                    label="anchored over extragradient",
                ),
            ),
            control=Control({"slowest": 1e-3}, breaks=("below",), seeds=3),
        ),
        Claim(
            "circles",
            "Descent leaves one plane, by the factor sqrt(1 + rate²) in each step",
            source="desk, closed form",
            runs=Grid(
                {"rate": (0.05, 0.1, 0.2)},
                1,
                {"method": "descent", "planes": 1},
                steps(200),
                "log",
                ("residual",),
            ),
            checks=(
                Check(
                    "factor",
                    lambda d: (
                        (d.residual.sel(k=200) / d.residual.sel(k=0)) ** (1 / 200)
                        / (1 + d.rate**2) ** 0.5
                    ),
                    Close(1, abs=1e-9),
                    over="all",
                    label="growth in a step over the closed form",
                ),
            ),
            control=Control({"method": "extragradient"}, breaks=("factor",)),
        ),
    ]
