"""A headless browser, and servers of our own to look at with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from lab.engine.workers.messages import FRAMES_HZ

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WINDOW = {"width": 1440, "height": 900}
WAIT_MS = 60_000
WATCH = Path(__file__).with_name("watch.js")
SERVE = "import sys; from lab.cli import main; main(['serve', *sys.argv[1:]])"


class NoBrowser(RuntimeError):
    """There is nothing to look with; one line that says what is missing."""


@contextmanager
def browser():
    """A headless Chromium, driven by playwright.

    Raises
    ------
    NoBrowser
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise NoBrowser("playwright is not installed") from None
    if not Path(CHROMIUM).is_file():
        raise NoBrowser(f"no browser at {CHROMIUM}; CHROMIUM may name another")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield found
        finally:
            found.close()


@contextmanager
def blank(browser):
    """A new page that nothing is cached for, with the bench's own script in it."""
    context = browser.new_context(viewport=WINDOW)
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.add_init_script(path=WATCH)
        yield page
    finally:
        context.close()


def address(base: str, name: str, **controls) -> str:
    """The link to an explorer; of a seed of our own, since a bare link may open a recording."""
    fixed = {f"c.{control}": value for control, value in controls.items()}
    query = {"name": name, "seed": 1, **fixed}
    return f"{base}/explore?{urlencode(query, quote_via=quote)}"


@contextmanager
def explorer(browser, base: str, name: str, **controls):
    """An explorer whose first picture is drawn, and whose steps are noted from now on.

    Its runs go as fast as they can.
    """
    with blank(browser) as page:
        page.goto(address(base, name, **controls), wait_until="domcontentloaded")
        page.evaluate("bench.opened()")
        page.evaluate("bench.choose('speed', 'fast')")
        page.evaluate("bench.watch()")
        yield page


@contextmanager
def plain_server():
    """`lab serve` on a free port; gives its address."""
    with _process("-c", SERVE, "--port", "0") as process:
        yield process.stdout.readline().strip()


class Served:
    """A server that keeps a diary of its frames (see served.py).

    Attributes
    ----------
    address : str
    """

    def __init__(self, process, diary: Path):
        self._process, self._diary = process, diary
        self.address = process.stdout.readline().strip()

    def frames(self) -> list[dict]:
        """What was written down so far, oldest first."""
        lines = self._diary.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def bare(self, **controls) -> dict:
        """The rate of the bare loop over a step, and the worker that ran it."""
        return self._ask(bare=controls)

    def memory(self) -> dict:
        """Bytes of the server's process, and how many runs it holds."""
        return self._ask(memory=True)

    def _ask(self, **question) -> dict:
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def server(*files: Path, hz: float = FRAMES_HZ, workers: int = 0) -> Iterator[Served]:
    """A server of these files' experiments beside the registered ones."""
    with tempfile.TemporaryDirectory(prefix="iterlab-bench-") as folder:
        diary = Path(folder) / "diary"
        arguments = (str(diary), str(hz), str(workers), *map(str, files))
        with _process("-m", "lab.bench.served", *arguments) as process:
            yield Served(process, diary)


@contextmanager
def _process(*arguments: str):
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)
