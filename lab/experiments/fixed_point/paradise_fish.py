"""How a fish that learns will end: a functional equation, its iteration, and the fish."""

from __future__ import annotations

import numpy as np
import torch

from lab.engine import (
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
    Plane,
    Preset,
    Quantity,
    Uniform,
    Within,
    given,
    steps,
)

NODES = torch.linspace(0, 1, 257, dtype=torch.float64)
STARTS = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)  # preferences the fish begin with
FISH = 30  # of each
SHORT = {"alpha": (0.1, 0.3, 0.45), "beta": (0.2, 0.5)}  # memories that sum to less than 1
LONG = {"alpha": 0.8, "beta": 0.9}


def at(f, x):
    """Values at `x` of the function that is linear between its values `f` (257,) at the nodes."""
    place = x * (len(NODES) - 1)
    left = place.floor().clamp(0, len(NODES) - 2)
    i = left.long()
    return torch.lerp(f[i], f[i + 1], place - left)


def learnt(x, alpha, beta):
    """The preference after a turn to the right, and after one to the left."""
    return alpha * x + 1 - alpha, beta * x


def expected(f, alpha, beta):
    """T f at the nodes: x f(alpha x + 1 - alpha) + (1 - x) f(beta x)."""
    right, left = learnt(NODES, alpha, beta)
    return NODES * at(f, right) + (1 - NODES) * at(f, left)


def steepest(f):
    """Lipschitz constant."""
    return f.diff().abs().amax() * (len(NODES) - 1)


def fitted(alpha, beta, degree):
    """Values of x + x (1 - x) q(x), where q makes the residual least in the mean square."""
    bumps = [NODES * (1 - NODES) * NODES**j for j in range(degree + 1)]
    residuals = torch.stack([f - expected(f, alpha, beta) for f in (NODES, *bumps)], 1)
    weights = torch.linalg.lstsq(residuals[:, 1:], -residuals[:, :1]).solution[:, 0]
    return NODES + torch.stack(bumps, 1) @ weights


def shrinks(d):
    """Largest factor of the residual in a step, over alpha + beta, or over 1 if that is less."""
    factor = (d.residual.shift(k=-1) / d.residual).max("k")
    return factor / np.minimum(d.alpha + d.beta, 1)


def scatter(d):
    """Squared distances of the fish's means from the answer, over those that chance would make."""
    chance = d.chance
    return ((d.means - chance) ** 2 / (chance * (1 - chance) / FISH)).mean(("start", "beta"))


class ParadiseFish(Experiment):
    """Fish turn right or left and learn from it. Each dot is a fish: its preference now over that
    at the start. Watch the dots part, and the curve run through their means.
    """

    card = Card(
        title="The paradise fish makes up its mind",
        question="A fish turns right or left, and each turn is a lesson. Where will it end?",
        answer="With a chance that solves an equation between functions. Any first guess, "
        "iterated, gets there; short memories shrink its error by alpha + beta each time.",
        why="A turn to the right moves the preference x towards 1, one to the left towards 0; in "
        "the end one side is left. The chance f(x) of the right side equals its mean after one "
        "turn: f = Tf. The k-th iterate is the mean over fish after k turns. T shrinks slopes if "
        "memories are short.",
        papers=("existence-uniqueness-solutions-lipschitz-space-functional-equation",),
        equations=(
            r"f(x) = x\,f(\alpha x + 1 - \alpha) + (1 - x)\,f(\beta x),\quad f(0) = 0,\ f(1) = 1",
            r"\mathrm{Lip}(Tf - Tg) \le (\alpha + \beta)\,\mathrm{Lip}(f - g)",
        ),
        tags=("fixed point", "functional equation", "contraction", "learning"),
    )

    alpha = Number(0.4, bounds=(0.01, 0.99), doc="memory that a turn to the right leaves")
    beta = Number(0.55, bounds=(0.01, 0.99), doc="memory that a turn to the left leaves")
    wave = Number(0.0, bounds=(0.0, 3.0), doc="size of random waves in the first guess")
    low = Number(0.0, bounds=(-0.5, 0.5), doc="first guess at 0, where a fish's chance is 0")
    degree = Integer(2, bounds=(0, 8), doc="of the polynomial that is fitted instead")

    presets = {
        "quick": Preset("Forget fast, watch four turns decide", alpha=0.1, beta=0.3),
        "slow": Preset("Forget slowly, watch minds stay open", alpha=0.93, beta=0.96),
        "same": Preset("Learn alike, watch the line stay", alpha=0.7, beta=0.7),
        "wave": Preset("Start with waves, watch them flatten", wave=2.0),
        "low": Preset("Lift one end, watch another answer", low=0.3),
    }
    quantities = {
        "residual": Quantity(
            "Lipschitz constant of f − Tf", log=True, better="less", short="residual"
        ),
        "error": Quantity("largest error of f", log=True, short="error"),
        "means": Quantity("mean first guess over the fish of a start", dim="start"),
        "chance": Quantity("exact chance of the right side from there", dim="start"),
        "fit_residual": Quantity("largest residual of the polynomial", log=True),
        "fit_error": Quantity("largest error of the polynomial", log=True, short="polynomial"),
    }
    views = [
        Plane(
            "pic.fish",
            "pic.means",
            lines="pic.curve",
            target="pic.answer",
            title="Preference now",
            note="over that at the start; curve: f",
        ),
        Convergence(
            "residual",
            "error",
            "fit_error",
            log="y",
            bounds=("fit_error",),
            title="Residual and error",
        ),
    ]
    dtype = "float64"
    max_steps = 1_000

    @given(by=("alpha", "beta", "degree"))
    def answer(c, rng, backend):
        """f at the nodes by a dense system, and the polynomial of least squares."""
        T = torch.func.vmap(lambda e: expected(e, c.alpha, c.beta))(torch.eye(len(NODES)).double())
        system = torch.eye(len(NODES)).double() - T.mT
        system[[0, -1]] = 0.0
        system[0, 0] = system[-1, -1] = 1.0  # f(0) = 0 and f(1) = 1
        f = torch.linalg.solve(system, (NODES == 1).double())
        return {"f": f, "fit": fitted(c.alpha, c.beta, c.degree)}

    def init(given, c, rng, backend):
        modes = torch.arange(1, 7, dtype=torch.float64)
        wave = rng.normal("wave", (6,)) / modes @ torch.sin(torch.pi * modes[:, None] * NODES)
        first = c.low + (1 - c.low) * NODES + c.wave * wave
        return {"first": first, "f": first.clone(), "fish": STARTS[:, None].repeat(1, FISH)}

    def step(state, given, c, k, rng):
        right, left = learnt(state["fish"], c.alpha, c.beta)
        fish = torch.where(rng["turns"] < state["fish"], right, left)
        return {
            "first": state["first"],
            "f": expected(state["f"], c.alpha, c.beta),
            "fish": fish,
        }

    def noise(c):
        return {"turns": Uniform((len(STARTS), FISH))}

    def observe(state, given, c):
        f, exact, fit = state["f"], given.answer["f"], given.answer["fit"]
        return {
            "residual": steepest(f - expected(f, c.alpha, c.beta)).clamp(min=1e-15),
            "error": (f - exact).abs().amax(),
            "means": at(state["first"], state["fish"]).mean(1),
            "chance": at(exact, STARTS),
            "fit_residual": (fit - expected(fit, c.alpha, c.beta)).abs().amax(),
            "fit_error": (fit - exact).abs().amax(),
        }

    def picture(state, given, c):
        """Fish and their means, (m, 2); the curve (128, 4); the answer (19, 2)."""
        f, exact = state["f"], given.answer["f"]
        x, y = NODES[::2], f[::2]
        means = at(state["first"], state["fish"]).mean(1)
        start = STARTS[:, None].expand(-1, FISH)
        return {
            "fish": torch.stack([start, state["fish"]], -1).reshape(-1, 2),
            "means": torch.stack([STARTS, means], 1),
            "curve": torch.stack([x[:-1], y[:-1], x[1:], y[1:]], 1),
            "answer": torch.stack([STARTS, at(exact, STARTS)], 1),
        }

    claims = [
        Claim(
            "contraction",
            "If alpha + beta is below 1, each step shrinks the residual's Lipschitz constant by at "
            "least that factor, from every start",
            source="abstract; the factor: desk, derived",
            runs=Grid(SHORT, 8, {"wave": 1.0}, "residual < 1e-9 or k >= 120", "log", ("residual",)),
            checks=(
                Check("factor", shrinks, AtMost(1), over="all", label="factor over the bound"),
            ),
            control=Control(LONG, breaks=("factor",)),
            tier="standard",
        ),
        Claim(
            "unique",
            "From every start with the right ends the iteration arrives at one and the same "
            "function, that of a dense linear system",
            source="abstract",
            runs=Grid(SHORT, 8, {"wave": 2.0}, "residual < 1e-11 or k >= 200"),
            checks=(Check("same", lambda d: d.error, AtMost(1e-9), over="all", label="error"),),
            control=Control({"low": 0.3}, breaks=("same",)),
            tier="standard",
        ),
        Claim(
            "fish",
            "Simulated fish end on the right side as often as the function says",
            source="desk",
            runs=Grid({"beta": (0.5, 0.7)}, 32, {"alpha": 0.3}, steps(40)),
            checks=(
                Check("scatter", scatter, Within(0.7, 1.3), label="scatter over that of chance"),
            ),
            control=Control({"low": 0.3}, breaks=("scatter",), seeds=8),
        ),
        Claim(
            "polynomial",
            "A polynomial with three coefficients, fitted by least squares, comes within 1e-4 of "
            "the function if alpha + beta is below 1",
            source="abstract, very good accuracy; the number: desk",
            runs=Grid(SHORT, 1, stop=steps(1)),
            checks=(
                Check("error", lambda d: d.fit_error, AtMost(1e-4), over="all", label="error"),
                Check(
                    "residual",
                    lambda d: d.fit_residual,
                    AtMost(1e-4),
                    over="all",
                    label="residual",
                ),
            ),
            control=Control(LONG, breaks=("error", "residual")),
        ),
    ]
