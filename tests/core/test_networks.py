"""The network of two numbers: its gradient beside autograd's, its symmetry, its start."""

import torch

from lab.core.backend import Backend
from lab.core.networks import PairNetwork
from lab.core.problems.modular import shown_and_hidden
from lab.core.random import Rng

NETWORK = PairNetwork(p=11, d=6, width=20)
DOUBLE = Backend("cpu", "float64")


def _setting():
    sums = shown_and_hidden(11, 0.5, Rng(3, backend=DOUBLE))
    return NETWORK.init(Rng(3, backend=DOUBLE)), sums["pairs"], sums["answer"]


def test_gradient_is_autograds():
    weights, pairs, answer = _setting()
    followed = {name: w.clone().requires_grad_() for name, w in weights.items()}
    table = followed["embed"] @ followed["hidden"]
    logits = table[pairs].sum(1).relu() @ followed["out"].T
    theirs = torch.nn.functional.cross_entropy(logits, answer)
    theirs.backward()
    loss, gradient = NETWORK.gradient(weights, pairs, answer)
    torch.testing.assert_close(loss, theirs.detach(), rtol=1e-13, atol=0)
    assert gradient.keys() == weights.keys()
    for name, g in gradient.items():
        torch.testing.assert_close(g, followed[name].grad, rtol=1e-12, atol=1e-15)


def test_weights_are_not_overwritten():
    weights, pairs, answer = _setting()
    before = {name: w.clone() for name, w in weights.items()}
    NETWORK.gradient(weights, pairs, answer)
    NETWORK.logits(weights, pairs)
    assert all(torch.equal(w, before[name]) for name, w in weights.items())


def test_order_of_the_numbers_does_not_matter():
    weights, pairs, _ = _setting()
    torch.testing.assert_close(
        NETWORK.logits(weights, pairs),
        NETWORK.logits(weights, pairs.flip(1)),
        rtol=1e-13,
        atol=1e-14,
    )


def test_start_is_the_seeds_and_survives_precision():
    single = NETWORK.init(Rng(3))
    double = NETWORK.init(Rng(3, backend=DOUBLE))
    for name, w in single.items():
        assert torch.equal(w, NETWORK.init(Rng(3))[name])
        torch.testing.assert_close(w, double[name].float(), rtol=1e-6, atol=0)
        assert not torch.equal(w, NETWORK.init(Rng(4))[name])
