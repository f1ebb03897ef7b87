"""Losses and their gradients beside torch's and autograd's; where softmax collapses."""

import pytest
import torch

from lab.core.cross_entropy import PRECISIONS, cross_entropy, stable_scores


def _scores():
    generator = torch.Generator().manual_seed(0)
    z = 4 * torch.randn(9, 5, generator=generator, dtype=torch.float64)
    return z, torch.randint(5, (9,), generator=generator)


def test_softmax_is_torchs():
    z, answer = _scores()
    z.requires_grad_()
    theirs = torch.nn.functional.cross_entropy(z, answer, reduction="none")
    theirs.mean().backward()
    losses, gradient = cross_entropy(z.detach(), answer, "softmax", "float64")
    torch.testing.assert_close(losses, theirs.detach())
    torch.testing.assert_close(gradient, z.grad)


def test_stablemax_gradient_is_autograds():
    z, answer = _scores()
    z.requires_grad_()
    # Written with a division in place of the branch: another way to the same function.
    s = (z.abs() + 1) ** z.sign()
    theirs = -(s / s.sum(1, keepdim=True)).log().gather(1, answer[:, None]).squeeze(1)
    theirs.mean().backward()
    losses, gradient = cross_entropy(z.detach(), answer, "stablemax", "float64")
    torch.testing.assert_close(losses, theirs.detach())
    torch.testing.assert_close(gradient, z.grad)


def test_stable_scores_are_smooth_at_zero_and_positive():
    x = torch.linspace(-50, 50, 2001, dtype=torch.float64, requires_grad=True)
    s = stable_scores(x)
    (slope,) = torch.autograd.grad(s.sum(), x)
    assert (s > 0).all() and (slope > 0).all() and (s.diff() > 0).all()
    assert stable_scores(torch.zeros(1)) == 1
    torch.testing.assert_close(slope[1000], torch.ones_like(slope[0]))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_softmax_rounds_to_no_loss_where_its_precision_says(precision):
    """A lead of l leaves a loss of e^-l: half of the spacing at 1 is too little to be seen."""
    edge = -torch.tensor(torch.finfo(getattr(torch, precision)).eps, dtype=torch.float64).log()
    answer = torch.zeros(2, dtype=torch.int64)
    leads = torch.stack([edge - 1.5, edge + 3.0])
    z = torch.stack([leads, torch.zeros(2, dtype=torch.float64)], 1)
    losses, gradient = cross_entropy(z, answer, "softmax", precision)
    assert losses.dtype == getattr(torch, precision)
    assert gradient.dtype == torch.float64
    # log_softmax keeps more than 1 + e^-l would; the pull on the right answer does not.
    assert gradient[0, 0] < 0 and gradient[1, 0] == 0
    stable, pull = cross_entropy(z, answer, "stablemax", precision)
    assert (stable > 0).all() and (pull[:, 0] < 0).all()


def test_an_unknown_share_is_refused():
    with pytest.raises(ValueError, match="stablemax"):
        cross_entropy(*_scores(), share="hardmax")
