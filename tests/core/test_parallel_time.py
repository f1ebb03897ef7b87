"""All states of a recurrence at once are those of the loop."""

import pytest
import torch

from lab.core.backend import Backend
from lab.core.parallel_time import ParallelNewton, scan, sequential
from lab.core.random import Rng

RNG = Rng(0, backend=Backend(dtype="float64"))


def network(length, gain, d=8, seed=0):
    """f for all times, f for one time, start."""
    rng = Rng(seed, backend=RNG.backend)
    weights = gain * rng.normal("weights", (d, d)) / d**0.5
    inputs = rng.normal("inputs", (length, d))
    return (
        lambda h: torch.tanh(h @ weights.mT + inputs),
        lambda h, t: torch.tanh(weights @ h + inputs[t]),
        torch.zeros(d, dtype=torch.float64),
    )


def errors(method, length, gain, steps):
    f, one, start = network(length, gain)
    exact = sequential(one, start, length)
    state = method.init(torch.zeros_like(exact))
    found = []
    for k in range(steps):
        state = method.step(state, f, start, k)
        found.append((state["x"] - exact).norm(dim=-1))
    return torch.stack(found), state


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 33])
@pytest.mark.parametrize("shape", [(3, 3), (3,)])
def test_the_scan_is_the_loop(length, shape):
    A, b = RNG.normal("A", (length, *shape)), RNG.normal("b", (length, 3))
    found_A, found_b = scan(A, b)
    for t in range(length):
        if t == 0:
            total_A, total_b = A[0], b[0]
        elif len(shape) == 2:
            total_A, total_b = A[t] @ total_A, A[t] @ total_b + b[t]
        else:
            total_A, total_b = A[t] * total_A, A[t] * total_b + b[t]
        torch.testing.assert_close(found_A[t], total_A)
        torch.testing.assert_close(found_b[t], total_b)


def test_newton_needs_as_few_steps_for_long_as_for_short_recurrences():
    needed = []
    for length in (64, 256, 1024):
        found, _ = errors(ParallelNewton(), length, 0.8, 9)
        needed.append(int((found.amax(1) < 1e-10).float().argmax()) + 1)
    assert max(needed) <= 7
    assert max(needed) - min(needed) <= 1


def test_the_error_is_squared_and_without_the_jacobian_it_is_not():
    found, state = errors(ParallelNewton(), 128, 0.8, 6)
    worst = [float(e) for e in found.amax(1) if float(e) > 1e-14]
    assert worst[-1] < 10 * worst[-2] ** ParallelNewton().order
    assert (state["evaluations"], state["products"]) == (6, 48)
    for kind in ("none", "diagonal"):
        slow, _ = errors(ParallelNewton(kind), 128, 0.8, 40)
        tail = slow.amax(1)
        assert float(tail[5]) > 1e-4
        assert float(tail[39]) < 1e-3 * float(tail[5])


@pytest.mark.parametrize("kind", ["full", "diagonal", "none"])
def test_the_first_states_are_exact(kind):
    found, _ = errors(ParallelNewton(kind), 24, 1.2, 24)
    for k in range(24):
        assert float(found[k, : k + 1].max()) < 1e-9
    assert ParallelNewton(kind).finite(24) == 24


def test_units_that_do_not_see_one_another_need_only_the_diagonal():
    weights, inputs = RNG.normal("diagonal", (5,)), RNG.normal("inputs", (40, 5))
    f, start = lambda h: torch.tanh(weights * h + inputs), torch.ones(5, dtype=torch.float64)
    states = [m.init(torch.zeros(40, 5, dtype=torch.float64)) for m in (ParallelNewton(),) * 2]
    for k in range(4):
        states[0] = ParallelNewton("full").step(states[0], f, start, k)
        states[1] = ParallelNewton("diagonal").step(states[1], f, start, k)
        torch.testing.assert_close(states[0]["x"], states[1]["x"])


def test_a_batch_of_recurrences():
    f, _, start = network(20, 0.9)
    starts = torch.stack([start, start + 1])
    both = lambda h: torch.stack([f(h[:, 0]), f(h[:, 1])], 1)  # noqa: E731
    state = ParallelNewton().step(
        ParallelNewton().init(torch.zeros(20, 2, 8, dtype=torch.float64)), both, starts, 0
    )
    single = ParallelNewton().step(
        ParallelNewton().init(torch.zeros(20, 8, dtype=torch.float64)), f, starts[1], 0
    )
    torch.testing.assert_close(state["x"][:, 1], single["x"])


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="kind"):
        ParallelNewton("some")
