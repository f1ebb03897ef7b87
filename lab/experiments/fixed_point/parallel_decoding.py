"""A translation's tokens are a fixed point: decoded one by one, all at once, or block by block."""

from __future__ import annotations

import torch

from lab.core.decoding import Decoding, one_by_one, shades
from lab.core.problems.languages import KINDS, Language
from lab.core.transformer import Transformer, trained
from lab.engine import (
    AtLeast,
    Card,
    Check,
    Claim,
    Control,
    Curves,
    Experiment,
    Grid,
    Heat,
    Integer,
    Preset,
    Quantity,
    Selector,
    Within,
    given,
)

CROWD = 64  # sentences decoded together
BATCH, RATE = 32, 0.01
PARALLEL = ("all at once", "blocks", "hybrid")


def language(c):
    return Language(c.language, c.longest, min(c.shortest, c.longest))


def network(c):
    to = language(c)
    return Transformer(to.tokens, to.length, causal=c.sees == "past")


def method(c):
    """Decoding one by one is decoding in blocks of one that ends with the sentence."""
    block = {"one by one": 1, "all at once": 0}.get(c.method, c.block)
    return Decoding(block, Language.end if c.method in ("one by one", "hybrid") else None)


def likeliest(given, c):
    """Tokens (n, i) to the likeliest ones at their places and the next, (n, i + 1)."""
    x = given.text["x"]
    start = torch.full_like(x[:, :1], Language.start)

    def predict(y):
        scores = network(c).logits(given.net, torch.cat([x, start, y], 1), x.shape[1])
        return scores.argmax(-1)

    return predict


def saving(method):
    """How many times fewer calls than tokens, over the languages."""

    def measure(d):
        found = d.pace.sel({"method": method})
        return found.mean("language") if "language" in found.dims else found

    return measure


def rise(d):
    """Calls from one place to the next, over the places that every sentence has."""
    return (d.settles.isel(place=5) - d.settles.isel(place=0)) / 5


class ParallelDecoding(Experiment):
    """One sentence at a time is translated, one call of the network to a row.

    Watch how many tokens a call settles: one, a block, or all of them.
    """

    card = Card(
        title="All words at once",
        question="A translator writes word after word. Could it write them all together?",
        answer="Yes, to the letter: put a guess for all words in, take what comes out, again. How "
        "soon it stops depends on how the words hang together.",
        why="Each token is the likeliest one after those before it: one equation for each, and the "
        "tokens that solve all are those of decoding one by one. Jacobi's method puts new guesses "
        "into all equations in one call. Words that do not need one another are right at once; in "
        "a chain each waits for the one before.",
        papers=("accelerating-transformer-inference-translation-parallel-decoding",),
        equations=(
            r"y_i = \arg\max_v\, p(v \mid y_1, \dots, y_{i-1}, x)",
            r"y_i^{new} = \arg\max_v\, p(v \mid y_1^{old}, \dots, y_{i-1}^{old}, x)",
        ),
        tags=("fixed point", "decoding", "transformer", "parallel"),
    )

    language = Selector("runs", objects=list(KINDS), doc="how words of the translation depend")
    method = Selector(
        "all at once",
        objects=["one by one", "all at once", "blocks", "hybrid"],
        doc="hybrid: blocks, until the sentence ends",
    )
    block = Integer(4, bounds=(1, 17), doc="tokens of a block")
    longest = Integer(12, bounds=(4, 16), doc="words of the longest sentence")
    shortest = Integer(6, bounds=(1, 16), doc="words of the shortest sentence")
    training = Integer(400, bounds=(0, 1000), doc="steps of the network's training")
    sees = Selector("past", objects=["past", "all"], doc="which tokens a place sees")

    arms = {
        "One by one": {"method": "one by one"},
        "Jacobi": {"method": "all at once"},
        "Hybrid": {"method": "hybrid"},
    }
    presets = {
        "free": Preset("Translate word by word, watch one call do", language="word by word"),
        "chain": Preset("Chain all words, watch one settle per call", language="chain"),
        "blocks": Preset("Cut into blocks, watch them fill", method="blocks", language="swapped"),
        "hybrid": Preset("Stop at the end, watch short sentences win", method="hybrid"),
        "ahead": Preset("Let words see ahead, watch answers differ", sees="all"),
    }
    quantities = {
        "wrong": Quantity("tokens unlike those of one by one", better="less"),
        "settled": Quantity("tokens known to be settled", better="more"),
        "pace": Quantity("tokens settled per call", better="more"),
        "equal": Quantity("sentences equal to one by one", better="more"),
        "ahead": Quantity("right tokens, from the first on, less calls; the least"),
        "finished": Quantity("sentences finished", better="more"),
        "faithful": Quantity("sentences translated right", better="more"),
        "settles": Quantity("call that settles a token", dim="place"),
        "calls": Quantity("calls of the network for a sentence"),
    }
    axes = ("calls",)
    views = [
        Heat(
            "pic.sheet",
            text="pic.letters",
            title="One sentence",
            note="and its translation, a row for each call; full colour is settled",
            size=2,
        ),
        Curves("wrong", title="Tokens still wrong", note="mean of 64 sentences"),
    ]
    max_steps = 17
    dtype = "float64"  # a tie that rounding breaks would be another token

    @given(by=("language", "longest", "shortest", "training", "sees"))
    def net(c, rng, backend):
        """A network trained on translations; in float32, which is as good and quicker."""
        to, net = language(c), network(c)

        def loss(flat, k):
            x, y = to.draw(rng.at(k), BATCH)
            return net.loss(flat, to.before(x, y), y)

        return trained(net.init(rng).float(), loss, c.training, RATE).double()

    @given(by=("language", "longest", "shortest"))
    def text(c, rng, backend):
        """Sentences to translate, their translations, and one of middling length to show."""
        x, y = language(c).draw(rng, CROWD, "new sentences")
        words = (y != Language.end).sum(1)
        return {"x": x, "y": y, "shown": (words - words.double().mean()).abs().argmin()}

    @given(by=("language", "longest", "shortest", "training", "sees"))
    def greedy(c, rng, backend, net, text):
        """The tokens chosen one by one by a network that is shown no more than the past."""
        to, x = network(c), text["x"]
        start = torch.full_like(x[:, :1], Language.start)
        tokens, counts = one_by_one(
            lambda y: to.logits(net, torch.cat([x, start, y], 1))[:, -1].argmax(-1),
            text["y"],
            Language.end,
        )
        return {"y": tokens, "counts": counts}

    def init(given, c, rng, backend):
        to = language(c)
        state = method(c).init(to.blank(CROWD))
        rows = torch.full((to.places + 1, to.places), -1)
        rows[0] = to.pad
        return {
            **state,
            "last": torch.zeros_like(state["y"]),
            "rows": rows,
            "fronts": torch.zeros(to.places + 1, dtype=torch.int64),
        }

    def step(state, given, c, k, rng):
        predict = likeliest(given, c)
        ahead = method(c).step(state, lambda y: predict(y[:, :-1]))
        changed = ahead["y"] != state["y"]
        rows, fronts = state["rows"].clone(), state["fronts"].clone()
        shown = given.text["shown"]
        rows[k + 1], fronts[k + 1] = ahead["y"][shown], ahead["front"][shown]
        last = torch.where(changed, ahead["calls"][:, None], state["last"])
        return {**ahead, "last": last, "rows": rows, "fronts": fronts}

    def done(state, given, c):
        return None if state["open"].any() else "All sentences are translated."

    def observe(state, given, c):
        y, counts = state["y"], given.greedy["counts"]
        inside = torch.arange(y.shape[1]) < counts[:, None]
        words = inside & (given.text["y"] != Language.end)  # the end never waits
        off = (y != given.greedy["y"]) & inside
        right = (~off).long().cumprod(1).sum(1)
        settled = torch.minimum(state["front"], counts)
        finished = ~state["open"]
        calls = state["calls"].double().mean()
        return {
            "wrong": off.sum(1).double().mean(),
            "settled": settled.double().mean(),
            "pace": settled.double().mean() / calls.clamp(min=1),
            "equal": (finished & ~off.any(1)).double().mean(),
            "ahead": (right - state["calls"].clamp(max=y.shape[1])).amin(),
            "finished": finished.double().mean(),
            "faithful": ((y == given.text["y"]) | ~inside).all(1).double().mean(),
            "settles": (state["last"] * words).sum(0) / words.sum(0).clamp(min=1),
            "calls": calls,
        }

    def picture(state, given, c):
        """The sentence on top, then a row for each call: shade (r, m) and letters (r m)."""
        shown, rows = given.text["shown"], state["rows"]
        known = torch.arange(rows.shape[1]) < state["fronts"][:, None]
        x = torch.cat([given.text["x"][shown], torch.tensor([-1])])[None]
        x = x.where(x < Language.words, -1)
        sheet = [shades(x, x[0], x >= 0), shades(rows, given.greedy["y"][shown], known)]
        return {"sheet": torch.cat(sheet), "letters": language(c).spelled(torch.cat([x, rows]))}

    claims = [
        Claim(
            "exact",
            "Jacobi, blocks and hybrid all end in the tokens of decoding one by one, whatever the "
            "weights; after k calls of Jacobi the first k are right",
            source="abstract (quality is retained); the prefix: desk, by induction",
            runs=Grid({"method": PARALLEL}, 8, {"training": 0}),
            checks=(
                Check("equal", lambda d: d.equal, AtLeast(1.0), over="all", label="sentences"),
                Check(
                    "prefix",
                    lambda d: d.ahead.sel({"method": "all at once"}),
                    AtLeast(0),
                    over="all",
                    label="right less calls",
                ),
            ),
            control=Control({"sees": "all"}, breaks=("equal", "prefix"), seeds=3),
        ),
        Claim(
            "fewer",
            "Where words do not need one another one by one takes at least 2.5 times the calls of "
            "Jacobi, 1.3 times those of hybrid, and 1.15 times those of blocks of 4, which go on "
            "to the end of the room; in a chain all this is lost",
            source="abstract (up to 38 % faster, nearly twice with more processors); calls: desk",
            runs=Grid({"language": ("word by word", "swapped"), "method": PARALLEL}, 8),
            checks=(
                Check("Jacobi", saving("all at once"), AtLeast(2.5), label="times fewer"),
                Check("blocks", saving("blocks"), AtLeast(1.15), label="times fewer"),
                Check("hybrid", saving("hybrid"), AtLeast(1.3), label="times fewer"),
                # Chains are translated right too: slowly.
                Check("right", lambda d: d.faithful, AtLeast(0.95), over="all", main=False),
            ),
            control=Control(
                {},
                breaks=("Jacobi", "blocks", "hybrid"),
                over={"language": ("chain",), "method": PARALLEL},
                seeds=3,
            ),
            tier="standard",
        ),
        Claim(
            "chain",
            "In a chain Jacobi settles one token per call: it takes as many calls as one by one, "
            "less 5 % at most",
            source="desk",
            runs=Grid({"method": ("all at once",)}, 8, {"language": "chain", "training": 800}),
            checks=(
                Check("saving", saving("all at once"), Within(0.9, 1.05), label="times fewer"),
                Check("rise", lambda d: rise(d).mean("method"), AtLeast(0.9), label="calls"),
                Check("right", lambda d: d.faithful, AtLeast(0.95), over="all", main=False),
            ),
            control=Control({"language": "swapped"}, breaks=("saving", "rise"), seeds=3),
            tier="standard",
        ),
    ]
