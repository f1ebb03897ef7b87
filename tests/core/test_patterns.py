"""Masks in a pattern: exact in every group, whatever the ties, and never raising the dead."""

import itertools

import pytest
import torch

from lab.core.patterns import blocks, channels, n_of_m, rows
from lab.core.scores import magnitude


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


SHAPES = [(6, 16), (5, 16, 3), (4, 16, 3, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 4), (1, 8), (3, 8), (1, 16), (4, 4)])
def test_exactly_n_of_every_m_inputs_and_the_largest(shape, n, m):
    (scores,) = magnitude([drawn(*shape)])
    mask = n_of_m(scores, n, m)
    assert mask.shape == scores.shape and mask.is_contiguous()
    for first in range(0, 16, m):
        group, chosen = scores[:, first : first + m], mask[:, first : first + m]
        assert bool((chosen.sum(1) == n).all())
        least = torch.where(chosen, group, torch.inf).amin(1)
        assert bool((torch.where(chosen, -torch.inf, group).amax(1) < least).all())


def test_two_of_four_is_the_best_of_all_six():
    (scores,) = magnitude([drawn(7, 8)])
    mask = n_of_m(scores, 2, 4)
    for row, first in itertools.product(range(7), (0, 4)):
        group = scores[row, first : first + 4]
        best = max(itertools.combinations(range(4), 2), key=lambda p: float(group[list(p)].sum()))
        assert mask[row, first : first + 4].nonzero()[:, 0].tolist() == list(best)


def test_of_equal_scores_the_earlier_of_a_group_stays():
    assert n_of_m(torch.ones(1, 8), 2, 4).int().tolist() == [[1, 1, 0, 0, 1, 1, 0, 0]]
    kernel = n_of_m(torch.ones(1, 4, 2), 1, 4)
    assert kernel.int().tolist() == [[[1, 1], [0, 0], [0, 0], [0, 0]]]


def test_equal_rows_hold_the_largest_of_each_output():
    scores = torch.tensor([[1.0, 2, 3, 4], [40, 30, 20, 10], [5, 5, 5, 5]])
    wanted = [[0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert rows(scores, 0.5).int().tolist() == wanted
    kernels = rows(scores.view(3, 2, 2), 0.5)
    assert kernels.view(3, 4).int().tolist() == wanted


def test_blocks_go_whole_by_their_sums():
    scores = torch.tensor([[1.0, 1, 9, 0], [1, 1, 0, 0], [0, 3, 2, 2], [0, 3, 2, 2]])
    assert blocks(scores, 0.5, (2, 2)).int().tolist() == [
        [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]
    ]  # fmt: skip
    ties = blocks(torch.ones(4, 6), 1 / 3, (2, 3))
    assert ties.sum() == 6 and bool(ties[:2, :3].all())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kept", [0.0, 0.25, 0.5, 1.0])
def test_blocks_and_channels_are_whole_and_counted(shape, kept):
    (scores,) = magnitude([drawn(*shape)])
    mask = blocks(scores, kept, (1, 4))
    tiles = mask.reshape(shape[0], 4, 4, -1)
    assert torch.equal(tiles.any(2).any(2), tiles.all(2).all(2))
    assert int(tiles.all(2).all(2).sum()) == 4 * shape[0] - round((1 - kept) * 4 * shape[0])
    for dim in (0, 1):
        lines = channels(scores, kept, dim).movedim(dim, 0).flatten(1)
        assert torch.equal(lines.any(1), lines.all(1))
        assert int(lines.all(1).sum()) == shape[dim] - round((1 - kept) * shape[dim])


PATTERNS = [
    lambda s, alive: n_of_m(s, 2, 4, alive),
    lambda s, alive: blocks(s, 0.5, (2, 4), alive),
    lambda s, alive: channels(s, 0.5, 0, alive),
    lambda s, alive: channels(s, 0.5, 1, alive),
    lambda s, alive: rows(s, 0.5, alive),
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("shape", [(6, 16), (4, 16, 3, 3)])
def test_the_dead_stay_dead_and_count_for_nothing(pattern, shape):
    (scores,) = magnitude([drawn(*shape)])
    alive = drawn(*shape, seed=1) > 0
    grown = torch.where(alive, scores, 1e6)
    mask = pattern(grown, alive)
    assert mask.any() and not (mask & ~alive).any()
    assert torch.equal(mask, pattern(scores, alive))


def test_what_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="4 does not divide the 10 inputs"):
        n_of_m(torch.ones(3, 10), 2, 4)
    with pytest.raises(ValueError, match="not 5 of 4"):
        n_of_m(torch.ones(3, 8), 5, 4)
    with pytest.raises(ValueError, match="2 does not divide the 3 outputs"):
        blocks(torch.ones(3, 8), 0.5, (2, 4))
    with pytest.raises(ValueError, match="not a number"):
        channels(torch.full((3, 8), torch.nan), 0.5)
