"""From running a cell in a JupyterLab of its own to what it shows."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from lab.bench.browser import WAIT_MS, WINDOW
from lab.bench.row import Row

TIMES = 3
SERVER = (
    "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=",
    "--ServerApp.disable_check_xsrf=True", "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)  # fmt: skip
# Milliseconds from the key that runs the cell to the poster and to the page with its pictures.
WATCH = """() => new Promise((told) => {
  const deep = (selector, root) => root.querySelector(selector) ??
    [...root.querySelectorAll("*")].map((node) => node.shadowRoot &&
      deep(selector, node.shadowRoot)).find(Boolean);
  let start = null, poster = null;
  addEventListener("keydown", () => { start ??= performance.now(); }, true);
  const look = () => {
    const cell = document.querySelector(".jp-Notebook .jp-Cell"), now = performance.now();
    if (start !== null && cell.querySelector("[data-poster]")) poster ??= now - start;
    const page = cell.querySelector(".lab-page");
    const status = page && deep(".status", page)?.textContent.trim();
    if (status === "ready" && page.style.visibility !== "hidden")
      return requestAnimationFrame(() => told({ poster: poster ?? now - start,
        page: performance.now() - start }));
    requestAnimationFrame(look);
  };
  look();
})"""


def rows(chromium, name: str) -> Iterator[Row]:
    """A row; one that says why where there is no JupyterLab."""
    what = "JupyterLab, cell to its first picture"
    if find_spec("jupyterlab") is None:
        yield Row(what, None, "s", 2.0, note="jupyterlab is not installed")
        return
    found = []
    with tempfile.TemporaryDirectory(prefix="iterlab-bench-") as name_of:
        folder = Path(name_of)
        with _jupyterlab(folder) as address:
            for i in range(TIMES):
                (folder / "notebooks" / f"n{i}.ipynb").write_text(_notebook(name))
                found.append(_run(chromium, f"{address}/lab/workspaces/n{i}/tree/n{i}.ipynb"))
    poster, page = (
        statistics.median(one[kind] / 1e3 for one in found) for kind in ("poster", "page")
    )
    note = (
        f"its own still picture; the live page after {page:.1f} s; median of {TIMES} fresh kernels"
    )
    yield Row(what, poster, "s", 2.0, note=note)


def _run(chromium, address: str) -> dict:
    context = chromium.new_context(viewport=WINDOW)
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".jp-Notebook .jp-InputPrompt").first.click()
        page.wait_for_function(
            "() => document.activeElement?.closest('.jp-Notebook.jp-mod-commandMode')"
        )
        page.evaluate(f"() => {{ window.measured = ({WATCH})(); }}")
        page.keyboard.press("Control+Enter")
        return page.evaluate("() => window.measured")
    finally:
        context.close()


def _notebook(name: str) -> str:
    source = f"import lab\nlab.show({name!r})"
    cell = {
        "cell_type": "code", "execution_count": None, "id": "first", "metadata": {},
        "outputs": [], "source": source,
    }  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    return json.dumps(
        {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    )


@contextmanager
def _jupyterlab(folder: Path) -> Iterator[str]:
    """The address of a server whose notebooks and settings lie in `folder`."""
    root = folder / "notebooks"
    root.mkdir()
    settings = folder / "config" / "labconfig"
    settings.mkdir(parents=True)
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(quiet))
    own = {f"JUPYTER_{k}_DIR": str(folder / k.lower()) for k in ("CONFIG", "DATA", "RUNTIME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *SERVER, f"--ServerApp.root_dir={root}"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, **own, "IPYTHONDIR": str(folder / "ipython")},
    )  # fmt: skip
    try:
        lines = iter(process.stderr.readline, "")
        yield next(
            found[0] for line in lines if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
        )
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:  # its kernels end with it
            process.kill()
            process.communicate()
