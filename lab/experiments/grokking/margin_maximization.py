"""The largest margin decides the features: one wave for each neuron, and all waves."""

from __future__ import annotations

import torch

from lab.core import margins
from lab.core.groups import group
from lab.core.optim import AdamW
from lab.core.representations import energy, irreducibles
from lab.core.table_network import TableNetwork
from lab.engine.claim import AtLeast, AtMost, Check, Claim, Close, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Bars, Curves, Heat, Plane

GROUPS = ("Z5", "Z7", "Z11", "Z13", "Z23", "S3", "D4", "D5", "A4")
ALIVE = 0.05  # a neuron counts from this share of the longest one's length
HALVING = 250  # steps in which the pull halves
SEVEN = {"group": "Z7", "width": 48}


def network(c):
    """The network that learns the table."""
    return TableNetwork(len(group(c.group)), c.width, c.activation)


def parts(weights, c):
    """Energy of each neuron's weights by representation, (representations, width)."""
    return sum(energy(w, group(c.group)) for w in weights.values())


def phases(weights, frequency, c):
    """Phases of the neurons' waves of a, of b and of the answer in turns, (3, width); on a clock.

    Other groups have no phases: there all are 0.
    """
    if not c.group.startswith("Z"):
        return torch.zeros(3, c.width)
    found = [torch.fft.fft(w, dim=0).gather(0, frequency[None])[0] for w in weights.values()]
    return torch.stack(found).angle() / (2 * torch.pi)


class MarginMaximization(Experiment):
    """Every answer is right at once. Then the margin grows, and each neuron turns into one wave."""

    card = Card(
        title="As far from wrong as can be",
        question="All answers are right already. What is left for the weights to find?",
        answer="The largest margin. It has only one kind of solution: a wave in each neuron, "
        "every frequency, phases that add up.",
        why="A tiny pull on the weights asks for the widest margin that their length allows. "
        "How wide it can be is known exactly, and so is what the neurons must look like. Nobody "
        "told the network about waves: on a clock they are what the largest margin is made of, on "
        "another group its representations.",
        papers=["feature-emergence-margin-maximization"],
        equations=[
            r"\gamma=\min_{a,b}\frac{z_{a+b}-\max_{c\ne a+b}z_c}{\|\theta\|_{2,3}^3}"
            r"\le\frac{\sqrt{2/27}}{\sqrt p\,(p-1)}",
            r"z_c(a,b)=\sum_i w_i(c)\,(u_i(a)+v_i(b))^2",
        ],
        tags=["margin", "Fourier", "groups", "implicit bias"],
    )
    pull = Number(1e-7, bounds=(1e-9, 1e-2), live=True, log=True, label="Pull at the end",
                  doc="on the weights; it starts at 0.01 and halves every 250 steps")  # fmt: skip
    lr = Number(0.02, bounds=(1e-3, 0.1), live=True, log=True, label="Learning rate", doc="Adam's")
    power = Integer(3, bounds=(1, 4), label="Power", doc="of a neuron's length that is pulled at")
    group = Selector("Z11", objects=GROUPS, label="Group", doc="Z11: addition modulo 11")
    width = Integer(
        80, bounds=(4, 256), label="Neurons", doc="4 (p - 1) can do it, 8 (p - 1) find it"
    )
    activation = Selector("square", objects=("square", "relu", "product"), label="Activation",
                          doc="the theory is for squares")  # fmt: skip
    arms = {"Squares": {"activation": "square"}, "ReLU": {"activation": "relu"}}
    presets = {
        "narrow": Preset("Take too few neurons, watch it stay below", width=20),
        "relu": Preset("Swap squares for ReLU, watch mixed waves", activation="relu"),
        "power": Preset("Pull at squared lengths, watch frequencies die", power=2),
        "triangle": Preset("Turn a triangle, watch fixed shares form", group="S3", width=40),
        "large": Preset("Take a large clock, watch eleven waves", group="Z23", width=176),
        "check": Preset("A clock of five", group="Z5", width=16),
    }
    quantities = {
        "margin": Quantity("margin over the largest possible", better="more", short="margin"),
        "largest": Quantity("largest possible", short="largest"),
        "purity": Quantity("energy of the least pure neuron in its wave", short="least pure"),
        "mean_purity": Quantity("mean energy of a neuron in its wave", short="mean"),
        "phase": Quantity("mean miss of the phase sum, in turns", better="less", short="phases"),
        "found": Quantity("share of the waves that a neuron has", better="more"),
        "alive": Quantity("neurons in use"),
        "loss": Quantity("loss", log=True, better="less"),
        "length": Quantity("share of the cubed norm by representation", dim="part"),
    }
    every = 10
    max_steps = 20_000

    @given(by=("group",))
    def task(c, rng, backend):
        """Every pair with its answer, and the best margin with its make."""
        g = group(c.group)
        each = torch.arange(len(g))
        largest, shares = margins.group_optimum(g)
        return {
            "pairs": torch.cartesian_prod(each, each),
            "answer": g.product.reshape(-1),
            "largest": largest,
            "shares": shares,
        }

    def init(given, c, rng, backend):
        weights = network(c).init(rng)
        return {"weights": weights, "memory": AdamW.init(weights)}

    def step(state, given, c, k, rng):
        weights = state["weights"]
        _, gradient = network(c).gradient(weights, given.task["pairs"], given.task["answer"])
        pull = max(0.01 * 0.5 ** (k / HALVING), c.pull)
        # The slope of pull * sum of length ** power.
        slope = pull * c.power * margins.lengths(weights).clamp_min(1e-12) ** (c.power - 2)
        gradient = {name: g + slope * weights[name] for name, g in gradient.items()}
        optimiser = AdamW(c.lr, 0.9, 0.98, decay=0.0)
        weights, memory = optimiser.step(weights, gradient, state["memory"], k)
        return {"weights": weights, "memory": memory}

    def observe(state, given, c):
        weights, answer = state["weights"], given.task["answer"]
        logits = network(c).logits(weights, given.task["pairs"])
        margin = margins.margin(logits, answer) / margins.cubed_norm(weights)
        length = margins.lengths(weights)
        alive = length >= ALIVE * length.max()
        power = parts(weights, c)
        best = power.argmax(0)
        purity = (power.amax(0) / power.sum(0).clamp_min(1e-30))[alive]
        left, right, out = phases(weights, best, c)[:, alive]
        miss = left + right - out
        cubes = torch.zeros(len(power)).index_add_(0, best, length**3)
        return {
            "margin": (margin / given.task["largest"]).clamp_min(0),
            "largest": 1.0,
            "purity": purity.min(),
            "mean_purity": purity.mean(),
            "phase": (miss - miss.round()).abs().mean(),
            "found": len(best[alive & (best > 0)].unique()) / (len(power) - 1),
            "alive": alive.sum(),
            "loss": torch.nn.functional.cross_entropy(logits, answer),
            "length": cubes / cubes.sum(),
        }

    def picture(state, given, c):
        weights = state["weights"]
        power = parts(weights, c)
        length = margins.lengths(weights)
        best = power.argmax(0)
        left, right, out = phases(weights, best, c)
        # Neurons by wave, then by phase; those out of use last.
        idle = (length < ALIVE * length.max()) * len(power)
        order = (best + idle + left / 2).argsort()
        line = torch.linspace(-1.5, 1.5, 7)
        miss = out - left - right
        return {
            "spectra": (power[1:, order] / power.sum(0).max()).sqrt(),
            "weights": (weights["left"] / weights["left"].abs().max())[:, order],
            "points": torch.stack([left + right, left + right + miss - miss.round()], 1)[idle == 0],
            "sum": torch.stack([line[:-1], line[:-1], line[1:], line[1:]], 1),
            "names": [r.name for r in irreducibles(group(c.group))],
        }

    views = [
        Curves("margin", "largest", title="Margin", note="share of the largest possible",
               percent=True, size=2, roles={"largest": "exact"}),
        Plane("pic.points", lines="pic.sum", title="Phases", note="of a plus of b: of the answer"),
        Heat("pic.spectra", title="Neurons", note="strength of each wave", size=2,
             x="neuron", y="wave"),
        Bars("length", labels="pic.names", title="Norm", note="share by wave"),
        Heat("pic.weights", title="Weights of a", note="number × neuron", signed=True, size=2,
             x="neurons by wave", y="number"),
    ]  # fmt: skip
    claims = [
        Claim(
            "margin",
            "Modulo 7, with 48 neurons, twice the 4 (p - 1) that are enough in theory, the "
            "normalised margin is 95 % of sqrt(2/27) / (sqrt p (p - 1)) at least after 400 "
            "steps, whichever the start; with p - 1 = 6 neurons it is not",
            "theorem on modular addition; with a pull that falls: desk",
            Grid(seeds=6, set=SEVEN, stop="k >= 400"),
            (Check("margin", lambda d: d.margin, AtLeast(0.95), label="of the largest"),),
            Control({"width": 6}, breaks=("margin",), seeds=3),
        ),
        Claim(
            "neurons",
            "Modulo 11, with 80 neurons, every neuron in use has 95 % of its energy at least on "
            "one frequency, all five appear, and the phases of a and b add up to that of the "
            "answer within a hundredth of a turn; with ReLU neurons are mixed, though their "
            "phases add up as well",
            "theorem on modular addition",
            Grid(stop="k >= 1000"),
            (
                Check("purity", lambda d: d.purity, AtLeast(0.95), label="least pure neuron"),
                Check("phases", lambda d: d.phase, AtMost(0.01), main=False, label="turns"),
                Check("found", lambda d: d.found, Close(1), main=False, label="of the waves"),
            ),
            Control({"activation": "relu"}, breaks=("purity",), seeds=3),
            tier="standard",
        ),
        Claim(
            "norm",
            "Modulo 11 the margin comes within 3 % of the largest, whichever the start; with the "
            "sum of squares as norm it does not, and frequencies are missing",
            "theorem on modular addition",
            Grid(stop="k >= 1500"),
            (
                Check("margin", lambda d: d.margin, AtLeast(0.97), label="of the largest"),
                Check("found", lambda d: d.found, AtLeast(0.99), label="of the waves"),
            ),
            Control({"power": 2}, breaks=("margin", "found"), seeds=3),
            tier="standard",
        ),
        Claim(
            "triangle",
            "On S3 every neuron in use has one representation, and the margin is 93 % of the "
            "largest at least; with ReLU neither",
            "theorem on groups; the value by a linear programme: desk",
            Grid(set={"group": "S3", "width": 40}, stop="k >= 1500"),
            (
                Check("margin", lambda d: d.margin, AtLeast(0.93), label="of the largest"),
                Check("purity", lambda d: d.purity, AtLeast(0.95), label="least pure neuron"),
            ),
            Control({"activation": "relu"}, breaks=("margin", "purity"), seeds=3),
            tier="standard",
        ),
    ]
