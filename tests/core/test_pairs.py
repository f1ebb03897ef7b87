"""Pairs of a network and its data: by name, with the right sizes, trained to be worth pruning."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.pairs import PROBLEMS, pair
from lab.core.random import Rng


def test_a_name_says_problem_and_hidden_widths():
    assert pair("digits 100-50").net.widths == (144, 100, 50, 10)
    assert pair("spirals 64").net.widths == (2, 64, 2)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_network_learns_its_data(name):
    made, backend = pair(f"{name} 32"), Backend()
    data = made.split(Rng(0), backend, hidden=500)
    right = made.net.accuracy(made.dense(data["train"], Rng(0)), **data["test"])
    by_chance = data["test"]["y"].bincount().max() / 500
    assert right > by_chance + 0.3


@pytest.mark.parametrize("name", ["digits", "pictures 10", "digits 10-x", "digits "])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="not "):
        pair(name)


def test_a_start_is_not_moved():
    made = pair("moons 8")
    data = made.split(Rng(0), Backend(), shown=20, hidden=20)
    assert torch.equal(made.dense(data["train"], Rng(1)), made.dense(data["train"], Rng(1)))
