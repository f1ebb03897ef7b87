"""The gradient is autograd's, ReLU and wires are the ends, paths are counted one by one."""

import itertools

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from lab.core import linear_units as lu
from lab.core.mlp import Mlp
from lab.core.random import Rng

NET = Mlp((2, 5, 5, 3))


def example(slopes=None):
    made = torch.Generator().manual_seed(0)
    flat = torch.randn(NET.size, generator=made, dtype=torch.float64)
    x = torch.randn(20, 2, generator=made, dtype=torch.float64)
    y = torch.randint(3, (20,), generator=made)
    if slopes is None:
        slopes = torch.rand(2, 5, generator=made, dtype=torch.float64)
    return flat, slopes, x, y


def test_gradient():
    flat, slopes, x, y = example()
    flat.requires_grad_(), slopes.requires_grad_()
    expected = cross_entropy(lu.logits(NET, flat, slopes, x), y)
    by_flat, by_slopes = torch.autograd.grad(expected, (flat, slopes))
    classes = one_hot(y, 3).double()
    loss, found, of_slopes = lu.gradient(NET, flat.detach(), slopes.detach(), x, classes)
    torch.testing.assert_close((loss, found, of_slopes), (expected.detach(), by_flat, by_slopes))


def test_slope_zero_is_the_relu_network():
    flat, slopes, x, y = example(torch.zeros(2, 5, dtype=torch.float64))
    torch.testing.assert_close(lu.logits(NET, flat, slopes, x), NET.logits(flat, x))
    loss, found, _ = lu.gradient(NET, flat, slopes, x, one_hot(y, 3).double())
    torch.testing.assert_close((loss, found), NET.gradient(flat, x, y))


def test_slope_one_is_a_linear_network():
    flat, slopes, x, _ = example(torch.ones(2, 5, dtype=torch.float64))
    answer = lu.logits(NET, flat, slopes, torch.cat([x, -x, 0 * x[:1]]))
    torch.testing.assert_close(answer[:20] + answer[20:40], 2 * answer[40:].expand(20, 3))


def test_lanes_agree_with_single_networks():
    flat, slopes, x, y = example()
    classes = one_hot(y, 3).double()
    many = torch.stack([flat, 2 * flat])
    found = torch.func.vmap(lambda f: lu.gradient(NET, f, slopes, x, classes))(many)
    torch.testing.assert_close(tuple(part[1] for part in found),
                               lu.gradient(NET, 2 * flat, slopes, x, classes))  # fmt: skip


def test_all_paths_of_full_layers():
    layers = [torch.tensor([True, True, False, False]), torch.tensor([True, False, False])]
    assert float(lu.average_path_length(layers)) == pytest.approx(1 / 2 + 1 / 3)
    full = [torch.ones(shape, dtype=torch.bool) for shape in ((4, 2), (3, 4), (2, 3))]
    assert float(lu.average_path_length(layers, full)) == pytest.approx(1 / 2 + 1 / 3)


def test_living_paths_one_by_one():
    rng = Rng(3)
    masks = [rng.uniform("m", shape, i) < 0.6 for i, shape in enumerate([(4, 2), (3, 4), (2, 3)])]
    layers = [rng.uniform("u", (n,), n) < 0.5 for n in (4, 3)]
    met = [
        int(layers[0][j]) + int(layers[1][k])
        for i, j, k, m in itertools.product(range(2), range(4), range(3), range(2))
        if masks[0][j, i] and masks[1][k, j] and masks[2][m, k]
    ]
    expected = sum(met) / len(met)
    assert float(lu.average_path_length(layers, masks)) == pytest.approx(expected)


def test_no_path_has_length_zero():
    masks = [torch.zeros(shape, dtype=torch.bool) for shape in ((3, 2), (2, 3))]
    assert float(lu.average_path_length([torch.ones(3, dtype=torch.bool)], masks)) == 0
