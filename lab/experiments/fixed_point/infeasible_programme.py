"""A linear programme without a solution, and the proof that falls out of the iteration."""

from __future__ import annotations

import numpy as np
import torch

from lab.core.fixed_point import Halpern, Picard, averaged
from lab.core.problems.linear_programme import LinearProgramme
from lab.engine.claim import AtMost, Check, Claim, Close, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Convergence, Curves, Profile, Trajectory

GAP = 0.1
KINDS = ("infeasible", "unbounded")


def averaged_map(given, c):
    return averaged(lambda x: LinearProgramme.apply(given.programme, x), c.weight)


def iteration(c):
    return Halpern(c.anchor) if c.method == "Halpern" else Picard()


def proof(programme, kind, step):
    """What a step proves: its value (a proof has more than 0) and how far it is from a proof."""
    if kind == "infeasible":
        return LinearProgramme.farkas(programme, step)
    slope, negative, offset = LinearProgramme.recession(programme, step)
    return -slope, torch.maximum(negative, offset)


def unproved(kind):
    """What the last step lacks as a proof: its violation, or what its value is off the gap."""

    def measure(d):
        d = d.sel(arm="Picard", kind=kind)
        return np.maximum(abs(d.value / GAP - 1), d.violation)

    return measure


def decades(d):
    """Decades from the error of Halpern down to that of Picard."""
    error = np.log10(d.error)
    return error.sel(arm="Picard") - error.sel(arm="Halpern")


class InfeasibleProgramme(Experiment):
    """Douglas-Rachford on a linear programme that has no solution: its steps become a proof.

    Watch the step, entry by entry, take the shape of the certificate.
    """

    card = Card(
        title="A proof from a failure",
        question="A linear programme has no solution. Can a solver that fails prove it?",
        answer="Its iterates run off, and the step that they repeat is the proof.",
        why="Two sets that do not meet are bounced between. What cannot be reconciled stays in "
        "every step: the shortest way from one set to the other. It tells the rows of a "
        "contradiction, or a direction in which the price falls for ever. Pieces are flat here, so "
        "Picard soon runs straight and wins: the slow worst case is another.",
        papers=("accelerated-infeasibility-detection-constrained-optimization-fixed-point",),
        equations=(
            r"x_k - T x_k \to v = A^{\top} y, \quad A^{\top} y \le 0, \quad b^{\top} y > 0",
        ),
        tags=("fixed point", "infeasibility", "linear programming", "splitting"),
    )

    kind = Selector("infeasible", objects=["infeasible", "unbounded"], doc="what is missing")
    gap = Number(0.1, bounds=(0.0, 1.0), doc="shortest step there is; 0 has a solution")
    variables = Integer(24, bounds=(4, 200), doc="unknowns")
    equations = Number(0.4, bounds=(0.05, 0.95), doc="equations for each unknown")
    method = Selector("Picard", objects=["Picard", "Halpern"], doc="iteration")
    weight = Number(0.5, bounds=(0.05, 1.0), live=True, doc="of the map; 1/2: Douglas-Rachford")
    anchor = Number(1.0, bounds=(0.0, 2.0), live=True, doc="weight of the start; 0 is Picard")

    arms = {"Picard": {"method": "Picard"}, "Halpern": {"method": "Halpern"}}
    presets = {
        "unbounded": Preset("Remove the floor, watch the other proof", kind="unbounded"),
        "closed": Preset("Close the gap, watch the drift end", gap=0.0),
        "reflect": Preset("Only reflect, watch the step never settle", weight=1.0),
    }
    quantities = {
        "error": Quantity(
            "squared error of a step, ‖x − Tx − v‖²", log=True, better="less", short="error"
        ),
        "seen": Quantity("length of a step, ‖x − Tx‖", log=True, short="step"),
        "truth": Quantity("the gap ‖v‖", log=True, short="gap"),
        "value": Quantity("what the step proves, b·y or −c·d; above 0 is a proof"),
        "violation": Quantity("how far from a proof", log=True, better="less"),
        "place": Quantity("where the iterate is", dim="coordinate"),
    }
    views = [
        Trajectory("place", field="pic.drift", equal=False, title="Drift", note="seen from aside"),
        Profile("pic.step", "pic.proof", roles={"pic.proof": "exact"}, title="The step, by entry"),
        Curves("seen", "truth", log="xy", roles={"truth": "exact"}, title="Length of a step"),
        Convergence("error", slopes=(-2,), title="Squared error of a step"),
    ]
    dtype = "float64"

    @given(by=("kind", "gap", "variables", "equations"))
    def programme(c, rng, backend):
        rows = min(max(1, round(c.equations * c.variables)), c.variables - 1)
        return LinearProgramme(c.kind, c.gap, c.variables, rows).make(rng, backend)

    def init(given, c, rng, backend):
        return iteration(c).init(given.programme["start"].clone())

    def step(state, given, c, k, rng):
        return iteration(c).step(state, averaged_map(given, c), k)

    def observe(state, given, c):
        x, v = state["x"], c.weight * given.programme["displacement"]
        step = x - averaged_map(given, c)(x)
        value, violation = proof(given.programme, c.kind, step)
        return {
            "error": (step - v).square().sum(),
            "seen": step.norm(),
            "truth": v.norm(),
            "value": value,
            "violation": violation,
            "place": given.programme["shadow"] @ x,
        }

    def picture(state, given, c):
        """The step beside its limit, and one arrow from the start along the drift."""
        programme = given.programme
        shadow, v = programme["shadow"], c.weight * programme["displacement"]
        arrow = -shadow @ v / v.norm().clamp(min=1e-12)
        return {
            "step": state["x"] - averaged_map(given, c)(state["x"]),
            "proof": v,
            "drift": torch.cat([shadow @ programme["start"], arrow])[None],
        }

    def noise(c):
        """A step draws nothing."""
        return {}

    claims = [
        Claim(
            "gap",
            "Where no point is feasible, or no bound holds, Picard's step after 6,000 iterations "
            "is as long as the known gap (1 %), and a proof (1 % in the median): rows that "
            "contradict each other, or a ray along which the price falls",
            source="abstract: the step tends to the infimal displacement vector",
            runs=Grid({"kind": KINDS, "arm": ("Picard",)}, 24, {"gap": GAP}, steps(6_000)),
            checks=(
                Check("length", lambda d: d.seen / GAP, Close(1, abs=0.01), over="all"),
                Check("rows", unproved("infeasible"), AtMost(0.01), "median", label="lacking"),
                Check("ray", unproved("unbounded"), AtMost(0.01), "median", label="lacking"),
            ),
            control=Control({"gap": 0.0}, breaks=("length", "rows", "ray"), seeds=9),
            tier="standard",
        ),
        Claim(
            "order",
            "On programmes without a feasible point, whose pieces are flat, Picard's squared error "
            "after 1,000 steps is tenfold and more below Halpern's in the mean of logarithms; "
            "where the map is not averaged but only reflects it is not",
            source="desk",
            runs=Grid({"arm": "all"}, 12, {"gap": GAP}, steps(1_000)),
            checks=(Check("order", decades, AtMost(-1), label="decades"),),
            control=Control({"weight": 1.0}, breaks=("order",)),
        ),
    ]
