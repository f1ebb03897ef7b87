"""Paths through experts: what is observed and drawn is what the network does."""

import numpy as np
import pytest
import torch
import xarray as xr

from lab.core.experts import ExpertNetwork, edit_distances
from lab.engine import Session
from lab.experiments.grokking.expert_paths import ExpertPaths, left, rank_correlation

SMALL = ExpertPaths.controls_for(p=11)


@pytest.fixture(scope="module")
def run():
    session = Session(ExpertPaths, SMALL, seed=1)
    session.advance(150)
    return session


def test_observed_is_what_the_paths_say(run):
    net = ExpertNetwork(11, 32, 4, 32, 2, 2)
    n = run.given.sums["shown"]
    pairs, answer = run.given.sums["pairs"], run.given.sums["answer"]
    paths = net.path(net.stream(run.state["weights"], pairs[:n])[1])
    distances = edit_distances(paths).numpy()
    apart = ~np.eye(n, dtype=bool)
    assert run.trace["distance"][-1] == pytest.approx(distances[apart].mean(), rel=1e-5)
    kin = (answer[:n, None] == answer[:n]).numpy() & apart
    assert run.trace["kin"][-1] == pytest.approx(distances[kin].mean(), rel=1e-5)
    assert run.trace["different"][-1] == len({tuple(path) for path in paths.tolist()})
    assert run.trace["train_acc"][-1] == 1.0


def test_chance_is_the_distance_of_paths_by_lot():
    """All 144 paths of two chosen of four experts in two layers."""
    import itertools

    ends = list(itertools.permutations(range(4), 2))
    paths = torch.tensor([[*a, *(4 + e for e in b)] for a in ends for b in ends])
    expected = edit_distances(paths).mean()
    session = Session(ExpertPaths, SMALL, seed=3)
    assert session.given.chance == pytest.approx(float(expected), abs=0.01)


def test_images_show_the_first_expert_of_each_sum(run):
    images = run.picture()["experts"]
    assert images.shape == (2, 11, 11)
    np.testing.assert_array_equal(images, images.transpose(0, 2, 1))  # a + b is b + a
    net = ExpertNetwork(11, 32, 4, 32, 2, 2)
    shares = net.stream(run.state["weights"], torch.tensor([[3, 7]]))[1]
    assert images[:, 3, 7].tolist() == shares[0].argmax(1).tolist()
    distances = run.picture()["distances"]
    np.testing.assert_allclose(distances, distances.T)


def test_measures_of_the_claim():
    k = np.array([0, 100, 200, 300, 1000, 1100])
    d = xr.Dataset(
        {
            "train_acc": (("seed", "k"), [[0, 1, 1, 1, 1, 1]]),
            "test_acc": (("seed", "k"), [[0.5, 0.1, 0.2, 0.3, 0.8, 0.9]]),
            "distance": (("seed", "k"), [[0.1, 0.8, 0.8, 0.7, 0.5, 0.3]]),
        },
        coords={"seed": [0], "k": k},
    )
    assert left(d).item() == pytest.approx(0.4 / 0.8)
    assert rank_correlation(d).item() == pytest.approx(-0.97, abs=0.01)
