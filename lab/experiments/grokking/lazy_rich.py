"""Grokking without decay: a lazy network memorises first, and turns its neurons later."""

from __future__ import annotations

import torch

from lab.core.metrics import first
from lab.core.quadratic_network import QuadraticNetwork
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Close, Control, Grid, Within
from lab.engine.controls import Integer, Number
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Curves, Heat, Plane

LEARNED = 0.1  # of the target's mean square is left
UNTIL = f"test_loss < {LEARNED} or k >= 8000"
BOTH = ("train_loss", "test_loss", "alignment")


def gap(d):
    """How many times later test loss is low than train loss is; the run's end if never."""
    return d.steps / first(d.train_loss, below=LEARNED)


def growth(d):
    """The least factor by which the gap grows from one scale to the next."""
    waits = gap(d)
    later = waits.isel(alpha=slice(1, None)).values
    return (waits.isel(alpha=slice(None, -1)) ** -1 * later).min("alpha")


def risen(d):
    """The step at which the alignment has made half of its rise in the run."""
    rise = d.alignment - d.alignment.sel(k=0)
    return first(rise / rise.max("k"), above=0.5)


class LazyRich(Experiment):
    """Blue answers were shown, orange ones never. Watch when each of them find the curve."""

    card = Card(
        title="Lazy first, rich later",
        question="Descent fits all it was shown. Why does it understand so much later?",
        answer="Its output is scaled up, so that tiny motions fit. The neurons turn only later.",
        why="Behind the numbers stands one hidden direction. A network with a large output scale "
        "fits the shown points with hardly any motion, as a fixed kernel would, and the kernel "
        "knows no direction. What little error is left still turns the neurons, slowly. Once they "
        "lie along the direction, the hidden points are right too. No decay is needed.",
        papers=["grokking-as-transition-lazy-rich-training-dynamics"],
        equations=[
            r"f(x)=\frac{\alpha}{N}\sum_i \varphi(w_i\cdot x),\quad "
            r"\varphi(h)=h+\tfrac{\epsilon}{2}h^2",
            r"K(x,x')=x\cdot x'\,\big(1+\epsilon\,\bar w\cdot(x+x')+\epsilon^2 x^\top M x'\big)",
        ],
        tags=["grokking", "tangent kernel", "feature learning", "lazy training"],
    )
    alpha = Number(4.0, bounds=(0.02, 1000), log=True, label="Output scale", doc="large is lazy")
    bend = Number(0.5, bounds=(0.1, 2), log=True, label="Bend", doc="neurons: 0 would be linear")
    rate = Number(1.0, bounds=(0.05, 4), log=True, label="Step", doc="over scale / (1 + scale)")
    shown = Integer(450, bounds=(50, 1_600), label="Points shown", doc="inputs with their answer")
    size = Integer(50, bounds=(10, 100), label="Dimension", doc="of the inputs")
    width = Integer(200, bounds=(20, 500), label="Neurons", doc="width of the network")

    presets = {
        "rich": Preset("Scale the output down, watch both fall together", alpha=0.02),
        "between": Preset("Scale it halfway, watch a smaller gap", alpha=1.0),
        "kernel": Preset("Scale it far up, watch it stay lazy", alpha=1000.0, rate=4.0),
        "many": Preset("Show 1,600 points, watch the gap close", shown=1_600),
        "few": Preset("Show 120 points, watch it never understand", shown=120),
    }
    quantities = {
        "test_loss": Quantity("test loss, share of the target", log=True, better="less",
                              short="test"),
        "train_loss": Quantity("train loss, share of the target", log=True, better="less",
                               short="train"),
        "alignment": Quantity("alignment of kernel and target", better="more"),
        "along": Quantity("neurons along the direction", log=True, short="along"),
        "across": Quantity("neurons across it", log=True, short="across"),
        "sampled": Quantity("test loss on 600 drawn inputs", log=True, better="less"),
        "lazy": Quantity("test loss of the first kernel", log=True, short="first kernel"),
    }  # fmt: skip
    events = {"fitted": f"train_loss < {LEARNED}", "understood": f"test_loss < {LEARNED}"}
    every = 10
    max_steps = 20_000

    @given(by=("shown", "size"))
    def points(c, rng, backend):
        """The direction (D,), the shown inputs (P, D) and other ones (600, D)."""
        u = rng.normal("direction", (c.size,))
        x, other = rng.normal("shown", (c.shown, c.size)), rng.normal("other", (600, c.size))
        return {"direction": u / u.norm(), "shown": x, "other": other}

    @given(by=("size", "width"))
    def start(c, rng, backend):
        """The first neurons (N, D) and their moments: answers count from theirs, so from zero."""
        w = rng.normal("neurons", (c.width, c.size))
        mean, second = QuadraticNetwork.moments(w)
        return {"w": w, "mean": mean, "second": second}

    @given(by=("shown", "size", "width", "bend"))
    def lazy(c, rng, backend, points, start):
        """Test loss of regression with the tangent kernel of the start, right on all that was
        shown: there a network of infinite scale ends.
        """
        network, u = QuadraticNetwork(1.0, c.bend), points["direction"].double()
        x, other = points["shown"].double(), points["other"].double()
        moments = start["mean"].double(), start["second"].double()
        kernel = network.kernel(moments, x, x)
        # More points than quadratics in D numbers make it singular; the answers are the same.
        ridge = 1e-10 * kernel.diagonal().mean() * torch.eye(len(x), dtype=x.dtype)
        weight = torch.linalg.solve(kernel + ridge, network.target(u, x))
        target = network.target(u, other)
        loss = (network.kernel(moments, other, x) @ weight - target).square().mean()
        share = (loss / target.square().mean()).clamp(min=1e-3)  # below, the picture is all axis
        return {"loss": share.to(start["w"].dtype)}

    def init(given, c, rng, backend):
        return {"w": given.start["w"].clone()}

    def step(state, given, c, k, rng):
        x, u = given.points["shown"], given.points["direction"]
        network, start = QuadraticNetwork(c.alpha, c.bend), given.start
        y = network.target(u, x)
        rate = c.rate * c.alpha / (1 + c.alpha)  # grown neurons of a small scale bear no more
        return {"w": network.step(state["w"], x, y, rate, (start["mean"], start["second"]))}

    def noise(c):
        """A step draws nothing."""
        return {}

    def now(state, given, c):
        """The network, the direction, the neurons' moments and what was added to them."""
        network = QuadraticNetwork(c.alpha, c.bend)
        moments = network.moments(state["w"])
        moved = network.since(moments, (given.start["mean"], given.start["second"]))
        return network, given.points["direction"], moments, moved

    def observe(state, given, c):
        network, u, moments, moved = LazyRich.now(state, given, c)

        def rest(x):
            y = network.target(u, x)
            return (network.output(moved, x) - y).square().mean() / y.square().mean()

        along = u @ moments[1] @ u
        return {
            "test_loss": network.error(moved, u) / 0.75,  # E y² = 3 / 4
            "train_loss": rest(given.points["shown"]),
            "alignment": network.alignment(moments, u),
            "along": along,
            "across": (moments[1].trace() - along) / (c.size - 1),
            "sampled": rest(given.points["other"]),
            "lazy": given.lazy["loss"],
        }

    def picture(state, given, c):
        """Answers by the hidden coordinate, shown and not; neurons; the kernel of some pairs."""
        network, u, moments, moved = LazyRich.now(state, given, c)
        other = given.points["other"][:300]

        def answers(x):
            return torch.stack([x @ u, network.output(moved, x)], 1)

        line = torch.linspace(-3, 3, 49)
        curve = torch.stack([line, line**2 / 2], 1)
        aside = torch.linalg.svd(u[None])[2][1]  # some direction across
        rows, columns = (x[(x @ u).argsort()] for x in (other[:48], other[48:96]))
        return {
            "hidden": answers(other),
            "shown": answers(given.points["shown"][:300]),
            "curve": torch.cat([curve[:-1], curve[1:]], 1),
            "neurons": state["w"] @ torch.stack([u, aside], 1),
            "kernel": network.kernel(moments, rows, columns),
        }

    views = [
        Plane("pic.shown", "pic.hidden", lines="pic.curve", equal=False, title="Answers",
              note="orange: never shown", x="hidden coordinate", y="answer"),
        Curves("train_loss", "test_loss", "lazy", title="Loss", note="share left", log="xy", size=2,
               roles={"train_loss": "train", "test_loss": "test"}, bounds=("lazy",)),
        Plane("pic.neurons", title="Neurons", x="along the direction", y="across"),
        Curves("along", "across", title="Neurons' second moment", log="xy"),
        Curves("alignment", title="Kernel and target", note="alignment", log="x"),
        Heat("pic.kernel", title="Tangent kernel", note="pairs by hidden coordinate", signed=True),
    ]  # fmt: skip
    claims = [
        Claim(
            "together",
            "With output scale 0.02 test loss is low within twice the steps of train loss; with "
            "scale 2 it takes more than three times as many. There is no decay",
            source="abstract; sizes and scales: desk",
            runs=Grid(set={"alpha": 0.02}, stop=UNTIL, keep="log", record=BOTH),
            checks=(Check("gap", gap, AtMost(2), label="times later"),),
            control=Control({"alpha": 2.0}, breaks=("gap",), seeds=2),
        ),
        Claim(
            "grows",
            "The larger the output scale, the later test loss falls beside train loss: the gap "
            "grows from each of the scales 0.02, 0.2, 1 and 2 to the next, to more than three. "
            "With 1,600 points, enough for the kernel, it does not",
            source="abstract, conditions 2 and 3; sizes: desk",
            runs=Grid({"alpha": (0.02, 0.2, 1.0, 2.0)}, 6, stop=UNTIL, keep="log", record=BOTH),
            checks=(
                Check("growth", growth, AtLeast(1.1), label="least growth"),
                Check("lazy", lambda d: gap(d.sel(alpha=2.0)), AtLeast(3), label="gap at scale 2"),
            ),
            control=Control({"shown": 1_600}, breaks=("growth", "lazy"), seeds=2),
            tier="standard",
        ),
        Claim(
            "kernel",
            "At first it is kernel regression: with scale 1,000, test loss is within 5 % of the "
            "first tangent kernel's once train loss is below a thousandth",
            source="abstract; the closed form: desk",
            runs=Grid(set={"alpha": 1000.0, "rate": 4.0}, stop="train_loss < 1e-3 or k >= 8000"),
            checks=(
                Check("kernel", lambda d: d.sampled / d.lazy, Close(1, abs=0.05), label="of it"),
            ),
            control=Control({"alpha": 0.2, "rate": 1.0}, breaks=("kernel",), seeds=3),
            tier="standard",
        ),
        Claim(
            "turn",
            "Kernel and target align while test loss falls, not while train loss does: with scale "
            "1, half of the rise takes no less than half of the test loss, 1.8 times as long at "
            "most, and twice as long as half of the train loss at least. With 0.02 it comes first",
            source="abstract; factors: desk",
            runs=Grid(
                set={"alpha": 1.0}, stop="test_loss < 0.05 or k >= 8000", keep="log", record=BOTH
            ),
            checks=(
                Check(
                    "test",
                    lambda d: risen(d) / first(d.test_loss, below=0.5),
                    Within(1, 1.8),
                    label="over test loss",
                ),
                Check(
                    "train",
                    lambda d: risen(d) / first(d.train_loss, below=0.5),
                    AtLeast(2),
                    label="over train loss",
                ),
            ),
            control=Control({"alpha": 0.02}, breaks=("test", "train"), seeds=3),
            tier="standard",
        ),
    ]
