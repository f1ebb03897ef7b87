"""Each way to train takes the same path; only then do their times compare."""

import pytest
import torch

from lab.bench import grokking
from lab.core.backend import Backend
from lab.core.clock_transformer import ClockTransformer
from lab.core.networks import PairNetwork
from lab.core.random import Rng

DOUBLE = Rng(1, backend=Backend("cpu", "float64"))


@pytest.mark.parametrize(
    "steps",
    [
        grokking.small_steps(DOUBLE, PairNetwork(p=11, d=20, width=8)),
        grokking.clock_steps(DOUBLE, ClockTransformer(p=11, d=12, heads=3, width=16)),
    ],
    ids=["small", "transformer"],
)
def test_every_way_takes_the_same_path(steps):
    for _ in range(20):
        loss, *others = (step() for step in steps.values())
        for other in others:
            torch.testing.assert_close(other, loss, rtol=1e-10, atol=1e-12)
