"""The states that a page can be in beside running and at rest: queued, recorded, ended, faulty."""

import os
import subprocess
import sys

from driving import head, ready, server, status, step, wait_status

NAME = "infeasibility-detection"
BUTTON = "one('.run').textContent.trim()"


def open_page(context, base, query):
    page = context.new_page()
    page.goto(f"{base}/explore?name={query}", wait_until="domcontentloaded")
    ready(page)
    return page


def press_run(page, says):
    page.evaluate("one('.run').click()")
    wait_status(page, says)


def test_a_visitors_fifth_running_session_waits_and_may_leave(context, circling):
    first = open_page(context, circling, "Circling")  # two methods
    press_run(first, "running")
    second = open_page(context, circling, "Circling&seed=1")
    press_run(second, "running")
    third = open_page(context, circling, "Circling&arm=small")
    press_run(third, "waiting, next")
    assert third.evaluate(BUTTON) == "Leave queue"
    assert step(third) == 0
    fourth = open_page(context, circling, "Circling&arm=large")
    press_run(fourth, "waiting, 1 ahead")
    press_run(third, "ready")  # it leaves the queue
    wait_status(fourth, "waiting, next")
    press_run(second, "paused")
    wait_status(fourth, "running")


def test_a_recorded_run_opens_the_page_and_scrubs_at_once(page, tmp_path):
    code = "import sys; from lab.cli import main; main(sys.argv[1:])"
    with server(LAB_HOME=str(tmp_path)) as (base, _):
        subprocess.run(
            [sys.executable, "-c", code, "record", NAME, "--steps", "60"],
            env={**os.environ, "LAB_HOME": str(tmp_path)},
            check=True,
            capture_output=True,
        )
        page.goto(f"{base}/explore?name={NAME}", wait_until="domcontentloaded")
        ready(page)
        wait_status(page, "recorded, seed 0")
        assert page.evaluate(BUTTON) == "Run"
        assert step(page) == head(page) == 60
        at_end = page.evaluate("pixels(0)")
        page.evaluate("one('.seek').focus()")
        page.keyboard.press("Home")
        page.wait_for_function("was => pixels(0) !== was", arg=at_end)
        assert status(page) == "recorded, seed 0"
        page.evaluate("one('.run').click()")
        page.wait_for_function("() => !one('.status').textContent.includes('recorded')")
        page.wait_for_function("() => Number(one('.seek').getAttribute('aria-valuemax')) > 0")


def test_a_rule_that_cannot_be_read_is_one_line_with_the_place(explore):
    page = explore(NAME)
    wait_status(page, "ready")
    page.keyboard.press("u")
    page.keyboard.type("k > > 3")
    page.keyboard.press("Enter")
    page.wait_for_function("() => one('.until small.no')")
    said = page.evaluate("one('.until small.no').textContent")
    assert "\n" not in said and any(mark in said for mark in ("5", ">", "place"))
