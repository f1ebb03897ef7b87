"""The network is torch's, and the loop's states are those of torch's own GRU."""

import torch

from lab.core.parallel_time import sequential
from lab.experiments.fixed_point.parallel_in_time import cell


def test_the_gru_is_torchs():
    torch.manual_seed(0)
    peer = torch.nn.GRU(3, 5, dtype=torch.float64)
    inputs = torch.randn(12, 3, dtype=torch.float64)
    pushed = inputs @ peer.weight_ih_l0.mT
    for name in ("bias_ih_l0", "bias_hh_l0"):
        torch.nn.init.zeros_(getattr(peer, name))
    with torch.no_grad():
        expected, _ = peer(inputs)
        found = sequential(
            lambda h, t: cell("GRU", peer.weight_hh_l0, pushed[t], h),
            torch.zeros(5, dtype=torch.float64),
            12,
        )
    torch.testing.assert_close(found, expected)


def test_the_tanh_network_is_torchs():
    torch.manual_seed(0)
    peer = torch.nn.RNN(3, 5, bias=False, dtype=torch.float64)
    inputs = torch.randn(12, 3, dtype=torch.float64)
    with torch.no_grad():
        expected, _ = peer(inputs)
        pushed = inputs @ peer.weight_ih_l0.mT
        found = sequential(
            lambda h, t: cell("tanh", peer.weight_hh_l0, pushed[t], h),
            torch.zeros(5, dtype=torch.float64),
            12,
        )
    torch.testing.assert_close(found, expected)
