"""A policy and the price of its budget: optimism makes the last policy settle, not the average."""

from __future__ import annotations

import torch

from lab.core.multipliers import DualAscent
from lab.core.problems.decision import Decisions, action_values, best, occupancy
from lab.engine import (
    AtLeast,
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
    Number,
    Preset,
    Quantity,
    Selector,
    Trajectory,
    given,
    steps,
)

RANDOM = {"process": "random", "rate": 10.0, "dual": 4.0}
CALM = {"rate": 5.0, "dual": 2.0}
LONG = {"rate": 50.0, "dual": 20.0}  # beyond the window of steps where optimism settles


def farthest(d, arm):
    """The largest distance of a method in the second half of a run."""
    late = d.distance.sel(arm=arm)
    return late.where(late.k > late.k.max() / 2).max("k")


def swing(series):
    """Largest less least value in the second half of a run."""
    late = series.where(series.k > series.k.max() / 2)
    return late.max("k") - late.min("k")


def two_states(backend):
    """Work earns 1 and costs 1; rest leads to a state from which half the time one comes back.

    There the second action is the same, only dearer: so the best occupancy is unique.
    """
    stay, away, back = [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]
    return {
        "moves": backend.tensor([[stay, away], [back, back]]),
        "reward": backend.tensor([[1.0, 0.0], [0.0, 0.0]]),
        "cost": backend.tensor([[1.0, 0.0], [0.0, 0.5]]),
        "first": backend.tensor([1.0, 0.0]),
        "discount": backend.tensor(0.9),
    }


def drawn(p, policy):
    """The share of the drawn action in the drawn state, where the best policy mixes."""
    return policy[p["state"], p["action"]]


def mixed(p, share):
    """The best policy with another share of the drawn action."""
    row = p["policy"][p["state"]]
    chosen = torch.nn.functional.one_hot(p["action"], len(row)).to(row)
    rest = row * (1 - chosen)
    row = share * chosen + (1 - share) * rest / rest.sum()
    here = torch.nn.functional.one_hot(p["state"], len(p["policy"])).to(row)[:, None]
    return p["policy"] * (1 - here) + row * here


def pull(p, policy, d, price):
    """What moves logits (states, actions) and price (1,): action values and violation."""
    q = action_values(p, policy, p["reward"] - price[0] * p["cost"])
    return q, ((d * p["cost"]).sum() - p["budget"])[None]


class OptimisticConstrainedMdp(Experiment):
    """A policy earns, a price rises while the policy spends too much. Watch the two turn around
    the answer of the linear programme, and who comes in.
    """

    card = Card(
        title="A policy on a budget",
        question="A learner overspends, is charged more, stops earning, is charged less. How does "
        "it ever settle?",
        answer="By optimism: with twice the newest gradient less the one before, the last policy "
        "goes to the best one; without, it turns for ever and only its average is right.",
        why="Policy and price play against each other. The price answers what the policy did, the "
        "policy answers what the price was, so both run late and circle. Optimism guesses the next "
        "gradient and arrives in time. An average of policies is no policy that one can hand over.",
        papers=("reload-reinforcement-learning-optimistic-ascent-descent-last",),
        equations=(
            r"\theta \leftarrow \theta + \eta\,(2 q_k - q_{k-1}), \quad \pi = "
            r"\mathrm{softmax}\,\theta",
            r"\mu \leftarrow \max(0,\; \mu + \epsilon\,(2 g_k - g_{k-1})), \quad g = "
            r"\langle c, d_\pi\rangle - b",
        ),
        tags=("games", "reinforcement learning", "constraints", "last iterate"),
    )

    optimistic = Boolean(True, live=True, doc="twice the newest gradient less the one before")
    rate = Number(1.0, bounds=(0.01, 50.0), log=True, live=True, doc="step of the policy")
    dual = Number(0.4, bounds=(0.01, 20.0), log=True, live=True, doc="step of the price")
    process = Selector("two states", objects=["two states", "random"], doc="what is decided on")
    budget = Number(0.5, bounds=(0.05, 0.95), doc="between the cheapest and the freest policy")
    x = Number(0.9, bounds=(0.01, 0.99), doc="start: share of the drawn action")
    y = Number(0.4, bounds=(0.0, 3.0), doc="start: price of the budget")

    arms = {"Optimistic": {"optimistic": True}, "Plain": {"optimistic": False}}
    presets = {
        "plain": Preset("Take optimism out, watch it circle", optimistic=False),
        "random": Preset(
            "Draw a process, watch both methods", process="random", rate=5.0, dual=2.0
        ),
        "long": Preset("Step too far, watch optimism circle too", rate=5.0, dual=2.0),
        "tight": Preset("Tighten the budget, watch the price", budget=0.1),
    }
    quantities = {
        "distance": Quantity("distance of the occupancy to the best", log=True, better="less"),
        "averaged": Quantity("distance of the averaged one", log=True, better="less"),
        "cost": Quantity("mean cost"),
        "budget": Quantity("budget"),
        "reward": Quantity("mean reward"),
        "most": Quantity("the programme's reward", short="linear programme"),
        "earned": Quantity("reward of the averaged occupancy over the programme's"),
        "used": Quantity("cost of the averaged occupancy over the budget"),
        "multiplier": Quantity("price"),
        "place": Quantity("share of the action, and price", dim="player"),
        "mean": Quantity("their average", dim="player"),
    }
    views = [
        Trajectory(
            "place",
            "mean",
            field="pic.field",
            target="pic.programme",
            start=("x", "y"),
            equal=False,
            title="Policy and price",
            note="share of the action across, price up",
        ),
        Curves("cost", "budget", log="x", roles={"budget": "bound"}, title="Spent"),
        Convergence("distance", log="y", fit=False, title="Distance to the best"),
    ]
    dtype = "float64"

    @given(by=("process", "budget"))
    def problem(c, rng, backend):
        """The process, the programme's answer, and where its policy mixes."""
        p = two_states(backend) if c.process == "two states" else Decisions().make(rng, backend)
        free, least = best(p), best({**p, "reward": -p["cost"]})
        low, high = (float((a.occupancy * p["cost"]).sum()) for a in (least, free))
        budget = low + c.budget * (high - low)
        answer = best(p, budget)
        state = int(answer.policy.amax(-1).argmin())
        return {
            **p,
            "budget": backend.tensor(budget),
            "occupancy": answer.occupancy,
            "policy": answer.policy,
            "price": backend.tensor(answer.price),
            "most": backend.tensor(answer.reward),
            "state": torch.tensor(state),
            "action": answer.policy[state].argmax(),
        }

    @given(by=())
    def field(c, rng, backend, problem):
        """Pulls at shares and prices when both rates are 1: share, price, both pulls (121, 4)."""
        p = problem
        prices = torch.linspace(0, max(2.0, 2 * float(p["price"])), 11, dtype=p["price"].dtype)
        grid = torch.cartesian_prod(torch.linspace(0.02, 0.98, 11, dtype=prices.dtype), prices)

        def at(point):
            policy = mixed(p, point[0])
            q, g = pull(p, policy, occupancy(p, policy), point[1:])
            values, row = q[p["state"]], policy[p["state"]]
            turn = row[p["action"]] * (values[p["action"]] - (row * values).sum())
            return torch.stack([turn, g[0]])

        return torch.cat([grid, torch.vmap(at)(grid)], 1)

    def init(given, c, rng, backend):
        p = given.problem
        logits = torch.zeros_like(p["policy"])
        share = torch.as_tensor(c.x, dtype=logits.dtype)
        others = logits.shape[1] - 1
        logits[p["state"], p["action"]] = torch.log(others * share / (1 - share))
        price = torch.as_tensor(c.y, dtype=logits.dtype)[None]
        return {
            "logits": logits,
            "seen": torch.zeros_like(logits),
            "price": DualAscent().init(price),
            "now": (now := occupancy(p, logits.softmax(-1))),
            "mean": now.clone(),
            "mean_price": price.clone(),
        }

    def step(state, given, c, k, rng):
        p, logits, price = given.problem, state["logits"], state["price"]["multiplier"]
        q, g = pull(p, logits.softmax(-1), state["now"], price)
        ahead = 2 * q - state["seen"] if c.optimistic and k > 0 else q
        logits = logits + c.rate * ahead
        logits = logits - logits.mean(-1, keepdim=True)
        dual = DualAscent(c.dual, c.optimistic).step(state["price"], lambda m: g, k)
        now, weight = occupancy(p, logits.softmax(-1)), 1 / (k + 2)
        return {
            "logits": logits,
            "seen": q,
            "price": dual,
            "now": now,
            "mean": torch.lerp(state["mean"], now, weight),
            "mean_price": torch.lerp(state["mean_price"], dual["multiplier"], weight),
        }

    def noise(c):
        """A step draws nothing."""
        return {}

    def observe(state, given, c):
        p, d, mean = given.problem, state["now"], state["mean"]
        price = state["price"]["multiplier"][0]
        policy, average = (v / v.sum(-1, keepdim=True) for v in (d, mean))
        return {
            "distance": (d - p["occupancy"]).abs().sum(),
            "averaged": (mean - p["occupancy"]).abs().sum(),
            "cost": (d * p["cost"]).sum(),
            "budget": p["budget"],
            "reward": (d * p["reward"]).sum(),
            "most": p["most"],
            "earned": (mean * p["reward"]).sum() / p["most"],
            "used": (mean * p["cost"]).sum() / p["budget"],
            "multiplier": price,
            "place": torch.stack([drawn(p, policy), price]),
            "mean": torch.stack([drawn(p, average), state["mean_price"][0]]),
        }

    def picture(state, given, c):
        """Where the pair is pulled with the rest of the policy at its best (m, 4); the answer."""
        p, (grid, v) = given.problem, given.field.split(2, 1)
        v = v * torch.stack([torch.as_tensor(r, dtype=v.dtype) for r in (c.rate, c.dual)])
        span = grid.amax(0)
        size = (v / span).norm(dim=1).max()
        return {
            "field": torch.cat([grid, 0.1 * v / size], 1),
            "programme": torch.stack([drawn(p, p["policy"]), p["price"]])[None],
        }

    claims = [
        Claim(
            "plane",
            "Between two states the last policy of optimism comes to the programme's, the plain "
            "one keeps turning",
            source="abstract; the process: desk",
            runs=Grid({"arm": "all"}, 1, {}, steps(600), "log", ("distance",)),
            checks=(
                Check(
                    "optimistic",
                    lambda d: d.distance.sel(arm="Optimistic", k=600),
                    AtMost(1e-2),
                    label="distance to the programme",
                ),
                Check(
                    "lead",
                    lambda d: farthest(d, "Plain") / farthest(d, "Optimistic"),
                    AtLeast(10),
                    label="late distance of plain over optimistic",
                ),
            ),
            control=Control(LONG, breaks=("optimistic", "lead")),
        ),
        Claim(
            "last",
            "In the median of random processes the last policy of optimism reaches the "
            "programme's while the plain one keeps turning",
            source="abstract; the processes: desk",
            runs=Grid({"arm": "all"}, 17, RANDOM, steps(3_000), "log", ("distance", "multiplier")),
            checks=(
                Check(
                    "optimistic",
                    lambda d: d.distance.sel(arm="Optimistic", k=3_000),
                    AtMost(1e-3),
                    over="median",
                    label="distance to the programme",
                ),
                Check(
                    "lead",
                    lambda d: farthest(d, "Plain") / farthest(d, "Optimistic"),
                    AtLeast(10),
                    over="median",
                    label="late distance of plain over optimistic",
                ),
                Check(
                    "plain",
                    lambda d: swing(d.multiplier.sel(arm="Plain")),
                    AtLeast(0.3),
                    over="median",
                    main=False,
                    label="late swing of the price",
                ),
            ),
            control=Control(LONG, breaks=("optimistic", "lead"), seeds=9),
            tier="standard",
        ),
        Claim(
            "average",
            "In the median process the averaged occupancies of both earn what the programme earns, "
            "within 1 %, at its cost, within 2 %",
            source="abstract, on average; the figures: desk",
            runs=Grid({"arm": "all"}, 16, {**RANDOM, **CALM}, steps(3_000)),
            checks=(
                Check(
                    "reward",
                    lambda d: abs(d.earned - 1).max("arm"),
                    AtMost(0.01),
                    over="median",
                    main=False,
                    label="off the programme's reward",
                ),
                Check(
                    "cost",
                    lambda d: abs(d.used - 1).max("arm"),
                    AtMost(0.02),
                    over="median",
                    label="off the budget",
                ),
            ),
            control=Control(LONG, breaks=("cost",), seeds=9),
            tier="standard",
        ),
    ]
