"""Links: what they open, what a broken one leaves out, and how much one may ask for."""

import json
import re
from urllib.parse import quote

import pytest
from driving import HELPERS, WAIT_MS, head, ready, run_to, step, wait_status

FIXED_POINT = "infeasibility-detection"


def test_a_link_opens_the_same_run(explore):
    page = explore(f"{FIXED_POINT}&seed=5&c.planes=3&k=25&arm=Picard")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '25'")
    query = page.evaluate("location.search")
    for part in ("seed=5", "c.planes=3", "k=25", "arm=Picard"):
        assert part in query


def test_a_hostile_link_opens_on_the_defaults_and_says_what_it_left_out(explore):
    page = explore(f"{FIXED_POINT}&c.planes=1e999&edits=%7B&seed=<script>alert(1)</script>&evil=1")
    text = page.evaluate("one('.bars').textContent")
    assert text.startswith("Left out of the link: ")
    assert page.evaluate("deep('.bars script').length") == 0
    wait_status(page, "ready")
    page.wait_for_function("() => !location.search.includes('c.planes')")


def test_an_unknown_experiment_is_one_line_and_what_was_perhaps_meant(page, address):
    page.goto(f"{address}/explore?name=infeasability-detektion")
    assert page.get_by_role("heading", level=1).inner_text() == "No such experiment"
    link = page.get_by_role("link", name=re.compile(FIXED_POINT))
    assert link.get_attribute("href") == f"explore?name={FIXED_POINT}"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x.py", "x.py:Evil", "", "a" * 5000])
def test_a_link_never_names_a_file(page, address, name):
    page.goto(f"{address}/explore?name={name}")
    assert page.get_by_role("heading", level=1).inner_text() == "No such experiment"


def test_a_second_tab_has_its_own_run(explore, context, address):
    first = explore(FIXED_POINT)
    run_to(first, 30)
    second = context.new_page()
    second.goto(f"{address}/explore?name={FIXED_POINT}")
    ready(second)
    wait_status(second, "ready")
    assert step(second) == 0
    assert head(first) >= 30


@pytest.mark.parametrize("name", [FIXED_POINT, "iterative-deblending"])
def test_a_link_opened_in_a_fresh_profile_gives_the_same_trace(explore, browser, name):
    page = explore(f"{name}&seed=3")
    run_to(page, 20)
    page.wait_for_function(
        "() => new URLSearchParams(location.search).get('k') ==="
        " one('.seek').getAttribute('aria-valuenow')"
    )
    page.keyboard.press("n")
    page.wait_for_function("() => one('.numbers table')")
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(HELPERS)
    other = context.new_page()
    other.goto(page.url, wait_until="domcontentloaded")
    ready(other)
    there = f"one('.seek').getAttribute('aria-valuenow') === '{step(page)}'"
    other.wait_for_function(f"() => {there} || one('[data-do=replay]')")
    other.evaluate("one('[data-do=replay]')?.click()")  # on a slow machine the way is offered
    other.wait_for_function(f"() => {there}")
    other.keyboard.press("n")
    known = page.evaluate("one('.numbers').textContent")  # all methods have come to that step
    other.wait_for_function("known => one('.numbers').textContent === known", arg=known)
    context.close()


def test_what_is_set_while_it_runs_stands_in_the_address_at_once(explore):
    page = explore(FIXED_POINT)
    page.evaluate("one('.run').click()")
    page.wait_for_function("() => Number(one('.seek').getAttribute('aria-valuemax')) > 50")
    page.evaluate("one('[data-control=weight] .val').focus()")
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => (new URLSearchParams(location.search).get('edits') || '').includes('0.75')"
    )
    wait_status(page, "running")


def test_a_thousand_edits_are_taken_and_one_more_is_left_out(explore):
    few = [[k, "weight", 0.5 + k / 4000] for k in range(1, 201)]
    page = explore(f"{FIXED_POINT}&edits={quote(json.dumps(few))}")
    wait_status(page, "ready")
    assert page.evaluate("one('.bars').textContent") == ""
    assert (
        len(page.evaluate("JSON.parse(new URLSearchParams(location.search).get('edits'))")) == 200
    )
    many = [[k, "weight", 0.5] for k in range(1001)]
    page = explore(f"{FIXED_POINT}&edits={quote(json.dumps(many))}")
    assert page.evaluate("one('.bars').textContent").startswith("Left out of the link: ")
    page.wait_for_function("() => !location.search.includes('edits')")


def test_a_far_step_is_replayed_for_two_seconds_and_then_waits_for_a_click(explore):
    page = explore("progress-measures&k=9000")
    page.wait_for_function("() => one('[data-do=replay]')")
    assert page.evaluate("one('[data-do=replay]').textContent").startswith("Replay to 9")
    wait_status(page, "paused")
    assert 0 < head(page) < 9000
    page.evaluate("one('[data-do=replay]').click()")
    wait_status(page, "replaying")
    page.evaluate("one('.run').click()")
