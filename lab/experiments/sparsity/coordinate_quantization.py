"""COMQ: whole-number weights chosen one input at a time, so that a layer's answers stay."""

from __future__ import annotations

import numpy as np
import torch

from lab.core.mlp import layer_inputs, side_by_side
from lab.core.pairs import pair
from lab.core.quantize import CoordinateDescent, Uniform, reconstruction_error, tuned
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid
from lab.engine.controls import Boolean, Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Profile

INPUTS, OUTPUTS, EXAMPLES = 48, 24, 256
NEIGHBOURS, COMMON = MADE = "neighbours", "one cause"
DIGITS, WORDS = "digits 100-100", "reber 64-64"


def quantiser(c):
    return Uniform(c.bits, 0 if c.per == "column" else None)


def method(c):
    return CoordinateDescent(quantiser(c), c.method == "greedy", c.start)


def correlated(c, rng):
    """Inputs (n, inputs) of variance 1: each like the one before it, or all a bit like one."""
    noise = rng.normal("inputs", (EXAMPLES, INPUTS)).double()
    own = (1 - c.rho**2) ** 0.5
    if c.inputs == COMMON:
        return c.rho**0.5 * rng.normal("cause", (EXAMPLES, 1)).double() + (1 - c.rho) ** 0.5 * noise
    columns = [noise[:, 0]]
    for j in range(1, INPUTS):
        columns.append(c.rho * columns[-1] + own * noise[:, j])
    return torch.stack(columns, 1)


def right(net, given, weights):
    """Share of new examples that are right with these weights and the biases as they were."""
    flat = given.dense.clone()
    for slot, values in zip(net.weights(flat), weights):
        slot.copy_(values.T)
    return net.accuracy(flat, **given.data["test"])


def ratio(over, **where):
    """Error of the codes over that of a rival."""

    def measure(d):
        here = d.sel(**where)
        return here.error / here[over]

    return measure


def lead(d):
    """Accuracy over that of the better rival: nearest codes, under their first scale or a tuned."""
    return d.accuracy - np.maximum(d.accuracy_nearest, d.accuracy_tuned)


def greedy_gain(d):
    """Error with large ones first over that in turn, the mean over bits."""
    kind = {name: d.error.sel({"method": name}) for name in ("in turn", "greedy")}
    return (kind["greedy"] / kind["in turn"]).mean("bits")


class CoordinateQuantization(Experiment):
    """All weights are rounded. Then one input at a time gets better codes, in every column.

    Watch codes move away from the nearest ones, and the error of the answers fall.
    """

    card = Card(
        title="Wrong weights, right answers",
        question="Each weight may be one of eight numbers. Is the nearest one the best?",
        answer="Not for the answers: codes chosen one after the other make up for each other, and "
        "half of the error goes.",
        why="Inputs that go together let one weight's error cancel another's. With all codes but "
        "one held, the error is a parabola in that code, and its best whole number is a "
        "rounding. So each step lowers the error, no gradient is needed, and it ends where no "
        "single code helps. That need not be the best of all.",
        papers=("comq-backpropagation-free-algorithm-post-training-quantization",),
        equations=(
            r"\min_{\delta,\,Q}\ \lVert XW - \delta XQ \rVert^2",
            r"q_i \leftarrow \mathrm{clip}\Bigl(\mathrm{round}\Bigl(q_i + \frac{\langle x_i, r "
            r"\rangle}{\delta \lVert x_i \rVert^2}\Bigr)\Bigr)",
        ),
        tags=("quantisation", "post-training", "coordinate descent", "neural network"),
    )

    bits = Integer(3, bounds=(1, 8), doc="of a code")
    inputs = Selector(NEIGHBOURS, objects=[NEIGHBOURS, COMMON, DIGITS, WORDS],
                      doc="made ones that go together, or those of a network's layers")  # fmt: skip
    rho = Number(0.9, bounds=(0.0, 0.99), doc="correlation of made inputs")
    shuffled = Boolean(False, doc="each input by itself, over examples")
    method = Selector("in turn", objects=["in turn", "greedy", "nearest"], doc="order of inputs")
    start = Selector("nearest", objects=["nearest", "exact"], doc="codes before the first sweep")
    per = Selector("column", objects=["column", "tensor"], doc="who has a scale of its own")
    sweeps = Integer(3, bounds=(1, 10), doc="through all inputs")

    arms = {
        "In turn": {"method": "in turn"},
        "Greedy": {"method": "greedy"},
        "Nearest": {"method": "nearest"},
    }
    presets = {
        "greedy": Preset("Take large ones first, watch the order help", method="greedy"),
        "cause": Preset("Correlate by one cause, watch tuning win", inputs=COMMON),
        "apart": Preset("Part the inputs, watch little to gain", rho=0.0, bits=4),
        "exact": Preset("Start unrounded, watch errors pass on", start="exact"),
        "digits": Preset("Give digits two bits, watch accuracy return",
                         inputs=DIGITS, bits=2, per="tensor"),
        "words": Preset("Give Reber's words two bits, watch codes move",
                        inputs=WORDS, bits=2, per="tensor"),
        "check": Preset("One sweep", sweeps=1),
    }  # fmt: skip
    quantities = {
        "error": Quantity("error of the answers", log=True, better="less", short="error"),
        "nearest": Quantity("error with the nearest codes", log=True, short="nearest"),
        "tuned": Quantity("error with the nearest codes, scale tuned", log=True, short="tuned"),
        "rise": Quantity("largest rise in a step, over the error of the nearest"),
        "moved": Quantity("codes that are not the nearest"),
        "accuracy": Quantity("right on new examples", better="more", short="right"),
        "accuracy_float": Quantity("right before rounding", short="float"),
        "accuracy_nearest": Quantity("right with the nearest codes", short="nearest"),
        "accuracy_tuned": Quantity("right with the nearest codes, scale tuned", short="tuned"),
    }
    views = [
        Heat("pic.codes", signed=True, title="Codes", note="a row is an input"),
        Heat("pic.shift", signed=True, title="Moved", note="up or down from the nearest code"),
        Curves("error", bounds=("nearest", "tuned"), title="Error of the answers",
               note="by coordinate, over their size"),
        Profile("pic.taken", "pic.weights", "pic.interval", x="pic.place", fill=True,
                roles={"pic.weights": "exact", "pic.interval": "bound"},
                title="Weights and their codes", note="in units of the scale"),
        Curves("error", x="bits", of="bits", by="arm", log="y", title="Error by bits"),
        Curves("accuracy", x="bits", of="digits", by="arm", percent=True, title="Accuracy by bits",
               note="digits, one scale for a layer"),
    ]  # fmt: skip
    every, max_steps = 1, 2_000

    @given(by="inputs")
    def data(c, rng, backend):
        return {} if c.inputs in MADE else pair(c.inputs).split(rng, backend)

    @given(by="inputs")
    def dense(c, rng, backend, data):
        return {} if c.inputs in MADE else pair(c.inputs).dense(data["train"], rng)

    @given(by=("inputs", "rho", "shuffled", "bits", "per"))
    def layers(c, rng, backend, data, dense):
        """Of each layer its weights (inputs, outputs), its inputs' gram, and both rivals."""
        if c.inputs in MADE:
            seen = [correlated(c, rng)]
            weights = [rng.normal("weights", (INPUTS, OUTPUTS)).double() / INPUTS**0.5]
        else:
            net = pair(c.inputs).net
            seen = [x.double() for x in layer_inputs(net, dense, data["train"]["x"])]
            weights = [w.T.double() for w in net.weights(dense)]
        found = []
        for x, w in zip(seen, weights):
            if c.shuffled:
                lots = [rng.permutation("lot", len(x), j) for j in range(x.shape[1])]
                x = torch.stack([x[lot, j] for j, lot in enumerate(lots)], 1)
            gram = x.T @ x
            gram = gram / reconstruction_error(gram, w)  # errors are shares of the answers' power
            grid = quantiser(c).grid(w)
            codes = quantiser(c).codes(w, grid)
            rivals = {"nearest": grid["scale"] * codes, "tuned": tuned(quantiser(c), gram, w)}
            errors = [reconstruction_error(gram, w - rival) for rival in rivals.values()]
            found.append({"w": w, "gram": gram, "codes": codes, "errors": errors, **rivals})
        return found

    def init(given, c, rng, backend):
        layers = [method(c).init(layer["gram"], layer["w"]) for layer in given.layers]
        errors = [CoordinateQuantization.far(*pair) for pair in zip(layers, given.layers)]
        return {"layers": layers, "errors": errors, "rise": torch.zeros(()), "k": 0}

    def step(state, given, c, k, rng):
        most = max(len(layer["w"]) for layer in given.layers)
        i, layers = k % most, []
        for layer, made in zip(state["layers"], given.layers):
            if i < len(made["w"]):
                layer = method(c).step(layer, made["gram"], i)
            if i == most - 1:
                layer = method(c).rescale(layer, made["gram"], made["w"])
            layers.append(layer)
        errors = [CoordinateQuantization.far(*pair) for pair in zip(layers, given.layers)]
        rises = [
            (new - old) / made["errors"][0]
            for new, old, made in zip(errors, state["errors"], given.layers)
        ]
        rise = torch.stack([state["rise"], *rises]).max()
        return {"layers": layers, "errors": errors, "rise": rise, "k": k + 1}

    def far(layer, made):
        """Squared error of a layer's answers: `pull` is the gram times what is lacking."""
        return ((made["w"] - CoordinateDescent.values(layer)) * layer["pull"]).sum()

    def observe(state, given, c):
        nearest, tuned_scale = zip(*[made["errors"] for made in given.layers])
        shifts = torch.cat([s.flatten() for s in CoordinateQuantization.shifts(state, given)])
        return {
            "error": torch.stack(state["errors"]).mean(),
            "nearest": torch.stack(nearest).mean(),
            "tuned": torch.stack(tuned_scale).mean(),
            "rise": state["rise"],
            "moved": (shifts != 0).double().mean(),
        }

    def shifts(state, given):
        """Codes minus the nearest ones of the first grid, for each layer."""
        pairs = zip(state["layers"], given.layers)
        return [layer["codes"] - made["codes"] for layer, made in pairs]

    def assess(state, given, c):
        """With the biases as they were."""
        names = {"": "now", "_float": "w", "_nearest": "nearest", "_tuned": "tuned"}
        if c.inputs in MADE:
            return {"accuracy" + of: 0.0 for of in names}
        now = [{"now": CoordinateDescent.values(layer)} for layer in state["layers"]]
        layers = [{**made, **new} for made, new in zip(given.layers, now)]
        net = pair(c.inputs).net
        return {"accuracy" + of: right(net, given, [layer[name] for layer in layers])
                for of, name in names.items()}  # fmt: skip

    def picture(state, given, c):
        """Codes as they are, what they moved, and densities in units of a column's scale."""
        layers = state["layers"]
        codes = torch.cat([layer["codes"].flatten() for layer in layers])
        weights = [(m["w"] / new["scale"]).flatten() for new, m in zip(layers, given.layers)]
        place = CoordinateQuantization.places(c.bits)
        return {
            "codes": side_by_side([layer["codes"] for layer in layers], 4, torch.nan),
            "shift": side_by_side(CoordinateQuantization.shifts(state, given), 4, torch.nan),
            "place": place,
            "taken": CoordinateQuantization.density(codes, place, 2),
            "weights": CoordinateQuantization.density(torch.cat(weights), place, 10),
            "interval": torch.stack(
                [
                    torch.cat([layer["low"].flatten() for layer in layers]).min(),
                    torch.cat([layer["high"].flatten() for layer in layers]).max(),
                ]
            ),
        }

    def places(bits):
        """Middles of 320 bins, a level's width beyond the outermost codes."""
        most = 2 ** (bits - 1) + 1
        return torch.linspace(-most, most, 321)[1:] - most / 320

    def density(values, place, near):
        """Share of the values in each bin over its width, the mean of the bins around it."""
        width = float(place[1] - place[0])
        low, high = float(place[0]) - width / 2, float(place[-1]) + width / 2
        density = torch.histc(values.float(), len(place), low, high) / (len(values) * width)
        kernel = torch.full((1, 1, 2 * near + 1), 1 / (2 * near + 1))
        return torch.nn.functional.conv1d(density.view(1, 1, -1), kernel, padding=near).view(-1)

    def done(state, given, c):
        if c.method == "nearest":
            return "every weight takes its nearest code"
        if state["k"] < c.sweeps * max(len(layer["w"]) for layer in given.layers):
            return None
        return f"{c.sweeps} sweeps through the inputs"

    studies = {
        "bits": Grid({"bits": (2, 3, 4, 6), "arm": "all"}),
        "digits": Grid({"bits": (2, 3, 4, 6), "arm": ("Nearest", "In turn")}, seeds=4,
                       set={"inputs": DIGITS, "per": "tensor"}),
    }  # fmt: skip
    claims = [
        Claim(
            "descent",
            "From the nearest codes no step on a coordinate raises the error, and three sweeps "
            "leave less than 0.7 of it at 3 bits where inputs are correlated at 0.9, with their "
            "neighbours or by one cause; not at 4 bits with inputs apart",
            source="Abstract (each step improves); 30 %: desk",
            runs=Grid({"inputs": (NEIGHBOURS, COMMON)}),
            checks=(
                Check("ratio", lambda d: ratio("nearest")(d).max("inputs"), AtMost(0.7),
                      label="error over that of the nearest"),
                Check("rise", lambda d: d.rise.max("inputs"), AtMost(1e-9), "all",
                      label="largest rise"),
            ),
            control=Control(
                {"rho": 0.0, "bits": 4, "start": "exact"}, breaks=("ratio", "rise"), seeds=3
            ),
        ),
        Claim(
            "greedy",
            "Large ones first leaves at least a twentieth less error than their order, at 2 to 4 "
            "bits, where inputs are correlated with their neighbours; with one common cause it "
            "gains nothing",
            source="Abstract (greedy order), restated",
            runs=Grid({"bits": (2, 3, 4), "method": ("in turn", "greedy")}),
            checks=(
                Check("gain", greedy_gain, AtMost(0.95), label="greedy over in turn"),
            ),
            control=Control({"inputs": COMMON}, breaks=("gain",), seeds=4),
            tier="standard",
        ),
        Claim(
            "scale",
            "Part of the gain needs no new codes: with one common cause the nearest codes under a "
            "tuned scale leave less error than three sweeps; with correlated neighbours large "
            "ones first leave a tenth less than those",
            source="desk",
            runs=Grid({"inputs": (NEIGHBOURS, COMMON)}, set={"method": "greedy"}),
            checks=(
                Check("cause", ratio("tuned", inputs=COMMON), AtLeast(1.2),
                      label="error over that of a tuned scale"),
                Check("neighbours", ratio("tuned", inputs=NEIGHBOURS), AtMost(0.9),
                      label="error over that of a tuned scale"),
            ),
            control=Control({"rho": 0.0}, breaks=("cause", "neighbours"), seeds=3),
        ),
        Claim(
            "two bits",
            "With two bits and one scale for a layer the network for digits keeps at least 5 "
            "points more than with the nearest codes, most of which a tuned scale alone keeps: it "
            "is at most 6 behind; with four bits there is nothing left to keep",
            source="desk",
            runs=Grid(set={"inputs": DIGITS, "per": "tensor", "bits": 2}),
            checks=(
                Check("lead", lambda d: d.accuracy - d.accuracy_nearest, AtLeast(0.05),
                      label="lead over the nearest"),
                Check("tuned", lambda d: d.accuracy - d.accuracy_tuned, AtMost(0.06),
                      main=False, label="lead over a tuned scale"),
            ),
            control=Control({"bits": 4}, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "four bits",
            "With four bits and a scale for each column less than 1 point of accuracy is lost; "
            "the nearest codes lose no more than that here either",
            source="Abstract",
            runs=Grid(set={"inputs": DIGITS, "bits": 4}),
            checks=(
                Check("loss", lambda d: d.accuracy_float - d.accuracy, AtMost(0.01)),
                Check("nearest", lambda d: d.accuracy_float - d.accuracy_nearest, AtMost(0.01),
                      main=False),
            ),
            control=Control({"bits": 2, "per": "tensor"}, breaks=("loss",), seeds=4),
            tier="standard",
        ),
        Claim(
            "words",
            "In a network that judges Reber's words, with one scale for a layer, no step raises "
            "the error either; at 2, 3 and 4 bits three sweeps leave at most 0.85 of what a tuned "
            "scale leaves, and at 2 bits they keep at least 5 points more accuracy than the "
            "nearest codes, tuned or not; not with each input shuffled by itself",
            source="Abstract, a second network and its data; sizes: desk",
            runs=Grid({"bits": (2, 3, 4)}, set={"inputs": WORDS, "per": "tensor"}),
            checks=(
                Check("rise", lambda d: d.rise.max("bits"), AtMost(1e-9), "all",
                      label="largest rise"),
                Check("ratio", lambda d: ratio("tuned")(d).max("bits"), AtMost(0.85),
                      label="error over that of a tuned scale, most"),
                Check("lead", lambda d: lead(d.sel(bits=2)), AtLeast(0.05),
                      label="lead over the better rival"),
            ),
            control=Control({"shuffled": True, "start": "exact"},
                            breaks=("rise", "ratio", "lead"), seeds=8),
            tier="slow",
        ),
    ]  # fmt: skip
