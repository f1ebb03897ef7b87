"""Weights that are to go leave by lot, ever more often, before they are gone for good."""

from __future__ import annotations

import math

import torch

from lab.core.lottery import cut
from lab.core.mlp import minibatch, side_by_side
from lab.core.optim import AdamW
from lab.core.pairs import pair
from lab.core.problems.labels import mislabelled
from lab.core.scores import by_lot
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Mask

STAGES = 4  # of gradual pruning
CLEAN = {"flips": 0.0, "tune": 200}
DIGITS, REBER = "digits 100-100", "reber 100-100"


def span(c):
    """Steps until the survivors are alone."""
    return max(round(c.annealed * c.tune), 1)


def share(c, k):
    """What gradual pruning leaves from step k on: the same fraction goes in each stage."""
    return c.kept ** min((k * STAGES // span(c) + 1) / STAGES, 1)


def chances(c, k):
    """With which a kept and a removed weight are present in step k.

    The paper lets the temperature of a hard mask fall as well; its formula is restated here from
    memory: the logistic function of +1 or -1 over the temperature.
    """
    left = max(1 - k / span(c), 0.0)
    if c.method == "annealed":
        return 1.0, c.start * left
    if c.method == "temperature" and left:
        kept = 1 / (1 + math.exp(-1 / (c.heat * left)))
        return kept, 1 - kept
    return 1.0, 0.0


def lead(arm, over, name="accuracy"):
    return lambda d: d[name].sel(arm=arm) - d[name].sel(arm=over)


class SubnetworkAnnealing(Experiment):
    """Nine weights of ten are to go. Cut at once, in stages, or by lot in each step?

    Watch the mask flicker and harden, and the survivors' accuracy meanwhile.
    """

    card = Card(
        title="A mask that flickers",
        question="Must a weight that is to go be gone at once?",
        answer="It may come and go by lot for a while. That helps where labels are wrong.",
        why="Present by lot, with a chance that falls to nothing, the removed weights let the "
        "network that runs hardly notice the cut. But the survivors lose time learning for a "
        "company that leaves. That pays only where learning every label by heart is a mistake. "
        "Stages help as much, and so does a temperature, which hides those who stay, too.",
        papers=("stochastic-subnetwork-annealing",),
        equations=(
            r"m_i\sim\mathrm{Bernoulli}(p_i),\quad p_i=1\ \text{(kept)},\quad "
            r"p_i=\tau\,\bigl(1-\tfrac{t}{T}\bigr)_+\ \text{(removed)}",
            r"\text{temperature:}\quad p_i=\frac1{1+e^{-s_i/\theta_t}},\quad "
            r"s_i=\pm1,\quad \theta_t=\theta_0\bigl(1-\tfrac{t}{T}\bigr)_+",
        ),
        tags=("pruning", "sparsity", "regularisation", "label noise"),
    )

    net = Selector(DIGITS, objects=[DIGITS, REBER], doc="problem, and widths of the hidden layers")
    method = Selector(
        "annealed", objects=["annealed", "temperature", "at once", "gradual"], doc="of removal"
    )
    score = Selector("magnitude", objects=["magnitude", "random"], doc="who is kept")
    kept = Number(0.1, bounds=(0.01, 1.0), log=True, doc="share of weights that stay")
    flips = Number(0.2, bounds=(0.0, 0.5), doc="share of training labels that are wrong")
    start = Number(0.5, bounds=(0.0, 1.0), doc="chance of a removed weight at first")
    heat = Number(1.0, bounds=(0.1, 10.0), log=True, doc="temperature at first")
    annealed = Number(0.5, bounds=(0.0, 1.0), doc="share of the steps until the mask is hard")
    rate = Number(0.01, bounds=(1e-4, 0.1), log=True, doc="of fine-tuning at first; falls to 0")
    tune = Integer(1000, bounds=(2, 5000), log=True, unit="steps", doc="of fine-tuning")

    arms = {
        "Annealed": {"method": "annealed"},
        "Temperature": {"method": "temperature"},
        "At once": {"method": "at once"},
        "Gradual": {"method": "gradual"},
        "By lot": {"method": "at once", "score": "random"},
    }
    presets = {
        "clean": Preset("Clean labels, little time: watch it lose", **CLEAN),
        "long": Preset("Flicker to the end, watch it harden late", annealed=1.0),
        "often": Preset("Start with all present, watch no dip", start=1.0),
        "sparse": Preset("Keep one in fifty, watch the dip", kept=0.02),
        "reber": Preset("Judge words, watch flicker gain nothing", net=REBER),
        "check": Preset("A few steps", tune=8),
    }
    quantities = {
        "accuracy": Quantity("survivors alone, right on new examples", better="more",
                             short="survivors"),
        "run": Quantity("network as it runs, right on new examples", better="more", short="as run"),
        "present": Quantity("weights present, share"),
        "loss": Quantity("cross-entropy of a minibatch", log=True, better="less"),
        "dip": Quantity("network as it runs, right just after the cut", better="more"),
    }  # fmt: skip
    stages = {
        "dense": "Trained, all weights present.",
        "anneal": "Removed weights come and go, or go in stages.",
        "fine-tune": "The mask is hard. The survivors are trained on.",
    }
    views = [
        Mask("pic.weights", alive="pic.alive", title="Weights", size=2,
             note="present in this step, layer by layer"),
        Curves("accuracy", percent=True, title="Survivors alone", note="on 2,000 new examples"),
        Curves("run", percent=True, title="As it runs", note="with those present by lot"),
        Curves("present", percent=True, title="Weights present"),
        Curves("accuracy", x="kept", of="compression", by="arm", log="x", percent=True,
               title="Accuracy by share kept"),
    ]  # fmt: skip
    every, max_steps = 10, 5_000

    @given(by=("net", "flips"))
    def data(c, rng, backend):
        """Only the training labels are wrong."""
        made = pair(c.net)
        return mislabelled(made.split(rng, backend), c.flips, made.net.widths[-1], rng)

    @given(by=("net", "flips"))
    def dense(c, rng, backend, data):
        return pair(c.net).dense(data["train"], rng)

    def init(given, c, rng, backend):
        net, w, train = pair(c.net).net, given.dense.clone(), given.data["train"]
        every = torch.ones_like(w, dtype=torch.bool)
        right = float(net.accuracy(w, **given.data["test"]))
        return {"w": w, "memory": net.memory(w), "alive": every, "present": every.clone(),
                "loss": net.loss(w, train["x"], train["y"]), "dip": right, "k": 0}  # fmt: skip

    def step(state, given, c, k, rng):
        net, w, memory, alive = pair(c.net).net, state["w"], state["memory"], state["alive"]
        left = share(c, k) if c.method == "gradual" else c.kept
        if k == 0 or c.method == "gradual" and left < share(c, k - 1):
            scores = by_lot(net.weights(w), rng.at(-1)) if c.score == "random" else None
            alive = cut(net, w, left, alive=alive, scores=scores)["alive"]
        stays, returns = chances(c, k)
        if returns:
            # Biases, which no mask holds, are always present.
            parts = [torch.where(part, stays, returns) for part in net.weights(alive)]
            present = rng.uniform("mask", tuple(w.shape)) <= net.alive(parts)
        else:
            present = alive
            w, memory = net.cut(w, memory, alive)
        if k == 0:
            state["dip"] = float(net.accuracy(w * present, **given.data["test"]))
        loss, gradient = net.gradient(w * present, *minibatch(given.data["train"], rng, 64))
        rate = c.rate * (1 + math.cos(math.pi * k / c.tune)) / 2
        moved, memory = AdamW(rate, decay=0.0).step(
            {"all": w}, {"all": gradient * present}, memory, k
        )
        return {**state, "w": moved["all"], "memory": memory, "alive": alive, "present": present,
                "loss": loss, "k": k + 1}  # fmt: skip

    def observe(state, given, c):
        net = pair(c.net).net
        present = sum(int(part.sum()) for part in net.weights(state["present"]))
        return {"loss": state["loss"], "present": present / net.weights_size, "dip": state["dip"]}

    def assess(state, given, c):
        net, w, test = pair(c.net).net, state["w"], given.data["test"]
        return {
            "accuracy": net.accuracy(w * state["alive"], **test),
            "run": net.accuracy(w * state["present"], **test),
        }

    def picture(state, given, c):
        net = pair(c.net).net
        return {
            "weights": side_by_side([w.T for w in net.weights(state["w"])], 4, torch.nan),
            "alive": side_by_side([a.T for a in net.weights(state["present"])], 4, True),
        }

    def stage(state, given, c):
        if state["k"] == 0:
            return "dense"
        soft = c.method != "at once" and state["k"] < span(c)
        return "anneal" if soft else "fine-tune"

    def done(state, given, c):
        return f"tuned for {c.tune} steps, {c.kept:.0%} kept" if state["k"] >= c.tune else None

    studies = {"compression": Grid({"kept": (0.03, 0.1, 0.3, 1.0), "arm": "all"}, 4)}
    claims = [
        Claim(
            "dip",
            "Right after the cut to 5 %, with clean labels, the network that runs is right on 30 "
            "points more of the new digits if removed weights are present by a toss of a coin; "
            "where half of the weights stay the cut costs nothing anyway",
            source="Abstract (initial steep drop); sizes: desk",
            runs=Grid(
                {"arm": ("Annealed", "At once")}, set={"flips": 0.0, "tune": 2, "kept": 0.05}
            ),
            checks=(Check("dip", lead("Annealed", "At once", "dip"), AtLeast(0.3), label="lead"),),
            control=Control({"kept": 0.5}, breaks=("dip",), seeds=2),
        ),
        Claim(
            "noisy",
            "With 20 % wrong labels, 10 % of the weights and 1,000 steps the survivors of "
            "annealing are right on more of the new digits than those of one cut; with clean "
            "labels and 200 steps they are not",
            source="Abstract, restated for noisy labels",
            runs=Grid({"arm": ("Annealed", "At once")}, 16),
            checks=(Check("lead", lead("Annealed", "At once"), AtLeast(0), label="over one cut"),),
            control=Control(CLEAN, breaks=("lead",), seeds=4),
            tier="standard",
        ),
        Claim(
            "clean",
            "With clean labels, 5 % of the weights and 200 steps the survivors of annealing are "
            "right on no fewer of the new digits than those of one cut",
            source="Abstract (high sparsity), without wrong labels",
            runs=Grid({"arm": ("Annealed", "At once")}, set={**CLEAN, "kept": 0.05}),
            checks=(Check("lead", lead("Annealed", "At once"), AtLeast(0), label="over one cut"),),
            control=Control({"tune": 80}, breaks=("lead",), seeds=3),
            tier="standard",
            expected="fails",
            why="While others still come and go the survivors learn less for the time when they "
            "are alone, and on clean labels there is nothing to be kept from learning. The paper "
            "trains large networks for many epochs.",
        ),
        Claim(
            "gradual",
            "With clean labels, 5 % of the weights and 1,000 steps a cut in four stages ends at "
            "least half a point above annealing; where half of the weights stay it does not",
            source="desk",
            runs=Grid({"arm": ("Gradual", "Annealed")}, set={"flips": 0.0, "kept": 0.05}),
            checks=(
                Check("lead", lead("Gradual", "Annealed"), AtLeast(0.005), label="over annealing"),
            ),
            control=Control({"kept": 0.5}, breaks=("lead",), seeds=3),
            tier="slow",
        ),
        Claim(
            "temperature",
            "With 20 % wrong labels, 10 % of the weights and 1,000 steps a falling temperature, at "
            "which kept weights are absent by lot as well, ends a point above one cut, and above "
            "annealing; with clean labels and 200 steps the point is not gained",
            source="Restated from memory; sizes: desk",
            runs=Grid({"arm": ("Temperature", "At once", "Annealed")}),
            checks=(
                Check("cut", lead("Temperature", "At once"), AtLeast(0.01), label="over one cut"),
                # With clean labels the two forms hardly differ, and the sign is chance.
                Check("annealing", lead("Temperature", "Annealed"), AtLeast(0), main=False,
                      label="over annealing"),
            ),
            control=Control(CLEAN, breaks=("cut",), seeds=3),
            tier="slow",
        ),
        Claim(
            "words",
            "On Reber's words, 20 % of them told wrongly, neither form pays: with 5 % of the "
            "weights and 1,000 steps both end below one cut; on digits both end above it",
            source="desk (a second network and data)",
            runs=Grid(
                {"arm": ("Annealed", "Temperature", "At once")}, set={"net": REBER, "kept": 0.05}
            ),
            checks=(
                Check("annealed", lead("Annealed", "At once"), AtMost(0), label="annealing"),
                Check("temperature", lead("Temperature", "At once"), AtMost(0),
                      label="temperature"),
            ),
            control=Control({"net": DIGITS}, breaks=("annealed", "temperature"), seeds=3),
            tier="slow",
        ),
    ]  # fmt: skip
