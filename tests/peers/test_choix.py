"""choix, a library for models of choice, finds the same strengths."""

import numpy as np
import pytest
import torch

from lab.core.rankings import Strengths, loglikelihood, maximum

choix = pytest.importorskip("choix")


def tournament(seed):
    drawn = np.random.default_rng(seed)
    s = drawn.standard_normal(8)
    chance = 1 / (1 + np.exp(s - s[:, None]))
    wins = drawn.binomial(12, chance) + 1
    np.fill_diagonal(wins, 0)
    games = [(i, j) for i in range(8) for j in range(8) for _ in range(wins[i, j])]
    return torch.tensor(wins, dtype=torch.float64), games


@pytest.mark.parametrize("seed", range(3))
def test_the_same_strengths(seed):
    wins, games = tournament(seed)
    theirs = choix.opt_pairwise(8, games, alpha=0.0, tol=1e-9)
    np.testing.assert_allclose(maximum(wins).numpy(), theirs - theirs.mean(), atol=1e-6)
    spectral = choix.ilsr_pairwise(8, games, alpha=0.0, tol=1e-11)
    np.testing.assert_allclose(maximum(wins).numpy(), spectral - spectral.mean(), atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_zermelo_at_once_is_their_minorisation(seed):
    wins, games = tournament(seed)
    state, own = Strengths(share=1, at_once=True).init(wins), Strengths(share=1, at_once=True)
    for k in range(1500):
        state = own.step(state, wins, k)
    theirs = choix.mm_pairwise(8, games, alpha=0.0, tol=1e-12)
    np.testing.assert_allclose(state["s"].numpy(), theirs - theirs.mean(), atol=1e-9)


def test_the_same_likelihood():
    wins, games = tournament(5)
    s = maximum(wins)
    theirs = choix.log_likelihood_pairwise(games, s.numpy())
    assert float(loglikelihood(s, wins)) == pytest.approx(theirs)
