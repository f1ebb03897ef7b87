"""The race: each optimiser does what it says, on a small clock."""

import numpy as np
import pytest
import torch

from lab.core.networks import PairNetwork
from lab.core.random import Rng
from lab.engine import Session
from lab.experiments.grokking.grokfast import Grokfast, turn

SMALL = {"p": 13, "width": 32, "d": 8, "fraction": 0.7}


def _run(steps, seed=1, **controls):
    session = Session(Grokfast, Grokfast.controls_for(**SMALL, **controls), seed=seed)
    session.advance(steps)
    return session


def _weights(session):
    return torch.cat([w.flatten() for w in session.state["weights"].values()])


@pytest.fixture(scope="module")
def followed():
    """What torch's own optimiser, network and loss do from the same start, by (decay, inside)."""

    def follow(steps, decay, inside):
        session = _run(0)
        sums = session.given.sums
        n, pairs, answer = sums["shown"], sums["pairs"], sums["answer"]
        parameters = {
            name: torch.nn.Parameter(w.clone()) for name, w in session.state["weights"].items()
        }
        kind = torch.optim.Adam if inside else torch.optim.AdamW
        peer = kind(parameters.values(), lr=0.01, betas=(0.9, 0.98), weight_decay=decay)
        for _ in range(steps):
            peer.zero_grad()
            scores = PairNetwork.logits(parameters, pairs[:n])
            torch.nn.functional.cross_entropy(scores, answer[:n]).backward()
            peer.step()
        return torch.cat([w.detach().flatten() for w in parameters.values()])

    return follow


@pytest.mark.parametrize("inside", [False, True])
def test_decay_acts_where_torch_has_it(followed, inside):
    """On the weights as in AdamW, in the gradient as in Adam."""
    pull = "in the gradient" if inside else "on the weights"
    ours = _weights(_run(25, decay=0.1, pull=pull))
    torch.testing.assert_close(ours, followed(25, 0.1, inside), rtol=2e-3, atol=2e-4)


def test_nothing_amplified_is_plain_adam():
    plain = _run(25)
    for method in ("Grokfast", "Grokfast window"):
        assert torch.equal(_weights(plain), _weights(_run(25, method=method, strength=0.0)))
    assert not torch.allclose(_weights(plain), _weights(_run(25, method="Grokfast")))


def test_muon_moves_the_hidden_layer_alone_and_equally_far_in_every_direction():
    muon, plain = _run(1, method="Muon", decay=0.0), _run(1, decay=0.0)
    start = _run(0).state["weights"]
    for name in ("embed", "out"):
        assert torch.equal(muon.state["weights"][name], plain.state["weights"][name])
    lengths = torch.linalg.svdvals(muon.state["weights"]["hidden"] - start["hidden"]) / 0.03
    assert lengths.min() > 0.65 and lengths.max() < 1.25


def test_orthogonal_gradients_hold_back_the_length():
    assert (
        _run(60, decay=0.0).trace["norm"][-1]
        > 1.02 * _run(60, method="orthogonal", decay=0.0).trace["norm"][-1]
    )


def test_a_sum_comes_once_at_most_in_a_round_in_a_new_order_each():
    rounds = [[turn(16, 70, k, Rng(3, k)) for k in range(4 * r, 4 * r + 4)] for r in range(3)]
    for batches in rounds:
        assert len(set(torch.cat(batches).tolist())) == 64
    assert rounds[0][0].tolist() != rounds[1][0].tolist() != rounds[2][0].tolist()
    assert turn(0, 70, 5, Rng(3, 5)) == turn(70, 70, 5, Rng(3, 5)) == slice(70)


def test_losses_round_to_zero_in_few_bits_and_not_in_many():
    few = _run(150, decay=0.0, lr=0.05, precision="float16")
    many = _run(150, decay=0.0, lr=0.05, precision="float64")
    assert few.trace["train_acc"][-1] == many.trace["train_acc"][-1] == 1
    assert few.trace["zero"][-1] > 0.5 and many.trace["zero"][-1] == 0


def test_spectrum_is_numpys():
    session = _run(30)
    embed = session.state["weights"]["embed"].double().numpy()
    power = (np.abs(np.fft.fft(embed, axis=0)) ** 2)[1:7].sum(1)
    np.testing.assert_allclose(session.trace["spectrum"][-1], power / power.sum(), rtol=1e-4)
    top = np.sort(power)[-5:].sum() / power.sum()
    assert session.trace["top"][-1] == pytest.approx(top, rel=1e-4)
