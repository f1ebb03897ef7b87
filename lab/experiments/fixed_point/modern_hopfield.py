"""Modern Hopfield networks: a memory that is attention and finds a pattern in one update."""

from __future__ import annotations

import math

import numpy as np
import torch

from lab.core.contours import level_sets
from lab.engine import (
    AtLeast,
    AtMost,
    Bars,
    Card,
    Check,
    Claim,
    Control,
    Experiment,
    Grid,
    Integer,
    Number,
    Preset,
    Profile,
    Quantity,
    Selector,
    Trajectory,
    Within,
    given,
    steps,
)

METHODS = ("softmax", "hebb")
NEAR = 0.1  # of a pattern of norm 1: found


def update(method, patterns, x, beta):
    """States after one update, and the weights that they gave to the patterns.

    Parameters
    ----------
    method : {"softmax", "hebb"}
        The modern network, or the classical one: the signs of W x, W the patterns' outer products
        without diagonal, scaled to norm 1.
    patterns : Tensor of shape (N, d)
    x : Tensor of shape (..., d)
    beta : float
        Inverse temperature.

    Returns
    -------
    Tensor of shape (..., d), Tensor of shape (..., N)
    """
    scores = x @ patterns.mT
    if method == "softmax":
        weights = torch.softmax(beta * scores, -1)
        return weights @ patterns, weights
    own = (patterns**2).sum(0)
    signs = torch.where(scores @ patterns - own * x >= 0, 1.0, -1.0).to(x.dtype)
    return signs / x.shape[-1] ** 0.5, scores / scores.abs().sum(-1, keepdim=True)


def energy(patterns, x, beta):
    """-lse(beta, X x) + |x|^2 / 2 + log(N) / beta + M^2 / 2, of states (..., d), with M = 1."""
    mean = torch.logsumexp(beta * (x @ patterns.mT), -1) - math.log(len(patterns))
    return (x**2).sum(-1) / 2 + 0.5 - mean / beta


def gaps(patterns):
    """Separations: by how much |x_i|^2 exceeds the largest x_i x_j, shape (N,)."""
    scores = patterns @ patterns.mT
    own = scores.diagonal()
    others = scores - torch.diag_embed(torch.full_like(own, torch.inf))
    return own - others.amax(-1)


def ends(c, patterns, x):
    """The pattern that weighs most where each state (n, d) comes to rest, shape (n,)."""
    for _ in range(60):
        x, weights = update(c.method, patterns, x, c.beta)
    return weights.argmax(-1)


def retrieved(d, arm):
    """Share found where 2^(d/4) patterns are stored in d dimensions, the mean of these pairs."""
    found = d.found.sel(arm=arm)
    return sum(found.sel(dimension=n, patterns=2 ** (n // 4)) for n in (16, 24, 32)) / 3


def fall(d):
    """How fast the logarithm of the error falls in beta, over the separation."""
    exact = d.sel(distance=0.0)
    falling = np.log(exact.typical).polyfit("beta", 1).polyfit_coefficients.sel(degree=1, drop=True)
    return -falling / exact.gap.mean("beta")


class ModernHopfield(Experiment):
    """Each coloured dot is a start, its colour the memory it will end in. Watch the states slide.

    Above two dimensions queries are noisy copies of the patterns, seen along two directions.
    """

    card = Card(
        title="A memory that is attention",
        question="How can a network recall one of very many stored patterns in a single step?",
        answer="Let the patterns compete by a softmax: the nearest takes all, and the error is "
        "exponentially small in its lead.",
        why="The update is attention with the patterns as keys and values. It lowers an energy "
        "whose basins belong to the patterns. With little beta all basins melt into one, at the "
        "average; in between, patterns that are alike share a basin. The classical network adds "
        "up all patterns instead, and mixes them up when there are many.",
        papers=("hopfield-networks-all-you-need",),
        equations=(
            r"\xi \leftarrow X\,\mathrm{softmax}(\beta X^\top \xi)",
            r"\|\xi_{new} - x_i\| \le 2M(N-1)\,e^{-\beta(\Delta_i - 2M\|\xi - x_i\|)}",
        ),
        tags=("fixed point", "attention", "memory", "energy"),
    )

    beta = Number(8.0, bounds=(0.1, 100.0), log=True, live=True, doc="inverse temperature")
    method = Selector("softmax", objects=list(METHODS), doc="update")
    patterns = Integer(6, bounds=(2, 256), doc="stored patterns")
    dimension = Integer(2, bounds=(2, 64), doc="2: on a circle; above: corners of a cube")
    groups = Integer(6, bounds=(1, 256), doc="patterns gather around so many centres")
    spread = Number(0.1, bounds=(0.0, 0.5), doc="around a centre: angle, or share of flipped signs")
    distance = Number(0.3, bounds=(0.0, 1.0), doc="distance of a query from its pattern")
    x = Number(0.1, bounds=(-1.5, 1.5), doc="in the plane: the start")
    y = Number(-0.15, bounds=(-1.5, 1.5), doc="in the plane: the start")

    arms = {"Softmax": {"method": "softmax"}, "Classical": {"method": "hebb"}}
    presets = {
        "one": Preset("Raise beta, watch one update do it", beta=40.0),
        "average": Preset("Lower beta, watch all slide to the mean", beta=1.0),
        "pairs": Preset("Pair the patterns, watch pairs share a basin", groups=3, spread=0.3),
        "many": Preset(
            "Store 256 in 32 dimensions, watch all come back",
            dimension=32,
            patterns=256,
            groups=256,
            beta=30.0,
        ),
        "alike": Preset(
            "Store near copies, watch the bound let go",
            dimension=32,
            patterns=40,
            groups=4,
            spread=0.05,
            beta=10.0,
        ),
    }
    quantities = {
        "error": Quantity("mean distance to the pattern asked for", log=True, better="less"),
        "bound": Quantity("bound on it", log=True),
        "found": Quantity("share of the patterns found", better="more"),
        "energy": Quantity("energy of the one state"),
        "rise": Quantity("largest rise of the energy in a step"),
        "clusters": Quantity("mean distance to the mean of the own group", log=True),
        "average": Quantity("mean distance to the mean of all patterns", log=True),
        "place": Quantity("one state", dim="axis"),
        "memory": Quantity("which pattern is nearest to the one state"),
        "typical": Quantity("geometric mean of the distances", log=True, short="typical"),
        "gap": Quantity("mean separation of a pattern from the others"),
        "share": Quantity("largest distance over its bound", log=True),
    }
    views = [
        Trajectory(
            "place",
            "pic.basins",
            "pic.crowd",
            field="pic.field",
            target="pic.patterns",
            lines="pic.levels",
            start=("x", "y"),
            title="Energy and its basins",
            size=2,
        ),
        Profile(
            "pic.error",
            "pic.bound",
            x="pic.separation",
            log="y",
            roles={"bound": "bound"},
            title="Each pattern by its separation",
        ),
        Bars("pic.weights", title="Largest weights of the state"),
    ]
    dtype = "float64"
    max_steps = 100

    @given(by=("patterns", "dimension", "groups", "spread"))
    def memory(c, rng, backend):
        """Patterns (N, d) of norm 1, means of groups (N, d), directions to look along (d, 2)."""
        n, d, groups = c.patterns, c.dimension, min(c.groups, c.patterns)
        member = torch.arange(n) % groups
        if d == 2:
            turn = 2 * math.pi * (torch.arange(groups) + rng.uniform("turn", ())) / groups
            angle = turn[member] + c.spread * rng.normal("angle", (n,))
            patterns = torch.stack([angle.cos(), angle.sin()], 1)
            look = backend.tensor([[1.0, 0.0], [0.0, 1.0]])
        else:
            centres = torch.sign(rng.uniform("centres", (groups, d)) - 0.5)
            flips = torch.sign(rng.uniform("flips", (n, d)) - c.spread)
            patterns = centres[member] * flips / d**0.5
            look = torch.linalg.svd(patterns - patterns.mean(0))[2][:2].mT.contiguous()
        alike = (member[:, None] == member).to(patterns.dtype)
        means = alike @ patterns / alike.sum(1, keepdim=True)
        return {"patterns": patterns, "means": means, "look": look, "gaps": gaps(patterns)}

    def init(given, c, rng, backend):
        """The dragged state, a query for each pattern, and in the plane a crowd of starts.

        Kept are the goals (Q,), indices of patterns, and the way from there, `off` (Q, d): so an
        error far below the rounding of a pattern is still seen.
        """
        X = given.memory["patterns"]
        away = rng.normal("away", X.shape)
        away = c.distance * away / away.norm(dim=1, keepdim=True)
        goal, starts = torch.arange(c.patterns), X + away
        if c.dimension == 2:
            line = backend.linspace(-1.3, 1.3, 12)
            here = backend.tensor([[float(c.x), float(c.y)]])
            free = torch.cat([here, torch.cartesian_prod(line, line)])
            chosen = (free @ X.mT).argmax(1)
            goal = torch.cat([chosen[:1], goal, chosen[1:]])
            starts = torch.cat([here, starts, free[1:]])
        else:
            goal, starts = torch.cat([goal[:1], goal]), torch.cat([starts[:1], starts])
        wide = torch.full_like(starts[:, 0], 2.0)
        return {"goal": goal, "off": starts - X[goal], "bound": wide, "rise": -wide}

    def step(state, given, c, k, rng):
        X = given.memory["patterns"]
        goal, off = state["goal"], state["off"]
        own = X[goal]
        x = own + off
        after, weights = update(c.method, X, x, c.beta)
        if c.method == "softmax":
            others = weights * (goal[..., None] != torch.arange(len(X)))
            away = others @ X - others.sum(-1, keepdim=True) * own
        else:
            away = after - own
        exponent = given.memory["gaps"][goal] - 2 * off.norm(dim=-1)
        bound = 2 * (len(X) - 1) * torch.exp(-c.beta * exponent)
        rise = energy(X, after, c.beta) - energy(X, x, c.beta)
        return {"goal": goal, "off": away, "bound": bound, "rise": rise}

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        m = given.memory
        X, asked = m["patterns"], slice(1, len(m["patterns"]) + 1)
        x = X[state["goal"]] + state["off"]
        error, bound = state["off"][asked].norm(dim=-1), state["bound"][asked]
        return {
            "error": error.mean(),
            "bound": bound.clamp(max=2.0).mean(),
            "found": (error < NEAR).to(x.dtype).mean(),
            "energy": energy(X, x[0], c.beta),
            "rise": state["rise"].max(),
            "clusters": (x[asked] - m["means"]).norm(dim=-1).mean(),
            "average": (x[asked] - X.mean(0)).norm(dim=-1).mean(),
            "place": x[0] @ m["look"],
            "memory": (X @ x[0]).argmax().to(x.dtype),
            "typical": error.log().mean().exp(),
            "gap": m["gaps"].mean(),
            "share": (error / bound).max(),
        }

    def picture(state, given, c):
        """The patterns, and of the modern network its crowd, errors, weights; in the plane also
        starts coloured by where they end, level sets of the energy and arrows of the update.
        """
        m = given.memory
        X, asked = m["patterns"], slice(1, len(m["patterns"]) + 1)
        found = {"patterns": X @ m["look"]}
        if c.method == "hebb":  # only its path: the energy and the basins are the other's
            return found
        x = X[state["goal"]] + state["off"]
        order = m["gaps"].argsort()
        found |= {
            "separation": m["gaps"][order],
            "error": state["off"][asked].norm(dim=-1)[order],
            "bound": state["bound"][asked][order].clamp(max=2.0),
            "weights": update(c.method, X, x[0], c.beta)[1].sort(descending=True)[0][:12],
        }
        if c.dimension > 2:
            kinds = torch.arange(len(X), dtype=x.dtype) % min(c.groups, len(X))
            return {**found, "crowd": torch.cat([x[asked] @ m["look"], kinds[:, None]], 1)}
        line = torch.linspace(-1.4, 1.4, 41, dtype=x.dtype)
        grid, crowd = torch.cartesian_prod(line, line), x[len(X) + 1 :]
        levels = energy(X, grid, c.beta).reshape(41, 41)
        cuts = torch.quantile(levels, torch.linspace(0.02, 0.9, 12, dtype=x.dtype))
        coarse = torch.cartesian_prod(line[::4], line[::4])
        arrows = 0.4 * (update(c.method, X, coarse, c.beta)[0] - coarse)
        return {
            **found,
            "basins": torch.cat([grid, ends(c, X, grid)[:, None]], 1),
            "crowd": torch.cat([crowd, ends(c, X, crowd)[:, None]], 1),
            "levels": level_sets(levels, line, line, cuts),
            "field": torch.cat([coarse, arrows], 1),
        }

    claims = [
        Claim(
            "energy",
            "An update never raises the energy, whatever the start and beta",
            source="Theorem 1, from memory; the starts: desk",
            runs=Grid(
                {"beta": (0.5, 2.0, 8.0, 30.0), "dimension": (2, 32)},
                8,
                {"patterns": 40, "groups": 40, "distance": 1.0},
                steps(30),
                "all",
                ("rise",),
            ),
            checks=(
                Check(
                    "rise",
                    lambda d: d.rise.sel(k=slice(1, None)).max("k"),
                    AtMost(1e-12),
                    over="all",
                    label="largest rise in a step",
                ),
            ),
            control=Control({"method": "hebb"}, breaks=("rise",), seeds=3),
        ),
        Claim(
            "error",
            "After one update the distance to the pattern stays below its bound and falls like "
            "exp(-beta times the separation), for 100 patterns in 32 dimensions",
            source="abstract; the bound as in Theorem 5, from memory and derived",
            runs=Grid(
                {"beta": (16.0, 20.0, 24.0, 28.0, 32.0, 36.0, 40.0), "distance": (0.0, 0.1)},
                8,
                {"dimension": 32, "patterns": 100, "groups": 100},
                steps(1),
            ),
            checks=(
                Check("fall", fall, Within(0.98, 1.08), label="fall of log error over separation"),
                Check("bound", lambda d: d.share, AtMost(1.0), over="all", label="over the bound"),
            ),
            control=Control({"method": "hebb"}, breaks=("fall", "bound"), seeds=3),
        ),
        Claim(
            "kinds",
            "Three kinds of rest: with little beta near the mean of all patterns, then near the "
            "mean of those that are alike, with much beta at the single pattern",
            source="abstract; the groups of ten: desk",
            runs=Grid(
                {"beta": (0.3, 7.0, 100.0)},
                8,
                {"dimension": 32, "patterns": 40, "groups": 4, "spread": 0.05},
                steps(50),
            ),
            checks=(
                Check("all", lambda d: d.average.sel(beta=0.3), AtMost(0.03), label="to the mean"),
                Check(
                    "alike",
                    lambda d: d.clusters.sel(beta=7.0) / d.error.sel(beta=7.0),
                    AtMost(0.3),
                    label="distance to the group's mean over that to the pattern",
                ),
                Check("single", lambda d: d.error.sel(beta=100.0), AtMost(0.01), label="to it"),
            ),
            control=Control({"method": "hebb"}, breaks=("all", "alike", "single"), seeds=3),
        ),
        Claim(
            "capacity",
            "2^(d/4) patterns in d = 16, 24, 32 dimensions come back from noisy copies in one "
            "update; the classical network finds next to none of them",
            source="abstract (exponentially many, one update); sizes and beta: desk",
            runs=Grid(
                {"dimension": (16, 24, 32), "patterns": (16, 64, 256), "arm": "all"},
                8,
                {"groups": 256, "beta": 30.0},
                steps(1),
            ),
            checks=(
                Check("softmax", lambda d: retrieved(d, "Softmax"), AtLeast(0.99)),
                Check(
                    "lead",
                    lambda d: retrieved(d, "Softmax") - retrieved(d, "Classical"),
                    AtLeast(0.9),
                    label="share found more than by the classical network",
                ),
            ),
            control=Control({"beta": 1.0}, breaks=("softmax", "lead"), seeds=3),
        ),
    ]
