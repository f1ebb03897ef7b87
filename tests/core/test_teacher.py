"""Teacher and student: the labels follow the declared conditional, half of them each class."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.teacher import Teacher
from lab.core.random import Rng


def split(seed=0, dtype="float32", **settings):
    return Teacher(**settings).split(Rng(seed), Backend("cpu", dtype), 500, 4000)


def test_shapes_types_and_seeds():
    found = split()
    assert found["train"]["x"].shape == (500, 10) and found["test"]["p"].shape == (4000, 2)
    assert found["train"]["x"].dtype == found["train"]["p"].dtype == torch.float32
    assert found["train"]["y"].dtype == torch.int64
    double = split(dtype="float64")
    assert torch.equal(found["test"]["x"], double["test"]["x"].float())
    assert torch.equal(found["test"]["y"], double["test"]["y"])
    assert not torch.equal(found["test"]["y"], split(1)["test"]["y"])


def test_labels_follow_the_conditional():
    test = split(noise=0.2)["test"]
    assert float((test["y"] != test["clean"]).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert float(test["clean"].float().mean()) == pytest.approx(0.5, abs=0.03)
    torch.testing.assert_close(test["p"].sum(1), torch.ones(4000))
    chosen = test["p"].gather(1, test["clean"][:, None])
    torch.testing.assert_close(chosen, torch.full_like(chosen, 0.8))


def test_without_noise_every_label_is_the_teachers():
    test = split(noise=0.0)["test"]
    assert torch.equal(test["y"], test["clean"])
    assert set(test["p"].flatten().tolist()) == {0.0, 1.0}
