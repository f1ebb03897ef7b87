"""Clouds of points: the true chances are calibrated, and no other answer is right more often."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.clusters import Clusters
from lab.core.random import Rng

BACKEND = Backend("cpu", "float64")


def test_the_true_chances_are_right_as_often_as_they_say():
    problem, rng = Clusters(clusters=6, classes=3, size=2, spread=1.5), Rng(4, backend=BACKEND)
    centres = problem.centres(rng, BACKEND)
    data = problem.make(20_000, centres, rng, BACKEND)
    chances = problem.chances(data["x"], centres)
    torch.testing.assert_close(chances.sum(1), torch.ones(20_000).double())
    right = chances.argmax(1) == data["y"]
    assert right.double().mean() == pytest.approx(chances.amax(1).mean().item(), abs=0.01)
    nearest = torch.cdist(data["x"], centres).argmin(1) % 3
    assert (nearest == data["y"]).double().mean() <= right.double().mean() + 0.002


def test_train_and_test_are_other_points_around_the_same_centres():
    problem = Clusters(clusters=2, classes=2, size=3, spread=20.0)
    data = problem.split(Rng(0, backend=BACKEND), BACKEND, shown=300, hidden=400)
    train, test = data["train"], data["test"]
    assert train["x"].shape == (300, 3) and test["x"].shape == (400, 3)
    for i in (0, 1):
        gap = train["x"][train["y"] == i].mean(0) - test["x"][test["y"] == i].mean(0)
        assert gap.norm() < 0.5
    with pytest.raises(ValueError, match="at least one"):
        problem.make(0, torch.zeros(2, 3), Rng(0), BACKEND)
