"""The same work beside independent libraries, on one core: our time over theirs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lab.bench.row import Row

PAIRS = 7
SECONDS = 0.05  # of each half of a pair, at least
WIDTHS = (256, 512, 256, 10)
SAMPLE = 20_000


def rows() -> Iterator[Row]:
    """A row or more for each piece of work whose peer is installed."""
    from lab.bench import grokking, solvers, sparsity

    own = (adamw, wasserstein, anderson)
    for measured in (*own, *solvers.WORK, *grokking.WORK, *sparsity.WORK):
        try:
            found = measured()
            yield from (found,) if isinstance(found, Row) else found
        except ModuleNotFoundError as error:
            yield Row(f"peers: {measured.__name__}", None, "", note=f"{error.name} is missing")


def adamw() -> Row:
    """A step of our AdamW beside torch's."""
    from lab.core.optim import AdamW

    weights = {f"w{i}": torch.randn(a, b) for i, (a, b) in enumerate(zip(WIDTHS, WIDTHS[1:]))}
    gradients = {name: torch.randn_like(w) for name, w in weights.items()}
    theirs = [torch.nn.Parameter(w.clone()) for w in weights.values()]
    for parameter, gradient in zip(theirs, gradients.values()):
        parameter.grad = gradient
    peer, own = torch.optim.AdamW(theirs), AdamW()
    memory = own.init(weights)
    return beside(
        "a step of AdamW", lambda: own.step(weights, gradients, memory, 5), peer.step,
        "torch.optim.AdamW",
    )  # fmt: skip


def wasserstein() -> Row:
    """The distance of two samples on the line beside POT's."""
    import ot

    from lab.core.distances import wasserstein as own

    x, y = torch.randn(2, SAMPLE, dtype=torch.float64)
    a, b = x.numpy(), y.numpy()
    return beside(
        f"distance of two samples of {SAMPLE}", lambda: own(x, y),
        lambda: ot.wasserstein_1d(a, b, p=1), "ot.wasserstein_1d",
    )  # fmt: skip


def anderson() -> Row:
    """Anderson's acceleration to one residual beside scipy's."""
    from scipy.optimize import anderson as theirs

    from lab.core.anderson import Anderson

    n, tol = 200, 1e-8
    pull = torch.linspace(0.1, 0.6, n, dtype=torch.float64)
    shift = torch.ones(n, dtype=torch.float64)

    def once(x):
        return pull * x + shift + 0.01 * x.sin()

    def ours():
        own = Anderson(memory=5)
        x = torch.zeros(n, dtype=torch.float64)
        state, k = own.init(x), 0
        while (once(state["x"]) - state["x"]).norm() > tol and k < 500:
            state, k = own.step(state, once, k), k + 1

    def peer():
        theirs(
            lambda x: once(torch.from_numpy(x)).numpy() - x, np.zeros(n), M=5, f_tol=tol,
            tol_norm=np.linalg.norm, line_search=None,
            alpha=1.0, maxiter=500,
        )  # fmt: skip

    return beside("Anderson to 1e-8", ours, peer, "scipy.optimize.anderson")


def beside(
    what: str,
    own: Callable[[], object],
    theirs: Callable[[], object],
    peer: str,
    goal: float | None = None,
) -> Row:
    """Alternated pairs on one thread; the median of our time over theirs."""
    with one_thread():
        pairs = [(time_of(own), time_of(theirs)) for _ in range(PAIRS)]
    ratios = [mine / other for mine, other in pairs]
    ours, other = (statistics.median(times) * 1e3 for times in zip(*pairs))
    note = f"{ours:.3g} ms beside {other:.3g} ms of {peer}; {min(ratios):.2f} to {max(ratios):.2f}"
    return Row(f"peers: {what}", statistics.median(ratios), "ratio", goal, note=note)


@contextmanager
def one_thread():
    """Torch on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def time_of(work: Callable[[], object]) -> float:
    """Seconds that one call takes, from as many as fill a moment."""
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS or not done:
        work()
        done += 1
    return spent / done
