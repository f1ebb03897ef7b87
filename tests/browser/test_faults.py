"""What goes wrong and what a person sees of it: lost connections, dead servers, dead workers."""

import tempfile

import pytest
from driving import (
    COUNT,
    SERVE,
    Relay,
    head,
    kill_workers,
    ready,
    run_to,
    server,
    sessions,
    status,
    step,
    wait_status,
)

from lab.ui import serve

NAME = "infeasibility-detection"
RUN_ON = "() => Number(one('.seek').getAttribute('aria-valuemax')) > {}"


def open_page(page, base, query):
    page.goto(f"{base}/explore?name={query}", wait_until="domcontentloaded")
    ready(page)
    wait_status(page, "ready")


@pytest.mark.parametrize(("name", "said"), [(NAME, "paused at"), ("Circling", "running")])
def test_a_cut_connection_says_so_and_rejoins_the_same_run(page, circling, name, said):
    relay = Relay(circling)
    try:
        open_page(page, relay.address, name)
        run_to(page, 20)
        if said == "running":  # the cable is cut in the middle of some message
            page.evaluate("one('.run').click()")
            page.wait_for_function(RUN_ON.format(head(page) + 20))
        # the cursor stands where every run has come, which may be short of the furthest one
        before, known = step(page), page.evaluate("document.documentElement.dataset.labPage")
        relay.cut()
        wait_status(page, "reconnecting, your run goes on")
        assert page.evaluate("one('.run').disabled")
        assert page.evaluate("one('.lab').classList.contains('lost')")
        assert page.evaluate("one('.rail').inert")  # nothing is set that nobody hears of
        assert step(page) >= before  # the cursor is kept
        relay.mend()
        wait_status(page, said)
        assert head(page) >= before
        assert page.evaluate("document.documentElement.dataset.labPage") == known
        assert page.evaluate("one('.bars').textContent") == ""
        assert page.evaluate("!one('.lab').classList.contains('lost') && !one('.rail').inert")
        if said == "running":
            page.wait_for_function(RUN_ON.format(head(page)))
        else:
            run_to(page, before + 1)
    finally:
        relay.close()
    page.faults.clear()  # the browser itself reports the lost socket


def test_a_server_that_was_killed_and_started_again_makes_the_run_anew_and_says_so(page):
    with server() as (base, process):
        open_page(page, base, f"{NAME}&seed=4")
        run_to(page, 20)
        before = head(page)
        process.kill()
        wait_status(page, "reconnecting, your run goes on")
    with server(port=base.rsplit(":", 1)[1]):
        page.wait_for_function("() => one('.bars')?.textContent.includes('started again')")
        page.wait_for_function(
            "k => Number(one('.seek').getAttribute('aria-valuenow')) >= k", arg=before
        )
        assert "seed=4" in page.evaluate("location.search")
    page.faults.clear()  # the browser itself reports the lost socket


def test_a_worker_killed_in_mid_run_costs_a_line_and_no_step(page):
    with server() as (base, process):
        open_page(page, base, NAME)
        page.evaluate("one('.run').click()")
        page.wait_for_function(RUN_ON.format(100))
        kill_workers(process)
        page.wait_for_function("() => one('.bars').textContent.includes('nothing that was set')")
        before = head(page)
        if page.evaluate("one('.run').dataset.verb") == "run":  # it waits for a person
            page.evaluate("one('.run').click()")
        page.wait_for_function(RUN_ON.format(before))


def test_two_hundred_slider_events_a_second_end_at_the_last_value(explore):
    page = explore(NAME)
    page.evaluate("one('.run').click()")
    page.wait_for_function(RUN_ON.format(50))
    shown = page.evaluate(  # as the hand leaves it, whatever the server still answers
        """() => new Promise((done) => {
          const slider = one('[data-control=anchor] input[type=range]');
          let sent = 0;
          const timer = setInterval(() => {
            slider.value = String(200 + 2 * sent);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            if (++sent < 200) return;
            clearInterval(timer);
            slider.dispatchEvent(new Event("change", { bubbles: true }));
            done(one('[data-control=anchor] .val').value);
          }, 5);
        })"""
    )
    page.wait_for_function(
        "v => { const e = new URLSearchParams(location.search).get('edits');"
        " return e && JSON.parse(e).at(-1)[2] === Number(v) }",
        arg=shown,
    )
    assert status(page).startswith("running")
    assert page.evaluate("deep('[data-control=anchor] .no').length") == 0


def test_a_closed_tab_frees_its_run_and_leaves_no_line_in_the_log(context, page):
    assert serve.UNUSED_MS + serve.CHECK_MS < 60_000
    with tempfile.TemporaryFile("w+") as log:
        with server(code=COUNT + SERVE, errors=log) as (base, process):
            open_page(page, base, NAME)
            assert sessions(process) == 2
            page.evaluate("one('.run').click()")
            page.wait_for_function(RUN_ON.format(100))
            page.close()
            other = context.new_page()  # a page that asks is how a test waits without sleeping
            other.goto(base)
            for _ in range(240):
                if not sessions(process):
                    break
                other.evaluate("() => new Promise((done) => setTimeout(done, 250))")
            assert sessions(process) == 0
            other.close()
        log.seek(0)
        assert "closed" not in log.read().lower()
