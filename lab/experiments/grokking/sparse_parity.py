"""Grokking sparse parity: a few neurons that know the three bits outlive a crowd that remembers."""

from __future__ import annotations

import numpy as np
import torch

from lab.core.hinge_network import HingeNetwork
from lab.core.metrics import memorised, onset
from lab.core.problems.parity import Parity
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
    Integers,
    Number,
    Preset,
    Profile,
    Quantity,
    Share,
    Spectrum,
    Within,
    given,
    steps,
)

BATCH = 32
TESTS = 500
SOME = 200  # of these, to count the neurons needed
FEW = 8  # neurons of the small network inside
DRAWN = 40  # of the strongest neurons
BOTH = ("test_acc", "train_acc")


def value(y, k):
    """y at each seed's own step k; nan where k is never."""
    return y.where(y.k == k).max("k")


def later(d):
    """How many times later the hidden are right than the shown; 0: never."""
    late = onset(d.test_acc)
    return (late / memorised(d.train_acc)).where(late < np.inf, 0.0)


def fewer(d):
    """How many times fewer neurons are needed at the end than when the shown are right."""
    return value(d.needed, memorised(d.train_acc)) / value(d.needed, d.steps)


class SparseParity(Experiment):
    """A row is a bit, a column a neuron. Watch the bits that matter light up, and the rest fade."""

    card = Card(
        title="Three bits out of twenty",
        question="It knows every example by heart. Can it still find the rule?",
        answer="Yes, while weights decay: a handful of neurons that read the right bits take over, "
        "and the crowd that remembered dies.",
        why="The answer is the product of three bits, and no two of them tell anything. Hundreds "
        "of neurons remember the examples sooner than find that. But remembering takes "
        "large weights, and decay taxes them. Neurons that lean on all three bits pay less for "
        "each right answer, so they grow while the others shrink.",
        equations=(
            r"y=\prod_{i\in S}x_i,\qquad x\in\{-1,1\}^n,\ |S|=k",
            r"f(x)=\sum_j v_j\max(0,\langle w_j,x\rangle+b_j),\qquad \max(0,1-y f(x))",
        ),
        tags=("grokking", "parity", "weight decay", "subnetwork"),
    )

    decay = Number(0.01, bounds=(0, 0.05), live=True, label="Weight decay", doc="pull to zero")
    lr = Number(0.1, bounds=(1e-3, 0.5), log=True, live=True, label="Step size", doc="of descent")
    n = Integer(20, bounds=(12, 60), label="Bits", doc="of an input")
    size = Integer(3, bounds=(1, 12), label="Bits that matter", doc="the answer is their product")
    shown = Integer(300, bounds=(20, 3_000), label="Examples", doc="for training")
    width = Integer(100, bounds=(40, 1_000), label="Neurons", doc="in the hidden layer")

    presets = {
        "no-decay": Preset("Stop the decay, watch it stay stuck", decay=0.0),
        "two": Preset("Let two bits matter, watch a long wait", size=2, shown=80),
        "many": Preset("Show 1,000 examples, watch both rise together", shown=1_000),
        "few": Preset("Show 100 examples, watch no rule come", shown=100),
        "strong": Preset("Treble the decay, watch the wait shrink", decay=0.03),
        "luck": Preset("Take thirty bits, watch seeds differ", n=30, shown=600),
        "paper": Preset("Take a thousand neurons, watch most die", n=40, shown=1_000, width=1_000),
        "check": Preset("A small one", n=12, size=2, shown=100, width=40),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "few_test": Quantity("test accuracy of 8 neurons", better="more", short="8 neurons, test"),
        "few_train": Quantity("train accuracy of 8 neurons", better="more",
                              short="8 neurons, train"),
        "needed": Quantity("neurons needed for 95 % of the answers", log=True, better="less",
                           short="needed"),
        "true": Quantity("weight on the bits that matter", better="more", short="on true bits"),
        "norm": Quantity("length of all weights"),
        "bits": Quantity("share of the weights on each bit", dim="bit"),
    }  # fmt: skip
    events = {"memorised": "train_acc >= 0.99", "grokked": "test_acc > 0.95"}
    every = 100
    max_steps = 50_000

    @given(by=("n", "size", "shown"))
    def data(c, rng, backend):
        return Parity(c.n, c.size).split(rng, backend, c.shown, TESTS)

    def init(given, c, rng, backend):
        return HingeNetwork(c.n, c.width).init(rng)

    def step(state, given, c, k, rng):
        chosen, train = rng["batch"], given.data["train"]
        x, y = train["x"][chosen], train["y"][chosen]
        return HingeNetwork.descended(state, x, y, c.lr, c.decay)

    def noise(c):
        return {"batch": Integers(0, c.shown, (BATCH,))}

    def alike(a, b):
        """1 where two answers are of one sign, 0 where they are not; silence is a minus."""
        return ((a > 0) == (b > 0)).to(a.dtype)

    def observe(state, given, c):
        train, test = given.data["train"], given.data["test"]
        few = HingeNetwork.strongest(state, FEW)

        def right(network, part):
            return SparseParity.alike(HingeNetwork.output(network, part["x"]), part["y"]).mean()

        cuts = HingeNetwork.cuts(state, test["x"][:SOME])
        alike = SparseParity.alike(cuts, cuts[:, -1:]).mean(0) >= 0.95
        bits = state["hidden"].square().sum(0)
        bits = bits / bits.sum()
        return {
            "test_acc": right(state, test),
            "train_acc": right(state, train),
            "few_test": right(few, test),
            "few_train": right(few, train),
            "needed": 1 + c.width - alike.flip(0).to(bits.dtype).cumprod(0).sum(),
            "true": bits[given.data["subset"]].sum(),
            "norm": sum(w.square().sum() for w in state.values()).sqrt(),
            "bits": bits,
        }

    def picture(state, given, c):
        """Weights into the strongest neurons (n, DRAWN), each times its vote, the first bit below;
        accuracy of the network cut to its m strongest neurons, by m.
        """
        strong = HingeNetwork.strongest(state, DRAWN)
        weights = (strong["hidden"] * strong["votes"].abs()[:, None]).T.flip(0)
        kept = np.unique(np.geomspace(1, c.width, 40).round().astype(int))
        accuracy = {}
        for name in ("train", "test"):
            x, y = given.data[name]["x"][:TESTS], given.data[name]["y"][:TESTS]
            cuts = HingeNetwork.cuts(state, x)[:, kept - 1]
            accuracy[name] = SparseParity.alike(cuts, y[:, None]).mean(0)
        return {
            "weights": weights / weights.abs().max(),
            "kept": torch.tensor(kept),
            **accuracy,
        }

    views = [
        Curves(
            "train_acc", "test_acc", title="Accuracy", note="by step", percent=True, size=2,
            roles={"train_acc": "train", "test_acc": "test"},
        ),
        Heat(
            "pic.weights", title="Weights", note="strongest neurons first", signed=True,
            x="neuron", y="bit",
        ),
        Spectrum("bits", title="Weight on each bit", note="by step, and now", y="bit"),
        Profile(
            "pic.train", "pic.test", x="pic.kept", log="x", title="Cut to its strongest neurons",
            note="accuracy", roles={"pic.train": "train", "pic.test": "test"},
        ),
        Curves("needed", title="Neurons needed", note="for 95 % of its answers", log="y"),
        Curves("norm", title="Weights", note="their length"),
    ]  # fmt: skip
    claims = [
        Claim(
            "groks",
            "With 300 examples of 20 bits, three of which matter, 99 % of the shown are right "
            "after about 800 steps, when less than 65 % of the hidden are; these come after 2,000 "
            "to 5,000 in the median, three times later or more for four seeds of five. Without "
            "weight decay they do not within 10,500",
            "desk; the phenomenon: Merrill, Tsilivis, Shukla (2023), from memory",
            Grid(seeds=9, stop="test_acc > 0.999 or k >= 10500", keep="log", record=BOTH),
            (
                Check("later", later, AtLeast(3), Share(0.8), label="times later"),
                Check("onset", lambda d: np.fmin(onset(d.test_acc), d.steps), Within(2000, 5000),
                      "median", label="steps to the rule"),
                Check("memorised", lambda d: memorised(d.train_acc), Within(600, 1100), "median",
                      main=False, label="steps to memory"),
                Check("toss", lambda d: value(d.test_acc, memorised(d.train_acc)), AtMost(0.65),
                      main=False, label="test accuracy then"),
            ),
            Control({"decay": 0.0}, breaks=("later", "onset"), seeds=2),
            tier="standard",
        ),
        Claim(
            "sparse",
            "When the shown are right, about 65 of 100 neurons are needed for the answers, and "
            "the 8 strongest know less than 85 % of the shown; after 8,000 steps a sixth of those "
            "is needed at most, and 8 know 98 % of the hidden for four seeds of five. Without "
            "decay neither comes",
            "desk; the phenomenon: Merrill, Tsilivis, Shukla (2023), from memory",
            Grid(stop="k >= 8000", keep="log", record=("train_acc", "needed", "few_train")),
            (
                Check("fewer", fewer, AtLeast(6), label="times fewer"),
                Check("eight", lambda d: d.few_test, AtLeast(0.98), Share(0.8),
                      label="seeds where 8 do"),
                Check("crowd", lambda d: value(d.few_train, memorised(d.train_acc)), AtMost(0.85),
                      main=False, label="8 neurons, train, at memory"),
            ),
            Control({"decay": 0.0}, breaks=("fewer", "eight"), seeds=2),
            tier="standard",
        ),
        Claim(
            "memory",
            "With 300 examples of 40 bits, three of which matter, 99 % of the shown are right "
            "after 600 steps, the hidden are tossed for, and the answers need more than 55 of 100 "
            "neurons; where one bit alone decides, they need a few, and the hidden are right",
            "desk",
            Grid(set={"n": 40}, stop=steps(600)),
            (
                Check("crowd", lambda d: d.needed, AtLeast(55), label="neurons needed"),
                Check("toss", lambda d: d.test_acc, Within(0.45, 0.55), label="test accuracy"),
                Check("train", lambda d: d.train_acc, AtLeast(0.99), main=False),
            ),
            Control({"size": 1}, breaks=("crowd", "toss"), seeds=2),
        ),
    ]  # fmt: skip
