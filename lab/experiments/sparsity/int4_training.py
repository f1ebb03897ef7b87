"""Training on whole numbers of four bits: which gradients an interval should spare."""

from __future__ import annotations

import torch

from lab.core.clipping_interval import ClippingInterval
from lab.core.mlp import minibatch
from lab.core.pairs import pair
from lab.core.quantize import Uniform
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Boolean, Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Curves, Profile

WORDS = "reber 64-64"
BATCH, MOMENTUM = 64, 0.9
FULL, WHOLE, ALL, LARGE, FEEDBACK = "no rounding", "whole range", "all", "large", "feedback"
RULES = (WHOLE, ALL, LARGE, FEEDBACK)
BINS = 40  # of the histogram


def share_of(c, interval, g, share):
    """The share of the largest gradient at which a rule puts the interval's end."""
    if c.rule in (ALL, LARGE):
        return interval.best(g, c.rule)
    return interval.moved(g, share) if c.rule == FEEDBACK else torch.ones_like(share)


def forward(c, flat, x):
    """Layers of few bits, and what enters each; the classes' scores are the last."""
    values = Uniform(c.weight_bits) if c.weight_bits < 16 else torch.clone
    layers = [(values(w), b) for w, b in pair(c.net).net.layers(flat)]
    activity = [values(x)]
    for i, (w, b) in enumerate(layers):
        out = torch.addmm(b, activity[-1], w.T)
        activity.append(values(out.relu()) if i < len(layers) - 1 else out)
    return layers, activity


def backward(c, flat, x, y, shares, rng=None):
    """A pass through the network of few bits, straight through its roundings.

    Returns
    -------
    loss (0-d), the gradient laid out like `flat`, the shares of the layers (layers,), both errors
    of each layer's gradients (layers, 2), and the last hidden layer's gradients as they came.
    """
    layers, activity = forward(c, flat, x)
    scores = activity[-1].log_softmax(1)
    hit = torch.nn.functional.one_hot(y, scores.shape[1]).to(scores.dtype)
    error = (scores.exp() - hit) / len(y)
    interval = ClippingInterval(c.bits, c.large, c.rate)
    parts, moved, errors = [], [], []
    for i in range(len(layers) - 1, -1, -1):
        if i == 1:
            shown = error
        share, rough = share_of(c, interval, error, shares[i]), error
        if c.rule != FULL:
            lot = rng.uniform("lot", tuple(error.shape), i) if c.lot else None
            rough = interval.quantised(error, share, lot)
        moved.append(share)
        errors.append(torch.stack(interval.errors(error, rough)))
        parts += [rough.sum(0), (rough.T @ activity[i]).flatten()]
        if i:
            error = (rough @ layers[i][0]) * (activity[i] > 0)
    return (
        -(scores * hit).sum(1).mean(),
        torch.cat(parts[::-1]),
        torch.stack(moved[::-1]),
        torch.stack(errors[::-1]),
        shown,
    )


def lead(rule, over=WHOLE, bits=None):
    """Accuracy over that of another rule; of several numbers of bits, at the one in this place."""

    def measure(d):
        d = d if bits is None else d.isel(bits=bits)
        return d.accuracy.sel(rule=rule) - d.accuracy.sel(rule=over)

    return measure


def error_ratio(name, rule, over):
    return lambda d: d[name].sel(rule=rule) / d[name].sel(rule=over)


class Int4Training(Experiment):
    """A network learns; what flows back through it is rounded to a few levels.

    Watch the few large gradients, and whether the interval reaches them.
    """

    card = Card(
        title="Gradients of four bits",
        question="A gradient may take fifteen values. How wide should they lie?",
        answer="So that the few largest keep their size: that lowers their error. Training cares "
        "at two bits, where the whole range stalls; at four every rule learns.",
        why="Most gradients are tiny beside the largest. Levels spread over the whole range round "
        "them to zero; a narrow interval clips the large. With one large one of 2n clipped, at n "
        "levels a side, a bound of their error is least; a step up or down finds it. Fifteen "
        "levels are enough for any rule here.",
        papers=("toward-int4-fixed-point-training-exploring-quantization",),
        equations=(
            r"\hat g = \tfrac{\alpha}{n}\,\mathrm{clip}\Bigl(\mathrm{round}\,\tfrac{n g}{\alpha},"
            r"\,-n,\,n\Bigr),\qquad n = 2^{b-1} - 1",
            r"U(\alpha) = \sum_{\text{large}} \max(\lvert g\rvert - \alpha, 0) + "
            r"\tfrac{\alpha}{2n}",
        ),
        tags=("quantisation", "low-bit training", "gradients", "neural network"),
    )

    net = Selector("digits 64-64", objects=["digits 64-64", WORDS],
                   doc="problem, and widths of the hidden layers")  # fmt: skip
    bits = Integer(4, bounds=(2, 8), live=True, doc="of a gradient")
    rule = Selector(FEEDBACK, objects=[FULL, *RULES], doc="for which the interval serves best")
    large = Number(0.01, bounds=(0.002, 0.2), log=True, doc="share of gradients that are large")
    rate = Number(0.01, bounds=(0.001, 0.1), log=True, live=True, doc="of the feedback")
    lot = Boolean(False, doc="round by lot, right on average")
    weight_bits = Integer(4, bounds=(2, 16), doc="of weights and activations; 16: not rounded")
    step_size = Number(0.05, bounds=(0.001, 0.5), log=True, live=True, doc="of descent")

    arms = {
        "Whole range": {"rule": WHOLE},
        "Least of all": {"rule": ALL},
        "Least of large": {"rule": LARGE},
        "Feedback": {"rule": FEEDBACK},
    }
    presets = {
        "two": Preset("Leave two bits, watch the whole range stop", bits=2),
        "eight": Preset("Take eight bits, watch rules coincide", bits=8),
        "lot": Preset("Round two bits by lot, watch learning return", bits=2, lot=True),
        "words": Preset("Judge Reber's words, watch feedback lead", net=WORDS, bits=2),
        "free": Preset("Round no gradient, watch what is lost", rule=FULL),
    }
    quantities = {
        "accuracy": Quantity("right on new examples", better="more", short="right"),
        "loss": Quantity("cross-entropy of a minibatch", log=True, better="less"),
        "large_error": Quantity("error of the large gradients", better="less", short="of large"),
        "all_error": Quantity("error of all gradients", better="less", short="of all"),
        "large_mean": Quantity("error of the large gradients, mean so far", better="less"),
        "all_mean": Quantity("error of all gradients, mean so far", better="less"),
        "shares": Quantity("end of the interval, over the largest gradient", dim="layer"),
    }
    views = [
        Profile("pic.gradients", "pic.interval", x="pic.size", log="y", fill=True, size=2,
                roles={"pic.interval": "bound"}, title="Gradients",
                note="how many of each size, over the largest; the interval's end"),
        Curves("accuracy", percent=True, title="Right on new examples"),
        Curves("large_mean", title="Error of the large", note="mean so far"),
        Curves("all_mean", title="Error of all", note="mean so far"),
        Curves("accuracy", x="bits", of="bits", by="arm", percent=True, title="Accuracy by bits"),
    ]  # fmt: skip
    every, max_steps = 10, 2_000

    @given(by="net")
    def data(c, rng, backend):
        return pair(c.net).split(rng, backend, hidden=1000)

    def init(given, c, rng, backend):
        net = pair(c.net).net
        flat, share = net.init(rng), torch.ones(len(net.shapes))
        train = given.data["train"]
        first = backward(c, flat, train["x"][:BATCH], train["y"][:BATCH], share, rng)
        zero = torch.zeros(2)
        return {"w": flat, "memory": torch.zeros_like(flat), "shares": share, "errors": zero,
                "sum": zero.clone(), "loss": first[0], "shown": first[-1], "k": 0}  # fmt: skip

    def step(state, given, c, k, rng):
        x, y = minibatch(given.data["train"], rng, BATCH)
        loss, gradient, shares, errors, shown = backward(c, state["w"], x, y, state["shares"], rng)
        memory = MOMENTUM * state["memory"] + gradient
        errors = errors.mean(0)
        return {"w": state["w"] - c.step_size * memory, "memory": memory, "shares": shares,
                "errors": errors, "sum": state["sum"] + errors, "loss": loss, "shown": shown,
                "k": k + 1}  # fmt: skip

    def observe(state, given, c):
        mean = state["sum"] / max(state["k"], 1)
        return {
            "loss": state["loss"],
            "large_error": state["errors"][0],
            "all_error": state["errors"][1],
            "large_mean": mean[0],
            "all_mean": mean[1],
            "shares": state["shares"],
        }

    def assess(state, given, c):
        test = given.data["test"]
        _, activity = forward(c, state["w"], test["x"])
        return {"accuracy": (activity[-1].argmax(1) == test["y"]).float().mean()}

    def picture(state, given, c):
        """How many gradients before the second layer have which size, and the interval's end."""
        g = state["shown"].abs().flatten()
        return {
            "size": (torch.arange(BINS) + 0.5) / BINS,
            "gradients": torch.histc(g / g.max().clamp(min=1e-30), BINS, 0, 1),
            "interval": state["shares"][1:2],
        }

    studies = {"bits": Grid({"bits": (2, 3, 4, 8), "arm": "all"}, 4, stop=steps(300))}
    claims = [
        Claim(
            "errors",
            "At four bits the interval that is best for the largest 1 % of the gradients leaves "
            "them less error than the whole range; the one that is best for all leaves less in "
            "all and at least a fifth more to the largest; at eight bits all three are the same",
            source="Abstract (large and entire gradients); sizes: desk",
            runs=Grid({"rule": (WHOLE, ALL, LARGE)}, 6, stop=steps(40)),
            checks=(
                Check("large", error_ratio("large_mean", LARGE, WHOLE), AtMost(0.97),
                      label="of the large, over whole range"),
                Check("all", error_ratio("all_mean", ALL, LARGE), AtMost(0.97),
                      label="of all, over best for large"),
                Check("worse", error_ratio("large_mean", ALL, LARGE), AtLeast(1.2),
                      label="of the large, over best for large"),
            ),
            control=Control({"bits": 8}, breaks=("large", "all", "worse"), seeds=3),
        ),
        Claim(
            "four bits",
            "At four bits the feedback's interval gives at least one point more accuracy than "
            "the whole range",
            source="Abstract",
            runs=Grid({"rule": (WHOLE, FEEDBACK)}, 8, stop=steps(300)),
            checks=(
                Check("lead", lead(FEEDBACK), AtLeast(0.01), label="lead over the whole range"),
            ),
            control=Control({"bits": 8}, breaks=("lead",), seeds=4),
            tier="standard",
            expected="fails",
            why="Three layers, 300 steps and fifteen levels: rounding the gradients costs nothing "
            "that any interval could win back, for the whole range is as accurate as no rounding. "
            "The paper's networks are deeper and trained for longer.",
        ),
        Claim(
            "two bits",
            "At two bits, one level a side, training on the whole range stalls, and the "
            "interval that is best for the large gradients is at least 20 points better; rounding "
            "by lot saves the whole range as well",
            source="Abstract, restated; sizes: desk",
            runs=Grid({"rule": (WHOLE, LARGE)}, 8, {"bits": 2}, steps(300)),
            checks=(
                Check("lead", lead(LARGE), AtLeast(0.2), label="lead over the whole range"),
            ),
            control=Control({"lot": True}, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "words",
            "On Reber's words the whole range does not stall at two bits: it costs 3 to 15 points "
            "against no rounding, and the feedback's interval wins back at least one; at four "
            "bits the two are within 4 points",
            source="Abstract, a second network and its data; bits, sizes: desk",
            runs=Grid({"rule": (FULL, WHOLE, FEEDBACK), "bits": (2, 4)}, 8, {"net": WORDS},
                      steps(300)),
            checks=(
                Check("cost", lead(WHOLE, FULL, bits=0), Within(-0.15, -0.03),
                      label="whole range over no rounding, two bits"),
                Check("lead", lead(FEEDBACK, bits=0), AtLeast(0.01),
                      label="lead over the whole range, two bits"),
                Check("four", lead(FEEDBACK, bits=1), Within(-0.04, 0.04), main=False,
                      label="lead at four bits"),
            ),
            control=Control({"bits": 8}, breaks=("cost", "lead"), seeds=4,
                            over={"rule": (FULL, WHOLE, FEEDBACK), "bits": (8,)}),
            tier="slow",
        ),
    ]  # fmt: skip
