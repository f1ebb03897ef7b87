"""A JupyterLab of its own on this machine, and what a person does in it."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import nbformat

# Functions for the page: what is shown in cell number i, behind shadow roots.
IN_CELLS = """
window.codeCell = (i) => document.querySelectorAll(".jp-Notebook .jp-Cell")[i];
window.within = (i, selector) => codeCell(i) && deep(selector, codeCell(i))[0];
window.drawn = (i) => deep("canvas", codeCell(i)).filter((c) => c.width && c.height)
  .map((c) => c.toDataURL()).join("");
window.headOf = (i) => Number(within(i, ".seek").getAttribute("aria-valuemax"));
"""
SETTINGS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--port=0",
    "--IdentityProvider.token=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


@contextmanager
def jupyterlab(folder, home):
    """A server whose root is `folder`; gives its address, and ends it with its kernels.

    Its settings and data lie in `home`.
    """
    labconfig = home / "config" / "labconfig"
    labconfig.mkdir(parents=True, exist_ok=True)
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (labconfig / "page_config.json").write_text(json.dumps(quiet))
    # every cell stays in the page, also those that are scrolled away
    whole = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
    (labconfig / "default_setting_overrides.json").write_text(json.dumps(whole))
    own = {
        f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *SETTINGS, f"--ServerApp.root_dir={folder}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **own, "IPYTHONDIR": str(home / "ipython")},
    )
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise RuntimeError("".join(said))
        yield found[0], process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:  # it waits for a kernel that starts; kernels end with it
            process.kill()
            process.communicate()


def write(path, *cells):
    """A notebook with these cells of code."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def open_notebook(page, address, name):
    """The notebook in a browser, its kernel idle."""
    page.goto(f"{address}/lab/workspaces/{name.split('.')[0]}/tree/{name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()


def run_cell(page, i):
    """Runs one cell, once the cell has taken the notebook's focus; does not wait for its end."""
    before = number(page, i)
    cell(page, i).locator(".jp-InputPrompt").first.click()
    page.wait_for_function(
        "i => codeCell(i).matches('.jp-mod-active')"
        " && document.activeElement?.closest('.jp-Notebook.jp-mod-commandMode')",
        arg=i,
    )
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([i, was]) => codeCell(i).querySelector('.jp-InputPrompt').textContent"
        ".replace(/[^\\d*]/g, '') !== was",
        arg=[i, before],
    )


def restart_kernel(page):
    """Restarts the notebook's kernel, as its toolbar does."""
    page.locator('[data-command="notebook:restart-kernel"]').first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()


def cell(page, i):
    return page.locator(".jp-Notebook .jp-Cell").nth(i)


def number(page, i):
    """The cell's execution number; "*" while it runs, "" before."""
    return page.evaluate(
        "i => codeCell(i).querySelector('.jp-InputPrompt').textContent.replace(/[^\\d*]/g, '')", i
    )


def wait_done(page, i, after=""):
    """Waits until a cell has run, and has another number than `after`."""
    page.wait_for_function(
        "([i, after]) => { const n = codeCell(i).querySelector('.jp-InputPrompt').textContent"
        ".replace(/[^\\d*]/g, ''); return /^\\d+$/.test(n) && n !== after; }",
        arg=[i, after],
    )


def wait_picture(page, i):
    """Waits until the page of the lab in a cell stands at its first picture."""
    page.wait_for_function(
        "i => within(i, '.run') && within(i, '.status')?.textContent.trim() === 'ready'"
        " && drawn(i).length > 1000",
        arg=i,
    )


def press(page, i, selector):
    page.evaluate("([i, s]) => within(i, s).click()", [i, selector])


def choose_speed(page, i, name):
    """As a person does in the list of speeds."""
    page.evaluate(
        "([i, name]) => { const select = within(i, 'select[data-do=speed]'); select.value = name;"
        " select.dispatchEvent(new Event('change', { bubbles: true })); }",
        [i, name],
    )


def wait_head(page, i, k):
    page.wait_for_function("([i, k]) => headOf(i) >= k", arg=[i, k])


def printed(page, i):
    """What a cell has printed."""
    return "".join(cell(page, i).locator(".jp-OutputArea-output").all_inner_texts())
