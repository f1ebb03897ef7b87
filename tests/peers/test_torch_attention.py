"""The retrieval update is torch's attention, with the patterns as keys and as values."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from lab.experiments.fixed_point.modern_hopfield import update


@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize(("n", "d", "queries"), [(2, 2, 1), (100, 32, 17), (256, 64, 256)])
def test_the_update_is_attention(beta, n, d, queries):
    generator = torch.Generator().manual_seed(n)
    patterns = torch.randn(n, d, dtype=torch.float64, generator=generator) / d**0.5
    x = torch.randn(queries, d, dtype=torch.float64, generator=generator) / d**0.5
    own = update("softmax", patterns, x, beta)[0]
    peer = scaled_dot_product_attention(x[None], patterns[None], patterns[None], scale=beta)[0]
    torch.testing.assert_close(own, peer, rtol=0, atol=1e-13)
