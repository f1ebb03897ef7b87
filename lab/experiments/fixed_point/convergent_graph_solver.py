"""A network whose layer is a learned contraction, iterated to its fixed point on any graph."""

from __future__ import annotations

import torch

from lab.core.affine import fixed_point, iterate, sweeps_to
from lab.core.optim import AdamW
from lab.core.problems.walks import matrix, walks
from lab.engine import (
    AtLeast,
    AtMost,
    Boolean,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Graph,
    Grid,
    Integer,
    Number,
    Plane,
    Preset,
    Profile,
    Quantity,
    Selector,
    given,
    steps,
)

KINDS = ("fixed point", "3 sweeps", "3 layers")
BATCH = 8  # graphs in a step of the training
HIDDEN, HEADS, WIDTH = 16, 2, 16
APART = 40  # sweeps in the picture of two starts


def attention(w, roads, to, normalised=True):
    """A for each head and graph: softmax over the neighbours, (h, g, n, n); rows sum to 1."""
    score = (torch.tanh(roads @ w["in"] + w["bias"]) @ w["out"]).movedim(-1, 0)
    return matrix(torch.softmax(score, -1) if normalised else torch.exp(score), to)


def layer(w, graph, c):
    """A and B of the map X -> gamma A X + B of a graph: (h, g, n, n), (h, g, n, 1)."""
    A = attention(w, graph["roads"], graph["to"], c.normalised)
    return A, (w["push"][:, None, None] * graph["reward"])[..., None]


def predict(w, graph, c):
    """Values of all nodes, (g, n), with gradients to the weights."""
    if c.kind == "3 layers":
        h = graph["reward"][..., None] * w["first"]
        A = attention(w, graph["roads"], graph["to"])
        for i in range(3):
            h = torch.tanh(h @ w["self"][i] + A[i] @ h @ w["other"][i])
        return h @ w["read"]
    A, B = layer(w, graph, c)
    if c.kind == "3 sweeps":
        x = iterate(A, B, c.gamma, 3)
    else:
        x = fixed_point(A, B, c.gamma, c.tolerance)
    return read(w, x)


def read(w, x):
    """Values (g, n) from the heads' (h, g, n, 1)."""
    return torch.einsum("h,hgn->gn", w["read"], x[..., 0])


def relative(found, value):
    """Mean squared error in units of the mean square."""
    return (found - value).square().mean() / value.square().mean()


def of(arm):
    """Error of an arm on new graphs."""
    return lambda d: d.error.sel(arm=arm)


class ConvergentGraphSolver(Experiment):
    """What a walker collects on a map, learned from other maps. Watch the points find the line.

    The network learns only how a place depends on its neighbours; the rest is iteration.
    """

    card = Card(
        title="Convergent graph solvers",
        question="Every node's value depends on all the others. What must a network learn to "
        "predict them?",
        answer="One contraction from neighbours to a node. Iterated to its fixed point it reaches "
        "as far as it must; three layers see three steps.",
        why="The learned map is X ↦ γAX + B with the rows of A summing to 1, so each sweep shrinks "
        "the largest difference of any two starts by γ or more: there is one fixed point on every "
        "graph, whatever was learned. Its gradient is one more linear system, solved by the same "
        "sweeps; no iterate is kept.",
        papers=("convergent-graph-solvers",),
        equations=(
            r"X^* = \gamma A_\theta(G)\,X^* + B_\theta(G), \quad \|A_\theta\|_\infty = 1",
            r"w = g + \gamma A_\theta^\top w",
        ),
        tags=("fixed point", "graphs", "implicit differentiation", "contraction"),
    )

    kind = Selector("fixed point", objects=list(KINDS), doc="how far the network iterates")
    gamma = Number(0.9, bounds=(0.1, 0.99), doc="contraction factor of the network")
    discount = Number(0.9, bounds=(0.1, 0.99), doc="what a reward one step on is worth")
    normalised = Boolean(True, doc="rows of A sum to 1; else they may exceed it")
    tolerance = Number(1e-4, bounds=(1e-8, 0.1), log=True, doc="of the fixed point")
    nodes = Integer(24, bounds=(8, 60), doc="nodes of a graph")
    graphs = Integer(32, bounds=(8, 100), doc="graphs to learn from")
    unroll = Boolean(False, doc="compare the gradient with that of unrolling, which is slow")
    rate = Number(0.02, bounds=(1e-4, 0.1), log=True, live=True, doc="rate of Adam")

    arms = {"Fixed point": {"kind": "fixed point"}, "3 sweeps": {"kind": "3 sweeps"},
            "3 layers": {"kind": "3 layers"}}  # fmt: skip
    presets = {
        "layers": Preset("Take three layers, watch the cloud stay", kind="3 layers"),
        "short": Preset("Stop after three sweeps, watch it level off", kind="3 sweeps"),
        "near": Preset("Shorten the horizon, watch layers suffice", discount=0.3, gamma=0.3),
        "gamma": Preset("Contract too much, watch it misjudge", gamma=0.8),
    }
    quantities = {
        "error": Quantity("relative squared error on new graphs", log=True, better="less"),
        "loss": Quantity("relative squared error in training", log=True, better="less"),
        "ratio": Quantity("largest factor of a sweep on the difference of two starts"),
        "excess": Quantity("that factor less γ"),
        "gradient": Quantity("implicit gradient against unrolling, relative", log=True),
    }
    views = [
        Plane(
            "pic.pairs",
            lines="pic.diagonal",
            title="Predicted and exact",
            note="exact across, predicted up",
        ),
        Convergence("error", log="y", title="Error on new graphs"),
        Graph("pic.places", "pic.predicted", edges="pic.roads", title="Predicted values"),
        Profile(
            "pic.apart",
            "pic.bound",
            roles={"pic.bound": "bound"},
            log="y",
            title="Two starts",
            note="their difference by sweep",
        ),
    ]
    dtype = "float64"
    max_steps = 5_000

    @given(by=("nodes", "graphs", "discount"))
    def data(c, rng, backend):
        """Graphs to learn from, and new ones."""
        return {
            name: walks(graphs, c.nodes, c.discount, rng.generator(name), backend)
            for name, graphs in (("train", c.graphs), ("new", 16))
        }

    def init(given, c, rng, backend):
        heads = 3 if c.kind == "3 layers" else HEADS
        shapes = {"in": (2, HIDDEN), "bias": (HIDDEN,), "out": (HIDDEN, heads)}
        if c.kind == "3 layers":
            square = (3, WIDTH, WIDTH)
            shapes |= {"first": (WIDTH,), "self": square, "other": square, "read": (WIDTH,)}
        else:
            shapes |= {"push": (heads,), "read": (heads,)}
        w = {
            name: rng.normal(name, shape) / (shape[-2] if len(shape) > 1 else 2) ** 0.5
            for name, shape in shapes.items()
        }
        return {"w": w, "memory": AdamW.init(w), "loss": torch.tensor(1.0)}

    def step(state, given, c, k, rng):
        picks = rng.choice("batch", c.graphs, BATCH)
        some = {name: value[picks] for name, value in given.data["train"].items()}
        w = {name: value.clone().requires_grad_() for name, value in state["w"].items()}
        loss = relative(predict(w, some, c), some["value"])
        slopes = dict(zip(w, torch.autograd.grad(loss, list(w.values()))))
        moved, memory = AdamW(c.rate, decay=0.0).step(state["w"], slopes, state["memory"], k)
        return {"w": moved, "memory": memory, "loss": loss.detach()}

    def observe(state, given, c):
        return {"loss": state["loss"]}

    def apart(state, given, c):
        """Largest difference of two random starts on new graphs by sweep, (APART + 1,)."""
        if c.kind == "3 layers":
            return torch.zeros(APART + 1)
        A, B = layer(state["w"], given.data["new"], c)
        x, y = torch.randn((2, *B.shape), dtype=B.dtype, generator=torch.Generator().manual_seed(0))
        found = [(x - y).abs().amax()]
        for _ in range(APART):
            x, y = (torch.add(B, A @ z, alpha=c.gamma) for z in (x, y))
            found.append((x - y).abs().amax())
        return torch.stack(found)

    def unrolled(state, given, c):
        """Relative difference of the implicit gradient to that of all sweeps, on four graphs."""
        few = {name: value[:4] for name, value in given.data["new"].items()}
        w = {name: value.clone().requires_grad_() for name, value in state["w"].items()}
        A, B = layer(w, few, c)
        found = []
        for x in (
            fixed_point(A, B, c.gamma, c.tolerance),
            iterate(A, B, c.gamma, sweeps_to(c.gamma, 1e-8)),
        ):
            loss = relative(read(w, x), few["value"])
            slopes = torch.autograd.grad(loss, list(w.values()), retain_graph=True)
            found.append(torch.cat([slope.flatten() for slope in slopes]))
        implicit, full = found
        return (implicit - full).norm() / full.norm()

    def assess(state, given, c):
        new = given.data["new"]
        apart = ConvergentGraphSolver.apart(state, given, c)
        # Far above rounding: what is left of the difference is taken while it is there.
        seen = torch.where(apart[1:] > 1e-3 * apart[0], apart[1:] / apart[:-1], 0.0)
        found = {
            "error": relative(predict(state["w"], new, c), new["value"]),
            "ratio": seen.amax(),
            "excess": seen.amax() - c.gamma,
            "gradient": torch.zeros(()),
        }
        if c.unroll and c.kind == "fixed point":
            with torch.enable_grad():
                found["gradient"] = ConvergentGraphSolver.unrolled(state, given, c)
        return found

    def picture(state, given, c):
        """Exact and predicted values of new graphs (m, 2), one graph, and two starts by sweep."""
        new = given.data["new"]
        found = predict(state["w"], new, c)
        most = float(new["value"].abs().amax())
        origins = torch.arange(len(new["to"][0]))[:, None].expand_as(new["to"][0])
        apart = ConvergentGraphSolver.apart(state, given, c)
        return {
            "pairs": torch.stack([new["value"][:6].flatten(), found[:6].flatten()], 1),
            "diagonal": torch.tensor([[-most, -most, most, most]]),
            "places": new["places"][0],
            "predicted": found[0],
            "roads": torch.stack([origins, new["to"][0]], -1).reshape(-1, 2),
            "apart": apart,
            "bound": apart[0] * c.gamma ** torch.arange(APART + 1),
        }

    claims = [
        Claim(
            "contraction",
            "Whatever the weights, a sweep shrinks the largest difference of two starts by γ or "
            "more, on every graph",
            source="abstract, Banach's theorem",
            runs=Grid({"gamma": (0.5, 0.9, 0.99)}, 8, {"kind": "3 sweeps"}, steps(2)),
            checks=(Check("factor", lambda d: d.excess, AtMost(1e-9), over="all", label="less γ"),),
            control=Control({"normalised": False}, breaks=("factor",), seeds=3),
        ),
        Claim(
            "gradient",
            "The gradient from the adjoint equation is that of unrolling all sweeps to 10⁻⁵",
            source="abstract; the number: desk",
            runs=Grid({"gamma": (0.5, 0.9)}, 4, {"tolerance": 1e-7, "unroll": True}, steps(4)),
            checks=(
                Check("same", lambda d: d.gradient, AtMost(1e-5), over="all", label="difference"),
            ),
            control=Control({"tolerance": 0.01}, breaks=("same",), seeds=2),
        ),
        Claim(
            "exact",
            "With the system's own γ it learns from 32 graphs to err by less than 2 % of the mean "
            "square on new ones, in 300 steps",
            source="abstract; the numbers: desk",
            runs=Grid({"arm": ("Fixed point",)}, 6, stop=steps(300)),
            checks=(Check("new", of("Fixed point"), AtMost(0.02), label="error"),),
            # A wrong contraction factor cannot be learned away.
            control=Control({"gamma": 0.8}, breaks=("new",), seeds=3),
            tier="standard",
        ),
        Claim(
            "reach",
            "Three layers, and the same map stopped after three sweeps, still err by more than "
            "10 % then: they see three steps far",
            source="abstract, ahead of layers; the numbers: desk",
            runs=Grid({"arm": ("3 layers", "3 sweeps")}, 6, stop=steps(300)),
            checks=(
                Check("layers", of("3 layers"), AtLeast(0.1), label="error"),
                Check("sweeps", of("3 sweeps"), AtLeast(0.1), label="error"),
            ),
            control=Control({"discount": 0.2, "gamma": 0.2}, breaks=("layers", "sweeps"), seeds=3),
            tier="standard",
        ),
    ]
