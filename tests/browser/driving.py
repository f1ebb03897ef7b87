"""Serving, and driving the explorer by what a person sees of it."""

import os
import subprocess
import sys
from contextlib import contextmanager

# Functions for the page: elements behind shadow roots, and what a picture looks like.
HELPERS = """
window.deep = (selector, root = document) => {
  const found = [...root.querySelectorAll(selector)];
  for (const node of root.querySelectorAll("*"))
    if (node.shadowRoot) found.push(...window.deep(selector, node.shadowRoot));
  return found;
};
window.one = (selector) => window.deep(selector)[0];
window.pixels = (i) => window.deep("canvas", window.one(`.fig[data-view="${i}"]`))
  .filter((c) => c.width && c.height)
  .map((c) => c.toDataURL()).join("");
window.colours = (i) => {
  const seen = new Set();
  for (const c of window.deep("canvas", window.one(`.fig[data-view="${i}"]`))) {
    if (!c.width || !c.height) continue;
    const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    for (let p = 0; p < data.length; p += 4)
      if (data[p + 3]) seen.add((data[p] << 16) | (data[p + 1] << 8) | data[p + 2]);
  }
  return seen.size;
};
"""


@contextmanager
def server(*arguments, **environment):
    """`lab serve` on a free port; gives its address, and ends it."""
    code = "import sys; from lab.cli import main; main(['serve', *sys.argv[1:]])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def ready(page):
    page.wait_for_function("() => !document.getElementById('lab-first') && one('.run')")
    page.wait_for_function("() => one('.status').textContent.trim() !== 'preparing'")


def status(page):
    return page.evaluate("one('.status').textContent.trim()")


def step(page):
    return page.evaluate("Number(one('.seek').getAttribute('aria-valuenow'))")


def head(page):
    return page.evaluate("Number(one('.seek').getAttribute('aria-valuemax'))")


def wait_status(page, words):
    page.wait_for_function("w => one('.status').textContent.includes(w)", arg=words)


def run_to(page, k):
    """Runs until the head has passed step `k`, then pauses."""
    page.evaluate("one('.run').click()")
    page.wait_for_function("k => Number(one('.seek').getAttribute('aria-valuemax')) >= k", arg=k)
    page.evaluate("one('.run').dataset.verb === 'pause' && one('.run').click()")
    page.wait_for_function("() => one('.run').dataset.verb !== 'pause'")
