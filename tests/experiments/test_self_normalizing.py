"""The closed-form moments are those of scipy's quadrature, the constants are torch's."""

import math

import pytest
import torch
from scipy import integrate

from lab.experiments.fixed_point.self_normalizing import SHAPES, moments


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("m", "v"), [(0.0, 1.0), (0.7, 0.3), (-1.2, 2.5)])
def test_moments(shape, m, v):
    alpha, scale = SHAPES[shape]

    def activation(x):
        return scale * (x if x > 0 else alpha * math.expm1(x))

    def expected(power):
        def weighted(x):
            weight = math.exp(-((x - m) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v)
            return activation(x) ** power * weight

        wide = 12 * math.sqrt(v)
        parts = ((m - wide, 0), (0, m + wide))
        return sum(integrate.quad(weighted, *part, epsabs=1e-12)[0] for part in parts)

    halved, third = torch.tensor([m / 2, v / 3], dtype=torch.float64)
    mean, variance = moments(halved, third, 2, 3, alpha, scale)
    assert float(mean) == pytest.approx(expected(1), abs=1e-8)
    assert float(variance) == pytest.approx(expected(2) - expected(1) ** 2, abs=1e-8)


def test_the_constants_are_torchs():
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    alpha, scale = SHAPES["SELU"]
    own = scale * torch.where(x > 0, x, alpha * torch.expm1(x))
    torch.testing.assert_close(own, torch.nn.functional.selu(x))
