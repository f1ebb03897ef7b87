"""A recurrent network at all times at once: Newton's method and Jacobi's on its states."""

from __future__ import annotations

import torch

from lab.core.newton import jacobian
from lab.core.parallel_time import ParallelNewton, sequential
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
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
    given,
    steps,
)

KINDS = {"Newton": "full", "diagonal": "diagonal", "Jacobi": "none"}
EXACT = 1e-9  # a state counts as found: far above rounding, far below anything seen
ROWS = 96  # of the heat map


def cell(kind, weights, pushed, h):
    """The next state of a network.

    Parameters
    ----------
    kind : {"GRU", "tanh"}
    weights : Tensor of shape (m d, d)
        m = 3 for the gates r, z and n of the GRU (torch's order and equations), else 1.
    pushed : Tensor of shape (..., m d)
        What the inputs add.
    h : Tensor of shape (..., d)
    """
    if kind == "tanh":
        return torch.tanh(pushed + h @ weights.mT)
    r, z, n = pushed.chunk(3, -1)
    hr, hz, hn = (h @ weights.mT).chunk(3, -1)
    keep = torch.sigmoid(z + hz)
    return torch.lerp(torch.tanh(n + torch.sigmoid(r + hr) * hn), h, keep)


def network(given, c):
    """The network at all times: the states before, shape (T, d), to the states after."""
    return lambda h: cell(c.cell, given.run["weights"], given.run["pushed"], h)


def fraction(d):
    """Steps that were needed, as a share of the length."""
    return (d.steps / d.length).mean("length")


class ParallelInTime(Experiment):
    """A network that reads 128 inputs one by one, computed at all times together.

    Watch the light region, the states that are not right yet, shrink from the first time on.
    """

    card = Card(
        title="All times at once",
        question="Each state of a recurrent network needs the one before. Must a computer wait?",
        answer="Not if the network forgets: guess all states, correct all of them together, and "
        "a handful of corrections do for any length.",
        why="All states solve one system of equations. Newton's method linearises it, and a scan "
        "solves the linear recurrence in few rounds: errors are squared. Jacobi's method just "
        "applies the network to every guess. Both are exact at time k after k steps at the latest. "
        "A chaotic network carries every error on and gains little.",
        papers=(
            "pararnn-unlocking-parallel-training-nonlinear-rnns-large",
            "accelerating-feedforward-computation-parallel-nonlinear-equation-solving",
        ),
        equations=(
            r"h_t = f(h_{t-1}, u_t)",
            r"h_t^{new} = f(h_{t-1}) + J_t\,(h_{t-1}^{new} - h_{t-1})",
        ),
        tags=("fixed point", "Newton", "recurrent networks", "parallel"),
    )

    cell = Selector("GRU", objects=["GRU", "tanh"], doc="network")
    method = Selector("Newton", objects=list(KINDS), doc="what is kept of the Jacobian")
    length = Integer(128, bounds=(8, 4096), doc="time steps T")
    units = Integer(16, bounds=(1, 32), doc="units of the network")
    gain = Number(1.0, bounds=(0.0, 6.0), doc="size of the recurrent weights")
    share = Number(1.0, bounds=(0.1, 1.0), live=True, doc="share of each correction that is made")

    arms = {name: {"method": name} for name in KINDS}
    presets = {
        "jacobi": Preset("Drop the Jacobian, watch a front crawl", method="Jacobi"),
        "diagonal": Preset("Keep its diagonal, watch digits come evenly", method="diagonal"),
        "long": Preset("Read 4,096 inputs, watch it take no longer", length=4096),
        "chaos": Preset("Raise the gain, watch errors explode", gain=4.0, length=64),
        "forgetful": Preset("Lower the gain, watch Jacobi suffice", method="Jacobi", gain=0.3),
    }
    quantities = {
        "error": Quantity("largest error of a state", log=True, better="less"),
        "residual": Quantity("largest residual, |h − f(h before)|", log=True, better="less"),
        "found": Quantity("states found to 1e-9, from the first on", better="more"),
        "behind": Quantity("states found after k steps less k"),
        "exponent": Quantity("Lyapunov exponent; above 0 is chaos"),
        "digits": Quantity("log10 of the error, 1e-9 at least, by time", dim="time"),
        "evaluations": Quantity("evaluations of the network at all times"),
        "products": Quantity("products with its Jacobian at all times"),
    }
    axes = ("evaluations",)
    views = [
        Heat("digits", title="Error", note="time up, step across; log10", size=2),
        Convergence("error", log="y"),
        Profile("pic.guess", "pic.loop", roles={"pic.loop": "exact"}, title="First unit over time"),
        Curves("found", title="States found"),
    ]
    dtype = "float64"
    blowup = 1e200  # on the way errors may grow a lot, and the first states are right all the same

    @given(by=("cell", "length", "units", "gain"))
    def run(c, rng, backend):
        """Weights, what the inputs add, the states of the loop, and its Lyapunov exponent."""
        d, m = c.units, 3 if c.cell == "GRU" else 1
        weights = c.gain / d**0.5 * rng.normal("weights", (m * d, d))
        pushed = rng.normal("inputs", (c.length, d)) @ rng.normal("into", (m * d, d)).mT / d**0.5
        exact = sequential(
            lambda h, t: cell(c.cell, weights, pushed[t], h), backend.zeros(d), c.length
        )
        some = slice(1, 512)
        slopes = jacobian(lambda h: cell(c.cell, weights, pushed[some], h), exact[:-1][:511])
        v, grown = rng.normal("direction", (d,)), []
        for J in slopes:
            v = J @ v
            grown.append(v.norm().clamp(min=1e-300))
            v = v / grown[-1]
        exponent = torch.stack(grown).log().mean()
        return {"weights": weights, "pushed": pushed, "exact": exact, "exponent": exponent}

    def init(given, c, rng, backend):
        return ParallelNewton().init(backend.zeros(c.length, c.units))

    def step(state, given, c, k, rng):
        start = torch.zeros_like(state["x"][0])
        ahead = ParallelNewton(KINDS[c.method]).step(state, network(given, c), start, k)
        return {**ahead, "x": torch.lerp(state["x"], ahead["x"], c.share)}

    def noise(c):
        """A step draws nothing."""
        return {}

    def done(state, given, c):
        wrong = ParallelInTime.errors(state, given).amax()
        return "Every state is that of the loop, to rounding." if wrong < 1e-14 else None

    def errors(state, given):
        """Largest error of a unit, by time."""
        return (state["x"] - given.run["exact"]).abs().amax(1)

    def observe(state, given, c):
        x, wrong = state["x"], ParallelInTime.errors(state, given)
        before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        found = (wrong < EXACT).long().cumprod(0).sum()
        rows = torch.nn.functional.adaptive_max_pool1d(wrong[None], ROWS)[0]
        return {
            "error": wrong.amax(),
            "residual": (x - network(given, c)(before)).abs().amax(),
            "found": found,
            "behind": found - state["evaluations"].clamp(max=c.length),
            "exponent": given.run["exponent"],
            "digits": rows.clamp(min=EXACT).log10(),
            "evaluations": state["evaluations"],
            "products": state["products"],
        }

    def picture(state, given, c):
        """The first unit over time, as guessed and by the loop."""
        return {"guess": state["x"][:, 0], "loop": given.run["exact"][:, 0]}

    claims = [
        Claim(
            "newton",
            "For a GRU that forgets, Newton finds all states to 1e-10 in at most 8 steps, for 512 "
            "inputs in at most one more than for 64",
            source="desk; the method: abstract",
            runs=Grid(
                {"gain": (0.5, 1.0), "length": (64, 512)},
                8,
                stop="error < 1e-10 or k >= 60",
            ),
            checks=(
                Check("few", lambda d: d.steps, AtMost(8), over="all", label="steps"),
                Check(
                    "flat",
                    lambda d: d.steps.max("length") - d.steps.min("length"),
                    AtMost(1),
                    over="all",
                    label="more steps for 512 than for 64",
                ),
            ),
            control=Control({"gain": 4.0}, breaks=("few", "flat"), seeds=3),
            tier="standard",
        ),
        Claim(
            "jacobi",
            "Jacobi finds the states of a tanh network of gain 0.7 to 1e-8 in at most half as many "
            "sweeps as there are inputs, and never needs more sweeps than inputs",
            source="abstract; the network: desk",
            runs=Grid(
                {"gain": (0.3, 0.7), "length": (128,)},
                8,
                {"cell": "tanh", "method": "Jacobi"},
                "error < 1e-8 or k >= 128",
            ),
            checks=(
                Check(
                    "half", lambda d: fraction(d).max("gain"), AtMost(0.5), label="of the inputs"
                ),
                Check("right", lambda d: d.error, AtMost(1e-8), over="all"),
            ),
            control=Control({"gain": 2.5}, breaks=("half",)),
        ),
        Claim(
            "prefix",
            "After k steps the first k states are exact, with and without the Jacobian",
            source="desk, by induction over the times",
            runs=Grid({"arm": "all"}, 8, {"length": 32}, steps(32), "all", ("behind",)),
            checks=(
                Check(
                    "first",
                    lambda d: d.behind.min("k"),
                    AtLeast(0),
                    over="all",
                    label="states found less k",
                ),
            ),
            control=Control({"share": 0.5}, breaks=("first",), seeds=3),
        ),
        Claim(
            "chaos",
            "A GRU of gain 5 has a Lyapunov exponent above 0, and Newton needs more than a quarter "
            "of the steps of the loop",
            source="desk",
            runs=Grid({"length": (48,)}, 8, {"gain": 5.0}, "error < 1e-10 or k >= 48"),
            checks=(
                Check(
                    "exponent", lambda d: d.exponent.mean("length"), AtLeast(0), label="exponent"
                ),
                Check(
                    "share",
                    fraction,
                    AtLeast(0.25),
                    label="steps over those of the loop",
                ),
            ),
            control=Control({"gain": 1.0}, breaks=("exponent", "share")),
        ),
    ]
