"""Figures of the page, in a real browser: how soon a step is seen, how soon a click acts.

"Painted" is the end of the browser's frame in which the last canvas was drawn; the picture is on
the screen by the frame after, whose beginning the notes give too.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from lab.bench import gallery, notebook, visits
from lab.bench.browser import NoBrowser, address, blank, browser, explorer, plain_server, server
from lab.bench.row import Row

TIMES = 7
WINDOWS = 3
PICTURES = 80  # seen in each window
SECONDS = 1.0  # of each of the alternated runs
DRAGS, SLIDES = 60, 40
AT_ONCE = 2  # moves of the slider in one run
FIXED_POINT = "infeasibility-detection"
GROKKING = "progress-measures"
HERE = Path(__file__).parent
GOALS = {"5 us": 0.90, "20 us": 0.90, "1 ms": 0.95, "30 ms": 0.95}


def rows() -> Iterator[Row]:
    """The rows, in the order in which they are measured."""
    try:
        with browser() as chromium:
            yield first_paint(chromium)
            with server() as served:
                yield from seen(chromium, served, FIXED_POINT, "a step", (20, 60))
                yield click(chromium, served)
                yield drag(chromium, served, FIXED_POINT, "curves and paths")
                yield drag(chromium, served, GROKKING, "with matrices")
                yield slide(chromium, served)
                yield visits.from_gallery(chromium, served, FIXED_POINT)
                yield visits.ten(chromium, served, FIXED_POINT, delays, quantile)
                yield visits.memory(chromium, served, FIXED_POINT)
            yield from gallery.rows(chromium)
            yield from notebook.rows(chromium, FIXED_POINT)
            with server(HERE / "loads.py", HERE / "wide_net.py", workers=1, hz=10) as served:
                yield from seen(chromium, served, "WideNet", "a mask of 1 M weights", (None, 60))
                yield throughput(chromium, served, "WideNet", "training 1 M weights", 0.95)
            with server(HERE / "loads.py", workers=1) as served:
                for cost, goal in GOALS.items():
                    yield throughput(chromium, served, "Load", f"steps of {cost}", goal, cost=cost)
                yield throughput(chromium, served, GROKKING, "grokking pilot", 0.95)
    except NoBrowser as error:
        yield Row("page", None, "", note=str(error))


def first_paint(chromium) -> Row:
    """`lab serve` in a new process to an explorer with its pictures."""
    pictures, html = [], []
    for _ in range(WINDOWS):
        start = time.time()
        with plain_server() as base, blank(chromium) as page:
            page.goto(address(base, FIXED_POINT), wait_until="commit")
            found = page.evaluate("bench.opened()")
            pictures.append(found["pictures"] / 1e3 - start)
            html.append(found["html"] / 1e3 - start)
    note = (
        f"with its pictures; question and controls after {statistics.median(html):.2f} s; median "
        f"of {WINDOWS} starts, nothing cached by the browser"
    )
    name = "lab serve to the first painted explorer"
    return Row(name, statistics.median(pictures), "s", 3.0, note=note)


def seen(chromium, served, name, what, goals) -> Iterator[Row]:
    """From a step that is computed to its picture, while somebody watches the run."""
    windows, pace = [], []
    with explorer(chromium, served.address, name) as page:
        for i in range(WINDOWS):
            if i:
                start_again(page)
            run(page)
            page.wait_for_function("bench.shown.length > 20 || !bench.runs()")
            page.evaluate("bench.shown.length = 0")
            page.wait_for_function(f"bench.shown.length >= {PICTURES} || !bench.runs()")
            shown = page.evaluate("bench.shown")
            windows.append(delays(shown, served.frames()))
            pace.append(1e3 * (len(shown) - 1) / (shown[-1]["heard"] - shown[0]["heard"]))
    for share, goal in zip((0.5, 0.95), goals):
        value = statistics.median(quantile(w["painted"], share) for w in windows)
        later = statistics.median(quantile(w["next"], share) for w in windows)
        note = (
            f"the frame after begins at {later:.0f} ms; {statistics.median(pace):.1f} pictures a "
            f"second; median of {len(windows)} runs of about {len(windows[0]['painted'])} pictures"
        )
        yield Row(f"{what} computed to painted, p{100 * share:.0f}", value, "ms", goal, note=note)


def delays(shown: list[dict], frames: list[dict]) -> dict[str, list[float]]:
    """Milliseconds from each run's newest step to its paint.

    Parameters
    ----------
    shown : list of {"heard", "painted", "next"}
        The updates of the page that the browser has painted.
    frames : list of {"run", "k", "computed", "taken"}
        The server's diary. A page has one update under way at a time, so what it takes is painted
        with the next one that the browser hears of.
    """
    found: dict[str, list[float]] = {"painted": [], "next": []}
    heads: dict[int, int] = {}
    for frame in frames:
        if frame["k"] == heads.get(frame["run"]):
            continue  # it tells of something else, the step was told before
        heads[frame["run"]] = frame["k"]
        picture = with_it(frame, shown)
        if picture:
            for name, values in found.items():
                values.append(picture[name] - frame["computed"])
    return found


def with_it(frame: dict, shown: list[dict]) -> dict | None:
    """The painted update that holds a frame; None when it is not among those noted."""
    if not shown or frame["taken"] < shown[0]["heard"]:
        return None
    return next((picture for picture in shown if picture["heard"] > frame["taken"]), None)


def click(chromium, served) -> Row:
    """From a click on Run to the first new picture."""
    found = []
    with explorer(chromium, served.address, FIXED_POINT) as page:
        for _ in range(TIMES):
            found.append(page.evaluate("bench.click()"))
            start_again(page)
    note = f"{min(found):.0f} to {max(found):.0f} in {len(found)}; the page was open and at step 0"
    name = "click on Run to the first new picture"
    return Row(name, statistics.median(found), "ms", 100, note=note)


def drag(chromium, served, name, pictures) -> Row:
    """From the seek handle moved to the picture of that step."""
    with explorer(chromium, served.address, name) as page:
        start_again(page)  # a recording is no run
        run(page)
        page.wait_for_function("bench.head() > 1000 || !bench.runs()")
        rest(page)
        found = page.evaluate("times => bench.drag(times)", DRAGS)
    seen = [one["picture"] for one in found]
    note = (
        f"p50 {quantile(seen, 0.5):.0f}; the page's own cursor p95 "
        f"{quantile([one['cursor'] for one in found], 0.95):.0f}; {len(found)} moves, one waits "
        f"for the other; the server drew in {sum(one['told'] for one in found)} of them"
    )
    return Row(
        f"seek handle moved to painted, {pictures}, p95", quantile(seen, 0.95), "ms", 33, note=note
    )


def slide(chromium, served) -> Row:
    """From a live slider moved to the first picture of every run with the edit."""
    places = random.Random(0).sample(range(100, 900), SLIDES)
    found: list[float] = []
    with explorer(chromium, served.address, FIXED_POINT) as page:
        for start in range(0, SLIDES, AT_ONCE):
            if start:
                start_again(page)  # so that no run comes to its end meanwhile
            before = len(served.frames())
            run(page)
            some = places[start : start + AT_ONCE]
            moved = page.evaluate("places => bench.slide('weight', places, 400)", some)
            page.wait_for_timeout(500)
            shown, frames = page.evaluate("bench.shown"), served.frames()[before:]
            found += [t for move in moved if (t := acted(*move, frames, shown)) is not None]
    note = f"p50 {quantile(found, 0.5):.0f}; {len(found)} of {SLIDES} moves of a running page"
    return Row("live slider to painted, p95", quantile(found, 0.95), "ms", 150, note=note)


def acted(start: float, value: float, frames: list[dict], shown: list[dict]) -> float | None:
    """Milliseconds until every run is painted with the edit; None when one never was."""
    runs = {frame["run"] for frame in frames}
    painted = {}
    for frame in frames:
        if any(abs(new - value) < 1e-9 for _, new in frame["edits"]):
            picture = with_it(frame, shown)
            if picture:
                painted.setdefault(frame["run"], picture["painted"])
    return max(painted.values()) - start if painted.keys() == runs else None


def throughput(chromium, served, name, what, goal, **controls) -> Row:
    """A run that is watched on a page beside the bare loop in the same worker, alternated."""
    bare = controls or {"name_of": name}
    ratios, workers = [], set()
    with explorer(chromium, served.address, name, **controls) as page:
        watch(page, served)
        for _ in range(TIMES):
            alone = served.bare(lasting=SECONDS, **bare)
            rate, worker = watch(page, served)
            ratios.append(rate / alone["rate"])
            workers |= {worker, alone["worker"]}
    note = f"of the bare loop; {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs"
    if len(workers) > 1:
        note += "; not all in one worker"
    name = f"watched on a page, {what}"
    return Row(name, statistics.median(ratios), "ratio", goal, more=True, note=note)


def watch(page, served) -> tuple[float, int]:
    """Lets the page run for a while; steps a second between two of its frames, and its worker."""
    head, before = page.evaluate("bench.head()"), len(served.frames())
    run(page)
    page.wait_for_timeout(1e3 * SECONDS)
    rest(page)
    frames = [frame for frame in served.frames()[before:] if frame["k"] > head]
    first, last = frames[0], max(frames, key=lambda frame: frame["k"])
    rate = 1e3 * (last["k"] - first["k"]) / (last["computed"] - first["computed"])
    return rate, last["worker"]


def run(page) -> None:
    """Lets it run, from here on."""
    head = page.evaluate("bench.head()")
    page.evaluate("bench.press()")
    page.wait_for_function("head => bench.head() > head", arg=head)


def rest(page) -> None:
    """Pauses what still runs."""
    page.evaluate("bench.runs() && bench.press()")
    page.wait_for_function("!bench.runs() && !bench.status().includes('running')")


def start_again(page) -> None:
    """Back to step 0, at rest."""
    rest(page)
    while head := page.evaluate("bench.head()"):
        page.evaluate("bench.one('[data-do=again]').click()")
        page.wait_for_function("head => bench.head() < head", arg=head)
        rest(page)  # what had ended goes on at once, and may have left step 0 unseen


def quantile(values: list[float], share: float) -> float:
    """The value that this share of all is not above."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]
