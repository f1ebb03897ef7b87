"""Proximal point and extragradient in a game that repels: how far beyond monotonicity they work."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from lab.core.games import Descent, Extragradient, Past, ProximalPoint
from lab.core.metrics import slope
from lab.core.problems.operators import NormalOperator
from lab.engine import (
    AtLeast,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Grid,
    Integer,
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

METHODS = ("proximal point", "extragradient", "optimistic", "descent")
FEW = {"planes": 5, "smallest": 0.3}  # for borders: nothing slow, so growth shows soon
SMALL = {**FEW, "rate": 0.01}  # "small enough": borders of the look ahead are for rate -> 0


def iteration(c):
    if c.method == "proximal point":
        return ProximalPoint(c.explore)
    if c.method == "descent":
        return Descent(c.rate)
    return (Extragradient if c.method == "extragradient" else Past)(c.rate, c.explore)


def settles(d):
    """Whether the residual falls late in a run, or is zero by then; not so if it blew up."""
    end = int(d.k.max())
    return (d.residual.sel(k=end) <= d.residual.sel(k=end // 2)) & (d.status != "diverged")


def border(name, rule, **at):
    """A check that the runs, of those `at` some setting, settle exactly where `rule` says so."""

    def measure(d):
        d = d.sel(at)
        right = settles(d) == rule(d)
        return right.mean([dim for dim in right.dims if dim != "seed"])

    label = "share of settings as foretold"
    return Check(name, measure, AtLeast(1.0), over="all", label=label)


def enough(explore, rho):
    """Whether extragradient that looks `explore` ahead settles for all steps that are small enough.

    An eigenvalue l = r e^(i t) with cos t = -rho r turns into 1 - s l (1 - g l). For s -> 0 that
    shrinks if Re(l - g l^2) = r^2 (g (1 - 2 rho^2 r^2) - rho) is above 0: hardest at r = 1. Other
    fields ask for other looks: along a real l = L it must be shorter than 1 / L.
    """
    return explore * (1 - 2 * rho**2) > rho


class NegativeComonotonicity(Experiment):
    """A game that pushes outwards in every turn. Watch a look ahead turn the spiral in, or not.

    Watch the path in the plane, then where the setting lies on the map of what settles.
    """

    card = Card(
        title="Beyond monotonicity",
        question="A game pushes its players outwards. How hard may it push before a look ahead "
        "no longer brings them home?",
        answer="Until half of the push points outwards, for extragradient that looks 1/L ahead; "
        "in this game, not in all, a longer look holds out further.",
        why="The field turns, and leans outwards by rho. Descent adds the leaning to the turning. "
        "A look ahead bends the step inwards, by the square of the turning. Which of the two is "
        "larger decides. The proximal point looks ahead without error: it settles whenever its "
        "step is longer than twice rho.",
        papers=("convergence-proximal-point-extragradient-based-methods-beyond",),
        equations=(
            r"\langle Vz - Vz', z - z' \rangle \ge -\rho \lVert Vz - Vz' \rVert^2",
            r"z_{k+1} = z_k - s\,V(z_k - g\,V z_k)",
            r"\text{settles as } s \to 0 \iff g\,(1 - 2\rho^2 L^2) > \rho",
        ),
        tags=("games", "extragradient", "proximal point", "nonmonotone"),
    )

    method = Selector(
        "extragradient",
        objects=list(METHODS),
        doc="iteration",
    )
    rho = Number(0.3, bounds=(0.0, 0.95), doc="how far the field leans outwards; L is 1")
    explore = Number(0.9, bounds=(0.05, 4.0), live=True, doc="look ahead g, in units of 1/L")
    rate = Number(
        0.1, bounds=(1e-3, 3.0), log=True, live=True, doc="step s; the proximal point has only g"
    )
    planes = Integer(1, bounds=(1, 400), doc="planes that turn, the fastest is drawn")
    smallest = Number(1e-3, bounds=(1e-4, 1.0), log=True, doc="slowest turning")
    x = Number(1.0, bounds=(-2.0, 2.0), doc="one plane: the start")
    y = Number(0.5, bounds=(-2.0, 2.0), doc="one plane: the start")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "edge": Preset(
            "Lean close to one half, watch it just return", rho=0.47, rate=0.03, explore=1.0
        ),
        "beyond": Preset("Lean past one half, watch it leave", rho=0.55, rate=0.03, explore=1.0),
        "longer": Preset("Look further ahead, watch it return", rho=0.55, rate=0.03, explore=3.0),
        "long": Preset("Take a long step, watch it leave", rho=0.4, rate=0.5),
        "optimistic": Preset(
            "Reuse the last look, watch it hold longer",
            method="optimistic",
            rho=0.8,
            explore=0.86,
            rate=0.02,
        ),
        "solve": Preset(
            "Solve each step, watch twice rho suffice",
            method="proximal point",
            rho=0.6,
            explore=1.3,
        ),
        "many": Preset("Add slow planes, watch the power law", planes=60, rate=0.3),
    }
    quantities = {
        "residual": Quantity("squared residual, ‖Vz‖²", log=True, better="less"),
        "place": Quantity("the two players", dim="player"),
        "evaluations": Quantity("evaluations of V or of its resolvent"),
    }
    axes = ("evaluations",)
    views = [
        Trajectory("place", field="pic.field", target="pic.zero", start=("x", "y"), title="Game"),
        Plane(
            "pic.here",
            lines="pic.borders",
            equal=False,
            title="What settles",
            note="look ahead over rho: above the line",
        ),
        Convergence("residual", slopes=(-1,), title="Squared residual"),
    ]
    dtype = "float64"

    @given(by=("planes", "smallest", "rho"))
    def game(c, rng, backend):
        return NormalOperator(c.planes, 1.0, c.smallest, -c.rho).make(rng, backend)

    def init(given, c, rng, backend):
        return iteration(c).init(NormalOperator.begin(given.game, c.x, c.y))

    def step(state, given, c, k, rng):
        exact = c.method == "proximal point"
        asked = NormalOperator.resolvent if exact else NormalOperator.apply
        return iteration(c).step(state, partial(asked, given.game), k)

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        z, n = state["x"], c.planes
        return {
            "residual": NormalOperator.apply(given.game, z).square().sum(),
            "place": torch.stack([z[0], z[n]]),
            "evaluations": state["evaluations"],
        }

    def picture(state, given, c):
        """The fastest plane's field around the origin, and the map with the setting on it."""
        return {
            "field": NormalOperator.field(given.game),
            "zero": torch.zeros(1, 2, dtype=torch.float64),
            "here": torch.tensor([[c.rho, c.explore]], dtype=torch.float64),
            "borders": torch.from_numpy(NegativeComonotonicity.borders(c.method)),
        }

    def borders(method):
        """Segments of the border of what settles, in the plane of rho and look ahead."""
        rho = np.linspace(0, 0.95, 96)
        if method == "proximal point":
            curves = [2 * rho]
        elif method == "extragradient":
            curves = [rho / np.maximum(1 - 2 * rho**2, 1e-9)]
        elif method == "optimistic":  # between these two, for a tiny step
            curves = [rho, np.ones_like(rho)]
        else:  # descent never settles
            curves = [np.full_like(rho, 4.0)]
        parts = []
        for g in curves:
            inside = (g[:-1] <= 4) & (g[1:] <= 4)
            parts.append(np.stack([rho[:-1], g[:-1], rho[1:], g[1:]], 1)[inside])
        return np.concatenate(parts)

    claims = [
        Claim(
            "half",
            "On this field extragradient that looks 1/L ahead, with a small step, settles exactly "
            "for rho L < 1/2",
            source="desk, closed form",
            runs=Grid(
                {"rho": (0.3, 0.4, 0.48, 0.52, 0.6, 0.7)},
                set={"method": "extragradient", "explore": 1.0, **SMALL},
                stop=steps(4_000),
                keep="log",
                record=("residual",),
            ),
            checks=(border("border", lambda d: d.rho < 0.5),),
            control=Control({"explore": 2.0}, breaks=("border",), seeds=2),
        ),
        Claim(
            "proximal",
            "On this field the proximal point settles exactly when its step is longer than 2 rho",
            source="desk, closed form",
            runs=Grid(
                {"rho": (0.1, 0.25, 0.4), "explore": (0.19, 0.21, 0.49, 0.51, 0.79, 0.81)},
                set={"method": "proximal point", **FEW},
                stop=steps(400),
                keep="log",
                record=("residual",),
            ),
            checks=(border("border", lambda d: d.explore > 2 * d.rho),),
            control=Control({"method": "extragradient"}, breaks=("border",), seeds=2),
        ),
        Claim(
            "further",
            "On this field one half is not the end: extragradient settles exactly for a look ahead "
            "above rho / (1 - 2 rho²), and the optimistic method with one between rho and 1",
            source="desk, closed form",
            runs=Grid(
                {
                    "rho": (0.3, 0.45, 0.55, 0.62, 0.8),
                    "explore": (0.25, 0.7, 0.9, 1.5, 2.5, 3.5),
                    "method": ("extragradient", "optimistic"),
                },
                set=SMALL,
                stop=steps(4_000),
                keep="log",
                record=("residual",),
                seeds=4,
            ),
            checks=(
                border(
                    "extragradient",
                    lambda d: enough(d.explore, d.rho),
                    method="extragradient",
                ),
                border(
                    "optimistic",
                    lambda d: (d.explore > d.rho) & (d.explore < 1),
                    method="optimistic",
                ),
            ),
            control=Control({"rate": 1.0}, breaks=("extragradient", "optimistic"), seeds=1),
            tier="standard",
        ),
        Claim(
            "rate",
            "Where they settle, the squared residual of the proximal point and of extragradient "
            "falls like 1/k on planes that turn slower and slower",
            source="desk; the abstract only says that the analyses are tight",
            runs=Grid(
                {"arm": ("Proximal point", "Extragradient")},
                8,
                {"planes": 300, "smallest": 3e-3, "explore": 1.0, "rate": 0.3},
                steps(2_000),
                "log",
                ("residual",),
            ),
            checks=tuple(
                Check(
                    arm.lower(),
                    lambda d, arm=arm: slope(d.residual.sel(arm=arm), d.k, "k", window=(60, 2_000)),
                    Within(-1.1, -0.9),
                    label="power of k",
                )
                for arm in ("Proximal point", "Extragradient")
            ),
            control=Control({"smallest": 0.5}, breaks=("proximal point", "extragradient"), seeds=3),
        ),
    ]
