"""Which relaxation for the next linear system? A bandit that only counts iterations."""

from __future__ import annotations

import numpy as np

from lab.core.bandits import RegressionBandit, TsallisInf
from lab.core.metrics import at, slope
from lab.core.problems.shifted_poisson import jacobi_radius, sor_counts
from lab.core.sweeps import best_relaxation
from lab.engine import (
    AtLeast,
    AtMost,
    Boolean,
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
    Preset,
    Profile,
    Quantity,
    Selector,
    given,
    steps,
)

GRID = np.linspace(1.0, 1.9, 10)  # relaxations to choose from
SHIFTS, SIDES = 16, 8  # of the table: shifts, and right-hand sides for each
DEGREE = 4
# Chebyshev polynomials of the shift's logarithm, moved to [-1, 1]: shape (SHIFTS, DEGREE + 1)
FEATURES = np.polynomial.chebyshev.chebvander(np.linspace(-1, 1, SHIFTS), DEGREE)


def learner(c):
    if c.learner == "contextual":
        return RegressionBandit(len(GRID), DEGREE + 1, 3 * c.rate)
    return TsallisInf(len(GRID), c.rate)


def chances(state, c, shift):
    """Distribution over the grid for a system with a shift."""
    if c.learner == "fixed":
        return np.eye(len(GRID))[np.abs(GRID - c.omega).argmin()]
    return learner(c).chances(state["learned"], FEATURES[shift])


def lately(d, k, part=0.8):
    """Expected sweeps per system from `part` of the stream to its end, over the best fixed."""
    before = round(part * k)
    return (at(d.paid, k) - at(d.paid, before)) / (k - before)


class LearningRelax(Experiment):
    """A stream of linear systems, solved by over-relaxation with a parameter that is learned.

    Watch the chances gather where the sweeps are few, for every shift at its own place.
    """

    card = Card(
        title="Learning to relax",
        question="One parameter makes a solver four times faster, another one slower. Must you "
        "know the matrix to set it?",
        answer="No. Count the sweeps, system after system, and choose by chance what did well. "
        "Told the shift of each system, the choice beats every fixed one.",
        why="Over-relaxation has a sharp optimum that moves with the shift. A bandit tries all "
        "values, weighs each count by how rarely it tries, and pays for trying less and less. "
        "With the shift as context it fits the counts by polynomials of it and does best for each "
        "system. Where one value suits all shifts, knowing them gains nothing.",
        papers=("learning-relax",),
        equations=(
            r"(A + c_t I)\,x = b_t, \quad x \leftarrow x + \omega\, D^{-1}(b - A x)"
            r"\ \text{point by point}",
            r"p_t = \arg\min_p \langle p, \hat K_{t-1}\rangle - \tfrac{4}{\eta_t}"
            r"\textstyle\sum_i \sqrt{p_i}",
        ),
        tags=("linear systems", "bandits", "over-relaxation", "online learning"),
    )

    learner = Selector(
        "contextual", objects=["contextual", "Tsallis-INF", "fixed"], doc="who sets the relaxation"
    )
    omega = Number(1.0, bounds=(1.0, 1.9), live=True, doc="fixed: the relaxation")
    low = Number(1e-3, bounds=(1e-4, 4.0), log=True, doc="least shift")
    high = Number(2.0, bounds=(1e-4, 4.0), log=True, doc="largest shift")
    told = Boolean(True, live=True, doc="the right shift, else another")
    rate = Number(1.0, bounds=(0.01, 10.0), log=True, doc="how soon a learner trusts what it saw")
    tolerance = Number(1e-6, bounds=(1e-9, 0.5), log=True, doc="of the residual, relative")
    side = Integer(12, bounds=(4, 16), doc="points along a side of the square")

    arms = {
        "Told the shift": {"learner": "contextual"},
        "Bandit": {"learner": "Tsallis-INF"},
        "Gauss-Seidel": {"learner": "fixed", "omega": 1.0},
    }
    presets = {
        "blind": Preset("Hide the shift, watch the bandit learn", learner="Tsallis-INF"),
        "wrong": Preset("Tell wrong shifts, watch the rows agree", told=False),
        "narrow": Preset("Keep shifts small, watch knowledge gain nothing", high=0.02),
        "rough": Preset("Solve roughly, watch the valley move", tolerance=0.1),
    }
    quantities = {
        "average": Quantity("sweeps per system so far, over the best fixed", better="less"),
        "paid": Quantity("expected sweeps so far, in those of the best fixed"),
        "regret": Quantity("expected sweeps so far above the best fixed", better="less"),
        "sweeps": Quantity("sweeps of this system"),
        "relaxation": Quantity("its relaxation ω"),
        "chance": Quantity("chance of each ω, mean over the shifts", dim="ω"),
        "oracle": Quantity("best ω for each shift, over the best fixed"),
        "astray": Quantity("largest distance of the best ω of a shift to Young's"),
    }
    views = [
        Heat(
            "pic.policy",
            title="Chance of each ω",
            note="a row for each shift",
            x="ω, 1.0 to 1.9",
            y="shift",
        ),
        Curves("average", log="x", title="Sweeps per system", note="1 is the best fixed ω"),
        Profile(
            "pic.here",
            "pic.overall",
            x="pic.grid",
            roles={"pic.overall": "exact"},
            log="y",
            title="Sweeps by ω",
            note="this shift, and all",
        ),
        Heat("chance", title="Chance over the stream", labels=[f"{w:.1f}" for w in GRID]),
    ]
    dtype = "float64"
    max_steps = 200_000

    @given(by=("low", "high", "tolerance", "side"))
    def table(c, rng, backend):
        """Sweeps by shift, relaxation and right-hand side, (16, 10, 8), and what is best."""
        shifts = backend.logspace(c.low, c.high, SHIFTS)
        rhs = rng.normal("rhs", (SIDES, c.side, c.side))
        counts = sor_counts(shifts, backend.tensor(GRID), rhs, c.tolerance).numpy().astype(float)
        mean = counts.mean(2)
        young = [best_relaxation(jacobi_radius(c.side, float(s)))[0] for s in shifts]
        return {
            "counts": counts,
            "mean": mean,
            "fixed": float(mean.mean(0).min()),
            "oracle": float(mean.min(1).mean()),
            "astray": float(np.abs(GRID[mean.argmin(1)] - young).max()),
        }

    def init(given, c, rng, backend):
        learned = {} if c.learner == "fixed" else learner(c).init()
        return {"learned": learned, "shift": 0, "action": 0, "sweeps": 0.0, "spent": 0.0,
                "paid": 0.0, "times": 0}  # fmt: skip

    def step(state, given, c, k, rng):
        """One system: choose a relaxation, solve, count."""
        counts = given.table["counts"]
        where, which, draw, other = rng.generator("system").random(4)
        shift = int(where * SHIFTS)
        seen = shift if c.told else int(other * SHIFTS)
        p = chances(state, c, seen)
        action = min(int(np.searchsorted(p.cumsum(), draw)), len(GRID) - 1)
        sweeps = float(counts[shift, action, int(which * SIDES)])
        learned = state["learned"]
        if learned:
            cost = sweeps / counts.max()
            learned = learner(c).update(learned, p, action, cost, FEATURES[seen])
        return {
            "learned": learned,
            "shift": shift,
            "action": action,
            "sweeps": sweeps,
            "spent": state["spent"] + sweeps,
            "paid": state["paid"] + float(p @ given.table["mean"][shift]),
            "times": state["times"] + 1,
        }

    def observe(state, given, c):
        fixed, times = given.table["fixed"], state["times"]
        return {
            "average": state["spent"] / (fixed * times) if times else 1.0,
            "paid": state["paid"] / fixed,
            "regret": state["paid"] - fixed * times,
            "sweeps": state["sweeps"],
            "relaxation": GRID[state["action"]],
            "oracle": given.table["oracle"] / fixed,
            "astray": given.table["astray"],
        }

    def policy(state, c):
        """Chances by shift, shape (SHIFTS, 10)."""
        if c.learner != "contextual":
            return np.tile(chances(state, c, 0), (SHIFTS, 1))
        return np.stack([chances(state, c, shift) for shift in range(SHIFTS)])

    def assess(state, given, c):
        return {"chance": LearningRelax.policy(state, c).mean(0)}

    def picture(state, given, c):
        """Chances by shift (16, 10), and mean counts by ω for this shift and for all (10,)."""
        mean = given.table["mean"]
        return {
            "policy": LearningRelax.policy(state, c),
            "grid": GRID,
            "here": mean[state["shift"]],
            "overall": mean.mean(0),
        }

    claims = [
        Claim(
            "young",
            "For every shift the ω of the grid with the fewest sweeps to 10⁻⁶ lies within 0.1 of "
            "Young's formula",
            source="desk, closed form",
            runs=Grid({"side": (8, 12)}, 4, stop=steps(1)),
            checks=(Check("near", lambda d: d.astray, AtMost(0.1), over="all", label="distance"),),
            control=Control({"tolerance": 0.1}, breaks=("near",)),
        ),
        Claim(
            "bandit",
            "Counting sweeps alone, the bandit pays over 40,000 systems at most 8 % more than the "
            "best fixed ω, and its regret grows like a power below 0.7 of the stream's length",
            source="abstract; the numbers: desk",
            runs=Grid(
                {"arm": ("Bandit",)}, 8, stop=steps(40_000), keep="log", record=("paid", "regret")
            ),
            checks=(
                Check(
                    "cost",
                    lambda d: lately(d, 40_000, 0).sel(arm="Bandit"),
                    AtMost(1.08),
                    label="over best fixed",
                ),
                Check(
                    "regret",
                    lambda d: slope(d.regret, d.k, "k", window=(4_000, 40_000)).sel(arm="Bandit"),
                    AtMost(0.7),
                    label="power",
                ),
            ),
            control=Control({"rate": 0.01}, breaks=("cost", "regret"), seeds=2),
            tier="standard",
        ),
        Claim(
            "told",
            "Told the shift, the learner pays in the last fifth of 20,000 systems less than the "
            "best fixed ω, at most 8 % more than the best ω for each system",
            source="abstract; the numbers: desk",
            runs=Grid(
                {"arm": ("Told the shift",)}, 8, stop=steps(20_000), keep="log", record=("paid",)
            ),
            checks=(
                Check("fixed", lambda d: lately(d, 20_000).mean("arm"), AtMost(0.96)),
                Check(
                    "oracle",
                    lambda d: (lately(d, 20_000) / d.oracle).mean("arm"),
                    AtMost(1.08),
                    label="over best for each",
                ),
            ),
            control=Control({"told": False}, breaks=("fixed", "oracle"), seeds=3),
            tier="standard",
        ),
        Claim(
            "narrow",
            "Where one ω suits all shifts, the learner that is told them does not get below it",
            source="desk",
            runs=Grid(
                {"arm": ("Told the shift",)},
                4,
                {"high": 0.02},
                steps(4_000),
                "log",
                ("paid",),
            ),
            checks=(Check("above", lambda d: lately(d, 4_000).mean("arm"), AtLeast(0.995)),),
            control=Control({"high": 2.0}, breaks=("above",)),
        ),
    ]
