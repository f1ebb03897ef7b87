"""torch.nn.utils.prune makes the same masks, bit for bit, on ten modules of different kinds."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as peer

from lab.bench.sparsity import MODULES
from lab.core import patterns
from lab.core.prune import Prune
from lab.core.prune_module import alive, keep, make_permanent, prunable, prune
from lab.core.scores import magnitude


@pytest.fixture(params=MODULES, ids=lambda make: make.__name__)
def pair(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = request.param()
    return net, copy.deepcopy(net)


def owners(net):
    """Each layer with a weight to prune, by torch's own reading of the names."""
    return [(net.get_submodule(name.rpartition(".")[0]), "weight") for name in prunable(net)]


def assert_same(net, theirs):
    for mask, (layer, _) in zip(alive(net), owners(theirs), strict=True):
        assert torch.equal(mask, layer.weight_mask.bool())
    for one, other in zip(prunable(net).values(), prunable(theirs).values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("kept", [0.9, 0.31, 0.02])
def test_one_ranking(pair, kept):
    net, theirs = pair
    prune(net, kept)
    peer.global_unstructured(owners(theirs), peer.L1Unstructured, amount=1 - kept)
    assert_same(net, theirs)


def test_one_ranking_then_another(pair):
    net, theirs = pair
    n = sum(w.numel() for w in prunable(net).values())
    left = n
    for kept in (0.6, 0.25):
        prune(net, kept)
        target = n - round((1 - kept) * n)
        peer.global_unstructured(owners(theirs), peer.L1Unstructured, amount=left - target)
        left = target
        assert_same(net, theirs)


def test_equal_shares(pair):
    net, theirs = pair
    prune(net, 0.4, rule=Prune("uniform"))
    for layer, name in owners(theirs):
        peer.l1_unstructured(layer, name, amount=0.6)
    assert_same(net, theirs)


@pytest.mark.parametrize("dim", [0, 1])
def test_whole_channels(pair, dim):
    net, theirs = pair
    keep(net, [patterns.channels(s, 0.5, dim) for s in magnitude(prunable(net).values())])
    for layer, name in owners(theirs):
        peer.ln_structured(layer, name, amount=0.5, n=1, dim=dim)
    assert_same(net, theirs)


def test_made_permanent_they_are_the_same_modules(pair):
    net, theirs = pair
    prune(net, 0.3)
    make_permanent(net)
    places = owners(theirs)
    peer.global_unstructured(places, peer.L1Unstructured, amount=0.7)
    for layer, name in places:
        peer.remove(layer, name)
    # Torch files a weight that it gives back behind the bias.
    one, other = net.state_dict(), theirs.state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_they_are_ten_and_of_many_kinds():
    kinds = {type(layer) for make in MODULES for layer in make().modules()}
    assert len(MODULES) == 10
    assert {nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.LayerNorm, nn.BatchNorm2d} <= kinds
