"""Cross-layer equalisation and bias correction: eight bits without data and without training."""

from __future__ import annotations

import torch

from lab.core.backend import Backend
from lab.core.equalization import (
    answers,
    corrected_by_data,
    corrected_by_moments,
    equalised,
    mismatch,
    moments,
    ranges,
    rescaled,
)
from lab.core.mlp import side_by_side
from lab.core.pairs import pair
from lab.core.quantize import Uniform
from lab.core.random import Rng
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Profile

WORDS = "reber 64-64"
EXAMPLES = 500  # that the correction by data sees
BINS = 129  # of the histogram
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
WHOLE = {"share": 1.0, "rounds": 20}


def quantiser(c):
    return Uniform(c.bits, 1 if c.per == "row" else None)


def rounded(layers, c):
    """Weights on their grids; biases stay as they are."""
    return [(quantiser(c)(w), b) for w, b in layers]


class WeightEqualization(Experiment):
    """One neuron's weights are a hundred times another's, and all share one grid.

    Watch the ranges into and out of each neuron meet, and the codes come back to life.
    """

    card = Card(
        title="Ranges that meet",
        question="Eight bits for a weight ruin this network. Must it be trained again?",
        answer="No: neurons are rescaled, which changes no answer, until one grid fits all; then "
        "eight bits lose nothing.",
        why="A relu lets positive factors through: divide what goes into a neuron, multiply what "
        "goes out, and the answers stay. With both ranges equal no neuron drowns on the common "
        "grid. What is left of the error has a mean, which the bias can take; a clipped normal "
        "law gives it without any data.",
        papers=("data-free-quantization-through-weight-equalization-bias",),
        equations=(
            r"s_i = \sqrt{r^{(1)}_i / r^{(2)}_i},\qquad W^{(1)}_i \to W^{(1)}_i / s_i,\quad "
            r"b_i \to b_i / s_i,\quad W^{(2)}_{\cdot i} \to s_i W^{(2)}_{\cdot i}",
            r"b \to b - (\widehat W - W)\,E[x],\qquad "
            r"E[x] = \mu\,\Phi(\mu/\sigma) + \sigma\,\varphi(\mu/\sigma)",
        ),
        tags=("quantisation", "data-free", "relu", "neural network"),
    )

    bits = Integer(8, bounds=(2, 12), live=True, doc="of a weight")
    net = Selector("digits 100-100", objects=["digits 100-100", WORDS],
                   doc="problem, and widths of the hidden layers")  # fmt: skip
    imbalance = Number(2.0, bounds=(0.0, 3.0), doc="spread of the neurons' log scales")
    share = Number(0.1, bounds=(0.05, 1.0), live=True, doc="of the way in a step, in logarithms")
    rounds = Integer(40, bounds=(1, 100), doc="over both pairs of layers")
    per = Selector("layer", objects=["layer", "row"], doc="who has a grid of its own")
    activation = Selector("relu", objects=list(ACTIVATIONS), doc="of the hidden neurons")

    presets = {
        "once": Preset("Go the whole way, watch ranges meet at once", share=1.0),
        "four": Preset("Leave four bits, watch biases make up", bits=4),
        "rows": Preset("Give rows a grid, watch less ruin", per="row"),
        "even": Preset("Start even, watch nothing to gain", imbalance=0.0),
        "tanh": Preset("Take tanh, watch the answers change", activation="tanh"),
        "words": Preset("Judge Reber's words, watch eight bits do", net=WORDS),
        "check": Preset("A few rounds", rounds=3),
    }
    quantities = {
        "equal": Quantity("rounded now", better="more", short="rounded"),
        "by_moments": Quantity("and biases corrected, no data", better="more", short="corrected"),
        "by_data": Quantity("and biases corrected on examples", better="more"),
        "before": Quantity("rounded as it was", short="as it was"),
        "biases": Quantity("rounded as it was, biases corrected"),
        "exact": Quantity("not rounded", short="not rounded"),
        "mismatch": Quantity("largest log ratio of ranges", better="less", short="mismatch"),
        "changed": Quantity("change of the answers, over their size", log=True, better="less"),
        "error": Quantity("mean error of the answers, rounded", log=True, short="rounded"),
        "error_moments": Quantity("and corrected without data", log=True, short="no data"),
        "error_data": Quantity("and corrected on examples", log=True, short="examples"),
    }
    events = {"ranges are equal": "mismatch < 0.01"}
    views = [
        Profile("pic.into", "pic.out", log="y", title="Ranges", note="of the first hidden neurons"),
        Heat("pic.codes", signed=True, title="Codes", note="all layers, 0 is blank"),
        Profile("pic.weights", "pic.interval", x="pic.place", log="y", fill=True,
                roles={"pic.interval": "bound"}, title="Weights of the first layer",
                note="by code"),
        Curves("equal", "by_moments", bounds=("before", "exact"), percent=True,
               title="Right on new examples"),
        Curves("error", "error_moments", "error_data", log="y", title="Mean error",
               note="of the answers"),
        Curves("before", "equal", "by_moments", x="bits", of="bits", percent=True,
               title="Accuracy by bits", note="before, equalised, corrected"),
    ]  # fmt: skip
    every, max_steps, dtype = 1, 200, "float64"

    @given(by="net")
    def data(c, rng, backend):
        return pair(c.net).split(rng, backend, hidden=1000)

    @given(by="net")
    def trained(c, rng, backend, data):
        """In single precision, which takes half the time."""
        single = {"x": data["train"]["x"].float(), "y": data["train"]["y"]}
        rng = Rng(rng.seed, rng.k, Backend(backend.device))
        return pair(c.net).dense(single, rng).double()

    @given(by=("net", "imbalance", "activation"))
    def network(c, rng, backend, data, trained):
        """The layers out of balance, and what the exact network is known for."""
        layers = list(pair(c.net).net.layers(trained))
        for i in range(len(layers) - 1):
            factor = torch.exp(c.imbalance * rng.normal("scale", (len(layers[i][1]),), i))
            layers[i : i + 2] = rescaled(layers[i], layers[i + 1], factor)
        test, activation = data["test"], ACTIVATIONS[c.activation]
        return {
            "layers": layers,
            "answers": answers(layers, test["x"], activation),
            "mean": data["train"]["x"].mean(0),
        }

    def init(given, c, rng, backend):
        return {"layers": given.network["layers"], "k": 0}

    def step(state, given, c, k, rng):
        """One pair of layers, in turn."""
        layers = list(state["layers"])
        i = k % (len(layers) - 1)
        layers[i : i + 2] = equalised(layers[i], layers[i + 1], c.share)
        return {"layers": layers, "k": k + 1}

    def observe(state, given, c):
        return {"mismatch": mismatch(state["layers"])}

    def assess(state, given, c):
        activation = ACTIVATIONS[c.activation]
        test, train = given.data["test"], given.data["train"]["x"][:EXAMPLES]
        now, start = state["layers"], given.network["layers"]
        rough, rough_start = rounded(now, c), rounded(start, c)
        known, known_start = (moments(net, train, activation) for net in (now, start))
        found = {
            "equal": rough,
            "by_moments": corrected_by_moments(now, rough, given.network["mean"], known),
            "by_data": corrected_by_data(now, rough, train, activation),
            "before": rough_start,
            "biases": corrected_by_moments(start, rough_start, given.network["mean"], known_start),
            "exact": now,
        }
        said = {name: answers(net, test["x"], activation) for name, net in found.items()}
        exact, first = said["exact"], given.network["answers"]
        error = {
            name: (a - exact).mean(0).norm() / exact.mean(0).norm() for name, a in said.items()
        }
        return {
            **{name: (a.argmax(1) == test["y"]).double().mean() for name, a in said.items()},
            "changed": (exact - first).norm() / first.norm(),
            "error": error["equal"],
            "error_moments": error["by_moments"],
            "error_data": error["by_data"],
        }

    def picture(state, given, c):
        """Ranges of the first hidden neurons, the widest first; codes; how many have each."""
        layers = state["layers"]
        into, out = ranges(layers[0], layers[1])
        order = ranges(*given.network["layers"][:2])[0].argsort(descending=True)
        codes = [quantiser(c).codes(w, quantiser(c).grid(w)).T for w, _ in layers]
        codes = [m[:, order] if i == 0 else m[order] if i == 1 else m for i, m in enumerate(codes)]
        first = layers[0][0]
        grid, most = quantiser(c).grid(first), 0.6 * 2.0**c.bits
        return {
            "into": into[order],
            "out": out[order],
            "codes": side_by_side(codes, 4, 0.0),
            "place": torch.linspace(-most, most, BINS),
            "weights": torch.histc(first / grid["scale"], BINS, -most, most),
            "interval": torch.stack([grid["low"].min(), grid["high"].max()]),
        }

    def done(state, given, c):
        if state["k"] < c.rounds * (len(state["layers"]) - 1):
            return None
        return f"{c.rounds} rounds over both pairs"

    studies = {
        "bits": Grid({"bits": (3, 4, 5, 6, 8)}, 4, WHOLE),
    }
    claims = [
        Claim(
            "same",
            "Twenty rounds over the pairs make all ranges equal to 1 in 1,000 and change no "
            "answer by more than rounding, for relu; for tanh the answers change",
            source="Abstract (scale equivariance); sizes: desk",
            runs=Grid(seeds=3, set=WHOLE),
            checks=(
                Check("changed", lambda d: d.changed, AtMost(1e-6), "all", label="change"),
                Check("mismatch", lambda d: d.mismatch, AtMost(1e-3), "all", main=False,
                      label="log ratio"),
            ),
            control=Control({"activation": "tanh"}, breaks=("changed",), seeds=2),
        ),
        Claim(
            "rescue",
            "With neurons' scales spread over e^±2 eight bits ruin the network by at least 50 "
            "points of accuracy; equalised, with biases corrected without data, it is within 1 "
            "point of the network that was not rounded",
            source="Abstract; imbalance: desk",
            runs=Grid(set=WHOLE),
            checks=(
                Check("ruin", lambda d: d.exact - d.before, AtLeast(0.5), label="lost before"),
                Check("gain", lambda d: d.by_moments - d.before, AtLeast(0.5), label="won back"),
                Check("short", lambda d: d.exact - d.by_moments, AtMost(0.01), main=False,
                      label="short of exact"),
            ),
            control=Control({"imbalance": 0.0}, breaks=("ruin", "gain"), seeds=3),
            tier="standard",
        ),
        Claim(
            "rows",
            "A grid for each row, without equalisation, loses at least 2 points at eight bits, as "
            "what goes out of a neuron is as uneven as what goes in; equalised, less than 1",
            source="desk",
            runs=Grid(set={**WHOLE, "per": "row"}),
            checks=(
                Check("lost", lambda d: d.exact - d.before, AtLeast(0.02), label="lost before"),
                Check("short", lambda d: d.exact - d.by_moments, AtMost(0.01), main=False),
            ),
            control=Control({"imbalance": 0.0}, breaks=("lost",), seeds=3),
            tier="standard",
        ),
        Claim(
            "mean",
            "At four bits correction without data leaves at most a fifth of the mean error of the "
            "answers; for tanh, whose mean the clipped normal law does not give, it leaves more",
            source="Abstract (bias correction); sizes: desk",
            runs=Grid(set={**WHOLE, "bits": 4}),
            checks=(
                Check("left", lambda d: d.error_moments / d.error, AtMost(0.2), label="left"),
            ),
            control=Control({"activation": "tanh"}, breaks=("left",), seeds=4),
            tier="standard",
        ),
        Claim(
            "words",
            "In a network that judges Reber's words four, five, six and eight bits all ruin what "
            "is out of balance by at least 30 points; equalised, with biases corrected without "
            "data, it is within 2 points of the network that was not rounded",
            source="Abstract, a second network and its data; imbalance, bits: desk",
            runs=Grid({"bits": (4, 5, 6, 8)}, set={**WHOLE, "net": WORDS}),
            checks=(
                Check("ruin", lambda d: (d.exact - d.before).min("bits"), AtLeast(0.3),
                      label="lost before, least"),
                Check("gain", lambda d: (d.by_moments - d.before).min("bits"), AtLeast(0.3),
                      label="won back, least"),
                Check("short", lambda d: (d.exact - d.by_moments).max("bits"), AtMost(0.02),
                      main=False, label="short of exact, most"),
            ),
            control=Control({"imbalance": 0.0}, breaks=("ruin", "gain"), seeds=4),
            tier="slow",
        ),
    ]  # fmt: skip
