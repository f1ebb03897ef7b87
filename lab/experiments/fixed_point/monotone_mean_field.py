"""Mean-field beliefs of a monotone Boltzmann machine: one point of rest, by a proximal step."""

from __future__ import annotations

import torch

from lab.core.mean_field import ProximalSweep, Sweep, free_energy, logits
from lab.engine import (
    AtLeast,
    AtMost,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Grid,
    Heat,
    Integer,
    Number,
    Plane,
    Preset,
    Quantity,
    Selector,
    Within,
    given,
    steps,
)

OPTIONS, RANK = 3, 6
CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.75**0.5))  # of the triangle of beliefs
METHODS = {"proximal": lambda c: ProximalSweep(c.alpha), "plain": lambda c: Sweep()}


def beliefs(c, corners):
    """The belief (3,) at the place (x, y) of the triangle, or where the triangle is nearest."""
    place = torch.as_tensor([c.x, c.y, 1.0], dtype=corners.dtype)
    weights = torch.linalg.solve(torch.cat([corners.mT, torch.ones_like(corners[:, :1]).mT]), place)
    weights = weights.clamp(min=0.01)
    return weights / weights.sum()


class MonotoneMeanField(Experiment):
    """Nodes choose one of three options; every dot is a start, its place the first node's belief.

    Watch the stripes: each row is a node, its colour how far it believes in the first option.
    """

    card = Card(
        title="All decide at once",
        question="Everyone avoids what the others choose, and all decide at the same moment. Will "
        "they ever agree who goes where?",
        answer="Not if each just answers the others: all rush to and fro. With a short proximal "
        "step they settle, at one point from every start.",
        why="A Boltzmann machine whose couplings are built as below has a convex mean-field "
        "problem: one solution, however strong the couplings. Updating all nodes in parallel still "
        "overshoots. A gradient step followed by the entropy's proximal map is a contraction to "
        "the same solution. Without the restriction there are many solutions.",
        papers=("monotone-deep-boltzmann-machines",),
        equations=(
            r"q = \mathrm{softmax}(\Phi q + b), \quad "
            r"\Phi = \mathrm{blkdiag}(A_i^\top A_i) - A^\top A, \quad \|A_i\|^2 = 1 - m",
            r"q \leftarrow \mathrm{prox}^\alpha\big(q - \alpha(q - \Phi q - b)\big)",
        ),
        tags=("fixed point", "mean field", "monotone operators", "inference"),
    )

    method = Selector("proximal", objects=list(METHODS), doc="update of all nodes")
    alpha = Number(0.1, bounds=(0.005, 0.9), log=True, live=True, doc="proximal step")
    m = Number(0.1, bounds=(-12.0, 0.9), doc="least eigenvalue of I - Phi")
    shared = Number(0.95, bounds=(0.0, 1.0), doc="how alike the nodes' A are")
    nodes = Integer(12, bounds=(2, 60), doc="nodes, each with three options")
    starts = Integer(40, bounds=(2, 100), doc="starts")
    x = Number(0.5, bounds=(0.0, 1.0), doc="belief that the dragged start begins with")
    y = Number(0.75, bounds=(0.0, 1.0), doc="belief that the dragged start begins with")

    arms = {name.capitalize(): {"method": name} for name in METHODS}
    presets = {
        "own": Preset("Let tastes differ, watch both methods settle", shared=0.0),
        "long": Preset("Take a longer step, watch it overshoot too", alpha=0.5),
        "free": Preset("Lift the restriction, watch starts part ways", m=-9.0, alpha=0.01),
        "crowd": Preset("Add nodes, watch the rush grow", nodes=40, alpha=0.03),
    }
    quantities = {
        "residual": Quantity("largest error of the mean-field equation", log=True, better="less"),
        "spread": Quantity("largest distance between starts", log=True, better="less"),
        "returned": Quantity("largest change over two steps", log=True),
        "factor": Quantity("largest factor of a distance in a step"),
        "bound": Quantity("bound on the factor of a proximal step"),
        "free": Quantity("free energy of the dragged start"),
        "belief": Quantity("belief in the first option", dim="node"),
        "place": Quantity("first node", dim="axis"),
    }
    views = [
        Plane(
            "place",
            "pic.crowd",
            field="pic.field",
            lines="pic.triangle",
            start=("x", "y"),
            trails=True,
            title="First node's belief",
            note="corners: sure of one option",
        ),
        Heat("belief", title="Belief in the first option", x="k", y="node"),
        Convergence("residual", log="y", title="Error of the mean-field equation"),
    ]
    dtype = "float64"
    max_steps = 2_000

    @given(by=("nodes", "m", "shared"))
    def model(c, rng, backend):
        """Phi (3 n, 3 n), b (n, 3), the ends of the spectrum of I - Phi, the triangle (3, 2)."""
        common = rng.normal("common", (RANK, OPTIONS))
        own = rng.normal("own", (c.nodes, RANK, OPTIONS))
        A = c.shared * common + (1 - c.shared**2) ** 0.5 * own
        A = A - A.mean(2, keepdim=True)  # a softmax does not see what all options share
        A = A / torch.linalg.matrix_norm(A, 2)[:, None, None] * (1 - c.m) ** 0.5
        wide = A.permute(1, 0, 2).reshape(RANK, -1)
        coupling = torch.block_diag(*(a.mT @ a for a in A)) - wide.mT @ wide
        values = torch.linalg.eigvalsh(torch.eye(len(coupling), dtype=A.dtype) - coupling)
        bias = rng.normal("bias", (c.nodes, OPTIONS))
        return {
            "coupling": coupling,
            "bias": bias,
            "low": values[0],
            "high": values[-1],
            "corners": backend.tensor(CORNERS),
        }

    def init(given, c, rng, backend):
        """Beliefs (starts, n, 3): the dragged start is the same in all nodes, the others drawn."""
        q = torch.softmax(3 * rng.normal("start", (c.starts, c.nodes, OPTIONS)), -1)
        q = torch.cat([beliefs(c, given.model["corners"]).expand_as(q[:1]), q[1:]])
        state = METHODS[c.method](c).init(q)
        one = torch.ones((), dtype=q.dtype)
        return {**state, "before": q.clone(), "returned": one, "factor": 0 * one}

    def step(state, given, c, k, rng):
        m, q = given.model, state["q"]
        after = METHODS[c.method](c).step(state, m["coupling"], m["bias"])["q"]
        far = (q[1:] - q[:1]).flatten(-2).norm(dim=-1)
        then = (after[1:] - after[:1]).flatten(-2).norm(dim=-1)
        # Below this, rounding makes the factor.
        factor = torch.where(far > 1e-9, then / far.clamp(min=1e-9), 0.0).amax(-1)
        returned = (after - state["before"]).abs().amax((-3, -2, -1))
        return {"q": after, "before": q.clone(), "returned": returned, "factor": factor}

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        m, q = given.model, state["q"]
        answer = torch.softmax(logits(q, m["coupling"], m["bias"]), -1)
        return {
            "residual": (answer - q).abs().amax((-3, -2, -1)),
            "spread": (q[1:] - q[:1]).abs().amax((-3, -2, -1)),
            "returned": state["returned"],
            "factor": state["factor"],
            "bound": ProximalSweep(c.alpha).rate(m["low"], m["high"]),
            "free": free_energy(q[0], m["coupling"], m["bias"]),
            "belief": q[0, :, 0],
            "place": q[0, 0] @ m["corners"],
        }

    def picture(state, given, c):
        """First nodes of all starts (s, 2), the triangle, and the first node's answer if all nodes
        believed alike, as arrows.
        """
        m = given.model
        corners = m["corners"]
        share = torch.linspace(0.02, 0.96, 12, dtype=corners.dtype)
        grid = torch.cartesian_prod(share, share)
        grid = torch.cat([grid, 1 - grid.sum(1, keepdim=True)], 1)
        grid = grid[grid[:, 2] > 0]
        alike = grid[:, None].expand(-1, c.nodes, -1)
        answer = torch.softmax(logits(alike, m["coupling"], m["bias"]), -1)[:, 0]
        return {
            "crowd": state["q"][1:, 0] @ corners,
            "field": torch.cat([grid @ corners, 0.15 * (answer - grid) @ corners], 1),
            "triangle": torch.cat([corners, corners.roll(-1, 0)], 1),
        }

    claims = [
        Claim(
            "one",
            "With monotone couplings the proximal step brings all starts to the same beliefs, and "
            "they solve the mean-field equation",
            source="abstract (existence and global uniqueness); the models: desk",
            runs=Grid({"m": (0.1, 0.5)}, 8, {"starts": 12}, steps(250)),
            checks=(
                Check("spread", lambda d: d.spread.max("m"), AtMost(1e-9), over="all"),
                Check("equation", lambda d: d.residual.max("m"), AtMost(1e-9), over="all"),
            ),
            control=Control({"m": -9.0}, breaks=("spread", "equation"), seeds=3),
        ),
        Claim(
            "cycle",
            "On the same models the plain update of all nodes at once never settles: it jumps "
            "between two states",
            source="desk",
            runs=Grid({"m": (0.1,)}, 8, {"method": "plain", "starts": 12}, steps(250)),
            checks=(
                Check("error", lambda d: d.residual.min("m"), AtLeast(0.5), label="error"),
                Check(
                    "returns",
                    lambda d: d.returned.max("m"),
                    AtMost(1e-3),
                    label="change over two steps",
                ),
            ),
            control=Control({"shared": 0.0}, breaks=("error",), seeds=3),
        ),
        Claim(
            "rate",
            "A proximal step brings any two beliefs nearer by max(|1 - alpha m|, |1 - alpha L|) / "
            "(1 + alpha) at least, L being the largest eigenvalue of I - Phi",
            source="linear convergence of forward-backward splitting; the constant derived",
            runs=Grid(
                {"alpha": (0.02, 0.05, 0.1, 0.2)}, 8, {"starts": 12}, steps(60), "all", ("factor",)
            ),
            checks=(
                Check(
                    "below",
                    lambda d: d.factor.max("k") / d.bound,
                    AtMost(1.0),
                    over="all",
                    label="largest factor over the bound",
                ),
                Check(
                    "near",
                    lambda d: (d.factor.max("k") / d.bound).sel(alpha=0.1),
                    Within(0.9, 1.0),
                    label="the same at alpha = 0.1",
                ),
            ),
            control=Control({"method": "plain"}, breaks=("below", "near"), seeds=3),
        ),
        Claim(
            "beyond",
            "They are still the only ones for m between -1 and 0: the entropy makes up for it",
            source="desk, derived: on the simplex the entropy is strongly convex of modulus 2",
            runs=Grid({"m": (-0.95, -0.5)}, 8, {"starts": 12}, steps(400)),
            checks=(
                Check("spread", lambda d: d.spread.max("m"), AtMost(1e-6), over="all"),
                Check("equation", lambda d: d.residual.max("m"), AtMost(1e-6), over="all"),
            ),
            control=Control({"m": -9.0}, breaks=("spread", "equation"), seeds=3),
            tier="standard",
        ),
    ]
