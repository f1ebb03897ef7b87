"""The mean game's equilibrium is numpy's, its components are cocoercive, and the bill adds up."""

import numpy as np
import pytest
import torch

from lab.engine import Session
from lab.experiments.fixed_point.finite_sum_halpern import PLANES, L, operator, pair

NAME = "finite-sum-halpern"


def test_the_iterates_come_to_numpys_equilibrium():
    session = Session(NAME, {"n": 9, "far": 0.3}, seed=3)
    mean = operator(session.given.game)
    everyone = torch.arange(9)

    def real(z):
        return pair(z).flatten().numpy()

    zero = torch.zeros(PLANES, dtype=torch.complex128)
    shift = real(mean(zero, everyone))
    basis = torch.view_as_complex(torch.eye(2 * PLANES, dtype=torch.float64).view(-1, PLANES, 2))
    matrix = np.stack([real(mean(e, everyone)) - shift for e in basis], 1)
    equilibrium = np.linalg.solve(matrix, -shift)
    np.testing.assert_allclose(equilibrium, 0, atol=1e-10)  # the pushes add up to zero
    start = session.state["x"]
    np.testing.assert_allclose(matrix @ real(start), real(mean(start, None)), atol=1e-12)
    session.advance(3_000)
    assert np.linalg.norm(matrix @ (real(session.state["x"]) - equilibrium)) < 0.01


def test_components_are_cocoercive_with_the_constant():
    game = Session(NAME, {"n": 50}).given.game
    moved = torch.randn(PLANES, dtype=torch.complex128, generator=torch.manual_seed(0))
    change = game["values"] * moved  # V_i of two points that are `moved` apart
    inner = (change * moved.conj()).real
    torch.testing.assert_close(inner, change.abs().square() / L)


@pytest.mark.parametrize(("kind", "bill"), [("full", 5 * 30), ("sampled", 5 * 6)])
def test_the_bill_counts_components(kind, bill):
    session = Session(NAME, {"n": 30, "kind": kind})
    session.advance(5)
    assert session.trace["components"][-1] == bill
