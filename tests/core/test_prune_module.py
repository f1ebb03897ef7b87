"""Pruning of modules: what is pruned, what is left alone, and that the dead stay dead."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, unfold
from torch.nn.utils import parametrizations
from torch.nn.utils import prune as peer

from lab.core import patterns, scores
from lab.core.prune import Prune
from lab.core.prune_module import (
    alive,
    input_norms,
    keep,
    make_permanent,
    of_weights,
    prunable,
    prune,
)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def mlp():
    return nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 3))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3, groups=2),
        nn.Flatten(), nn.LayerNorm(36), nn.Linear(36, 3),
    )  # fmt: skip


class Tied(nn.Module):
    """What reads and what writes are one matrix; with `table`, an embedding is it too."""

    def __init__(self, table=False):
        super().__init__()
        self.read = nn.Embedding(10, 6) if table else nn.Linear(6, 10, bias=False)
        self.middle = nn.Linear(6 if table else 10, 6)
        self.write = nn.Linear(6, 10, bias=False)
        self.write.weight = self.read.weight

    def forward(self, x):
        return self.write(self.middle(self.read(x)))


def counts(masks):
    return [int(m.sum()) for m in masks]


def train(net, optimiser, steps=5, size=(8,)):
    for _ in range(steps):
        optimiser.zero_grad()
        loss = cross_entropy(net(torch.randn(16, *size)), torch.randint(3, (16,)))
        loss.backward()
        optimiser.step()


def test_weights_of_linear_and_convolutional_layers_and_nothing_else():
    found = prunable(convolutional())
    assert list(found) == ["0.weight", "3.weight", "6.weight"]
    assert [tuple(w.shape) for w in found.values()] == [(6, 2, 3, 3), (4, 3, 3, 3), (3, 36)]
    assert list(prunable(nn.Linear(3, 2))) == ["weight"]
    assert list(prunable(nn.Sequential(nn.Embedding(5, 4), nn.LayerNorm(4)))) == []


def test_biases_and_normalisations_are_untouched():
    net = convolutional()
    before = copy.deepcopy(net.state_dict())
    prune(net, 0.1)
    make_permanent(net)
    for name, value in net.state_dict().items():
        same = torch.equal(value, before[name])
        assert same != (name in ("0.weight", "3.weight", "6.weight")), name


@pytest.mark.parametrize("make", [mlp, convolutional])
@pytest.mark.parametrize("kept", [0.0, 0.113, 0.5, 1.0])
@pytest.mark.parametrize("tie", [False, True])
def test_counts_are_exact_with_ties(make, kept, tie):
    net = make()
    if tie:
        for layer in net:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.init.constant_(layer.weight, -0.5)
    n = sum(w.numel() for w in prunable(net).values())
    masks = prune(net, kept)
    assert sum(counts(masks)) == n - round((1 - kept) * n)
    assert all(torch.equal(w != 0, m) for w, m in zip(prunable(net).values(), masks))


def test_shared_weights_are_one():
    net = Tied()
    assert list(prunable(net)) == ["read.weight", "middle.weight"]
    masks = prune(net, 0.5)
    assert sum(counts(masks)) == 60
    assert torch.equal(net.read.weight, net.write.weight)
    assert int((net.write.weight == 0).sum()) == 60 - counts(masks)[0]
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    net(torch.randn(4, 6)).square().sum().backward()
    optimiser.step()
    assert torch.equal(net.read.weight, net.write.weight)
    make_permanent(net)
    assert net.read.weight is net.write.weight
    assert torch.equal(net.read.weight != 0, masks[0])


def test_a_weight_that_an_embedding_shares_is_left_alone():
    net = Tied(table=True)
    assert list(prunable(net)) == ["middle.weight"]
    before = net.read.weight.clone()
    prune(net, 0.1)
    assert torch.equal(net.write.weight, before)


def test_frozen_weights_are_neither_touched_nor_counted():
    net = mlp()
    net[0].weight.requires_grad_(False)
    before = net[0].weight.clone()
    (mask,) = prune(net, 0.25)
    assert int(mask.sum()) == 9 and mask.shape == (3, 12)
    assert torch.equal(net[0].weight, before)


@pytest.mark.parametrize("first", ["ours", "torch"])
def test_pruned_twice_raises_none_of_the_dead(first):
    net = mlp()
    if first == "ours":
        prune(net, 0.5)
    else:
        places = [(net[0], "weight"), (net[2], "weight")]
        peer.global_unstructured(places, peer.L1Unstructured, amount=0.5)
    before = alive(net)
    assert sum(counts(before)) == 66
    grown = [torch.where(m, 0.1, 100.0) for m in before]
    for share, left in ((0.8, 66), (0.2, 26), (0.9, 26)):
        masks = prune(net, share, grown)
        assert sum(counts(masks)) == left
        assert not any(bool((m & ~b).any()) for m, b in zip(masks, before))
        assert all(torch.equal(w != 0, m) for w, m in zip(prunable(net).values(), masks))
    assert torch.equal(net[0].weight != 0, masks[0])
    x = torch.randn(5, 8)
    hidden = (x @ (net[0].weight * masks[0]).T + net[0].bias).relu()
    torch.testing.assert_close(net(x), hidden @ (net[2].weight * masks[1]).T + net[2].bias)


OPTIMISERS = {
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "adam": lambda p: torch.optim.AdamW(p, 0.05),
}


@pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)
def test_no_optimiser_raises_the_dead(make):
    """One made before the cut, whose momentum would go on moving them."""
    net = mlp()
    optimiser = make(net.parameters())
    train(net, optimiser)
    masks = prune(net, 0.3)
    before = [w.clone() for w in prunable(net).values()]
    train(net, optimiser)
    for w, old, mask in zip(prunable(net).values(), before, masks):
        assert not w[~mask].any()
        assert bool((w != old)[mask].any())
    make_permanent(net)
    assert all(not w[~m].any() for w, m in zip(prunable(net).values(), masks))
    assert "0.weight" in net.state_dict()


def test_the_gradient_of_the_dead_is_nothing():
    net = mlp()
    masks = prune(net, 0.4)
    cross_entropy(net(torch.randn(9, 8)), torch.randint(3, (9,))).backward()
    for parameter, mask in zip((p for p in net.parameters() if p.dim() == 2), masks):
        assert not parameter.grad[~mask].any() and parameter.grad[mask].any()


def test_a_dead_weight_that_ran_away_is_still_nothing():
    net = nn.Linear(4, 2)
    (mask,) = prune(net, 0.5)
    with torch.no_grad():
        net.parametrizations.weight.original[~mask] = torch.inf
    assert net(torch.ones(1, 4)).isfinite().all()
    make_permanent(net)
    assert torch.equal(net.weight != 0, mask)


def test_the_optimiser_goes_on_with_the_same_tensors():
    net = mlp()
    before = {id(p) for p in net.parameters()}
    prune(net, 0.5)
    assert {id(p) for p in net.parameters()} == before
    make_permanent(net)
    assert {id(p) for p in net.parameters()} == before


def test_a_copy_and_a_state_dict_keep_the_masks():
    net = mlp()
    masks = prune(net, 0.5)
    other = copy.deepcopy(net)
    prune(net, 0.1)
    assert all(map(torch.equal, alive(other), masks))
    fresh = mlp()
    keep(fresh, [torch.ones_like(m) for m in masks])
    fresh.load_state_dict(other.state_dict())
    assert all(map(torch.equal, alive(fresh), masks))
    assert len(make_permanent(mlp()).state_dict()) == 4


def test_made_permanent_a_module_pickles():
    net = mlp()
    masks = prune(net, 0.5)
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(net)
    again = pickle.loads(pickle.dumps(make_permanent(net)))
    assert all(torch.equal(w != 0, m) for w, m in zip(prunable(again).values(), masks))


def test_masks_in_a_pattern_and_scores_of_other_kinds():
    net = mlp()
    weights = list(prunable(net).values())
    norms = input_norms(net, [torch.randn(20, 8)])
    worth = scores.wanda(weights, norms)
    masks = keep(net, [patterns.n_of_m(s, 2, 4) for s in worth])
    assert counts(masks) == [48, 18]
    erk = prune(net, 0.3, rule=Prune("erk"))
    assert sum(counts(erk)) <= 40 and not any(bool((e & ~m).any()) for e, m in zip(erk, masks))


def test_input_norms_of_linear_layers():
    net = mlp()
    net.train()
    batches = torch.randn(3, 5, 8)
    first, second = input_norms(net, batches)
    assert net.training
    x = batches.flatten(0, 1)
    torch.testing.assert_close(first, x.norm(dim=0).expand(12, 8))
    torch.testing.assert_close(second, net[0](x).relu().norm(dim=0).expand(3, 12))


@pytest.mark.parametrize(
    "options", [{}, {"padding": 1}, {"stride": 2}, {"dilation": 2}, {"padding_mode": "circular"}]
)
def test_input_norms_of_kernels_are_those_of_the_patches(options):
    net = nn.Conv2d(3, 5, 3, **{"padding": 2, **options})
    x = torch.randn(4, 3, 9, 9)
    (norms,) = input_norms(net, [x])
    padded = x
    if "padding_mode" in options:
        padded = nn.functional.pad(x, (2,) * 4, mode="circular")
    patches = unfold(
        padded, 3, dilation=net.dilation, stride=net.stride,
        padding=0 if "padding_mode" in options else net.padding,
    )  # fmt: skip
    wanted = patches.square().sum((0, 2)).sqrt().view(3, 3, 3)
    torch.testing.assert_close(norms, wanted.expand(5, 3, 3, 3))


def test_input_norms_of_a_group_are_those_of_its_channels():
    net = nn.Conv1d(4, 6, 1, groups=2, bias=False)
    x = torch.randn(7, 4, 5)
    (norms,) = input_norms(net, [x])
    each = x.square().sum((0, 2)).sqrt()
    torch.testing.assert_close(norms[:3, :, 0], each[:2].expand(3, 2))
    torch.testing.assert_close(norms[3:, :, 0], each[2:].expand(3, 2))


def test_running_for_norms_changes_no_statistics():
    net = convolutional()
    before = copy.deepcopy(net.state_dict())
    input_norms(net, [torch.randn(4, 2, 5, 5)])
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


@pytest.mark.parametrize("make", [mlp, Tied])
def test_a_module_as_a_function_of_its_weights(make):
    net = make()
    x = torch.randn(6, 8 if make is mlp else 6)
    y = torch.randint(3, (6,))
    loss = of_weights(net, lambda net: cross_entropy(net(x), y))
    weights = list(prunable(net).values())
    assert torch.equal(loss(weights), cross_entropy(net(x), y))
    shapes = [w.shape for w in weights]
    assert [s.shape for s in scores.grasp(weights, loss)] == shapes
    prune(net, 0.5)
    dead = [~m for m in alive(net)]
    cut = list(prunable(net).values())
    assert not any(bool(s[d].any()) for s, d in zip(scores.grasp(cut, loss), dead))
    peers = mlp()
    peer.l1_unstructured(peers[0], "weight", amount=0.5)
    at_zero = of_weights(peers, lambda net: net(torch.randn(2, 8)).sum())
    at_zero([torch.zeros(12, 8), torch.zeros(3, 12)])
    assert prunable(peers)["0.weight"].any()


def test_other_parametrizations_stay():
    net = parametrizations.weight_norm(nn.Linear(6, 4))
    (mask,) = prune(net, 0.5)
    assert torch.equal(net.weight != 0, mask) and int(mask.sum()) == 12
    with pytest.raises(ValueError, match="other parametrizations"):
        make_permanent(net)
