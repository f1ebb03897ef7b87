"""The power law is that of Gamma functions, the maps contract as they say, pictures invert."""

import numpy as np
import pytest
import torch
from scipy.special import gamma, rel_entr

from lab.core.problems.decision import bellman
from lab.engine.controls import Controls
from lab.engine.session import Session
from lab.experiments.fixed_point.averaged_contractions import (
    PROBLEMS,
    AveragedContractions,
    apply,
    divergence,
    drawn,
    undrawn,
)


def session(k, seed=3, **controls):
    run = Session("averaged-contractions", controls, seed=seed)
    run.advance(k)
    return run


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
@pytest.mark.parametrize(("q", "angle"), [(0.3, 0.0), (0.8, 0.6), (0.9, 2.5)])
def test_iterates_are_ratios_of_gamma_functions(q, angle, power):
    k, start = 40, -0.5 - 0.4j
    run = session(k, q=q, angle=angle, power=power, x=start.real, y=start.imag)
    mode = q * np.exp(1j * angle)
    left = gamma(k + power * mode) * gamma(power) / gamma(power * mode) / gamma(k + power)
    u = run.state["u"].numpy()
    assert complex(*u) == pytest.approx(left * start, rel=1e-10)
    # The law of the experiment is what Stirling's formula leaves of it, up to a constant.
    law = float(AveragedContractions.law(Controls(run.controls), torch.tensor(float(k)).double()))
    constant = abs(gamma(power) / gamma(power * mode)) ** 2
    assert abs(left) ** 2 == pytest.approx(constant * law, rel=0.2)


@pytest.mark.parametrize("planes", [1, 4])
@pytest.mark.parametrize("angle", [0.0, 1.0, 3.0])
def test_the_drawn_mode_is_the_slowest(planes, angle):
    modes = session(0, q=0.7, angle=angle, planes=planes).given.map["modes"]
    assert complex(modes[0]) == pytest.approx(0.7 * np.exp(1j * angle))
    assert (modes.abs() <= 0.7 + 1e-12).all()
    assert (modes.real <= modes[0].real + 1e-12).all()


def test_the_linear_programme_finds_the_fixed_point_of_value_iteration():
    made = session(0, problem="decisions", q=0.9).given.map
    torch.testing.assert_close(bellman(made["process"], made["point"]), made["point"])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_zero_is_the_fixed_point_and_has_divergence_zero(problem):
    run = session(0, problem=problem)
    zero = torch.zeros_like(run.state["u"])
    c = Controls(run.controls)
    assert float(apply(run.given, c, zero).abs().max()) < 1e-12
    assert float(divergence(run.given, c, zero)) == 0


def test_the_divergence_on_the_simplex_is_scipys():
    run = session(0, problem="simplex", planes=3)
    point = run.given.map["point"]
    u = run.state["u"]
    x = torch.softmax(point.log() + torch.cat([u, u.new_zeros(1)]), 0)
    found = float(divergence(run.given, Controls(run.controls), u))
    assert found == pytest.approx(float(rel_entr(x.numpy(), point.numpy()).sum()), rel=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_place_in_the_picture_is_found_again(problem):
    run = session(0, problem=problem)
    xy = torch.tensor([[0.1, -0.2], [0.3, 0.2]], dtype=torch.float64)
    c = Controls(run.controls)
    torch.testing.assert_close(drawn(run.given, c, undrawn(run.given, c, xy)), xy)
