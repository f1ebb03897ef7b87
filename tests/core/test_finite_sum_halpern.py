"""Variance reduction buys the root of n; without it the sum costs n."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.finite_sum_halpern import FiniteSumHalpern
from lab.core.random import Rng

BACKEND = Backend(dtype="float64")


def family(n, seed, planes=10):
    """V_i z = (I - Q_i) z - b_i, Q_i rotations: 1/2-cocoercive, so L = 2; the start is 0."""
    rng = Rng(seed, backend=BACKEND)
    angles = BACKEND.logspace(math.pi / 2, 1e-3, planes)
    angles = angles * (0.5 + rng.uniform("angles", (n, planes)))
    shift = torch.complex(rng.normal("b", (n, planes)), rng.normal("c", (n, planes))) / planes**0.5
    values = 1 - torch.exp(1j * angles)
    # The zero is where the mean says; moved to a point of norm 1, so that starts are comparable.
    zero = torch.complex(rng.normal("x", (planes,)), rng.normal("y", (planes,)))
    zero = zero / zero.norm()
    shift = shift - shift.mean(0) + values.mean(0) * zero
    mean_value, mean_shift = values.mean(0), shift.mean(0)

    def mean(x, picks):
        if picks is None:
            return mean_value * x - mean_shift
        return (values[picks] * x - shift[picks]).mean(0)

    return mean, torch.zeros(planes, dtype=torch.complex128), rng


def components(n, seed, kind, eps=1e-2, limit=20_000):
    mean, start, rng = family(n, seed)
    method = FiniteSumHalpern(n, 1 / 8, kind)
    state = method.init(start)
    for k in range(limit):
        at = rng.at(k)
        state = method.step(
            state, mean, at.uniform("coin"), at.integers("picks", 0, n, (method.batch,)), k
        )
        if float(mean(state["x"], None).norm()) < eps:
            return state["components"], k + 1
    return math.inf, limit


def test_components_grow_with_the_declared_power():
    powers = {}
    for kind in ("variance reduced", "full"):
        few, many = (
            sum(math.log(components(n, seed, kind)[0]) for seed in range(2)) / 2
            for n in (256, 4_096)
        )
        powers[kind] = (many - few) / math.log(16)
        assert powers[kind] == pytest.approx(FiniteSumHalpern(2, 1.0, kind).power, abs=0.15)
    assert powers["full"] == pytest.approx(1.0, abs=0.03)


def test_samples_alone_do_not_arrive():
    assert components(256, 0, "sampled", limit=4_000)[0] == math.inf


def test_what_is_looked_at():
    method = FiniteSumHalpern(100, 1.0)
    assert method.batch == 10
    assert method.chance(0) == 4 / 5
    assert method.chance(50) == 4 / 15
    with pytest.raises(ValueError, match="kind"):
        FiniteSumHalpern(10, 1.0, "half")
