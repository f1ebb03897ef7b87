"""The orthogonal gradient: orthogonal, as long as before, and weights that keep their length."""

import torch

from lab.core.orthogonal_gradient import orthogonal_gradient


def _draw(seed):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a": (4, 5), "b": (7,)}
    return {name: torch.randn(s, generator=generator, dtype=torch.float64)
            for name, s in shapes.items()}  # fmt: skip


def test_orthogonal_and_as_long():
    weights, gradients = _draw(0), _draw(1)
    for name, turned in orthogonal_gradient(weights, gradients).items():
        w, g = weights[name], gradients[name]
        assert abs((turned * w).sum()) < 1e-12
        torch.testing.assert_close(turned.norm(), g.norm())
        assert (turned * g).sum() > 0
        along = torch.stack([w.flatten(), g.flatten(), turned.flatten()])
        assert torch.linalg.matrix_rank(along) == 2  # it lies in the plane of the two


def test_a_small_step_turns_the_weights_and_keeps_their_length():
    """|w - h g|² = |w|² + h² |g|²: nothing of first order."""
    weights, gradients = _draw(0), _draw(1)
    for name, turned in orthogonal_gradient(weights, gradients).items():
        w, g = weights[name], gradients[name]
        after = (w - 1e-3 * turned).square().sum() - w.square().sum()
        torch.testing.assert_close(after, 1e-6 * g.square().sum(), rtol=1e-6, atol=0)


def test_along_the_weights_or_at_zero_there_is_nothing_to_turn():
    weights = _draw(0)
    zeros = {name: torch.zeros_like(w) for name, w in weights.items()}
    for name, g in orthogonal_gradient(zeros, weights).items():
        torch.testing.assert_close(g, weights[name])  # no direction to leave out
    for g in orthogonal_gradient(weights, zeros).values():
        assert not g.any()
