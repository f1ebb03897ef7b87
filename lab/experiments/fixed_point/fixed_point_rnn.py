"""A network that keeps track of permutations, found by sweeps of one that could not."""

from __future__ import annotations

from itertools import permutations

import torch
from torch.nn.functional import cross_entropy

from lab.core.metrics import at
from lab.core.mixed_recurrence import MixedRecurrence, dense_states
from lab.core.transformer import trained
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
    Preset,
    Quantity,
    Selector,
    given,
    steps,
)

UNITS, LEARNED, BATCH, RATE = 8, 12, 64, 0.03  # of the network; LEARNED: inputs in training
CROWD = 128
ROWS = 24  # of the heat map, whatever the length
GROUPS = {"S3": 3, "parity": 2}


def product(group):
    """Of the permutations of 3 or 2 things: [after, before] to the number of their product."""
    every = list(permutations(range(GROUPS[group])))
    return torch.tensor(
        [[every.index(tuple(p[i] for i in q)) for q in every] for p in every],
    )


def words(group, rng, n, length, name):
    """Inputs x, (length, n), and what all of them together have done after each."""
    table = product(group)
    x = rng.integers(name, 0, len(table), (length, n))
    done, found = torch.zeros_like(x[0]), []
    for turn in x:
        done = table[turn, done]
        found.append(done)
    return x, torch.stack(found)


def parts(flat, c):
    """Diagonal (m, d), mixer (m, d, d) and input (m, d) of m kinds of input; start, readout."""
    m, d = len(product(c.group)), UNITS
    sizes = [m * d, m * d * d, m * d, d, m * d, m]
    turn, mixer, u, start, readout, bias = flat.split(sizes)
    diagonal = torch.tanh(turn) if c.signs == "either" else torch.sigmoid(turn)
    mixer = mixer.view(m, d, d)
    K = c.mixing * mixer / mixer.abs().sum(-1, keepdim=True).clamp(min=1)
    return diagonal.view(m, d), K, u.view(m, d), start, readout.view(m, d), bias


def method(c):
    return MixedRecurrence(c.form == "normalised")


def factor(d):
    """Largest factor of the error in a sweep, over the mixer's norm."""
    after = d.error.shift(k=-1) / d.error
    return after.where(d.error > 1e-7).max("k") / d.mixing


def last(d, arm):
    """Share of right answers after the last sweep."""
    return at(d.accuracy.sel(arm=arm), 300)


class FixedPointRnn(Experiment):
    """All states are guessed, mixed, and swept through a diagonal network, again and again.

    Watch answers become right from the first input on, as the guess comes to rest.
    """

    card = Card(
        title="From diagonal to dense",
        question="Six moves of three cups. Can a network without crossed wires follow them?",
        answer="Not at once. But sweep after sweep, with channels mixed in between, it becomes "
        "one that can.",
        why="A diagonal network is quick: a scan finds all its states together. But its channels "
        "never meet, so moves whose order matters are lost on it. Mix the channels, sweep again: "
        "the fixed point is a dense network. Few sweeps are cheap, many are able. Swaps need "
        "negative weights on the diagonal.",
        papers=("fixed-point-rnns",),
        equations=(
            r"h_t^{new} = \lambda_t h_{t-1}^{new} + (I - Q_t)\,h_t + Q_t u_t",
            r"h_t = Q_t^{-1} \lambda_t h_{t-1} + u_t",
        ),
        tags=("fixed point", "recurrent networks", "state tracking", "parallel"),
    )

    group = Selector("S3", objects=list(GROUPS), doc="moves of three cups, or of two")
    mixing = Number(0.9, bounds=(0.0, 0.99), doc="largest row sum of the mixer I − Q")
    signs = Selector("either", objects=["either", "positive"], doc="of the diagonal")
    form = Selector("plain", objects=["plain", "normalised"], doc="of a sweep")
    length = Integer(12, bounds=(4, 96), doc="inputs; it has learned from 12")
    training = Integer(600, bounds=(0, 1500), unit="steps", doc="of the network")

    arms = {
        "Fixed point": {"mixing": 0.9},
        "Diagonal": {"mixing": 0.0},
    }
    presets = {
        "positive": Preset("Forbid negative weights, watch it stay lost", signs="positive"),
        "parity": Preset("Take two cups, watch diagonals suffice", group="parity"),
        "long": Preset("Read twice as much, watch it slip", length=24),
        "calm": Preset(
            "Normalise a random network, watch errors fall", form="normalised", training=0
        ),
    }
    quantities = {
        "accuracy": Quantity("right after the last input", better="more"),
        "limit": Quantity("right at the fixed point", short="limit"),
        "error": Quantity("largest error of a state", log=True, better="less"),
        "residual": Quantity("largest change of a state", log=True, better="less"),
        "mirror": Quantity("most negative eigenvalue of an input; 0: none is"),
        "right": Quantity("share of right answers, by time", dim="time"),
    }
    views = [
        Heat("right", title="Right answers", note="first input below, sweep across", size=2),
        Convergence("error", log="y", title="Error"),
        Heat("pic.moves", signed=True, title="What each input does", note="dense, at the limit"),
    ]
    max_steps = 1000
    dtype = "float64"
    blowup = 1e200  # on the way errors may grow a lot

    @given(by=("group", "mixing", "signs", "form", "training"))
    def net(c, rng, backend):
        """Trained on the dense recurrence, in float32; then in float64."""
        m, d = len(product(c.group)), UNITS
        shift = 0.0 if c.signs == "either" else 1.0
        flat = torch.cat(
            [
                rng.normal("diagonal", (m * d,)) + shift,
                rng.normal("mixer", (m * d * d,)),
                0.5 * rng.normal("input", (m * d,)),
                rng.normal("start", (d,)),
                rng.normal("readout", (m * d,)),
                torch.zeros(m),
            ]
        )

        def loss(flat, k):
            x, y = words(c.group, rng.at(k), BATCH, LEARNED, "words")
            diagonal, K, u, start, readout, bias = parts(flat, c)
            A, pushed = method(c).dense(diagonal, K, u)
            h = dense_states(A[x], pushed[x], start)
            return cross_entropy((h @ readout.mT + bias).flatten(0, 1), y.flatten())

        return trained(flat.float(), loss, c.training, RATE).double()

    @given(by=("group", "mixing", "signs", "form", "training", "length"))
    def test(c, rng, backend, net):
        """New words by input, and the states of the dense recurrence, one after the other."""
        x, y = words(c.group, rng, CROWD, c.length, "new words")
        diagonal, K, u, start, readout, bias = parts(net, c)
        A, pushed = method(c).dense(diagonal, K, u)
        exact = dense_states(A[x], pushed[x], start)
        found = torch.linalg.eigvals(A)
        real = found.real.where(found.imag == 0, 0.0)
        return {
            "y": y, "diagonal": diagonal[x], "K": K[x], "u": u[x], "start": start,
            "readout": readout, "bias": bias, "exact": exact, "A": A,
            "mirror": real.min().clamp(max=0.0),
        }  # fmt: skip

    def answers(h, test):
        return (h @ test["readout"].mT + test["bias"]).argmax(-1)

    def init(given, c, rng, backend):
        h = torch.zeros_like(given.test["u"])
        return {"h": h, "residual": given.test["exact"].abs().max()}

    def step(state, given, c, k, rng):
        t = given.test
        h = method(c).step(state["h"], t["diagonal"], t["K"], t["u"], t["start"])
        return {"h": h, "residual": (h - state["h"]).abs().max()}

    def done(state, given, c):
        return "The guess has come to rest." if state["residual"] < 1e-12 else None

    def observe(state, given, c):
        t = given.test
        right = (FixedPointRnn.answers(state["h"], t) == t["y"]).double().mean(1)
        limit = (FixedPointRnn.answers(t["exact"], t) == t["y"]).double().mean(1)
        return {
            "accuracy": right[-1],
            "limit": limit[-1],
            "error": (state["h"] - t["exact"]).abs().max(),
            "residual": state["residual"],
            "mirror": t["mirror"],
            "right": torch.nn.functional.adaptive_avg_pool1d(right[None], ROWS)[0],
        }

    def picture(state, given, c):
        """What each kind of input does to a state: its dense matrix, in two rows of them."""
        A = torch.nn.functional.pad(given.test["A"], (0, 1, 0, 1), value=torch.nan)
        rows = A.unflatten(0, (2, -1)).permute(0, 2, 1, 3)  # row of matrices, line, matrix, column
        return {"moves": rows.flatten(2).flatten(0, 1)[:-1, :-1]}

    claims = [
        Claim(
            "contraction",
            "Normalised, every sweep brings the states nearer to those of the dense network by "
            "the mixer's largest row sum, whatever the diagonal and the length, down to 1e-8",
            source="desk, by induction over the times; the form: from memory",
            runs=Grid(
                {"mixing": (0.3, 0.7, 0.95), "length": (12, 64)},
                8,
                {"form": "normalised", "training": 0},
                "error < 1e-9 or k >= 700",
                "all",
                ("error",),
            ),
            checks=(
                Check("factor", factor, AtMost(1.0 + 1e-6), over="all", label="over the row sum"),
                Check("near", lambda d: d.error.min("k"), AtMost(1e-8), over="all", label="error"),
            ),
            control=Control({"form": "plain"}, breaks=("factor",), seeds=3),
        ),
        Claim(
            "swap",
            "With a positive diagonal and row sums below one no input has a negative eigenvalue, "
            "as every swap has; with both signs some have",
            source="desk: Λ + μQ is diagonally dominant for every μ > 0",
            runs=Grid(
                {"mixing": (0.3, 0.7, 0.95)}, 8, {"signs": "positive", "training": 0}, steps(1)
            ),
            checks=(
                Check("mirror", lambda d: d.mirror, AtLeast(0), over="all", label="eigenvalue"),
            ),
            control=Control({"signs": "either"}, breaks=("mirror",), seeds=3),
        ),
        Claim(
            "tracks",
            "At its fixed point a network with a diagonal of both signs follows 12 moves of three "
            "cups in at least 90 of 100 cases, after one sweep in at most half; a diagonal one, "
            "trained by itself, in 45 fewer",
            source="abstract (state tracking; there A5 and S5); group and figures: desk",
            runs=Grid({"arm": "all"}, 5, {}, steps(300), "all", ("accuracy",)),
            checks=(
                Check("limit", lambda d: last(d, "Fixed point"), AtLeast(0.9), label="right"),
                Check(
                    "one",
                    lambda d: d.accuracy.sel(arm="Fixed point", k=1),
                    AtMost(0.5),
                    main=False,  # positive weights are lost from first to last
                    label="right after one sweep",
                ),
                Check(
                    "lead",
                    lambda d: last(d, "Fixed point") - last(d, "Diagonal"),
                    AtLeast(0.45),
                    label="over the diagonal",
                ),
            ),
            control=Control({"signs": "positive"}, breaks=("limit", "lead"), seeds=2),
            tier="standard",
        ),
    ]
