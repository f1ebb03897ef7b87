"""Grokfast, Muon and orthogonal gradients race plain Adam from memory to rule."""

from __future__ import annotations

import torch

from lab.core import spectra
from lab.core.cross_entropy import PRECISIONS, cross_entropy
from lab.core.grokfast import GrokfastEMA, GrokfastMA
from lab.core.muon import Muon
from lab.core.networks import PairNetwork
from lab.core.optim import AdamW
from lab.core.orthogonal_gradient import orthogonal_gradient
from lab.core.problems.modular import shown_and_hidden
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Share
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Plane

METHODS = ("Adam", "Grokfast", "Grokfast window", "Muon", "orthogonal")
FILTERS = ("Grokfast", "Grokfast window")
INSIDE = {"pull": "in the gradient", "decay": 1e-3}  # decay as the paper's code has it
NOISY = INSIDE | {"batch": 16, "lr": 1e-3, "strength": 5.0}


def half(steps):
    """Stop when half of the hidden sums are right, or after so many steps."""
    return f"test_acc >= 0.5 or k >= {steps}"


def times_faster(arm):
    """Plain Adam's steps over those of the arm; a run that never got there counts as its last."""
    return lambda d: d.steps.sel(arm="Plain") / d.steps.sel(arm=arm)


def turn(batch, n, k, rng):
    """Which of n shown sums step k learns: all, or the next of an order drawn in each round."""
    if not 0 < batch < n:
        return slice(n)
    rounds = n // batch
    order = rng.at(k - k % rounds).permutation("order", n)
    return order[k % rounds * batch :][:batch]


def loss_and_gradient(weights, pairs, answer, c):
    """Losses (n,) and the gradient of their mean, as the controls `share` and `precision` say."""
    followed = {name: w.detach().requires_grad_() for name, w in weights.items()}
    with torch.enable_grad():
        scores = PairNetwork.logits(followed, pairs)
    losses, error = cross_entropy(scores.detach(), answer, c.share, c.precision)
    found = torch.autograd.grad(scores, list(followed.values()), error)
    return losses, dict(zip(weights, found))


def slow_filter(c):
    """The filter of the method, or None."""
    if c.method == "Grokfast":
        return GrokfastEMA(c.alpha, c.strength)
    return GrokfastMA(100, c.strength) if c.method == "Grokfast window" else None


class Grokfast(Experiment):
    """Four optimisers learn the same sums from the same start. Watch who finds the rule first."""

    card = Card(
        title="Racing to the rule",
        question="Every shown sum is known by heart. Which optimiser finds the rule first?",
        answer="The one whose gradient turns the weights and does not stretch them. Amplifying "
        "slow gradients pays with small batches at a small rate.",
        why="After memorising, the gradient mostly makes the weights longer, so that loss falls "
        "without anything learned. Decay works against that; an orthogonal gradient leaves that "
        "part out and needs no decay. Grokfast adds the gradient's slow part again: with small "
        "batches it averages noise away, with all sums at once it only lags.",
        papers=["grokfast-accelerated-grokking-amplifying-slow-gradients"],
        equations=[
            r"m\leftarrow\alpha m+(1-\alpha)g,\quad \hat g=g+\lambda m",
            r"g_\perp=\Big(g-\frac{w\cdot g}{w\cdot w}\,w\Big)\text{, at the length of }g",
        ],
        tags=["grokking", "optimiser", "weight decay", "Fourier"],
    )
    method = Selector("Adam", objects=METHODS, label="Optimiser", doc="Muon: hidden layer only")
    decay = Number(1.0, bounds=(0, 3), live=True, label="Weight decay", doc="pull towards zero")
    lr = Number(0.01, bounds=(1e-4, 0.1), live=True, log=True, label="Learning rate", doc="Adam's")
    strength = Number(2.0, bounds=(0, 20), live=True, label="Amplified", doc="Grokfast's lambda")
    alpha = Number(0.98, bounds=(0.5, 0.999), live=True, label="Memory", doc="Grokfast's alpha")
    reach = Number(0.03, bounds=(1e-3, 1), live=True, log=True, label="Muon's rate", doc="hidden")
    batch = Integer(0, bounds=(0, 512), label="Sums a step", doc="drawn in turn; 0 takes all")
    pull = Selector("on the weights", objects=("on the weights", "in the gradient"), live=True,
                    label="Decay acts", doc="in the gradient: before Adam scales it")  # fmt: skip
    share = Selector("softmax", objects=("softmax", "stablemax"), label="Shares by", doc="loss")
    precision = Selector("float32", objects=PRECISIONS, label="Loss in", doc="loss precision")
    fraction = Number(0.7, bounds=(0.2, 0.9), label="Sums shown", doc="share of all sums")
    p = Integer(31, bounds=(11, 113), label="Modulus", doc="hours of the clock; best a prime")
    width = Integer(256, bounds=(32, 512), label="Neurons", doc="width of the hidden layer")
    d = Integer(64, bounds=(8, 128), label="Embedding", doc="length; room for d / 2 waves")

    arms = {
        "Plain": {"method": "Adam"},
        "Grokfast": {"method": "Grokfast"},
        "Muon": {"method": "Muon"},
        "Orthogonal": {"method": "orthogonal", "decay": 0.0},
    }
    presets = {
        "noise": Preset("Show 16 sums a step, watch Grokfast pass Adam", **NOISY),
        "no-decay": Preset("Stop the decay, watch only orthogonal learn", decay=0.0),
        "collapse": Preset(
            "Round losses to sixteen bits, watch them vanish", decay=0.0, precision="float16"
        ),
        "inside": Preset("Put decay into the gradient, watch Adam hurry", **INSIDE),
        "clock": Preset("Take a larger clock, watch a longer race", p=59, d=16, fraction=0.5),
        "check": Preset("A tiny clock", p=13, width=32, d=8, lr=0.05, decay=0.3, fraction=0.8),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "test_loss": Quantity("test loss", log=True, better="less", short="test"),
        "train_loss": Quantity("train loss", log=True, better="less", short="train"),
        "norm": Quantity("length of all weights", short="length"),
        "zero": Quantity("shown sums whose loss rounds to zero", short="rounded to 0"),
        "top": Quantity("share of the five strongest waves", better="more"),
        "spectrum": Quantity("Fourier power of the embedding", dim="frequency"),
    }
    events = {"memorised": "train_acc >= 0.99", "grokked": "test_acc >= 0.95"}
    studies = {
        "muon": Grid(
            {"decay": (0.1, 0.3, 1.0, 3.0), "reach": (0.03, 0.1, 0.3)},
            3,
            set={"method": "Muon"},
            stop=half(1_000),
        ),
        "adam": Grid(
            {"decay": (0.1, 0.3, 1.0, 3.0), "lr": (0.003, 0.01, 0.03, 0.1)}, 3, stop=half(1_000)
        ),
    }
    every = 10
    max_steps = 50_000

    @given(by=("p", "fraction"))
    def sums(c, rng, backend):
        return shown_and_hidden(c.p, c.fraction, rng)

    def init(given, c, rng, backend):
        weights = PairNetwork(c.p, c.d, c.width).init(rng)
        state = {"weights": weights, "adam": AdamW.init(weights)}
        if c.method == "Muon":
            state["muon"] = Muon.init({"hidden": weights["hidden"]})
        if c.method in FILTERS:
            state["slow"] = slow_filter(c).init(weights)
        return state

    def step(state, given, c, k, rng):
        weights, shown = state["weights"], turn(c.batch, given.sums["shown"], k, rng)
        pairs, answer = given.sums["pairs"][shown], given.sums["answer"][shown]
        if c.share == "softmax" and c.precision == "float32":  # the same, written out: faster
            _, gradient = PairNetwork.gradient(weights, pairs, answer)
        else:
            _, gradient = loss_and_gradient(weights, pairs, answer, c)
        after = dict(state)
        if c.method in FILTERS:
            gradient, after["slow"] = slow_filter(c)(gradient, state["slow"], k)
        elif c.method == "orthogonal":
            gradient = orthogonal_gradient(weights, gradient)
        decay = c.decay
        if c.pull == "in the gradient":
            gradient = {name: g + decay * weights[name] for name, g in gradient.items()}
            decay = 0.0
        moved, after["adam"] = AdamW(c.lr, 0.9, 0.98, decay=decay).step(
            weights, gradient, state["adam"], k
        )
        if c.method == "Muon":
            hidden = {"hidden": weights["hidden"]}
            turned, after["muon"] = Muon(c.reach, decay=decay).step(
                hidden, gradient, state["muon"], k
            )
            moved |= turned
        return after | {"weights": moved}

    def observe(state, given, c):
        weights, pairs, answer = state["weights"], given.sums["pairs"], given.sums["answer"]
        n = given.sums["shown"]
        scores = torch.cat([PairNetwork.logits(weights, part) for part in (pairs[:n], pairs[n:])])
        right = (scores.argmax(1) == answer).to(scores.dtype)
        losses, _ = cross_entropy(scores, answer, c.share, c.precision)
        power = spectra.power(weights["embed"]).sum(1)
        return {
            "test_acc": right[n:].mean(),
            "train_acc": right[:n].mean(),
            "test_loss": losses[n:].to(scores.dtype).mean(),
            "train_loss": losses[:n].to(scores.dtype).mean(),
            "norm": sum(w.square().sum() for w in weights.values()).sqrt(),
            "zero": (losses[:n] == 0).to(scores.dtype).mean(),
            "top": spectra.top_share(power, 5),
            "spectrum": power / power.sum(),
        }

    def picture(state, given, c):
        embed = state["weights"]["embed"]
        frequency = int(spectra.ranked(spectra.power(embed).sum(1))[0])
        points = spectra.on_circle(embed, frequency)
        along = (frequency * torch.arange(c.p) % c.p).argsort()  # neighbours on the circle
        return {"circle": points, "chain": torch.cat([points[along], points[along.roll(-1)]], 1)}

    views = [
        Curves(
            "test_acc", title="Test accuracy", note="of the sums not shown", percent=True, size=2
        ),
        Plane("pic.circle", lines="pic.chain", title="Numbers", note="on the strongest frequency"),
        Curves("norm", title="Length of all weights"),
        Curves("top", title="Five strongest waves", note="share of the power", percent=True),
        Curves("zero", title="Losses rounded to zero", note="of shown sums", percent=True),
    ]
    claims = [
        Claim(
            "orthogonal",
            "Without weight decay an orthogonal gradient brings 90 % of the hidden sums within "
            "1,000 steps; the plain gradient next to none",
            source="desk; the method: Prieto and others (2025)",
            runs=Grid(
                set={"method": "orthogonal", "decay": 0.0}, stop="test_acc >= 0.9 or k >= 1000"
            ),
            checks=(Check("learned", lambda d: d.test_acc, AtLeast(0.9), Share(0.8)),),
            control=Control({"method": "Adam"}, breaks=("learned",), seeds=2),
        ),
        Claim(
            "factor",
            "Amplifying slow gradients brings half of the hidden sums five times sooner, with the "
            "same weight decay",
            source="abstract (more than 50 times); five times: desk",
            runs=Grid({"arm": ("Plain", "Grokfast")}, 5, set=INSIDE, stop=half(1_000)),
            checks=(Check("factor", times_faster("Grokfast"), AtLeast(5), label="times sooner"),),
            control=Control({"strength": 0.01}, breaks=("factor",), seeds=2),
            expected="fails",
            why="The paper compares with Adam without decay. Decay alone does it, sooner without "
            "the filter: with all sums at once there is no noise to average, and the mean lags.",
        ),
        Claim(
            "decay",
            "As the paper compares, it holds: Grokfast with decay 0.001 in the gradient has half "
            "of the hidden sums eight times sooner at least than Adam without decay. But Adam with "
            "that decay needs three quarters of Grokfast's steps or fewer",
            source="the paper's public code; shares: desk",
            runs=Grid(
                {"arm": ("Plain", "Grokfast"), "decay": (0.0, 1e-3)},
                4,
                set={"pull": "in the gradient"},
                stop=half(3_000),
            ),
            checks=(
                Check(
                    "both",
                    lambda d: (
                        d.steps.sel(arm="Plain", decay=0) / d.steps.sel(arm="Grokfast", decay=1e-3)
                    ),
                    AtLeast(8),
                    label="times sooner with both",
                ),
                Check(
                    "decay",
                    lambda d: times_faster("Grokfast")(d.sel(decay=1e-3)),
                    AtMost(0.75),
                    label="Adam's steps over Grokfast's",
                ),
            ),
            control=Control({"batch": 16, "lr": 1e-3}, breaks=("both", "decay"), seeds=2),
            tier="standard",
        ),
        Claim(
            "muon",
            "Muon's help depends on the decay: with 0.3 it has half of the hidden sums in two "
            "thirds of Adam's steps or fewer, at rates 0.01 and 0.1; with 3 it needs twice as "
            "many at least",
            source="desk; that Muon helps is disputed",
            runs=Grid(
                {"decay": (0.3, 3.0), "lr": (0.01, 0.1), "arm": ("Plain", "Muon")},
                5,
                set={"reach": 0.3},
                stop=half(1_000),
            ),
            checks=(
                Check(
                    "weak",
                    lambda d: times_faster("Muon")(d.sel(decay=0.3)).min("lr"),
                    AtLeast(1.5),
                    label="times sooner, decay 0.3",
                ),
                Check(
                    "strong",
                    lambda d: times_faster("Muon")(d.sel(decay=3.0)).max("lr"),
                    AtMost(0.5),
                    main=False,
                    label="decay 3",
                ),
            ),
            control=Control({"reach": 0.01}, breaks=("weak",), seeds=2),
            tier="standard",
        ),
        Claim(
            "noise",
            "With 16 sums a step at rate 0.001 Grokfast has half of the hidden sums in two thirds "
            "of Adam's steps or fewer; at rate 0.01 Adam is sooner still without it",
            source="desk",
            runs=Grid(
                {"lr": (1e-3, 1e-2), "arm": ("Plain", "Grokfast")},
                5,
                set=NOISY,
                stop=half(5_000),
            ),
            checks=(
                Check(
                    "noise",
                    lambda d: times_faster("Grokfast")(d.sel(lr=1e-3)),
                    AtLeast(1.5),
                    label="times sooner",
                ),
                Check(
                    "rate",
                    lambda d: (
                        d.steps.sel(arm="Grokfast", lr=1e-3) / d.steps.sel(arm="Plain", lr=1e-2)
                    ),
                    AtLeast(1.2),
                    main=False,
                    label="Adam at 0.01 over it",
                ),
            ),
            control=Control({"batch": 0}, breaks=("noise",), seeds=3),
            tier="standard",
        ),
    ]
