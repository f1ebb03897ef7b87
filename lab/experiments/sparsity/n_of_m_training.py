"""One of every sixteen weights: who survives while they train, and how restless that is."""

from __future__ import annotations

import math

import numpy as np
import torch

from lab.core.mlp import minibatch, side_by_side
from lab.core.optim import AdamW
from lab.core.pairs import pair
from lab.core.patterns import n_of_m
from lab.core.problems.labels import mislabelled
from lab.core.straight_through import Recipe
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Mask

BATCH = 64
WIDEST = 16  # block
RECENT = 0.03  # weight of the newest step in running means
DECAY = 0.75  # share of the training in which the decay ends
RULES = ("dense", "straight", "linear", "exponential", "structure", "static")
TOLD = ("loss", "flips", "restless", "noise", "living")
HALF = {"n": 2, "m": 4}
BOTH = {"arm": ("Straight", "Exponential")}
DIGITS, WORDS = "digits 64-64", "reber 64-64-64"


def recipe(c):
    return Recipe(c.rule, c.n, c.m, round(DECAY * c.length))


def patterned(c, flat):
    """The layers in blocks: all but the last, where the widest block divides the inputs."""
    layers = pair(c.net).net.weights(flat)[:-1]
    return [layer for layer in layers if layer.shape[1] % WIDEST == 0]


def masks(w, c, n):
    """Laid out like w, n of every m weights along the inputs; all of what is in no blocks."""
    alive = torch.ones_like(w, dtype=torch.bool)
    for slot, layer in zip(patterned(c, alive), patterned(c, w)):
        slot.copy_(n_of_m(layer.abs(), min(n, c.m), c.m))
    return alive


def lead(d):
    """How much more often exponential decay is right than straight-through training."""
    return d.accuracy.sel(arm="Exponential") - d.accuracy.sel(arm="Straight")


def tenfold(name):
    """How many powers of ten more of it exponential decay has than straight-through training."""
    return lambda d: np.log10(d[name].sel(arm="Exponential") / d[name].sel(arm="Straight"))


def found(d):
    """How much more often straight-through training is right than a choice by the first weights."""
    return d.accuracy.sel(rule="straight") - d.accuracy.sel(rule="static")


class NOfMTraining(Experiment):
    """Of each outlined block one weight lives. Watch lives begin and end, then settle."""

    card = Card(
        title="One of every sixteen",
        question="In each block only the largest weight is used. What shall the others learn?",
        answer="Let them learn as if they were used, and they keep replacing each other: that is "
        "noise. Fade them out and calm returns. Yet here the restless ones answer better.",
        why="Hardware skips zeros best in a pattern: N of every M. Straight-through training gives "
        "the dead the whole gradient of a network that does not see them, so places change hands "
        "to the end. Decay shows the network less and less of them and passes on as little. The "
        "price: places go to weights that still lean on others.",
        papers=("progressive-gradient-flow-robust-n",),
        equations=(
            r"\tilde w = w\odot(m+d_k(1-m)),\qquad d_k\to 0",
            r"\text{straight-through:}\quad g\leftarrow\nabla_{\tilde w}L+\lambda\,(1-m)\odot w",
        ),
        tags=("N:M sparsity", "straight-through", "pruning", "gradient noise"),
        cost="seconds",
    )
    net = Selector(DIGITS, objects=[DIGITS, WORDS], label="Network",
                   doc="problem, and widths of the hidden layers")  # fmt: skip
    rule = Selector("exponential", objects=RULES, label="The dead", doc="what they are given")
    m = Selector(16, objects=[2, 4, 8, 16], label="Block", doc="neighbouring inputs of a neuron")
    n = Integer(1, bounds=(1, 2), label="Alive", doc="of each block")
    rate = Number(3e-3, bounds=(1e-4, 3e-2), log=True, live=True, label="Step size", doc="at first")
    length = Integer(600, bounds=(20, 5000), log=True, label="Steps", doc="of the training")
    wrong = Number(0.0, bounds=(0.0, 0.5), label="Wrong labels", doc="share, for training")

    arms = {
        "Straight": {"rule": "straight"},
        "Exponential": {"rule": "exponential"},
        "Dense": {"rule": "dense"},
    }
    presets = {
        "half": Preset("Keep two of four, watch all agree", **HALF),
        "static": Preset("Choose once at the start, watch nobody move", rule="static"),
        "wrong": Preset("Give wrong labels, watch calm pay off", wrong=0.2, m=8),
        "words": Preset(
            "Judge words under wrong labels, watch the noise fall", net=WORDS, wrong=0.2
        ),
        "quick": Preset("Train half as long, watch decay fall behind", length=300),
        "check": Preset("A few steps", length=60),
    }
    quantities = {
        "accuracy": Quantity("right on new examples", better="more", short="right"),
        "flips": Quantity("places that change hands in a step", short="flips"),
        "restless": Quantity("mean of the last 30 steps or so", short="flips"),
        "noise": Quantity("variance of the gradient", log=True, better="less", short="gradient"),
        "living": Quantity("of the living alone", log=True, better="less", short="living"),
        "seen": Quantity("how much of a dead weight is seen", short="seen"),
        "loss": Quantity("cross-entropy of a minibatch", log=True, better="less"),
    }
    views = [
        Mask("pic.weights", alive="pic.alive", block=16, title="Weights", size=2,
             note="layers in blocks, a row is a neuron"),
        Curves("restless", title="Flips", note="places that change hands in a step"),
        Curves("noise", log="y", title="Noise of the gradient", note="of all weights"),
        Curves("living", log="y", title="Noise of the living", note="what they feel of it"),
        Curves("accuracy", percent=True, title="Accuracy", note="N of M on 2,000 new examples"),
        Curves("accuracy", x="m", of="compression", by="arm", log="x", percent=True,
               title="Accuracy by block", note="one of 2, 4, 8, 16"),
    ]  # fmt: skip
    every, max_steps = 4, 5_000

    @given(by=("net", "wrong"))
    def data(c, rng, backend):
        chosen = pair(c.net)
        return mislabelled(chosen.split(rng, backend), c.wrong, chosen.net.widths[-1], rng)

    def init(given, c, rng, backend):
        net = pair(c.net).net
        w = net.init(rng)
        return {
            "w": w,
            "memory": net.memory(w),
            "alive": masks(w, c, recipe(c).alive(0)),
            "last": torch.zeros_like(w),
            "told": dict.fromkeys(TOLD, w.new_zeros(())),
            "k": 0,
        }  # fmt: skip

    def step(state, given, c, k, rng):
        rule, w = recipe(c), state["w"]
        alive = state["alive"] if c.rule == "static" else masks(w, c, rule.alive(k))
        loss, slope = pair(c.net).net.gradient(
            rule.seen(w, alive, k), *minibatch(given.data["train"], rng, BATCH)
        )
        slope = rule.passed(slope, w, alive, k)
        rate = c.rate * (1 + math.cos(math.pi * min(k / c.length, 1))) / 2
        moved, memory = AdamW(rate, decay=0.0).step({"all": w}, {"all": slope}, state["memory"], k)
        # Half the square of what changes from one minibatch to the next is the variance.
        change = (slope - state["last"]).square() / 2 if k else torch.zeros_like(w)
        flips = (alive & ~state["alive"]).sum().to(w.dtype)
        now = {"restless": flips, "noise": change.sum(), "living": (change * alive).sum()}
        told = {name: state["told"][name].lerp(value, RECENT if k > 1 else 1.0)
                for name, value in now.items()}  # fmt: skip
        return {"w": moved["all"], "memory": memory, "alive": alive, "last": slope,
                "told": {**told, "loss": loss, "flips": flips}, "k": k + 1}  # fmt: skip

    def observe(state, given, c):
        return {**state["told"], "seen": recipe(c).share(max(state["k"] - 1, 0))}

    def assess(state, given, c):
        """Of the network in its pattern, whatever was seen in training."""
        w, test = state["w"], given.data["test"]
        fixed = {"static": state["alive"], "dense": torch.ones_like(state["alive"])}
        alive = fixed[c.rule] if c.rule in fixed else masks(w, c, c.n)
        return {"accuracy": pair(c.net).net.accuracy(w * alive, test["x"], test["y"])}

    def picture(state, given, c):
        return {
            "weights": side_by_side(patterned(c, state["w"]), 4, torch.nan),
            "alive": side_by_side(patterned(c, state["alive"]), 4, True),
        }

    def done(state, given, c):
        return f"Trained for {c.length} steps" if state["k"] >= c.length else None

    studies = {
        "compression": Grid({"m": (2, 4, 8, 16), "arm": ("Straight", "Exponential", "Dense")}, 4),
    }
    claims = [
        Claim(
            "places",
            "Where one of 16 lives it must be found: after 200 steps straight-through training "
            "leads a choice by the first weights by 6 points; where two of four live, by less",
            source="desk",
            runs=Grid({"rule": ("straight", "static")}, set={"length": 200}),
            checks=(Check("lead", found, AtLeast(0.06)),),
            control=Control(HALF, breaks=("lead",), seeds=3),
        ),
        Claim(
            "calm",
            "One of 16, 600 steps: with exponential decay at most a fifth as many places change "
            "hands at the end as with straight-through training, and the variance of the gradient "
            "is at most 0.6 of it; with two of four it is neither",
            source="Abstract (noise of the gradients); sizes: desk",
            runs=Grid(BOTH),
            checks=(
                Check("flips", tenfold("restless"), AtMost(-0.7), label="flips, powers of ten"),
                Check("noise", tenfold("noise"), AtMost(-0.2), label="noise, powers of ten"),
            ),
            control=Control(HALF, breaks=("flips", "noise"), seeds=4),
            tier="standard",
        ),
        Claim(
            "quality",
            "So it answers better: with one of 16 training with exponential decay leads "
            "straight-through training by half a point",
            source="Abstract: better at high sparsity; size: desk",
            runs=Grid(BOTH),
            checks=(Check("lead", lead, AtLeast(0.005)),),
            control=Control({"length": 100}, breaks=("lead",)),
            tier="standard",
            expected="fails",
            why="Less noise comes of the dead getting nothing, not of steadier weights: the "
            "gradient of the living alone is noisier than before. Their places are fixed by "
            "weights that lean on faded ones. On clean digits a point is lost, with linear or "
            "structure decay more.",
        ),
        Claim(
            "noisy",
            "Where the labels are noise themselves it does: with a fifth of them wrong, one of "
            "eight and 600 steps exponential decay leads by half a point; with clean ones not",
            source="Abstract, restated; sizes: desk",
            runs=Grid(BOTH, seeds=12, set={"m": 8, "wrong": 0.2}),
            checks=(Check("lead", lead, AtLeast(0.005)),),
            control=Control({"wrong": 0.0}, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "words",
            "Judging Reber's words with a fifth of the labels wrong, one of 16: the gradient's "
            "variance is at most 0.6 of it too, with two of four not; but there is no restlessness "
            "to calm, less than one place in a step changes hands",
            source="Abstract (noise of the gradients), on another task; sizes: desk",
            runs=Grid(BOTH, set={"net": WORDS, "wrong": 0.2}),
            checks=(
                Check("noise", tenfold("noise"), AtMost(-0.2), label="noise, powers of ten"),
                Check("flips", lambda d: d.restless.sel(arm="Straight"), AtMost(1.0), main=False,
                      label="places in a step, straight-through"),
            ),
            control=Control(HALF, breaks=("noise",), seeds=4),
            tier="slow",
        ),
    ]  # fmt: skip
