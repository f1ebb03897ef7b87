"""Strengths of players from their games: Zermelo's iteration and Newman's, to the same place."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components

from lab.core.metrics import slope
from lab.core.rankings import Strengths, loglikelihood, maximum
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
    Grid,
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

BOTH = ("Zermelo", "Newman")
DRAWS = 100  # of a tournament, until no group of players wins all its games against the rest
CLOSE = "distance < 1e-6 or k >= 4000"


def chance(c, rng):
    """A tournament at random: wins (n, n) and the strengths they were drawn from."""
    n, drawn = c.players, rng.generator("tournament")
    s = c.spread * np.linspace(-1, 1, n) * 3**0.5
    if c.kind == "ladder":
        s = drawn.permutation(s)  # neighbours on the ladder are not neighbours in strength
    s = s + 0.3 * c.spread * drawn.standard_normal(n)
    meet = np.eye(n, k=1) if c.kind == "ladder" else np.triu(np.ones((n, n)), 1)
    if c.kind == "champion":
        s = np.zeros(n)
    won = meet * drawn.binomial(c.games, 1 / (1 + np.exp(s - s[:, None])))
    wins = won + (c.games * meet - won).T
    if c.kind == "champion":
        wins[-1], wins[:, -1] = c.games, 0
        wins[-1, -1], wins[-1, 0], wins[0, -1] = 0, c.games - 1, 1
    return wins, s


def sweeps(d):
    """Sweeps of Zermelo's iteration for each of Newman's."""
    return d.steps.sel(arm="Zermelo") / d.steps.sel(arm="Newman")


def factor(arm):
    """A check of the factor of the error in a sweep, late in the run, over the predicted one."""

    def measure(d):
        distance = d.distance.sel(arm=arm)
        late = (distance > 1e-12) & (distance < 1e-3)
        fallen = np.exp(np.log(distance).where(late).diff("k").mean("k"))
        return (fallen / d[arm.lower()].sel(arm=arm)).mean("spread")

    return Check(arm.lower(), measure, Within(0.95, 1.05), label="factor over its closed form")


class PairwiseRankings(Experiment):
    """Each dot is a player. Watch the dots climb to the diagonal, where the strengths explain the
    games best: at once, or slowly and the strongest last.
    """

    card = Card(
        title="Who is strongest?",
        question="Only games between pairs are known. How strong is each player?",
        answer="A rule of 1929 creeps there; a twin of it gets to the same place, over a hundred "
        "times sooner if someone nearly always wins.",
        why="Both rules set one player's strength from the others' and go round. Zermelo corrects "
        "by the surprise over all wins; a champion has hundreds, so moves little. Newman divides "
        "by the wins that were not expected, which is nearly the curvature: Newton's step, "
        "player by player. On a ladder news must walk from rung to rung, and both are slow.",
        papers=("efficient-computation-rankings-pairwise-comparisons",),
        equations=(
            r"p_{ij} = \pi_i / (\pi_i + \pi_j)",
            r"\pi_i \leftarrow \frac{\sum_j w_{ij}\,(a\,\pi_i + \pi_j)/(\pi_i + \pi_j)}"
            r"{\sum_j (a\,w_{ij} + w_{ji})/(\pi_i + \pi_j)},\quad a = 0 \text{ or } 1",
        ),
        tags=("fixed point", "maximum likelihood", "rankings", "Gauss-Seidel"),
    )

    share = Number(
        0.0, bounds=(0.0, 1.0), live=True, doc="a: 0 is Newman's iteration, 1 is Zermelo's"
    )
    at_once = Boolean(False, live=True, doc="all players move at once, not one after the other")
    kind = Selector(
        "league",
        objects=("league", "ladder", "champion"),
        doc="all meet, or neighbours only; a champion loses one game, all others are equal",
    )
    players = Integer(20, bounds=(2, 40), doc="players")
    games = Integer(100, bounds=(2, 1000), doc="games of each pair that meets")
    spread = Number(2.0, bounds=(0.0, 3.0), doc="standard deviation of the true strengths")

    arms = {"Zermelo": {"share": 1.0}, "Newman": {"share": 0.0}}
    presets = {
        "zermelo": Preset("Take Zermelo's rule, watch the strongest lag", share=1.0),
        "champion": Preset(
            "Let one lose once, watch it crawl", kind="champion", share=1.0, games=20
        ),
        "ladder": Preset("Let only neighbours meet, watch both crawl", kind="ladder"),
        "pair": Preset("Take two players, watch one sweep suffice", players=2),
        "swap": Preset("Move all at once, watch them swap", kind="ladder", at_once=True),
    }
    quantities = {
        "distance": Quantity("largest error of a log-strength", log=True, better="less"),
        "gap": Quantity("log-likelihood that is missing", log=True, better="less"),
        "zermelo": Quantity("factor of a small error in a sweep of Zermelo's rule, predicted"),
        "newman": Quantity("the same for Newman's"),
    }
    views = [
        Plane(
            "pic.players",
            lines="pic.diagonal",
            trails=True,
            title="Strength now",
            note="over the most likely one; log",
            size=2,
        ),
        Convergence("distance", log="y", title="Error"),
        Convergence("gap", log="y", title="Log-likelihood missing"),
    ]
    dtype = "float64"
    max_steps = 20_000

    @given(by=("kind", "players", "games", "spread"))
    def league(c, rng, backend):
        """Wins (n, n), the most likely strengths (n,), their log-likelihood, and for both rules
        the factor of a small error in a sweep."""
        for k in range(DRAWS):
            wins, _ = chance(c, rng.at(k))
            if connected_components(wins > 0, connection="strong")[0] == 1:
                break
        else:  # chance makes it too rare: one game more for each pair, to each
            wins = wins + (wins + wins.T > 0)
        wins = backend.tensor(wins.astype(float))
        s = maximum(wins)
        factors = {
            arm: Strengths(PairwiseRankings.arms[arm]["share"]).factor(s, wins) for arm in BOTH
        }
        return {"wins": wins, "s": s, "best": loglikelihood(s, wins), **factors}

    def init(given, c, rng, backend):
        return Strengths().init(given.league["wins"])

    def step(state, given, c, k, rng):
        return Strengths(c.share, c.at_once).step(state, given.league["wins"], k)

    def noise(c):
        """A step draws nothing."""
        return {}

    def done(state, given, c):
        error = (state["s"] - given.league["s"]).abs().amax()
        return "All strengths are found, to rounding." if error < 1e-13 else None

    def observe(state, given, c):
        s, known = state["s"], given.league
        return {
            "zermelo": known["Zermelo"],
            "newman": known["Newman"],
            "distance": (s - known["s"]).abs().amax(),
            # At the maximum rounding may put it below zero.
            "gap": (known["best"] - loglikelihood(s, known["wins"])).clamp(min=1e-11),
        }

    def picture(state, given, c):
        """Players (n, 2): most likely strength, strength now; and the diagonal (1, 4)."""
        s = given.league["s"]
        low, high = s.amin() - 0.3, s.amax() + 0.3
        return {
            "players": torch.stack([s, state["s"]], 1),
            "diagonal": torch.stack([low, low, high, high])[None],
        }

    claims = [
        Claim(
            "same",
            "In leagues and on ladders both iterations end at the most likely strengths",
            source="abstract; the tournaments: desk",
            runs=Grid(
                {"kind": ("league", "ladder"), "arm": BOTH},
                8,
                {"players": 8, "spread": 0.5},
                "distance < 1e-10 or k >= 4000",
            ),
            checks=(Check("same", lambda d: d.distance, AtMost(1e-8), over="all", label="error"),),
            control=Control({"at_once": True}, breaks=("same",), over={"kind": ("ladder",)}),
        ),
        Claim(
            "fewer",
            "In every tournament drawn, Zermelo's iteration needs over twice as many sweeps as "
            "Newman's to find all log-strengths to 1e-6",
            source="abstract, which says faster; twice: desk",
            runs=Grid(
                {"kind": ("league", "ladder"), "spread": (0.5, 1.0, 1.5), "arm": BOTH},
                8,
                {"players": 10},
                CLOSE,
            ),
            checks=(Check("ratio", sweeps, AtLeast(2), over="all", label="ratio of sweeps"),),
            control=Control(
                {"at_once": True}, breaks=("ratio",), over={"kind": ("ladder",), "arm": BOTH}
            ),
            tier="standard",
        ),
        Claim(
            "hundred",
            "Beside a champion who lost one game in N, Zermelo's sweeps grow like N, to over a "
            "hundred times Newman's",
            source="abstract, over a hundred times in some cases; the case and N: desk",
            runs=Grid(
                {"games": (5, 10, 20, 40), "arm": BOTH},
                8,
                {"players": 8, "kind": "champion"},
                CLOSE,
            ),
            checks=(
                Check(
                    "power",
                    lambda d: slope(d.steps.sel(arm="Zermelo"), d.games, "games"),
                    Within(0.95, 1.05),
                    label="power of N in Zermelo's sweeps",
                ),
                Check(
                    "ratio",
                    lambda d: sweeps(d).sel(games=40),
                    AtLeast(100),
                    over="all",
                    label="ratio of sweeps",
                ),
            ),
            control=Control({"kind": "league"}, breaks=("power", "ratio")),
            tier="standard",
        ),
        Claim(
            "climbs",
            "One player after the other, neither iteration ever lowers the likelihood",
            source="from memory, a theorem of the paper",
            runs=Grid(
                {"kind": ("league", "ladder"), "players": (2, 12), "arm": BOTH},
                8,
                {"games": 30},
                steps(60),
                "log",
                ("gap",),
            ),
            checks=(
                Check(
                    "fall",
                    lambda d: d.gap.diff("k").max("k"),
                    AtMost(1e-10),
                    over="all",
                    label="largest fall of the log-likelihood",
                ),
            ),
            control=Control({"at_once": True}, breaks=("fall",), over={"players": (2,)}),
        ),
        Claim(
            "rate",
            "In the end a sweep multiplies the error by the closed form: one step of Gauss and "
            "Seidel with the rule's own divisors in place of the curvature",
            source="desk, derived",
            runs=Grid(
                {"spread": (0.5, 1.5), "arm": BOTH},
                16,
                {"players": 12},
                "distance < 1e-12 or k >= 4000",
                "log",
                ("distance",),
            ),
            checks=(factor("Zermelo"), factor("Newman")),
            control=Control({"share": 0.3}, breaks=("zermelo", "newman")),
        ),
    ]
