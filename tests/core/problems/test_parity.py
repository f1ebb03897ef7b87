"""Sparse parity: the answer is the product of the subset, and nothing else tells it."""

import itertools

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.parity import Parity
from lab.core.random import Rng

DOUBLE = Backend("cpu", "float64")


def test_answers_are_the_parity_of_the_subset_and_hidden_from_fewer_bits():
    problem = Parity(6, 3)
    split = problem.split(Rng(3), DOUBLE, shown=40, hidden=24)  # all 64 inputs there are
    x = torch.cat([split["train"]["x"], split["test"]["x"]])
    y = torch.cat([split["train"]["y"], split["test"]["y"]])
    assert len(torch.unique(x, dim=0)) == 64 and set(x.unique().tolist()) == {-1.0, 1.0}
    subset = split["subset"].tolist()
    minus = (x[:, subset] < 0).sum(1)
    assert torch.equal(y, 1 - 2.0 * (minus % 2))
    for size in range(7):
        for bits in itertools.combinations(range(6), size):
            correlation = float((x[:, list(bits)].prod(1) * y).mean())
            assert correlation == (1.0 if list(bits) == subset else 0.0)


def test_examples_all_differ_and_their_seed_decides():
    problem = Parity(40, 3)
    split, other = (problem.split(Rng(seed), Backend(), 600, 400) for seed in (0, 1))
    x = torch.cat([split["train"]["x"], split["test"]["x"]])
    assert x.shape == (1000, 40) and len(torch.unique(x, dim=0)) == 1000
    assert x.mean(0).abs().max() < 0.2 and abs(split["train"]["y"].mean()) < 0.2
    assert not torch.equal(split["train"]["x"], other["train"]["x"])
    subset = split["subset"]
    assert len(subset.unique()) == 3 and torch.equal(subset, subset.sort().values)
    again = problem.split(Rng(0), Backend(), 600, 400)
    assert torch.equal(again["train"]["x"], split["train"]["x"])


def test_the_longest_inputs_use_all_their_bits():
    x = Parity(62, 2).split(Rng(0), Backend(), 200, 200)["train"]["x"]
    assert x.mean(0).abs().max() < 0.35


def test_what_cannot_be_is_refused():
    for n, size in ((3, 4), (3, 0), (63, 2)):
        with pytest.raises(ValueError, match="size <= n"):
            Parity(n, size)
    for shown, hidden in ((0, 3), (3, 0), (5, 4)):
        with pytest.raises(ValueError, match="8 inputs"):
            Parity(3, 2).split(Rng(0), DOUBLE, shown, hidden)
