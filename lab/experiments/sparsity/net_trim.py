"""Net-Trim: the fewest weights by which a layer answers as it did, found by convex optimisation."""

from __future__ import annotations

import torch

from lab.core.mlp import layer_inputs
from lab.core.net_trim import NetTrim as Programme
from lab.core.pairs import pair
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid
from lab.engine.controls import Boolean, Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Mask

DIGITS, WORDS = "digits 100-40", "reber 100-40"
PLANTED, FIRST, SECOND = "planted", "first", "second"
RIVALS = ("size", "even", "lot")
OUTPUTS = 16  # of a planted layer
SETTLED = "residual < 1e-3 or k >= 1500"
SAMPLES = (15, 25, 35, 50, 70, 100)
LEVELS = torch.linspace(0, 1, 101)


def planted(c, rng):
    """A layer of few weights of 1 or -1 in each column, (inputs, outputs)."""
    w = torch.zeros(c.inputs, OUTPUTS, dtype=torch.float64)
    for j in range(OUTPUTS):
        at = rng.choice("where", c.inputs, min(c.each, c.inputs), index=j)
        w[at, j] = rng.integers("sign", 0, 2, (len(at),), index=j).double() * 2 - 1
    return w


def answers(x, w, c):
    return (x @ w).relu() if c.relu or c.layer != PLANTED else x @ w


def moved(made, v, c):
    """How far the answers move when v is the layer, over their length; on its inputs, on new."""
    pairs = [(made["x"], made["y"]), (made["new"], made["new_y"])]
    return torch.stack([(answers(x, v, c) - y).norm() / y.norm() for x, y in pairs])


def thinned(made, rival, share):
    """The layer with the share of its weights that a rival ranks first; biases stay."""
    ranked = made["ranked"][rival]
    threshold = ranked[(share * (len(ranked) - 1)).round().long()]
    return made["w"] * (made["scores"][rival] >= threshold)


def needed(d):
    """Samples at which half of the columns are recovered, over s log(N / s), for each s."""
    import numpy as np
    import xarray as xr

    def crossing(shares):
        rising = np.maximum.accumulate(shares)
        return np.interp(0.5, rising, SAMPLES) if rising[-1] >= 0.5 else np.inf

    at = xr.apply_ufunc(crossing, d.recovered, input_core_dims=[["samples"]], vectorize=True)
    return at / (d.each * np.log(100 / d.each))


class NetTrim(Experiment):
    """Weights fade until the fewest are left with which the layer still answers the same.

    Left the layer as it was, beside it what is left. Watch columns empty.
    """

    card = Card(
        title="The same answers from fewer weights",
        question="How few weights can give a layer's answers on the data at hand?",
        answer="As few as a convex programme finds: a hidden layer keeps a third fewer than by "
        "cutting the small ones. A planted layer of s weights is found from s log N/s samples.",
        why="The sum of sizes is the nearest convex thing to a count. Answers that are on must "
        "stay near, those that are off need only stay off. Where inputs go together, as in a "
        "hidden layer, other weights can take over; pixels under noise each matter on their own, "
        "and there cutting the small ones does better.",
        papers=("fast-convex-pruning-deep-neural-networks",),
        equations=(
            r"\min_U \lVert U \rVert_1 \quad \text{such that} \quad "
            r"\lVert X_{\text{on}} u_j - y_j \rVert \le \varepsilon \lVert y_j \rVert,\quad "
            r"X_{\text{off}} u_j \le 0",
        ),
        tags=("pruning", "convex", "ADMM", "sparse recovery", "neural network"),
    )

    net = Selector(DIGITS, objects=[DIGITS, WORDS], label="Network",
                   doc="problem, and widths of the hidden layers")  # fmt: skip
    layer = Selector(SECOND, objects=[PLANTED, FIRST, SECOND], doc="whose answers are kept")
    slack = Number(0.2, bounds=(0.001, 0.8), log=True, doc="how far answers may move")
    samples = Integer(300, bounds=(10, 600), log=True, doc="inputs on which answers are kept")
    inputs = Integer(100, bounds=(20, 200), doc="planted: of the layer")
    each = Integer(4, bounds=(1, 60), doc="planted: weights in a column")
    relu = Boolean(True, doc="planted: off; without, all answers count as on")

    presets = {
        "tight": Preset("Hold the answers tighter, watch weights stay", slack=0.05),
        "pixels": Preset("Trim the first layer, watch magnitude win", layer=FIRST),
        "words": Preset("Trim a judge of words, watch columns empty", net=WORDS),
        "planted": Preset("Plant four per column, watch them found",
                          layer=PLANTED, samples=70, slack=0.001),
        "few": Preset("Show too few samples, watch wrong ones", layer=PLANTED, samples=25,
                      slack=0.001),
        "dense": Preset("Plant many per column, watch recovery fail", layer=PLANTED, samples=70,
                        slack=0.001, each=40),
    }  # fmt: skip
    quantities = {
        "kept": Quantity("share of weights left", better="less", short="Net-Trim"),
        "by_size": Quantity("left when the small go, same deviation", short="smallest cut"),
        "by_even": Quantity("the same, as many in each column", short="evenly"),
        "by_lot": Quantity("the same, those that go drawn by lot", short="by lot"),
        "by_size_new": Quantity("left when the small go, same deviation on new inputs"),
        "by_even_new": Quantity("the same, as many in each column"),
        "by_lot_new": Quantity("the same, those that go drawn by lot"),
        "deviation": Quantity("distance of the answers, over their length", short="deviation"),
        "deviation_new": Quantity("the same on new inputs", short="on new inputs"),
        "accuracy": Quantity("right on new examples", better="more", short="Net-Trim"),
        "accuracy_by_size": Quantity("with as many weights, the small cut", short="smallest cut"),
        "accuracy_by_even": Quantity("the same, as many in each column", short="evenly"),
        "accuracy_by_lot": Quantity("the same, drawn by lot", short="by lot"),
        "residual": Quantity("larger residual, in the worst column", log=True, better="less",
                             short="residual"),
        "recovered": Quantity("share of columns recovered", better="more"),
    }  # fmt: skip
    views = [
        Mask("pic.before", alive="pic.planted", title="Before", note="a column is a neuron"),
        Mask("pic.after", alive="pic.alive", title="After", note="what the answers need"),
        Curves("kept", bounds=("by_size", "by_lot"), percent=True, title="Weights left"),
        Curves("residual", log="y", title="Residual"),
        Curves("deviation", "deviation_new", title="Answers moved",
               roles={"deviation": "train", "deviation_new": "test"}),
        Heat("recovered", x="samples", y="each", of="recovery", title="Recovered",
             note="share of planted columns"),
        Curves("accuracy", *(f"accuracy_by_{rival}" for rival in RIVALS), x="kept", of="slack",
               title="Accuracy by share kept", percent=True),
    ]  # fmt: skip
    every, max_steps, dtype = 10, 3_000, "float64"

    @given(by=("net", "layer"))
    def trained(c, rng, backend):
        """Of a network's layer: inputs for fitting and new ones with a 1 for the bias, weights."""
        if c.layer == PLANTED:
            return {}
        chosen, at = pair(c.net), int(c.layer == SECOND)
        net, data = chosen.net, chosen.split(rng, backend, hidden=500)
        flat = chosen.dense(data["train"], rng)
        weights, biases = net.layers(flat)[at]
        seen = [layer_inputs(net, flat, data[part]["x"])[at] for part in ("train", "test")]
        seen = [torch.cat([torch.ones_like(x[:, :1]), x], 1) for x in seen]
        rest = {str(i): layer for i, layer in enumerate(net.layers(flat)[at + 1 :])}
        return {"x": seen[0], "new": seen[1], "y": data["test"]["y"], "rest": rest,
                "w": torch.cat([biases[None], weights.T])}  # fmt: skip

    @given(by=("net", "layer", "samples", "inputs", "each", "relu"))
    def layer_of(c, rng, backend, trained):
        """The layer, its inputs and answers, and how far each rival's cuts move them."""
        if c.layer == PLANTED:
            w, free = planted(c, rng), torch.zeros(c.inputs, dtype=torch.bool)
            x = rng.normal("inputs", (c.samples, c.inputs)).double()
            new = rng.normal("new", (500, c.inputs)).double()
        else:
            w, x, new = trained["w"], trained["x"][: c.samples], trained["new"]
            free = torch.arange(len(w)) == 0
        y = answers(x, w, c)
        problem = Programme().problem(x, y, free)
        if c.layer == PLANTED and not c.relu:
            problem["on"] = torch.ones_like(problem["on"])
        size, stays = w.abs(), free[:, None]
        scores = {"size": size, "even": size.masked_fill(stays, torch.inf).argsort(0).argsort(0),
                  "lot": rng.uniform("lot", w.shape)}  # fmt: skip
        scores = {name: s.double().masked_fill(stays, torch.inf) for name, s in scores.items()}
        ranked = {name: s[~free].flatten().sort(descending=True).values
                  for name, s in scores.items()}  # fmt: skip
        made = {"problem": problem, "w": w, "free": free, "x": x, "y": y, "new": new,
                "new_y": answers(new, w, c), "scores": scores, "ranked": ranked}  # fmt: skip
        made["moved"] = {
            name: torch.stack([moved(made, thinned(made, name, share), c) for share in LEVELS], 1)
            for name in RIVALS
        }
        return made

    def init(given, c, rng, backend):
        return Programme.init(given.layer_of["problem"], given.layer_of["w"])

    def step(state, given, c, k, rng):
        return Programme(c.slack).step(state, given.layer_of["problem"], k)

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        made = given.layer_of
        v = Programme.weights(state, made["problem"])
        distance = moved(made, v, c)
        wrong = (v - made["w"]).norm(dim=0) / made["w"].norm(dim=0)
        kept = ((v != 0) & ~made["free"][:, None]).sum() / len(made["ranked"]["size"])
        found = {
            "kept": kept,
            "deviation": distance[0],
            "deviation_new": distance[1],
            "accuracy": NetTrim.right(v, given, c),
            "residual": Programme.residual(state),
            "recovered": (wrong < 0.05).to(v.dtype).mean(),
        }
        for rival in RIVALS:
            as_near = made["moved"][rival] <= distance[:, None]
            least = torch.where(as_near, LEVELS.to(v), 1.0).min(1).values
            found |= {f"by_{rival}": least[0], f"by_{rival}_new": least[1]}
            found[f"accuracy_by_{rival}"] = NetTrim.right(thinned(made, rival, kept), given, c)
        return found

    def right(w, given, c):
        """Accuracy of the network with `w` in the layer's place; 0 for a planted one."""
        if c.layer == PLANTED:
            return w.sum() * 0
        x = answers(given.trained["new"], w, c)
        rest = list(given.trained["rest"].values())
        for i, (weights, biases) in enumerate(rest):
            x = x @ weights.T + biases
            x = x.relu() if i < len(rest) - 1 else x
        return (x.argmax(1) == given.trained["y"]).to(w.dtype).mean()

    def picture(state, given, c):
        """The layer as it was and as it is; of a planted one, zeros are dead in both."""
        made = given.layer_of
        rows = ~made["free"]
        w, v = made["w"][rows], Programme.weights(state, made["problem"])[rows]
        return {"before": w, "planted": w != 0, "after": v, "alive": v != 0}

    studies = {
        "recovery": Grid({"samples": SAMPLES, "each": (2, 4, 8, 16)}, 3,
                         {"layer": PLANTED, "slack": 0.001}, SETTLED),
        "slack": Grid({"slack": (0.05, 0.1, 0.2, 0.4, 0.7)}, 4, stop=SETTLED),
    }  # fmt: skip
    claims = [
        Claim(
            "fewer",
            "At the same distance from a hidden layer's answers (20 % of their length, 300 "
            "samples) Net-Trim needs at most 0.75 of the weights that are left when the smallest "
            "are cut, on new inputs too; in the first layer, whose inputs are pixels under noise, "
            "it needs more",
            source="Abstract; comparison and sizes: desk",
            runs=Grid(stop="residual < 3e-3 or k >= 600"),
            checks=(
                Check("share", lambda d: d.kept / d.by_size, AtMost(0.75), label="share"),
                Check("new", lambda d: d.kept / d.by_size_new, AtMost(0.75),
                      label="share, new inputs"),
                Check("accuracy", lambda d: d.accuracy - d.accuracy_by_size, AtLeast(-0.02),
                      main=False, label="accuracy over that of as many by size"),
            ),
            control=Control({"layer": FIRST}, breaks=("share", "new"), seeds=3),
            tier="standard",
        ),
        Claim(
            "words",
            "Where words of a grammar are judged too the hidden layer needs at most 0.75 of the "
            "weights that cutting the smallest leaves, and the first, of letters, does not; but "
            "as many weights by size judge no worse",
            source="Abstract, on another task; sizes: desk",
            runs=Grid(set={"net": WORDS}, stop="residual < 3e-3 or k >= 600"),
            checks=(
                Check("share", lambda d: d.kept / d.by_size, AtMost(0.75), label="share"),
                Check("new", lambda d: d.kept / d.by_size_new, AtMost(0.75),
                      label="share, new inputs"),
                Check("accuracy", lambda d: d.accuracy_by_size - d.accuracy, AtLeast(0.0),
                      main=False, label="accuracy of as many by size over Net-Trim's"),
            ),
            control=Control({"layer": FIRST}, breaks=("share", "new"), seeds=3),
            tier="slow",
        ),
        Claim(
            "recovery",
            "Of columns with 4 weights among 100 at least 0.9 are recovered from 5 s log N/s = 64 "
            "samples; from 1.5 s log N/s, or with 40 weights each, hardly one",
            source="Abstract; factors: desk",
            runs=Grid(set={"layer": PLANTED, "slack": 0.001, "samples": 64}, stop=SETTLED),
            checks=(
                Check("share", lambda d: d.recovered, AtLeast(0.9), label="recovered"),
            ),
            control=Control({"samples": 19}, breaks=("share",), seeds=4),
        ),
        Claim(
            "law",
            "Half of the columns are recovered from 2 to 3.5 times s log N/s samples, for 2, 4 and "
            "8 weights each; answers that are off tell less: without relu fewer do",
            source="Abstract (order s log N/s); factors: desk",
            runs=Grid({"samples": SAMPLES, "each": (2, 4, 8)}, 8,
                      {"layer": PLANTED, "slack": 0.001}, SETTLED),
            checks=(
                Check("least", lambda d: needed(d).min("each"), AtLeast(2), label="smallest"),
                Check("most", lambda d: needed(d).max("each"), AtMost(3.5), label="largest",
                      main=False),
            ),
            control=Control({"relu": False}, breaks=("least",), seeds=2),
            tier="standard",
        ),
    ]  # fmt: skip
