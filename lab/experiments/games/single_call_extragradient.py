"""A look ahead that costs nothing: extragradient methods that ask once a step, with noise too."""

from __future__ import annotations

import torch

from lab.core.games import Descent, Extragradient, Optimistic, Past, Reflected
from lab.core.metrics import best, slope
from lab.core.problems.operators import NormalOperator
from lab.engine import (
    AtLeast,
    Boolean,
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
    Preset,
    Quantity,
    Selector,
    Trajectory,
    Within,
    given,
    steps,
)

METHODS = {
    "past": Past,
    "reflected": Reflected,
    "optimistic": Optimistic,
    "extragradient": Extragradient,
    "descent": Descent,
}
SINGLE = ("Past", "Reflected", "Optimistic")
NEAR = 0.5  # of the solution; the pull of a bent game turns round at 0.91
MANY = {"planes": 20, "slowest": 1e-2}
NOISY = {"lean": 0.5, "sigma": 1.0, "falling": True, "rate": 0.2, "wall": 3.0, "copies": 100}
BENT = {**NOISY, "copies": 300, "bend": 1.2, "sigma": 0.5, "x": 0.0, "y": -0.3}
RATES = (0.3, 0.5, 0.57, 0.62, 0.7, 0.85, 0.97, 1.1)
TRIES = 1_500  # steps in which a gap must be reached
ALONE = (-0.5, -0.3)  # the solution in one plane
PATIENCE = 20  # falling steps are rate / (1 + k / PATIENCE)


def per_player(z, wall):
    """Projection of z (..., 2 n) on both players' balls of radius `wall`."""
    halves = z.unflatten(-1, (2, -1))
    size = halves.norm(dim=-1, keepdim=True)
    return (halves * (wall / size.clamp(min=1e-300)).clamp(max=1)).flatten(-2)


def on_walls(z, wall):
    """Both players' parts of z (2 n,) scaled to length `wall`."""
    halves = z.unflatten(-1, (2, -1))
    return (wall * halves / halves.norm(dim=-1, keepdim=True)).flatten(-2)


def push(game, c, z):
    """V of the game without noise, at z (..., 2 planes)."""
    away = z - game["solution"]
    inward = 1 - c.bend * away.square().sum(-1, keepdim=True)
    return NormalOperator.apply(game, away) + c.lean * inward * away


def gap(game, c, z):
    """max over p in both balls of <V p, z - p> for the game that only turns, at z (2 planes,)."""
    v = NormalOperator.apply(game, z - game["solution"])
    return v @ z + c.wall * v.unflatten(-1, (2, -1)).norm(dim=-1).sum()


def late(name, low=1_000):
    """Power of k in `name` over the last part of the runs."""

    def measure(d):
        return slope(d[name], d.k, "k", window=(low, float(d.k.max())))

    return measure


def average(*arms):
    """Checks of the power of t in the gap of the average."""
    for arm in arms:
        yield Check(
            arm.lower(),
            lambda d, arm=arm: late("gap", 100)(d).sel(arm=arm),
            Within(-1.1, -0.9),
            label="power of t",
        )


def calls(d):
    """The dataset with the calls until the gap is there; endless where it never is."""
    return d.assign(calls=d.evaluations.where(d.steps < TRIES, 1e9))


def saving(d):
    return d.calls.sel(arm="Extragradient") / d.calls.sel(arm="Past")


class SingleCallExtragradient(Experiment):
    """Two players turn around their equilibrium inside a box. Watch who comes in, and who is
    pushed to the wall; then add noise and watch a crowd of copies settle.
    """

    card = Card(
        title="One call instead of two",
        question="A look ahead turns circles into spirals, but costs a second gradient. Can the "
        "last one be used again?",
        answer="Yes: at the same step the average is as good for half the calls; with noise and "
        "falling steps the last iterate settles like 1/t.",
        why="Extragradient asks twice: where it stands and a step ahead. The last answer is nearly "
        "the one it would get now, so it may serve for the look. The price is a smaller largest "
        "step, about 0.6 of it. Noise asks for steps like 1/t, and for a pull to the centre that "
        "these steps do not outrun.",
        papers=("convergence-single-call-stochastic-extra-gradient-methods",),
        equations=(
            r"x_{t+1/2} = P(x_t - \gamma V_{t-1/2}), \quad x_{t+1} = P(x_t - \gamma V_{t+1/2})",
            r"x_{t+1/2} = 2x_t - x_{t-1} \quad\text{(reflected)}",
        ),
        tags=("games", "extragradient", "stochastic", "last iterate"),
    )

    method = Selector("past", objects=list(METHODS), doc="iteration")
    rate = Number(0.3, bounds=(0.01, 1.2), log=True, live=True, doc="step; fastest turning is 1")
    falling = Boolean(False, doc="steps fall like 1/t")
    sigma = Number(0.0, bounds=(0.0, 3.0), live=True, doc="noise in each coordinate of V")
    lean = Number(0.0, bounds=(-0.5, 1.0), live=True, doc="pull to the solution")
    bend = Number(0.0, bounds=(0.0, 2.0), live=True, doc="the pull turns round at 1/√bend")
    x = Number(1.0, bounds=(-2.0, 2.0), doc="one plane: the start")
    y = Number(0.6, bounds=(-2.0, 2.0), doc="one plane: the start")
    wall = Number(1.5, bounds=(1.0, 4.0), doc="each player stays within this")
    copies = Integer(1, bounds=(1, 400), doc="runs side by side, each with its own noise")
    planes = Integer(1, bounds=(1, 100), doc="planes that turn, the fastest is drawn")
    slowest = Number(0.1, bounds=(1e-3, 1.0), log=True, doc="turning of the slowest plane")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "descent": Preset("Take the look away, watch the wall", method="descent"),
        "noise": Preset("Add noise and a pull, watch a crowd settle", **NOISY),
        "fast": Preset("Let steps fall too fast, watch it stall", **{**NOISY, "rate": 0.025}),
        "bent": Preset("Bend the pull, watch the crowd part", **{**BENT, "x": 0.3}),
        "long": Preset("Step longer, watch the saved call fail", rate=0.7),
    }
    quantities = {
        "gap": Quantity("gap of the average in the turning game", log=True, better="less"),
        "error": Quantity("mean squared distance of the copies", log=True, better="less"),
        "kept": Quantity("the same of those near the solution", log=True, better="less"),
        "near": Quantity("share of copies near the solution", better="more"),
        "place": Quantity("the players", dim="player"),
        "mean": Quantity("their average", dim="player"),
        "evaluations": Quantity("calls of V"),
    }
    axes = ("evaluations",)
    views = [
        Trajectory(
            "place",
            "mean",
            "pic.crowd",
            field="pic.field",
            target="pic.solution",
            lines="pic.box",
            start=("x", "y"),
            title="Game",
        ),
        Convergence("gap", slopes=(-1,), title="Gap of the average"),
        Convergence("error", slopes=(-1,), title="Squared distance, last iterate"),
    ]
    dtype = "float64"

    @given(by=("planes", "slowest", "wall"))
    def game(c, rng, backend):
        """A game that turns around a place off the middle: no average is there by symmetry."""
        game = NormalOperator(c.planes, 1.0, c.slowest).make(rng, backend)
        drawn = on_walls(rng.normal("solution", (2 * c.planes,)), 0.4 * c.wall)
        return {**game, "solution": backend.tensor(ALONE) if c.planes == 1 else drawn}

    def init(given, c, rng, backend):
        start = NormalOperator.begin(given.game, c.x, c.y)
        start = per_player(start, c.wall) if c.planes == 1 else on_walls(start, c.wall)
        start = start.expand(c.copies, -1).clone()
        return {**METHODS[c.method]().init(start), "mean": start[0].clone()}

    def step(state, given, c, k, rng):
        asked = []

        def V(z):
            asked.append(z)
            return push(given.game, c, z) + c.sigma * rng["noise"][len(asked) - 1]

        rate = torch.as_tensor(c.rate, dtype=state["x"].dtype)
        rate = rate / (1 + k / PATIENCE) if c.falling else rate
        method = METHODS[c.method](rate, project=lambda z: per_player(z, c.wall))
        rest = {name: value for name, value in state.items() if name != "mean"}
        ahead = method.step(rest, V, k)
        # The average is of the places where V was asked that lead: halfway ones, if any.
        mean = torch.lerp(state["mean"], asked[-1][0], 1 / (k + 1))
        return {**ahead, "mean": mean}

    def noise(c):
        """Two calls at most in a step, for each copy."""
        return {"noise": Normal((2, c.copies, 2 * c.planes))}

    def observe(state, given, c):
        z, n = state["x"], c.planes
        square = (z - given.game["solution"]).square().sum(-1)
        close = (square < NEAR**2).to(z.dtype)
        share = close.mean()
        kept = (square * close).mean() / share.clamp(min=1e-12)
        return {
            "gap": gap(given.game, c, state["mean"]),
            "error": square.mean(),
            "kept": torch.where(share > 0, kept, square.mean()),
            "near": share,
            "place": torch.stack([z[0, 0], z[0, n]]),
            "mean": torch.stack([state["mean"][0], state["mean"][n]]),
            "evaluations": state["evaluations"][0],
        }

    def picture(state, given, c):
        """The crowd in the fastest plane (copies, 2), the field (169, 4), the box (4, 4)."""
        n, w = c.planes, c.wall
        solution = given.game["solution"][[0, n]]
        fastest = {name: given.game[name][:1] for name in ("real", "imaginary")}
        fastest["solution"] = solution
        side = torch.linspace(-w, w, 13, dtype=state["x"].dtype)
        grid = torch.cartesian_prod(side, side)
        arrows = torch.cat([grid, -0.1 * push(fastest, c, grid)], 1)
        box = [[-w, -w, w, -w], [w, -w, w, w], [w, w, -w, w], [-w, w, -w, -w]]
        return {
            "crowd": state["x"][:, [0, n]],
            "field": arrows,
            "box": torch.tensor(box, dtype=state["x"].dtype),
            "solution": solution[None],
        }

    claims = [
        Claim(
            "average",
            "In bilinear games the gap of the average falls like 1/t, with one call a step as with "
            "two",
            source="abstract; the games: desk",
            runs=Grid({"arm": ("Past", "Extragradient")}, 8, MANY, steps(1_000), "log", ("gap",)),
            checks=tuple(average("Past", "Extragradient")),
            control=Control({"method": "descent"}, breaks=("past", "extragradient"), seeds=6),
        ),
        Claim(
            "others",
            "So it does for the other two methods with one call, reflected and optimistic",
            source="abstract; the games: desk",
            runs=Grid({"arm": ("Reflected", "Optimistic")}, 8, MANY, steps(1_000), "log", ("gap",)),
            checks=tuple(average("Reflected", "Optimistic")),
            control=Control({"method": "descent"}, breaks=("reflected", "optimistic"), seeds=6),
        ),
        Claim(
            "half",
            "At the same step one call reaches a gap with half the calls of extragradient; with "
            "the best step of each it saves less than a third, for its own must be shorter",
            source="abstract, the first half; steps, gap and the second half: desk",
            runs=Grid(
                {"arm": ("Past", "Extragradient"), "rate": RATES},
                8,
                MANY,
                f"gap < 0.02 or k >= {TRIES}",
            ),
            checks=(
                Check(
                    "same",
                    lambda d: saving(calls(d).sel(rate=0.3)),
                    Within(1.8, 2.2),
                    label="calls of extragradient over calls of past",
                ),
                Check(
                    "tuned",
                    lambda d: saving(best(calls(d), over="rate", by="calls", edge="allow")),
                    Within(1.1, 1.5),
                    label="the same, each at its best step",
                ),
            ),
            control=Control({"rate": 0.8}, breaks=("same", "tuned"), seeds=3),
            tier="standard",
        ),
        Claim(
            "noise",
            "With noise and steps like 1/t the squared distance of the last iterate falls like 1/t",
            source="abstract; the games: desk",
            runs=Grid({"arm": SINGLE}, 8, NOISY, steps(10_000), "log", ("error",)),
            checks=tuple(
                Check(
                    arm.lower(),
                    lambda d, arm=arm: late("error")(d).sel(arm=arm),
                    Within(-1.15, -0.85),
                    label="power of t",
                )
                for arm in SINGLE
            ),
            control=Control({"rate": 0.025}, breaks=("past", "reflected", "optimistic"), seeds=6),
            tier="standard",
        ),
        Claim(
            "local",
            "In a bent game the copies that start near stay, nine in ten, and settle like 1/t",
            source="abstract; the game and the share: desk",
            runs=Grid({}, 8, BENT, steps(5_000), "log", ("kept", "near")),
            checks=(
                Check("stay", lambda d: d.near.isel(k=-1), AtLeast(0.9), label="share that stays"),
                Check("rate", late("kept", 500), Within(-1.15, -0.85), label="power of t"),
            ),
            control=Control({"x": 1.0}, breaks=("stay", "rate"), seeds=6),
            tier="standard",
        ),
        Claim(
            "descent",
            "Where noise and a pull decide, descent without a look settles like 1/t just as well: "
            "the look matters where nothing pulls",
            source="desk",
            runs=Grid({"arm": ("Descent",)}, 8, NOISY, steps(5_000), "log", ("error",)),
            checks=(
                Check(
                    "rate",
                    lambda d: late("error", 500)(d).sel(arm="Descent"),
                    Within(-1.15, -0.85),
                    label="power of t",
                ),
            ),
            control=Control({"lean": 0.0}, breaks=("rate",), seeds=6),
            tier="standard",
        ),
    ]
