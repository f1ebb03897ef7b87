"""The hinge network: its gradient is autograd's, its cuts are those of a network made smaller."""

import pytest
import torch
from torch.func import grad

from lab.core.backend import Backend
from lab.core.hinge_network import HingeNetwork
from lab.core.random import Rng


@pytest.fixture(scope="module")
def case():
    rng = Rng(1, backend=Backend("cpu", "float64"))
    weights = HingeNetwork(7, 12).init(rng)
    y = 1 - 2.0 * rng.integers("y", 0, 2, (30,))
    return weights, 3 * rng.normal("x", (30, 7)), y


def test_the_gradient_is_that_of_autograd(case):
    found, expected = HingeNetwork.gradient(*case), grad(HingeNetwork.loss)(*case)
    assert 0 < float(HingeNetwork.loss(*case)) < 2
    for name, slope in expected.items():
        torch.testing.assert_close(found[name], slope)


def test_a_step_is_that_of_torchs_descent_with_decay(case):
    weights, x, y = case
    found = HingeNetwork.descended(weights, x, y, 0.1, 0.01)
    own = {name: w.clone().requires_grad_() for name, w in weights.items()}
    HingeNetwork.loss(own, x, y).backward()
    torch.optim.SGD([*own.values()], lr=0.1, weight_decay=0.01).step()
    for name, w in own.items():
        torch.testing.assert_close(found[name], w.detach())


def test_the_start_is_as_large_as_that_of_linear_layers():
    weights = HingeNetwork(16, 400).init(Rng(0))
    assert 0.24 < weights["hidden"].abs().max() <= 0.25
    assert 0.04 < weights["votes"].abs().max() <= 0.05
    assert abs(weights["bias"].mean()) < 0.03


def test_cuts_keep_the_strongest_neurons(case):
    weights, x, _ = case
    answers = HingeNetwork.cuts(weights, x)
    torch.testing.assert_close(answers[:, -1], HingeNetwork.output(weights, x))
    strength = HingeNetwork.strength(weights)
    kept = strength >= strength.sort().values[-4]
    small = {name: w[kept] for name, w in weights.items()}
    torch.testing.assert_close(answers[:, 3], HingeNetwork.output(small, x))
    found = HingeNetwork.strongest(weights, 4)
    torch.testing.assert_close(answers[:, 3], HingeNetwork.output(found, x))
    assert bool((HingeNetwork.strength(found).diff() < 0).all())


def test_no_neuron_adds_more_than_its_strength(case):
    weights, x, _ = case
    with_one = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    added = HingeNetwork.activity(weights, x) * weights["votes"]
    most = HingeNetwork.strength(weights) * with_one.norm(dim=1, keepdim=True)
    assert bool((added.abs() <= most).all())
