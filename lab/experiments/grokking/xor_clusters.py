"""Benign overfitting that comes late: clusters in the pattern of exclusive or."""

from __future__ import annotations

import torch

from lab.core.problems.xor_clusters import xor_clusters
from lab.core.signed_network import SignedNetwork
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
    Number,
    Plane,
    Preset,
    Quantity,
    Selector,
    Share,
    Within,
    given,
    steps,
)

NEURONS = 100
TESTS = 400
NOISES = 40  # of test examples, put at each place of the decision map
ACROSS = 23  # places of the map along each mean, from -1.5 to 1.5 lengths
SMALL = {"n": 100, "p": 5_000, "signal": 8.0, "flips": 0.05}


class XorClusters(Experiment):
    """Dots are neurons, drawn by how much they point along the two means.

    Blue ones vote for one class, orange ones for the other. Watch the cloud become a cross.
    """

    card = Card(
        title="A cross out of noise",
        question="A network has learned every label by heart, wrong ones too. Is it lost?",
        answer="No. After one step it answers new examples by lot; a few steps later nearly all "
        "are right, and the wrong labels are still known.",
        why="In very many dimensions noise alone tells examples apart, so one step learns all "
        "labels by a linear rule that says nothing new. But each neuron leans a little towards "
        "one cluster, sees more of it, and leans further. The four directions grow until they "
        "outvote the noise of new examples. With a weak signal they never do.",
        papers=("benign-overfitting-grokking-relu-networks-xor-cluster",),
        equations=(
            r"f(x)=\sum_j a_j\,\max(0,\langle w_j,x\rangle),\quad a_j=\pm\tfrac{1}{\sqrt m}",
            r"x=\pm\mu_1+\xi:\ y=1,\qquad x=\pm\mu_2+\xi:\ y=-1,\qquad \xi\sim N(0,I_p)",
        ),
        tags=("grokking", "benign overfitting", "feature learning", "label noise"),
        cost="seconds",
    )

    signal = Number(6.0, bounds=(0.2, 32), log=True, label="Signal", doc="|mu|² over sqrt p")
    flips = Number(0.15, bounds=(0, 0.45), label="Wrong labels", doc="share of training labels")
    lr = Number(0.005, bounds=(1e-4, 1), log=True, live=True, label="Step size", doc="of descent")
    start = Number(1e-6, bounds=(1e-6, 1), log=True, label="Start", doc="size of a first weight")
    slope = Number(0.0, bounds=(0, 1), label="Slope below zero", doc="0: relu; 1: linear network")
    clusters = Selector("even", objects=("even", "by lot"), label="Clusters", doc="their sizes")
    n = Integer(200, bounds=(20, 200), label="Examples", doc="for training")
    p = Integer(20_000, bounds=(100, 20_000), log=True, label="Dimension", doc="of an example")

    arms = {"ReLU": {"slope": 0.0}, "Linear": {"slope": 1.0}}
    presets = {
        "weak": Preset("Weaken the signal, watch harmful overfitting stay", signal=0.5),
        "lazy": Preset("Start with large weights, watch no cross", start=0.1, lr=0.1),
        "linear": Preset("Make neurons linear, watch the coin toss last", slope=1.0),
        "honest": Preset("Flip no label, watch the cross come sooner", flips=0.0),
        "by-lot": Preset("Draw clusters by lot, watch luck decide", clusters="by lot"),
        "few": Preset("Take few dimensions, watch memory come later", p=1000),
        "check": Preset("A small one", n=20, p=400),
    }
    quantities = {
        "test_acc": Quantity("test accuracy", better="more", short="test"),
        "train_acc": Quantity("train accuracy", better="more", short="train"),
        "wrong": Quantity("share of wrong labels learned", short="wrong labels"),
        "linear": Quantity("linear share of the answer", short="linear"),
        "cross": Quantity("neurons on their arm", better="more", short="cross"),
        "loss": Quantity("train loss", log=True, better="less"),
    }
    events = {"memorised": "train_acc >= 0.9999", "grokked": "test_acc >= 0.95"}
    max_steps = 2_000

    @given(by=("n", "p", "signal", "clusters"))
    def products(c, rng, backend):
        even = c.clusters == "even"
        return xor_clusters(c.n, TESTS, c.p, c.signal, NEURONS, rng, even=even)

    @given(by=("n", "p", "signal", "clusters", "flips"))
    def labels(c, rng, backend, products):
        """Which training labels are wrong (n,), and what is shown (n,)."""
        wrong = rng.uniform("flips", (c.n,)) < c.flips
        return {"wrong": wrong, "shown": torch.where(wrong, -1.0, 1.0) * products["label"][: c.n]}

    def init(given, c, rng, backend):
        return {"memory": backend.zeros(NEURONS, c.n), "pre": c.start * given.products["start"]}

    def step(state, given, c, k, rng):
        net = SignedNetwork(c.lr, c.slope)
        gram, shown = given.products["gram"], given.labels["shown"]
        memory, pre = net.step(state["memory"], state["pre"], gram, shown)
        return {"memory": memory, "pre": pre}

    def noise(c):
        """A step draws nothing."""
        return {}

    def along(state, given, c):
        """Each neuron's share along the two means, (m, 2), in lengths of the neuron."""
        p, memory = given.products, state["memory"]
        plane = c.start * p["start_plane"] + memory @ p["plane"][: c.n]
        own = (memory * (2 * state["pre"][:, : c.n] - memory @ p["gram"][:, : c.n])).sum(1)
        return plane / (c.start**2 * p["square"] + own).sqrt()[:, None]

    def observe(state, given, c):
        pre, shown, wrong = state["pre"], given.labels["shown"], given.labels["wrong"]
        output = SignedNetwork(c.lr, c.slope).output(pre)
        fits = (output[: c.n] * shown > 0).to(pre.dtype)
        hidden = output[c.n :]
        plane = c.start * given.products["start_plane"]
        plane = plane + state["memory"] @ given.products["plane"][: c.n]
        first = (plane[:, 0].abs() > plane[:, 1].abs()).to(pre.dtype)
        votes = (SignedNetwork.signs(NEURONS, pre) > 0).to(pre.dtype)
        return {
            "test_acc": (hidden * given.products["label"][c.n :] > 0).to(pre.dtype).mean(),
            "train_acc": fits.mean(),
            "wrong": (fits * wrong).sum() / wrong.sum().clamp(min=1),
            "linear": XorClusters.linear(pre[:, c.n :], hidden, c.slope),
            "cross": (first == votes).to(pre.dtype).mean(),
            "loss": torch.nn.functional.softplus(-output[: c.n] * shown).mean(),
        }

    def linear(pre, output, slope):
        """Power of the linear part over the power of both parts, at these examples."""
        odd = (1 + slope) * SignedNetwork.linear_part(pre)
        even = output - odd
        return odd.square().sum() / (odd.square() + even.square()).sum()

    def picture(state, given, c):
        """Neurons (m, 3): along the means, and the vote. The map: mean answer at each place of
        the plane, the noise of test examples added, (ACROSS, ACROSS), second mean upwards.
        """
        p, pre = given.products, state["pre"]
        votes = (SignedNetwork.signs(NEURONS, pre) > 0).to(pre.dtype)
        points = torch.cat([XorClusters.along(state, given, c), votes[:, None]], 1)
        weights = c.start * p["start_plane"] + state["memory"] @ p["plane"][: c.n]
        some = slice(c.n, c.n + NOISES)
        line = p["length"] * torch.linspace(-1.5, 1.5, ACROSS, dtype=pre.dtype)
        places = torch.stack(torch.meshgrid(line, -line, indexing="xy"), -1).reshape(-1, 2)
        noise = pre[:, some] - weights @ p["plane"][some].T
        moved = noise[:, None] + (weights @ places.T)[:, :, None]
        answers = SignedNetwork(c.lr, c.slope).output(moved.reshape(NEURONS, -1)).sign()
        return {
            "neurons": points,
            "decision": answers.reshape(ACROSS, ACROSS, NOISES).mean(2),
        }

    views = [
        Plane("pic.neurons", title="Neurons", note="along the two means, blue against orange"),
        Heat(
            "pic.decision",
            title="Answer",
            note="for new examples around a place",
            signed=True,
            x="along the first mean",
            y="second mean",
        ),
        Curves(
            "train_acc",
            "test_acc",
            title="Accuracy",
            note="by step",
            log="x",
            percent=True,
            size=2,
            roles={"train_acc": "train", "test_acc": "test"},
        ),
        Curves("linear", "cross", title="Rule", note="from linear to a cross", log="x"),
    ]
    claims = [
        Claim(
            "late",
            "In 20,000 dimensions, with 200 examples and up to 15 % of their labels wrong, 95 % of "
            "new examples are right after 300 steps, and all labels are still fitted, wrong ones "
            "too, for four seeds of five; with a signal twelve times weaker overfitting stays "
            "harmful",
            "abstract; sizes and clusters filled evenly: desk",
            Grid({"flips": (0.0, 0.05, 0.15)}, stop=steps(300)),
            (
                Check("test", lambda d: d.test_acc.min("flips"), AtLeast(0.95), Share(0.8),
                      label="share of seeds"),
                Check("train", lambda d: d.train_acc.min("flips"), AtLeast(1), "all", main=False),
            ),
            Control({"signal": 0.5}, breaks=("test",), seeds=2),
            tier="standard",
        ),
        Claim(
            "first",
            "After the first step all training labels are fitted, 15 % wrong ones too, and the "
            "answer is linear up to 5 % of its power; half of the new examples are right, within "
            "5 points. In few dimensions, from large weights, none of it",
            "abstract; sizes: desk",
            Grid(seeds=6, set={"n": 100, "signal": 4.0}, stop=steps(1)),
            (
                Check("train", lambda d: d.train_acc, AtLeast(1), "all", label="train accuracy"),
                Check("linear", lambda d: d.linear, AtLeast(0.95), label="linear share"),
                Check("test", lambda d: d.test_acc, Within(0.45, 0.55), main=False),
            ),
            Control({"p": 400, "start": 0.1}, breaks=("train", "linear"), seeds=3),
            tier="standard",
        ),
        Claim(
            "relu",
            "After 100 steps relu neurons are right on at least 40 points more of the new examples "
            "than linear ones, which never leave the coin toss, with 5 % of the labels wrong",
            "desk",
            Grid({"arm": "all"}, 6, SMALL, steps(100)),
            (
                Check("lead", lambda d: d.test_acc.sel(arm="ReLU") - d.test_acc.sel(arm="Linear"),
                      AtLeast(0.4), label="lead in test accuracy"),
                Check("toss", lambda d: d.test_acc.sel(arm="Linear"), AtMost(0.57), main=False),
            ),
            Control({"signal": 0.5}, breaks=("lead",), seeds=2),
        ),
    ]  # fmt: skip
