"""Quantisation against torch's own, against every code there is, and by its laws."""

import itertools

import pytest
import torch
from torch import nn

from lab.core.quantize import (
    CoordinateDescent,
    Uniform,
    quantised,
    reconstruction_error,
    tuned,
)
from lab.core.random import Rng


def layer(seed, inputs=12, outputs=5, n=60, common=0.7):
    rng = Rng(seed)
    x = rng.normal("x", (n, inputs)) + common * rng.normal("common", (n, 1))
    x, w = x.double(), rng.normal("w", (inputs, outputs)).double()
    return x, x.T @ x, w


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_levels_are_those_of_torch(bits):
    w = Rng(0).normal("w", (30, 7)) + 0.3
    grid = Uniform(bits).grid(w)
    low, high = int(grid["low"]), int(grid["high"])
    assert high - low == 2**bits - 1
    theirs = torch.fake_quantize_per_tensor_affine(w, float(grid["scale"]), -low, 0, high - low)
    torch.testing.assert_close(Uniform(bits)(w), theirs, rtol=1e-5, atol=1e-6)


def test_each_column_or_row_has_a_scale_of_its_own():
    w = Rng(1).normal("w", (20, 6)) * torch.logspace(-3, 3, 6)
    by_column = torch.cat([Uniform(4)(w[:, [j]]) for j in range(6)], 1)
    torch.testing.assert_close(Uniform(4, over=0)(w), by_column)
    torch.testing.assert_close(Uniform(4, over=1)(w.T), by_column.T)
    assert (Uniform(4)(w)[:, 0] == 0).all()  # one scale for all: the small ones drown


def test_a_symmetric_grid_has_as_many_levels_on_both_sides():
    w = torch.tensor([-3.0, -0.4, 0.0, 1.6, 2.0])
    assert Uniform(3, symmetric=True)(w).tolist() == [-3, 0, 0, 2, 2]
    assert Uniform(1, symmetric=True).side == Uniform(2, symmetric=True).side == 1


def test_zero_stays_zero_and_nothing_leaves_the_grid():
    for w in (torch.zeros(4, 3), torch.rand(5, 3) * 0 + 2.0, torch.tensor([[0.0, -1.0, 7.0]])):
        for quantiser in (Uniform(2), Uniform(2, 0), Uniform(2, symmetric=True)):
            values = quantiser(w)
            assert values.isfinite().all() and (values[w == 0] == 0).all()
    grid = {"scale": torch.tensor(1.0), "low": torch.tensor(-2.0), "high": torch.tensor(1.0)}
    assert Uniform(2).codes(torch.tensor([-9.0, 9.0]), grid).tolist() == [-2, 1]
    with pytest.raises(ValueError, match="bits"):
        Uniform(0)


def test_rounding_by_lot_is_right_on_average():
    w = Rng(2).uniform("w", (50,)).double() * 4 - 2
    grid, n = Uniform(3).grid(w), 20_000
    lot = Rng(3).uniform("lot", (n, 50)).double()
    mean = (grid["scale"] * Uniform(3).codes(w.expand(n, 50), grid, lot)).mean(0)
    inside = (w / grid["scale"] > grid["low"]) & (w / grid["scale"] < grid["high"])
    spread = float(grid["scale"]) / 2 / n**0.5
    assert ((mean - w).abs()[inside] < 5 * spread).all()
    nearest = Uniform(3)(w)
    assert (nearest - w).abs().max() > 20 * spread


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("over", [0, None])
def test_no_coordinate_raises_the_error_and_pull_is_its_gradient(greedy, over):
    _, gram, w = layer(4)
    method = CoordinateDescent(Uniform(3, over), greedy)
    state = method.init(gram, w)
    nearest = reconstruction_error(gram, w - Uniform(3, over)(w))
    errors = [reconstruction_error(gram, w - method.values(state))]
    assert errors[0] == pytest.approx(float(nearest))
    for _ in range(3):
        for i in range(len(w)):
            state = method.step(state, gram, i)
            errors.append(reconstruction_error(gram, w - method.values(state)))
        state = method.rescale(state, gram, w)
        errors.append(reconstruction_error(gram, w - method.values(state)))
    falls = torch.stack(errors).diff()
    assert (falls < 1e-9 * nearest).all() and errors[-1] < 0.8 * nearest
    torch.testing.assert_close(state["pull"], gram @ (w - method.values(state)))
    codes = state["codes"]
    assert torch.equal(codes, codes.round())
    assert (codes >= state["low"]).all() and (codes <= state["high"]).all()


def every_code(gram, w, grid):
    """The least error that any codes of one column reach."""
    low, high = int(grid["low"]), int(grid["high"])
    codes = torch.tensor(list(itertools.product(range(low, high + 1), repeat=len(w)))).double()
    apart = w[:, 0] - grid["scale"].view(()) * codes
    return float(((apart @ gram) * apart).sum(1).min())


@pytest.mark.parametrize("seed", range(4))
def test_no_single_code_is_better_and_no_code_at_all_by_much(seed):
    _, gram, w = layer(seed, inputs=5, outputs=1)
    method = CoordinateDescent(Uniform(2, 0))
    state = method.init(gram, w)
    grid = {name: state[name] for name in ("scale", "low", "high")}
    for _ in range(6):
        for i in range(5):
            state = method.step(state, gram, i)
    found = float(reconstruction_error(gram, w - method.values(state)))
    for i in range(5):
        for code in range(int(grid["low"]), int(grid["high"]) + 1):
            other = state["codes"].clone()
            other[i] = code
            assert found <= float(reconstruction_error(gram, w - grid["scale"] * other)) + 1e-9
    best = every_code(gram, w, grid)
    assert best - 1e-9 <= found <= 4 * best


def test_with_inputs_that_do_not_meet_rounding_is_the_best():
    _, _, w = layer(5, inputs=5, outputs=1)
    gram = torch.diag(torch.tensor([1.0, 4.0, 0.5, 2.0, 3.0], dtype=torch.float64))
    method = CoordinateDescent(Uniform(2, 0))
    start = state = method.init(gram, w)
    for i in range(5):
        state = method.step(state, gram, i)
    assert torch.equal(state["codes"], start["codes"])
    grid = Uniform(2, 0).grid(w)
    error = float(reconstruction_error(gram, w - method.values(state)))
    assert error == pytest.approx(every_code(gram, w, grid))


def test_the_fitted_scale_is_the_best_and_the_order_follows_the_size():
    x, gram, w = layer(6)
    method = CoordinateDescent(Uniform(3, 0), greedy=True)
    state = method.rescale(method.init(gram, w), gram, w)
    for j in range(w.shape[1]):
        seen = (x @ state["codes"][:, j])[:, None]
        exact = torch.linalg.lstsq(seen, x @ w[:, j]).solution
        assert float(state["scale"][0, j]) == pytest.approx(float(exact))
    size = (method.values(state).abs() * gram.diagonal()[:, None].sqrt()).gather(0, state["order"])
    assert (size.diff(dim=0) <= 0).all()


def test_from_exact_weights_one_sweep_makes_whole_numbers():
    _, gram, w = layer(7)
    method = CoordinateDescent(Uniform(3, 0), start="exact")
    state = method.init(gram, w)
    assert float(reconstruction_error(gram, w - method.values(state))) == pytest.approx(0, abs=1e-9)
    state = method.sweep(state, gram, w)
    assert torch.equal(state["codes"], state["codes"].round())
    nearest = reconstruction_error(gram, w - Uniform(3, 0)(w))
    assert reconstruction_error(gram, w - method.values(state)) < nearest


def test_an_input_that_is_always_zero_keeps_its_codes():
    x, _, w = layer(8)
    x[:, 3] = 0
    gram, method = x.T @ x, CoordinateDescent(Uniform(3, 0))
    start = method.init(gram, w)
    state = method.sweep(start, gram, w)
    assert torch.equal(state["codes"][3], start["codes"][3])
    assert method.values(state).isfinite().all()


@pytest.mark.parametrize("over", [0, None])
def test_the_tuned_scale_is_the_best_of_those_tried(over):
    _, gram, w = layer(9)
    found = reconstruction_error(gram, w - tuned(Uniform(3, over), gram, w))
    grid = Uniform(3, over).grid(w)
    for factor in torch.linspace(0.3, 1.1, 41).tolist():
        shrunk = {**grid, "scale": factor * grid["scale"]}
        values = shrunk["scale"] * Uniform(3, over).codes(w, shrunk)
        assert found <= reconstruction_error(gram, w - values) + 1e-9


@pytest.mark.parametrize("per", ["output", "tensor"])
def test_a_linear_layer_answers_closer_than_with_rounded_weights(per):
    x, _, _ = layer(10)
    x = x.float()
    linear = nn.Linear(12, 5)
    with torch.no_grad():
        linear.weight.copy_(Rng(11).normal("w", (5, 12)))
    values = quantised(linear.weight, x, bits=3, per=per)
    nearest = Uniform(3, 1 if per == "output" else None)(linear.weight.detach())
    exact = x @ linear.weight.detach().T
    assert (x @ values.T - exact).norm() < 0.9 * (x @ nearest.T - exact).norm()
    assert len(values.unique()) <= (8 if per == "tensor" else 40)
    with pytest.raises(ValueError, match="per"):
        quantised(linear.weight, x, per="row")
