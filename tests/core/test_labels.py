"""Flipped labels: the declared share, evenly over the other classes, the same for a seed."""

import pytest
import torch

from lab.core.problems.labels import flipped, mislabelled, odds
from lab.core.random import Rng

Y = torch.arange(20_000) % 5


def test_the_share_is_as_declared_and_the_other_classes_get_equal_parts():
    found = flipped(Y, 0.2, 5, Rng(1))
    wrong = found != Y
    assert float(wrong.float().mean()) == pytest.approx(0.2, abs=0.01)
    moved = torch.bincount((found - Y)[wrong] % 5, minlength=5) / wrong.sum()
    torch.testing.assert_close(moved, torch.tensor([0, 0.25, 0.25, 0.25, 0.25]), atol=0.02, rtol=0)


def test_a_larger_share_flips_the_same_and_more():
    small, large = (flipped(Y, share, 5, Rng(1)) for share in (0.1, 0.3))
    changed = small != Y
    assert torch.equal(small[changed], large[changed])
    assert torch.equal(flipped(Y, 0.0, 5, Rng(1)), Y)
    assert bool((flipped(Y, 1.0, 2, Rng(1)) != Y).any())
    assert not torch.equal(small, flipped(Y, 0.1, 5, Rng(2)))


def test_what_is_told_comes_out_as_often_as_the_odds_say():
    expected = odds(Y, 0.2, 5)
    torch.testing.assert_close(expected.sum(1), torch.ones(len(Y)))
    told = flipped(Y, 0.2, 5, Rng(3))
    for right in range(5):
        where = right == Y
        found = torch.bincount(told[where], minlength=5) / where.sum()
        torch.testing.assert_close(found, expected[right], atol=0.02, rtol=0)


def test_only_those_that_train_are_told_wrong():
    split = {name: {"x": torch.zeros(len(Y), 1), "y": Y} for name in ("train", "test")}
    found = mislabelled(split, 0.2, 5, Rng(1))
    assert torch.equal(found["train"]["y"], flipped(Y, 0.2, 5, Rng(1)))
    assert found["test"] is split["test"] and found["train"]["x"] is split["train"]["x"]
    assert split["train"]["y"] is Y


@pytest.mark.parametrize("share, classes", [(-0.1, 5), (1.1, 5), (0.1, 1)])
def test_nonsense_is_refused(share, classes):
    with pytest.raises(ValueError):
        flipped(Y, share, classes, Rng(0))
