"""The race in a real browser: methods from one start, compared at equal cost."""

import json
import re
from urllib.parse import quote

import pytest
from driving import head, ready, run_to, wait_status

PILOTS = {"infeasibility-detection": ("Picard", "Halpern"), "aitken-delta-squared": ("Plain",)}
FIXED_POINT = "infeasibility-detection"


@pytest.fixture
def race(page, address):
    """Opens a race and waits until it is there."""

    def open_page(query, base=address):
        page.goto(f"{base}/race?name={query}", wait_until="domcontentloaded")
        ready(page)
        return page

    return open_page


def order(page):
    """The methods in the order list, best first."""
    return page.evaluate("deep('.rank li').map((li) => li.querySelector('span').textContent)")


def ten_steps(page, k):
    """Ten steps more, until the cursor stands at `k`."""
    page.keyboard.press("Shift+Period")
    page.wait_for_function("k => Number(one('.seek').getAttribute('aria-valuenow')) >= k", arg=k)


def strip(page):
    return page.evaluate("pixels(1)")


@pytest.mark.parametrize("name", PILOTS)
def test_methods_run_side_by_side_in_one_frame_and_the_order_follows_the_cursor(race, name):
    page = race(name)
    for method in PILOTS[name]:
        page.wait_for_function("m => one('.rank').textContent.includes(m)", arg=method)
    before = strip(page)
    for k in (10, 20):
        ten_steps(page, k)
        wait_status(page, "paused")
    page.wait_for_function("was => pixels(1) !== was", arg=before)
    page.wait_for_function("() => /20 steps/.test(one('.rank small').textContent)")
    page.wait_for_function("() => one('.nowv').textContent === '20'")
    shown = "deep('.tri .fig').filter((f) => f.offsetParent)"
    assert page.evaluate("deep('.field li').length") == page.evaluate(f"{shown}.length")
    page.wait_for_function(f"() => {shown}.every((f) => deep('canvas', f)[0]?.report?.().frame)")
    frames = page.evaluate(
        f"{shown}.map((f) => deep('canvas', f)[0].report().frame)"
        ".map(({X, Y}) => [X.start, X.end, Y.start, Y.end])"
    )
    # one unit is as long across as up, so widths that differ by a pixel differ in their ends
    for frame in frames[1:]:
        assert frame == pytest.approx(frames[0], rel=0.02, abs=0.02 * (frame[1] - frame[0]))
    page.keyboard.press("Home")
    page.wait_for_function("() => one('.nowv').textContent === '0'")


def test_ghosts_numbers_the_dark_and_a_phone(race):
    page = race(FIXED_POINT)
    ten_steps(page, 10)
    # the other method is a ghost behind each one, without a marker of now
    page.wait_for_function(
        "() => deep('canvas', one('.fig[data-view=\"2\"]'))[0].report().n.filter((n) => n > 5)"
        ".length === 2"
    )
    heads = page.evaluate("deep('canvas', one('.fig[data-view=\"2\"]'))[0].report().heads.length")
    assert heads == 1
    page.keyboard.press("n")
    page.wait_for_function("() => one('.numbers').textContent.includes('Halpern')")
    page.wait_for_function(
        "() => one('.first .slot').getAttribute('aria-label').startsWith('Order at step')"
    )
    before = [page.evaluate("i => pixels(i)", i) for i in range(4)]
    page.keyboard.press("d")
    for i in range(4):
        page.wait_for_function("([i, was]) => pixels(i) !== was", arg=[i, before[i]])
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => getComputedStyle(one('.transport')).position === 'fixed'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("deep('.tri .fig').filter((f) => f.offsetParent).length") == 2


def test_on_an_axis_of_cost_each_picture_stands_at_its_own_step(race):
    page = race("anchored-optimism&x=evaluations")
    ten_steps(page, 10)
    own = """deep('.tri .fig').filter((f) => f.offsetParent)
      .map((f) => deep('canvas', f)[0].report().steps.at(-1))"""
    told = "deep('.rank small').map((node) => parseInt(node.textContent))"
    page.wait_for_function(
        f"""() => {{
          const own = {own}.sort((a, b) => a - b), told = {told}.sort((a, b) => a - b);
          return new Set(own).size > 1 && own.join() === told.join() && own.at(-1) === 10;
        }}"""
    )
    page.keyboard.press("i")  # by step all stand at the cursor
    page.wait_for_function(f"() => {own}.every((k) => k === 10)")


def test_the_axis_may_be_the_second(race):
    page = race(FIXED_POINT)
    run_to(page, 30)
    page.keyboard.press("s")
    page.wait_for_function("() => one('.rank').parentElement.textContent.includes('seconds')")
    page.wait_for_function("() => new URLSearchParams(location.search).get('x') === 'seconds'")
    page.keyboard.press("i")
    page.wait_for_function("() => one('.rank').parentElement.textContent.includes('steps')")


def test_an_edit_is_flagged_and_the_road_not_taken_runs_on_dotted(race):
    page = race(FIXED_POINT)
    run_to(page, 30)
    page.evaluate("one('[data-control=weight] .val').focus()")
    page.keyboard.type("0.75")
    page.keyboard.press("Enter")
    page.wait_for_function("() => deep('.ev li').length === 4")  # two edits, two roads
    names = order(page)
    assert sum("without the change" in n for n in names) == 2
    k = head(page)
    page.evaluate("""one('[data-do=step][data-n="10"]').click()""")
    page.wait_for_function(
        "k => Number(one('.seek').getAttribute('aria-valuemax')) >= k", arg=k + 10
    )
    assert page.evaluate("deep('.seek title').some((t) => t.textContent.includes('weight'))")


def test_a_method_is_refused_added_catches_up_and_leaves(race):
    page = race(FIXED_POINT)
    run_to(page, 20)
    page.evaluate("one('.add summary').click()")
    page.evaluate("one('.add .ib').click()")
    page.wait_for_function("() => one('.add .no').textContent.includes('races already')")
    page.evaluate("one('.add [name=\"c.weight\"]').value = '7'")
    page.evaluate("one('.add .ib').click()")
    page.wait_for_function("() => one('.add .no').textContent.includes('weight goes from')")
    page.evaluate("one('.add [name=\"c.weight\"]').value = ''")
    page.evaluate("one('.add [name=\"arm\"]').value = 'Halpern'")
    page.evaluate("one('.add [name=\"c.anchor\"]').value = '0.5'")
    page.evaluate("one('.add .ib').click()")
    page.wait_for_function("() => deep('.field li').length === 3")
    page.wait_for_function("() => one('.rank').textContent.includes('Halpern, anchor 0.5')")
    wait_status(page, "paused")
    page.wait_for_function("() => new URLSearchParams(location.search).get('race')")
    link = json.loads(page.evaluate("new URLSearchParams(location.search).get('race')"))
    assert link == ["Picard", "Halpern", ["Halpern", {"anchor": 0.5}]]
    assert page.evaluate("deep('.tri .fig').filter((f) => f.offsetParent).length") == 3
    page.evaluate("deep('[data-do=drop]')[0].click()")
    page.wait_for_function("() => deep('.field li').length === 2")
    assert "Picard" not in order(page)


def test_further_seeds_are_a_band_and_go_again(race):
    page = race("shuffling-lower-bounds&race=" + quote('["reshuffling","shuffle once"]'))
    run_to(page, 20)
    plot = page.evaluate("pixels(0)")
    page.evaluate("one('[data-do=seeds]').click()")
    page.wait_for_function("() => one('[data-do=seeds]').textContent === 'Without the 8 seeds'")
    page.wait_for_function("was => pixels(0) !== was", arg=plot)
    page.wait_for_function("() => new URLSearchParams(location.search).get('seeds') === '8'")
    page.evaluate("one('[data-do=seeds]').click()")
    page.wait_for_function("() => one('[data-do=seeds]').textContent === '8 seeds'")


def test_the_table_counts_to_a_number_in_steps_and_time(race):
    page = race("aitken-delta-squared")  # every method arrives exactly
    run_to(page, 40)
    page.wait_for_function("() => one('[data-fill=reach] table')")
    assert page.evaluate("one('[data-fill=reach] h2').textContent").startswith("To reach ")
    page.evaluate("one('[name=to]').value = '-1'")
    page.evaluate("one('[data-form=reach] .ib').click()")
    page.wait_for_function("() => one('[data-fill=reach] table').textContent.includes('not by')")
    page.wait_for_function("() => new URLSearchParams(location.search).get('to') === '-1'")
    page.evaluate("one('[name=to]').value = 'soon'")
    page.evaluate("one('[data-form=reach] .ib').click()")
    page.wait_for_function("() => one('[data-form=reach] .no').textContent.includes('a number')")


def test_a_link_opens_the_same_race(race):
    field = quote('["Picard",["Halpern",{"anchor":0.5}]]')
    page = race(f"{FIXED_POINT}&seed=3&k=25&to=0.01&race={field}")
    page.wait_for_function("() => one('.seek').getAttribute('aria-valuenow') === '25'")
    page.wait_for_function("() => one('.rank').textContent.includes('Halpern, anchor 0.5')")
    query = page.evaluate("location.search")
    for part in ("seed=3", "k=25", "to=0.01", f"race={field}"):
        assert part in query


def test_a_hostile_link_opens_on_the_field_and_says_what_it_left_out(race, address):
    field = quote('["Picrad",{"__class__":1}]')
    page = race(f"{FIXED_POINT}&race={field}&to=now&seeds=900&evil=<script>alert(1)</script>")
    text = page.evaluate("one('.bars').textContent")
    assert text.startswith("Left out of the link: ") and "did you mean 'Picard'" in text
    assert page.evaluate("deep('.bars script').length") == 0
    page.wait_for_function("() => deep('.field li').length === 2")
    page.goto(f"{address}/race?name=infeasability-detektion")
    assert page.get_by_role("heading", level=1).inner_text() == "No such experiment"
    assert page.get_by_role("link", name=re.compile(FIXED_POINT)).count() == 1


def test_an_experiment_without_arms_races_with_what_is_added(race):
    page = race("progress-measures&c.p=11&c.width=32")
    page.wait_for_function("() => one('.rank').textContent.includes('as set')")
    page.evaluate("one('.add summary').click()")
    page.evaluate("one('.add [name=\"c.decay\"]').value = '0'")
    page.evaluate("one('.add .ib').click()")
    page.wait_for_function("() => one('.rank').textContent.includes('decay 0')")
