"""Teacher and student: half of the inputs are of each class, whatever the precision."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.teacher import Teacher
from lab.core.random import Rng


def split(seed=0, dtype="float32"):
    return Teacher().split(Rng(seed), Backend("cpu", dtype), 500, 4000)


def test_shapes_types_and_seeds():
    found = split()
    assert found["train"]["x"].shape == (500, 10) and found["test"]["y"].shape == (4000,)
    assert found["train"]["x"].dtype == torch.float32
    assert found["train"]["y"].dtype == torch.int64
    double = split(dtype="float64")
    assert torch.equal(found["test"]["x"], double["test"]["x"].float())
    assert torch.equal(found["test"]["y"], double["test"]["y"])
    assert not torch.equal(found["test"]["y"], split(1)["test"]["y"])


def test_each_class_gets_half():
    assert float(split()["test"]["y"].float().mean()) == pytest.approx(0.5, abs=0.03)
