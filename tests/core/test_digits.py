"""Digits drawn by a program: the same everywhere, and digits."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.digits import CLASSES, Digits
from lab.core.random import Rng


def draw(n=200, seed=0, dtype="float32", name="digits", **settings):
    backend = Backend("cpu", dtype)
    return Digits(**settings).make(n, Rng(seed, -1, backend), backend, name)


def test_shapes_and_types():
    found = draw(side=9)
    assert found["x"].shape == (200, 81)
    assert found["x"].dtype == torch.float32
    assert found["y"].dtype == torch.int64
    assert sorted(found["y"].unique().tolist()) == list(range(CLASSES))


def test_same_seed_same_digits_in_every_precision():
    single, double = draw(), draw(dtype="float64")
    assert torch.equal(single["x"], double["x"].float())
    assert torch.equal(single["y"], double["y"])
    assert not torch.equal(single["y"], draw(seed=1)["y"])
    assert not torch.equal(single["y"], draw(name="other")["y"])


def test_mean_is_about_zero_and_noise_is_as_declared():
    found = draw(2000)
    assert abs(float(found["x"].mean())) < 0.02
    clean = draw(2000, noise=0.0)["x"]
    assert float((found["x"] - clean).std()) == pytest.approx(0.25, rel=0.02)


def test_without_shaking_all_of_a_class_are_alike_and_classes_differ():
    still = dict(jitter=0.0, turn=0.0, shift=0.0, scale=0.0, noise=0.0)
    found = draw(**still)
    means = torch.stack([found["x"][found["y"] == digit].mean(0) for digit in range(CLASSES)])
    torch.testing.assert_close(found["x"], means[found["y"]], atol=1e-5, rtol=0)
    apart = torch.cdist(means, means) + 100 * torch.eye(CLASSES)
    assert float(apart.min()) > 1.0


def test_a_one_is_a_vertical_stroke():
    found = draw(jitter=0.0, turn=0.0, shift=0.0, scale=0.0, noise=0.0)
    one = found["x"][found["y"] == 1][0].view(12, 12)
    assert int(one.sum(0).argmax()) == 6
    assert float(one[3:9, 6].min()) > float(one[3:9, 1].max())


def test_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        draw(0)


def test_split_asks_for_other_pictures_than_it_shows():
    rng, backend = Rng(0), Backend()
    split = Digits().split(rng, backend, 30, 20)
    assert [len(split[name]["y"]) for name in ("train", "test")] == [30, 20]
    assert not torch.equal(split["train"]["x"][:20], split["test"]["x"])
    assert torch.equal(split["train"]["x"], Digits().make(30, rng, backend, "train")["x"])
