"""Figures of many pages: from the gallery to an explorer, ten explorers at once, a hundred in a
row.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from lab.bench.browser import blank, explorer
from lab.bench.row import Row

TIMES = 5
TEN, HUNDRED = 10, 100
PICTURES = 60
PATIENCE_S = 90  # sessions of closed pages are gone by then
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
  Object.defineProperty(document, "hidden", { get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def from_gallery(chromium, served, name: str) -> Row:
    """From a click on a card to the first paint of its explorer."""
    paints, pictures = [], []
    for _ in range(TIMES):
        with blank(chromium) as page:
            page.goto(served.address, wait_until="load")
            link = page.locator(f'a[href*="explore?name={name}"]').first
            link.wait_for()
            start = page.evaluate("performance.timeOrigin + performance.now()")
            link.evaluate("link => link.click()")
            page.wait_for_url("**/explore*", wait_until="commit")
            found = page.evaluate("bench.opened()")
            paints.append(found["html"] - start)
            pictures.append(found["pictures"] - start)
    note = (
        f"question and controls; with its live pictures after {statistics.median(pictures):.0f}; "
        f"median of {TIMES}"
    )
    name = "click in the gallery to the explorer's first paint"
    return Row(name, statistics.median(paints), "ms", 800, note=note)


def ten(chromium, served, name: str, delays, quantile) -> Row:
    """Ten explorers run, one of them in front: from a step to its picture there.

    Parameters
    ----------
    delays, quantile : callable
        As in lab.bench.page.
    """
    with ExitStack() as open_pages:
        pages = [
            open_pages.enter_context(explorer(chromium, served.address, name)) for _ in "x" * TEN
        ]
        for page in pages[1:]:
            page.evaluate(HIDE)
        for page in pages:
            page.evaluate("bench.press()")
        front = pages[0]
        front.wait_for_function("bench.shown.length > 10 || !bench.runs()")
        front.evaluate("bench.shown.length = 0")
        front.wait_for_function(f"bench.shown.length >= {PICTURES} || !bench.runs()")
        found = delays(front.evaluate("bench.shown"), served.frames())["painted"]
    note = f"p50 {quantile(found, 0.5):.0f}; {len(found)} pictures, nine pages hidden and running"
    value = quantile(found, 0.95)
    return Row("ten explorers, computed to painted in front, p95", value, "ms", 250, note=note)


def memory(chromium, served, name: str) -> Row:
    """How much the server grows over a hundred explorers that are opened and closed."""
    _open_and_close(chromium, served, name, TEN)
    before = _at_rest(served)
    _open_and_close(chromium, served, name, HUNDRED)
    after = _at_rest(served)
    grown = (after["bytes"] - before["bytes"]) / 1e6
    note = f"from {before['bytes'] / 1e6:.0f} MB of the server's process"
    if after["runs"] > before["runs"]:
        note += f"; {after['runs'] - before['runs']} runs are still held"
    return Row(f"growth over {HUNDRED} explorers opened and closed", grown, "MB", 20, note=note)


def _open_and_close(chromium, served, name: str, count: int) -> None:
    for _ in range(count // TEN):
        with ExitStack() as open_pages:
            for _ in range(TEN):
                open_pages.enter_context(explorer(chromium, served.address, name))


def _at_rest(served) -> dict:
    """What the server holds once closed pages have let their runs go."""
    until = time.monotonic() + PATIENCE_S
    while (found := served.memory())["runs"] and time.monotonic() < until:
        time.sleep(0.5)
    return found
