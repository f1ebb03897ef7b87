"""Aitken's delta-squared process: three terms of a slow sequence guess where it will end."""

import math

import numpy as np
import torch

from lab.core.aitken import Steffensen, aitken
from lab.core.broyden import quotient
from lab.engine.claim import AtMost, Check, Claim, Control, Grid, Within
from lab.engine.controls import Number, Selector
from lab.engine.experiment import Card, Experiment, Preset, Quantity, given
from lab.engine.rules import steps
from lab.engine.views import Convergence, Plane

MODES = {"sequence": "two modes", "method": "aitken"}


def follow(c, x):
    return c.gain * torch.cos(x)


def fixed_point(gain):
    """Where x = gain cos x, and C of Steffensen's e' = C e² there."""
    x = 0.5
    for _ in range(50):
        x -= (x - gain * math.cos(x)) / (1 + gain * math.sin(x))
    slope, curvature = -gain * math.sin(x), -gain * math.cos(x)
    return x, Steffensen.constant(slope, curvature)


def floor(q):
    """Root mean square error of Aitken's value for s + c q^k with s in [1, 2), from rounding.

    Rounding errors r of three terms reach the result as (r2 - 2 q r1 + q² r0) / (1 - q)². Each
    is taken as uniform over one unit in the last place and as independent of the others, which is
    wrong near q = 1/2, where a product by q only shifts the bits.
    """
    unit = np.finfo(np.float64).eps / math.sqrt(12)
    return unit * math.sqrt(1 + 4 * q**2 + q**4) / (1 - q) ** 2


def factor(d, first, last):
    """Factor per step by which the error falls from step `first` to step `last`."""
    return (d.error.sel(k=last) / d.error.sel(k=first)) ** (1 / (last - first))


def over_floor(d):
    """Measured rounding error over the predicted one, where the sequence is still moving."""
    ratios = []
    for q in d.q1.values:
        window = [math.ceil(math.log(small) / math.log(q)) for small in (1e-2, 1e-9)]
        error = d.error.sel(q1=q, k=slice(*window))
        ratios.append(np.sqrt((error**2).mean("k")) / floor(float(q)))
    return sum(ratios) / len(ratios)


def over_constant(d):
    """Error of the third restart over C times the square of the second's."""
    ratios = [
        d.error.sel(gain=g, k=6) / d.error.sel(gain=g, k=4) ** 2 / abs(fixed_point(float(g))[1])
        for g in d.gain.values
    ]
    return sum(ratios) / len(ratios)


class AitkenDeltaSquared(Experiment):
    """Three terms of a sequence give a secant; Aitken reads the limit off the diagonal."""

    card = Card(
        title="Aitken's delta-squared",
        question="A sequence creeps to its limit. Can you tell the limit from three terms?",
        answer="Yes if the error is geometric; otherwise only its geometric part goes away.",
        why="If each error is a fixed multiple of the last, three terms contain both the multiple "
        "and the limit. Real sequences obey this only nearly, and what is left falls at the next "
        "slower rate. Restart a map from the guess (Steffensen) and digits double. The price: "
        "dividing by a difference of differences magnifies rounding.",
        equations=(
            r"\hat x_k = x_k - \frac{(x_k - x_{k-1})^2}{x_k - 2x_{k-1} + x_{k-2}}",
            r"x_k = s + c_1 q_1^k + c_2 q_2^k \;\Rightarrow\; \hat x_{k+2} - s \approx "
            r"c_2 \left(\frac{q_1 - q_2}{1 - q_1}\right)^2 q_2^k",
        ),
        tags=("extrapolation", "fixed point", "rounding"),
    )
    sequence = Selector(
        "cosine",
        objects=("cosine", "two modes", "power sums"),
        doc="where the terms come from: a map of x, a sum of two modes, a sum of 1/n^power",
    )
    method = Selector(
        "aitken", objects=("plain", "aitken", "steffensen"), doc="what is made of the terms"
    )
    gain = Number(1.0, bounds=(0.1, 2.0), doc="cosine: x <- gain cos x; repels above 1.319")
    q1 = Number(0.9, bounds=(-1.2, 1.2), doc="two modes: factor of the first")
    q2 = Number(0.5, bounds=(0.01, 0.99), doc="two modes: factor of the second")
    share = Number(0.3, bounds=(0.0, 1.0), doc="two modes: size of the second over the first")
    power = Number(2.0, bounds=(1.5, 4.0), doc="power sums: exponent of 1/n")

    arms = {
        "Plain": {"method": "plain"},
        "Aitken": {"method": "aitken"},
        "Steffensen": {"method": "steffensen"},
    }
    presets = {
        "one": Preset("Keep one mode, watch three terms suffice", share=0.0, **MODES),
        "two": Preset("Mix two modes, watch the second one remain", **MODES),
        "rounding": Preset(
            "Bring the factor near one, watch rounding bite", q1=0.99, share=0.0, **MODES
        ),
        "sums": Preset("Sum inverse squares, watch Aitken halve the error", sequence="power sums"),
        "repelling": Preset(
            "Make the map repel, watch only Steffensen settle", gain=1.6, method="steffensen"
        ),
    }
    quantities = {
        "error": Quantity(
            "distance of the estimate to the limit", log=True, better="less", short="estimate"
        ),
        "plain": Quantity("distance of the plain term to the limit", log=True, short="plain term"),
        "law": Quantity("leading error of Aitken's value, closed form", log=True, short="law"),
    }
    views = [
        Plane("pic.terms", lines="pic.lines", target="pic.limit", trails=True, equal=True),
        Convergence("error", "law", log="y", bounds=("law",)),
    ]
    dtype = "float64"
    max_steps = 10_000

    @given(by=("sequence", "gain", "power", "share"))
    def problem(c, rng, backend):
        """Limit, first term, first sizes of the two modes, shift of the sums, constant C."""
        size = rng.uniform("size", ())
        first = torch.where(rng.uniform("sign", ()) < 0.5, -1.0, 1.0) * (0.2 + 0.1 * size)
        second = c.share * first * (0.5 + rng.uniform("second", ()))
        shift, constant = 1 + rng.uniform("shift", ()), torch.zeros_like(size)
        if c.sequence == "two modes":
            s = 1 + rng.uniform("limit", ())
            x = s + (first + second)
        elif c.sequence == "power sums":
            s = torch.special.zeta(torch.full_like(shift, c.power), shift)
            x = shift**-c.power
        else:
            point, last = fixed_point(c.gain)
            s, constant = torch.full_like(size, point), torch.full_like(size, last)
            x = 1.2 * size - 1
        modes = torch.stack([first, second])
        return {"limit": s, "start": x, "modes": modes, "shift": shift, "constant": constant}

    def init(given, c, rng, backend):
        p = given.problem
        x = p["start"].clone()
        return {
            "modes": p["modes"].repeat(3, 1),  # of the last three terms, the newest last
            "terms": x.repeat(3),  # the last three plain terms
            "used": x.repeat(3),  # the last three terms that the method has
            "estimate": x.clone(),
        }

    def step(state, given, c, k, rng):
        p, modes, terms = given.problem, state["modes"], state["terms"]
        if c.sequence == "two modes":
            modes = torch.cat(
                [modes[1:], torch.stack([c.q1 * modes[2, 0], c.q2 * modes[2, 1]])[None]]
            )
            x = p["limit"] + modes[2].sum()
        elif c.sequence == "power sums":
            x = terms[2] + (p["shift"] + (k + 1)) ** -c.power
        else:
            x = follow(c, terms[2])
        terms = torch.cat([terms[1:], x[None]])
        used, estimate = terms, x
        if c.method == "aitken" and k > 0:
            estimate = aitken(*terms)
        elif c.method == "steffensen":
            y = state["estimate"]
            if k % 2 == 0:  # restart from the estimate
                used, estimate = torch.stack([y, y, follow(c, y)]), y.clone()
            else:
                y = state["used"]
                used = torch.cat([y[1:], follow(c, y[2])[None]])
                estimate = aitken(*used)
        return {"modes": modes, "terms": terms, "used": used.clone(), "estimate": estimate}

    def noise(c):
        return {}

    def done(state, given, c):
        if c.method == "steffensen" and c.sequence != "cosine":
            return "Steffensen restarts a map, and these terms are only a list."
        return None

    def observe(state, given, c):
        p, terms = given.problem, state["terms"]
        plain = (terms[2] - p["limit"]).abs()
        if c.sequence == "two modes":
            u, v = state["modes"][0]
            law = quotient(u * v * (c.q1 - c.q2) ** 2, u * (1 - c.q1) ** 2 + v * (1 - c.q2) ** 2)
        elif c.sequence == "power sums":
            law = plain / c.power
        else:
            law = p["constant"] * (terms[0] - p["limit"]) ** 2
        error = (state["estimate"] - p["limit"]).abs()
        return {"error": error, "plain": plain, "law": law.abs()}

    def picture(state, given, c):
        """Pairs of terms (2, 2); map, diagonal and secant (n, 4); the limit (1, 2)."""
        s, w, y = given.problem["limit"], state["used"], state["estimate"]
        grid = s + torch.linspace(-1.2, 1.2, 49, dtype=s.dtype)
        lines = [torch.stack([grid[0], grid[0], grid[-1], grid[-1]])[None]]
        lines.append(torch.stack([w[0], w[1], y, y])[None])
        if c.sequence == "cosine":
            g = follow(c, grid)
            lines.append(torch.stack([grid[:-1], g[:-1], grid[1:], g[1:]], 1))
        return {
            "terms": torch.stack([w[:2], w[1:]], 1),
            "lines": torch.cat(lines),
            "limit": torch.stack([s, s])[None],
        }

    claims = [
        Claim(
            "second",
            "Two modes: the error of Aitken's value falls as the second mode, be it faster or "
            "slower than the square of the first, and is what the closed form says",
            source="desk",
            runs=Grid({"q2": (0.2, 0.3, 0.45)}, 8, {**MODES, "q1": 0.6}, steps(16), "log"),
            checks=(
                Check(
                    "rate",
                    lambda d: (factor(d, 8, 16) / d.q2).mean("q2"),
                    Within(0.98, 1.02),
                    label="measured factor over q2",
                ),
                Check(
                    "size",
                    lambda d: (d.error / d.law).sel(k=slice(2, 12)).mean(("q2", "k")),
                    Within(0.999, 1.001),
                    label="error over its closed form",
                ),
            ),
            control=Control({"method": "plain"}, breaks=("rate", "size")),
        ),
        Claim(
            "restart",
            "x <- gain cos x, restarted from the guess after every two evaluations: the error e "
            "becomes C e², with C from two derivatives of the map",
            source="desk",
            runs=Grid({"gain": (0.7, 1.0, 1.2)}, 8, {"method": "steffensen"}, steps(6), keep="log"),
            checks=(Check("constant", over_constant, Within(0.95, 1.05), label="measured over C"),),
            control=Control({"method": "aitken"}, breaks=("constant",)),
        ),
        Claim(
            "repelling",
            "Steffensen settles within 40 evaluations on a point that repels the plain iteration",
            source="desk",
            runs=Grid({"gain": (1.4, 1.6, 1.8)}, 8, {"method": "steffensen"}, steps(40)),
            checks=(Check("settles", lambda d: d.error.max("gain"), AtMost(1e-12), label="error"),),
            control=Control({"method": "plain"}, breaks=("settles",)),
        ),
        Claim(
            "logarithmic",
            "Sums of 1/n^p up to n = 200: Aitken divides the error of the plain sum by p",
            source="desk",
            runs=Grid(
                {"power": (2.0, 2.5, 3.0)}, 8, {**MODES, "sequence": "power sums"}, steps(200)
            ),
            checks=(
                Check(
                    "constant",
                    lambda d: (d.error / d.plain * d.power).mean("power"),
                    Within(0.98, 1.02),
                    label="error over plain error, times p",
                ),
            ),
            control=Control({"sequence": "cosine", "gain": 1.3}, breaks=("constant",)),
        ),
        Claim(
            "floor",
            "One mode with factor q, limit between 1 and 2: three terms give the limit up to the "
            "rounding of double precision, magnified by (1 + 4 q² + q⁴)^½ / (1 − q)²",
            source="desk",
            runs=Grid({"q1": (0.8, 0.9, 0.95)}, 8, {**MODES, "share": 0.0}, steps(420), keep="log"),
            checks=(Check("floor", over_floor, Within(0.9, 1.1), label="measured over predicted"),),
            control=Control({"share": 0.3}, breaks=("floor",)),
        ),
    ]
