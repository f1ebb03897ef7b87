"""Sparse networks: masks, their time and what they save, beside the libraries of others."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from lab.bench.peers import one_thread
from lab.bench.row import Row
from lab.core.backend import Backend
from lab.core.net_trim import net_trim
from lab.core.prune_module import alive, prunable, prune
from lab.core.quantize import Uniform, quantised, reconstruction_error
from lab.core.random import Rng

KEPT = (0.9, 0.5, 0.1, 0.01)
WIDE = (1_600, 2_000, 2_000, 1_400, 10)  # ten million weights
WIDE_GOAL, TIMES = 0.5, 5
ROUNDS = {"rounds": 10, "cut": 10, "tune": 2_000, "kept": 0.02}
ROUNDS_GOAL = 30.0
BITS, CORRELATION, INPUTS, OUTPUTS, EXAMPLES, SEEDS = 3, 0.5, 48, 24, 256, 8
CODES_GOAL = 0.7
LAYER, SLACK, TOLERANCE = (120, 100, 32), 0.1, 1e-4  # examples, inputs, outputs
APART_GOAL, TRIM_GOAL = 1e-3, 0.1


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(144, 100), nn.ReLU(), nn.Linear(100, 10))


def without_biases() -> nn.Module:
    return nn.Sequential(*(nn.Linear(40, 40, bias=False) for _ in range(4)))


def normalised() -> nn.Module:
    return nn.Sequential(nn.Linear(30, 60), nn.LayerNorm(60), nn.GELU(), nn.Linear(60, 5))


def images() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def sounds() -> nn.Module:
    return nn.Sequential(nn.Conv1d(2, 12, 7, stride=2), nn.ReLU(), nn.Conv1d(12, 6, 3, dilation=2))


def volumes() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 6, 3), nn.ReLU(), nn.Conv3d(6, 4, 3, padding=1))


def depthwise() -> nn.Module:
    return nn.Sequential(nn.Conv2d(12, 12, 3, groups=12), nn.ReLU6(), nn.Conv2d(12, 24, 1))


def words() -> nn.Module:
    return nn.Sequential(nn.Embedding(50, 16), nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 50))


def attention() -> nn.Module:
    return nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)


def precise() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 7)).double()


MODULES = (
    perceptron, without_biases, normalised, images, sounds, volumes, depthwise, words, attention,
    precise,
)  # fmt: skip


def masks() -> Row:
    """Masks of ten modules at four shares by one ranking, beside torch's."""
    nets = [make() for make in MODULES]
    same = sum(all(_same_masks(net, kept) for kept in KEPT) for net in nets)
    note = f"one ranking by magnitude, kept {', '.join(f'{k:g}' for k in KEPT)}, bit for bit"
    name = "peers: modules whose masks are those of torch.nn.utils.prune"
    return Row(name, same, "of ten", len(MODULES), more=True, note=note)


def _same_masks(net: nn.Module, kept: float) -> bool:
    ours, theirs = copy.deepcopy(net), copy.deepcopy(net)
    prune(ours, kept)
    torchs_own(theirs, kept)
    masks = [layer.weight_mask.bool() for layer, _ in _places(theirs)]
    return all(map(torch.equal, alive(ours), masks))


def _places(net: nn.Module) -> list[tuple[nn.Module, str]]:
    return [(net.get_submodule(name.rpartition(".")[0]), "weight") for name in prunable(net)]


def torchs_own(net: nn.Module, kept: float) -> None:
    """The same by torch."""
    from torch.nn.utils import prune as peer

    peer.global_unstructured(_places(net), peer.L1Unstructured, amount=1 - kept)


def ranking() -> Row:
    """Magnitudes and masks of ten million weights, put to work in the module, beside torch's."""
    net = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(WIDE)))
    n = sum(w.numel() for w in prunable(net).values())

    def seconds(work: Callable[[nn.Module, float], object]) -> float:
        fresh = copy.deepcopy(net)
        start = time.perf_counter()
        work(fresh, 0.2)
        return time.perf_counter() - start

    with one_thread():
        pairs = [(seconds(prune), seconds(torchs_own)) for _ in range(TIMES)]
    return _ratio(
        f"scores and mask of {n / 1e6:.0f} M weights", pairs,
        "torch.nn.utils.prune.global_unstructured", WIDE_GOAL,
    )  # fmt: skip


def _ratio(what: str, pairs: list[tuple[float, float]], peer: str, goal: float) -> Row:
    ratios = [ours / theirs for ours, theirs in pairs]
    ours, theirs = (statistics.median(times) for times in zip(*pairs))
    note = f"{ours:.3g} s beside {theirs:.3g} s of {peer}; {min(ratios):.3f} to {max(ratios):.3f}"
    return Row(f"peers: {what}", statistics.median(ratios), "ratio", goal, note=note)


def rounds() -> Row:
    """Ten cuts with two hundred steps after each, as a session runs them, pictures and all."""
    from lab.engine import Session

    run = Session("global-magnitude-pruning", controls=ROUNDS)
    start = time.perf_counter()
    run.advance(run.experiment.max_steps)
    spent = time.perf_counter() - start
    right = float(run.trace["accuracy"][-1])
    note = f"{run.head} steps, {ROUNDS['kept']:.0%} kept, {right:.0%} right"
    return Row(
        "peers: ten rounds of pruning the default network", spent, "s", ROUNDS_GOAL, note=note
    )


def correlated(rng: Rng) -> tuple[Tensor, Tensor]:
    """A layer (outputs, inputs) and inputs (examples, inputs) with a common part, unequal."""
    common = rng.normal("common", (EXAMPLES, 1))
    own = rng.normal("own", (EXAMPLES, INPUTS))
    sizes = (0.3 * rng.normal("sizes", (INPUTS,))).exp()
    x = (CORRELATION**0.5 * common + (1 - CORRELATION) ** 0.5 * own) * sizes
    return rng.normal("weights", (OUTPUTS, INPUTS)), x


def codes() -> Row:
    """Squared error of a layer's answers by coordinate descent, over that of the nearest codes."""
    ratios = []
    for seed in range(SEEDS):
        w, x = correlated(Rng(seed, backend=Backend("cpu", "float64")))
        gram = x.T @ x
        chosen = quantised(w, x, bits=BITS)
        nearest = Uniform(BITS, over=1)(w)
        ratios.append(float(_lost(gram, w, chosen) / _lost(gram, w, nearest)))
    note = f"{SEEDS} layers, correlation {CORRELATION:g}; {min(ratios):.2f} to {max(ratios):.2f}"
    return Row(
        f"peers: error of codes of {BITS} bits by coordinate descent over the nearest",
        statistics.mean(ratios), "of the error", CODES_GOAL, note=note,
    )  # fmt: skip


def _lost(gram: Tensor, w: Tensor, values: Tensor) -> Tensor:
    return reconstruction_error(gram, (w - values).T)


def trimmed() -> Iterator[Row]:
    """The sparsest weights of a layer with the same answers, beside cvxpy's."""
    import cvxpy as cp

    n, inputs, outputs = LAYER
    rng = Rng(0, backend=Backend("cpu", "float64"))
    x, w = rng.normal("x", (n, inputs)), rng.normal("w", (inputs, outputs)) / inputs**0.5
    y = (x @ w).relu()

    def theirs(columns: list[int]) -> np.ndarray:
        u = cp.Variable((inputs, len(columns)))
        limits = []
        for i, j in enumerate(columns):
            on, answer = y[:, j].numpy() > 0, y[:, j].numpy()
            apart = cp.norm(x.numpy()[on] @ u[:, i] - answer[on])
            limits += [apart <= SLACK * np.linalg.norm(answer), x.numpy()[~on] @ u[:, i] <= 0]
        cp.Problem(cp.Minimize(cp.sum(cp.abs(u))), limits).solve(solver="CLARABEL")
        return u.value

    def timed(work: Callable) -> tuple[float, np.ndarray]:
        start = time.perf_counter()
        found = work()
        return time.perf_counter() - start, np.asarray(found)

    with one_thread():
        ours = [timed(lambda: net_trim(x, y, SLACK, tolerance=TOLERANCE)) for _ in range(TIMES)]
        at_once = timed(lambda: theirs([*range(outputs)]))
        one_by_one = timed(lambda: np.hstack([theirs([j]) for j in range(outputs)]))
    best, exact = min(at_once, one_by_one, key=lambda way: way[0])
    apart = np.linalg.norm(ours[0][1] - exact, axis=0) / np.linalg.norm(exact, axis=0)
    note = f"{n} examples, {inputs} inputs, {outputs} outputs; the worst output's weights"
    yield Row("peers: Net-Trim beside cvxpy", float(apart.max()), "apart", APART_GOAL, note=note)
    yield _ratio(
        "Net-Trim's time over cvxpy's", [(spent, best) for spent, _ in ours],
        "cvxpy with CLARABEL, the faster of all outputs at once and one by one", TRIM_GOAL,
    )  # fmt: skip


WORK = (masks, ranking, rounds, codes, trimmed)
