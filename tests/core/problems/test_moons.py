"""Two moons: each point on the half circle of its class."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.problems.moons import Moons
from lab.core.random import Rng


def test_points_lie_on_the_half_circle_of_their_class():
    data = Moons(noise=0.0).make(300, Rng(1), Backend("cpu", "float64"))
    way = 2 * data["y"] - 1
    from_centre = data["x"] - way[:, None] * torch.tensor([0.5, 0.25], dtype=torch.float64)
    torch.testing.assert_close(from_centre.norm(dim=1), torch.ones(300, dtype=torch.float64))
    assert bool((from_centre[:, 1] * way <= 1e-12).all())  # the first is the upper half
    assert 0.3 < float(data["y"].double().mean()) < 0.7


def test_split_draws_other_points():
    split = Moons().split(Rng(0), Backend(), 10, 10)
    assert not torch.equal(split["train"]["x"], split["test"]["x"])


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="at least one point"):
        Moons().make(0, Rng(0), Backend())
