"""The transformer that answers at "=": beside torch's layers at all three places, and autograd."""

import pytest
import torch
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from lab.core.backend import Backend
from lab.core.clock_transformer import ClockTransformer
from lab.core.problems.modular import shown_and_hidden
from lab.core.random import Rng

DOUBLE = Backend("cpu", "float64")


def theirs(net, weights, pairs):
    """All three places through torch's attention; the scores after "="."""
    tokens = torch.cat([pairs, torch.full((len(pairs), 1), net.p)], 1)
    x = weights["embed"][tokens] + weights["place"]

    def heads(name):
        return (x @ weights[name]).unflatten(2, (net.heads, -1)).transpose(1, 2)

    heard = scaled_dot_product_attention(
        heads("query"), heads("key"), heads("value"), is_causal=True
    )
    x = x + heard.transpose(1, 2).flatten(2) @ weights["mix"]
    inner = (x @ weights["up"] + weights["up_bias"]).relu()
    x = x + inner @ weights["down"] + weights["down_bias"]
    return x[:, -1] @ weights["unembed"]


def _setting(p=11, d=12, heads=3, width=20, backend=DOUBLE):
    net, rng = ClockTransformer(p, d, heads, width), Rng(2, backend=backend)
    weights = net.init(rng)
    for name in ("up_bias", "down_bias"):
        weights[name] = 0.3 * rng.normal(name, weights[name].shape)
    data = shown_and_hidden(p, 0.5, rng, tied=False)
    return net, weights, data["pairs"], data["answer"]


@pytest.mark.parametrize("size", [(11, 12, 3, 20), (7, 8, 1, 5), (13, 4, 4, 9)])
def test_scores_are_those_of_all_places_by_torch(size):
    net, weights, pairs, _ = _setting(*size)
    torch.testing.assert_close(
        net.logits(weights, pairs), theirs(net, weights, pairs), rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("size", [(11, 12, 3, 20), (7, 8, 1, 5), (13, 4, 4, 9)])
def test_gradient_is_autograds(size):
    net, weights, pairs, answer = _setting(*size)
    followed = {name: w.clone().requires_grad_() for name, w in weights.items()}
    expected = cross_entropy(theirs(net, followed, pairs), answer)
    expected.backward()
    loss, gradient = net.gradient(weights, pairs, answer)
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-13, atol=0)
    assert gradient.keys() == weights.keys()
    for name, g in gradient.items():
        assert g.is_contiguous()
        torch.testing.assert_close(g, followed[name].grad, rtol=1e-9, atol=1e-14)


def test_gradient_is_that_of_differences():
    net, weights, pairs, answer = _setting(5, 4, 2, 6)

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *values):
            loss, found = net.gradient(dict(zip(weights, values)), pairs, answer)
            ctx.found = [found[name] for name in weights]
            return loss

        @staticmethod
        def backward(ctx, slope):
            return tuple(slope * g for g in ctx.found)

    values = [w.clone().requires_grad_() for w in weights.values()]
    assert torch.autograd.gradcheck(Written.apply, values)


def test_full_size_in_single_precision_is_autograds_to_a_millionth():
    net, weights, pairs, answer = _setting(113, 128, 4, 512, Backend("cpu", "float32"))
    pairs, answer = pairs[:500], answer[:500]
    followed = {name: w.clone().requires_grad_() for name, w in weights.items()}
    cross_entropy(theirs(net, followed, pairs), answer).backward()
    for name, g in net.gradient(weights, pairs, answer)[1].items():
        torch.testing.assert_close(g, followed[name].grad, rtol=0, atol=1e-6)


def test_attention_of_the_last_place_is_a_share():
    net, weights, pairs, _ = _setting()
    share = net.read(weights, pairs).share
    torch.testing.assert_close(share.sum(1), torch.ones_like(share[:, 0]))
    assert (share > 0).all()


def test_nothing_is_overwritten():
    net, weights, pairs, answer = _setting()
    before = {name: w.clone() for name, w in weights.items()}
    net.gradient(weights, pairs, answer)
    assert all(torch.equal(w, before[name]) for name, w in weights.items())


def test_heads_share_the_length():
    with pytest.raises(ValueError, match="3 heads"):
        ClockTransformer(7, d=8, heads=3)
