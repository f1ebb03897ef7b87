"""Which weights may live is decided a block at a time, by a model of the loss."""

from __future__ import annotations

import torch

from lab.core.brain_surgeon import BrainSurgeon, ExampleGradients
from lab.core.cut_and_tune import layers_drawn
from lab.core.pairs import pair
from lab.core.prune import Prune
from lab.core.scores import by_lot, magnitude, wanda
from lab.engine.claim import AtLeast, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Curves, Heat, Mask

DIGITS, WORDS = "small digits 40", "reber 24-24"
RANKED = ("Each block", "Once", "Wanda", "Magnitude")
SHOWN = 800  # examples that the model is made of


def examples(given):
    """Those that the model is made of, (x, y)."""
    return [part[:SHOWN] for part in given.data["train"].values()]


def ranked(net, flat, c, x, y, rng):
    """The mask before the first block, laid out like the weights."""
    weights = net.weights(flat)
    if c.start == "random":
        scores = by_lot(weights, rng)
    elif c.start == "Wanda":
        inputs = ExampleGradients(net, flat, x, y).inputs
        scores = wanda(weights, [a.norm(dim=0) for a in inputs])
    else:
        scores = magnitude(weights)
    rule = Prune("uniform" if c.start == "equal shares" else "global")
    return net.alive(rule.masks(scores, c.kept))


def less(name, **where):
    """Loss of the network that `name` pruned, minus that of blocks with a model each."""
    return lambda d: d.loss.sel(arm=name, **where) - d.loss.sel(arm="Each block", **where)


def right(name, **where):
    """How many answers more are right."""
    return lambda d: d.accuracy.sel(arm="Each block", **where) - d.accuracy.sel(arm=name, **where)


def off(name):
    """True loss over that of the model, after the last block."""
    return lambda d: (d.loss / d.model).sel(arm=name).isel(k=-1)


def patience(d):
    """What the blocks from the fifth on add."""
    loss = d.loss.sel(arm="Each block")
    return loss.sel(k=4) - loss.isel(k=-1)


class CombinatorialBrainSurgeon(Experiment):
    """A few dead weights come back, as many die: the half of a block that a model likes best.

    Nothing is trained. Watch the model's loss and the true one part, or stay together.
    """

    card = Card(
        title="Swaps by a model",
        question="Which tenth of the weights says most, if none may be trained again?",
        answer="Weights help each other, so no ranking tells. Trade them in small blocks, by a "
        "model that is made anew each time.",
        why="The loss near a network is nearly quadratic, and on a block of eight weights all "
        "seventy halves can be tried. But a model made at the whole network knows little of one "
        "with a tenth of its weights: its loss falls on, the true one does not. Made again before "
        "each block, it is asked about small changes only.",
        papers=("scalable-iterative-pruning-large-language-vision-models",),
        equations=(
            r"q(d) = g \cdot d + \tfrac12\, d^\top (F + \lambda I)\, d, \quad "
            r"F = \tfrac1n \sum_i g_i g_i^\top",
        ),
        tags=("pruning", "sparsity", "Fisher information", "combinatorial optimisation"),
    )

    kept = Number(0.1, bounds=(0.02, 0.9), log=True, doc="share of weights that stay")
    expand = Selector("each block", objects=["each block", "once"], doc="when the model is made")
    start = Selector(
        "Wanda", objects=["Wanda", "magnitude", "equal shares", "random"], doc="the first mask"
    )
    block = Integer(8, bounds=(2, 12), step=2, doc="weights, half of which live")
    blocks = Integer(100, bounds=(0, 1000), doc="one after the other")
    drawn = Number(0.5, bounds=(0.05, 1), doc="share of weights that a block is picked from")
    ridge = Number(1e-3, bounds=(0, 1), doc="added to the Fisher matrix")
    net = Selector(DIGITS, objects=[DIGITS, WORDS], doc="problem, and widths of the hidden layers")

    arms = {
        "Each block": {"expand": "each block"},
        "Once": {"expand": "once"},
        "Wanda": {"start": "Wanda", "blocks": 0},
        "Magnitude": {"start": "magnitude", "blocks": 0},
        "Equal shares": {"start": "equal shares", "blocks": 0},
        "Random": {"start": "random", "blocks": 0},
    }
    presets = {
        "lot": Preset("Start from luck, watch swaps repair it", start="random"),
        "half": Preset("Keep half, watch one model serve all", kept=0.5),
        "pairs": Preset("Swap in pairs, watch it take longer", block=2),
        "few": Preset("Keep one in thirty, watch the models part", kept=0.033),
        "words": Preset("Judge words, watch the models part again", net=WORDS),
        "check": Preset("A few small blocks", blocks=6),
    }
    quantities = {
        "loss": Quantity("true loss", better="less", short="true"),
        "model": Quantity("the model's", short="model"),
        "accuracy": Quantity("right on new examples", better="more", short="right"),
        "fall": Quantity("what the last block gained by the model"),
        "swaps": Quantity("weights that came back so far"),
    }
    axes = ("swaps",)
    views = [
        Mask("pic.weights", alive="pic.alive", title="Weights", note="swapped ones are bright"),
        Curves("loss", "model", title="Loss", note="true, and the model's"),
        Heat("pic.inputs", title="Inputs", note="living weights from each pixel or letter"),
        Curves("accuracy", percent=True, title="Accuracy", note="on 2,000 new examples"),
        Curves("accuracy", x="kept", of="compression", by="arm", log="x", percent=True,
               title="Accuracy by share kept", note="nothing is trained again"),
    ]  # fmt: skip
    max_steps = 1_000

    @given(by="net")
    def data(c, rng, backend):
        return pair(c.net).split(rng, backend)

    @given(by="net")
    def dense(c, rng, backend, data):
        return pair(c.net).dense(data["train"], rng)

    def init(given, c, rng, backend):
        net, (x, y) = pair(c.net).net, examples(given)
        alive = ranked(net, given.dense, c, x, y, rng)
        surgeon, w = BrainSurgeon(c.block, c.ridge), given.dense
        if c.expand == "once":
            model = net.loss(w, x, y)
            model = model + surgeon.model(ExampleGradients(net, w, x, y), w * alive - w)
        else:
            model = net.loss(w * alive, x, y)
        return {"alive": alive, "model": model, "fall": torch.zeros(()), "swaps": 0, "k": 0}

    def step(state, given, c, k, rng):
        net, (x, y) = pair(c.net).net, examples(given)
        surgeon = BrainSurgeon(c.block, c.ridge)
        whole, alive = given.dense, state["alive"]
        now = whole * alive
        place = whole if c.expand == "once" else now
        gradients = ExampleGradients(net, place, x, y)
        slope = surgeon.slope(gradients, now - place)
        may = rng.uniform("drawn", (len(whole),)) < c.drawn
        for _, biases in net.layers(may):
            biases.fill_(False)
        single = surgeon.single(gradients, slope, torch.where(alive, -whole, whole))
        block = surgeon.pick(single, alive, may)
        new, fall = surgeon.swap(gradients, slope, whole, alive, block)
        before = state["model"] if c.expand == "once" else net.loss(now, x, y)
        return {
            "alive": new,
            "model": before + fall,
            "fall": fall,
            "swaps": state["swaps"] + int((new & ~alive).sum()),
            "k": k + 1,
        }

    def observe(state, given, c):
        net, (x, y) = pair(c.net).net, examples(given)
        return {
            "loss": net.loss(given.dense * state["alive"], x, y),
            "model": state["model"],
            "fall": state["fall"],
            "swaps": state["swaps"],
        }

    def assess(state, given, c):
        w = given.dense * state["alive"]
        return {"accuracy": pair(c.net).net.accuracy(w, **given.data["test"])}

    def picture(state, given, c):
        """The layers; how many neurons read each pixel, or each letter (a row) at each place."""
        net, alive = pair(c.net).net, state["alive"]
        inputs = net.weights(alive)[0].sum(0).float()
        return {
            **layers_drawn(net, given.dense * alive, alive),
            "inputs": inputs.view(10, 7).T if c.net == WORDS else inputs.view(6, 6),
        }

    def done(state, given, c):
        if state["k"] < c.blocks:
            return None
        return f"{state['k']} blocks, {state['swaps']} weights came back"

    studies = {"compression": Grid({"kept": (0.05, 0.1, 0.2, 0.4), "arm": "all"})}
    claims = [
        Claim(
            "better",
            "With 10 % kept and nothing trained again 25 blocks of eight weights, with a model for "
            "each, reach a loss at least 0.4 under Wanda's and 0.3 under that of magnitude; "
            "with one model for all they do not",
            source="Abstract (better than Wanda at equal density); sizes: desk",
            runs=Grid(
                {"arm": ("Each block", "Wanda", "Magnitude")}, stop=steps(25), set={"kept": 0.1}
            ),
            checks=(
                Check("Wanda", less("Wanda"), AtLeast(0.4), label="less loss"),
                Check("magnitude", less("Magnitude"), AtLeast(0.3), label="less loss"),
            ),
            control=Control({"expand": "once"}, breaks=("Wanda", "magnitude"), seeds=3),
        ),
        Claim(
            "apart",
            "A model made once, at the whole network, ends at two thirds of the true loss or less; "
            "made again before each block it is right to 5 %, and further blocks pay: those after "
            "the fourth take another 0.2 off the loss. With 40 % kept one model nearly does",
            source="Abstract (quality for time); sizes: desk",
            runs=Grid(
                {"arm": ("Each block", "Once")}, set={"kept": 0.1}, keep="log",
                record=("loss", "model"),
            ),
            checks=(
                Check("once", off("Once"), AtLeast(1.5), label="true over model"),
                Check("each", off("Each block"), Within(0.95, 1.05), main=False),
                Check("patience", patience, AtLeast(0.2), main=False, label="less loss"),
            ),
            control=Control({"kept": 0.4}, breaks=("once",), seeds=3),
            tier="standard",
        ),
        Claim(
            "densities",
            "At 5, 10, 20 and 40 % kept alike blocks with a model each leave less loss than Wanda "
            "and than magnitude, and at 10 % less than blocks with one model, and more right "
            "answers: 20 points over Wanda and magnitude, 5 over one model. With nine tenths kept "
            "none of it",
            source="Abstract; sizes: desk",
            runs="compression",
            checks=(
                Check("Wanda", lambda d: less("Wanda")(d).min("kept"), AtLeast(0.05)),
                Check("magnitude", lambda d: less("Magnitude")(d).min("kept"), AtLeast(0.05)),
                Check("once", less("Once", kept=0.1), AtLeast(0.2)),
                Check("over Wanda", right("Wanda", kept=0.1), AtLeast(0.2)),
                Check("over magnitude", right("Magnitude", kept=0.1), AtLeast(0.2)),
                Check("over once", right("Once", kept=0.1), AtLeast(0.05)),
            ),
            control=Control(
                {"kept": 0.9},
                breaks=("Wanda", "magnitude", "once", "over Wanda", "over magnitude", "over once"),
                over={"kept": (0.1,), "arm": RANKED}, seeds=3,
            ),
            tier="standard",
        ),
        Claim(
            "words",
            "In a network of three layers that judges words of a grammar too: with 10 % kept 100 "
            "blocks with a model each leave less loss than Wanda, magnitude and one model, and "
            "more right answers: 10 points over Wanda, 15 over the others, which do little better "
            "than a guess. On digits with nine tenths kept none of it",
            source="desk",
            runs=Grid({"arm": RANKED}, set={"kept": 0.1, "net": WORDS}),
            checks=(
                Check("Wanda", less("Wanda"), AtLeast(0.1), label="less loss"),
                Check("magnitude", less("Magnitude"), AtLeast(0.2), label="less loss"),
                Check("once", less("Once"), AtLeast(0.3), label="less loss"),
                Check("over Wanda", right("Wanda"), AtLeast(0.1)),
                Check("over magnitude", right("Magnitude"), AtLeast(0.15)),
                Check("over once", right("Once"), AtLeast(0.15)),
            ),
            control=Control(
                {"kept": 0.9, "net": DIGITS},
                breaks=("Wanda", "magnitude", "once", "over Wanda", "over magnitude", "over once"),
                seeds=3,
            ),
            tier="slow",
        ),
    ]  # fmt: skip
