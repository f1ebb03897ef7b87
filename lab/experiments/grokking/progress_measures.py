"""Grokking modular addition, and the measures that see it coming."""

from __future__ import annotations

import numpy as np
import torch

from lab.core import spectra
from lab.core.metrics import at, first
from lab.core.networks import PairNetwork
from lab.core.optim import AdamW
from lab.core.problems.modular import shown_and_hidden
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Curves,
    Experiment,
    Grid,
    Heat,
    Integer,
    Number,
    Plane,
    Preset,
    Quantity,
    Share,
    Spectrum,
    given,
)

KEYS = 6  # frequencies that count as the circuit, the strongest of the moment


def power_of(weights):
    """Fourier power of the embedding, (p // 2,)."""
    return spectra.power(weights["embed"]).sum(1)


def last(y):
    return at(y, np.inf)


def value(y, k):
    """y at each seed's own step k; nan where k is never."""
    return y.where(y.k == k).max("k")


def halved(y, start):
    """The step at which y has fallen to half of its value at step `start`."""
    return first(y.where(y.k >= start) / value(y, start), below=0.5)


def gap(d):
    """How many times later the hidden sums are learned than the shown ones; 0 when never."""
    return (d.steps / first(d.train_acc, above=0.99)).where(last(d.test_acc) >= 0.95, 0.0)


def progress(measure):
    """One of the measures below, for each seed; 0 where its moments never come."""

    def measured(d):
        known, low = first(d.train_acc, above=0.99), first(d.train_loss, below=0.05)
        half, early = first(d.test_acc, above=0.5), halved(d.restricted, known)
        late = halved(d.test_loss, known)
        between = (d.k >= low) & (d.k <= half)
        return {
            "before half is right": (half / early).where(np.isfinite(half), 0.0),
            "before test loss": (late / early).where(np.isfinite(late), 0.0),
            "excluded rises": (value(d.excluded, half) / value(d.excluded, low)).fillna(0.0),
            "worst train loss": d.train_loss.where(between).max("k"),
        }[measure]

    return measured


class ProgressMeasures(Experiment):
    """It knows every shown sum by heart at once, and the hidden ones hundreds of steps later."""

    card = Card(
        title="Sums on a clock",
        question="Every training answer is right. What is it still learning?",
        answer="For hundreds of steps nothing shows. Then six waves take the place of memory.",
        why="Memorising is quick but needs large weights. Decay makes them costly, and a few waves "
        "on a clock of p hours answer every sum with less. They grow unseen beside the memory. "
        "Test accuracy jumps only when they outweigh it; the loss of the waves alone falls long "
        "before.",
        papers=["progress-measures-grokking-mechanistic-interpretability"],
        equations=[
            r"z_c(a,b)=\sum_{f}\alpha_f\cos\frac{2\pi f(a+b-c)}{p}",
            r"w\leftarrow(1-\eta\lambda)\,w-\eta\,\frac{\hat m}{\sqrt{\hat v}+\epsilon}",
        ],
        tags=["grokking", "Fourier", "weight decay", "interpretability"],
    )
    decay = Number(1.0, bounds=(0, 3), live=True, label="Weight decay", doc="pull towards zero")
    lr = Number(0.02, bounds=(1e-4, 0.1), live=True, log=True, label="Learning rate", doc="AdamW's")
    fraction = Number(0.5, bounds=(0.2, 0.9), label="Sums shown", doc="share of all sums")
    p = Integer(59, bounds=(11, 113), label="Modulus", doc="hours of the clock; best a prime")
    width = Integer(256, bounds=(32, 512), label="Neurons", doc="width of the hidden layer")
    d = Integer(16, bounds=(8, 64), label="Embedding", doc="length; room for d / 2 waves")
    presets = {
        "long-wait": Preset("Pull four times weaker, watch the long wait", decay=0.25),
        "more-sums": Preset("Show it 80 % of the sums, watch the wait vanish", fraction=0.8),
        "no-decay": Preset("Stop the decay, watch it stay stuck", decay=0.0),
        "few-waves": Preset("Leave room for five waves, watch round clocks", d=10, fraction=0.7),
        "check": Preset("A tiny clock", p=13, width=32, d=8, lr=0.05, decay=0.3, fraction=0.8),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more"),
        "train_acc": Quantity("train accuracy", better="more"),
        "test_loss": Quantity("test loss", log=True, better="less"),
        "train_loss": Quantity("train loss", log=True, better="less"),
        "restricted": Quantity("loss of six waves alone", log=True, better="less"),
        "excluded": Quantity("train loss without them", log=True, better="more"),
        "waves": Quantity("waves for 90 % of the power", better="less"),
        "strongest": Quantity("strongest frequency"),
        "norm": Quantity("length of all weights"),
        "spectrum": Quantity("Fourier power of the embedding", dim="frequency"),
    }
    events = {"memorised": "train_acc >= 0.99", "grokked": "test_acc >= 0.95"}
    stages = {
        "memorise": "It learns the shown sums by heart.",
        "circuit": "The shown sums are right. Nothing shows, but waves grow in the embedding.",
        "clean-up": "A few waves carry the answers; decay wipes out what was memorised.",
    }
    every = 25
    max_steps = 50_000

    @given(by=("p", "fraction"))
    def sums(c, rng, backend):
        return shown_and_hidden(c.p, c.fraction, rng)

    def init(given, c, rng, backend):
        weights = PairNetwork(c.p, c.d, c.width).init(rng)
        return {"weights": weights, "memory": AdamW.init(weights), "stage": "memorise"}

    def step(state, given, c, k, rng):
        n = given.sums["shown"]
        seen = given.sums["pairs"][:n], given.sums["answer"][:n]
        loss, gradient = PairNetwork.gradient(state["weights"], *seen)
        optimiser = AdamW(c.lr, 0.9, 0.98, decay=c.decay)
        weights, memory = optimiser.step(state["weights"], gradient, state["memory"], k)
        stage = state["stage"]
        if k % 25 == 0:  # stages only go forward, so that a spike of the loss is no way back
            if stage == "memorise" and loss < 0.05:
                stage = "circuit"
            elif stage == "circuit" and spectra.top_share(power_of(weights), KEYS) > 0.7:
                stage = "clean-up"
        return {"weights": weights, "memory": memory, "stage": stage}

    def stage(state, given, c):
        return state["stage"]

    def observe(state, given, c):
        weights, pairs, answer = state["weights"], given.sums["pairs"], given.sums["answer"]
        n = given.sums["shown"]
        logits = torch.cat([PairNetwork.logits(weights, part) for part in (pairs[:n], pairs[n:])])
        right = (logits.argmax(1) == answer).to(logits.dtype)
        loss = -logits.log_softmax(1).gather(1, answer[:, None])
        power = power_of(weights)
        keys = spectra.ranked(power)[:KEYS]
        by_sum = spectra.mean_by(logits, answer, c.p, given.sums["weight"])
        part = spectra.waves(by_sum, keys)
        return {
            "test_acc": right[n:].mean(),
            "train_acc": right[:n].mean(),
            "test_loss": loss[n:].mean(),
            "train_loss": loss[:n].mean(),
            "restricted": spectra.restricted_loss(by_sum, part),
            "excluded": spectra.excluded_loss(logits[:n], answer[:n], part),
            "waves": len(spectra.key_frequencies(power)),
            "strongest": keys[0],
            "norm": sum(w.square().sum() for w in weights.values()).sqrt(),
            "spectrum": power / power.sum(),
        }

    def picture(state, given, c):
        embed, table = state["weights"]["embed"], PairNetwork.table(state["weights"])
        frequency = int(spectra.ranked(power_of(state["weights"]))[0])
        points = spectra.on_circle(embed, frequency)
        along = (frequency * torch.arange(c.p) % c.p).argsort()  # neighbours on the circle
        chain = torch.cat([points[along], points[along.roll(-1)]], 1)
        return {
            "circle": points,
            "chain": chain,
            "weights": table[:, spectra.sorted_columns(table)],
        }

    views = [
        Curves(
            "train_acc", "test_acc", title="Accuracy", note="by step", percent=True, size=2,
            roles={"train_acc": "train", "test_acc": "test"},
        ),
        Plane("pic.circle", lines="pic.chain", title="Numbers", note="on the strongest frequency"),
        Spectrum("spectrum", title="Fourier power", note="of the embedding", y="frequency"),
        Heat(
            "pic.weights", title="Weights", note="number × neuron", signed=True,
            x="neurons by frequency", y="number",
        ),
        Curves(
            "train_loss", "test_loss", "restricted", "excluded", title="Loss",
            note="waves: the six strongest now", log="y", size=2,
            roles={"train_loss": "train", "test_loss": "test"},
        ),
    ]  # fmt: skip
    claims = [
        Claim(
            "progress",
            "Restricted loss (of the six frequencies that are strongest now) halves before test "
            "accuracy passes 50 %, excluded loss doubles while train loss stays below 0.05, and at "
            "most 8 frequencies end up with 90 % of the embedding (8 seeds). Without weight decay "
            "none of it in 3,000 steps, three times the usual wait",
            "section 5",
            Grid(
                stop="k >= 2000 and test_acc >= 0.95 or k >= 3000",
                keep="log",
                record=(*quantities,)[:7],
            ),
            (
                Check(
                    "lead", progress("before half is right"), AtLeast(1.5), label="times earlier"
                ),
                Check("excluded", progress("excluded rises"), AtLeast(2), label="times higher"),
                Check("calm", progress("worst train loss"), AtMost(0.05), Share(0.8), main=False),
                Check("ahead", progress("before test loss"), AtLeast(1), main=False),
                Check("few", lambda d: last(d.waves), AtMost(8), Share(0.8), label="waves"),
                Check("grokked", lambda d: last(d.test_acc), AtLeast(0.95), Share(0.8)),
            ),
            Control({"decay": 0.0}, breaks=("lead", "excluded", "few", "grokked"), seeds=4),
            tier="standard",
        ),
        Claim(
            "wait",
            "Modulo 31 the hidden sums are learned at least five times later than the shown ones "
            "(8 seeds); without weight decay not within 1,000 steps, three times the usual wait",
            "desk",
            Grid(
                set={"p": 31, "d": 64, "fraction": 0.7},
                stop="test_acc >= 0.95 or k >= 1000",
                keep="log",
                record=("train_acc", "test_acc"),
            ),
            (
                Check("gap", gap, AtLeast(5), Share(0.8), label="times later"),
                Check("grokked", lambda d: last(d.test_acc), AtLeast(0.95), Share(0.8)),
            ),
            Control({"decay": 0.0}, breaks=("grokked", "gap"), seeds=3),
        ),
    ]
