"""Figures of the engine: sessions in a worker, studies in lanes, memory, start-up."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from lab.bench.row import Row

TIMES = 7
SECONDS = 1.0  # of each of the alternated runs
GROKKING = "progress-measures"
LANES = 400


def rows() -> Iterator[Row]:
    """The rows, in the order in which they are measured."""
    yield import_time()
    yield from throughput()
    yield restore()
    yield lanes()
    yield memory()


def import_time() -> Row:
    """What `import lab` adds to starting Python, in seconds."""
    empty = statistics.median(_python("pass") for _ in range(TIMES))
    lab = statistics.median(_python("import lab") for _ in range(TIMES))
    loaded = subprocess.run(
        [sys.executable, "-c", "import lab, sys; print(*{'torch', 'panel'} & set(sys.modules))"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    note = f"it loads {loaded.strip()}" if loaded.strip() else "no torch, no panel"
    return Row("import of lab", max(0.0, lab - empty), "s", 0.3, note=note)


def _python(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def throughput() -> Iterator[Row]:
    """A watched session in a worker beside the bare loop in the same worker, alternated."""
    from lab.bench import loads
    from lab.engine.workers import Pool

    goals = {"5 us": 0.90, "20 us": 0.90, "1 ms": 0.95, "30 ms": 0.95}
    with Pool(limit=1, spare=0) as pool:
        for cost, goal in goals.items():
            ratios = _ratios(pool, loads.Load, {"cost": cost}, {"cost": cost})
            yield _ratio_row(f"watched session, steps of {cost}", ratios, goal)
        ratios = _ratios(pool, GROKKING, {}, {"name_of": GROKKING})
        yield _ratio_row("watched session, grokking pilot", ratios, 0.95)


def _ratio_row(name: str, ratios: list[float], goal: float) -> Row:
    note = f"of the bare loop; {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs"
    return Row(name, statistics.median(ratios), "ratio", goal, more=True, note=note)


def _ratios(pool, experiment, controls: dict, bare: dict) -> list[float]:
    from lab.bench.loads import Bare
    from lab.engine.workers import remote_session

    watched = remote_session(experiment, controls, pool=pool)
    watched.start()
    watched.wait(lambda s: s.head > 0, 30)
    _run_for(watched, SECONDS)
    found = []
    for _ in range(TIMES):
        alone = remote_session(Bare, {**bare, "lasting": SECONDS}, pool=pool)
        alone.wait(lambda s: len(s.trace) > 0, 60)
        rate = float(alone.trace["rate"][0])
        alone.close()
        if watched.status.ended:
            watched.reset()
        steps, seconds = _run_for(watched, SECONDS)
        found.append(steps / seconds / rate)
    watched.close()
    return found


def _run_for(session, seconds: float) -> tuple[int, float]:
    """Lets a session run; the steps between two of its frames and the time between them."""
    start, seen = session.head, []

    def note(_, frame):
        if frame.head > start:  # not the frame that tells of the start, computed long before
            seen.append((frame.head, frame.computed))

    stop = session.subscribe(note)
    session.start()
    session.wait(
        lambda s: s.status.ended or (len(seen) > 1 and seen[-1][1] - seen[0][1] >= seconds), 60
    )
    stop()
    if not session.status.ended:
        session.pause()
    (first, begin), (last, end) = seen[0], seen[-1]
    return last - first, max(end - begin, 1e-9)


def restore() -> Row:
    """From the death of a worker to the next frame of its session."""
    from lab.bench.loads import Load
    from lab.engine.workers import Pool, remote_session

    times = []
    with Pool(limit=2, warm=2) as pool:
        for _ in range(3):
            session = remote_session(Load, {"cost": "1 ms"}, pool=pool)
            session.start()
            session.wait(lambda s: s.head > 1_000, 60)
            pool.wait_for_spare(60)
            frames = []
            session.subscribe(lambda s, frame, frames=frames: frames.append(frame.computed))
            killed = time.monotonic()
            session.worker.process.kill()
            session.wait(lambda s, f=frames, t=killed: bool(f) and f[-1] > t, 30)
            times.append((time.monotonic() - killed) * 1e3)
            session.close()
    return Row("restore after a killed worker", statistics.median(times), "ms", 500)


def lanes() -> Row:
    """A study of 400 runs as lanes of one batch, beside the same runs one by one."""
    from lab.bench.lanes import NoisyDescent
    from lab.engine import Grid, steps
    from lab.engine.cells import run_cell
    from lab.engine.lanes import run_lanes
    from lab.engine.study import Study

    jobs = Study(NoisyDescent, Grid(seeds=LANES, stop=steps(300))).jobs
    run_lanes(jobs[:8])
    sample = jobs[:: LANES // 40]
    ratios = []
    for _ in range(3):
        begin = time.perf_counter()
        run_lanes(jobs)
        together = time.perf_counter() - begin
        begin = time.perf_counter()
        for job in sample:
            run_cell(job)
        alone = (time.perf_counter() - begin) * LANES / len(sample)
        ratios.append(alone / together)
    note = f"{LANES} runs of 300 steps; one by one from {len(sample)} of them"
    return Row("study in lanes", statistics.median(ratios), "times", 20, more=True, note=note)


def memory() -> Row:
    """Trace, pictures and keyframes of a long grokking run."""
    from lab.engine.session import Session

    session = Session(GROKKING)
    session.advance(45_000)
    parts = {
        "trace": session.trace.nbytes,
        "pictures": session.pictures.nbytes,
        "keyframes": session.keyframes.nbytes,
    }
    note = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in parts.items())
    total = sum(parts.values()) / 1e6
    return Row(f"memory of {session.head} grokking steps", total, "MB", 128, note=note)
