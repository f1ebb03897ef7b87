"""The network that is trained by products: the same as one that holds its weights."""

import torch

from lab.core.backend import Backend
from lab.core.problems.xor_clusters import xor_clusters
from lab.core.random import Rng
from lab.core.signed_network import SignedNetwork


def test_same_as_autograd_over_the_weights():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(30, 50, generator=generator, dtype=torch.float64)
    y = torch.sign(torch.randn(20, generator=generator, dtype=torch.float64))
    w = torch.randn(8, 50, generator=generator, dtype=torch.float64)
    for slope in (0.0, 0.3, 1.0):
        net = SignedNetwork(0.7, slope)
        signs = net.signs(8, x)
        memory, pre = torch.zeros(8, 20, dtype=torch.float64), w @ x.T
        weights = w.clone().requires_grad_()
        for _ in range(20):
            memory, pre = net.step(memory, pre, x[:20] @ x.T, y)
            hidden = torch.nn.functional.leaky_relu(weights @ x[:20].T, slope)
            loss = torch.nn.functional.softplus(-y * (signs @ hidden)).mean()
            (gradient,) = torch.autograd.grad(loss, weights)
            weights = (weights - 0.7 * gradient).detach().requires_grad_()
        weights = weights.detach()
        torch.testing.assert_close(w + memory @ x[:20], weights, rtol=0, atol=1e-12)
        torch.testing.assert_close(pre, weights @ x.T, rtol=0, atol=1e-11)
        torch.testing.assert_close(signs @ signs, torch.tensor(1.0, dtype=torch.float64))


def test_what_is_odd_is_linear():
    pre = torch.randn(6, 40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    net = SignedNetwork(0.1)
    odd = (net.output(pre) - net.output(-pre)) / 2
    torch.testing.assert_close(SignedNetwork.linear_part(pre), odd)


def test_products_are_those_of_examples_and_weights():
    """p beyond one block of coordinates: plane, lengths and products agree with each other."""
    p, n, tests = 4_500, 12, 8
    found = xor_clusters(n, tests, p, 3.0, 5, Rng(0, backend=Backend(dtype="float64")))
    blocks = [
        Rng(0, backend=Backend(dtype="float64")).normal("noise", (20, some), index=i)
        for i, some in enumerate((2_000, 2_000, 500))
    ]
    x = torch.cat(blocks, 1)
    x[:, :2] = found["plane"]
    torch.testing.assert_close(found["gram"], x[:n] @ x.T)
    mean = found["plane"] - blocks[0][:, :2]
    torch.testing.assert_close(mean.square().sum(1), torch.full((20,), 3.0 * p**0.5).double())
    axis = mean.abs().argmax(1)
    torch.testing.assert_close(found["label"], 1.0 - 2.0 * axis.double())
    counts = torch.stack([(mean[n:, a] * s > 0).sum() for a in (0, 1) for s in (1, -1)])
    assert counts.tolist() == [2, 2, 2, 2]
    weights = torch.cat(
        [
            Rng(0, backend=Backend(dtype="float64")).normal("weights", (5, some), index=i)
            for i, some in enumerate((2_000, 2_000, 500))
        ],
        1,
    )
    torch.testing.assert_close(found["start"], weights @ x.T)
    torch.testing.assert_close(found["square"], weights.square().sum(1))
    torch.testing.assert_close(found["start_plane"], weights[:, :2])
