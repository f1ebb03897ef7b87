"""Figures of the page, in a real browser: how soon a step is seen, how soon a click acts."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.bench.row import Row

TIMES = 7
SECONDS = 6.0  # that a run is watched
FIXED_POINT = "infeasibility-detection"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

# Notes when something was last painted, and for each frame how long after its step that was.
WATCH = """
window.delays = [];
window.painted = 0;
for (const name of ["stroke", "fill", "putImageData", "drawImage"]) {
  const was = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...all) {
    window.painted = performance.now();
    return was.apply(this, all);
  };
}
addEventListener("lab-frame", ({ detail }) => {
  const heard = performance.now();
  const look = () => {
    if (window.painted >= heard) window.delays.push(Date.now() - detail.at);
    else if (performance.now() - heard < 1000) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
window.deep = (selector, root = document) => {
  const hit = root.querySelector(selector);
  if (hit) return hit;
  for (const node of root.querySelectorAll("*")) {
    const inner = node.shadowRoot && window.deep(selector, node.shadowRoot);
    if (inner) return inner;
  }
  return null;
};
"""


def rows() -> Iterator[Row]:
    """The rows, in the order in which they are measured."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        yield Row("page", None, "", note="playwright is not installed")
        return
    if not Path(CHROMIUM).exists():
        yield Row("page", None, "", note=f"no browser at {CHROMIUM}; set CHROMIUM")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield first_paint(browser)
            with server() as address:
                yield from seen(browser, address, FIXED_POINT, "a step", (20, 60))
                yield click(browser, address)
                yield scrub(browser, address)
            with server(str(Path(__file__).with_name("wide_mask.py"))) as address:
                yield from seen(browser, address, "WideMask", "a mask of 1 M weights", (None, 60))
        finally:
            browser.close()


@contextmanager
def server(*files: str):
    """`lab serve` on a free port; gives its address."""
    code = "import sys; from lab.cli import main; main(['serve', *sys.argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", *files], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def first_paint(browser) -> Row:
    """`lab serve` to the first painted explorer, everything cold but the files."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        with server() as address:
            page = browser.new_context().new_page()
            page.add_init_script(WATCH)
            page.goto(f"{address}/explore?name={FIXED_POINT}", wait_until="commit")
            page.wait_for_selector("#lab-first", state="attached")
            page.wait_for_function("performance.getEntriesByType('paint').length > 0")
            found.append(time.perf_counter() - start)
            page.context.close()
    return Row("lab serve to the first painted explorer", statistics.median(found), "s", 3.0)


def seen(browser, address, name, what, goals) -> Iterator[Row]:
    """From a step that is computed to its picture on the screen."""
    page = ready(browser, address, name)
    press(page)
    page.wait_for_function("delays.length > 20", timeout=60_000)
    page.evaluate("delays.length = 0")
    page.wait_for_timeout(SECONDS * 1000)
    delays = sorted(page.evaluate("delays"))
    page.context.close()
    note = f"{len(delays) / SECONDS:.1f} pictures a second"
    p50, p95 = delays[len(delays) // 2], delays[int(len(delays) * 0.95)]
    yield Row(f"{what} computed to painted, p50", p50, "ms", goals[0], note=note)
    yield Row(f"{what} computed to painted, p95", p95, "ms", goals[1], note=note)


def click(browser, address) -> Row:
    """From a click on Run to the first new picture."""
    found = []
    page = ready(browser, address, FIXED_POINT)
    for _ in range(TIMES):
        found.append(
            page.evaluate(
                """() => new Promise((done) => {
                  const start = performance.now(), head = deep(".seek");
                  const look = () => Number(head.getAttribute("aria-valuemax")) > 0
                      && painted > start
                    ? done(performance.now() - start) : requestAnimationFrame(look);
                  deep(".run").click();
                  requestAnimationFrame(look);
                })"""
            )
        )
        press(page)
        page.wait_for_function("deep('.run').dataset.verb !== 'pause'")
        page.evaluate("deep('[data-do=again]').click()")
        page.wait_for_function("deep('.seek').getAttribute('aria-valuemax') === '0'")
    page.context.close()
    spread = f"{min(found):.0f} to {max(found):.0f} in {len(found)}"
    return Row(
        "click on Run to the first new picture", statistics.median(found), "ms", 100, note=spread
    )


def scrub(browser, address) -> Row:
    """From a moved cursor to the answer of the page, which has drawn the picture there."""
    page = ready(browser, address, FIXED_POINT)
    press(page)
    page.wait_for_function(
        "Number(deep('.seek').getAttribute('aria-valuemax')) > 2000", timeout=120_000
    )
    press(page)
    page.wait_for_function("deep('.run').dataset.verb !== 'pause'")
    found = page.evaluate(
        """async () => {
          const track = deep(".seek"), box = track.getBoundingClientRect(), found = [];
          const at = (type, share) => track.dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerId: 1, clientY: box.y + 18,
            clientX: box.x + share * box.width }));
          track.setPointerCapture = () => {};
          at("pointerdown", 0.1);
          for (let i = 0; i < 60; i++) {
            const start = performance.now();
            at("pointermove", 0.1 + 0.4 * ((i * 37) % 60) / 60);
            await new Promise((done) => {
              const look = () => painted > start ? done() : requestAnimationFrame(look);
              requestAnimationFrame(look);
            });
            found.push(performance.now() - start);
          }
          at("pointerup", 0.3);
          return found;
        }"""
    )
    page.context.close()
    found.sort()
    return Row("scrubbing, cursor to picture, p95", found[int(len(found) * 0.95)], "ms", 33)


def ready(browser, address, name):
    """An explorer whose first picture is there."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(WATCH)
    page.goto(f"{address}/explore?name={name}", wait_until="domcontentloaded")
    page.wait_for_function("!document.getElementById('lab-first') && deep('.run')")
    page.wait_for_function("deep('.status').textContent.trim() === 'ready'")
    return page


def press(page) -> None:
    page.evaluate("deep('.run').click()")
