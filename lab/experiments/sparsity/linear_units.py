"""Units pulled towards plain wires: how many bends a trained network still needs."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import one_hot

from lab.core import linear_units as lu
from lab.core.optim import AdamW
from lab.core.pairs import pair
from lab.core.problems.spirals import Spirals
from lab.core.random import Integers
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Bars, Curves, Mask, Plane

SPIRALS, MOONS = "spirals 32-32-32", "moons 16-16-16"
SHOWN, HIDDEN, BATCH = 600, 500, 128
PULLED = 600  # steps that a pull lasts
BEGIN, LENGTH = 300, 900  # where a late pull begins; steps until the rate is zero
NEAR = 0.05  # so near to slope 1 a unit becomes a wire for good
ACROSS, REACH = 48, 1.5  # places along each side of the map; its reach from the middle
END = steps(LENGTH)


class LinearUnits(Experiment):
    """Dark units are wires. Watch them spread from step 300 on, and the border between the spirals.

    The pull may be changed while it runs.
    """

    card = Card(
        title="Bent where it must be",
        question="Every unit bends its signal. How many bends does a trained network need?",
        answer="A third, for two spirals. But it needs them all to get there: pulled straight from "
        "the start, it never learns a hard task.",
        why="A unit whose slope below zero is 1 is a wire, and wires in a row are one matrix. The "
        "pull moves all slopes towards 1 alike; where a bend matters the loss holds against "
        "it. Early on no bend matters yet, so most give way, and what is straight stays straight.",
        papers=("nonlinear-advantage",),
        equations=(
            r"f_j(x)=\max(x,0)+a_j\,\min(x,0)",
            r"L+\lambda\sum_j\lvert 1-a_j\rvert,\qquad a_j=1\text{ for good when near}",
        ),
        tags=("linearisation", "pruning", "effective depth", "neural network"),
        cost="seconds",
    )
    net = Selector(SPIRALS, objects=[SPIRALS, MOONS], doc="problem, and widths of hidden layers")
    pull = Number(0.02, bounds=(0.0, 0.1), live=True, label="Pull", doc="towards wires")
    begin = Integer(BEGIN, bounds=(0, 2000), label="Begins", doc="step from which on it pulls")
    choice = Selector("pull", objects=["pull", "lot"], doc="which units become wires")
    share = Number(0.72, bounds=(0.0, 1.0), doc="of units that become wires by lot")
    turns = Number(1.25, bounds=(0.25, 2.5), label="Turns", doc="of a spiral; more are harder")
    rate = Number(0.01, bounds=(1e-3, 0.03), log=True, live=True, label="Step size", doc="at first")

    arms = {
        "Late": {"begin": BEGIN},
        "Early": {"begin": 0},
        "Never": {"pull": 0.0},
        "By lot": {"choice": "lot"},
    }
    presets = {
        "hard": Preset("Wind further, watch an early pull ruin it", turns=1.75),
        "easy": Preset("Wind less, watch nearly all bends go", turns=0.5),
        "moons": Preset("Take two moons, watch nine of ten straighten", net=MOONS),
        "lot": Preset("Draw lots for the wires, watch the border", choice="lot", share=0.85),
        "gentle": Preset("Pull gently, watch bends survive", pull=0.003),
        "strong": Preset("Pull hard, watch accuracy pay", pull=0.1),
        "check": Preset("Pull from step three on", begin=3),
    }
    quantities = {
        "accuracy": Quantity("right on new points", better="more", short="right"),
        "bent": Quantity("share of units that bend", better="less", short="bent"),
        "depth": Quantity("bends on a path, the mean of all", better="less", short="bends"),
        "layers": Quantity("share that bends", dim="layer"),
        "loss": Quantity("cross-entropy of a minibatch", log=True, better="less"),
    }
    views = [
        Plane("pic.points", fill="pic.answers", reach=REACH, title="Answers", size=2,
              note="the network's, behind the examples"),
        Mask("pic.bends", alive="pic.alive", title="Units", note="a row is a layer; dark: wires"),
        Curves("bent", percent=True, title="Units that bend"),
        Curves("accuracy", percent=True, title="Accuracy", note="on 500 new points"),
        Bars("layers", labels=("first", "second", "third"), title="By layer",
             note="share that bends"),
        Curves("bent", x="turns", of="difficulty", percent=True, title="Bends by difficulty",
               note="pulled late"),
    ]  # fmt: skip
    every, max_steps = 10, 5_000

    @given(by=("net", "turns"))
    def data(c, rng, backend):
        problem = Spirals(float(c.turns)) if c.net == SPIRALS else pair(c.net).problem
        parts = problem.split(rng, backend, SHOWN, HIDDEN)
        return {name: {"x": part["x"], "y": one_hot(part["y"], 2).to(part["x"].dtype)}
                for name, part in parts.items()}  # fmt: skip

    def init(given, c, rng, backend):
        net = pair(c.net).net
        _, *hidden, _ = net.widths
        weights = {"w": net.init(rng), "slopes": backend.zeros(len(hidden), hidden[0])}
        lot = rng.permutation("lot", sum(hidden)).view(len(hidden), -1)
        return {
            "weights": weights,
            "memory": AdamW.init(weights),
            "wire": torch.zeros_like(weights["slopes"], dtype=torch.bool),
            "chosen": lot < c.share * sum(hidden),
            "loss": weights["w"].new_zeros(()),
        }

    def noise(c):
        return {"batch": Integers(0, SHOWN, (BATCH,))}

    def step(state, given, c, k, rng):
        """Slopes are 0 until the pull begins, then free; what has become a wire stays one.

        By lot the chosen slopes go to 1 evenly while the pull would last.
        """
        weights, wire = state["weights"], state["wire"]
        x, y = (part[rng["batch"]] for part in given.data["train"].values())
        loss, by_w, by_slopes = lu.gradient(pair(c.net).net, weights["w"], weights["slopes"], x, y)
        free = ~wire & (k >= c.begin)
        pull = (c.choice == "pull") * c.pull * (c.begin <= k < c.begin + PULLED)
        by_slopes = free * (by_slopes - pull * (1 - weights["slopes"]).sign())
        rate = c.rate * (1 + math.cos(math.pi * min(k / LENGTH, 1))) / 2
        moved, memory = AdamW(rate, decay=0.0).step(
            weights, {"w": by_w, "slopes": by_slopes}, state["memory"], k
        )
        slopes = torch.where(free, moved["slopes"], weights["slopes"])
        wire = wire | ((1 - slopes).abs() < NEAR) & torch.as_tensor(pull > 0)
        if c.choice == "lot":
            bent = min(max((c.begin + PULLED - k - 1) / PULLED, 0), 1)
            slopes = torch.where(state["chosen"], 1 - bent, slopes)
            wire = state["chosen"] & (bent == 0)
        return {**state, "memory": memory, "wire": wire, "loss": loss,
                "weights": {"w": moved["w"], "slopes": torch.where(wire, 1.0, slopes)}}  # fmt: skip

    def observe(state, given, c):
        w, test = state["weights"], given.data["test"]
        answer = lu.logits(pair(c.net).net, w["w"], w["slopes"], test["x"])
        right = (answer[:, 1] > answer[:, 0]) == (test["y"][:, 1] > 0)
        bent = ~state["wire"]
        return {
            "accuracy": right.to(answer.dtype).mean(),
            "bent": bent.to(answer.dtype).mean(),
            "depth": lu.average_path_length(bent),
            "layers": bent.to(answer.dtype).mean(1),
            "loss": state["loss"],
        }

    def picture(state, given, c):
        """The second class's share over the plane, examples with their class; bends of units."""
        w, (x, y) = state["weights"], given.data["train"].values()
        side = REACH * ((2 * torch.arange(ACROSS) + 1) / ACROSS - 1)
        places = torch.cartesian_prod(side, side).flip(1)
        answer = lu.logits(pair(c.net).net, w["w"], w["slopes"], places).softmax(1)
        return {
            "points": torch.cat([x, y[:, 1:]], 1),
            "answers": answer[:, 1].view(ACROSS, ACROSS),
            "bends": 1 - w["slopes"],
            "alive": ~state["wire"],
        }

    studies = {
        "difficulty": Grid({"turns": (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)}, 6, stop=END),
    }
    claims = [
        Claim(
            "harder",
            "Harder tasks keep more bends: pulled late, the share of units that bend is larger by "
            "15 points at least for spirals of 1.25 turns than for those of 0.5; without a pull "
            "it is not",
            source="Abstract (task difficulty); sizes: desk",
            runs=Grid({"turns": (0.5, 1.25)}, 6, stop=END),
            checks=(
                Check("growth", lambda d: d.bent.sel(turns=1.25) - d.bent.sel(turns=0.5),
                      AtLeast(0.15), label="share more"),
                Check("right", lambda d: d.accuracy.min("turns"), AtLeast(0.97), main=False),
            ),
            control=Control({"pull": 0.0}, breaks=("growth",), seeds=3),
            tier="standard",
        ),
        Claim(
            "half",
            "After training half of the units at least become wires, for less than a point of "
            "accuracy (two spirals of 1.25 turns); without a pull none does",
            source="Abstract; sizes: desk",
            runs=Grid({"arm": ("Late", "Never")}, 12, stop=END),
            checks=(
                Check("half", lambda d: d.bent.sel(arm="Late"), AtMost(0.5), label="bent"),
                Check("loss", lambda d: d.accuracy.sel(arm="Never") - d.accuracy.sel(arm="Late"),
                      AtMost(0.01), label="accuracy lost", main=False),
            ),
            control=Control({"pull": 0.0}, breaks=("half",), seeds=3),
            tier="standard",
        ),
        Claim(
            "early",
            "The same pull costs more early than late: on spirals of 1.75 turns at least 5 points "
            "more (and it straightens more units); on easy ones nothing",
            source="Abstract (early against late); sizes: desk",
            runs=Grid({"arm": ("Late", "Early")}, 8, {"turns": 1.75}, END),
            checks=(
                Check("gap", lambda d: d.accuracy.sel(arm="Late") - d.accuracy.sel(arm="Early"),
                      AtLeast(0.05), label="late over early"),
            ),
            control=Control({"turns": 0.75}, breaks=("gap",), seeds=4),
            tier="standard",
        ),
        Claim(
            "moons",
            "Two moons need fewer bends: of 48 units four of five at least become wires, and 98 "
            "of 100 points are right",
            source="Abstract; sizes: desk",
            runs=Grid(seeds=8, set={"net": MOONS}, stop=END),
            checks=(
                Check("fifth", lambda d: d.bent, AtMost(0.2), label="bent"),
                Check("right", lambda d: d.accuracy, AtLeast(0.98), main=False),
            ),
            control=Control({"pull": 0.0}, breaks=("fifth",), seeds=2),
        ),
        Claim(
            "lot",
            "It matters which: as many units drawn by lot and straightened evenly over the same "
            "steps cost two moons more, half a point at least; where only half straighten, nothing",
            source="desk",
            runs=Grid({"arm": ("Late", "By lot")}, 16, {"net": MOONS, "share": 0.85}, END),
            checks=(
                Check("lead", lambda d: d.accuracy.sel(arm="Late") - d.accuracy.sel(arm="By lot"),
                      AtLeast(0.005), label="pull over lot"),
                Check("alike", lambda d: d.bent.sel(arm="Late") - d.bent.sel(arm="By lot"),
                      Within(-0.04, 0.04), main=False, label="bent, difference"),
            ),
            control=Control({"share": 0.5}, breaks=("lead",), seeds=4),
            tier="slow",
        ),
    ]  # fmt: skip
