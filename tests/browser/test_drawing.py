"""The pictures themselves: what a canvas draws, says of itself, and answers to a hand."""

import json

import pytest
from driving import ready, run_to, step

NAME = "infeasibility-detection"  # a plane and two stacked pictures of curves
STACKED = "progress-measures&seed=1"  # curves above and below a heat map

HELPERS = """
window.canvasOf = (i) => window.deep("canvas", window.one(`.fig[data-view="${i}"]`))[0];
window.reportOf = (i) => window.canvasOf(i)?.report?.();
window.ready = (i) => {
  const found = window.reportOf(i);
  return Boolean(found?.frame && found.n.some((n) => n > 0));
};
// whether a pixel near (x, y), in CSS pixels of the canvas, has the colour of a token
window.hasColour = (i, token, x, y, reach = 6) => {
  const canvas = window.canvasOf(i), scale = canvas.width / canvas.clientWidth;
  const hex = getComputedStyle(canvas).getPropertyValue("--" + token).trim();
  const wanted = [1, 3, 5].map((p) => parseInt(hex.slice(p, p + 2), 16));
  const side = Math.ceil(2 * reach * scale), corner = [x, y].map((p) => (p - reach) * scale);
  const { data } = canvas.getContext("2d").getImageData(...corner, side, side);
  for (let p = 0; p < data.length; p += 4)
    if (data[p + 3] > 200 && wanted.every((v, c) => Math.abs(v - data[p + c]) < 12)) return true;
  return false;
};
const last = {};
window.still = (i) => {   // whether it looks as it did when last asked
  const now = window.pixels(i), was = last[i];
  last[i] = now;
  return now === was;
};
window.exportOf = (index, format) => new Promise((give) => {
  const ident = Object.keys(window.labCursor)[0];
  window.dispatchEvent(new CustomEvent("lab-export", { detail: { ident, index, format, give } }));
});
window.exported = async (index, format) => {
  const blob = await window.exportOf(index, format);
  return format === "svg" ? blob.text() : blob.size;
};
"""

CORNER = "[canvasOf({}).getBoundingClientRect()].flatMap((b) => [b.x, b.y])"


def rest(page, *views):
    """Waits until the pictures have stopped changing: labels find their places at rest."""
    for i in views:
        page.wait_for_function(f"still({i})", polling=250)


def report(page, i):
    return page.evaluate(f"reportOf({i})")


@pytest.fixture
def pictures(page, explore):
    """An explorer that has run a little and rests, with helpers to look at its canvases."""

    def open_page(name=NAME, k=100, views=(0, 1, 2)):
        page.add_init_script(HELPERS)
        explore(name)
        run_to(page, k)
        for i in views:
            page.wait_for_function(f"ready({i})")
        return page

    return open_page


def test_curves_are_drawn_up_to_the_cursor(pictures):
    page = pictures()
    found = report(page, 1)
    assert found["k"] == step(page) and all(n > 10 for n in found["n"])
    for (x, y), token in zip(found["heads"], "ab"):
        assert page.evaluate(f"hasColour(1, 'now', {x}, {y})")
        assert page.evaluate(f"hasColour(1, '{token}', {x}, {y}, 12)")


def test_the_plane_draws_its_paths(pictures):
    page = pictures()
    heads = report(page, 0)["heads"]
    assert len(heads) == 2
    assert page.evaluate("([x, y]) => hasColour(0, 'now', x, y)", heads[0])


def test_labels_do_not_overlap_at_the_start(page, explore):
    page.add_init_script(HELPERS)
    explore(NAME)
    page.wait_for_function("ready(1) && reportOf(1).labels.length > 1")
    boxes = report(page, 1)["labels"]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_the_cursor_moves_every_picture_without_the_server(pictures):
    page = pictures()
    page.context.set_offline(True)
    page.evaluate(
        "dispatchEvent(new CustomEvent('lab-cursor',"
        " {detail: {ident: Object.keys(labCursor)[0], k: 7}}))"
    )
    page.wait_for_function("[0, 1, 2].every((i) => reportOf(i).k === 7)")
    page.wait_for_function("reportOf(1).heads[0][0] < reportOf(1).frame.right - 20")
    page.context.set_offline(False)


def test_under_the_pointer_a_rule_goes_through_the_stack(pictures):
    page = pictures()
    frame = report(page, 1)["frame"]
    box = page.evaluate(CORNER.format(1))
    x, y = frame["left"] + 0.4 * frame["wide"], frame["top"] + 0.5 * frame["tall"]
    rest(page, 1, 2)
    before = page.evaluate("[pixels(1), pixels(2)]")
    page.mouse.move(box[0] + x, box[1] + y)
    page.wait_for_function("([a, b]) => pixels(1) !== a && pixels(2) !== b", arg=before)
    page.mouse.move(5, 5)
    page.wait_for_function("([a, b]) => pixels(1) === a && pixels(2) === b", arg=before)


def test_ctrl_and_the_wheel_zoom_a_stack_and_a_double_click_shows_all_again(pictures):
    page = pictures()
    before = report(page, 1)["frame"]["X"]
    box = page.evaluate(CORNER.format(1))
    frame = report(page, 1)["frame"]
    page.mouse.move(box[0] + frame["left"] + 50, box[1] + frame["top"] + 50)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function("end => reportOf(1).frame.X.end < end", arg=before["end"])
    page.wait_for_function("reportOf(2).frame.X.end === reportOf(1).frame.X.end")
    page.mouse.dblclick(box[0] + frame["left"] + 50, box[1] + frame["top"] + 50)
    page.wait_for_function("end => reportOf(2).frame.X.end === end", arg=before["end"])


def test_pictures_become_files(pictures):
    page = pictures()
    for i in range(3):
        assert page.evaluate(f"exported({i}, 'png')") > 5_000
        text = page.evaluate(f"exported({i}, 'svg')")
        assert text.startswith("<svg") and "<path" in text and "<text" in text
        valid = (
            "t => !new DOMParser().parseFromString(t, 'image/svg+xml').querySelector('parsererror')"
        )
        assert page.evaluate(valid, text)
    assert "Halpern" in page.evaluate("exported(1, 'svg')")


def test_a_stack_of_curves_and_a_heat_map_has_one_frame_and_one_cursor(pictures):
    page = pictures(STACKED, 100, views=())
    live = "one(`.fig[data-view='${i}']`) && !one(`.fig[data-view='${i}'] .ask`)"  # of no study
    curves = page.evaluate(f"[...Array(9).keys()].filter((i) => {live})")
    curves = [i for i in curves if (report(page, i) or {}).get("heads") is not None]
    for i in curves:
        page.wait_for_function(f"reportOf({i}).frame && reportOf({i}).n.every((n) => n > 0)")
    frames = [r["frame"] for r in (report(page, i) for i in curves) if r.get("frame")]
    steps = [f for f in frames if not f["X"]["log"] and f["X"]["start"] == 0]
    assert len(steps) >= 2
    assert len({json.dumps([f["left"], f["right"], f["X"]["end"]]) for f in steps}) == 1


def test_another_theme_is_drawn_with_the_same_data(pictures):
    page = pictures()
    rest(page, 0, 1)
    before = page.evaluate("[pixels(0), pixels(1)]")
    counts = report(page, 1)["n"]
    page.keyboard.press("d")
    page.wait_for_function("([a, b]) => pixels(0) !== a && pixels(1) !== b", arg=before)
    found = report(page, 1)
    assert found["n"] == counts
    (x, y), *_ = found["heads"]
    page.wait_for_function("([x, y]) => hasColour(1, 'now', x, y)", arg=[x, y])


def test_the_start_is_dragged_and_new_runs_begin_there(page, circling):
    page.add_init_script(HELPERS)
    page.goto(f"{circling}/explore?name=Circling", wait_until="domcontentloaded")
    ready(page)
    run_to(page, 50)
    page.wait_for_function("ready(0) && reportOf(0).ring")
    rest(page, 0)
    left, top = page.evaluate(CORNER.format(0))
    x, y = report(page, 0)["ring"]
    to = [x - 40, y - 60]
    place = "([x, y]) => [reportOf(0).frame.X.back(x), reportOf(0).frame.Y.back(y)]"
    wanted = page.evaluate(place, to)
    page.mouse.move(left + x, top + y)
    page.mouse.down()
    page.mouse.move(left + to[0], top + to[1], steps=4)
    page.mouse.up()
    page.wait_for_function(
        """(wanted) => {
          const q = new URLSearchParams(location.search), at = [q.get("c.x"), q.get("c.y")];
          return at.every((v, i) => v !== null && Math.abs(Number(v) - wanted[i]) < 0.01);
        }""",
        arg=wanted,
    )
    page.wait_for_function("one('.seek').getAttribute('aria-valuemax') === '0'")
    shown = page.evaluate("Number(one('[data-control=x] .val').value)")
    assert shown == pytest.approx(wanted[0], abs=0.01)


def test_a_mask_flashes_sorts_zooms_and_tells_a_weight(page, explore):
    page.add_init_script(HELPERS)
    explore("global-magnitude-pruning&arm=Global&seed=1")
    for k in (10, 20):  # of the cut's 100: a run would be over them before it could be paused
        page.keyboard.press("Shift+Period")
        page.wait_for_function("k => reportOf(0).k === k", arg=k)
    page.wait_for_function("reportOf(0).flips[0]")
    page.wait_for_function("!reportOf(0).fading")  # what the steps before have marked
    rest(page, 0)
    (box,) = report(page, 0)["boxes"]
    plain = page.evaluate("pixels(0)")
    button = page.get_by_role("button", name="sort by survivors")
    button.click()
    page.wait_for_function("reportOf(0).sorted")
    rest(page, 0)
    assert button.get_attribute("aria-pressed") == "true" and page.evaluate("pixels(0)") != plain
    button.click()
    page.wait_for_function("was => !reportOf(0).sorted && pixels(0) === was", arg=plain)
    left, top = page.evaluate(CORNER.format(0))
    place = left + 0.8 * box[0] + 0.2 * box[2], top + (box[1] + box[3]) / 2
    page.mouse.move(*place)
    page.wait_for_function("/gone|since the start/.test(reportOf(0).cell)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    page.wait_for_function("reportOf(0).zoom?.x[1] - reportOf(0).zoom?.x[0] < 0.5")
    assert "<image" in page.evaluate("exported(0, 'svg')")
    page.mouse.dblclick(*place)
    page.wait_for_function("!reportOf(0).zoom")
