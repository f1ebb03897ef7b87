"""Features as summits of an energy: each hidden neuron climbs to one frequency, or to a memory."""

from __future__ import annotations

import numpy as np
import torch

from lab.core import feature_energy as fe
from lab.core.metrics import slope
from lab.engine import (
    AtLeast,
    Card,
    Check,
    Claim,
    Close,
    Control,
    Curves,
    Experiment,
    Grid,
    Heat,
    Integer,
    Number,
    Preset,
    Profile,
    Quantity,
    Selector,
    Within,
    given,
    steps,
)

FINE = tuple(round(0.4 + 0.04 * i, 2) for i in range(10))
COARSE = tuple(round(0.2 + 0.06 * i, 2) for i in range(10))
FROM_WAVES = {"begin": "wave", "neurons": 8, "rate": 0.5}
FROM_NOISE = {"begin": "noise", "neurons": 32, "rate": 0.5}


def needed(d):
    """The share of pairs below which a neuron is no wave, the mean of the neurons."""
    axis = d.share.values
    return (
        float(axis[0]) + (1 - d.waves).sum("share") * (axis[1] - axis[0]) - (axis[1] - axis[0]) / 2
    )


def odds_power(d):
    """Power of log M / M in the odds of that share."""
    found = needed(d)
    return slope(found / (1 - found), np.log(d.M) / d.M, "M")


class FeatureEnergy(Experiment):
    """A column of the map is a neuron, a row a frequency. Watch each column condense into one.

    Energies are in units of the summit of one frequency on as many pairs.
    """

    card = Card(
        title="Summits with one frequency",
        question="Nobody told the neurons about waves. Why does each end in exactly one?",
        answer="Each climbs an energy of its own, and its summits are the single frequencies. "
        "Hide too many sums, and learning by heart is the higher summit.",
        why="While the top layer fits what it gets, the gradient of a hidden neuron is that of an "
        "energy. Over all sums mod M it adds up |u|²|v|² over frequencies, so the strongest takes "
        "all. Hidden sums make noise: a neuron may then watch one number alone, which pays more "
        "when less than two thirds are shown.",
        papers=("provable-scaling-laws-feature-emergence-learning-dynamics",),
        equations=(
            r"E(w)=\tfrac12\|\tilde Y^\top (Xw)^2\|^2"
            r"=\tfrac{2}{M}\sum_{f\ne 0}|\hat u_f|^2|\hat v_f|^2\ \le\ \tfrac M4",
            r"w\leftarrow\frac{w+\eta\nabla E}{\|w+\eta\nabla E\|}",
        ),
        tags=("grokking", "Fourier", "feature learning", "scaling law"),
        cost="seconds",
    )

    share = Number(1.0, bounds=(0.05, 1), label="Sums shown", doc="share of all pairs")
    rate = Number(0.1, bounds=(0.01, 1), live=True, label="Step size", doc="of the ascent")
    M = Integer(23, bounds=(5, 199), label="Modulus", doc="numbers on the clock")
    neurons = Integer(96, bounds=(4, 256), label="Neurons", doc="each climbs alone")
    table = Selector("sums", objects=("sums", "random"), label="Table", doc="what is to be learned")
    begin = Selector("noise", objects=("noise", "wave"), label="Start", doc="of a neuron")
    presets = {
        "hide-some": Preset("Hide a fifth, watch hidden sums come right", share=0.8),
        "by-heart": Preset("Hide half, watch neurons climb to memory", share=0.5),
        "wave": Preset("Start from waves, watch hiding break them", share=0.5, begin="wave"),
        "random": Preset("Shuffle the table, watch no frequency win", table="random"),
        "even": Preset("Take an even clock, watch one go higher", M=24, neurons=128),
        "check": Preset("A small one", M=7, neurons=16, rate=0.5),
    }
    quantities = {
        "single": Quantity("share of neurons with one frequency", better="more"),
        "waves": Quantity("share of neurons with half their power in one", short="half"),
        "purest": Quantity("median share of the strongest frequency", short="strongest frequency"),
        "spike": Quantity("median share of the strongest number", short="strongest number"),
        "highest": Quantity("highest energy over the summit", short="highest"),
        "middle": Quantity("median energy over the summit", short="median", better="more"),
        "lowest": Quantity("lowest energy over the summit", short="lowest"),
        "gap": Quantity("largest distance of a neuron from its own summit", log=True),
        "summit": Quantity("summit of a frequency", short="one frequency"),
        "memory": Quantity("summit of one number", short="one number"),
        "hidden": Quantity("hidden sums right; all, when none is hidden", short="hidden"),
        "known": Quantity("shown sums right", short="shown"),
    }
    every = 5
    max_steps = 1_000

    @given(by=("M", "share", "table"))
    def pairs(c, rng, backend):
        """All pairs in random order, what they add up to, and how many are shown."""
        pairs = torch.cartesian_prod(backend.arange(c.M), backend.arange(c.M))
        answer = pairs.sum(1) % c.M
        if c.table == "random":
            answer = answer[rng.permutation("table", len(answer))]
        order = rng.permutation("pairs", len(pairs))
        shown = min(max(round(c.share * len(pairs)), 2), len(pairs))
        return {"pairs": pairs[order].contiguous(), "answer": answer[order], "shown": shown}

    def init(given, c, rng, backend):
        if c.begin == "noise":
            weights = rng.normal("weights", (2 * c.M, c.neurons))
        else:
            frequency = rng.integers("frequency", 1, (c.M - 1) // 2 + 1, (c.neurons,))
            turn = frequency * torch.arange(c.M)[:, None] / c.M
            phase = rng.uniform("phase", (2, 1, c.neurons))
            weights = torch.cos(2 * torch.pi * (turn + phase)).reshape(2 * c.M, c.neurons)
        return {"weights": weights / weights.norm(dim=0)}

    def seen(given):
        n = given.pairs["shown"]
        return given.pairs["pairs"][:n], given.pairs["answer"][:n]

    def step(state, given, c, k, rng):
        return {"weights": fe.ascend(state["weights"], *FeatureEnergy.seen(given), c.rate)}

    def observe(state, given, c):
        weights = state["weights"]
        share = given.pairs["shown"] / c.M**2
        strongest, which = fe.power(weights).max(0)
        unit = share**2 * c.M / 4
        energy = fe.energy(weights, *FeatureEnergy.seen(given)) / unit
        own = torch.where(2 * (which + 1) == c.M, 2.0, 1.0)  # half of an even clock
        return {
            "single": (strongest > 0.95).to(weights.dtype).mean(),
            "waves": (strongest > 0.5).to(weights.dtype).mean(),
            "purest": strongest.median(),
            "spike": weights.square().max(0).values.median(),
            "highest": energy.max(),
            "middle": energy.median(),
            "lowest": energy.min(),
            "gap": (energy / own - 1).abs().max(),
            "summit": 1.0,
            "memory": fe.memory_over_wave(share),
        }

    def assess(state, given, c):
        pairs, answer, n = given.pairs["pairs"], given.pairs["answer"], given.pairs["shown"]
        right = (fe.top_layer(state["weights"], pairs, answer, n) == answer).double()
        return {"known": right[:n].mean(), "hidden": right[n if n < len(right) else 0 :].mean()}

    def picture(state, given, c):
        """Power (frequency, neuron), neurons by their strongest frequency; one neuron."""
        power = fe.power(state["weights"])
        order = power.argmax(0).argsort(stable=True)
        one = state["weights"][:, 1]
        return {"power": power[:, order], "u": one[: c.M], "v": one[c.M :]}

    views = [
        Heat("pic.power", title="Fourier power", note="frequency × neuron", x="neurons, sorted",
             y="frequency"),
        Profile("pic.u", "pic.v", title="One neuron", note="weight of each number"),
        Curves(
            "highest", "middle", "lowest", "summit", "memory", title="Energy",
            note="in units of a frequency's summit", size=2,
            roles={"summit": "exact", "memory": "bound"},
        ),
        Curves("purest", "spike", title="A neuron's strongest", percent=True),
        Curves("known", "hidden", title="With the best top layer", percent=True,
               roles={"known": "train", "hidden": "test"}),
    ]  # fmt: skip
    claims = [
        Claim(
            "single",
            "With all sums shown 95 % of the neurons end with 95 % of their power in one "
            "frequency, on the summit M / 4 of the energy; with a shuffled table none does",
            "abstract; M / 4 derived by Fourier: desk",
            Grid({"M": (11, 23, 31)}, 4, {"rate": 0.3}, steps(200)),
            (
                Check("single", lambda d: d.single.min("M"), AtLeast(0.95), label="single share"),
                Check("energy", lambda d: d.middle.mean("M"), Close(1, abs=1e-4), "all"),
            ),
            Control({"table": "random"}, breaks=("single", "energy"), seeds=2),
        ),
        Claim(
            "kept",
            "The share of sums at which a wave is still a summit falls from M = 47 to M = 199: its "
            "odds faster than the root of log M / M, no faster than log M / M itself. For neurons "
            "that start as noise they do not fall",
            "Theorem on sample size, from memory (n of the order M log M); odds: desk",
            Grid({"M": (47, 199), "share": COARSE}, 6, FROM_WAVES, steps(150)),
            (Check("power", odds_power, Within(0.5, 1.0), label="power of log M / M"),),
            Control({"begin": "noise"}, ("power",), {"M": (47, 131), "share": COARSE}, seeds=2),
            tier="standard",
        ),
        Claim(
            "share",
            "The share of sums that neurons need to become waves from noise falls like log M / M; "
            "what is true: it stays between 0.55 and 0.67",
            "scaling law of the abstract, form from memory; the bounds: desk",
            Grid({"M": (17, 31, 61), "share": FINE}, 4, FROM_NOISE, steps(150)),
            (
                Check("power", lambda d: slope(needed(d), np.log(d.M) / d.M, "M"),
                      Within(0.8, 1.2), label="power of log M / M"),
                Check("stays", lambda d: needed(d).mean("M"), Within(0.55, 0.67),
                      label="share needed"),
            ),
            Control({"table": "random"}, breaks=("power", "stays"), seeds=2),
            tier="standard",
            expected="partly",
            why="Neurons climb alone here. A neuron that watches one number has the energy "
            "M s (1 - s) / 2 on a share s, a wave s² M / 4: below s = 2/3 memory is the higher "
            "summit for every M, and noise finds it. Waves stay summits down to log M / M, but "
            "few starts lead there.",
        ),
    ]  # fmt: skip
