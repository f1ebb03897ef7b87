"""Two time scales: which stationary points of a game extragradient finds when one side is fast."""

from __future__ import annotations

import math

import torch

from lab.core.games import Descent, Extragradient, scaled
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
    Plane,
    Preset,
    Quantity,
    Selector,
    steps,
)

METHODS = {"extragradient": Extragradient, "descent": Descent}
MINIMAX = ((-1.0, -2.0), (1.0, 2.0))  # of the first pair; (0, 0) is stationary and is none
NEAR = 0.05
# Slopes of V at a minimax point, over (a, b, c, d): f_aa = -2, f_ac = 2, f_cc = -1.
SLOPES = ((-2.0, 0, 2, 0), (0, 0, 0, 1), (-2, 0, 1, 0), (0, -1, 0, 0))


def push(z):
    """V of f = a^4/4 - 5 a^2/2 + 2 a c - c^2/2 + b d at z = (a, b, c, d), shape (..., 4).

    The players a, b lower f, the players c, d raise it. Where the second derivative in c, d is
    singular (along d) a stationary point is a local minimax if f_aa - f_ac f_cc^-1 f_ca > 0: that
    is 2 at a = -1, 1 and -1 at a = 0.
    """
    a, b, c, d = z.unbind(-1)
    return torch.stack([a**3 - 5 * a + 2 * c, d, c - 2 * a, -b], -1)


def shrunk(d):
    """What is left of the second pair at the end."""
    return d.turning.isel(k=-1) / d.turning.isel(k=0)


class TwoTimescales(Experiment):
    """A hundred pairs of players, one side slower by tau. Watch where they end in each plane.

    In the first plane crosses are the minimax points, in the second the origin is.
    """

    card = Card(
        title="Two time scales",
        question="One player should answer at once, the other should move with care. How much "
        "slower must the careful one be?",
        answer="By more than a factor that the game sets, here about two; then extragradient finds "
        "the minimax points and nothing else.",
        why="A minimax point is where the slow side is lowest given the best answer of the fast "
        "side. The fast side must be fast enough to have answered. Here one pair of players also "
        "turns around without ever leaning in: descent leaves along it, at every tau, and a look "
        "ahead comes in.",
        papers=("two-timescale-extragradient-finding-local-minimax-points",),
        equations=(
            r"f = \tfrac14 a^4 - \tfrac52 a^2 + 2ac - \tfrac12 c^2 + bd",
            r"z_{k+1} = z_k - s\Lambda V(z_k - s\Lambda V z_k), \quad "
            r"\Lambda = \mathrm{diag}(1/\tau, 1/\tau, 1, 1)",
        ),
        tags=("games", "minimax", "extragradient", "nonconvex"),
    )

    method = Selector("extragradient", objects=list(METHODS), doc="iteration")
    tau = Number(5.0, bounds=(1.0, 50.0), log=True, doc="how much slower the first side is")
    rate = Number(0.2, bounds=(0.01, 0.3), doc="step s of the fast side")
    starts = Integer(100, bounds=(1, 400), doc="starts, even in [-2, 2]^4")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "equal": Preset("Make both equally fast, watch none arrive", tau=1.0),
        "descent": Preset("Look at nothing ahead, watch the turning", method="descent"),
        "slow": Preset("Slow one side a lot, watch it crawl", tau=30.0),
    }
    quantities = {
        "arrived": Quantity("share at a minimax point", better="more", short="minimax"),
        "wrong": Quantity(
            "share at the stationary point that is none", better="less", short="other"
        ),
        "turning": Quantity(
            "size of the second pair, √(τ b² + d²)", log=True, better="less", short="measured"
        ),
        "law": Quantity("the same by its closed form", log=True, short="closed form"),
    }
    views = [
        Plane(
            "pic.first",
            target="pic.minimax",
            field="pic.field",
            trails=True,
            equal=False,
            title="First pair",
            note="a across, c up",
        ),
        Plane(
            "pic.second",
            target="pic.origin",
            trails=True,
            equal=False,
            title="Second pair",
            note="b across, d up",
        ),
        Plane(
            "pic.multipliers",
            lines="pic.circle",
            equal=False,
            title="Multipliers of a step",
            note="left of the unit circle: settles",
        ),
        Curves("arrived", percent=True, title="Arrived at a minimax point"),
        Convergence("turning", "law", log="y", roles={"law": "exact"}, title="Second pair"),
    ]
    dtype = "float64"
    max_steps = 20_000
    blowup = 1e30

    def init(given, c, rng, backend):
        start = 4 * rng.uniform("start", (c.starts, 4)) - 2
        state = METHODS[c.method](c.rate).init(start)
        size = TwoTimescales.size(start, c.tau)
        return {"x": state["x"], "evaluations": state["evaluations"], "law": size}

    def size(z, tau):
        """Root mean square over the starts of what b d would conserve."""
        return (tau * z[:, 1] ** 2 + z[:, 3] ** 2).mean().sqrt()

    def step(state, given, c, k, rng):
        slow = torch.ones_like(state["x"][0]) / c.tau
        scale = torch.cat([slow[:2], torch.ones_like(slow[2:])])
        ahead = METHODS[c.method](c.rate).step(state, scaled(push, scale), k)
        # The modulus of 1 - s l (1 - s l), or of 1 - s l, at l = i / sqrt tau.
        square = torch.as_tensor(c.rate**2 / c.tau, dtype=state["x"].dtype)
        inner = (1 - square) ** 2 if c.method == "extragradient" else 1.0
        return {**ahead, "law": state["law"] * (inner + square).sqrt()}

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        z = state["x"]
        still = z[:, 1].abs() + z[:, 3].abs() < NEAR

        def near(a, b):
            return ((z[:, 0] - a).abs() < NEAR) & ((z[:, 2] - b).abs() < NEAR) & still

        return {
            "arrived": sum(near(*point).to(z.dtype).mean() for point in MINIMAX),
            "wrong": near(0.0, 0.0).to(z.dtype).mean(),
            "turning": TwoTimescales.size(z, c.tau),
            "law": state["law"],
        }

    def picture(state, given, c):
        """Both planes of players, the field where b = d = 0, and the multipliers of a step."""
        z = state["x"]
        grid = torch.cartesian_prod(
            torch.linspace(-2, 2, 11, dtype=z.dtype), torch.linspace(-3, 3, 11, dtype=z.dtype)
        )
        zero = torch.zeros_like(grid[:, 0])
        v = push(torch.stack([grid[:, 0], zero, grid[:, 1], zero], 1))
        arrows = -0.08 * torch.stack([v[:, 0] / c.tau, v[:, 2]], 1)
        scale = torch.tensor([1 / c.tau, 1 / c.tau, 1, 1], dtype=z.dtype)
        values = c.rate * torch.linalg.eigvals(scale[:, None] * torch.tensor(SLOPES, dtype=z.dtype))
        ahead = 1 - values * (1 - values) if c.method == "extragradient" else 1 - values
        turn = torch.linspace(0, 2 * math.pi, 361, dtype=z.dtype)
        circle = torch.stack([turn.cos(), turn.sin()], 1)
        return {
            "first": z[:, [0, 2]],
            "second": z[:, [1, 3]],
            "minimax": torch.tensor(MINIMAX, dtype=z.dtype),
            "origin": torch.zeros(1, 2, dtype=z.dtype),
            "field": torch.cat([grid, arrows], 1),
            "multipliers": torch.stack([ahead.real, ahead.imag], 1),
            "circle": torch.cat([circle[:-1], circle[1:]], 1),
        }

    claims = [
        Claim(
            "minimax",
            "With one side five times slower every start of extragradient ends at a minimax point "
            "and none at the other stationary point; of descent none ends anywhere",
            source="abstract; the function: desk",
            runs=Grid({"arm": "all"}, 8, stop=steps(2_500)),
            checks=(
                Check(
                    "extragradient",
                    lambda d: d.arrived.sel(arm="Extragradient"),
                    AtLeast(1.0),
                    over="all",
                    label="share that arrives",
                ),
                Check(
                    "descent",
                    lambda d: d.arrived.sel(arm="Descent"),
                    AtMost(0.0),
                    over="all",
                    label="share that arrives",
                ),
                Check("other", lambda d: d.wrong.max("arm"), AtMost(0.0), over="all"),
            ),
            control=Control({"tau": 1.0}, breaks=("extragradient",), seeds=3),
            tier="standard",
        ),
        Claim(
            "xy",
            "The pair that plays b d needs no second time scale: extragradient brings it in at "
            "tau = 1, and slower the larger tau is, by its closed form",
            source="desk, closed form; as an example for two time scales x y does not serve",
            runs=Grid(
                {"tau": (1.0, 5.0, 25.0)}, 8, {"starts": 10}, steps(60), "log", ("turning", "law")
            ),
            checks=(
                Check("law", lambda d: d.turning / d.law, Close(1, abs=1e-6), over="all"),
                Check(
                    "falls",
                    lambda d: shrunk(d).sel(tau=25.0) / shrunk(d).sel(tau=1.0),
                    AtLeast(2.0),
                    label="what is left at tau = 25 over that at 1",
                ),
            ),
            control=Control({"method": "descent"}, breaks=("falls",), seeds=3),
        ),
    ]
