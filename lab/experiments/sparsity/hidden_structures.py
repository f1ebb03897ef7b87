"""Blind to layers or fair to each: what is left of a network, and what that is worth."""

from __future__ import annotations

from dataclasses import replace

import torch

from lab.core.cut_and_tune import CutAndTune, on_a_path, places
from lab.core.masks import effective
from lab.core.mlp import minibatch
from lab.core.pairs import pair
from lab.core.prune import Prune, Rounds
from lab.core.scores import by_lot, magnitude
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Bars, Curves, Heat, Mask

EVEN, WIDE, WORDS = "digits 100-100", "digits 300", "reber 64-64"
BLINDED, UNIFORM, RANDOM, DENSE = "Class-blinded", "Class-uniform", "Random", "Dense"
BATCH = 64
AT_ONCE = {"cut": 1, "rounds": 1}


def pruning(c):
    return CutAndTune(pair(c.net).net)


def plan(c):
    return Rounds(c.kept, c.rounds, c.cut, c.tune)


def shape(masks, quiet):
    """What can be said of the masks alone; `quiet` are the inputs that hardly vary."""
    sizes = torch.tensor([m.numel() for m in masks])
    kept = torch.stack([m.sum() for m in masks])
    inputs = masks[0].sum(0).float()
    return {
        "layers": kept / sizes,
        "units": on_a_path(masks),
        "dangling": kept.sum() - sum(m.sum() for m in effective(masks)),
        "quiet": inputs[quiet].mean() / inputs.mean().clamp(min=1e-9),
        "sparsity": 1 - kept.sum() / sizes.sum(),
    }


def lead(over, **where):
    """By how much class-blinded pruning is more often right."""
    return lambda d: d.accuracy.sel(arm=BLINDED, **where) - d.accuracy.sel(arm=over, **where)


def growth(kept):
    """By how much more it leads class-uniform pruning with `kept` than with 20 %."""
    return lambda d: lead(UNIFORM, kept=kept)(d) - lead(UNIFORM, kept=0.2)(d)


class HiddenStructures(Experiment):
    """The same number of weights goes, wherever they sit or as many from each layer.

    Watch the rim of the digits go dark, and units without a path vanish.
    """

    card = Card(
        title="What is left has a shape",
        question="Four weights of five are gone. Is the network worse, and does it matter where?",
        answer="Hardly, and hardly: the rest is trained on. With one of twenty left it matters.",
        why="Ranking all weights at once, blind to layers, spares the last layer and the middle of "
        "the picture. Taking the same share of each does not. While enough is left, training fills "
        "either gap; when little is, structure decides. A network that is pruned and trained on "
        "has had more training: the dense one must get as much.",
        papers=("experiments-properties-hidden-structures-sparse-neural-networks",),
        equations=(
            r"\text{blinded: } \lvert w \rvert > t, \qquad "
            r"\text{uniform: } \lvert w \rvert > t_l \text{ in layer } l",
        ),
        tags=("pruning", "sparsity", "network structure", "neural network"),
    )

    kept = Number(0.05, bounds=(0.002, 1.0), log=True, doc="share of weights that stay")
    scheme = Selector(
        "class-blinded", objects=["class-blinded", "class-uniform", "random", "dense"], doc="how"
    )
    rounds = Integer(5, bounds=(1, 20), doc="cuts, each followed by its part of the training")
    tune = Integer(300, bounds=(1, 3000), log=True, unit="steps", doc="of training on, in all")
    cut = Integer(20, bounds=(1, 100), unit="steps", doc="that a cut is spread over")
    rate = Number(3e-3, bounds=(1e-4, 3e-2), live=True, log=True, doc="of training on")
    decay = Number(1e-3, bounds=(0, 1e-2), doc="L2, before and after the cut")
    net = Selector(EVEN, objects=[EVEN, WIDE, WORDS], doc="problem, and widths of hidden layers")

    arms = {name: {"scheme": name.lower()} for name in (BLINDED, UNIFORM, RANDOM, DENSE)}
    presets = {
        "fifth": Preset("Keep one in five, watch all four agree", kept=0.2),
        "at-once": Preset("Cut at once, watch it fall and climb", cut=1, rounds=1, tune=400),
        "no-decay": Preset("Train without decay, watch blindness harm", decay=0.0, net=WIDE),
        "words": Preset("Judge words, watch impossible letters go dark", net=WORDS),
        "last": Preset("Keep one in a hundred, watch paths vanish", kept=0.01),
        "check": Preset("Two short rounds", rounds=2, cut=2, tune=6),
    }
    quantities = {
        "accuracy": Quantity("right on new examples", better="more", short="right"),
        "layers": Quantity("share that each layer keeps", log=True, dim="layer"),
        "units": Quantity("share of units that a path runs through", dim="place"),
        "dangling": Quantity("living weights that no path uses"),
        "quiet": Quantity("weights of an input that hardly varies over those of any"),
        "sparsity": Quantity("share of weights that are gone"),
    }
    stages = {
        "prune": "The smallest weights go. The dense network is trained on.",
        "fine-tune": "The survivors are trained on. The dead stay dead.",
    }
    views = [
        Mask("pic.weights", alive="pic.alive", title="Weights", note="layer by layer"),
        Heat("pic.inputs", title="Inputs", note="living weights from each pixel or letter"),
        Bars("layers", labels="pic.names", log=True, title="Share kept"),
        Bars("units", labels="pic.places", title="Units on a path"),
        Curves("accuracy", percent=True, title="Accuracy", note="all trained for as many steps"),
        Curves("accuracy", x="kept", of="compression", by="arm", log="x", percent=True,
               title="Accuracy by share kept", note="after equal training"),
    ]  # fmt: skip
    every, max_steps = 5, 10_000

    @given(by="net")
    def data(c, rng, backend):
        return pair(c.net).split(rng, backend)

    @given(by=("net", "decay"))
    def dense(c, rng, backend, data):
        return replace(pair(c.net), l2=c.decay).dense(data["train"], rng)

    @given(by="net")
    def quiet(c, rng, backend, data):
        """The half that varies least: the rim of a picture, letters that a place never has."""
        varies = data["train"]["x"].var(0)
        return varies.argsort(stable=True)[: len(varies) // 2]

    def init(given, c, rng, backend):
        run = pruning(c)
        state = run.init(given.dense)
        return {**state, "shape": shape(run.masks(state), given.quiet)}

    def step(state, given, c, k, rng):
        """Steps of a cut train nothing, those of the dense network neither: budgets are equal."""
        run, left = pruning(c), plan(c).share(k)
        if left is None:
            examples = minibatch(given.data["train"], rng, BATCH)
            return run.tune(state, examples, rate=c.rate, l2=c.decay)[1]
        masks = run.masks(state)
        if c.scheme != "dense":
            weights = run.net.weights(state["w"])
            lot = c.scheme == "random"
            scores = by_lot(weights, rng.at(-1)) if lot else magnitude(weights)
            rule = Prune("global" if c.scheme == "class-blinded" else "uniform")
            masks = rule.masks(scores, left, masks)
        return {**run.cut(state, masks), "shape": shape(masks, given.quiet)}

    def observe(state, given, c):
        return state["shape"]

    def assess(state, given, c):
        return {"accuracy": pruning(c).net.accuracy(state["w"], **given.data["test"])}

    def picture(state, given, c):
        """The layers; how many neurons read each pixel, or each letter (a row) at each place."""
        run = pruning(c)
        inputs = run.masks(state)[0].sum(0).float()
        return {
            **run.picture(state),
            "inputs": inputs.view(10, 7).T if c.net == WORDS else inputs.view(12, 12),
            "places": places(run.net),
        }

    def stage(state, given, c):
        return state["stage"]

    def done(state, given, c):
        if state["k"] < plan(c).steps:
            return None
        left = int(sum(m.sum() for m in pruning(c).masks(state)))
        return f"{left:,} weights left, trained on for {state['tuned']} steps"

    studies = {"compression": Grid({"kept": (0.02, 0.05, 0.2), "arm": "all"}, set=AT_ONCE)}
    claims = [
        Claim(
            "shape",
            "Blind to layers, 5 % of the weights leave a shape: the last layer keeps 2.5 times its "
            "share, pixels that hardly vary nine tenths of a pixel's at most, and seven of ten in "
            "the last hidden layer stay on a path; of weights drawn by lot half as many do",
            source="Abstract (sparsity gives rise to structure); sizes: desk",
            runs=Grid({"arm": (BLINDED,)}, set={**AT_ONCE, "kept": 0.05, "tune": 1}),
            checks=(
                Check("last", lambda d: d.layers.isel(layer=-1, arm=0) / 0.05, AtLeast(2.5),
                      label="times its share"),
                Check("quiet", lambda d: d.quiet.isel(arm=0), AtMost(0.9), label="quiet over any"),
                Check("units", lambda d: d.units.isel(place=-2, arm=0), AtLeast(0.7),
                      label="share on a path"),
            ),
            control=Control({"scheme": "random"}, breaks=("last", "quiet", "units"), seeds=3),
        ),
        Claim(
            "abstract",
            "Class-blinded pruning to 20 % with training on is half a point better than no "
            "pruning, and class-uniform pruning is a point worse than it",
            source="Abstract (97.5 %, 0.5 points more; significantly inferior)",
            runs="compression",
            checks=(
                Check("dense", lead(DENSE, kept=0.2), AtLeast(0.005), label="over dense"),
                Check("uniform", lead(UNIFORM, kept=0.2), AtLeast(0.01), label="over uniform"),
            ),
            control=Control(
                {"net": WIDE, "decay": 0.0}, breaks=("dense", "uniform"),
                over={"kept": (0.2,), "arm": "all"}, seeds=3,
            ),
            tier="standard",
            expected="fails",
            why="Against a dense network that is trained on for as many steps nothing is gained, "
            "and of 25,400 weights a fifth is enough for either scheme. The gain that the abstract "
            "reports may be that of more training.",
        ),
        Claim(
            "cost",
            "Pruned to 20 % and trained on, class-blinded costs a point and a half at most against "
            "the dense network with equal steps, and the schemes differ by less than one",
            source="Abstract, restated; sizes: desk",
            runs="compression",
            checks=(
                Check("dense", lead(DENSE, kept=0.2), Within(-0.015, 0.005), label="dense"),
                Check("uniform", lead(UNIFORM, kept=0.2), Within(-0.01, 0.01), label="uniform"),
            ),
            control=Control(
                {"kept": 0.02}, breaks=("dense", "uniform"), over={"kept": (0.2,), "arm": "all"},
                seeds=3,
            ),
            tier="standard",
        ),
        Claim(
            "gap",
            "What the schemes differ by grows with compression: with 2 % kept class-blinded leads "
            "by 10 points or more, and leads a choice by lot by 30. Trained without decay, with "
            "one wide layer, it does not",
            source="Abstract (class-uniform inferior), restated; sizes: desk",
            runs="compression",
            checks=(
                Check("uniform", lead(UNIFORM, kept=0.02), AtLeast(0.1), label="lead at 2 %"),
                Check("random", lead(RANDOM, kept=0.02), AtLeast(0.3), label="over random at 2 %"),
                Check("growth", growth(0.02), AtLeast(0.1), label="more than at 20 %"),
            ),
            control=Control(
                {"net": WIDE, "decay": 0.0}, breaks=("uniform", "random", "growth"),
                over={"kept": (0.02, 0.2), "arm": (BLINDED, UNIFORM, RANDOM)}, seeds=3,
            ),
            tier="standard",
        ),
        Claim(
            "wide",
            "With one wide hidden layer, trained with decay, the lead over class-uniform is there "
            "too: half a point at 5 %, and as much more than at 20 %",
            source="desk",
            runs=Grid(
                {"kept": (0.05, 0.2), "arm": (BLINDED, UNIFORM)}, set={**AT_ONCE, "net": WIDE}
            ),
            checks=(
                Check("uniform", lead(UNIFORM, kept=0.05), AtLeast(0.005), label="lead at 5 %"),
                Check("growth", growth(0.05), AtLeast(0.005), label="more than at 20 %"),
            ),
            control=Control({"decay": 0.0}, breaks=("uniform", "growth"), seeds=3),
            tier="slow",
        ),
        Claim(
            "words",
            "For words of Reber's grammar too: with 20 % kept the schemes differ by less than two "
            "points, with 5 % class-blinded leads class-uniform by one or more, a choice by lot by "
            "15. The shape is there: inputs that hardly vary keep half of any input's weights, "
            "four in ten of the last hidden units stay on a path. With 90 % kept no scheme leads",
            source="desk; the grammar is that of the abstract",
            runs=Grid(
                {"kept": (0.05, 0.2), "arm": (BLINDED, UNIFORM, RANDOM)},
                set={**AT_ONCE, "net": WORDS},
            ),
            checks=(
                Check("even", lead(UNIFORM, kept=0.2), Within(-0.02, 0.02), main=False,
                      label="lead at 20 %"),
                Check("uniform", lead(UNIFORM, kept=0.05), AtLeast(0.01), label="lead at 5 %"),
                Check("random", lead(RANDOM, kept=0.05), AtLeast(0.15), label="over random at 5 %"),
                Check("quiet", lambda d: d.quiet.sel(arm=BLINDED, kept=0.05), AtMost(0.5),
                      label="quiet over any"),
                Check("units", lambda d: d.units.sel(arm=BLINDED, kept=0.05).isel(place=-2),
                      AtLeast(0.4), main=False, label="share on a path"),
            ),
            control=Control({"kept": 0.9}, breaks=("uniform", "random", "quiet"), seeds=3),
            tier="slow",
        ),
    ]  # fmt: skip
