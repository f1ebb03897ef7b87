"""Muon beside torch's; Newton-Schulz beside the polar factor of an SVD."""

import pytest
import torch

from lab.core.muon import CUBIC, Muon, orthogonalised

SHAPES = {"wide": (4, 9), "tall": (11, 3), "square": (6, 6)}


def _matrices(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, generator=generator, dtype=dtype) for name, shape in SHAPES.items()
    }


@pytest.mark.parametrize("nesterov", [True, False])
def test_equals_torch_in_bfloat16(nesterov):
    weights = _matrices(0, torch.float32)
    theirs = {name: torch.nn.Parameter(w.clone()) for name, w in weights.items()}
    peer = torch.optim.Muon(theirs.values(), lr=0.02, nesterov=nesterov, weight_decay=0.3)
    memory = Muon.init(weights)
    optimiser = Muon(0.02, nesterov=nesterov, decay=0.3, precision=torch.bfloat16)
    for k in range(30):
        gradients = _matrices(k + 1, torch.float32)
        for name, parameter in theirs.items():
            parameter.grad = gradients[name].clone()
        peer.step()
        before = {name: w.clone() for name, w in weights.items()}
        after, memory = optimiser.step(weights, gradients, memory, k)
        for name in weights:
            assert torch.equal(before[name], weights[name])
            torch.testing.assert_close(after[name], theirs[name].data, rtol=1e-6, atol=1e-6)
        weights = after


def test_first_steps_move_as_far_in_every_direction():
    """Singular values of a step lie near 1, whatever those of the gradient."""
    weights = {name: torch.zeros_like(w) for name, w in _matrices(0).items()}
    after, _ = Muon(1.0, decay=0.0).step(weights, _matrices(1), Muon.init(weights), 0)
    for name, (rows, columns) in SHAPES.items():
        lengths = torch.linalg.svdvals(after[name]) / max(1, rows / columns) ** 0.5
        assert lengths.min() > 0.65 and lengths.max() < 1.25


def test_quintic_lifts_singular_values_of_a_hundredth():
    """The bounds of the docstring, over the whole range of singular values."""
    s = torch.logspace(-2, 0, 400, dtype=torch.float64)
    found = torch.stack([orthogonalised(torch.diag(torch.stack([t, (1 - t * t).sqrt()])))[0, 0]
                         for t in s[:-1]])  # fmt: skip
    assert found.min() > 0.68 and found.max() < 1.21


def test_cubic_ends_at_the_polar_factor():
    for name, matrix in _matrices(2).items():
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        found = orthogonalised(matrix, 60, CUBIC)
        torch.testing.assert_close(found, left @ right, rtol=0, atol=1e-12, msg=name)


def test_a_zero_matrix_stays_and_lanes_are_the_single_ones():
    matrix = _matrices(3)["tall"]
    pair = torch.stack([matrix, torch.zeros_like(matrix)])
    lanes = torch.func.vmap(orthogonalised)(pair)
    torch.testing.assert_close(lanes[0], orthogonalised(matrix), rtol=1e-12, atol=1e-14)
    assert not lanes[1].any()


def test_same_defaults_as_torch():
    theirs = torch.optim.Muon([torch.nn.Parameter(torch.zeros(2, 2))]).defaults
    ours = Muon()
    assert (ours.lr, ours.momentum, ours.nesterov) == (
        theirs["lr"], theirs["momentum"], theirs["nesterov"])  # fmt: skip
    assert (ours.decay, ours.steps) == (theirs["weight_decay"], theirs["ns_steps"])
