"""Our solvers beside torchdeq's and scipy's: one problem, one residual, the peer at its best.

The peer's best is the fastest of its methods and options that gets the residual. Ours may work in
float32 where the problem is in float64: the residual is the problem's, in float64.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lab.bench.peers import beside, one_thread, time_of
from lab.bench.row import Row
from lab.core.backend import Backend
from lab.core.fixed_point import Damped, Halpern, Picard, averaged
from lab.core.games import Extragradient
from lab.core.implicit import differentiable
from lab.core.newton import NewtonKrylov
from lab.core.orthogonal_anderson import OrthogonalAnderson
from lab.core.parallel_time import ParallelNewton
from lab.core.problems.boundary_value import Grid
from lab.core.problems.equilibria import Equilibria
from lab.core.problems.rotations import Rotations
from lab.core.random import Rng
from lab.core.solve import solve
from lab.core.two_precisions import solve_in_two

UNITS, BATCH = 512, 32
TOL = 1e-5  # of |z - Tz| in units of |Tz|, in every row
GOALS = {0.9: 0.7, 0.97: 0.5}  # by the spectral radius of W
BACKWARD_GOAL = 0.7
INPUTS = {"small": 0.1, "unit": 1.0}  # small ones leave the slope of tanh near 1
DEPTHS, RIDGES = (3, 5, 8, 10), (1e-4, 1e-8, 1e-12)  # of torchdeq's anderson
FINALISTS = 3
SIDE, STRENGTH, BRATU_TOL = 128, 6.0, 1e-9
MEMORY, EVALUATIONS_TOL = 5, 1e-8
LENGTHS, CELLS = (64, 256, 1024, 4096), 16


class Tried(NamedTuple):
    """A way to do a piece of work, and how long it took."""

    seconds: float
    name: str
    work: Callable[[], object]


def fastest(ways: dict[str, Callable[[], object]], good: Callable[[object], bool]) -> Tried:
    """The fastest of those whose result is good.

    Raises
    ------
    ValueError
        None is.
    """
    found = []
    for name, work in ways.items():
        begin = time.perf_counter()
        try:
            right = good(work())
        except (ArithmeticError, RuntimeError, ValueError):  # singular, or no convergence
            continue
        if right:
            found.append(Tried(time.perf_counter() - begin, name, work))
    if not found:
        raise ValueError(f"none of {', '.join(ways)} gets there")
    return min(
        Tried(min(time_of(way.work) for _ in range(3)), way.name, way.work)
        for way in sorted(found)[:FINALISTS]
    )


# -- the layer of a deep equilibrium model ---------------------------------------------------------


def layers() -> Iterator[Row]:
    """z = tanh(W z + x), and its gradients, beside torchdeq."""
    import torchdeq  # noqa: F401  (tells that it is missing before anything is made)

    for inputs, radius, dtype in product(INPUTS, GOALS, ("float32", "float64")):
        backend = Backend(dtype=dtype)
        maker = Equilibria(n=UNITS, rows=BATCH, radius=radius)
        problem = maker.make(Rng(0, backend=backend), backend)
        problem["shift"] = INPUTS[inputs] * problem["shift"]
        what = f"radius {radius}, {inputs} inputs, {dtype}"
        yield _forward(problem, what, GOALS[radius])
        if inputs == "small":
            yield _backward(problem, what)


def _forward(problem: dict[str, Tensor], what: str, goal: float) -> Row:
    def T(z):
        return Equilibria.layer(problem, z)

    start, method = problem["start"], OrthogonalAnderson(memory=2)

    def own():
        if start.dtype == torch.float32:
            return solve(method, T, start, TOL, 1_000, relative=True)["x"]
        single = {name: part.float() for name, part in problem.items()}
        return solve_in_two(method, T, partial(Equilibria.layer, single), start, TOL, 1_000)["x"]

    with one_thread():
        peer = fastest(_torchdeq(T, start), lambda z: largest_gap(T, z) <= TOL)
        _must(largest_gap(T, own()) <= TOL)
    return beside(f"layer of {what}", own, peer.work, f"torchdeq's {peer.name}", goal)


def largest_gap(T, z: Tensor) -> float:
    """The largest |z - Tz| of a row in units of |Tz|."""
    value = T(z)
    return float(((z - value).norm(dim=-1) / value.norm(dim=-1)).max())


def _torchdeq(T, start: Tensor) -> dict[str, Callable[[], Tensor]]:
    """torchdeq's solvers with their options, each with as many steps as it needs."""
    return {
        name: lambda solver=solver, options=options: solver(T, start, **options)[0]
        for name, (solver, options) in _ways(T, start).items()
    }


def _ways(T, start: Tensor) -> dict[str, tuple[Callable, dict]]:
    from torchdeq.solver.anderson import anderson_solver
    from torchdeq.solver.broyden import broyden_solver
    from torchdeq.solver.fp_iter import fixed_point_iter

    stop = dict(tol=TOL, stop_mode="rel")
    ways = {"fixed_point_iter": (fixed_point_iter, {}), "broyden": (broyden_solver, {})}
    for m, lam in product(DEPTHS, RIDGES):
        ways[f"anderson (m={m}, lam={lam:g})"] = (anderson_solver, dict(m=m, lam=lam))
    found = {}
    for name, (solver, options) in ways.items():
        most = 100 if name == "broyden" else 1_000  # it sets memory aside for all of them
        try:
            needed = solver(T, start, max_iter=most, **stop, **options)[2]["nstep"].max()
        except RuntimeError:  # a singular matrix
            continue
        found[name] = (solver, dict(max_iter=int(needed) + 1, **stop, **options))
    return found


def _backward(problem: dict[str, Tensor], what: str) -> Row:
    from torchdeq.grad import backward_factory

    W, x = (problem[name].clone().requires_grad_() for name in ("matrix", "shift"))

    def T(z):
        return Equilibria.layer({"matrix": W, "shift": x}, z)

    with one_thread(), torch.no_grad():
        method = OrthogonalAnderson(memory=2)
        fine = 20 * torch.finfo(x.dtype).eps
        point = solve(method, T, problem["start"], fine, 400, relative=True)["x"]
    gradient = Rng(1, backend=Backend(dtype=str(x.dtype).split(".")[1])).normal("g", point.shape)
    exact = _transposed(W.detach(), 1 - point.square(), gradient)

    def gradients(out):
        return lambda: torch.autograd.grad(out, (W, x), gradient, retain_graph=True)

    def back(w):  # what both iterate
        return (w * (1 - point.square())) @ W.detach() + gradient

    def near(found) -> bool:
        wanted = exact * (1 - point.square())
        return bool((found[1] - wanted).norm() <= 100 * TOL * wanted.norm())

    own = gradients(differentiable(T, point, method, tol=TOL))
    ways = {}
    with one_thread():
        for name, (solver, options) in _ways(back, torch.zeros_like(point)).items():
            make = backward_factory("ift", b_solver=solver, b_solver_kwargs=options)
            ways[name] = gradients(make(None, T, point.clone())[0])
        peer = fastest(ways, near)
        _must(near(own()))
    name = f"backward of {what}"
    return beside(name, own, peer.work, f"torchdeq's {peer.name}", BACKWARD_GOAL)


def _transposed(W: Tensor, slope: Tensor, g: Tensor) -> Tensor:
    """w with w = g + W' (slope w), row by row."""
    eye = torch.eye(len(W), dtype=W.dtype)
    return torch.stack([torch.linalg.solve(eye - W.mT * s, row) for s, row in zip(slope, g)])


def _must(true: bool) -> None:
    if not true:
        raise AssertionError("our own solver does not get the residual")


# -- Bratu's equation ------------------------------------------------------------------------------


def bratu() -> Row:
    """Newton-Krylov on a square, both with the inverse Laplacian at hand."""
    from scipy.optimize import newton_krylov
    from scipy.sparse.linalg import LinearOperator

    backend = Backend(dtype="float64")
    grid, start = Grid(SIDE), backend.zeros(1, SIDE**2)
    sines = grid.sines(backend)

    def F(u):
        return grid.bratu(u, STRENGTH)

    def invert(v):
        return grid.invert(v, sines)

    def array(function):
        return lambda v: function(torch.from_numpy(np.ravel(v))).numpy()

    def own():
        method = NewtonKrylov(precondition=invert)
        return solve(method, F, start, BRATU_TOL, 30, root=True)["x"]

    def peer(method, search, inner):
        return newton_krylov(
            array(F), np.zeros(SIDE**2), method=method, line_search=search, inner_M=inner,
            f_tol=BRATU_TOL, tol_norm=np.linalg.norm,
        )  # fmt: skip

    inverse = LinearOperator((SIDE**2, SIDE**2), array(invert), dtype=np.float64)
    ways = {
        f"{method}, line search {search}": lambda m=method, s=search: peer(m, s, inverse)
        for method, search in product(("lgmres", "gmres", "bicgstab"), (None, "armijo"))
    }
    with one_thread():
        best = fastest(ways, lambda u: float(F(torch.from_numpy(u)).norm()) <= BRATU_TOL)
        _must(float(F(own()).norm()) <= BRATU_TOL)
    name = f"Newton-Krylov on Bratu's equation, {SIDE} x {SIDE}"
    return beside(name, own, best.work, f"scipy.optimize.newton_krylov ({best.name})", 0.5)


# -- evaluations -----------------------------------------------------------------------------------


def evaluations() -> Iterator[Row]:
    """Anderson's acceleration on five problems, beside scipy's of the same memory."""
    ratios, notes = [], []
    for name, T, start in _five():
        end = solve(OrthogonalAnderson(MEMORY), T, start, EVALUATIONS_TOL, 4_000)
        _must(bool((end["residual"] <= EVALUATIONS_TOL).all()))
        own, other = int(end["evaluations"]), _scipy_evaluations(T, start)
        ratios.append(own / other)
        notes.append(f"{name} {own} beside {other}")
    note = "; ".join(notes)
    name = "peers: evaluations of Anderson over those of scipy.optimize.anderson"
    yield Row(f"{name}, the worst of five", max(ratios), "ratio", 1.1, note=note)
    fewer = sum(ratio < 1 for ratio in ratios)
    yield Row(
        f"{name}, fewer on",
        fewer,
        "problems",
        3,
        more=True,
        note=f"memory {MEMORY}, the better of its own first step and Picard's",
    )


def _five() -> Iterator[tuple[str, Callable[[Tensor], Tensor], Tensor]]:
    """Problems of the bank as maps on rows, with their starts."""
    backend = Backend(dtype="float64")
    rng = Rng(0, backend=backend)
    turns = Rotations(planes=20, slowest=0.3, gap=0.0).make(rng, backend)
    half = averaged(lambda x: Rotations.apply(turns, x), 0.5)
    yield "rotations", lambda x: half(x[0])[None], turns["start"][None]
    maps = Equilibria(n=100, radius=0.97).make(rng, backend)
    yield "affine", lambda x: Equilibria.affine(maps, x), maps["start"]
    yield "tanh", lambda x: Equilibria.layer(maps, x), maps["start"]
    grid = Grid(24)
    heat = grid.width**2 * rng.normal("heat", (1, 24**2))
    zero = torch.zeros_like(heat)
    yield "heat", lambda u: u - (grid.minus_laplacian(u) - heat) / 4, zero
    yield "Bratu", lambda u: u - grid.bratu(u, STRENGTH) / 4, zero


def _scipy_evaluations(T, start: Tensor) -> int:
    """The fewest: from its own first step with its line search, or from Picard's without."""
    from scipy.optimize import NoConvergence, anderson

    counts = []
    for alpha, search in ((-1.0, None), (None, "armijo")):
        calls = 0

        def G(x):
            nonlocal calls
            calls += 1
            x = torch.from_numpy(np.asarray(x, dtype=np.float64)[None])
            return (x - T(x))[0].numpy()

        try:
            with np.errstate(all="ignore"):
                anderson(
                    G, start[0].numpy(), M=MEMORY, alpha=alpha, line_search=search,
                    f_tol=EVALUATIONS_TOL, tol_norm=np.linalg.norm, maxiter=500,
                )  # fmt: skip
            counts.append(calls)
        except (NoConvergence, ArithmeticError, ValueError):  # ran away, or not in time
            continue
    return min(counts)


# -- parallel in time, and what a step costs -------------------------------------------------------


def sweeps() -> Row:
    """Newton on all states of a GRU, beside torch's loop over them."""
    from lab.experiments.fixed_point.parallel_in_time import cell

    rng = Rng(0, backend=Backend(dtype="float64"))
    loop = torch.nn.GRU(CELLS, CELLS, bias=False, dtype=torch.float64)
    found = []
    with torch.no_grad(), one_thread():
        for name, weight in loop.named_parameters():
            weight.copy_(rng.normal(name, weight.shape) / CELLS**0.5)
        inputs = rng.normal("inputs", (max(LENGTHS), CELLS))
        exact = loop(inputs[:, None])[0][:, 0]
        pushed = inputs @ loop.weight_ih_l0.mT
        for length in LENGTHS:
            found.append(_sweeps(cell, loop.weight_hh_l0, pushed[:length], exact[:length]))
    note = ", ".join(f"T = {length}: {n}" for length, n in zip(LENGTHS, found))
    name = f"sweeps of Newton on a GRU, T = {LENGTHS[-1]} over T = {LENGTHS[0]}"
    ratio = found[-1] / found[0]
    return Row(f"peers: {name}", ratio, "ratio", 1.5, note=f"{note}; to 1e-9 of torch.nn.GRU")


def _sweeps(cell, weights: Tensor, pushed: Tensor, exact: Tensor) -> int:
    method, start = ParallelNewton(), exact.new_zeros(CELLS)
    state = method.init(torch.zeros_like(exact))
    for k in range(len(exact)):
        state = method.step(state, lambda h: cell("GRU", weights, pushed, h), start, k)
        if float((state["x"] - exact).abs().max()) <= 1e-9:
            return k + 1
    raise AssertionError("Newton does not end in the states of the loop")


def overhead() -> Row:
    """A step of the small methods at n = 2 over the same arithmetic written out."""
    x = torch.tensor([0.3, -0.2], dtype=torch.float64)
    W = torch.tensor([[0.5, -0.4], [0.4, 0.5]], dtype=torch.float64)

    def T(y):
        return W @ y

    pairs = {
        "Picard": (Picard(), lambda: T(x)),
        "Damped": (Damped(0.5), lambda: torch.lerp(x, T(x), 0.5)),
        "Halpern": (Halpern(), lambda: torch.lerp(T(x), x, 0.5)),
        "Extragradient": (Extragradient(0.1), lambda: x - 0.1 * T(x - 0.1 * T(x))),
    }
    found = {}
    with one_thread():
        for name, (method, bare) in pairs.items():
            state = method.init(x)
            spent = [
                (time_of(lambda m=method, s=state: m.step(s, T, 0)) - time_of(bare)) * 1e6
                for _ in range(5)
            ]
            found[name] = sorted(spent)[2]
    note = ", ".join(f"{name} {spent:.1f}" for name, spent in found.items())
    return Row(
        "peers: a step at n = 2 over its bare arithmetic", max(found.values()), "us", 15, note=note
    )


WORK = (layers, bratu, evaluations, sweeps, overhead)
