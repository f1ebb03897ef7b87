"""Sketches of a product: their error against all draws, the fit of kept columns against lstsq."""

import numpy as np
import pytest
import torch

from lab.core.backend import Backend
from lab.core.random import Rng
from lab.core.scores import sketching
from lab.core.sketching import expected_error, misfit


@pytest.fixture
def problem():
    rng = Rng(3, backend=Backend("cpu", "float64"))
    return rng.normal("columns", (6, 9)), rng.normal("weights", (9,))


def test_the_expected_error_is_that_of_all_single_draws(problem):
    columns, weights = problem
    for norms in (None, [columns.norm(dim=0)]):
        (chances,) = sketching([weights], norms)
        draws = columns * weights / chances  # the sketch that each column gives
        gaps = (draws - (columns @ weights)[:, None]).square().sum(0)
        wanted = (chances * gaps).sum().sqrt()
        assert expected_error(columns, weights, chances) == pytest.approx(wanted.item(), rel=1e-12)


def test_no_other_chances_make_it_smaller(problem):
    columns, weights = problem
    (best,) = sketching([weights], [columns.norm(dim=0)])
    least = expected_error(columns, weights, best)
    for tilt in torch.eye(9).double() * 0.02:
        assert expected_error(columns, weights, (best + tilt) / 1.02) > least


def test_a_column_that_is_never_drawn_costs_nothing_when_its_weight_is_zero(problem):
    columns, weights = problem
    weights = weights * (torch.arange(9) > 0)
    (chances,) = sketching([weights])
    assert chances[0] == 0 and expected_error(columns, weights, chances).isfinite()


def test_the_misfit_is_that_of_least_squares(problem):
    columns, weights = problem
    target = columns @ weights + torch.arange(6.0)
    kept = torch.zeros(4, 9, dtype=torch.bool)
    kept[1, :3] = kept[2, 2:6] = kept[3] = True
    found = misfit(columns, kept, target)
    for alive, share in zip(kept, found):
        own = columns[:, alive].numpy()
        best = np.linalg.lstsq(own, target.numpy(), rcond=None)[0] if alive.any() else []
        gap = np.linalg.norm(target.numpy() - own @ best) / np.linalg.norm(target)
        assert share.item() == pytest.approx(gap, abs=1e-6)
