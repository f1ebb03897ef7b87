"""A server of its own, a real browser, and pages that may not fail or look outside.

Nothing here sleeps: what is waited for is a condition in the page.
"""

import os
from pathlib import Path

import pytest
from driving import HELPERS, WAIT_MS, ready, server

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CIRCLING = Path(__file__).parent / "circling.py"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def address(lab_home):
    """The address of a server that all tests share."""
    with server() as (found, _):
        yield found


@pytest.fixture(scope="module")
def circling(lab_home):
    """The address of a server that knows the experiment Circling."""
    with server(str(CIRCLING)) as (found, _):
        yield found


@pytest.fixture
def context(context):
    """Every page of it waits long enough, and can be looked into."""
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(HELPERS)
    return context


@pytest.fixture
def page(page):
    """A page whose errors and outside requests fail the test."""
    faults = []

    def said(message):
        if message.type == "error":
            faults.append(f"console: {message.text}")

    def asked(request):
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            faults.append(f"request: {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", asked)
    page.on("websocket", lambda ws: ws.url.startswith("ws://127.0.0.1:") or faults.append(ws.url))
    page.faults = faults
    yield page
    assert not faults, "\n".join(faults)


@pytest.fixture
def explore(page, address):
    """Opens an explorer and waits until its first picture is drawn."""

    def open_page(query, base=address):
        page.goto(f"{base}/explore?name={query}", wait_until="domcontentloaded")
        ready(page)
        return page

    return open_page
