"""The picture in README: `python -m lab.bench.portrait apps/explorer.png`."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.bench.browser import WAIT_MS, blank, browser, plain_server

LINK = "/explore?name=infeasibility-detection"
ENOUGH = 20_000  # steps
MOST_BYTES = 300_000
SETTLED_MS = 500  # labels find their places when a picture rests


def portrait(path: Path, link: str = LINK, steps: int = ENOUGH) -> int:
    """Runs an experiment in the page and takes its picture, a PNG of 1440 x 900.

    Returns
    -------
    int
        Its size in bytes.

    Raises
    ------
    NoBrowser
        There is no Chromium or no playwright.
    ValueError
        The picture is larger than README should carry.
    """
    with browser() as chromium, plain_server() as address, blank(chromium) as page:
        page.goto(address + link, wait_until="domcontentloaded")
        page.evaluate("bench.opened()")
        page.evaluate("bench.press()")
        page.wait_for_function("n => bench.head() >= n", arg=steps, timeout=WAIT_MS)
        page.evaluate("bench.press()")
        page.wait_for_function("bench.status().startsWith('paused')", timeout=WAIT_MS)
        page.wait_for_timeout(SETTLED_MS)
        taken = page.screenshot()
    if len(taken) > MOST_BYTES:
        raise ValueError(f"{len(taken)} bytes; README carries at most {MOST_BYTES}")
    path.write_bytes(taken)
    return len(taken)


if __name__ == "__main__":
    print(portrait(Path(sys.argv[1])))
