"""A two-layer network learns words in a group: by heart first, then by representations."""

from __future__ import annotations

import numpy as np
import torch

from lab.core.groups import group, tensor
from lab.core.metrics import first
from lab.core.networks import descend, scored
from lab.core.optim import AdamW
from lab.core.representations import energy, irreducibles, triple_energy
from lab.core.table_network import TableNetwork
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Share
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Bars, Curves, Heat

GROUPS = ("Z13", "Z23", "D6", "D12", "A4", "S4")
WORDS = ("ab", "ab⁻¹", "a²b", "aba⁻¹", "aba⁻¹b⁻¹")
ACC = ("test_acc", "train_acc")
LEARNED = "test_acc >= 0.99 or k >= 2000"


def network(c):
    """The network that learns the table."""
    return TableNetwork(len(group(c.group)), c.width, c.activation)


def scores(weights, given, c):
    """The score of each answer about the mean over the answers, (n, n, n)."""
    n = len(group(c.group))
    table = torch.empty(n * n, n)
    table[given.table["number"]] = network(c).logits(weights, given.table["pairs"])
    return (table - table.mean(1, keepdim=True)).reshape(n, n, n)


def gap(d, over):
    """How many times later 99 % of the hidden answers are right than of the shown, where this is
    least; 0: never.
    """
    late = first(d.test_acc, above=0.9899)
    return (late / first(d.train_acc, above=0.99)).where(late < np.inf, 0.0).min(over)


def at_first(d):
    """The energy on the word's triples when 99 % of the shown answers are right."""
    return d.fused.where(d.k == first(d.train_acc, above=0.99)).max("k")


class LearningWordsGroups(Experiment):
    """It knows the shown answers by heart at once. Watch the rest come with the representations."""

    card = Card(
        title="Words in a group",
        question="How does a network learn to multiply symmetries that it has never seen?",
        answer="By heart first. Then it finds which representations the word lets meet, "
        "and leaves the others out.",
        why="A group has a few natural ways to be written as matrices, its representations. A word "
        "such as ab or aba⁻¹b⁻¹ lets only some triples of them meet: for ab each meets only "
        "itself. Memorised answers spread over all triples. Weight decay makes that costly, and "
        "the energy gathers on the few that belong to the word.",
        papers=["learning-words-groups"],
        equations=[
            r"z_c(a,b)=\sum_i w_i(c)\,\max(0,\,u_i(a)+v_i(b))",
            r"z=\sum_{\rho,\sigma,\tau}(P_\rho\otimes P_\sigma\otimes P_\tau)\,z",
        ],
        tags=["grokking", "groups", "representations", "weight decay"],
    )
    decay = Number(1.0, bounds=(0, 3), live=True, label="Weight decay", doc="pull towards zero")
    lr = Number(0.02, bounds=(1e-3, 0.1), live=True, log=True, label="Learning rate", doc="AdamW's")
    fraction = Number(0.8, bounds=(0.2, 0.95), label="Answers shown", doc="share of the table")
    group = Selector("S4", objects=GROUPS, label="Group", doc="S4: all orders of four things")
    word = Selector("ab", objects=WORDS, label="Word", doc="what the table answers")
    width = Integer(256, bounds=(8, 512), label="Neurons", doc="width of the hidden layer")
    activation = Selector("relu", objects=("relu", "square", "product"), label="Activation",
                          doc="product: of one weight of a with one of b")  # fmt: skip
    presets = {
        "commutator": Preset("Ask for aba⁻¹b⁻¹, watch pairs mix", group="D12", word="aba⁻¹b⁻¹"),
        "too-hard": Preset("Ask S4 for aba⁻¹b⁻¹, watch it fail", word="aba⁻¹b⁻¹"),
        "no-decay": Preset("Stop the decay, watch it stay by heart", decay=0.0),
        "fewer": Preset("Show four of ten, watch it stay stuck", fraction=0.4),
        "narrow": Preset("Take too few neurons, watch even memory fail", width=12),
        "product": Preset("Multiply instead, watch it come much sooner", activation="product"),
        "check": Preset("A small dihedral group", group="D6", width=32),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "fused": Quantity("energy on the word's triples", better="more", short="word's triples"),
        "train_loss": Quantity("train loss", log=True, better="less", short="train"),
        "test_loss": Quantity("test loss", log=True, better="less", short="test"),
        "energy": Quantity("energy of the scores by representation", dim="part"),
    }
    events = {"memorised": "train_acc >= 0.99", "grokked": "test_acc >= 0.99"}
    every = 10
    max_steps = 20_000

    @given(by=("group", "word", "fraction"))
    def table(c, rng, backend):
        """All pairs in random order, the shown ones first, and the triples of the word."""
        g = group(c.group)
        n, answers = len(g), g.word(c.word)
        number = rng.permutation("pairs", n * n)
        found = triple_energy(tensor(answers, torch.float32), g)
        triples = found > 1e-6 * found.sum()
        triples[..., 0] = False  # the scores are free of their mean
        return {
            "number": number,
            "pairs": torch.stack([number // n, number % n], 1),
            "answer": answers.reshape(-1)[number],
            "shown": round(c.fraction * n * n),
            "triples": triples,
        }

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
        z = scores(state["weights"], given, c)
        logits = z.reshape(-1, len(z))[given.table["number"]]
        found = triple_energy(z, group(c.group))
        total = found.sum().clamp_min(1e-30)
        return {
            **scored(logits, given.table["answer"], given.table["shown"]),
            "fused": found[given.table["triples"]].sum() / total,
            "energy": found.sum((0, 1)) / total,
        }

    def picture(state, given, c):
        weights, g = state["weights"], group(c.group)
        z = scores(weights, given, c)
        answers = z.argmax(2)
        found = triple_energy(z, g).sum(2)
        parts = sum(energy(w, g) for w in weights.values())
        share = parts / parts.sum(0).clamp_min(1e-30)
        return {
            "answers": answers.float(),
            "right": answers == g.word(c.word),
            "pairs": (found / found.sum().clamp_min(1e-30)).sqrt(),
            "neurons": share[:, (share.argmax(0) - share.amax(0) / 2).argsort()],
            "names": [r.name for r in irreducibles(g)],
        }

    views = [
        Curves("train_acc", "test_acc", "fused", title="Accuracy", note="and energy on the word",
               percent=True, size=2, roles={"train_acc": "train", "test_acc": "test"}),
        Heat("pic.answers", alive="pic.right", title="Answers", note="of the table; wrong ones out",
             x="b", y="a"),
        Heat("pic.pairs", title="Who meets whom", note="representation of a × of b", x="of b",
             y="of a"),
        Bars("energy", labels="pic.names", title="Energy", note="by representation"),
        Heat("pic.neurons", title="Neurons", note="share in each representation",
             x="neuron", y="representation"),
        Curves("train_loss", "test_loss", title="Loss", note="by step", log="y", size=2,
               roles={"train_loss": "train", "test_loss": "test"}),
    ]  # fmt: skip
    claims = [
        Claim(
            "words",
            "On D12, for ab and for aba⁻¹, 99 % of the hidden answers are right after four times "
            "the steps of the shown ones at least, and within 2,000; without weight decay they "
            "are not",
            "abstract; group, words and the gap: desk",
            Grid({"word": ("ab", "aba⁻¹")}, 5, {"group": "D12"}, LEARNED, "log", ACC),
            (Check("gap", lambda d: gap(d, "word"), AtLeast(4), Share(0.8), label="times later"),),
            Control({"decay": 0.0}, breaks=("gap",), seeds=2),
            tier="standard",
        ),
        Claim(
            "groups",
            "The same holds for ab on Z23, which is addition, and on S4; not without weight decay",
            "abstract; groups and the gap: desk",
            Grid({"group": ("Z23", "S4")}, 5, {}, LEARNED, "log", ACC),
            (Check("gap", lambda d: gap(d, "group"), AtLeast(4), Share(0.8), label="times later"),),
            Control({"decay": 0.0}, breaks=("gap",), seeds=2),
            tier="standard",
        ),
        Claim(
            "triples",
            "On S4, when the shown answers are right, a quarter of the scores' energy at most lies "
            "on the four triples that ab lets meet; when 99 % of the hidden ones are, six tenths "
            "at least; without weight decay never",
            "desk, by the paper's decomposition",
            Grid(stop=LEARNED, keep="log", record=("fused", "train_acc")),
            (
                Check("early", at_first, AtMost(0.25), main=False, label="share of the energy"),
                Check(
                    "late",
                    lambda d: d.fused.where(d.k == d.steps).max("k"),
                    AtLeast(0.6),
                    label="share",
                ),
            ),
            Control({"decay": 0.0}, breaks=("late",), seeds=2),
            tier="standard",
        ),
        Claim(
            "width",
            "256 neurons have 99 % of the hidden answers of ab on D12 right within 600 steps; "
            "twelve have not",
            "abstract; the widths: desk",
            Grid(set={"group": "D12"}, seeds=5, stop="test_acc >= 0.99 or k >= 600"),
            (Check("learned", lambda d: d.test_acc, AtLeast(0.99), Share(0.8)),),
            Control({"width": 12}, breaks=("learned",), seeds=2),
        ),
    ]
