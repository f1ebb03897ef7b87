"""The layer's slopes are torch's, its flow is the core's, and all roads end where scipy does."""

import numpy as np
import pytest
import torch
from scipy.optimize import root

from lab.core.newton import Newton, NewtonFlow, jacobian
from lab.engine.session import Session
from lab.experiments.fixed_point.flow_to_equilibrium import equilibria, missing, slopes


def session(k, seed=2, **controls):
    run = Session("flow-to-equilibrium", controls, seed=seed)
    run.advance(k)
    return run


def test_slopes_are_those_of_torch():
    layer = session(0, n=6, gain=2.0).given.layer
    z = torch.linspace(-1, 1, 18, dtype=torch.float64).reshape(3, 6)
    torch.testing.assert_close(slopes(layer, z), jacobian(lambda z: missing(layer, z), z))


@pytest.mark.parametrize("n", [2, 10])
def test_weights_stretch_every_vector_by_the_gain(n):
    weights = session(0, n=n, gain=1.7).given.layer["weights"]
    eye = torch.eye(n, dtype=torch.float64)
    torch.testing.assert_close(weights @ weights.mT, 1.7**2 * eye)


@pytest.mark.parametrize(
    ("name", "method"), [("Newton flow", NewtonFlow(0.1)), ("Newton", Newton())]
)
def test_steps_are_those_of_the_core(name, method):
    run = session(0, method=name, n=6, gain=0.8)
    state, layer = method.init(run.state["x"]), run.given.layer
    for k in range(5):
        state = method.step(state, lambda z: missing(layer, z), k)
    run.advance(5)
    torch.testing.assert_close(run.state["x"], state["x"])
    assert int(run.state["evaluations"]) == int(state["evaluations"])


@pytest.mark.parametrize("method", ["Newton flow", "Newton", "relaxation", "Picard"])
def test_a_contracting_layer_has_one_equilibrium(method):
    run = session(400, method=method, n=8, gain=0.8, length=0.2, x=0.3, y=0.0)
    layer = run.given.layer
    end = root(lambda z: missing(layer, torch.from_numpy(z)).numpy(), np.zeros(8))
    torch.testing.assert_close(run.state["x"], torch.from_numpy(end.x), atol=1e-6, rtol=0)


def test_every_equilibrium_of_the_plane_is_found():
    """Without input or turning the units are alone: three places each where the gain is above 1."""
    layer = {
        "weights": 2 * torch.eye(2, dtype=torch.float64),
        "input": torch.zeros(2, dtype=torch.float64),
    }
    found = equilibria(layer)
    assert len(found) == 9
    assert float(missing(layer, found).abs().max()) < 1e-10


def test_the_flow_ends_at_a_fold_and_newton_jumps_it():
    folded = {"gain": 2.5, "angle": 0.3, "x": 1.3, "y": -1.3}
    run = session(200, seed=0, **folded)
    assert run.ended == "done"
    assert float(run.state["folds"]) > 0
    jumped = session(40, seed=0, method="Newton", **folded)
    assert float(missing(jumped.given.layer, jumped.state["x"]).norm()) < 1e-12


def test_the_learned_start_is_nearer():
    learned = session(0, n=10, gain=0.9, spread=0.1, start="learned")
    drawn = session(0, n=10, gain=0.9, spread=0.1, x=0.0, y=0.0)
    assert float(learned.state["first"]) < 0.2 * float(drawn.state["first"])
