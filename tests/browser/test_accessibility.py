"""axe-core's checks on every page that is served, in light and in dark."""

from pathlib import Path

import axe_playwright_python
import pytest
from driving import ready

from lab.engine.registry import catalogue
from lab.ui.serve import PAGES

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PILOTS = [
    "infeasibility-detection",
    "progress-measures",
    "global-magnitude-pruning",
    "iterative-deblending",
]
STATIC = ("/", "gallery", "all")  # pages without a session
PARTS = ("thumbnails",)  # what other pages fetch
RUN_AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] }))
  .violations.map((v) => `${v.id} (${v.impact}): ${v.help}; `
    + v.nodes.slice(0, 4).map((n) => [n.target.flat().join(" "), n.any[0]?.message].join(" "))
      .join(" | "))"""


def pages():
    """(route, query, wait for a live page) of every page that is served."""
    known = {entry.name for entry in catalogue()}
    assert known.issuperset(PILOTS)
    for route in PAGES:
        if route in PARTS:
            continue
        if route in STATIC:
            yield route.strip("/"), ""
        else:
            names = PILOTS if route == "explore" else PILOTS[:1]
            yield from ((route, f"?name={name}") for name in names)


@pytest.mark.parametrize(("route", "query"), list(pages()))
def test_axe_finds_nothing_in_light_and_in_dark(page, address, route, query):
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/{route}{query}", wait_until="domcontentloaded")
    if query:
        page.wait_for_function("() => !document.getElementById('lab-first')")
        if route == "explore":
            ready(page)
    else:
        page.get_by_role("heading", level=1).first.wait_for()
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    page.emulate_media(color_scheme="dark")
    if not query:  # a page without a session decides once
        page.reload(wait_until="domcontentloaded")
        page.get_by_role("heading", level=1).first.wait_for()
        page.evaluate(AXE)
    page.wait_for_function("() => one('.lab').dataset.theme === 'dark'")
    assert page.evaluate(RUN_AXE) == []
