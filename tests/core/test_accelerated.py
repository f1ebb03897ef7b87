"""Anderson, Broyden and Steffensen keep what they promise on maps whose answers are known."""

import math

import pytest
import torch

from lab.core.aitken import Steffensen
from lab.core.anderson import Anderson
from lab.core.backend import Backend
from lab.core.broyden import Broyden, LimitedBroyden
from lab.core.fixed_point import ContractiveHalpern, Damped, Halpern, Picard
from lab.core.games import Extragradient
from lab.core.orthogonal_anderson import OrthogonalAnderson
from lab.core.problems.equilibria import Equilibria
from lab.core.random import Rng
from lab.core.solve import solve

BACKEND = Backend(dtype="float64")
METHODS = (
    Picard(),
    Damped(0.7),
    Halpern(),
    ContractiveHalpern(0.9),
    Anderson(),
    Anderson(kind="I", memory=3),
    Anderson(restart=4, safeguard=2.0, damping=0.5),
    OrthogonalAnderson(),
    OrthogonalAnderson(memory=2, damping=0.5),
    Broyden(),
    LimitedBroyden(6),
    Steffensen(),
)


def problem(seed=0, **fields):
    return Equilibria(**fields).make(Rng(seed, backend=BACKEND), BACKEND)


def iterates(method, T, x, steps):
    state, found = method.init(x), [x]
    for k in range(steps):
        state = method.step(state, T, k)
        found.append(state["x"])
    return torch.stack(found)


@pytest.mark.parametrize("symmetric", [True, False])
def test_anderson_of_type_two_is_gmres_and_one_more_step(symmetric):
    p = problem(n=12, symmetric=symmetric)

    def T(x):
        return Equilibria.affine(p, x)

    xs = iterates(Anderson(memory=12, regularisation=0.0), T, p["start"], 8)
    A = torch.eye(12, dtype=torch.float64) - p["matrix"]
    power, krylov = p["shift"][0], []
    for k in range(1, 8):
        krylov.append(power / power.norm())
        power = A @ krylov[-1]
        basis = torch.linalg.qr(torch.stack(krylov, 1))[0]
        best = basis @ torch.linalg.lstsq(A @ basis, p["shift"][0]).solution
        torch.testing.assert_close(xs[k + 1], T(best[None]), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "method",
    [
        Anderson(memory=8),
        Anderson(memory=8, kind="I"),
        OrthogonalAnderson(memory=8),
        OrthogonalAnderson(memory=2),
        Broyden(),
        LimitedBroyden(16),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_affine_maps_are_solved_in_finitely_many_steps(method, seed):
    p = problem(seed, n=8, rows=4)
    steps = 16 if isinstance(method, LimitedBroyden) else method.finite(8)
    found = iterates(method, lambda x: Equilibria.affine(p, x), p["start"], steps)[-1]
    assert (found - Equilibria.solution(p)).abs().max() < 1e-5


@pytest.mark.parametrize("damping", [1.0, 0.6])
@pytest.mark.parametrize("kind", ["affine", "layer"])
def test_an_orthogonal_memory_that_forgets_nothing_is_anderson_of_type_two(kind, damping):
    p = problem(n=12, symmetric=False, rows=2)

    def T(x):
        return getattr(Equilibria, kind)(p, x)

    one, other = (
        iterates(method(memory=8, damping=damping, **more), T, p["start"], 9)
        for method, more in ((Anderson, {"regularisation": 0.0}), (OrthogonalAnderson, {}))
    )
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


def test_on_symmetric_maps_two_pairs_do_what_all_would():
    p = problem(n=60, radius=0.97)

    def steps(method):
        return int(
            solve(method, lambda x: Equilibria.affine(p, x), p["start"], 1e-9, 400)["evaluations"]
        )

    everything = steps(Anderson(memory=60))
    assert steps(OrthogonalAnderson(memory=2)) <= everything + 2
    assert steps(Anderson(memory=5)) > 2 * everything


def test_an_orthogonal_memory_leaves_out_what_is_not_new():
    start = torch.tensor([[0.4], [-2.0]], dtype=torch.float64)
    end = solve(OrthogonalAnderson(memory=5), lambda x: 1.6 * x.cos(), start, 1e-12, 60)
    assert bool((end["residual"] <= 1e-12).all())


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("radius", [0.5, 0.9])
def test_picard_keeps_its_rate(radius, symmetric):
    p = problem(radius=radius, symmetric=symmetric)
    xs = iterates(Picard(), lambda x: Equilibria.affine(p, x), p["start"], 60)
    errors = (xs - Equilibria.solution(p)).norm(dim=-1)[:, 0]
    assert float((errors[40] / errors[25]) ** (1 / 15)) == pytest.approx(radius, rel=0.02)
    assert bool((errors[1:] <= Picard().rate(radius) * errors[:-1] + 1e-14).all())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [0.5, 0.9, 0.98])
def test_the_contractive_anchor_keeps_its_bound(factor, seed):
    p = problem(seed, radius=factor, symmetric=False, n=6, rows=5)

    def T(x):
        return Equilibria.affine(p, x)

    method = ContractiveHalpern(factor)
    xs = iterates(method, T, p["start"], 60)
    unit = (p["start"] - Equilibria.solution(p)).square().sum(-1)
    for k in range(61):
        allowed = (1 + 1e-6) * method.bound(k) * unit + 1e-24
        assert bool(((xs[k] - T(xs[k])).square().sum(-1) <= allowed).all())


@pytest.mark.parametrize(("k", "angle"), [(0, 1.0), (1, 1 / 2), (2, 1 / 3), (3, 3 / 4), (6, 1.0)])
def test_turning_and_shrinking_reaches_the_contractive_bound(k, angle):
    q = 0.8
    factor = q * torch.exp(torch.tensor(1j * math.pi * angle, dtype=torch.complex128))
    start = torch.ones(1, dtype=torch.complex128)
    x = iterates(ContractiveHalpern(q), lambda x: factor * x, start, k)[k]
    assert float((x - factor * x).abs().square()) == pytest.approx(ContractiveHalpern(q).bound(k))


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.6])
def test_steffensen_doubles_its_digits_with_the_known_constant(gain):
    point = torch.tensor(0.7, dtype=torch.float64)
    for _ in range(60):
        point = point - (point - gain * point.cos()) / (1 + gain * point.sin())
    slope, curvature = float(-gain * point.sin()), float(-gain * point.cos())
    constant = Steffensen.constant(slope, curvature)
    start = point[None] + torch.tensor([[1e-3], [-1e-3]], dtype=torch.float64)
    xs = iterates(Steffensen(), lambda x: gain * x.cos(), start, 1)
    error = (xs[:, :, 0] - point).abs()
    torch.testing.assert_close(
        error[1] / error[0] ** Steffensen.order,
        torch.full((2,), abs(constant), dtype=torch.float64),
        rtol=1e-2,
        atol=0.0,
    )


@pytest.mark.parametrize("kind", ["I", "II"])
def test_a_safeguarded_row_does_not_run_away(kind):
    """Rotation by a third of a turn, bent: plain steps keep distances, so residuals stay small."""
    angle = 2 * math.pi / 3
    turn = torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        dtype=torch.float64,
    )

    def T(x):
        y = x @ turn.mT
        return y / (1 + y.norm(dim=-1, keepdim=True))

    method = Anderson(memory=2, kind=kind, safeguard=2.0, damping=0.5)
    start = torch.tensor([[3.0, 0.0], [0.0, 200.0]], dtype=torch.float64)
    assert bool((solve(method, T, start, 1e-9, 400)["residual"] <= 1e-9).all())


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_every_row_is_a_run_of_its_own(method):
    p = problem(rows=3)

    def T(x):
        return Equilibria.layer(p, x)

    def row(x, shift):
        single = {**p, "shift": shift[None]}
        return iterates(method, lambda x: Equilibria.layer(single, x[None])[0], x, 9)

    together = iterates(method, T, p["start"], 9)
    apart = torch.stack([row(x, s) for x, s in zip(p["start"], p["shift"])], 1)
    torch.testing.assert_close(together, apart, rtol=1e-7, atol=1e-9)
    mapped = torch.func.vmap(row, out_dims=1)(p["start"], p["shift"])
    torch.testing.assert_close(mapped, apart, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_rows_stop_by_themselves_and_the_residual_is_the_true_one(method):
    p = problem(rows=4, radius=0.8)
    there = solve(Anderson(), lambda x: Equilibria.layer(p, x), p["start"], 1e-13, 99)
    p["start"][1] = there["x"][1]
    calls = []

    def T(x):
        calls.append(len(x))
        return Equilibria.layer(p, x)

    end = solve(method, T, p["start"], 0.05, 2_000)
    assert bool((end["residual"] <= 0.05).all())
    torch.testing.assert_close(end["residual"], (end["x"] - T(end["x"])).norm(dim=-1))
    assert int(end["evaluations"][1]) == 1  # it was there already
    assert torch.equal(end["x"][1], p["start"][1])
    assert len(calls) - 1 <= int(end["evaluations"].max()) + 1


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_steps_do_not_write_into_their_state(method):
    p = problem(rows=2)
    state = method.init(p["start"])
    for k in range(4):
        kept = {name: value.clone() for name, value in state.items()}
        ahead = method.step(state, lambda x: Equilibria.layer(p, x), k)
        assert all(torch.equal(state[name], kept[name]) for name in kept)
        assert ahead.keys() == state.keys()
        state = ahead


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="kind"):
        Anderson(kind="III")
    for method in (Anderson, OrthogonalAnderson):
        with pytest.raises(ValueError, match="memory"):
            method(memory=0)


def test_a_search_asks_for_nothing_after_the_evaluation_that_ends_it():
    calls = []

    def turn(z):
        calls.append(z)
        return torch.stack([z[..., 0] + z[..., 1], z[..., 1] - z[..., 0]], -1)

    start = torch.tensor([1.0, 0.5], dtype=torch.float64)
    found = solve(Extragradient(0.3), turn, start, 1e-6, 500, root=True)
    assert float(found["residual"]) <= 1e-6
    assert len(calls) == int(found["evaluations"])
    assert len(calls) % 2 == 1  # a look ahead in every step but the last
