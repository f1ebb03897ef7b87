"""Every kind of network learns."""

import pytest

from lab.engine import Session


@pytest.mark.parametrize("kind", ["fixed point", "3 sweeps", "3 layers"])
def test_training_lowers_the_loss(kind):
    session = Session("convergent-graph-solver", {"kind": kind, "nodes": 10, "gamma": 0.5})
    session.advance(30)
    losses = session.trace["loss"]
    assert losses[-5:].mean() < 0.9 * losses[1:6].mean()
    assert session.picture()["pairs"].shape == (60, 2)
