"""The order of the data, on the function that was made to be hard for every order."""

import numpy as np
import torch

from lab.core.metrics import best, slope
from lab.core.problems import finite_sums
from lab.core.random import Uniform
from lab.core.shuffling import ORDERS, discrepancy, epoch, walk
from lab.engine.claim import AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Convergence, Curves, Plane, Profile

PUSHES = {"circle": finite_sums.circle, "opposite": finite_sums.opposite}
EPOCHS = [64, 91, 128, 181, 256, 362, 512]  # where slopes are read: half octaves
SLOWEST, FASTEST, PACES = 0.004, 0.4, 48  # beyond 2 / bend the bound needs another function
FAR = 1000.0  # for slopes: the logarithm of a large start hardly bends them


def problem(given, c):
    return finite_sums.TwoSided(given.pieces, left=c.bend, right=1.0)


def tuned(d, arm, of):
    """Gaps of one order at the best pace for each n and K, by the mean over seeds.

    It is an error if the best pace is the slowest or the fastest that is tried.
    """
    d = d[[of]].sel(arm=arm, k=EPOCHS).assign_coords(pace=np.arange(PACES))
    return best(d, over="pace", by=of)[of]


def in_epochs(arm, of="gaps"):
    """Slope in K of one order's best gap, the mean over the numbers of components."""

    def measure(d):
        gap = tuned(d, arm, of)
        return slope(gap, gap.k, "k").mean("n")

    return measure


def in_components(arm):
    """Slope in n of one order's best gap, the mean over the numbers of epochs."""

    def measure(d):
        gap = tuned(d, arm, "gaps")
        return slope(gap, gap.n, "n").mean("k")

    return measure


def stray(arm):
    """Slope in n of how far the walk strays, the mean over epochs 16 to 32."""
    return lambda d: slope(d.herding.sel(arm=arm, k=slice(16, 32)).mean("k"), d.n, "n")


ONE, TWO = Within(-1.3, -0.7), Within(-2.3, -1.7)
THREE = ("with replacement", "reshuffling", "GraB")
RATES = (
    Check("replaced-K", in_epochs("with replacement"), ONE, label="replacement, power of K"),
    Check("shuffled-K", in_epochs("reshuffling"), TWO, label="reshuffling, power of K"),
    Check("balanced-K", in_epochs("GraB"), TWO, label="GraB, power of K"),
    Check("replaced-n", in_components("with replacement"), ONE, label="replacement, power of n"),
    Check("shuffled-n", in_components("reshuffling"), ONE, label="reshuffling, power of n"),
    Check("balanced-n", in_components("GraB"), TWO, label="GraB, power of n"),
    Check(
        "shuffled-average", in_epochs("reshuffling", "averages"), TWO, label="reshuffling, average"
    ),
    Check("balanced-average", in_epochs("GraB", "averages"), TWO, label="GraB, average"),
)
# Both sides alike: the powers of K go. All reshuffled: so do those of the two other orders.
ALIKE = Control(
    {"bend": 1.0, "order": "reshuffling"},
    breaks=(
        *("replaced-K", "shuffled-K", "balanced-K", "balanced-n"),
        *("shuffled-average", "balanced-average"),
    ),
    over={"n": (8, 16), "arm": THREE},
)


class ShufflingLowerBounds(Experiment):
    """Stochastic gradients on the function that was made to be hard for every order.

    Watch the gaps part, then the walk that parts them.
    """

    card = Card(
        title="The order of the data",
        question="Same data, same number of steps, another order. What can that be worth?",
        answer="With n components a shuffled order gains a factor of the epochs K, a balanced one "
        "another factor of n, and no order more.",
        why="Within an epoch the iterate strays as far as the partial sums of the pushes. The "
        "steep side throws it back harder, which leaves a bias that no average removes. Random "
        "orders stray like the root of n, balanced ones hardly. Where both sides bend alike there "
        "is no such bias, and shuffling is faster than its bound.",
        papers=("tighter-lower-bounds-shuffling-sgd",),
        equations=(
            r"f_i(x) = \sum_j h(x_j) + \langle a_i, x\rangle, \quad \sum_i a_i = 0",
            r"x \leftarrow x - \eta\,\nabla f_{\sigma(t)}(x), \quad t = 1, \dots, n",
            r"\tfrac{1}{nK}, \quad \tfrac{1}{nK^2}, \quad \tfrac{1}{n^2K^2}",
        ),
        tags=("stochastic gradients", "lower bound", "herding", "without replacement"),
    )

    n = Integer(32, bounds=(4, 128), doc="components; an epoch visits n of them")
    order = Selector("GraB", objects=tuple(ORDERS), doc="which component comes next")
    pace = Number(0.1, bounds=(0.004, 1), live=True, log=True, doc="n times the step size")
    bend = Number(4.0, bounds=(1, 10), doc="curvature on the left over that on the right")
    pushes = Selector("circle", objects=tuple(PUSHES), doc="where the components push")
    start = Number(30.0, bounds=(1, 1e4), log=True, doc="distance from the minimum")
    copies = Integer(8, bounds=(1, 64), doc="runs that a gap is averaged over")

    arms = {label: {"order": label} for label in ORDERS}
    presets = {
        "alike": Preset("Bend both sides alike, watch shuffling race ahead", bend=1.0),
        "paper": Preset("Push along a line, watch the same slopes", pushes="opposite"),
        "crowd": Preset("Take 128 components, watch one walk stay small", n=128),
        "hasty": Preset("Hurry fivefold, watch the gap stall high", pace=0.5),
        "check": Preset("A few small runs", n=8, copies=2),
    }
    quantities = {
        "tuned": Quantity(
            "gap at the pace that is best in this run", log=True, better="less", short="best pace"
        ),
        "gap": Quantity("gap at your pace", log=True, better="less", short="your pace"),
        "gaps": Quantity("gap at each pace", log=True, dim="pace"),
        "averages": Quantity("gap of averaged iterates at each pace", log=True, dim="pace"),
        "herding": Quantity("farthest point of the walk", better="less"),
    }
    views = [
        Convergence("tuned", slopes=(-1, -2), fit=False, title="Gap", note="at the best pace"),
        Plane("pic.walk", lines="pic.links", title="Walk", note="sums of the pushes, one epoch"),
        Profile("pic.valley", x="pic.paces", log="xy", title="Gap by pace", note="at this epoch"),
        Convergence("gap", fit=False, title="Your pace", note="turn it while it runs"),
        Curves(
            "tuned", x="n", by="arm", of="components", log="xy", slopes=(-1, -2), fit=True,
            title="Gap by components", note="128 epochs, best pace",
        ),
    ]  # fmt: skip
    dtype = "float64"
    max_steps = 2048

    @given()
    def grid(c, rng, backend):
        """The paces that are tried side by side, the same for every order."""
        return backend.logspace(SLOWEST, FASTEST, PACES)

    @given(by=("n", "pushes"))
    def pieces(c, rng, backend):
        """A first coordinate that no component pushes remembers the start, the others do not."""
        return finite_sums.with_memory(PUSHES[c.pushes](c.n, backend))

    def noise(c):
        return {"draw": Uniform((c.copies, 1, c.n))}

    def init(given, c, rng, backend):
        """Far out along the first coordinate, in `copies` x (paces and, last, your own) lanes."""
        n, dim = given.pieces.shape
        lanes = (c.copies, len(given.grid) + 1)
        x = torch.cat([c.start * backend.ones(*lanes, 1), backend.zeros(*lanes, dim - 1)], -1)
        first = rng.uniform("first", (c.copies, 1, n))
        order = ORDERS[c.order].init(first.expand(*lanes, n), dim)
        return {"x": x, "average": x.clone(), "order": order, "visits": first[:, 0].argsort(-1)}

    def step(state, given, c, k, rng):
        """One epoch."""
        own = torch.as_tensor(c.pace, dtype=given.grid.dtype, device=given.grid.device)
        pace = torch.cat([given.grid, own.reshape(1)])[:, None]
        order = ORDERS[c.order]
        visits = order.visits(state["order"], rng["draw"])
        x, gradients = epoch(problem(given, c), state["x"], visits, pace / c.n)
        return {
            "x": x,
            # The weights of the average grow as fast as the start is forgotten.
            "average": torch.lerp(state["average"], x, pace),
            "order": order.learn(state["order"], visits, gradients),
            "visits": visits[:, -1].clone(),
        }

    def observe(state, given, c):
        value = problem(given, c).value
        gaps = value(state["x"]).mean(0)
        return {
            "tuned": gaps[:-1].min(),
            "gap": gaps[-1],
            "gaps": gaps[:-1],
            "averages": value(state["average"]).mean(0)[:-1],
            "herding": discrepancy(given.pieces, state["visits"]).mean(),
        }

    def picture(state, given, c):
        path = walk(given.pieces, state["visits"][0])[:, 1:]
        if path.shape[1] == 1:  # on a line: unrolled, one visit further with every step
            across = torch.linspace(-1, 1, len(path)).to(path)[:, None] * c.n**0.5
            path = torch.cat([across, path], 1)
        return {
            "walk": path,
            "links": torch.cat([path[:-1], path[1:]], 1),
            "valley": problem(given, c).value(state["x"]).mean(0)[:-1],
            "paces": given.grid,
        }

    studies = {
        "components": Grid(
            {"n": (8, 16, 32, 64), "arm": "all"}, seeds=4, set={"start": FAR}, stop=steps(128)
        ),
    }
    claims = [
        Claim(
            "rates",
            "With a tuned step the gap falls like 1/(nK) with replacement, 1/(nK²) reshuffled and "
            "1/(n²K²) with GraB, up to logarithms; averaging the iterates does not change that",
            source="lower bounds for reshuffling and for arbitrary permutations",
            runs=Grid(
                {"n": (8, 16, 32, 64), "arm": THREE},
                set={"pushes": "opposite", "start": FAR},
                stop=steps(512),
                keep="log",
                record=("gaps", "averages"),
            ),
            checks=RATES,
            control=ALIKE,
            tier="standard",
        ),
        Claim(
            "walk",
            "The farthest point of a random order's walk grows like the root of n, that of GraB's "
            "stays bounded (n = 8 to 128)",
            # With pushes on a circle E max = 1.091 sqrt(n/2 n/(n-1)) - 0.58 sqrt(1/2): the largest
            # norm of a Brownian bridge in the plane (Kiefer 1959), less what a walk of single
            # steps misses of it (Siegmund 1985). At these n its slope is 0.53, not yet 1/2.
            source="Lu, Guo and De Sa 2022; the slope of 0.53 at these n: desk",
            runs=Grid(
                {"n": (8, 32, 128), "arm": ("reshuffling", "GraB")},
                set={"pace": 0.5},
                stop=steps(32),
                keep="log",
                record=("herding",),
            ),
            checks=(
                Check(
                    "random", stray("reshuffling"), Within(0.48, 0.59), main=False, label="random"
                ),
                Check("balanced", stray("GraB"), AtMost(0.15), label="GraB"),
            ),
            control=Control({"order": "reshuffling"}, breaks=("balanced",)),
        ),
        Claim(
            "alike",
            "The claim ends where both sides bend alike: on quadratics both shuffled orders are "
            "faster than 1/K²",
            source="Safran and Shamir 2020, on univariate quadratics",
            runs=Grid(
                {"n": (8, 16), "arm": ("reshuffling", "GraB")},
                set={"pushes": "opposite", "bend": 1.0, "start": FAR},
                stop=steps(512),
                keep="log",
                record=("gaps",),
            ),
            checks=(
                Check(
                    "shuffled-K",
                    in_epochs("reshuffling"),
                    AtMost(-2.4),
                    label="reshuffling, power of K",
                ),
                Check("balanced-K", in_epochs("GraB"), AtMost(-2.4), label="GraB, power of K"),
            ),
            control=Control({"bend": 4.0}, breaks=("shuffled-K", "balanced-K")),
            tier="standard",
        ),
        Claim(
            "plane",
            "The same powers hold for components that push in all directions of the plane",
            source="desk",
            runs=Grid(
                {"n": (16, 32, 64, 128), "arm": THREE},
                set={"copies": 16, "start": FAR},
                stop=steps(512),
                keep="log",
                record=("gaps", "averages"),
            ),
            checks=RATES,
            control=ALIKE,
            tier="slow",
        ),
    ]
