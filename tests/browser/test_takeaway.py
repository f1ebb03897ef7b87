"""What is taken away from a page: the link, lines of Python, a CSV, pictures as files."""

import csv
import io

import pytest
from driving import head, run_to, wait_status

PILOTS = ["infeasibility-detection", "iterative-deblending"]


@pytest.fixture
def clipboard(context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return lambda page: page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("name", PILOTS)
def test_link_python_lines_and_csv_hold_the_run(explore, clipboard, name):
    page = explore(f"{name}&seed=2")
    run_to(page, 20)
    page.keyboard.press("c")
    page.wait_for_function("() => one('[data-live]').textContent === 'link copied'")
    assert f"k={head(page)}" in clipboard(page)
    page.evaluate("one('[data-do=copy-python]').click()")
    page.wait_for_function("() => one('[data-live]').textContent === 'Python copied'")
    namespace = {}
    exec(clipboard(page), namespace)
    with namespace["session"] as session:
        assert (session.seed, session.head) == (2, head(page))
    with page.expect_download() as saved:
        page.evaluate("one('[data-do=csv]').click()")
    assert saved.value.suggested_filename == f"{name}-seed-2.csv"
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert {"run", "k"} <= set(rows[0])
    assert max(int(row["k"]) for row in rows) == head(page)


def test_every_picture_as_a_file(explore):
    page = explore(PILOTS[1])  # test_drawing looks into those of the other one
    wait_status(page, "ready")
    for i in range(page.evaluate("deep('.fig').length")):
        page.evaluate("i => { one('.export select').value = String(i) }", i)
        for form, starts in (("png", b"\x89PNG"), ("svg", b"<")):
            with page.expect_download() as saved:
                page.evaluate("f => one(`.export [data-format=${f}]`).click()", form)
            assert saved.value.suggested_filename.endswith(f"-k0.{form}")
            assert saved.value.path().read_bytes().startswith(starts)
