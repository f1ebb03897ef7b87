"""Net-Trim: its constraints are met, its optimum is one, what was planted is found."""

import pytest
import torch

from lab.core.net_trim import NetTrim, net_trim
from lab.core.random import Rng
from lab.engine.numerics import exact_numerics


@pytest.fixture(autouse=True)
def one_thread():
    """Small products are slower on two."""
    with exact_numerics():
        yield


def planted(seed, n=60, inputs=40, outputs=6, each=3):
    rng = Rng(seed)
    x = rng.normal("x", (n, inputs)).double()
    w = torch.zeros(inputs, outputs, dtype=torch.float64)
    for j in range(outputs):
        at = rng.choice("at", inputs, each, index=j)
        w[at, j] = rng.integers("sign", 0, 2, (each,), index=j).double() * 2 - 1
    return x, w


def test_a_planted_sparse_layer_is_found():
    x, w = planted(0)
    found = net_trim(x, (x @ w).relu(), slack=0.01)
    assert ((found.abs() > 0.05) == (w != 0)).all()
    torch.testing.assert_close(found, w, rtol=0, atol=0.05)


def test_answers_stay_within_the_slack_and_off_stays_off():
    rng = Rng(1)
    x, w = rng.normal("x", (50, 30)).double(), rng.normal("w", (30, 6)).double()
    y, slack = (x @ w).relu(), 0.2
    found = net_trim(x, y, slack, tolerance=1e-6)
    apart = torch.where(y > 0, x @ found - y, 0.0).norm(dim=0) / y.norm(dim=0)
    torch.testing.assert_close(apart, torch.full_like(apart, slack), rtol=1e-4, atol=0)
    assert (x @ found)[y == 0].max() < 1e-4
    assert found.abs().sum() < w.abs().sum() and (found == 0).float().mean() > 0.2


def test_nothing_in_the_allowed_set_has_a_smaller_sum():
    rng = Rng(2)
    x, w = rng.normal("x", (40, 20)).double(), rng.normal("w", (20, 1)).double()
    y, slack = (x @ w).relu(), 0.1
    on, least = y[:, 0] > 0, net_trim(x, y, slack, tolerance=1e-7)
    for i in range(50):
        other = least + 10.0 ** -(1 + i % 3) * (
            rng.normal("way", (20, 1), index=i).double() if i % 2 else (w - least)
        )
        far = (x @ other - y)[on].norm() > slack * y[on].norm()
        assert far or (x @ other)[~on].max() > 0 or other.abs().sum() >= least.abs().sum() - 1e-6


def test_columns_do_not_meet_and_units_do_not_matter():
    x, w = planted(3)
    y = (x @ (w + 0.1 * Rng(3).normal("rest", tuple(w.shape)))).relu()
    whole = net_trim(x, y, tolerance=1e-6)
    torch.testing.assert_close(
        whole[:, :2], net_trim(x, y[:, :2], tolerance=1e-6), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(net_trim(100 * x, y, tolerance=1e-6) * 100, whole, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        net_trim(x, 0.01 * y, tolerance=1e-6) * 100, whole, atol=1e-4, rtol=0
    )


def test_a_free_bias_carries_what_does_not_depend_on_the_input():
    x, w = planted(4, outputs=3)
    w[0], x[:, 0] = 2.5, 1.0
    free = torch.arange(40) == 0
    y = (x @ w).relu()
    found, bound = net_trim(x, y, 0.05, free=free), net_trim(x, y, 0.05)
    assert found[1:].abs().sum() < bound[1:].abs().sum()
    torch.testing.assert_close(found[0], w[0], rtol=0, atol=0.3)


def test_an_output_that_is_never_on_needs_no_weight():
    x, w = planted(5, outputs=2)
    y = (x @ w).relu()
    y[:, 1] = 0
    assert net_trim(x, y)[:, 1].abs().max() == 0
    method, free = NetTrim(0.1), torch.arange(40) == 0
    x[:, 0] = 1
    problem = method.problem(x, y, free)
    state = method.init(problem, w)
    for k in range(600):
        state = method.step(state, problem, k)
    assert method.residual(state) < 1e-4


def test_it_says_when_it_did_not_arrive():
    x, w = planted(6)
    with pytest.raises(ArithmeticError, match="after 20 steps"):
        net_trim(x, (x @ w).relu(), most=20)
    method = NetTrim()
    state = method.init(method.problem(x, (x @ w).relu()))
    assert method.residual(state) == 1


def test_where_it_starts_does_not_matter():
    x, w = planted(7)
    method, ends = NetTrim(0.1), []
    problem = method.problem(x, (x @ w).relu())
    for start in (None, w, -3 * w):
        state = method.init(problem, start)
        for k in range(1_000):
            state = method.step(state, problem, k)
        ends.append(method.weights(state, problem))
    torch.testing.assert_close(method.weights(method.init(problem, w), problem), w)
    torch.testing.assert_close(ends[1], ends[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(ends[2], ends[0], rtol=0, atol=1e-5)
