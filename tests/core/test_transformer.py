"""The network is torch's, sees what it may see, and learns."""

import pytest
import torch
from torch import nn

from lab.core.backend import Backend
from lab.core.random import Rng
from lab.core.transformer import Transformer, pace, slope, trained

RNG = Rng(3, backend=Backend(dtype="float64"))
TOKENS = RNG.integers("tokens", 0, 5, (4, 6))


def parts_of(net, flat):
    sizes = [torch.Size(shape).numel() for shape in net.shapes]
    return [p.view(shape) for p, shape in zip(flat.split(sizes), net.shapes)]


@pytest.mark.parametrize("causal", [True, False])
def test_it_is_torchs_attention_and_norm(causal):
    net = Transformer(5, 6, width=8, heads=2, hidden=3, blocks=2, causal=causal)
    flat = net.init(RNG) + 0.1 * RNG.normal("off", (net.size,))
    words, places, *middle, gain, scores = parts_of(net, flat)
    x = words[TOKENS] + places
    mask = nn.Transformer.generate_square_subsequent_mask(6, dtype=flat.dtype) if causal else None
    for b in range(2):
        before, into, out, between, up, down = middle[6 * b : 6 * b + 6]
        attention = nn.MultiheadAttention(8, 2, bias=False, batch_first=True, dtype=flat.dtype)
        norms = [nn.RMSNorm(8, dtype=flat.dtype) for _ in range(2)]
        with torch.no_grad():
            attention.in_proj_weight.copy_(into)
            attention.out_proj.weight.copy_(out)
            norms[0].weight.copy_(before)
            norms[1].weight.copy_(between)
            z = norms[0](x)
            x = x + attention(z, z, z, attn_mask=mask, need_weights=False)[0]
            x = x + torch.relu(norms[1](x) @ up.mT) @ down.mT
    expected = nn.functional.rms_norm(x, (8,), gain) @ scores.mT
    torch.testing.assert_close(net.logits(flat, TOKENS), expected)
    torch.testing.assert_close(net.logits(flat, TOKENS, 4), expected[:, 4:])


def test_a_place_sees_the_past_alone():
    net = Transformer(5, 6, width=8, heads=2)
    flat, other = net.init(RNG), TOKENS.clone()
    other[:, 3] = (other[:, 3] + 1) % 5
    found, changed = net.logits(flat, TOKENS), net.logits(flat, other)
    torch.testing.assert_close(found[:, :3], changed[:, :3])
    assert ((found - changed)[:, 3:].abs().amax(-1) > 0).all()


def test_heads_that_do_not_share_the_width_are_refused():
    with pytest.raises(ValueError, match="heads"):
        Transformer(5, 6, width=10, heads=4)


def test_it_learns_to_repeat_and_leaves_no_graph():
    net = Transformer(5, 6, width=16, heads=2)

    def loss(flat, k):
        tokens = RNG.at(k).integers("batch", 0, 5, (16, 6))
        return net.loss(flat, tokens, tokens)

    start = net.init(RNG)
    flat = trained(start, loss, 60, 0.02)
    assert not flat.requires_grad
    assert float(slope(loss, flat, 99)[0]) < 0.1 * float(slope(loss, start, 99)[0])


def test_the_pace_rises_and_falls_to_zero():
    found = [pace(k, 200, 1.0) for k in range(201)]
    assert found[0] == pytest.approx(0.02)
    assert max(found) == pytest.approx(found[49], rel=0.01)
    assert found[-1] == pytest.approx(0, abs=1e-12)
