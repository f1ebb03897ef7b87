"""Grokking modular addition, and the measures that see it coming."""

from __future__ import annotations

import numpy as np
import torch

from lab.core import spectra
from lab.core.metrics import first, halved
from lab.core.networks import PairNetwork, descend, scored
from lab.core.optim import AdamW
from lab.core.problems.modular import shown_and_hidden
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Share
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Plane, Spectrum

SMALL = {"p": 31, "d": 64, "fraction": 0.7}
LEARNED = "test_acc >= 0.95 or k >= 1000"
KEYS = 6  # frequencies that count as the circuit
AHEAD = 2000  # steps after which the last ones are known
SHOWN = 64  # neurons of the picture


def power_of(weights):
    """Fourier power of the embedding, (p // 2,)."""
    return spectra.power(weights["embed"]).sum(1)


def stepped(weights, memory, sums, c, k):
    """One step on all shown sums: (loss before it, weights, memory)."""
    return descend(PairNetwork.gradient, weights, memory, sums, k, lr=c.lr, decay=c.decay)


def final_waves(weights, sums, c):
    """The six waves that are strongest in the end, found by a run ahead."""
    memory = AdamW.init(weights)
    for k in range(AHEAD):
        _, weights, memory = stepped(weights, memory, sums, c, k)
    return spectra.ranked(power_of(weights))[:KEYS]


def value(y, k):
    """y at each seed's own step k; nan where k is never."""
    return y.where(y.k == k).max("k")


def gap(d):
    """How many times later the hidden sums are learned than the shown ones."""
    return d.steps / first(d.train_acc, above=0.99)


def moments(d):
    """First steps at which: shown sums are right, train loss is low, half the hidden are right."""
    return (
        first(d.train_acc, above=0.99),
        first(d.train_loss, below=0.05),
        first(d.test_acc, above=0.5),
    )


def lead(d):
    """How much earlier restricted loss halves than half of the hidden are right; 0: never."""
    known, _, half = moments(d)
    return (half / halved(d.restricted, known)).where(half < np.inf, 0.0)


def ahead(d):
    """How much earlier restricted loss halves than test loss does; 0: never."""
    known, _, _ = moments(d)
    late = halved(d.test_loss, known)
    return (late / halved(d.restricted, known)).where(late < np.inf, 0.0)


def rise(d):
    """Excluded loss when half of the hidden are right over that when train loss is low."""
    _, low, half = moments(d)
    return (value(d.excluded, half) / value(d.excluded, low)).fillna(0.0)


def worst(d):
    """Largest train loss between these two steps."""
    _, low, half = moments(d)
    return d.train_loss.where((d.k >= low) & (d.k <= half)).max("k")


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
    kept = Selector("strongest", objects=("strongest", "last", "random"), label="Six waves",
                    doc="in the loss: strongest now, at the end, any")  # fmt: skip
    d = Integer(16, bounds=(8, 64), label="Embedding", doc="length; room for d / 2 waves")
    presets = {
        "long-wait": Preset("Pull four times weaker, watch the long wait", decay=0.25),
        "more-sums": Preset("Show four sums of five, watch waiting shrink", fraction=0.8),
        "no-decay": Preset("Stop the decay, watch it stay stuck", decay=0.0),
        "last": Preset("Name the waves beforehand, watch their loss fall", kept="last"),
        "few-waves": Preset("Leave room for five waves, watch round clocks", d=10, fraction=0.7),
        "check": Preset("A tiny clock", p=13, width=32, d=8, lr=0.05, decay=0.3, fraction=0.8),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "test_loss": Quantity("test loss", log=True, better="less", short="test"),
        "train_loss": Quantity("train loss", log=True, better="less", short="train"),
        "restricted": Quantity(
            "loss of six waves alone", log=True, better="less", short="six waves"
        ),
        "excluded": Quantity("train loss without them", log=True, better="more", short="without"),
        "waves": Quantity("waves for 90 % of the power", better="less"),
        "strongest": Quantity("strongest frequency"),
        "norm": Quantity("length of all weights"),
        "spectrum": Quantity("Fourier power of the embedding", dim="frequency"),
        "above": Quantity("95 % of the hidden sums are right", short="share that grokked"),
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

    @given(by=("p",))
    def drawn(c, rng, backend):
        """Six waves by lot, to compare with."""
        return 1 + rng.permutation("waves", c.p // 2)[:KEYS]

    def init(given, c, rng, backend):
        weights = PairNetwork(c.p, c.d, c.width).init(rng)
        waves = given.drawn if c.kept == "random" else None  # None: those of the moment
        if c.kept == "last":
            waves = final_waves(weights, given.sums, c)
        memory = AdamW.init(weights)
        return {"weights": weights, "memory": memory, "waves": waves, "stage": "memorise"}

    def step(state, given, c, k, rng):
        loss, weights, memory = stepped(state["weights"], state["memory"], given.sums, c, k)
        stage = state["stage"]
        if k % 25 == 0:  # stages only go forward, so that a spike of the loss is no way back
            if stage == "memorise" and loss < 0.05:
                stage = "circuit"
            elif stage == "circuit" and spectra.top_share(power_of(weights), KEYS) > 0.7:
                stage = "clean-up"
        return {**state, "weights": weights, "memory": memory, "stage": stage}

    def stage(state, given, c):
        return state["stage"]

    def observe(state, given, c):
        weights, pairs, answer = state["weights"], given.sums["pairs"], given.sums["answer"]
        n = given.sums["shown"]
        logits = torch.cat([PairNetwork.logits(weights, part) for part in (pairs[:n], pairs[n:])])
        power = power_of(weights)
        ranked = spectra.ranked(power)
        keys = ranked[:KEYS] if state["waves"] is None else state["waves"]
        by_sum = spectra.mean_by(logits, answer, c.p, given.sums["weight"])
        part = spectra.waves(by_sum, keys)
        found = scored(logits, answer, n)
        return {
            **found,
            "restricted": spectra.restricted_loss(by_sum, part),
            "excluded": spectra.excluded_loss(logits[:n], answer[:n], part),
            "waves": len(spectra.key_frequencies(power)),
            "strongest": ranked[0],
            "norm": sum(w.square().sum() for w in weights.values()).sqrt(),
            "spectrum": power / power.sum(),
            "above": found["test_acc"] >= 0.95,
        }

    def picture(state, given, c):
        weights, sums = state["weights"], given.sums
        frequency = int(spectra.ranked(power_of(weights))[0])
        points = spectra.on_circle(weights["embed"], frequency)
        hour = frequency * torch.arange(c.p) % c.p
        along = hour.argsort()  # neighbours on the circle
        table = PairNetwork.table(weights)
        order = spectra.sorted_columns(table)[:: max(1, c.width // SHOWN)]
        # The logits are linear in the neurons, so these are averaged: there are fewer of them.
        active = PairNetwork.hidden(weights, sums["pairs"])
        by_sum = spectra.mean_by(active, sums["answer"], c.p, sums["weight"]) @ weights["out"].T
        found = {
            "weights": table[:, order],
            "neurons": spectra.clocks(table, 24),
            "logits": by_sum - by_sum.mean(0),
            "their power": spectra.power_2d(by_sum),
        }
        return {
            "circle": points,
            "chain": torch.cat([points[along], points[along.roll(-1)]], 1),
            "hour": hour / c.p,
            **{name: part / part.abs().max().clamp_min(1e-9) for name, part in found.items()},
        }

    views = [
        Curves(
            "train_acc", "test_acc", title="Accuracy", note="by step", percent=True, size=2,
            roles={"train_acc": "train", "test_acc": "test"},
        ),
        Plane(
            "pic.circle", lines="pic.chain", hue="pic.hour", reach=1.0, title="Numbers",
            note="on the strongest frequency, by hour",
        ),
        Spectrum("spectrum", title="Fourier power", note="of the embedding", y="frequency"),
        Curves(
            "test_acc", "above", x="k", of="seeds", title="Eight seeds", note="on hidden sums",
            percent=True,
        ),
        Heat(
            "pic.weights", "pic.neurons", "pic.logits", "pic.their power", signed=True,
            title="Weights, neurons, logits", note="and their waves",
            labels=("number × neuron", "wave × phase", "sum × answer", "wave × wave"),
        ),
        Curves(
            "train_loss", "test_loss", "restricted", "excluded", title="Loss",
            note="waves: the six strongest now; a preset names the last ones", log="y",
            size=2, roles={"train_loss": "train", "test_loss": "test"},
        ),
    ]  # fmt: skip
    studies = {"seeds": Grid(seeds=8, stop="k >= 1500", keep="log", record=("test_acc", "above"))}
    claims = [
        Claim(
            "progress",
            "Modulo 59 the loss of the six waves that are strongest at the moment halves at two "
            "thirds of the steps that half of the hidden sums need, or sooner, and before the test "
            "loss does; train loss without them doubles meanwhile, train loss stays below 0.05. "
            "Six waves by lot show nothing, in the same runs",
            "section 5",
            Grid(
                stop="test_acc > 0.5 and test_loss < 1 or k >= 3000",
                keep="log",
                record=(*quantities,)[:6],
            ),
            (
                Check("lead", lead, AtLeast(1.5), label="times earlier"),
                Check("excluded", rise, AtLeast(2), label="times higher"),
                Check("ahead", ahead, AtLeast(1), main=False, label="over test loss"),
                Check("calm", worst, AtMost(0.05), Share(0.8), main=False),
            ),
            Control({"kept": "random"}, breaks=("lead", "excluded", "ahead"), seeds=4),
            tier="standard",
        ),
        Claim(
            "few",
            "Modulo 59, where 29 waves are possible, at most 8 carry 90 % of the embedding after "
            "1,500 steps, and 95 % of the hidden sums are right; without weight decay neither "
            "holds after 3,000, three times the usual wait",
            "section 5",
            Grid(stop="k >= 1500 and test_acc >= 0.95 or k >= 3000"),
            (
                Check("few", lambda d: d.waves, AtMost(8), Share(0.8), label="waves"),
                Check("grokked", lambda d: d.test_acc, AtLeast(0.95), Share(0.8)),
            ),
            Control({"decay": 0.0}, breaks=("few", "grokked"), seeds=2),
            tier="standard",
        ),
        Claim(
            "clean",
            "Modulo 59, in an embedding with room for five waves and with 70 % of the sums shown, "
            "at most 5 waves carry 90 % of the power after 1,000 steps; with room for 32, more",
            "section 5; sizes: desk",
            Grid(set={"d": 10, "fraction": 0.7}, stop="k >= 1000", seeds=24),
            (Check("clean", lambda d: d.waves, AtMost(5), Share(0.8), label="waves"),),
            Control({"d": 64}, breaks=("clean",), seeds=3),
            tier="slow",
        ),
        Claim(
            "wait",
            "Modulo 31, with 70 % of the sums shown, 95 % of the hidden ones are right after five "
            "times the steps of the shown ones at least; shown 90 %, with decay 3, sooner",
            "desk",
            Grid(set=SMALL, stop=LEARNED, keep="all", record=("train_acc",)),
            (Check("gap", gap, AtLeast(5), Share(0.8), label="times later"),),
            Control({"fraction": 0.9, "decay": 3.0}, breaks=("gap",), seeds=4),
            tier="standard",
        ),
        Claim(
            "decay",
            "Modulo 31, with 70 % of the sums shown, 95 % of the hidden ones are right within "
            "1,000 steps with weight decay, not without; the usual wait is a third of that",
            "desk",
            Grid(set=SMALL, stop=LEARNED),
            (Check("grokked", lambda d: d.test_acc, AtLeast(0.95), Share(0.8)),),
            Control({"decay": 0.0}, breaks=("grokked",), seeds=2),
        ),
    ]
