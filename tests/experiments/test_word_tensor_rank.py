"""Ranks of word tensors: what is observed is what it says."""

import numpy as np
import pytest

from lab.core.groups import group, tensor
from lab.engine import Session
from lab.experiments.grokking.word_tensor_rank import WordTensorRank


@pytest.fixture(scope="module")
def run():
    session = Session(WordTensorRank, WordTensorRank.controls_for(starts=16), seed=0)
    session.advance(250)
    return session


def test_residuals_are_distances_by_numpy(run):
    target = tensor(group("S3").product).numpy()
    A, B, C = (run.state[name].numpy() for name in "ABC")
    made = np.einsum("nir,njr,nkr->nijk", A, B, C)
    residual = np.sort(np.sqrt(((made - target) ** 2).sum((1, 2, 3)) / 36))
    np.testing.assert_allclose(run.trace["residuals"][-1], residual, rtol=1e-5, atol=1e-7)
    assert run.trace["best"][-1] == pytest.approx(residual[0], rel=1e-5, abs=1e-7)
    assert run.trace["share"][-1] == (residual < 1e-4).mean()


def test_an_exact_sum_is_the_table_and_falls_into_one_one_seven(run):
    picture = run.picture()
    np.testing.assert_allclose(
        picture["made"], tensor(group("S3").product).permute(2, 0, 1), atol=1e-3
    )
    assert run.trace["blocks"][-1].tolist() == [1, 1, 7]
    assert list(picture["names"]) == ["1a", "1b", "2a"]
    assert picture["products"].shape == (3, 9)
    np.testing.assert_allclose(picture["products"].max(0), 1, atol=1e-3)


def test_eight_do_not():
    session = Session(WordTensorRank, WordTensorRank.controls_for(starts=16, rank=8), seed=0)
    session.advance(250)
    assert session.trace["best"][-1] > 0.28
