"""A JupyterLab of its own on this machine, and what a person does in it."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import nbformat

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
        process.communicate(timeout=60)


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
    """Runs one cell; does not wait for its end."""
    cell(page, i).locator(".jp-InputPrompt").first.click()
    page.wait_for_function(
        "i => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].matches('.jp-mod-active')",
        arg=i,
    )
    page.locator('[data-command="notebook:run-cell-and-select-next"]').first.click()


def cell(page, i):
    return page.locator(".jp-Notebook .jp-Cell").nth(i)


def done(page, i):
    """Waits until a cell has a number: its code has ended."""
    page.wait_for_function(
        "i => /\\[\\d+\\]/.test(document.querySelectorAll('.jp-Notebook .jp-CodeCell')[i]"
        ".querySelector('.jp-InputPrompt').textContent)",
        arg=i,
    )


def printed(page, i):
    """What a cell has printed."""
    return cell(page, i).locator(".jp-OutputArea-output").all_inner_texts()
