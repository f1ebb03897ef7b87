"""Two spirals: on their arms, half a turn apart, the same for all precisions."""

import math

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.spirals import Spirals
from lab.core.random import Rng


def test_points_lie_on_the_arm_of_their_class():
    data = Spirals(turns=1.5, noise=0.0).make(200, Rng(1), Backend("cpu", "float64"))
    radius = data["x"].norm(dim=1)
    angle = 2 * math.pi * 1.5 * radius + math.pi * data["y"]
    expect = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    torch.testing.assert_close(data["x"], expect)
    assert 0.3 < float(data["y"].double().mean()) < 0.7


def test_split_draws_other_points():
    split = Spirals().split(Rng(0), Backend(), 10, 10)
    assert not torch.equal(split["train"]["x"], split["test"]["x"])


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="at least one point"):
        Spirals().make(0, Rng(0), Backend())
