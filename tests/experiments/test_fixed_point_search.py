"""What is drawn: the way of the state ends where the simulation does, guesses are a mixture."""

import pytest
import torch

from lab.core.amplification import FixedPoint
from lab.engine.session import Session


@pytest.mark.parametrize("method", ["fixed point", "Grover", "guessing"])
def test_the_state_is_inside_the_ball_and_as_high_as_the_chance(method):
    run = Session("fixed-point-search", controls={"method": method, "fraction": 0.1})
    run.advance(7)
    across, up = run.trace["place"][-1]
    assert across**2 + up**2 <= 1 + 1e-12
    assert up == pytest.approx(2 * run.trace["success"][-1] - 1)


def test_the_way_ends_at_the_place():
    run = Session("fixed-point-search", controls={"fraction": 0.1})
    run.advance(5)
    drawn = run.experiment.picture(run.state, run.given, run.controls_at(5))
    *_, last, aim = drawn["path"]
    torch.testing.assert_close(last[2:], torch.as_tensor(run.trace["place"][-1]))
    assert float(aim[1]) == pytest.approx(2 * (1 - 0.3**2) - 1)
    kept = drawn["share"][drawn["bound"] > 0]
    assert float(kept[0]) >= float(FixedPoint(0.3).threshold(5))
