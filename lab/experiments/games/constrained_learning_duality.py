"""Fair decisions by prices: the last answer breaks the rule, the less the richer its class."""

from __future__ import annotations

import torch

from lab.core.metrics import slope
from lab.core.multipliers import DualAscent
from lab.engine import (
    AtMost,
    Boolean,
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Curves,
    Experiment,
    Grid,
    Integer,
    Number,
    Plane,
    Preset,
    Quantity,
    Within,
    given,
    steps,
)

RECENT = 50  # iterates that count as the last ones
LEVELS = (1, 2, 4, 8, 16, 32, 64)


def answer(problem, c, price):
    """The decisions (..., people) of least loss + price times violation, at a price (..., 1).

    Without the class they are a - price n w, with it the nearest level to that: the Lagrangian is
    a sum over people, and each is a parabola.
    """
    wished = problem["target"] - price * problem["weight"] * problem["target"].shape[-1]
    return wished if c.convex else torch.round(wished * c.levels) / c.levels


def violation(problem, decision):
    """Mean decision of the one half less that of the other, less what is allowed, (..., 1)."""
    return decision @ problem["weight"][:, None] - problem["allowed"]


def dual_value(problem, decision, price):
    """Loss plus price times violation, shape ()."""
    loss = (decision - problem["target"]).square().mean() / 2
    return loss + price[0] * violation(problem, decision)[0]


class ConstrainedLearningDuality(Experiment):
    """Decisions on two halves of the people must be alike on average. Watch the price climb the
    stairs until it hops around the step that crosses zero; then make the steps finer.
    """

    card = Card(
        title="The last answer of dual learning",
        question="A price is raised while a rule is broken. Does the answer to the right price "
        "keep the rule?",
        answer="Not quite: a class with few answers jumps over the rule. The jump shrinks as the "
        "class grows richer; an average of answers keeps the rule at any size.",
        why="Answers that minimise loss plus price move in jumps when they come from a class that "
        "is not convex. At the best price two answers tie, one on either side of the rule, and the "
        "price hops between them. A rich class nearly fills the convex one, so its jumps are "
        "small. In a convex class there are none.",
        papers=("near-optimal-solutions-constrained-learning-problems",),
        equations=(
            r"\theta_k = \arg\min_{\theta \in \Theta}\; f(\theta) + \mu_k\, g(\theta)",
            r"\mu_{k+1} = \max(0,\; \mu_k + \eta\, g(\theta_k))",
        ),
        tags=("constraints", "duality", "fairness", "nonconvex"),
    )

    levels = Integer(4, bounds=(1, 256), doc="levels per unit that a decision may take")
    convex = Boolean(False, doc="any number may be decided")
    rate = Number(0.05, bounds=(1e-4, 0.4), log=True, live=True, doc="step of the price")
    people = Integer(10, bounds=(4, 200), doc="people, in two halves (an even number)")
    allowed = Number(0.05, bounds=(0.0, 0.15), doc="difference of the halves' means that may stay")
    price = Number(0.0, bounds=(0.0, 0.3), doc="start of the price")

    arms = {
        "2 levels": {"levels": 2},
        "16 levels": {"levels": 16},
        "Convex": {"convex": True},
    }
    presets = {
        "poor": Preset("Allow yes and no only, watch it jump", levels=1),
        "rich": Preset("Allow sixty-four levels, watch the jump shrink", levels=64),
        "convex": Preset("Allow every number, watch it settle", convex=True),
        "many": Preset("Decide on many people, watch finer stairs", people=100),
        "hasty": Preset("Take long price steps, watch several stairs", rate=0.4),
    }
    quantities = {
        "worst": Quantity(
            "largest violation of the last 50 answers", log=True, better="less", short="largest"
        ),
        "violation": Quantity("violation of the newest answer", short="newest"),
        "averaged": Quantity("violation of the average of all answers", short="average"),
        "pair": Quantity("newest", dim="part"),
        "mean": Quantity("average", dim="part"),
        "broken": Quantity("share of the last 50 answers that break the rule"),
        "duality": Quantity(
            "distance of the dual value to the convex optimum", log=True, better="less"
        ),
    }
    views = [
        Plane(
            "pair",
            "mean",
            lines="pic.stairs",
            target="pic.optimum",
            equal=False,
            title="Price and violation",
            note="stairs: the class; line: every number",
        ),
        Curves("violation", log="x", title="Violation of the newest answer"),
        Convergence("worst", fit=False, title="Largest of the last 50"),
    ]
    dtype = "float64"

    @given(by=("people", "allowed"))
    def problem(c, rng, backend):
        """What each half asks for, the rule's weights, and the convex answer in closed form."""
        half = c.people // 2
        drawn = 0.3 * rng.uniform("targets", (2, half)) - 0.15
        target = (drawn + backend.tensor([[0.75], [0.25]])).flatten()
        # Equal weights would let a coarse class meet the rule to the last digit.
        count = 0.5 + rng.uniform("weights", (2, half))
        sign = backend.tensor([[1.0], [-1.0]])
        weight = (sign * count / count.sum(1, keepdim=True)).flatten()
        # Decisions a - mu n w differ by what is asked less mu n |w|^2.
        stiffness = len(target) * weight.square().sum()
        price = (weight @ target - c.allowed) / stiffness
        return {
            "target": target,
            "weight": weight,
            "allowed": backend.tensor(float(c.allowed)),
            "price": price,
            "optimum": stiffness * price.square() / 2,
        }

    def init(given, c, rng, backend):
        price = torch.as_tensor(c.price, dtype=given.problem["target"].dtype)[None]
        decision = answer(given.problem, c, price)
        g = violation(given.problem, decision)
        return {
            "price": DualAscent().init(price),
            "decision": decision,
            "mean": decision.clone(),
            "mean_price": price.clone(),
            "recent": g.repeat(RECENT),
        }

    def step(state, given, c, k, rng):
        p = given.problem
        g = violation(p, state["decision"])
        dual = DualAscent(c.rate).step(state["price"], lambda price: g, k)
        decision = answer(p, c, dual["multiplier"])
        return {
            "price": dual,
            "decision": decision,
            "mean": torch.lerp(state["mean"], decision, 1 / (k + 2)),
            "mean_price": torch.lerp(state["mean_price"], dual["multiplier"], 1 / (k + 2)),
            "recent": torch.cat([state["recent"][1:], violation(p, decision)]),
        }

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        p, price = given.problem, state["price"]["multiplier"]
        g, averaged = (violation(p, state[name])[0] for name in ("decision", "mean"))
        return {
            "worst": state["recent"].max().clamp(min=0),
            "violation": g,
            "averaged": averaged,
            "pair": torch.stack([price[0], g]),
            "mean": torch.stack([state["mean_price"][0], averaged]),
            "broken": (state["recent"] > 1e-12).to(g.dtype).mean(),
            "duality": (dual_value(p, state["decision"], price) - p["optimum"]).abs(),
        }

    def picture(state, given, c):
        """Violation at every price, in the class and in the convex one, as segments (400, 4)."""
        p = given.problem
        prices = torch.linspace(0, 2 * float(p["price"]), 400, dtype=p["price"].dtype)[:, None]
        curve = torch.cat([prices, violation(p, answer(p, c, prices))], 1)
        free = p["target"] - prices[[0, -1]] * p["weight"] * len(p["target"])
        line = torch.cat([prices[[0, -1]], violation(p, free)], 1)
        return {
            "stairs": torch.cat([torch.cat([curve[:-1], curve[1:]], 1), line.reshape(1, 4)]),
            "optimum": torch.stack([p["price"], torch.zeros_like(p["price"])])[None],
        }

    claims = [
        Claim(
            "rich",
            "The largest violation of the last answers shrinks as the class grows richer, like one "
            "over its levels",
            source="abstract, that richness mitigates it; the class and the power: desk",
            runs=Grid({"levels": LEVELS}, 16, {"people": 20}, steps(600)),
            checks=(
                Check(
                    "power",
                    lambda d: slope(d.worst.mean("seed"), d.levels, "levels"),
                    Within(-1.2, -0.8),
                    over="pooled",
                    label="power of the levels in the mean over seeds",
                ),
            ),
            control=Control({"rate": 1e-4}, breaks=("power",), seeds=6),
            tier="standard",
        ),
        Claim(
            "value",
            "The dual value comes to the convex optimum, like one over the levels squared",
            source="abstract, that the value converges; the power: desk, closed form",
            runs=Grid({"levels": LEVELS}, 8, {"people": 20}, steps(600)),
            checks=(
                Check(
                    "power",
                    lambda d: slope(d.duality, d.levels, "levels"),
                    Within(-2.3, -1.7),
                    label="power of the levels",
                ),
            ),
            control=Control({"rate": 1e-4}, breaks=("power",), seeds=6),
            tier="standard",
        ),
        Claim(
            "average",
            "The average of all answers keeps the rule up to a thousandth; single ones, however "
            "rich the class, break it again and again",
            source="abstract; the figures: desk",
            runs=Grid({"levels": (2, 64)}, 8, {"rate": 0.2}, steps(1_000)),
            checks=(
                Check(
                    "average",
                    lambda d: d.averaged.max("levels"),
                    AtMost(1e-3),
                    label="violation of the average",
                ),
                Check(
                    "single",
                    lambda d: d.broken.mean("levels"),
                    Within(0.1, 0.9),
                    label="share of single answers that break it",
                ),
            ),
            control=Control({"rate": 1e-4}, breaks=("average", "single"), seeds=6),
        ),
        Claim(
            "convex",
            "In a convex class the last answer keeps the rule, whatever the number of people",
            source="desk, closed form",
            runs=Grid({"people": (4, 20, 100)}, 8, {"convex": True}, steps(300)),
            checks=(
                Check(
                    "last",
                    lambda d: d.worst.max("people"),
                    AtMost(1e-9),
                    label="largest violation",
                ),
            ),
            control=Control({"convex": False}, breaks=("last",), seeds=6),
        ),
    ]
