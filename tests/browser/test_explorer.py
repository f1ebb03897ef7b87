"""The explorer in a real browser, with real runs in worker processes."""

import pytest
from driving import head, run_to, step, wait_status

from lab.engine.registry import catalogue
from lab.engine.views import Curves, Heat, Plane

FIXED_POINT = "infeasibility-detection"


def named_views():
    """One (experiment, place) for each of the four named views, over the registry."""
    found = {}
    for entry in catalogue():
        for i, view in enumerate(entry.views):
            if view.of is not None:
                continue
            kind = None
            if isinstance(view, Curves) and view.log == "xy":
                kind = "Convergence"
            elif isinstance(view, Plane):
                kind = "Trajectory"
            elif isinstance(view, Heat) and view.beside:
                kind = "Spectrum"
            elif isinstance(view, Heat) and (view.alive or "mask" in view.sources[0]):
                kind = "Mask"
            if kind and kind not in found:
                found[kind] = (entry.name, i)
    return found


def test_question_and_controls_are_painted_before_any_script(page, address):
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{address}/explore?name={FIXED_POINT}", wait_until="domcontentloaded")
    page.get_by_role("heading", level=1).first.wait_for()
    page.faults.clear()  # the scripts were kept away on purpose


def test_the_picture_is_drawn_at_step_0_before_anything_runs(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    assert step(page) == 0
    n = page.evaluate("deep('.fig').length")
    for i in range(n):
        page.wait_for_function("i => colours(i) > 3", arg=i)


def test_run_moves_every_picture_and_pause_holds_it(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    n = page.evaluate("deep('.fig').length")
    before = [page.evaluate("i => pixels(i)", i) for i in range(n)]
    run_to(page, 50)
    for i in range(n):
        page.wait_for_function("([i, was]) => pixels(i) !== was", arg=[i, before[i]])
    wait_status(page, "paused at")
    assert step(page) == head(page) >= 50


@pytest.mark.parametrize("kind", ["Convergence", "Trajectory", "Spectrum", "Mask"])
def test_one_cursor_moves_each_of_the_four_named_views(explore, kind):
    found = named_views()
    assert kind in found, f"no experiment shows a {kind}"
    name, i = found[kind]
    page = explore(name)
    run_to(page, 30)
    at_head = page.evaluate("i => pixels(i)", i)
    page.evaluate("one('.seek').focus()")
    page.keyboard.press("Home")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '0'")
    page.wait_for_function("([i, was]) => pixels(i) !== was", arg=[i, at_head])
    assert page.evaluate("one('.kflag').textContent") == "0"
    at_start = page.evaluate("i => pixels(i)", i)
    page.keyboard.press("End")
    page.wait_for_function("([i, was]) => pixels(i) !== was", arg=[i, at_start])


def test_the_track_is_dragged_to_a_step(explore):
    page = explore(FIXED_POINT)
    run_to(page, 100)
    box = page.evaluate(
        "(() => { const b = one('.seek').getBoundingClientRect();"
        "return [b.x, b.y, b.width, b.height] })()"
    )
    page.mouse.move(box[0] + 12, box[1] + 18)
    page.mouse.down()
    page.mouse.move(box[0] + 40, box[1] + 18, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "() => Number(one('.seek').getAttribute('aria-valuenow')) <"
        " Number(one('.seek').getAttribute('aria-valuemax'))"
    )
    k = step(page)
    assert 0 < k < head(page)
    page.wait_for_function(f"() => new URLSearchParams(location.search).get('k') === '{k}'")


def test_the_cursor_comes_back_from_a_step_that_has_gone_with_its_run(explore):
    page = explore(FIXED_POINT)
    run_to(page, 30)
    page.evaluate(  # a new seed, and the cursor moved before the page has heard of the new runs
        "() => { one('[data-do=reseed]').click();"
        " document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft' })); }"
    )
    page.wait_for_function("() => one('.status').textContent.includes('ready')")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '0'")


def test_a_live_control_is_recorded_as_an_edit_and_stands_in_the_address(explore):
    page = explore(FIXED_POINT)
    run_to(page, 30)
    page.evaluate("one('[data-control=weight] .val').focus()")
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => (new URLSearchParams(location.search).get('edits') || '').includes('0.75')"
    )
    edits = page.evaluate("new URLSearchParams(location.search).get('edits')")
    # The head is read now: runs side by side come to stand at one step before an edit.
    assert edits == f'[[{head(page)},"weight",0.75]]'
    assert page.evaluate("deep('.seek title').some((t) => t.textContent.includes('weight'))")


def test_what_is_half_typed_stays_while_the_page_hears_of_its_controls(explore):
    page = explore(FIXED_POINT)
    page.evaluate("one('[data-control=weight] .val').focus()")
    page.keyboard.type("0.7")
    page.evaluate("one('[data-do=reseed]').click()")
    page.wait_for_function("() => one('[data-control=\"\"] .val').value === '1'")
    assert page.evaluate("one('[data-control=weight] .val').value") == "0.7"
    page.keyboard.press("Escape")
    assert page.evaluate("one('[data-control=weight] .val').value") == "0.5"


def test_an_arrow_key_that_is_held_down_moves_a_live_slider_by_every_press(explore):
    page = explore(FIXED_POINT)
    page.evaluate("one('.run').click()")
    page.wait_for_function("() => Number(one('.seek').getAttribute('aria-valuenow')) > 50")
    page.evaluate(  # as a keyboard repeats, whatever the server answers meanwhile
        """() => new Promise((done) => {
          const slider = one('[data-control=anchor] input[type=range]');
          let left = 40;
          const timer = setInterval(() => {
            const pressed = { key: "ArrowRight", bubbles: true };
            slider.dispatchEvent(new KeyboardEvent("keydown", pressed));
            if (!--left) { clearInterval(timer); done(); }
          }, 15);
        })"""
    )
    page.wait_for_function(
        "() => { const e = new URLSearchParams(location.search).get('edits');"
        " return e && JSON.parse(e).at(-1)[2] === 1.8 }"
    )
    assert page.evaluate("one('[data-control=anchor] .val').value") == "1.8"


def test_a_restart_control_starts_again_at_step_0(explore):
    page = explore(FIXED_POINT)
    run_to(page, 30)
    page.evaluate("one('[data-control=planes] .val').focus()")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuemax') === '0'")
    page.wait_for_function("() => location.search.includes('c.planes=7')")


def test_a_value_out_of_bounds_is_refused_with_the_bounds(explore):
    page = explore(FIXED_POINT)
    page.evaluate("one('[data-control=planes] .val').focus()")
    page.keyboard.type("70000")
    page.keyboard.press("Enter")
    page.wait_for_function("() => one('[data-control=planes] .no')")
    assert "planes goes from" in page.evaluate("one('[data-control=planes] .no').textContent")


def test_one_step_and_ten_by_key_and_silence_in_a_field(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    page.keyboard.press(".")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuemax') === '1'")
    page.keyboard.press("Shift+Period")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '11'")
    page.keyboard.press(",")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '10'")
    page.evaluate("one('[data-control=weight] .val').focus()")
    page.keyboard.press(".")
    page.keyboard.press("Escape")
    assert head(page) == 11


def test_until_stops_at_a_rule_and_says_what_it_cannot_read(explore):
    page = explore(FIXED_POINT)
    wait_status(page, "ready")
    page.keyboard.press("u")
    page.keyboard.type("angel < 1")
    page.keyboard.press("Enter")
    page.wait_for_function("() => one('.until small.no')")
    page.evaluate("one('.menu input').select()")
    page.keyboard.type("k >= 40")
    page.keyboard.press("Enter")
    wait_status(page, "paused at")
    assert head(page) == 40
    assert page.evaluate("one('.menu').hidden")


def test_a_branch_is_drawn_and_start_again_frees_it(explore):
    page = explore(f"{FIXED_POINT}&arm=Halpern")
    run_to(page, 30)
    page.evaluate("one('.seek').focus()")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("b")
    wait_status(page, "paused")
    page.evaluate("one('[data-do=numbers]').click()")
    page.wait_for_function("() => one('.numbers').textContent.includes('branch')")
    page.keyboard.press("r")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuemax') === '0'")


def test_a_preset_runs_and_is_marked(explore):
    page = explore(FIXED_POINT)
    page.keyboard.press("1")
    page.wait_for_function("() => one('.try button').getAttribute('aria-pressed') === 'true'")
    page.wait_for_function("() => Number(one('.seek').getAttribute('aria-valuemax')) > 0")
