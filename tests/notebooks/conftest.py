"""A JupyterLab on this machine alone, and a browser that may not look outside."""

import os

import pytest
from driving import HELPERS
from jupyter import IN_CELLS, jupyterlab

WAIT_MS = 90_000  # a busy machine imports torch and panel before the first picture
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory):
    """The folder that JupyterLab shows."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def jupyter_address(lab_home, notebooks, tmp_path_factory):
    with jupyterlab(notebooks, tmp_path_factory.mktemp("jupyter")) as (address, _):
        yield address


@pytest.fixture
def page(page):
    """A page whose errors and outside requests fail the test."""
    faults = []

    def asked(request):
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            faults.append(f"request: {request.url}")

    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", asked)
    page.set_default_timeout(WAIT_MS)
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.add_init_script(HELPERS + IN_CELLS)
    yield page
    assert not faults, "\n".join(faults)
