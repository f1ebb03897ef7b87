"""The PQ index: its symmetries, its ends, and the bound that pruning follows."""

import pytest
import torch

from lab.core.pq_index import Adaptive, PQIndex

DOUBLE = torch.float64


def gauss(n=1000, seed=0):
    return torch.randn(n, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("p, q", [(0.5, 1.0), (1.0, 2.0), (0.2, 3.0)])
def test_scale_and_clones_change_nothing(p, q):
    index, w = PQIndex(p, q), gauss()
    expect = float(index.of(w))
    assert float(index.of(-1e-12 * w)) == pytest.approx(expect, abs=1e-12)
    assert float(index.of(w.repeat(7).view(70, 100))) == pytest.approx(expect, abs=1e-12)
    norms = [w.abs().pow(r).sum() ** (1 / r) for r in (p, q)]
    assert expect == pytest.approx(float(1 - 1000 ** (1 / q - 1 / p) * norms[0] / norms[1]))


def test_ends_and_the_value_of_a_gaussian():
    index = PQIndex()
    assert float(index.of(torch.tensor([2.0, -2.0, 2.0]))) == 0
    one = torch.zeros(50, dtype=DOUBLE)
    one[3] = -4
    assert float(index.of(one)) == pytest.approx(index.highest(50))
    # E|z|^.5 = 2^.25 Gamma(3/4) / sqrt(pi), E|z| = sqrt(2/pi)
    z = torch.tensor(0.75, dtype=DOUBLE)
    root = 2**0.25 * torch.exp(torch.lgamma(z)) / torch.pi**0.5
    expect = 1 - root**2 / (2 / torch.pi) ** 0.5
    assert float(index.of(gauss(400_000))) == pytest.approx(float(expect), abs=2e-3)


def test_a_sparser_vector_has_a_higher_index():
    """Taking from the rich and giving to the poor lowers it; cutting the small ones too."""
    w = gauss().abs().sort().values
    robbed = w.clone()
    robbed[-1] -= 0.1
    robbed[0] += 0.1
    index = PQIndex()
    assert index.of(robbed) < index.of(w)
    assert index.of(w[300:]) < index.of(w) < index.of(torch.cat([w, torch.zeros(1, dtype=DOUBLE)]))


@pytest.mark.parametrize("p, q", [(0.5, 1.0), (1.0, 2.0)])
@pytest.mark.parametrize("seed", range(3))
def test_no_set_of_entries_is_smaller_than_the_bound(p, q, seed):
    index = PQIndex(p, q)
    w = gauss(200, seed) ** 3
    powers = w.abs().pow(p).sort(descending=True).values
    top = powers.cumsum(0)
    for r in range(1, 200):
        eta = float((top[-1] - top[r - 1]) / top[r - 1])
        assert r >= index.least(float(index.of(w)), 200, eta) - 1e-9
    flat = torch.cat([torch.ones(40, dtype=DOUBLE), torch.zeros(60, dtype=DOUBLE)])
    assert index.least(float(index.of(flat)), 100) == pytest.approx(40)


def test_the_adaptive_share_is_the_redundant_one():
    flat = torch.cat([torch.ones(40), torch.zeros(60)])
    assert Adaptive().share(flat) == pytest.approx(0.6, abs=1e-5)
    assert Adaptive(gamma=0.5).share(flat) == pytest.approx(0.3, abs=1e-5)
    assert Adaptive(gamma=5.0).share(flat) == 0.9
    assert Adaptive(eta=-0.5).share(torch.ones(9)) == 0.0
    # with p = .5, q = 1 the bound has the factor 1 / (1 + eta)^2
    assert Adaptive(eta=1.0).share(torch.ones(9)) == pytest.approx(0.75)


def test_norms_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="0 < p < q"):
        PQIndex(1.0, 0.5)
