"""Claims judged: each check on the claim's runs, and on the runs of its control.

holds: every check passes. partly: a main check passes, or none misses and some are unclear.
error: an exception, runs missing, or the control was not rejected ("this test is blind").
fails: every other case.
"""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lab.engine.claim import Check, Claim, Grid, Share, Within
from lab.engine.registry import load
from lab.engine.study import Study
from lab.engine.suggest import unknown

RESAMPLES = 400
LEAST_FOR_MEDIAN = 9
LEVEL = 0.95


@dataclass(frozen=True)
class Judged:
    """One check, measured.

    Attributes
    ----------
    id : str
    measured : float
        The estimate: a mean, median, share, or the value of all that is worst.
    interval : (float, float)
        95 %; least and greatest for a check over all.
    expect : str
    low, high : float
        What was expected, as numbers.
    result : {"pass", "miss", "unclear"}
    deterministic : bool
        Every seed gave the same value.
    label : str
    """

    id: str
    measured: float
    interval: tuple[float, float]
    expect: str
    low: float
    high: float
    result: str
    deterministic: bool = False
    label: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came out of a claim.

    Attributes
    ----------
    verdict : {"holds", "partly", "fails", "error"}
    announced : str
        What its author expects.
    checks, control_checks : tuple of Judged
    control_failed : bool
        The control was rejected, as it must be.
    problem : str
        Why it is an error, in one line.
    seconds : float
    """

    experiment: str
    claim: str
    text: str
    paper: str
    tier: str
    verdict: str
    announced: str
    why: str
    checks: tuple[Judged, ...]
    seeds: int
    control_failed: bool
    control_checks: tuple[Judged, ...] = ()
    problem: str = ""
    seconds: float = 0.0
    code: str = ""
    date: str = ""
    machine: str = ""

    @property
    def as_announced(self) -> bool:
        return self.verdict == self.announced

    def to_json(self) -> dict:
        """Plain data, infinite numbers as text; the shape of `lab verify --json`."""
        return _finite(asdict(self))

    def __str__(self):
        parts = [f"{c.label or c.id} {c.measured:.3g}" for c in self.checks]
        tail = " as announced" if self.as_announced and self.verdict != "holds" else ""
        return f"{self.experiment} / {self.claim}: {self.verdict}{tail} ({', '.join(parts)})"


def verify(
    experiment,
    claim: Claim | str,
    *,
    seed_offset: int = 0,
    run: Callable | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Makes a claim's runs and its control's, and judges them.

    Parameters
    ----------
    claim : Claim or str
        One of the experiment's claims, or its id.
    run : callable
        Who makes the runs (see Study).
    progress : callable
        Called with (runs done, runs in all).
    """
    experiment = load(experiment)
    if isinstance(claim, str):
        known = {c.id: c for c in experiment.claims}
        if claim not in known:
            raise unknown("claim", claim, known)
        claim = known[claim]
    start = time.perf_counter()
    grid = experiment.studies[claim.runs] if isinstance(claim.runs, str) else claim.runs
    runs = Study(experiment, grid, seed_offset=seed_offset, run=None if claim.timed else run)
    control = Study(
        experiment,
        _control_grid(grid, claim),
        force=claim.control.set,
        seed_offset=seed_offset,
        run=None if claim.timed else run,
    )
    checks: tuple[Judged, ...] = ()
    control_checks: tuple[Judged, ...] = ()
    problem = ""
    try:
        data = _complete(runs, progress, 0, len(runs) + len(control))
        checks = tuple(judge(check, data) for check in claim.checks)
        other = _complete(control, progress, len(runs), len(runs) + len(control))
        broken = [check for check in claim.checks if check.id in claim.control.breaks]
        control_checks = tuple(judge(check, other) for check in broken)
        blind = [c.id for c in control_checks if c.result != "miss"]
        if blind:
            problem = f"this test is blind: the control was not rejected by {', '.join(blind)}"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}".splitlines()[0]
    return Verdict(
        experiment=experiment.slug(),
        claim=claim.id,
        text=claim.text,
        paper=experiment.card.papers[0] if experiment.card.papers else "",
        tier=claim.tier,
        verdict="error" if problem else verdict_of(claim, checks),
        announced=claim.expected,
        why=claim.why,
        checks=checks,
        seeds=grid.seeds,
        control_failed=bool(control_checks) and all(c.result == "miss" for c in control_checks),
        control_checks=control_checks,
        problem=problem,
        seconds=round(time.perf_counter() - start, 3),
        code=_code(experiment),
        date=datetime.date.today().isoformat(),
        machine=f"{platform.system()} {platform.machine()}",
    )


def verdict_of(claim: Claim, checks: tuple[Judged, ...]) -> str:
    """holds, partly or fails, from the results of a claim's checks."""
    results = {check.id: check.result for check in checks}
    main = [check.id for check in claim.checks if check.main]
    if all(result == "pass" for result in results.values()):
        return "holds"
    if any(results[id] == "pass" for id in main) or "miss" not in results.values():
        return "partly"
    return "fails"


def judge(check: Check, data) -> Judged:
    """One check on a study's dataset."""
    if check.over == "pooled":
        return _pooled(check, data)
    values = check.measure(data)
    values = np.asarray(values, dtype=float)
    if check.over != "all" and (values.ndim > 1 or values.size not in (1, data.sizes["seed"])):
        raise ValueError(
            f"check {check.id}: measure gives shape {values.shape}; one value for each seed is due"
        )
    if check.over != "all" and not values.ndim and data.sizes["seed"] > 1:
        raise ValueError(
            f"check {check.id}: measure gives one number for {data.sizes['seed']} seeds, which "
            'hides how they scatter; give one value for each seed, or over="pooled"'
        )
    values = values.ravel()
    if not values.size:
        raise ValueError(f"check {check.id}: measure gives nothing")
    if isinstance(check.over, Share):
        return _share(check, values)
    if np.isnan(values).any():
        raise ValueError(f"check {check.id}: measure gives nan")
    if check.over == "all":
        return _all(check, values)
    if check.over == "mean":
        return _mean(check, values)
    if check.over == "median":
        return _median(check, values)
    raise ValueError(f"check {check.id}: over is mean, median, all, pooled or Share")


def _mean(check: Check, values: np.ndarray) -> Judged:
    """Student's t."""
    from scipy.stats import t

    n = len(values)
    with np.errstate(invalid="ignore"):
        estimate = float(values.mean())
        same = bool(np.all(values == values[0]))
        if same or n == 1:
            return _judged(check, estimate, (estimate, estimate), same)
        reach = float(t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return _judged(check, estimate, (estimate - reach, estimate + reach))


def _median(check: Check, values: np.ndarray) -> Judged:
    """Bootstrap."""
    n = len(values)
    if n < LEAST_FOR_MEDIAN and not np.all(values == values[0]):
        raise ValueError(
            f"check {check.id}: a median needs {LEAST_FOR_MEDIAN} seeds; there are {n}"
        )
    draws = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    interval = _quantiles(np.median(values[draws], axis=1))
    return _judged(check, float(np.median(values)), interval, bool(np.all(values == values[0])))


def _all(check: Check, values: np.ndarray) -> Judged:
    low, high = float(values.min()), float(values.max())
    worst = low if check.expect.low > -np.inf and not low >= check.expect.low else high
    if np.isinf(check.expect.high):
        worst = low
    inside = check.expect.low <= low and high <= check.expect.high
    judged = _judged(check, worst, (low, high), low == high)
    return replace(judged, result="pass" if inside else "miss")


def _share(check: Check, values: np.ndarray) -> Judged:
    """Wilson's interval of the share of seeds that meet the expectation."""
    n = len(values)
    met = (values >= check.expect.low) & (values <= check.expect.high)
    share, z = float(met.mean()), 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # With eight seeds Wilson's lower end is 0.68 even if every seed meets the check, so the share
    # itself decides between pass and miss, and the interval is shown beside it.
    least = check.over.least
    return Judged(
        check.id, share, (float(centre - reach), float(centre + reach)),
        f"{check.expect} in at least {least:.0%} of seeds", least, 1.0,
        "pass" if share >= least else "miss",
        label=check.label,
    )  # fmt: skip


def _pooled(check: Check, data) -> Judged:
    """One number from all seeds together; its interval from resampled seeds."""
    estimate = float(check.measure(data))
    n, random = data.sizes["seed"], np.random.default_rng(0)
    again = [
        float(check.measure(data.isel(seed=random.integers(0, n, n))))
        for _ in range(RESAMPLES // 2)
    ]
    return _judged(check, estimate, _quantiles(np.array(again)))


def _quantiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _judged(check: Check, estimate: float, interval, same: bool = False) -> Judged:
    expect: Within = check.expect
    inside = expect.low <= estimate <= expect.high
    if inside and expect.low <= interval[0] and interval[1] <= expect.high:
        result = "pass"
    elif inside:
        result = "unclear"
    else:
        result = "miss"
    return Judged(
        check.id, estimate, tuple(map(float, interval)), str(expect), expect.low, expect.high,
        result, same, check.label,
    )  # fmt: skip


def _complete(study: Study, progress, done: int, total: int):
    for _ in study:
        if progress is not None:
            progress(done + len(study.cells), total)
    failed = [c for c in study.cells.values() if c.status == "failed"]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(study)} runs failed; {failed[0].sentence}")
    return study.dataset()


def _control_grid(grid: Grid, claim: Claim) -> Grid:
    control = claim.control
    return replace(
        grid,
        over=grid.over if control.over is None else control.over,
        seeds=control.seeds or grid.seeds,
    )


def _code(experiment) -> str:
    from lab.engine.codehash import code_hash

    return code_hash(experiment)


def _finite(value: Any) -> Any:
    """JSON has no infinite numbers."""
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return value
