"""The sweep in a real browser: a map of runs that fills, is read, and opens as runs."""

import re
from urllib.parse import quote

import pytest
from driving import ready

PILOTS = {
    "infeasibility-detection": ["weight", "anchor"],
    "shuffling-lower-bounds": ["pace", "bend"],
}
SMALL = "points=4&steps=30"


@pytest.fixture
def sweep(page, address):
    """Opens a sweep and waits until it is there."""

    def open_page(query, base=address):
        page.goto(f"{base}/sweep?name={query}", wait_until="domcontentloaded")
        page.wait_for_function("() => !document.getElementById('lab-first') && one('.run')")
        page.wait_for_function("() => deep('canvas', one('.map'))[0]?.report?.().map")
        return page

    return open_page


def report(page):
    return page.evaluate("deep('canvas', one('.map'))[0].report()")


def choose(page, key, value):
    page.evaluate(
        "([key, value]) => { const s = one(`select[data-do=${key}]`); s.value = value;"
        " s.dispatchEvent(new Event('change', { bubbles: true })); }",
        [key, value],
    )


def fill(page):
    """Fills the map to its end: asked again whenever it says that it rests."""
    page.wait_for_function(
        """() => {
          const run = one('.run'), said = one('.status').textContent.trim();
          if (said === 'filled') return true;
          if (run.dataset.verb === 'run' && window.rested !== said) run.click();
          window.rested = said;
          return false;
        }"""
    )


def kinds(page):
    return report(page)["map"]["kinds"]


@pytest.mark.parametrize("name", PILOTS)
def test_a_link_without_axes_opens_on_two_that_make_sense(sweep, name):
    page = sweep(f"{name}&{SMALL}")
    x, y = PILOTS[name]
    page.wait_for_function(
        "([x, y]) => location.search.includes(`x=${x}&y=${y}`)", arg=PILOTS[name]
    )
    assert page.evaluate("x => one('select[data-do=x]').value === x", x)
    assert page.evaluate("x => !one(`[data-control=${x}]`).offsetParent", x)


def test_a_new_choice_ends_the_old_one_at_once(sweep):
    page = sweep("progress-measures&x=lr&y=decay&points=8&steps=3000&c.p=11&c.width=32")
    page.wait_for_function("() => one('.run').dataset.verb === 'pause'")
    choose(page, "points", "4")
    page.wait_for_function("() => location.search.includes('points=4')")
    assert report(page)["map"]["nx"] == 4
    assert page.evaluate("one('[data-fill=done]').textContent").endswith("of 16 cells")
    page.wait_for_function("() => one('.run').dataset.verb === 'pause'")
    page.evaluate("one('.run').click()")
    page.wait_for_function("() => /^(ready|stopped)/.test(one('.status').textContent.trim())")


def test_diverged_cells_have_a_pattern_of_their_own(sweep):
    page = sweep("anchored-optimism&arm=Descent&x=rate&y=slowest&points=2&steps=100")
    fill(page)
    assert kinds(page) == [1, 3] * 2
    cells = "deep('canvas', one('.map'))[0]"
    # stripes: a diverged cell shows its colour and the stage, a cell with a value one colour
    seen = page.evaluate(
        f"""(() => {{
          const canvas = {cells}, f = canvas.report().frame, scale = devicePixelRatio;
          const inside = (i) => {{
            const x = (f.left + (i + 0.25) * f.w) * scale, y = (f.top + 0.25 * f.h) * scale;
            const size = [f.w / 2 * scale, f.h / 2 * scale];
            const data = canvas.getContext("2d").getImageData(x, y, ...size).data;
            return new Set(new Uint32Array(data.buffer)).size;
          }};
          return [inside(0), inside(1)];
        }})()"""
    )
    assert seen[0] == 1 < seen[1]
    page.evaluate("deep('[role=application]')[0].focus()")
    page.keyboard.press("End")
    page.wait_for_function("() => /diverged at [0-9]+/.test(deep('.read')[0].textContent)")
    assert "diverged" in page.evaluate("one('[data-fill=table]').textContent")


def test_slow_cells_are_told_from_the_others_by_a_rule(sweep):
    until = quote("error < 1e-3")
    page = sweep(
        f"infeasibility-detection&x=weight&y=none&show=steps&until={until}&points=4&steps=30"
    )
    page.wait_for_function("() => one('.until').offsetParent")
    fill(page)
    before = report(page)["map"]
    page.evaluate("one('.until input').value = 'error < 1e-30'")
    page.evaluate("one('.until').requestSubmit()")
    page.wait_for_function(
        "() => new URLSearchParams(location.search).get('until') === 'error < 1e-30'"
    )
    fill(page)
    assert kinds(page) == [2, 2, 2, 2] != before["kinds"]
    page.evaluate("one('.until input').value = 'eror < 1'")
    page.evaluate("one('.until').requestSubmit()")
    page.wait_for_function("() => one('.until .no').textContent.includes('did you mean')")


def test_a_map_fills_and_the_keyboard_reads_a_cell_and_opens_it(sweep):
    page = sweep(f"infeasibility-detection&x=weight&y=anchor&{SMALL}&seed=2")
    fill(page)
    found = report(page)["map"]
    assert (found["nx"], found["ny"]) == (4, 4)
    assert all(found["kinds"])
    assert len({v for v in found["values"] if v}) > 1
    page.wait_for_function("() => one('[data-fill=done]').textContent === '16 of 16 cells'")
    page.evaluate("deep('[role=application]')[0].focus()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("() => deep('.read')[0].textContent.includes('after 30 steps')")
    text = page.evaluate("deep('.read')[0].textContent")
    assert text.startswith("weight 0.367, anchor 0.667: ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explore?name=infeasibility-detection*")
    ready(page)
    query = page.evaluate("location.search")
    assert "seed=2" in query and "c.weight=0.36" in query and "c.anchor=0.66" in query


def test_the_pointer_reads_a_cell_and_a_click_opens_it(sweep):
    page = sweep(f"shuffling-lower-bounds&x=pace&y=bend&{SMALL}")
    fill(page)
    box, frame = page.evaluate(
        "(() => { const c = deep('canvas', one('.map'))[0], b = c.getBoundingClientRect();"
        " return [[b.x, b.y], c.report().frame] })()"
    )
    x, y = box[0] + frame["left"] + 5, box[1] + frame["top"] + 5
    page.mouse.move(x, y)
    page.wait_for_function("() => deep('.read')[0].textContent.includes('bend 10')")
    assert report(page)["focus"] == [0, 3]
    page.mouse.click(x, y)
    page.wait_for_url("**/explore?name=shuffling-lower-bounds*")


def test_choices_stand_in_the_address_and_act_at_once(sweep):
    page = sweep("infeasibility-detection&x=weight&y=gap&points=4&steps=30&seed=1&c.planes=7")
    for part in ("x=weight", "y=gap", "points=4", "steps=30", "seed=1", "c.planes=7"):
        page.wait_for_function("part => location.search.includes(part)", arg=part)
    choose(page, "x", "gap")
    # the other axis would be the same control: they are exchanged
    page.wait_for_function("() => /x=gap&y=weight/.test(location.search)")
    choose(page, "y", "none")
    page.wait_for_function("() => location.search.includes('y=none')")
    fill(page)
    assert report(page)["map"]["ny"] == 1
    assert page.evaluate("colours(0)") > 3  # a curve with its points
    page.evaluate("one('[data-control=planes] .val').focus()")
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('c.planes=6')")
    fill(page)
    page.keyboard.press("n")
    page.wait_for_function("() => deep('.numbers td').length === 5")
    before = page.evaluate("pixels(0)")
    page.keyboard.press("d")
    page.wait_for_function("was => pixels(0) !== was", arg=before)
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function("() => getComputedStyle(one('.transport')).position === 'fixed'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_a_link_got_wrong_is_said_with_what_was_perhaps_meant(sweep, address):
    page = sweep("infeasibility-detection&x=wieght&y=nope&show=zz&points=900&steps=-1&until=(")
    text = page.evaluate("one('.bars').textContent")
    assert text.startswith("Left out of the link: ") and "did you mean 'weight'" in text
    page.goto(f"{address}/sweep?name=shufling-lower-bounds")
    assert page.get_by_role("heading", level=1).inner_text() == "No such experiment"
    assert page.get_by_role("link", name=re.compile("shuffling-lower-bounds")).count() == 1
