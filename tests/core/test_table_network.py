"""The network that reads a and b by weights of their own: its gradient is autograd's."""

import pytest
import torch

from lab.core.random import Rng
from lab.core.table_network import ACTIVATIONS, TableNetwork

PAIRS = torch.cartesian_prod(torch.arange(5), torch.arange(5))
ANSWER = (PAIRS[:, 0] + 2 * PAIRS[:, 1]) % 5


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_is_autograds(activation):
    net = TableNetwork(5, 7, activation)
    weights = {name: w.double().requires_grad_() for name, w in net.init(Rng(3)).items()}
    loss = torch.nn.functional.cross_entropy(
        net.logits({name: w.clone() for name, w in weights.items()}, PAIRS), ANSWER
    )
    expected = torch.autograd.grad(loss, list(weights.values()))
    found, gradient = net.gradient({k: w.detach() for k, w in weights.items()}, PAIRS, ANSWER)
    torch.testing.assert_close(found, loss.detach(), rtol=0, atol=1e-14)
    for ours, theirs in zip(gradient.values(), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_logits_are_the_formula():
    for activation, f in (("relu", torch.relu), ("square", torch.square)):
        net = TableNetwork(5, 7, activation)
        W = net.init(Rng(1), scale=2.0)
        table = f(W["left"][:, None] + W["right"]) @ W["out"].T
        torch.testing.assert_close(net.logits(W, PAIRS), table.reshape(25, 5))
    net = TableNetwork(5, 7, "product")
    W = net.init(Rng(1))
    table = torch.einsum("iw,jw,kw->ijk", W["left"], W["right"], W["out"])
    torch.testing.assert_close(net.logits(W, PAIRS), table.reshape(25, 5))


def test_looking_leaves_the_weights():
    net = TableNetwork(5, 7, "square")
    W = net.init(Rng(1))
    before = {name: w.clone() for name, w in W.items()}
    net.logits(W, PAIRS)
    net.gradient(W, PAIRS, ANSWER)
    assert all(torch.equal(before[name], W[name]) for name in W)
