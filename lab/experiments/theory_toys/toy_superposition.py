"""Five features in two dimensions: dense ones take turns, sparse ones share, in a pentagon."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from lab.core import superposition as sp
from lab.core.optim import AdamW
from lab.core.random import Uniform
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Boolean, Integer, Number
from lab.engine.experiment import Card, Experiment, Preset, Quantity
from lab.engine.rules import steps
from lab.engine.views import Bars, Curves, Heat, Plane

BATCH = 512
STORED = 0.5  # length from which on a feature counts as stored
RECENT = 0.02  # weight of the newest minibatch in the running loss
BEST_OF_FOUR = {"starts": 4}
EQUAL = {**BEST_OF_FOUR, "importance": 1.0}
SPACE = {**EQUAL, "n": 8, "m": 3}


def fall(before, after):
    """How much less of a dimension a stored feature has at the second absence."""
    return lambda d: d.own.sel(sparsity=before) - d.own.sel(sparsity=after)


class ToySuperposition(Experiment):
    """Each line is what the network keeps of one feature. Watch them push each other apart.

    Then make the features denser while it runs.
    """

    card = Card(
        title="Five in the space of two",
        question="Two dimensions have room for two directions. Can they hold five features?",
        answer="If features are rare, yes: all five are kept, as a pentagon. If they are always "
        "there, two are kept and three given up.",
        why="Two features that share a direction disturb each other only when both are there. Rare "
        "ones seldom meet, and the ReLU swallows a disturbance that points the wrong way. So it "
        "pays to store more than fits: opposite pairs first, a half dimension each; then a "
        "pentagon, two fifths each. A linear network can do none of it.",
        papers=("toy-models-superposition",),
        equations=(
            r"x'=\max(0,\;W^\top W x+b),\qquad L=\sum_i I_i\,(x_i-x'_i)^2",
            r"D_i=\frac{\|W_i\|^2}{\sum_j(\hat W_i\cdot W_j)^2}",
        ),
        tags=("superposition", "interpretability", "phase change", "neural network"),
        cost="seconds",
    )

    sparsity = Number(0.95, bounds=(0.0, 0.99), live=True, label="Absent",
                      doc="share of the time that a feature is not there")  # fmt: skip
    importance = Number(0.9, bounds=(0.3, 1.0), live=True, label="Importance",
                        doc="of a feature, times that of the one before")  # fmt: skip
    rate = Number(0.01, bounds=(1e-4, 0.1), live=True, log=True, label="Step size", doc="of Adam")
    n = Integer(5, bounds=(2, 20), label="Features", doc="that come and go")
    m = Integer(2, bounds=(1, 8), label="Dimensions", doc="that they are squeezed into")
    starts = Integer(1, bounds=(1, 16), label="Starts", doc="run side by side; the best is shown")
    relu = Boolean(True, label="ReLU", doc="at the output; without it the network is linear")

    arms = {"ReLU": {"relu": True}, "Linear": {"relu": False}}
    presets = {
        "dense": Preset("Let all be there, watch three vanish", sparsity=0.0, starts=4),
        "pairs": Preset("Let them meet more often, watch opposite pairs", sparsity=0.7, starts=4),
        "stuck": Preset("Make all equal, watch some starts get stuck", sparsity=0.8, importance=1),
        "linear": Preset("Take away the ReLU, watch two remain", relu=False),
        "eight": Preset("Add three features, watch the pentagon stay", n=8, sparsity=0.98),
        "space": Preset(
            "Squeeze eight into three dimensions, watch all fit", n=8, m=3, importance=1.0, starts=4
        ),
        "check": Preset("A few starts at once", starts=3),
    }
    quantities = {
        "lost": Quantity("share of the power lost", log=True, better="less", short="lost"),
        "stored": Quantity("features stored", better="more", short="stored"),
        "share": Quantity("dimensions per feature", dim="feature"),
        "own": Quantity("mean of the stored", short="stored"),
        "pair": Quantity("of opposite pairs", short="1/2"),
        "pentagon": Quantity("of a pentagon", short="2/5"),
        "narrow": Quantity("smallest angle between neighbours, degrees", short="narrowest"),
        "wide": Quantity("largest angle between neighbours, degrees", short="widest"),
    }
    views = [
        Plane("pic.features", lines="pic.spokes", hue="pic.hue", trails=True, reach=1.0,
              title="Features", note="from the origin", size=2),
        Bars("share", title="Dimensions per feature", note="1, 1/2 or 2/5 each"),
        Heat("pic.overlap", signed=True, title="Overlap", note="of each feature with each",
             x="feature", y="feature"),
        Curves("own", bounds=("pair", "pentagon"), title="Dimensions per stored feature"),
        Curves("lost", log="xy", title="Lost", note="1: as much as by keeping nothing"),
        Curves("own", x="sparsity", of="phases", by="arm", title="Dimensions by sparsity",
               note="2/5: a pentagon"),
    ]  # fmt: skip
    every, max_steps = 4, 20_000

    def init(given, c, rng, backend):
        w = 0.5 * rng.normal("start", (c.starts, c.n, c.m))
        weights = {"w": w, "b": torch.zeros_like(w[..., 0])}
        return {"weights": weights, "memory": AdamW.init(weights),
                "loss": ToySuperposition.nothing(c) * torch.ones_like(w[:, 0, 0])}  # fmt: skip

    def noise(c):
        return {"chance": Uniform((BATCH, c.n)), "value": Uniform((BATCH, c.n))}

    def ranks(c):
        """How much each feature counts, (n,)."""
        return torch.as_tensor(c.importance) ** torch.arange(c.n)

    def nothing(c):
        """Loss of the answer 0: a feature that is there has mean square 1/3."""
        return (1 - c.sparsity) / 3 * ToySuperposition.ranks(c).sum()

    def step(state, given, c, k, rng):
        x = sp.features(rng["chance"], rng["value"], c.sparsity)
        weights, ranks = state["weights"], ToySuperposition.ranks(c)
        loss, w, b = sp.loss_and_gradient(weights["w"], weights["b"], x, ranks, relu=c.relu)
        adam = AdamW(c.rate, decay=0.0)
        weights, memory = adam.step(weights, {"w": w, "b": b}, state["memory"], k)
        return {"weights": weights, "memory": memory,
                "loss": state["loss"].lerp(loss, RECENT)}  # fmt: skip

    def best(state):
        """The features of the start that loses least, (n, m)."""
        loss = state["loss"]
        chosen = torch.arange(len(loss)) == loss.argmin()
        return (chosen[:, None, None] * state["weights"]["w"]).sum(0)

    def planar(w):
        """The first two coordinates, (n, 2)."""
        return pad(w, (0, 1))[:, :2]

    def observe(state, given, c):
        w = ToySuperposition.best(state)
        share = sp.dimensionality(w)
        stored = (w.norm(dim=1) > STORED).to(w.dtype)
        narrow, wide = sp.gaps(ToySuperposition.planar(w), STORED)
        return {
            "lost": state["loss"].amin() / ToySuperposition.nothing(c),
            "stored": stored.sum(),
            "share": share,
            "own": (stored * share).sum() / stored.sum().clamp(min=1),
            "pair": 1 / 2,
            "pentagon": 2 / 5,
            "narrow": narrow,
            "wide": wide,
        }

    def picture(state, given, c):
        w = ToySuperposition.best(state)
        tips = ToySuperposition.planar(w)
        return {
            "features": tips,
            "spokes": torch.cat([torch.zeros_like(tips), tips], 1),
            "hue": torch.arange(c.n) / c.n,
            "overlap": w @ w.T,
        }

    studies = {
        "phases": Grid(
            {"sparsity": (0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95), "arm": "all"},
            set=BEST_OF_FOUR,
            stop=steps(1_000),
        )
    }
    claims = [
        Claim(
            "pentagon",
            "Features absent 95 % of the time are all stored, at angles of 72 degrees up to 5, "
            "with two fifths of a dimension each (the best of four starts); absent half of the "
            "time they are not",
            source="Figures on 5 features in 2 dimensions; sizes: desk",
            runs=Grid(set=BEST_OF_FOUR, stop=steps(500)),
            checks=(
                Check("five", lambda d: d.stored, AtLeast(5), "all", label="stored"),
                Check("narrow", lambda d: d.narrow, AtLeast(67), "all", label="smallest angle"),
                Check("wide", lambda d: d.wide, AtMost(77), "all", label="largest angle"),
                Check("share", lambda d: d.own, Within(0.39, 0.41), label="dimensions each"),
            ),
            control=Control({"sparsity": 0.5}, ("five", "wide", "share"), seeds=4),
        ),
        Claim(
            "dense",
            "Of five features that are always there the two most important are stored, at a right "
            "angle up to 5 degrees, each with a dimension of its own, where each counts 0.9 times "
            "the one before; where all count the same it is another mix",
            source="Figures on 5 features in 2 dimensions; sizes: desk",
            runs=Grid(set={**BEST_OF_FOUR, "sparsity": 0.0}, stop=steps(1_000)),
            checks=(
                Check("two", lambda d: d.stored, Within(2, 2), "all", label="stored"),
                Check("angle", lambda d: d.narrow, Within(85, 95), "all", label="angle"),
                Check("share", lambda d: d.own, AtLeast(0.95), label="dimensions each"),
            ),
            control=Control({"importance": 1.0}, breaks=("two", "angle", "share"), seeds=6),
            tier="standard",
        ),
        Claim(
            "phases",
            "In between the share of a dimension does not slide, it jumps: features that count the "
            "same have half of one up to an absence of 70 %, two fifths from 85 % on; without the "
            "ReLU no absence changes it",
            source="Section on the geometry of uniform polytopes; sizes: desk",
            runs=Grid({"sparsity": (0.6, 0.7, 0.85, 0.95)}, set=EQUAL, stop=steps(1_000)),
            checks=(
                Check("jump", fall(0.7, 0.85), AtLeast(0.08), label="jump"),
                Check("pairs", fall(0.6, 0.7), Within(-0.02, 0.02), label="before it", main=False),
                Check("after", fall(0.85, 0.95), Within(-0.02, 0.02), main=False),
            ),
            control=Control({"relu": False}, breaks=("jump",), seeds=4),
            tier="standard",
        ),
        Claim(
            "space",
            "Eight features in three dimensions tell the same story: absent 70 % of the time six "
            "are stored, with half a dimension each, absent 95 % of it all eight, with three "
            "eighths each; without the ReLU no absence changes it",
            source="Section on the geometry of uniform polytopes; sizes: desk",
            runs=Grid({"sparsity": (0.7, 0.95)}, set=SPACE, stop=steps(1_000)),
            checks=(
                Check("six", lambda d: d.stored.sel(sparsity=0.7), Within(6, 6), "all"),
                Check("eight", lambda d: d.stored.sel(sparsity=0.95), AtLeast(8), "all"),
                Check("jump", fall(0.7, 0.95), Within(0.11, 0.14), label="jump"),
                Check("share", lambda d: d.own.sel(sparsity=0.95), Within(0.36, 0.39),
                      label="dimensions each", main=False),
            ),
            control=Control({"relu": False}, ("six", "eight", "jump"), seeds=4),
            tier="slow",
        ),
    ]  # fmt: skip
