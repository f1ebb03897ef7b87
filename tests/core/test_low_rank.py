"""One step reaches a matrix of low rank exactly; widening changes nothing; the cut is the cut."""

import pytest
import torch

from lab.core.low_rank import LowRankStep, balanced, descended, factored, kept, whole


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def low(rank, seed=1):
    return drawn(12, rank, seed=seed) @ drawn(rank, 9, seed=seed + 1)


def test_factors_are_the_best_of_their_rank():
    w = drawn(12, 9)
    f = factored(w, 4)
    values = torch.linalg.svdvals(w)
    error = torch.linalg.matrix_norm(w - whole(f), 2)
    torch.testing.assert_close(error, values[4])
    a, b = balanced(w, 4)
    torch.testing.assert_close(a @ b.mT, whole(f))
    torch.testing.assert_close(a.mT @ a, b.mT @ b)


def test_widening_keeps_the_matrix():
    f = factored(drawn(12, 9), 3)
    wide = LowRankStep(0.3).widened(f, drawn(12, 9, seed=5))
    torch.testing.assert_close(whole(wide), whole(f))
    assert wide["u"].shape == (12, 6) and wide["v"].shape == (9, 6)
    for side in "uv":
        eye = torch.eye(6, dtype=torch.float64)
        torch.testing.assert_close(wide[side].mT @ wide[side], eye)


def test_bases_hold_the_gradient_steps_of_k_and_l():
    """K = U S moves by the gradient of the loss of K V', L = V S' by that of U L'."""
    target, f = drawn(12, 9, seed=3), factored(drawn(12, 9), 3)
    wide = LowRankStep(0.3).widened(f, whole(f) - target)
    k = (f["u"] @ f["s"]).requires_grad_()
    (0.5 * (k @ f["v"].mT - target).square().sum()).backward()
    moved = (k - 0.3 * k.grad).detach()
    torch.testing.assert_close(wide["u"] @ (wide["u"].mT @ moved), moved)
    ell = (f["v"] @ f["s"].mT).requires_grad_()
    (0.5 * (f["u"] @ ell.mT - target).square().sum()).backward()
    moved = (ell - 0.3 * ell.grad).detach()
    torch.testing.assert_close(wide["v"] @ (wide["v"].mT @ moved), moved)


@pytest.mark.parametrize("smallest", [1.0, 1e-3, 1e-9])
def test_one_step_of_rate_one_reaches_a_matrix_of_low_rank(smallest):
    u, v = torch.linalg.qr(drawn(12, 3)).Q, torch.linalg.qr(drawn(9, 3, seed=2)).Q
    target = u * torch.tensor([1.0, 0.1, smallest], dtype=torch.float64) @ v.mT
    start = factored(low(3, seed=7), 3)
    rule = LowRankStep(1.0, most=3)
    wide = rule.widened(start, whole(start) - target)
    reached = rule.narrowed(wide, whole(wide) - target)
    torch.testing.assert_close(whole(reached), target, rtol=0, atol=1e-13)
    torch.testing.assert_close(reached["s"].diag(), torch.linalg.svdvals(target)[:3],
                               rtol=0, atol=1e-13)  # fmt: skip


@pytest.mark.parametrize("cut", [0.0, 0.05, 0.3, 0.9])
def test_no_more_is_cut_than_allowed_and_no_less(cut):
    f = factored(drawn(12, 9), 4)
    rule = LowRankStep(0.1, cut)
    gradient = drawn(12, 9, seed=5)
    wide = rule.widened(f, gradient)
    step = whole(wide) - 0.1 * wide["u"] @ wide["u"].mT @ gradient @ wide["v"] @ wide["v"].mT
    narrow = rule.narrowed(wide, gradient)
    allowed = cut * step.norm()
    assert (whole(narrow) - step).norm() <= allowed + 1e-12
    r = len(narrow["s"])
    assert r == 1 or torch.linalg.svdvals(step)[r - 1 :].norm() > allowed


def test_kept_counts():
    values = torch.tensor([4.0, 3.0, 0.0])
    assert [kept(values, cut) for cut in (0.0, 0.59, 0.61, 1.0)] == [2, 2, 1, 1]


def test_rank_is_bounded():
    f = factored(drawn(12, 9), 4)
    rule = LowRankStep(0.1, most=4)
    wide = rule.widened(f, drawn(12, 9, seed=5))
    assert rule.narrowed(wide, drawn(12, 9, seed=6))["s"].shape == (4, 4)


def test_plain_factors_descend_the_gradient():
    target = drawn(12, 9, seed=3)
    a, b = (part.requires_grad_() for part in balanced(drawn(12, 9), 3))
    (0.5 * (a @ b.mT - target).square().sum()).backward()
    found = descended(a.detach(), b.detach(), (a @ b.mT - target).detach(), 0.2)
    torch.testing.assert_close(found, ((a - 0.2 * a.grad).detach(), (b - 0.2 * b.grad).detach()))
