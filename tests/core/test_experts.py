"""A mixture of experts and the paths through it."""

import itertools

import pytest
import torch

from lab.core.backend import Backend
from lab.core.experts import ExpertNetwork, edit_distances
from lab.core.random import Rng


@pytest.fixture
def made():
    net = ExpertNetwork(p=7, d=6, experts=4, width=3, layers=2, top=2)
    weights = net.init(Rng(0, backend=Backend(dtype="float64")))
    pairs = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    return net, weights, pairs


def test_an_example_goes_through_its_chosen_experts_alone(made):
    """One example at a time, one expert at a time."""
    net, weights, pairs = made
    logits = net.logits(weights, pairs)
    shares = net.stream(weights, pairs)[1]
    for i in (3, 17, 40):
        h = weights["embed"][pairs[i]].sum(0)
        for layer in range(2):
            scores = h @ weights["router"][layer]
            chosen = scores.argsort(descending=True)[:2]
            share = scores[chosen].softmax(0)
            added = torch.zeros_like(h)
            for e, s in zip(chosen, share):
                part = slice(3 * int(e), 3 * int(e) + 3)
                added += s * (
                    (h @ weights["into"][layer][:, part]).relu() @ weights["back"][layer][part]
                )
            torch.testing.assert_close(shares[i, layer, chosen], share)
            assert shares[i, layer].count_nonzero() == 2
            h = h + added
        torch.testing.assert_close(logits[i], h @ weights["out"].T)


def test_gradient_is_that_of_the_loss(made):
    net, weights, pairs = made
    answer = pairs.sum(1) % 7
    loss, slopes = net.gradient(weights, pairs, answer)
    for name, slope in slopes.items():
        place = tuple(0 for _ in slope.shape)
        moved = {k: w.clone() for k, w in weights.items()}
        moved[name][place] += 1e-6
        rise = torch.nn.functional.cross_entropy(net.logits(moved, pairs), answer) - loss
        assert float(rise / 1e-6) == pytest.approx(float(slope[place]), abs=1e-5)
        assert not slope.requires_grad


def test_a_path_names_experts_by_layer_strongest_first(made):
    net, weights, pairs = made
    shares = net.stream(weights, pairs)[1]
    path = net.path(shares)
    assert path.shape == (49, 4)
    assert (path[:, :2] < 4).all() and (path[:, 2:] >= 4).all()
    assert torch.equal(path[:, 0], shares[:, 0].argmax(1))


def levenshtein(a, b):
    """The textbook's recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(
        levenshtein(a[1:], b) + 1,
        levenshtein(a, b[1:]) + 1,
        levenshtein(a[1:], b[1:]) + (a[0] != b[0]),
    )


def test_edit_distances_are_levenshteins():
    paths = torch.randint(0, 4, (9, 4), generator=torch.Generator().manual_seed(0))
    found = edit_distances(paths)
    for i, j in itertools.product(range(9), repeat=2):
        expected = levenshtein(paths[i].tolist(), paths[j].tolist()) / 4
        assert float(found[i, j]) == pytest.approx(expected)
