"""Copies of one pruned network, retrained apart under one mask, then averaged into one."""

from __future__ import annotations

import torch

from lab.core.interpolation import above_chord, along_line
from lab.core.lottery import cut
from lab.core.mlp import side_by_side
from lab.core.pairs import pair
from lab.core.problems.labels import mislabelled
from lab.core.prune import Rounds
from lab.core.random import Rng
from lab.core.scores import by_lot
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Mask, Profile

BATCH = 32
POINTS, PLACED = 21, 1000  # of a line between two members; new examples that place it
DECAYS = (0.0, 1e-4, 3e-4, 1e-3, 3e-3)  # of the members, where they differ in nothing else
GENTLE = {"flips": 0.0, "rate": 3e-3}  # clean labels, small steps
SMALL, WIDE, REBER = "digits 40", "digits 100", "reber 40"


def plan(c):
    return Rounds(c.kept, c.cycles, 1, c.cycles * c.tune)


def soup(members):
    return torch.stack([member["w"] for member in members]).mean(0)


def over(rival, **where):
    """How much more often the average is right than `rival`, another quantity."""
    return lambda d: (d.accuracy - d[rival]).sel(**where)


def over_one_net(d):
    return d.accuracy.sel(arm="Soup") - d.accuracy.sel(arm="One net")


class SparseModelSoups(Experiment):
    """Five copies of a pruned network go their ways under one mask. Their average is a network.

    Watch the loss dip on the way from copy to copy, and rise between networks of other starts.
    """

    card = Card(
        title="A soup of sparse networks",
        question="Average five sparse networks. Is the result still sparse, and still any good?",
        answer="If they share one mask and one past: as sparse, and better than any of them.",
        why="Copies of one pruned network stay in one basin while they are retrained, each jolted "
        "about by its own batches. Their mean lies deeper, the jolts cancel. Networks from other "
        "starts hold other weights in other places: between them is a wall, and their mean is "
        "denser. Five copies cost five trainings.",
        papers=("sparse-model-soups",),
        equations=(
            r"\bar w=\frac1m\sum_{i=1}^m w_i,\qquad "
            r"\operatorname{supp}(w_i)\subseteq M\ \Rightarrow\ "
            r"\operatorname{supp}(\bar w)\subseteq M",
        ),
        tags=("pruning", "sparsity", "model averaging", "linear mode connectivity", "label noise"),
    )

    net = Selector(
        SMALL, objects=[SMALL, WIDE, REBER], doc="problem, and width of the hidden layer"
    )
    members = Integer(5, bounds=(1, 8), doc="copies that are retrained")
    vary = Selector(
        "batches", objects=["batches", "decay", "starts"], doc="in batches, in L2, in everything"
    )
    rate = Number(0.03, bounds=(1e-4, 0.1), live=True, log=True, doc="of retraining, constant")
    flips = Number(0.2, bounds=(0.0, 0.5), doc="share of training labels that are wrong")
    kept = Number(0.1, bounds=(0.01, 1.0), log=True, doc="share of weights that stay in the end")
    score = Selector("magnitude", objects=["magnitude", "random"], doc="who is kept")
    cycles = Integer(1, bounds=(1, 6), doc="cuts, each followed by retraining and averaging")
    tune = Integer(200, bounds=(1, 1000), log=True, unit="steps", doc="of retraining in a cycle")

    arms = {
        "Soup": {},
        "Other starts": {"vary": "starts"},
        "One net": {"members": 1},
        "By lot": {"score": "random"},
    }
    presets = {
        "sparser": Preset("Keep three of a hundred, watch strangers fail", kept=0.03),
        "clean": Preset("Clean labels, small steps: watch nothing gained", **GENTLE),
        "cycles": Preset("Cut in four cycles, average after each", cycles=4, kept=0.05),
        "reber": Preset("Judge words, watch a smaller dip", net=REBER),
        "decay": Preset("Let only their decay differ, watch a shallower dip", vary="decay"),
        "check": Preset("A few steps", tune=4, members=2, cycles=2),
    }
    quantities = {
        "accuracy": Quantity("the average right on new examples", better="more", short="average"),
        "member": Quantity("a member right, mean", better="more", short="member"),
        "best": Quantity("the best member right", better="more"),
        "loss": Quantity("members' loss on their minibatches", log=True, better="less"),
        "density": Quantity("weights of the average that are not 0, share", better="less"),
        "rise": Quantity("loss half way between two members, over their mean", better="less"),
    }
    stages = {
        "dense": "Trained, nothing is gone.",
        "prune": "The members are averaged, the smallest weights go.",
        "retrain": "Each member goes its own way. The dead stay dead.",
    }
    views = [
        Profile("pic.loss", x="pic.way", title="Loss on the way", size=2,
                note="from one member to another, new examples"),
        Mask("pic.weights", alive="pic.alive", title="First layer",
             note="two members, their average"),
        Curves("accuracy", percent=True, title="The average", note="right on 2,000 new examples"),
        Curves("accuracy", x="kept", of="compression", by="arm", log="x", percent=True,
               title="Accuracy by share kept"),
    ]  # fmt: skip
    every, max_steps = 10, 6_006

    @given(by=("net", "flips"))
    def data(c, rng, backend):
        """Only the training labels are wrong."""
        made = pair(c.net)
        return mislabelled(made.split(rng, backend), c.flips, made.net.widths[-1], rng)

    @given(by=("net", "flips", "members", "vary"))
    def starts(c, rng, backend, data):
        """Dense networks as rows, from one start for each member where these vary, or one."""
        seeds = [rng.torch_seed(f"start {i}") for i in range(c.members)]
        return torch.stack(
            [
                pair(c.net).dense(data["train"], Rng(seed, -1, backend))
                for seed in (seeds if c.vary == "starts" else seeds[:1])
            ]
        )

    def init(given, c, rng, backend):
        net, train = pair(c.net).net, given.data["train"]
        starts = given.starts.expand(c.members, -1).clone().unbind()
        loss = net.loss(starts[0], train["x"][:BATCH], train["y"][:BATCH])
        members = [
            {"w": w, "alive": torch.ones_like(w, dtype=torch.bool), "memory": net.memory(w)}
            for w in starts
        ]
        return {"members": members, "loss": loss, "tuned": 0, "k": 0, "stage": "dense"}

    def step(state, given, c, k, rng):
        net, members, left = pair(c.net).net, state["members"], plan(c).share(k)
        if left is not None:
            if k:
                mean = soup(members)
                members = [{**member, "w": mean} for member in members]
            lot = c.score == "random"
            scores = by_lot(net.weights(members[0]["w"]), rng.at(-1)) if lot else None
            members = [cut(net, member["w"], left, scores=scores) for member in members]
            return {**state, "members": members, "tuned": 0, "k": k + 1, "stage": "prune"}
        train = given.data["train"]
        chosen = rng.integers("batch", 0, len(train["y"]), (c.members, BATCH))
        found, losses = [], []
        for i, member in enumerate(members):
            rows = chosen[0 if c.vary == "decay" else i]
            loss, w, memory = net.descend(
                member["w"], member["memory"], (train["x"][rows], train["y"][rows]),
                state["tuned"], rate=c.rate, alive=member["alive"],
                l2=DECAYS[i % len(DECAYS)] if c.vary == "decay" else 0.0,
            )  # fmt: skip
            found.append({**member, "w": w, "memory": memory})
            losses.append(loss)
        return {"members": found, "loss": torch.stack(losses).mean(),
                "tuned": state["tuned"] + 1, "k": k + 1, "stage": "retrain"}  # fmt: skip

    def observe(state, given, c):
        return {"loss": state["loss"]}

    def assess(state, given, c):
        net, test, mean = pair(c.net).net, given.data["test"], soup(state["members"])
        right = [net.accuracy(m["w"], **test) for m in state["members"]]
        living = sum(int(w.count_nonzero()) for w in net.weights(mean))
        ends = [state["members"][i]["w"] for i in (0, -1)]
        line = along_line(lambda w: net.loss(w, **test), *ends, torch.linspace(0, 1, 3).to(mean))
        return {
            "accuracy": net.accuracy(mean, **test),
            "member": sum(right) / len(right),
            "best": max(right),
            "density": living / net.weights_size,
            "rise": above_chord(line)[1],
        }

    def picture(state, given, c):
        net, at = pair(c.net).net, torch.linspace(0, 1, POINTS)
        first, last = state["members"][0]["w"], state["members"][-1]["w"]
        placed = {name: part[:PLACED] for name, part in given.data["test"].items()}
        weights = [net.weights(w)[0].T for w in (first, last, (first + last) / 2)]
        return {
            "way": at,
            "loss": along_line(lambda w: net.loss(w, **placed), first, last, at),
            "weights": side_by_side(weights, 4, torch.nan),
            "alive": side_by_side([w != 0 for w in weights], 4, True),
        }

    def stage(state, given, c):
        return state["stage"]

    def done(state, given, c):
        if state["k"] < plan(c).steps:
            return None
        return f"{c.members} retrained {c.cycles} times for {c.tune} steps, {c.kept:.0%} kept"

    studies = {
        "compression": Grid(
            {"kept": (0.03, 0.1, 0.3, 1.0), "arm": ("Soup", "One net", "By lot")}, 4
        )
    }
    claims = [
        Claim(
            "basin",
            "Half way between two members the loss is lower than at both, and their average is as "
            "sparse as they are; from different starts it is higher half way, and twice as dense",
            source="Abstract (one mask); the line: desk",
            runs=Grid(set={"members": 2, "tune": 100}),
            checks=(
                Check("dip", lambda d: d.rise, AtMost(-0.01), label="loss over the ends'"),
                Check("density", lambda d: d.density, AtMost(0.101), label="share not 0"),
            ),
            control=Control({"vary": "starts"}, breaks=("dip", "density"), seeds=2),
        ),
        Claim(
            "gain",
            "With 20 % wrong labels and large steps the average of five members under one mask is "
            "right on 2 points more of the new digits than a member, and on more than the best; "
            "on clean labels with small steps it is not",
            source="Abstract; sizes: desk",
            runs=Grid(),
            checks=(
                Check("member", over("member"), AtLeast(0.02), label="over a member"),
                Check("best", over("best"), AtLeast(0.005), label="over the best"),
            ),
            control=Control(GENTLE, breaks=("member", "best"), seeds=4),
            tier="standard",
        ),
        Claim(
            "strangers",
            "The average of three networks from different starts, each with its own mask, is right "
            "on 10 points fewer than a member, and twice as dense",
            source="Abstract (different connectivities); sizes: desk",
            runs=Grid(set={"vary": "starts", "members": 3}),
            checks=(
                Check("loss", over("member"), AtMost(-0.1), label="over a member"),
                Check("density", lambda d: d.density, AtLeast(0.2), label="share not 0"),
            ),
            control=Control({"vary": "batches"}, breaks=("loss", "density"), seeds=2),
            tier="standard",
        ),
        Claim(
            "clean",
            "On clean labels with small steps averaging changes accuracy by less than a point",
            source="desk",
            runs=Grid(set=GENTLE),
            checks=(Check("gain", over("member"), Within(-0.01, 0.01), label="over a member"),),
            control=Control({"flips": 0.2, "rate": 0.03}, breaks=("gain",), seeds=4),
            tier="standard",
        ),
        Claim(
            "cycles",
            "With 100 hidden neurons, too, three cycles that each start from the average end above "
            "iterative pruning of one network with as many steps in a cycle (a fifth of the cost)",
            source="Abstract; sizes: desk",
            runs=Grid({"arm": ("Soup", "One net")}, 24, {"net": WIDE, "cycles": 3, "tune": 100}),
            checks=(Check("lead", over_one_net, AtLeast(0.005), label="over one network"),),
            # The members see the same batches: there is nothing to be averaged away.
            control=Control({**GENTLE, "vary": "decay"}, breaks=("lead",), seeds=6),
            tier="slow",
        ),
        Claim(
            "words",
            "On Reber's words, 20 % of them told wrongly, the average of five members is right on "
            "more than a member, but not on more than the best of them; of networks from "
            "different starts it is right on fewer",
            source="desk (a second network and data)",
            runs=Grid({}, 24, {"net": REBER}),
            checks=(
                Check("member", over("member"), AtLeast(0), label="over a member"),
                # The average of strangers is below the best of them, too.
                Check("best", over("best"), AtMost(0), main=False, label="over the best"),
            ),
            control=Control({"vary": "starts"}, breaks=("member",), seeds=3),
            tier="slow",
        ),
    ]
