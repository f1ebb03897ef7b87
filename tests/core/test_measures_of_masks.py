"""What is said of masks, beside enumeration."""

import itertools

import pytest
import torch

from lab.core import masks as of
from lab.core.prune import reachable

SIZES = (5, 4, 3, 4)


def chain(share, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(b, a, generator=generator) < share for a, b in itertools.pairwise(SIZES)]


def every_path(masks):
    """Units of each path over living weights."""
    for units in itertools.product(*map(range, SIZES)):
        if all(m[b, a] for m, (a, b) in zip(masks, itertools.pairwise(units))):
            yield units


@pytest.mark.parametrize("share", [0.15, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_paths_effective_weights_and_dead_units_equal_enumeration(share, seed):
    masks = chain(share, seed)
    found = list(every_path(masks))
    assert float(of.paths(masks)) == len(found)
    used = [torch.zeros_like(m) for m in masks]
    seen = [torch.zeros(n, dtype=torch.bool) for n in SIZES]
    for units in found:
        for mask, (a, b) in zip(used, itertools.pairwise(units)):
            mask[b, a] = True
        for living, unit in zip(seen, units):
            living[unit] = True
    assert all(map(torch.equal, of.effective(masks), used))
    assert all(map(torch.equal, of.dead_units(masks), [~s for s in seen]))
    assert torch.equal(~of.dead_units(masks)[-1], reachable(masks))


def test_paths_are_exact_where_32_bits_are_not():
    masks = [torch.ones(3, 3, dtype=torch.bool) for _ in range(30)]
    assert int(of.paths(masks)) == 3**31 and 3**31 > 2**32


def test_more_paths_than_a_number_holds_leave_the_units_alive():
    masks = [torch.ones(100, 100, dtype=torch.bool) for _ in range(200)]
    assert not any(bool(d.any()) for d in of.dead_units(masks))
    assert all(bool(e.all()) for e in of.effective(masks))


def test_each_place_of_a_kernel_is_a_way():
    kernel = torch.ones(2, 3, 3, 3, dtype=torch.bool)
    kernel[0, 0] = False
    kernel[0, 1, 1:] = False
    linear = torch.tensor([[True, False]])
    assert int(of.paths([kernel, linear])) == 3 + 9
    effective = of.effective([kernel, linear])[0]
    assert torch.equal(effective[0], kernel[0]) and not effective[1].any()
    assert of.dead_units([kernel, linear])[0].tolist() == [True, False, False]


def test_sparsity_by_layer():
    masks = [torch.tensor([True, False, False, False]), torch.ones(3, dtype=torch.bool)]
    assert of.sparsity(masks).tolist() == [0.75, 0.0]


def test_flips_tell_the_dead_from_the_returned():
    before = [torch.tensor([True, True, False, False])]
    after = [torch.tensor([True, False, True, False])]
    assert of.flips(before, after)[0].tolist() == [0, -1, 1, 0]
    assert of.hamming(before, after) == sum(int(f.abs().sum()) for f in of.flips(before, after))


def test_overlap_is_one_for_equal_masks_and_that_of_a_lot_for_drawn_ones():
    one, other = chain(0.5, 0), chain(0.5, 1)
    assert of.overlap(one, one) == 1 and of.hamming(one, one) == 0
    assert of.overlap([torch.zeros(3, dtype=torch.bool)], [torch.zeros(3, dtype=torch.bool)]) == 1
    assert of.overlap(one, [~m for m in one]) == 0
    generator = torch.Generator().manual_seed(0)
    one, other = ([torch.rand(40_000, generator=generator) < 0.2] for _ in range(2))
    assert of.overlap(one, other) == pytest.approx(0.2 / 1.8, abs=0.01)
    expected = 2 * 0.2 * 0.8 * 40_000
    assert of.hamming(one, other) == pytest.approx(expected, rel=0.05)
