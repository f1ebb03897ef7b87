"""Masks of pruning: equal to torch's own, exact in number, and never raising the dead."""

import copy
import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as peer

from lab.core.prune import Gradual, Prune, Rewound, Rounds, erdos_renyi_kernel, largest, reachable
from lab.core.prune_module import prunable
from lab.core.scores import magnitude


def make_net(kind: str, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "linear":
            return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
        return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5))


def weights_of(net: nn.Module) -> list[torch.Tensor]:
    return list(prunable(net).values())


def owners(net: nn.Module) -> list[tuple[nn.Module, str]]:
    return [(m, "weight") for m in net.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]


def peers_masks(net: nn.Module) -> list[torch.Tensor]:
    return [m.weight_mask.bool() for m, _ in owners(net)]


def assert_same(mine, theirs):
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs):
        assert one.dtype == torch.bool
        assert torch.equal(one, other)


@pytest.mark.parametrize("kind", ["linear", "conv"])
@pytest.mark.parametrize("kept", [1.0, 0.7, 0.33, 0.1, 0.013, 0.0])
def test_global_magnitude_equals_torch(kind, kept):
    net = make_net(kind)
    mine = Prune().masks(magnitude(weights_of(net)), kept)
    theirs = copy.deepcopy(net)
    peer.global_unstructured(owners(theirs), peer.L1Unstructured, amount=1 - kept)
    assert_same(mine, peers_masks(theirs))


@pytest.mark.parametrize("kind", ["linear", "conv"])
@pytest.mark.parametrize("kept", [1.0, 0.7, 0.33, 0.1, 0.013, 0.0])
def test_uniform_magnitude_equals_torch(kind, kept):
    net = make_net(kind)
    mine = Prune("uniform").masks(magnitude(weights_of(net)), kept)
    theirs = copy.deepcopy(net)
    for module, name in owners(theirs):
        peer.l1_unstructured(module, name, amount=1 - kept)
    assert_same(mine, peers_masks(theirs))


def test_ranking_by_given_numbers_equals_torch():
    net = make_net("linear")
    drawn = [
        torch.rand(w.shape, generator=torch.Generator().manual_seed(1)) for w in weights_of(net)
    ]
    mine = Prune().masks(drawn, 0.2)
    theirs = copy.deepcopy(net)
    scores = dict(zip(owners(theirs), drawn))
    peer.global_unstructured(
        owners(theirs), peer.L1Unstructured, importance_scores=scores, amount=0.8
    )
    assert_same(mine, peers_masks(theirs))


def test_second_cut_equals_torch_on_what_is_left():
    """Torch's amount counts the weights still there; ours is the share of all of them."""
    net = make_net("linear")
    weights = weights_of(net)
    n = sum(w.numel() for w in weights)
    first = Prune().masks(magnitude(weights), 0.5)
    second = Prune().masks(magnitude(weights), 0.2, alive=first)
    theirs = copy.deepcopy(net)
    for left in (0.5, 0.2):
        now = n if left == 0.5 else sum(int(m.sum()) for m in first)
        target = n - round((1 - left) * n)
        peer.global_unstructured(owners(theirs), peer.L1Unstructured, amount=now - target)
    assert_same(second, peers_masks(theirs))


@pytest.mark.parametrize("allocation", ["global", "uniform"])
@pytest.mark.parametrize("kept", [0.9, 0.5, 0.123])
def test_counts_are_exact_when_all_scores_tie(allocation, kept):
    weights = [torch.ones(7, 11), -torch.ones(5, 7), torch.zeros(3, 5)]
    masks = Prune(allocation).masks(magnitude(weights), kept)
    if allocation == "uniform":
        for mask in masks:
            assert int(mask.sum()) == mask.numel() - round((1 - kept) * mask.numel())
    else:
        n = sum(w.numel() for w in weights)
        assert sum(int(m.sum()) for m in masks) == n - round((1 - kept) * n)


def test_of_equal_scores_the_earlier_stays():
    masks = Prune().masks([torch.ones(4), torch.ones(4)], 0.75)
    assert masks[0].tolist() == [True] * 4
    assert masks[1].tolist() == [True, True, False, False]


def uneven() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [
        torch.randn(40, 20, generator=generator),
        0.01 * torch.randn(10, 40, generator=generator),
        torch.randn(5, 10, generator=generator),
    ]


def test_minimum_per_layer_is_kept_and_the_total_stays():
    weights = uneven()
    n = sum(w.numel() for w in weights)
    without, with_least = (Prune(least=least).masks(magnitude(weights), 0.1) for least in (0, 25))
    assert int(without[1].sum()) == 0
    assert int(with_least[1].sum()) == 25
    assert sum(int(m.sum()) for m in with_least) == n - round(0.9 * n)
    largest = weights[1].abs().flatten().sort(descending=True).values[24]
    assert torch.equal(with_least[1], weights[1].abs() >= largest)


def test_minimum_that_no_layer_needs_changes_nothing():
    weights = weights_of(make_net("linear"))
    assert_same(
        Prune(least=5).masks(magnitude(weights), 0.5), Prune().masks(magnitude(weights), 0.5)
    )


def test_minimum_larger_than_a_layer_keeps_all_of_it():
    masks = Prune(least=60).masks(magnitude(uneven()), 0.5)
    assert bool(masks[2].all())
    assert int(masks[1].sum()) == 60


def test_minimum_that_does_not_fit_becomes_equal_parts():
    masks = Prune(least=100).masks(magnitude(uneven()), 60 / 1250)
    assert [int(m.sum()) for m in masks] == [20, 20, 20]


@pytest.mark.parametrize("rule", [Prune(), Prune(least=10), Prune(allocation="uniform")])
def test_dead_weights_stay_dead_even_beside_zeros(rule):
    weights = uneven()
    weights[0][0] = 0.0
    alive = rule.masks(magnitude(weights), 0.6)
    grown = [torch.where(a, w, 100.0) for w, a in zip(weights, alive)]
    later = rule.masks(magnitude(grown), 0.3, alive=alive)
    assert not any(bool((new & ~old).any()) for new, old in zip(later, alive))


def test_wrong_arguments_are_named():
    weights = [torch.ones(3)]
    with pytest.raises(ValueError, match="allocation is one of global, uniform, erk"):
        Prune("fair")
    with pytest.raises(ValueError, match="at least 0"):
        Prune(least=-1)
    with pytest.raises(ValueError, match="from 0 to 1; not 1.5"):
        Prune().masks(magnitude(weights), 1.5)
    with pytest.raises(ValueError, match="not a number"):
        Prune().masks([torch.tensor([1.0, float("nan")])], 0.5)


def test_weights_are_left_alone():
    weights = uneven()
    before = [w.clone() for w in weights]
    Prune(least=5).masks(magnitude(weights), 0.1)
    assert all(torch.equal(w, b) for w, b in zip(weights, before))


def test_reachable_equals_all_paths():
    generator = torch.Generator().manual_seed(5)
    for _ in range(20):
        shapes = [(4, 5), (3, 4), (4, 3)]
        masks = [torch.rand(s, generator=generator) < 0.2 for s in shapes]
        found = torch.zeros(4, dtype=torch.bool)
        for i, a, b, out in itertools.product(range(5), range(4), range(3), range(4)):
            if masks[0][a, i] and masks[1][b, a] and masks[2][out, b]:
                found[out] = True
        assert torch.equal(reachable(masks), found)


def test_a_cut_spread_over_steps_ends_with_the_masks_of_one_stroke():
    weights = uneven()
    rule, plan = Prune(least=12), Rounds(kept=0.07, cut=9, tune=5)
    alive = [torch.ones_like(w, dtype=torch.bool) for w in weights]
    for k in range(plan.steps):
        share = plan.share(k)
        if share is not None:
            alive = rule.masks(magnitude([w * a for w, a in zip(weights, alive)]), share, alive)
    assert_same(alive, rule.masks(magnitude(weights), 0.07))


def test_rounds_take_turns():
    plan = Rounds(kept=0.25, rounds=2, cut=2, tune=6)
    shares = [plan.share(k) for k in range(plan.steps)]
    expect = [0.25**0.25, 0.25**0.5, None, None, None, 0.25**0.75, 0.25, None, None, None]
    assert shares == pytest.approx(expect)
    assert plan.share(plan.steps) is None


@pytest.mark.parametrize("kept", [1.0, 0.5, 0.2, 0.05, 0.003, 0.0])
def test_erdos_renyi_kernel_counts_add_up_and_follow_the_law(kept):
    shapes = [(100, 144), (100, 100), (10, 100), (8, 3, 3, 3)]
    sizes = [math.prod(shape) for shape in shapes]
    counts = erdos_renyi_kernel(shapes, kept)
    assert sum(counts) == sum(sizes) - round((1 - kept) * sum(sizes))
    assert all(0 <= c <= n for c, n in zip(counts, sizes))
    law = [c / sum(shape) for c, shape, n in zip(counts, shapes, sizes) if c < n]
    assert not law or max(law) - min(law) < 2 / 17


def test_erdos_renyi_kernel_keeps_a_small_layer_whole():
    assert erdos_renyi_kernel([(100, 144), (10, 4)], 0.5)[1] == 40


def test_negative_scores_are_ranked_too():
    masks = Prune().masks([torch.tensor([-3.0, -1.0, -2.0])], 1 / 3)
    assert masks[0].tolist() == [False, True, False]


@pytest.mark.parametrize("count", [0, 1, 7, 199, 200, 201])
@pytest.mark.parametrize("values", [1, 2, 5, 200])
def test_the_largest_are_those_of_a_stable_sort(count, values):
    generator = torch.Generator().manual_seed(values)
    scores = torch.randint(values, (200,), generator=generator).float() - 1
    scores[3:9] = -torch.inf
    scores[20:22] = torch.inf
    scores[30] = -0.0
    wanted = torch.zeros(200, dtype=torch.bool)
    wanted[torch.sort(scores, descending=True, stable=True).indices[:count]] = True
    assert torch.equal(largest(scores, count), wanted)


def test_a_gradual_cut_is_steep_at_first_and_ends_at_its_share():
    plan = Gradual(kept=0.1, cuts=9, every=10, begin=30)
    shares = {k: plan.share(k) for k in range(200) if plan.share(k) is not None}
    assert list(shares) == list(range(30, 120, 10))
    gone = [0.9 * (1 - (1 - j / 9) ** 3) for j in range(1, 10)]
    assert [1 - s for s in shares.values()] == pytest.approx(gone)
    steps = [a - b for a, b in itertools.pairwise([1.0, *shares.values()])]
    assert steps == sorted(steps, reverse=True)
    assert Gradual(kept=0.1, cuts=1, start=0.5).share(0) == pytest.approx(0.1)


@pytest.mark.parametrize("back", [0, 3])
def test_a_ticket_is_trained_cut_and_taken_back(back):
    plan = Rewound(kept=0.25, rounds=2, train=5, back=back)
    shares = [plan.share(k) for k in range(plan.steps)]
    again = [*range(back, 5)]
    assert [s for s in shares if s] == pytest.approx([0.5, 0.25])
    trained = [plan.trained(k) for k in range(plan.steps)]
    assert trained == [*range(5), None, *again, None, *again]
    assert [t is None for t in trained] == [s is not None for s in shares]
