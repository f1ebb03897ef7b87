"""Against a state of all items, scipy's Chebyshev polynomials, and Grover's angles."""

import math

import numpy as np
import pytest
import torch
from scipy.special import eval_chebyt

from lab.core.amplification import FixedPoint, Grover, bloch, chebyshev, search

FRACTIONS = torch.linspace(0.001, 1, 60, dtype=torch.float64)


@pytest.mark.parametrize("degree", [1, 4, 21])
def test_chebyshev_is_scipys(degree):
    x = torch.linspace(0, 1.3, 50, dtype=torch.float64)
    np.testing.assert_allclose(
        chebyshev(degree, x), eval_chebyt(degree, x.numpy()), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("method", [Grover(), FixedPoint(0.3)])
def test_two_states_stand_for_all_items(method):
    """64 items, five of them marked, every amplitude kept."""
    items, marked = 64, 5
    alpha, beta = (phase.numpy() for phase in method.phases(4))
    even = np.full(items, items**-0.5, dtype=complex)
    psi, here = even.copy(), np.arange(items) < marked
    for a, b in zip(alpha, beta):
        psi = np.where(here, np.exp(1j * b), 1) * psi
        psi = psi - (1 - np.exp(-1j * a)) * even * (even @ psi)
    last = search(torch.tensor(marked / items, dtype=torch.float64), *method.phases(4))[-1]
    assert float(last[1].abs() ** 2) == pytest.approx((abs(psi[here]) ** 2).sum(), abs=1e-12)
    assert float((last.abs() ** 2).sum()) == pytest.approx(1)


@pytest.mark.parametrize("n", [0, 1, 2, 10, 40])
@pytest.mark.parametrize("method", [Grover(), FixedPoint(0.1), FixedPoint(0.7)])
def test_success_in_closed_form(method, n):
    found = search(FRACTIONS, *method.phases(n))[-1][..., 1].abs() ** 2
    torch.testing.assert_close(found, method.success(n, FRACTIONS), atol=1e-11, rtol=0)


@pytest.mark.parametrize("n", [1, 7, 40])
def test_the_recursion_is_the_polynomial(n):
    x = torch.linspace(0, 1, 40, dtype=torch.float64)
    method = FixedPoint(0.2)
    torch.testing.assert_close(method.recursion(n, x), method.left(n, x) + 0j, atol=1e-11, rtol=0)


def test_the_threshold_is_below_its_bound():
    for n in range(1, 60):
        for delta in (0.05, 0.3, 0.8):
            assert FixedPoint(delta).threshold(n) <= (math.log(2 / delta) / (2 * n + 1)) ** 2


def test_bloch_vectors():
    half = torch.tensor([[1, 0], [0, 1], [0.5**0.5, 0.5**0.5 * 1j]], dtype=torch.complex128)
    expected = torch.tensor([[0, 0, -1], [0, 0, 1], [0, 1, 0]], dtype=torch.float64)
    torch.testing.assert_close(bloch(half), expected)
