"""Figures of the gallery over four hundred experiments that are made up."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from lab.bench.browser import blank
from lab.bench.row import Row

MANY = 400
TIMES = 5
BETWEEN_MS = 60  # two keys of somebody who types fast
TYPED = ("momentum kernel", "orbitt settels", "what does the mirror", "accelerated rates")
PAINT = """new Promise((told) => {
  const seen = () => performance.getEntriesByName("first-contentful-paint")[0];
  const look = () => seen() ? told(seen().startTime) : requestAnimationFrame(look);
  look();
})"""
# From the key to the end of the frame in which its result was painted.
KEYS = """() => {
  window.waits = [];
  addEventListener("keydown", () => {
    const start = performance.now();
    requestAnimationFrame(() => setTimeout(() => waits.push(performance.now() - start)));
  }, true);
}"""


def rows(chromium) -> Iterator[Row]:
    """The rows, in the order in which they are measured.

    Parameters
    ----------
    chromium : playwright's Browser
    """
    with _served() as address:
        yield from _opening(chromium, address)
        yield _typing(chromium, address)


def _opening(chromium, address: str) -> Iterator[Row]:
    paints, sizes = [], []
    for _ in range(TIMES):
        with blank(chromium) as page:
            bodies: list[int] = []
            page.on("response", lambda answer, kept=bodies: kept.append(len(answer.body())))
            page.goto(address, wait_until="load")
            paints.append(page.evaluate(PAINT) / 1e3)
            sizes.append(sum(bodies) / 1e3)
    note = f"{MANY} experiments; median of {TIMES}, nothing cached"
    yield Row("gallery, first paint", statistics.median(paints), "s", 1.5, note=note)
    yield Row("gallery, uncached", max(sizes), "KB", 600, note=f"{MANY} experiments, all requests")


def _typing(chromium, address: str) -> Row:
    with blank(chromium) as page:
        page.goto(address, wait_until="load")
        page.evaluate(KEYS)
        for text in TYPED:
            page.locator("#find").fill("")
            page.keyboard.type(text, delay=BETWEEN_MS)
        keys = sum(map(len, TYPED))
        page.wait_for_function("n => waits.length >= n", arg=keys)
        waits = sorted(page.evaluate("waits"))
    note = f"p50 {waits[keys // 2]:.0f}; {keys} keys over {MANY} experiments"
    value = waits[int(0.95 * keys)]
    return Row("gallery, key to result, p95", value, "ms", 50, note=note)


@contextmanager
def _served():
    """The address of a gallery over the made-up registry."""
    with tempfile.TemporaryDirectory(prefix="iterlab-bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.bench.gallery_served", str(MANY)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "LAB_HOME": folder},
        )  # fmt: skip
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.communicate(timeout=20)
