"""Along a line a quadratic is known: a dip where it curves up, a barrier where it curves down."""

import pytest
import torch

from lab.core.interpolation import above_chord, along_line, between

DOUBLE = torch.float64


def quadratic(sign, n=6):
    generator = torch.Generator().manual_seed(n)
    root, a, b = (torch.randn(n, n, dtype=DOUBLE, generator=generator) for _ in range(3))
    return sign * root @ root.T, a[0], b[0]


def test_points_run_from_end_to_end():
    a, b = torch.zeros(3), torch.ones(3)
    points = between(a, b, torch.tensor([0.0, 0.25, 1.0]))
    assert points.tolist() == [[0.0] * 3, [0.25] * 3, [1.0] * 3]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_quadratic_lies_above_its_chord_as_the_closed_form_says(sign):
    hessian, a, b = quadratic(sign)
    at = torch.linspace(0, 1, 9, dtype=DOUBLE)
    values = along_line(lambda x: 3 + x @ hessian @ x / 2, a, b, at)
    expect = -at * (1 - at) / 2 * ((b - a) @ hessian @ (b - a))
    torch.testing.assert_close(above_chord(values), expect)
    assert (float(above_chord(values).max()) > 1e-9) == (sign < 0)


def test_a_linear_function_is_its_own_chord_and_one_point_has_none():
    slope = torch.arange(4.0, dtype=DOUBLE)
    values = along_line(
        lambda x: x @ slope, slope, 2 * slope, torch.linspace(0, 1, 5, dtype=DOUBLE)
    )
    torch.testing.assert_close(above_chord(values), torch.zeros(5, dtype=DOUBLE))
    with pytest.raises(ValueError, match="two ends"):
        above_chord(torch.ones(1))
