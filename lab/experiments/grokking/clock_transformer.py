"""The one-layer transformer of the first grokking papers learns a table modulo a prime."""

from __future__ import annotations

import numpy as np
import torch

from lab.core import spectra
from lab.core.clock_transformer import ClockTransformer as Network
from lab.core.metrics import first, halved
from lab.core.networks import descend, scored
from lab.core.optim import AdamW
from lab.core.problems.modular import on_the_clock, shown_and_hidden
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Share
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Images, Plane, Spectrum

KEYS = 6  # frequencies that count as the circuit, the strongest of the moment
SHOWN = 64  # neurons of the picture
SMALL = {"p": 23, "width": 64, "fraction": 0.7}
FULL = {"p": 113, "d": 128, "width": 512, "fraction": 0.3, "lr": 0.005}
TASKS = ("a + b", "a - b", "a * b", "a / b", "a² + ab + b²")


def network(c):
    return Network(c.p, c.d, c.heads, c.width)


def power_of(weights, clock):
    """Fourier power of the numbers' embedding in clock order, (m // 2,)."""
    return spectra.power(weights["embed"][clock]).sum(1)


def known(d):
    """The step at which the shown entries are right."""
    return first(d.train_acc, above=0.99)


def lead(d):
    """How much earlier the waves' loss halves than half of the hidden are right; 0: never."""
    half = first(d.test_acc, above=0.5)
    return (half / halved(d.restricted, known(d))).where(half < np.inf, 0.0)


def gap(d):
    """How many times later the hidden entries are learned than the shown ones; 0: never."""
    late = first(d.test_acc, above=0.95)
    return (late / known(d)).where(late < np.inf, 0.0)


class ClockTransformer(Experiment):
    """A transformer knows a third of the table by heart, and then finds out that it is a clock."""

    card = Card(
        title="A transformer reads the clock",
        question="What does attention do when a network starts to add?",
        answer="It looks at both numbers by the same few waves in which it embeds them.",
        why="The transformer reads two numbers and '='. By heart it answers what was shown. Weight "
        "decay makes that dear; a clock with a few hands is cheaper. Products go round too, by the "
        "powers of a root: in that order they are the same clock.",
        papers=["progress-measures-grokking-mechanistic-interpretability"],
        equations=[
            r"z_c(a,b)=\sum_{f}\alpha_f\cos\frac{2\pi f(a+b-c)}{p}",
            r"\mathrm{att}(a)=\frac{e^{q\cdot k_a}}{e^{q\cdot k_a}+e^{q\cdot k_b}+e^{q\cdot k_=}}",
        ],
        tags=["grokking", "Fourier", "transformer", "attention", "interpretability"],
    )
    decay = Number(1.0, bounds=(0, 3), live=True, label="Weight decay", doc="pull towards zero")
    task = Selector("a + b", objects=TASKS, label="Task", doc="the table, modulo p")
    lr = Number(0.02, bounds=(1e-4, 0.1), live=True, log=True, label="Learning rate", doc="AdamW's")
    fraction = Number(0.4, bounds=(0.2, 0.9), label="Shown", doc="share of the table")
    p = Selector(43, objects=(13, 23, 31, 43, 53, 59, 67, 97, 113), label="Modulus", doc="a prime")
    d = Integer(32, bounds=(8, 128), step=8, label="Embedding", doc="length; a multiple of heads")
    width = Integer(128, bounds=(16, 512), label="Neurons", doc="width of the hidden layer")
    heads = Selector(4, objects=(1, 2, 4, 8), label="Heads", doc="of attention")
    kept = Selector("strongest", objects=("strongest", "random"), live=True, label="Six waves",
                    doc="that the loss of the waves keeps")  # fmt: skip
    order = Selector("as it goes round", objects=("as it goes round", "as counted"), label="Order",
                     doc="of the numbers in pictures and spectra")  # fmt: skip
    presets = {
        "products": Preset("Multiply instead, watch a root's powers go round", task="a * b",
                           fraction=0.5, lr=0.01),
        "counted": Preset("Order factors as counted, watch the clock vanish", task="a * b",
                          fraction=0.5, lr=0.01, order="as counted"),
        "more": Preset("Show half of the table, watch waiting vanish", fraction=0.5),
        "no-decay": Preset("Stop the decay, watch it stay stuck", decay=0.0),
        "full-size": Preset("Take the paper's own size, watch it slowly", **FULL),
        "check": Preset("A tiny clock", p=13, d=8, width=32, fraction=0.8, decay=0.3),
    }  # fmt: skip
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "test_loss": Quantity("test loss", log=True, better="less", short="test"),
        "train_loss": Quantity("train loss", log=True, better="less", short="train"),
        "restricted": Quantity(
            "loss of six waves alone", log=True, better="less", short="six waves"
        ),
        "top": Quantity("share of power in five waves", better="more"),
        "waves": Quantity("waves for 90 % of the power", better="less"),
        "strongest": Quantity("strongest frequency"),
        "norm": Quantity("length of all weights"),
        "spectrum": Quantity("Fourier power of the embedding", dim="frequency"),
    }
    events = {"memorised": "train_acc >= 0.99", "grokked": "test_acc >= 0.95"}
    every = 20
    max_steps = 50_000

    @given(by=("p", "fraction", "task"))
    def table(c, rng, backend):
        return shown_and_hidden(c.p, c.fraction, rng, task=c.task, tied=False)

    @given(by=("p", "task", "order"))
    def clock(c, rng, backend):
        """Numbers in the order in which the task goes round; counted, those that it has."""
        clock = on_the_clock(c.p, c.task)
        return clock if c.order == "as it goes round" else clock.sort().values

    @given(by=("p",))
    def drawn(c, rng, backend):
        """Six waves by lot, to compare with."""
        return 1 + rng.permutation("waves", (c.p - 1) // 2)[:KEYS]

    def init(given, c, rng, backend):
        weights = network(c).init(rng)
        return {"weights": weights, "memory": AdamW.init(weights)}

    def step(state, given, c, k, rng):
        weights, memory, gradient = state["weights"], state["memory"], network(c).gradient
        _, weights, memory = descend(
            gradient, weights, memory, given.table, k, lr=c.lr, decay=c.decay
        )
        return {"weights": weights, "memory": memory}

    def observe(state, given, c):
        weights, answer = state["weights"], given.table["answer"]
        logits = network(c).logits(weights, given.table["pairs"])
        power = power_of(weights, given.clock)
        ranked = spectra.ranked(power)
        keys = ranked[:KEYS] if c.kept == "strongest" else given.drawn
        means = spectra.mean_by(logits, answer, c.p, given.table["weight"])
        on_clock = means[given.clock][:, given.clock]
        return {
            **scored(logits, answer, given.table["shown"]),
            "restricted": spectra.restricted_loss(on_clock, spectra.waves(on_clock, keys)),
            "top": spectra.top_share(power, 5),
            "waves": len(spectra.key_frequencies(power)),
            "strongest": ranked[0],
            "norm": sum(w.square().sum() for w in weights.values()).sqrt(),
            "spectrum": power / power.sum(),
        }

    def picture(state, given, c):
        weights, clock, pairs = state["weights"], given.clock, given.table["pairs"]
        frequency = int(spectra.ranked(power_of(weights, clock))[0])
        points = spectra.on_circle(weights["embed"][clock], frequency)
        hour = frequency * torch.arange(len(clock)) % len(clock)
        along = hour.argsort()  # neighbours on the circle
        seen = network(c).read(weights, pairs)
        looks = seen.share.new_zeros(c.p, c.p, c.heads)
        looks[pairs[:, 0], pairs[:, 1]] = seen.share[:, 0]
        active = seen.mixed[:, c.d :]
        by_answer = spectra.mean_by(active, given.table["answer"], c.p, given.table["weight"])[
            clock
        ]
        order = spectra.sorted_columns(by_answer)[:: max(1, c.width // SHOWN)]
        power = spectra.power(by_answer[:, order])
        return {
            "circle": points,
            "chain": torch.cat([points[along], points[along.roll(-1)]], 1),
            "hour": hour / len(clock),
            "attention": looks[clock][:, clock].permute(2, 0, 1),
            "neurons": power / power.max().clamp_min(1e-9),
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
        Images("pic.attention", title="Attention", note="of '=' to a, by head; a down, b across"),
        Curves(
            "train_loss", "test_loss", "restricted", title="Loss", log="y", size=2,
            note="waves: the six strongest now",
            roles={"train_loss": "train", "test_loss": "test"},
        ),
        Heat("pic.neurons", title="Neurons", note="Fourier power over the answer",
             x="neurons by frequency", y="frequency"),
    ]  # fmt: skip
    claims = [
        Claim(
            "progress",
            "Modulo 43, with 40 % of the sums shown, the loss of the six waves that are strongest "
            "at the moment halves at four fifths of the steps that half of the hidden sums need, "
            "or sooner. Six waves by lot tell less, in the same runs",
            "section 5, for a transformer of a quarter of its size",
            Grid(
                stop="test_acc > 0.5 and test_loss < 1 or k >= 1500",
                keep="log",
                record=("train_acc", "test_acc", "restricted"),
            ),
            (Check("lead", lead, AtLeast(1.25), label="times earlier"),),
            Control({"kept": "random"}, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "few",
            "After 1,000 steps at most 8 of 21 waves carry 90 % of the embedding and five carry "
            "four fifths, and 95 % of the hidden sums are right; without weight decay none of it",
            "section 4",
            Grid(stop="k >= 1000"),
            (
                Check("few", lambda d: d.waves, AtMost(8), Share(0.8), label="waves"),
                Check("top", lambda d: d.top, AtLeast(0.8), Share(0.8), label="share of five"),
                Check("grokked", lambda d: d.test_acc, AtLeast(0.95), Share(0.8)),
            ),
            Control({"decay": 0.0}, breaks=("few", "top", "grokked"), seeds=2),
            tier="standard",
        ),
        Claim(
            "wait",
            "Modulo 43, with 40 % of the sums shown, 95 % of the hidden ones are right after three "
            "times the steps of the shown ones at least; shown 70 %, sooner",
            "desk",
            Grid(
                stop="test_acc >= 0.95 or k >= 1500",
                keep="log",
                record=("train_acc", "test_acc"),
            ),
            (Check("gap", gap, AtLeast(3), Share(0.8), label="times later"),),
            Control({"fraction": 0.7}, breaks=("gap",), seeds=4),
            tier="standard",
        ),
        Claim(
            "decay",
            "Modulo 23, with 70 % of the sums shown, 95 % of the hidden ones are right within 600 "
            "steps with weight decay, not without; the usual wait is half of that",
            "desk",
            Grid(set=SMALL, seeds=6, stop="test_acc >= 0.95 or k >= 600"),
            (Check("grokked", lambda d: d.test_acc, AtLeast(0.95), Share(0.8)),),
            Control({"decay": 0.0}, breaks=("grokked",), seeds=2),
        ),
        Claim(
            "powers",
            "A transformer that multiplies modulo 43 goes round the powers of a root: in that "
            "order five of 21 waves carry four fifths of its embedding after 1,000 steps, and 95 % "
            "of the hidden products are right; in the order in which one counts they do not",
            "desk",
            Grid(set={"task": "a * b", "fraction": 0.6, "lr": 0.01}, seeds=5, stop="k >= 1000"),
            (
                Check("top", lambda d: d.top, AtLeast(0.8), label="share of five"),
                Check("grokked", lambda d: d.test_acc, AtLeast(0.95), Share(0.8), main=False),
            ),
            Control({"order": "as counted"}, breaks=("top",), seeds=2),
            tier="standard",
        ),
        Claim(
            "full-size",
            "At the paper's own size, modulo 113, 95 % of the hidden sums are right after ten "
            "times the steps of the shown ones at least, within 3,000; shown 60 %, sooner",
            "section 3",
            Grid(
                set=FULL,
                seeds=2,
                stop="test_acc >= 0.95 or k >= 3000",
                keep="log",
                record=("train_acc", "test_acc"),
            ),
            (Check("gap", gap, AtLeast(10), Share(0.8), label="times later"),),
            Control({"fraction": 0.6}, breaks=("gap",), seeds=1),
            tier="slow",
        ),
    ]
