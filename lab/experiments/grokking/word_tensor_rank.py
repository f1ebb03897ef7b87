"""How many products a group's table takes: alternating least squares from many starts."""

from __future__ import annotations

import torch

from lab.core.groups import group, tensor
from lab.core.representations import energy, irreducibles
from lab.core.tensor_rank import AlternatingLeastSquares
from lab.engine.claim import AtLeast, Check, Claim, Close, Control, Grid
from lab.engine.controls import Integer, Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.views import Bars, Curves, Heat, Images, Spectrum

GROUPS = ("Z3", "Z5", "Z7", "S3", "D4", "D5", "A4")
WORDS = ("ab", "a²b", "aba⁻¹", "aba⁻¹b⁻¹")
EXACT = 1e-4  # a residual below this goes on to zero
PURE = 0.999  # a product is one representation's with this share of its energy there
SWEEPS = "k >= 400"


def products(state, given, c):
    """The best start's products: the share of their energy in each representation that all three
    factors have at least, (representations, rank).
    """
    start = AlternatingLeastSquares.residual(state, given.tensor).argmin()
    parts = torch.stack([energy(state[name][start], group(c.group)) for name in "ABC"])
    return (parts / parts.sum(1, keepdim=True).clamp_min(1e-300)).amin(0)


class WordTensorRank(Experiment):
    """48 starts look for a sum of nine products. Watch where they end: steps, and the ground."""

    card = Card(
        title="Six symmetries, nine products",
        question="A triangle's symmetries fill a table of 36 answers. How few products make it?",
        answer="Nine: one, one, and Strassen's seven for matrices of two by two. Never eight.",
        why="A table of answers is a cube of zeros and ones. A network whose neurons multiply one "
        "weight of a with one of b writes it as a sum of products. Seen through the group's "
        "representations the cube falls apart into small matrix products, and those are cheaper "
        "than they look.",
        papers=["learning-words-groups"],
        equations=[
            r"\mathbf 1[ab=c]\approx\sum_{r=1}^{R}A_{ar}B_{br}C_{cr}",
            r"\mathbf 1[ab=c]=\tfrac1n\sum_\rho d_\rho\,\mathrm{tr}\,\rho(a)\rho(b)\rho(c)^\top",
        ],
        tags=["groups", "tensor rank", "Strassen", "least squares"],
    )
    group = Selector("S3", objects=GROUPS, label="Group", doc="S3: the symmetries of a triangle")
    word = Selector("ab", objects=WORDS, label="Word", doc="what the table answers")
    rank = Integer(9, bounds=(1, 32), label="Products", doc="terms of the sum")
    penalty = Number(0.1, bounds=(1e-4, 1.0), log=True, label="Penalty",
                     doc="on large factors, at first; it fades")  # fmt: skip
    starts = Integer(48, bounds=(8, 128), label="Starts", doc="random, side by side")
    arms = {"Nine": {"rank": 9}, "Eight": {"rank": 8}}
    presets = {
        "eight": Preset("Take one product away, watch all get stuck", rank=8),
        "ten": Preset("Allow ten, watch nearly all get there", rank=10),
        "square": Preset("Turn a square instead, watch eleven suffice", group="D4", rank=11),
        "clock": Preset("Take a clock of five, watch seven suffice", group="Z5", rank=7),
        "words": Preset("Ask for aba⁻¹b⁻¹, watch eight suffice", word="aba⁻¹b⁻¹", rank=8),
        "check": Preset("A clock of three", group="Z3", rank=4, starts=8),
    }
    quantities = {
        "best": Quantity("residual of the best start", log=True, better="less", short="best"),
        "median": Quantity("median residual", log=True, better="less", short="median"),
        "share": Quantity("starts that got there", better="more", short="got there"),
        "residuals": Quantity("residual of each start, sorted", dim="start", log=True),
        "blocks": Quantity("the best start's products of each representation", dim="part"),
    }
    max_steps = 5_000
    dtype = "float64"

    @given(by=("group", "word"))
    def tensor(c, rng, backend):
        return tensor(group(c.group).word(c.word))

    def init(given, c, rng, backend):
        shape = given.tensor.shape
        return AlternatingLeastSquares(c.rank).init(shape, c.starts, rng)

    def step(state, given, c, k, rng):
        return AlternatingLeastSquares(c.rank, c.penalty).step(state, given.tensor, k)

    def observe(state, given, c):
        residuals = AlternatingLeastSquares.residual(state, given.tensor)
        return {
            "best": residuals.min(),
            "median": residuals.median(),
            "share": (residuals < EXACT).double().mean(),
            "residuals": residuals.sort().values,
            "blocks": (products(state, given, c) > PURE).sum(1),
        }

    def picture(state, given, c):
        share = products(state, given, c)
        start = AlternatingLeastSquares.residual(state, given.tensor).argmin()
        made = torch.einsum("ir,jr,kr->kij", *(state[name][start] for name in "ABC"))
        # Products of one representation stand side by side, the purest first.
        order = (share.argmax(0) - share.amax(0) / 2).argsort()
        return {
            "made": made.clamp(-1, 1),
            "products": share[:, order],
            "names": [r.name for r in irreducibles(group(c.group))],
        }

    views = [
        Spectrum("residuals", title="Residual", note="of each start, sorted", y="start", log=True),
        Images("pic.made", title="The table", note="a square for each answer; best start",
               signed=True),
        Curves("best", "median", title="Residual", note="by sweep", log="y"),
        Heat("pic.products", title="Products", note="share in each representation",
             x="product", y="representation"),
        Bars("blocks", labels="pic.names", title="Pure products",
             note="all energy in one representation"),
    ]  # fmt: skip
    claims = [
        Claim(
            "nine",
            "More than half of 48 starts write the table of S3 exactly as nine products; "
            "of eight products none does",
            "section on the word ab; share of starts: desk",
            Grid(stop=SWEEPS),
            (Check("share", lambda d: d.share, AtLeast(0.5), label="share of starts"),),
            Control({"rank": 8}, breaks=("share",), seeds=4),
        ),
        Claim(
            "strassen",
            "The nine split into one, one and seven: a product for each sign, seven for the "
            "matrices of two by two, where the school's rule takes eight; with eight in all the "
            "matrices lose one",
            "section on the word ab",
            Grid(stop=SWEEPS),
            (
                Check("signs", lambda d: d.blocks[..., :2].sum("part"), Close(2), main=False),
                Check("square", lambda d: d.blocks[..., 2], Close(7)),
            ),
            Control({"rank": 8}, breaks=("square",), seeds=4),
        ),
        Claim(
            "floor",
            "With eight products the best of 48 starts stops at a residual of 1 / sqrt 12, which "
            "is what one product fewer costs the matrices",
            "desk",
            Grid(set={"rank": 8}, stop=SWEEPS),
            (Check("floor", lambda d: d.best, Close(12**-0.5, rel=1e-3)),),
            Control({"rank": 7}, breaks=("floor",), seeds=4),
        ),
        Claim(
            "clock",
            "A third of the starts at least write the table of Z5 as seven products, one and twice "
            "three as for complex numbers; of six none does",
            "desk",
            Grid(set={"group": "Z5", "rank": 7}, stop=SWEEPS),
            (Check("share", lambda d: d.share, AtLeast(1 / 3), label="share of starts"),),
            Control({"rank": 6}, breaks=("share",), seeds=4),
        ),
    ]
