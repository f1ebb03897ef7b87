"""Aitken's delta-squared process: three terms of a slow sequence guess where it will end."""

import math

import numpy as np
import torch

from lab.engine import (
    Card,
    Check,
    Claim,
    Control,
    Convergence,
    Experiment,
    Grid,
    Number,
    Plane,
    Preset,
    Quantity,
    Selector,
    Within,
    given,
    steps,
)


def cosine_point(gain):
    """Fixed point of x <- gain cos x, and the factors of its errors there.

    Parameters
    ----------
    gain : float
        At least 0 and at most 2, where x - gain cos x rises on [0, pi/2].

    Returns
    -------
    point, slope, constant : float
        The fixed point s, the slope of the map at s, and C in e' = C e^2 for one extrapolation
        of x, g(x), g(g(x)) with x = s + e. Expanding g to second order gives
        C = g''(s) g'(s) / (2 (g'(s) - 1)).
    """
    x = 0.5
    for _ in range(50):
        x -= (x - gain * math.cos(x)) / (1 + gain * math.sin(x))
    slope, curvature = -gain * math.sin(x), -gain * math.cos(x)
    return x, slope, curvature * slope / (2 * (slope - 1))


def quotient(a, b):
    """Quotient of two tensors of one shape, zero where the denominator is."""
    return torch.where(b == 0, 0.0, a / torch.where(b == 0, 1.0, b))


def extrapolate(w):
    """Limit of the geometric sequence through three terms.

    Parameters
    ----------
    w : Tensor of shape (3,)
        Consecutive terms, the newest last.

    Returns
    -------
    Tensor of shape ()
        The newest term less its difference squared over the second difference; the newest term
        itself where the second difference is zero.
    """
    new, old = w[2] - w[1], w[1] - w[0]
    second = new - old
    return w[2] - new * quotient(new, second)


def floor(q):
    """Root mean square error of Aitken's value for s + c q^k with s in [1, 2), from rounding.

    Rounding errors r of three terms reach the result as (r2 - 2 q r1 + q^2 r0) / (1 - q)^2. Each
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
    """Third restart over the square of the second, in units of the closed form."""
    ratios = [
        d.error.sel(gain=g, k=6) / d.error.sel(gain=g, k=4) ** 2 / abs(cosine_point(float(g))[2])
        for g in d.gain.values
    ]
    return sum(ratios) / len(ratios)


def over_slope(d):
    """Factor of the error in each step over the square of the slope of the map."""
    rate = factor(d, 10, 16)
    ratios = [rate.sel(gain=g) / cosine_point(float(g))[1] ** 2 for g in d.gain.values]
    return sum(ratios) / len(ratios)


MODES = {"sequence": "two modes", "method": "aitken"}


class AitkenDeltaSquared(Experiment):
    """Three terms of a sequence give a secant; Aitken reads the limit off the diagonal."""

    card = Card(
        title="Aitken's delta-squared",
        question="A sequence creeps to its limit. Can you tell the limit from three terms?",
        answer="Yes if the error is geometric; otherwise only its geometric part goes away.",
        why=(
            "If each error is a fixed multiple of the last, three terms contain both the multiple "
            "and the limit. Real sequences obey this only nearly, and what is left falls at the "
            "next slower rate. Restart a map from the guess (Steffensen) and digits double. The "
            "price: dividing by a difference of differences magnifies rounding."
        ),
        papers=(),
        equations=(
            r"\hat x_k = x_k - \frac{(x_k - x_{k-1})^2}{x_k - 2x_{k-1} + x_{k-2}}",
            r"x_k = s + c_1 q_1^k + c_2 q_2^k \;\Rightarrow\; \hat x_{k+2} - s \approx "
            r"c_2 \left(\frac{q_1 - q_2}{1 - q_1}\right)^2 q_2^k",
        ),
        tags=("extrapolation", "fixed point", "rounding"),
        cost="seconds",
    )

    sequence = Selector(
        "cosine",
        objects=("cosine", "sine", "two modes", "power sums"),
        doc="where the terms come from: two maps of x, a sum of two modes, a sum of 1/n^power",
    )
    method = Selector(
        "aitken", objects=("plain", "aitken", "steffensen"), doc="what is made of the terms"
    )
    gain = Number(1.0, bounds=(0.1, 2.0), doc="cosine: x <- gain cos x; repels above 1.319")
    q1 = Number(0.9, bounds=(-1.2, 1.2), doc="two modes: factor of the first")
    q2 = Number(0.5, bounds=(0.01, 0.99), doc="two modes: factor of the second")
    share = Number(0.3, bounds=(0.0, 1.0), doc="two modes: size of the second over the first")
    bend = Number(0.0, bounds=(0.0, 1.0), doc="two modes: u <- q1 u + bend u^2 for the first")
    limit = Number(1.5, bounds=(0.0, 1000.0), doc="two modes: typical size of the limit")
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
        "sums": Preset(
            "Sum inverse squares, watch Aitken halve the error",
            sequence="power sums",
            method="aitken",
        ),
        "sine": Preset(
            "Flatten the map, watch Steffensen stay geometric",
            sequence="sine",
            method="steffensen",
        ),
        "repelling": Preset(
            "Make the map repel, watch only Steffensen settle", gain=1.6, method="steffensen"
        ),
    }

    quantities = {
        "error": Quantity("distance of the estimate to the limit", log=True, better="less"),
        "law": Quantity("leading error of Aitken's value, closed form", log=True),
        "gain_left": Quantity("error over that of the plain term", log=True, better="less"),
    }
    views = [
        Plane("pic.terms", lines="pic.lines", target="pic.limit", trails=True, equal=True),
        Convergence("error", "law", log="y", bounds=("law",)),
        Convergence("gain_left", log="y"),
    ]
    dtype = "float64"
    max_steps = 10_000

    @given(by=("sequence", "gain", "limit", "power", "share"))
    def problem(c, rng, backend):
        """Limit, first term, first sizes of the two modes, shift of the sums, constant C."""
        size = rng.uniform("size", ())
        sign = torch.where(rng.uniform("sign", ()) < 0.5, -1.0, 1.0)
        shift = 1 + rng.uniform("shift", ())
        first = sign * (0.2 + 0.1 * size)
        second = c.share * first * (0.5 + rng.uniform("second", ()))
        constant = torch.zeros_like(size)
        if c.sequence == "two modes":
            s = c.limit * (0.9 + 0.2 * rng.uniform("limit", ()))
            x = s + (first + second)
        elif c.sequence == "power sums":
            s = torch.special.zeta(torch.full_like(shift, c.power), shift)
            x = shift**-c.power
        elif c.sequence == "cosine":
            point, _, last = cosine_point(c.gain)
            s = torch.full_like(size, point)
            constant = torch.full_like(size, last)
            x = 1.2 * size - 1
        else:
            s = torch.zeros_like(size)
            x = 0.8 + 0.7 * size
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

    def follow(c, x):
        """The map of which x is the iterate; only cosine and sine have one."""
        return c.gain * torch.cos(x) if c.sequence == "cosine" else torch.sin(x)

    def step(state, given, c, k, rng):
        p, modes, terms = given.problem, state["modes"], state["terms"]
        if c.sequence == "two modes":
            u, v = modes[2]
            u, v = c.q1 * u + c.bend * u**2, c.q2 * v
            modes = torch.cat([modes[1:], torch.stack([u, v])[None]])
            x = p["limit"] + (u + v)
        elif c.sequence == "power sums":
            x = terms[2] + (p["shift"] + (k + 1)) ** -c.power
        else:
            x = AitkenDeltaSquared.follow(c, terms[2])
        terms = torch.cat([terms[1:], x[None]])
        used, estimate = terms, x
        if c.method == "aitken" and k > 0:
            estimate = extrapolate(terms)
        elif c.method == "steffensen":
            y = state["estimate"]
            if k % 2 == 0:  # restart from the estimate
                used = torch.stack([y, y, AitkenDeltaSquared.follow(c, y)])
                estimate = y.clone()
            else:
                y = state["used"]
                used = torch.cat([y[1:], AitkenDeltaSquared.follow(c, y[2])[None]])
                estimate = extrapolate(used)
        return {"modes": modes, "terms": terms, "used": used.clone(), "estimate": estimate}

    def noise(c):
        return {}

    def done(state, given, c):
        if c.method == "steffensen" and c.sequence in ("two modes", "power sums"):
            return "Steffensen restarts a map, and these terms are only a list."
        return None

    def observe(state, given, c):
        p, terms = given.problem, state["terms"]
        error = (state["estimate"] - p["limit"]).abs()
        plain = (terms[2] - p["limit"]).abs()
        if c.sequence == "two modes":
            u, v = state["modes"][0]
            mixed = u * v * (c.q1 - c.q2) ** 2
            law = quotient(mixed, u * (1 - c.q1) ** 2 + v * (1 - c.q2) ** 2)
            law = law + quotient(c.bend * c.q1 * u**2, torch.zeros_like(u) + (c.q1 - 1))
        elif c.sequence == "power sums":
            law = plain / c.power
        elif c.sequence == "cosine":
            law = p["constant"] * (terms[0] - p["limit"]) ** 2
        else:
            law = 2 / 3 * plain
        return {"error": error, "law": law.abs(), "gain_left": quotient(error, plain)}

    def picture(state, given, c):
        """Pairs of terms (2, 2); map, diagonal and secant (n, 4); the limit (1, 2)."""
        s, w, y = given.problem["limit"], state["used"], state["estimate"]
        grid = s + torch.linspace(-1.2, 1.2, 49, dtype=s.dtype)
        lines = [torch.stack([grid[0], grid[0], grid[-1], grid[-1]])[None]]
        lines.append(torch.stack([w[0], w[1], y, y])[None])
        if c.sequence in ("cosine", "sine"):
            g = AitkenDeltaSquared.follow(c, grid)
            lines.append(torch.stack([grid[:-1], g[:-1], grid[1:], g[1:]], 1))
        return {
            "terms": torch.stack([w[:2], w[1:]], 1),
            "lines": torch.cat(lines),
            "limit": torch.stack([s, s])[None],
        }

    claims = [
        Claim(
            "exact",
            "One geometric mode: three terms give the limit, even of a sequence that runs away",
            source="desk",
            runs=Grid({"q1": (-0.9, 0.5, 0.9, 1.1)}, set={**MODES, "share": 0.0}, stop=steps(2)),
            checks=(
                Check(
                    "exact",
                    lambda d: d.error.max("q1"),
                    Within(0.0, 1e-12),
                    label="largest error after three terms",
                ),
            ),
            control=Control({"share": 0.3}, breaks=("exact",)),
        ),
        Claim(
            "second",
            "Two modes: the error falls as the second mode, be it faster or slower than q1^2",
            source="desk",
            runs=Grid(
                {"q2": (0.2, 0.3, 0.45)}, set={**MODES, "q1": 0.6}, stop=steps(16), keep="log"
            ),
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
            "larger",
            "A bent first mode adds q1^2: the error falls as the larger of q2 and q1^2",
            source="desk",
            runs=Grid(
                {"q2": (0.08, 0.3)},
                set={**MODES, "q1": 0.4, "share": 1.0, "bend": 0.5},
                stop=steps(16),
                keep="log",
            ),
            checks=(
                Check(
                    "rate",
                    lambda d: (factor(d, 12, 16) / np.maximum(d.q2, 0.16)).mean("q2"),
                    Within(0.98, 1.02),
                    label="measured factor over the larger one",
                ),
            ),
            control=Control({"bend": 0.0}, breaks=("rate",)),
        ),
        Claim(
            "squared",
            "x <- gain cos x: Aitken squares the factor, with a constant known beforehand",
            source="desk",
            runs=Grid(
                {"gain": (0.7, 0.85, 1.0)}, set={"method": "aitken"}, stop=steps(16), keep="log"
            ),
            checks=(
                Check(
                    "rate",
                    over_slope,
                    Within(0.98, 1.02),
                    label="measured factor over the squared slope",
                ),
                Check(
                    "size",
                    lambda d: (d.error / d.law).sel(k=slice(12, 14)).mean(("gain", "k")),
                    Within(0.98, 1.02),
                    label="error over its closed form",
                ),
            ),
            control=Control({"method": "plain"}, breaks=("rate", "size")),
        ),
        Claim(
            "restart",
            "Restarting the map makes the error C e^2 after every two evaluations",
            source="desk",
            runs=Grid(
                {"gain": (0.7, 1.0, 1.2)}, set={"method": "steffensen"}, stop=steps(6), keep="log"
            ),
            checks=(
                Check(
                    "constant",
                    over_constant,
                    Within(0.95, 1.05),
                    label="measured constant over C",
                ),
            ),
            control=Control({"method": "aitken"}, breaks=("constant",)),
        ),
        Claim(
            "repelling",
            "Steffensen settles on a fixed point that repels the plain iteration",
            source="desk",
            runs=Grid({"gain": (1.4, 1.6, 1.8)}, set={"method": "steffensen"}, stop=steps(40)),
            checks=(
                Check(
                    "settles",
                    lambda d: d.error.max("gain"),
                    Within(0.0, 1e-12),
                    label="largest error after 40 evaluations",
                ),
            ),
            control=Control({"method": "plain"}, breaks=("settles",)),
        ),
        Claim(
            "logarithmic",
            "Sums of 1/n^p: Aitken divides the error by p and gains nothing more",
            source="desk",
            runs=Grid(
                {"power": (2.0, 2.5, 3.0)},
                set={"sequence": "power sums", "method": "aitken"},
                stop=steps(200),
                keep="log",
            ),
            checks=(
                Check(
                    "constant",
                    lambda d: (d.gain_left.sel(k=200) * d.power).mean("power"),
                    Within(0.98, 1.02),
                    label="error over plain error, times p",
                ),
                Check(
                    "stays",
                    lambda d: (d.gain_left.sel(k=200) / d.gain_left.sel(k=100)).mean("power"),
                    Within(0.98, 1.02),
                    label="gain at 200 terms over that at 100",
                ),
            ),
            control=Control({"sequence": "cosine", "gain": 1.3}, breaks=("constant", "stays")),
        ),
        Claim(
            "geometric",
            "x <- sin x: a restart keeps two thirds of the error, until rounding near eps^(1/4)",
            source="desk",
            runs=Grid(
                set={"sequence": "sine", "method": "steffensen"}, stop=steps(300), keep="log"
            ),
            checks=(
                Check(
                    "ratio",
                    lambda d: (d.error.sel(k=28) / d.error.sel(k=16)) ** (1 / 6),
                    Within(0.66, 0.673),
                    label="error kept by a restart",
                ),
                Check(
                    "stall",
                    lambda d: np.log(d.error.sel(k=300)) / np.log(np.finfo(np.float64).eps),
                    Within(0.2, 0.3),
                    label="exponent of eps where it stalls",
                ),
            ),
            control=Control({"method": "plain"}, breaks=("ratio", "stall")),
        ),
        Claim(
            "floor",
            "One mode in double precision: rounding stops Aitken at a floor of about eps/(1-q)^2",
            source="desk",
            runs=Grid(
                {"q1": (0.8, 0.9, 0.95)},
                set={**MODES, "share": 0.0},
                stop=steps(420),
                keep="log",
            ),
            checks=(
                Check(
                    "floor",
                    over_floor,
                    Within(0.9, 1.1),
                    label="rounding error over the predicted one",
                ),
            ),
            control=Control({"limit": 0.0}, breaks=("floor",)),
        ),
    ]
