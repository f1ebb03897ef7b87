"""A network learns to guess the end of its own decoding: fewer calls, the same answers."""

from __future__ import annotations

import torch

from lab.core.decoding import one_by_one, shades, trajectory
from lab.core.optim import AdamW
from lab.core.problems.languages import KINDS, Language
from lab.core.transformer import Transformer, pace, slope, trained
from lab.engine import (
    AtLeast,
    AtMost,
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
    Quantity,
    Selector,
    given,
)

BATCH, RATE = 32, 0.005
OWN = 2048  # sentences whose decoding the network learns from
TEST = 128
LONG = {"longest": 12, "tuning": 1200, "anchor": 13.0}


def language(c):
    return Language(c.language, c.longest, (c.longest + 1) // 2)


def network(c):
    to = language(c)
    return Transformer(to.tokens, to.length, blocks=2)


def likeliest(c, flat, x):
    """Tokens (n, m) to the likeliest at each place, after those before it."""
    to, net = language(c), network(c)
    return lambda y: net.logits(flat, to.before(x, y), to.longest).argmax(-1)


def decoded(c, flat, x):
    """Jacobi's guesses from blank and the calls, in float64: ties are no matter of rounding."""
    return trajectory(likeliest(c, flat.double(), x), language(c).blank(len(x)))


def losses(c, flat, x, early, fixed):
    """Kullback and Leibler's distance from a guess's predictions to the fixed point's, summed over
    the tokens of a sentence, and the cross-entropy of the next token at the fixed point."""
    to, net = language(c), network(c)
    both = torch.cat([to.before(x, early), to.before(x, fixed)])
    guessed, goal = net.logits(flat, both, to.longest).log_softmax(-1).chunk(2)
    share = goal.detach()  # the fixed point teaches and does not learn from the guess
    distance = (share.exp() * (share - guessed)).sum((1, 2)).mean()
    return distance, -goal.gather(-1, fixed[..., None]).mean()


class ConsistencyTuning(Experiment):
    """The sheets show one sentence before and now, a row for each call.

    Watch the second one grow shorter.
    """

    card = Card(
        title="Guess the end",
        question="Decoding all words at once must wait for chains. Can a network learn to jump?",
        answer="Yes: shown its own half-finished guesses, it learns to go to the end at once, "
        "where the chain follows a rule.",
        why="Jacobi's method puts a guess for all tokens in until nothing changes. Each guess on "
        "the way ends in the same fixed point, so the network is taught to answer every guess with "
        "that end, and to keep its answer at the end. Then tokens come in threes and fours. "
        "Training on the end alone changes nothing.",
        papers=("cllms-consistency-large-language-models",),
        equations=(
            r"\mathcal L = \mathrm{KL}\bigl(p(\cdot \mid y^*, x) \| p(\cdot \mid y^{(r)}, x)\bigr)"
            r" - w \log p(y^* \mid x)",
        ),
        tags=("fixed point", "decoding", "transformer", "consistency"),
        cost="minutes",
    )

    language = Selector("runs of sums", objects=list(KINDS), doc="how words depend on another")
    consistency = Number(1.0, bounds=(0.0, 3.0), live=True, doc="weight of guesses to the end")
    anchor = Number(9.0, bounds=(0.0, 20.0), live=True, doc="weight w of the next token")
    tuning = Integer(500, bounds=(10, 2000), unit="steps", doc="of tuning")
    longest = Integer(8, bounds=(4, 12), doc="words of the longest sentence")
    training = Integer(400, bounds=(0, 1000), unit="steps", doc="before the tuning")

    arms = {
        "Consistency": {"consistency": 1.0},
        "Next token": {"consistency": 0.0},
    }
    presets = {
        "random": Preset("Make the table random, watch it learn by heart", language="runs"),
        "chain": Preset("Chain all words, watch jumps stay short", language="chain"),
        "alone": Preset("Train the next token alone, watch nothing change", consistency=0.0),
        "loose": Preset("Leave the next token out, watch answers go", anchor=0.0),
        "check": Preset("Train and tune for a moment", training=3, tuning=12, longest=4),
    }
    quantities = {
        "calls": Quantity("calls for a sentence", better="less"),
        "fewer": Quantity("calls before over calls now", better="more"),
        "right": Quantity("sentences translated right", better="more"),
        "lost": Quantity("share of right sentences lost since the start", better="less"),
        "own": Quantity("sentences equal to the network's own one by one"),
        "distance": Quantity("distance from guess to end", log=True, better="less"),
        "next": Quantity("cross-entropy of the next token", log=True, better="less"),
    }
    views = [
        Curves("calls", title="Calls", note="mean of 128 new sentences"),
        Heat(
            "pic.before",
            text="pic.letters",
            title="Before",
            note="a row a call; full colour is settled",
        ),
        Heat("pic.now", text="pic.now_letters", title="Now", note="the same sentence"),
        Curves("right", title="Translated right", percent=True),
    ]
    max_steps = 2000

    @given(by=("language", "longest", "training"))
    def net(c, rng, backend):
        """Trained on translations."""
        to, net = language(c), network(c)

        def loss(flat, k):
            x, y = to.draw(rng.at(k), BATCH)
            return net.loss(flat, to.before(x, y), y)

        return trained(net.init(rng), loss, c.training, RATE)

    @given(by=("language", "longest"))
    def own(c, rng, backend, net):
        """Guesses of the network's own decoding, (m + 1, n, m), and how many are different."""
        x, _ = language(c).draw(rng, OWN, "own sentences")
        guesses, calls = decoded(c, net, x)
        return {"x": x, "guesses": guesses, "calls": calls}

    @given(by=("language", "longest"))
    def test(c, rng, backend, net):
        """New sentences, and how they were decoded before the tuning; one to show."""
        x, y = language(c).draw(rng, TEST, "new sentences")
        guesses, calls = decoded(c, net, x)
        right = (guesses[-1] == y).all(1).double().mean()
        return {"x": x, "y": y, "guesses": guesses, "calls": calls, "right": right,
                "shown": calls.argmax()}  # fmt: skip

    def init(given, c, rng, backend):
        w = given.net.clone()
        some = slice(0, BATCH)
        x, guesses = given.own["x"][some], given.own["guesses"][:, some]
        distance, follow = losses(c, w, x, guesses[0], guesses[-1])
        return {"w": w, "memory": AdamW.init({"w": w}), "distance": distance, "next": follow,
                "left": c.tuning}  # fmt: skip

    def step(state, given, c, k, rng):
        own = given.own
        chosen = rng.integers("sentences", 0, OWN, (BATCH,))
        turn = (rng.uniform("guess", (BATCH,)) * own["calls"][chosen]).long()
        early, fixed = own["guesses"][turn, chosen], own["guesses"][-1, chosen]
        parts = []

        def loss(flat, k):
            parts[:] = losses(c, flat, own["x"][chosen], early, fixed)
            return c.consistency * parts[0] + c.anchor * parts[1]

        gradient = slope(loss, state["w"], k)[1]
        optimiser = AdamW(pace(k, c.tuning, RATE), beta2=0.99, decay=0.0)
        weights, memory = optimiser.step({"w": state["w"]}, {"w": gradient}, state["memory"], k)
        distance, follow = (part.detach() for part in parts)
        return {"w": weights["w"], "memory": memory, "distance": distance, "next": follow,
                "left": c.tuning - k - 1}  # fmt: skip

    def done(state, given, c):
        return None if state["left"] else "The tuning is over."

    def observe(state, given, c):
        return {"distance": state["distance"], "next": state["next"]}

    def assess(state, given, c):
        """New sentences, decoded at once and one by one."""
        test, flat = given.test, state["w"].double()
        guesses, calls = decoded(c, flat, test["x"])
        to, net, x = language(c), network(c), test["x"]
        start = torch.full_like(x[:, :1], to.start)
        greedy, counts = one_by_one(
            lambda y: net.logits(flat, torch.cat([x, start, y], 1))[:, -1].argmax(-1),
            test["y"],
            to.end,
        )
        inside = torch.arange(to.places) < counts[:, None]
        right = (guesses[-1] == test["y"]).all(1).double().mean()
        return {
            "calls": calls.double().mean(),
            "fewer": test["calls"].double().mean() / calls.double().mean(),
            "right": right,
            "lost": test["right"] - right,
            "own": ((guesses[-1] == greedy) | ~inside).all(1).double().mean(),
        }

    def picture(state, given, c):
        """Sheets of one sentence, (calls, m), and their letters."""
        test, shown = given.test, given.test["shown"]
        found, calls = decoded(c, state["w"], test["x"][shown][None])

        def sheet(rows, calls):
            row = torch.arange(len(rows))[:, None]
            rows = rows.where(row <= calls, -1)
            return shades(rows, rows[int(calls)], (row == calls).expand_as(rows)), rows

        before, letters = sheet(test["guesses"][:, shown], test["calls"][shown])
        now, now_letters = sheet(found[:, 0], calls[0])
        spelled = language(c).spelled
        return {"before": before, "letters": spelled(letters),
                "now": now, "now_letters": spelled(now_letters)}  # fmt: skip

    claims = [
        Claim(
            "fewer",
            "Tuning on its own guesses lets a network decode runs of sums, 8 words at most, with "
            "1.3 times fewer calls, and loses at most 4 of 100 right answers; what it writes is "
            "still what it would write one by one",
            source="abstract (2.4 to 3.4 times, large networks); size and figures: desk",
            runs=Grid({}, 5),
            checks=(
                Check("fewer", lambda d: d.fewer, AtLeast(1.3), label="times fewer calls"),
                # Both of these hold without the consistency too: it changes nothing then.
                Check("lost", lambda d: d.lost, AtMost(0.04), main=False, label="lost"),
                Check("own", lambda d: d.own, AtLeast(1.0), over="all", main=False),
            ),
            control=Control({"consistency": 0.0}, breaks=("fewer",), seeds=2),
            tier="standard",
        ),
        Claim(
            "long",
            "Of 12 words at most, tuned twice as long, too, calls fall 1.4 times, with at most 4 "
            "of 100 right answers lost",
            source="abstract; size and figures: desk",
            runs=Grid({}, 3, LONG),
            checks=(
                Check("fewer", lambda d: d.fewer, AtLeast(1.4), label="times fewer calls"),
                Check("lost", lambda d: d.lost, AtMost(0.04), main=False, label="lost"),
                Check("own", lambda d: d.own, AtLeast(1.0), over="all", main=False),
            ),
            control=Control({"consistency": 0.0, "tuning": 300}, breaks=("fewer",), seeds=2),
            tier="slow",
        ),
        Claim(
            "itself",
            "Sixty steps on its own guesses already change a small network's calls; Jacobi "
            "still ends in what that network writes one by one",
            source="desk; the method: abstract",
            runs=Grid({}, 8, {"training": 60, "tuning": 60, "longest": 4, "anchor": 0.5}),
            checks=(
                Check("fewer", lambda d: d.fewer, AtLeast(1.1), label="times fewer calls"),
                Check("own", lambda d: d.own, AtLeast(1.0), over="all", main=False),
            ),
            control=Control({"consistency": 0.0}, breaks=("fewer",), seeds=2),
        ),
    ]
