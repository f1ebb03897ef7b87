"""The dynamic programme finds what enumeration finds; curves are those of layers cut by hand."""

import itertools

import pytest
import torch

from lab.core.allocation import Allocation, pruned_alone
from lab.core.mlp import Mlp
from lab.core.random import Rng


def enumerated(plan, budget):
    """The least cost of all choices within the budget."""
    best = float("inf")
    for levels in itertools.product(*(range(len(c)) for c in plan.counts)):
        if sum(c[i] for c, i in zip(plan.counts, levels)) <= budget:
            best = min(best, sum(float(c[i]) for c, i in zip(plan.costs, levels)))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_no_choice_within_the_budget_is_cheaper(seed):
    rng = Rng(seed)
    # Costs that fall with the count on average only: the rule must not count on convex curves.
    counts = tuple(tuple((6 * rng.integers("n", 0, 9, (5,), i)).tolist()) for i in range(4))
    costs = tuple(
        3 / (1 + torch.tensor(c)) + rng.uniform("c", (5,), i) for i, c in enumerate(counts)
    )
    plan = Allocation(counts, costs)
    table = plan.table()
    least = sum(min(c) for c in counts)
    for budget in range(least, 200, 7):
        levels = plan.choose(table, budget)
        assert sum(c[i] for c, i in zip(counts, levels)) <= budget
        found = sum(float(c[i]) for c, i in zip(costs, levels))
        assert found == pytest.approx(enumerated(plan, budget), abs=1e-6)


def test_masks_keep_the_largest_as_many_as_the_levels_say():
    scores = [torch.tensor([[3.0, 1.0], [4.0, 2.0]]), torch.tensor([5.0, 7.0, 6.0])]
    plan = Allocation(((1, 4), (2, 3)), (torch.tensor([5.0, 0.0]), torch.tensor([1.0, 0.0])))
    first, second = plan.masks(plan.table(), scores, 6)
    assert first.tolist() == [[True, True], [True, True]]
    assert second.tolist() == [False, True, True]
    first, second = plan.masks(plan.table(), scores, 4)
    assert first.tolist() == [[False, False], [True, False]]
    assert second.tolist() == [True, True, True]


def test_a_budget_below_all_levels_is_refused():
    plan = Allocation(((2, 4), (6, 8)), (torch.ones(2), torch.ones(2)))
    table = plan.table()
    assert plan.choose(table, 8) == [0, 0]
    with pytest.raises(ValueError, match="so few as 7"):
        plan.choose(table, 7)
    with pytest.raises(ValueError, match="one count and one cost"):
        Allocation(((2, 4),), (torch.ones(3),))


def test_equal_shares_on_the_levels_never_cost_less():
    shares = [0.1, 0.2, 0.5, 1.0]
    counts = tuple(tuple(round(s * n) for s in shares) for n in (400, 100, 30))
    costs = tuple(torch.rand(4, generator=torch.Generator().manual_seed(i)) for i in range(3))
    plan = Allocation(counts, costs)
    table = plan.table()
    for i in range(4):
        levels = plan.choose(table, sum(c[i] for c in counts))
        assert sum(float(c[j]) for c, j in zip(costs, levels)) <= sum(float(c[i]) for c in costs)


def test_distortion_is_that_of_a_layer_cut_by_hand():
    net, rng = Mlp((5, 7, 3)), Rng(1)
    flat, x = net.init(rng), rng.normal("x", (40, 5))

    def output(weights):
        return torch.relu(x @ weights[0].T) @ weights[1].T

    weights = net.weights(flat)
    scores = [w.abs() for w in weights]
    curves = pruned_alone(output, weights, scores, [[0, 9, 35], [4, 21]])
    assert curves[0][2] == 0 and curves[1][1] == 0
    cut = weights[1].clone()
    cut[cut.abs() < cut.abs().flatten().sort(descending=True).values[3]] = 0
    torch.testing.assert_close(
        curves[1][0], (output([weights[0], cut]) - net.logits(flat, x)).square().sum(1).mean()
    )
    torch.testing.assert_close(curves[0][0], net.logits(flat, x).square().sum(1).mean())
