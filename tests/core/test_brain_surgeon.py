"""The block step against brute force, the factored Fisher matrix against autograd."""

import itertools

import pytest
import torch
from torch.func import grad, vmap

from lab.core.brain_surgeon import BrainSurgeon, ExampleGradients
from lab.core.mlp import Mlp
from lab.core.random import Rng

NET = Mlp((4, 6, 3))
SURGEON = BrainSurgeon(4, 0.01)


@pytest.fixture(scope="module")
def case():
    rng = Rng(2)
    flat = NET.init(rng).double()
    x, y = rng.normal("x", (30, 4)).double(), rng.integers("y", 0, 3, (30,))
    each = vmap(grad(lambda w, a, b: NET.loss(w, a[None], b[None])), (None, 0, 0))(flat, x, y)
    return flat, ExampleGradients(NET, flat, x, y), each, (x, y)


def test_gradients_are_autograds(case):
    flat, found, each, examples = case
    torch.testing.assert_close(found.mean(), each.mean(0))
    torch.testing.assert_close(found.mean(), NET.gradient(flat, *examples)[1])
    torch.testing.assert_close(found.square(), each.square().mean(0))
    change = Rng(3).normal("change", (len(flat),)).double()
    torch.testing.assert_close(found.times(change), each.T @ (each @ change) / len(each))
    block = torch.tensor([40, 3, 23, 30, 0])
    torch.testing.assert_close(found.columns(block), each[:, block])


def test_the_model_is_quadratic_with_that_fisher_matrix(case):
    flat, found, each, _ = case
    moved = -flat * (torch.arange(len(flat)) % 3 == 0)
    matrix = each.T @ each / len(each) + 0.01 * torch.eye(len(flat))
    expected = each.mean(0) @ moved + moved @ matrix @ moved / 2
    torch.testing.assert_close(SURGEON.model(found, moved), expected)
    torch.testing.assert_close(SURGEON.slope(found, moved), each.mean(0) + matrix @ moved)
    single = SURGEON.single(found, SURGEON.slope(found, moved), flat)
    one = moved.clone()
    one[7] += flat[7]
    gain = SURGEON.model(found, one) - SURGEON.model(found, moved)
    torch.testing.assert_close(single[7], gain)


@pytest.mark.parametrize("away", [False, True], ids=["at the place", "away from it"])
@pytest.mark.parametrize("seed", range(4))
def test_no_half_of_a_block_is_better(case, seed, away):
    flat, found, _, _ = case
    may = torch.zeros(len(flat), dtype=torch.bool)
    for w in NET.weights(may):
        w.fill_(True)
    alive = ~may | (Rng(seed).uniform("alive", (len(flat),)) < 0.5)
    moved = flat * alive - flat if away else torch.zeros_like(flat)
    slope = SURGEON.slope(found, moved)
    single = SURGEON.single(found, slope, torch.where(alive, -flat, flat))
    block = SURGEON.pick(single, alive, may)
    assert alive[block].tolist() == [True, True, False, False] and bool(may[block].all())
    new, value = SURGEON.swap(found, slope, flat, alive, block)
    assert new.sum() == alive.sum() and value <= 0
    values = []
    for half in itertools.combinations(block.tolist(), 2):
        other = alive.clone()
        other[block] = False
        other[list(half)] = True
        step = flat * other - flat * alive
        values.append(SURGEON.model(found, moved + step) - SURGEON.model(found, moved))
    torch.testing.assert_close(value, torch.stack(values).min())


def test_what_cannot_be_swapped_is_refused(case):
    flat, _, _, _ = case
    alive = torch.ones_like(flat, dtype=torch.bool)
    with pytest.raises(ValueError, match="2 living and 2 dead"):
        SURGEON.pick(flat, alive, alive)
    with pytest.raises(ValueError, match="even"):
        BrainSurgeon(7)
