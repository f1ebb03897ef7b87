"""Every other kind of picture, on the data of a small run."""

import numpy as np
import pytest
import xarray as xr
from fakes import lane, run_to, shared, told

from lab.engine.pictures import pack
from lab.engine.views import (
    Bars,
    Curves,
    Graph,
    Heat,
    Hist,
    Images,
    Mask,
    Plane,
    Profile,
    Spectrum,
    Table,
    Timeline,
    Trajectory,
)
from lab.views import board, make
from lab.views.canvas import codes, colours
from lab.views.graph import spring
from lab.views.ranges import Box

VIEWS = [
    Curves("residual"), Spectrum("spectrum", y="frequency"), Heat("pic.weights", signed=True),
    Mask("pic.mask"), Mask("pic.weights", alive="pic.alive"),
    Trajectory("place", field="pic.arrows"),
    Plane("pic.points", trails=True), Plane("pic.spot"), Profile("pic.signal"), Profile("spectrum"),
    Hist("pic.sample", theory="pic.theory"), Bars("spectrum"), Bars("spectrum", log=True),
    Graph("pic.values", edges="pic.edges", layout="spring"), Images("pic.images"),
    Table("residual", "evals", "spectrum"), Table("pic.said"), Timeline("pic.gantt"),
]  # fmt: skip


def drawn(view, *lanes, k=None):
    page = shared(view)
    renderer = make(view, page.entry, page)
    page.move(lanes[0].head if k is None else k)
    renderer.set_lanes(lanes)
    renderer.cursor(page.k)
    return renderer


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: f"{v.kind}-{v.sources[0]}")
def test_every_kind_draws_runs_switches_theme_and_speaks(view):
    page = shared(view)
    renderer = make(view, page.entry, page)
    empty = lane(-1)
    renderer.set_lanes([empty])
    renderer.cursor(0)
    assert renderer.summary().endswith(".")
    renderer.numbers()
    first, second = lane(0, "one"), lane(0, "two", 1)
    renderer.set_lanes([first, second])
    for last in (1, 40, 90):
        page.move(last)
        for i, run in enumerate((first, second)):
            run_to(run, last)
            renderer.feed(i)
        renderer.cursor(last)
    for k in (90, 10, 0):
        page.move(k)
        renderer.cursor(k)
    renderer.cursor(10, {0: {}})
    page.dark = True
    renderer.theme(True)
    renderer.axis("k")
    assert renderer.summary().endswith(".") and renderer.title
    columns, rows = renderer.numbers()
    assert all(len(row) == len(columns) for row in rows)
    assert all(isinstance(cell, str) for row in rows for cell in row)


def test_a_board_makes_all_views_and_leaves_room_for_the_bars():
    page, renderers = board(shared(*VIEWS[:3]).entry)
    assert page.right == 118 and len(renderers) == 3
    assert page.neighbours(renderers[0]) == (False, True)
    assert page.flagged(renderers[1]) and not page.flagged(renderers[0])


def test_a_spectrum_streams_columns_and_is_bounded():
    run = lane(20)
    renderer = drawn(Spectrum("spectrum"), run)
    messages = told(renderer)
    run_to(run, 24)
    renderer.feed(0)
    assert [m["kind"] for m in messages] == ["columns"]
    assert len(messages[0]["v"]) == 4 * 8 and not messages[0]["whole"]
    run_to(run, 60_000)
    renderer.feed(0)
    sizes = [len(m["v"]) // 8 for m in messages if m["kind"] == "columns"]
    assert max(sizes) <= 1_000


def test_a_scale_grows_and_never_shrinks():
    run = lane(10)
    renderer = drawn(Spectrum("spectrum"), run)
    assert renderer.scale == (0.0, 10.0)
    run_to(run, 200)
    renderer.feed(0)
    high = renderer.scale[1]
    renderer.redraw()
    assert high == renderer.scale[1] == 30.0


def test_a_mask_travels_as_bits():
    run = lane(10)
    renderer = drawn(Mask("pic.mask"), run)
    frame = renderer._frames[0]
    assert len(frame["bits"]) == 16 * 16 // 8 and frame["values"] is None
    assert " left" in frame["said"]


def test_a_canvas_that_asks_gets_everything():
    renderer = drawn(Mask("pic.weights", alive="pic.alive"), lane(10, "one"), lane(10, "two", 1))
    messages = told(renderer)
    renderer.canvas._handle_msg({"ready": True})
    assert [m["kind"] for m in messages] == ["plan", "frame", "frame"]
    assert [p["label"] for p in messages[0]["panels"]] == ["one", "two"]


def test_nothing_is_sent_when_the_picture_is_the_same():
    run = lane(10)
    renderer = drawn(Heat("pic.weights"), run)
    messages = told(renderer)
    renderer.cursor(10)
    assert messages == []


def test_the_picture_of_now_is_drawn_at_the_head():
    run = lane(10)
    run.live = pack({"weights": np.full((6, 8), 2.0)})
    renderer = drawn(Heat("pic.weights"), run, k=10)
    assert renderer._exact[0][0][0, 0] == 2.0


def test_an_exact_picture_is_preferred():
    renderer = drawn(Heat("pic.weights"), lane(10), k=5)
    renderer.cursor(5, {0: {"weights": np.full((6, 8), 7.0)}})
    assert renderer._exact[0][0][0, 0] == 7.0


def test_values_become_bytes_with_zero_for_missing():
    found = np.frombuffer(codes([-1.0, 0.0, 1.0, np.nan, 9.0], -1.0, 1.0), np.uint8)
    assert list(found) == [1, 128, 255, 0, 255]


def test_a_map_of_a_study():
    grid = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("b", "a"))
    data = xr.Dataset({"gap": grid}, {"a": [1, 2, 3, 4], "b": [0.1, 0.2, 0.3]})
    renderer = drawn(Heat("gap", x="a", y="b", of="sweep"), lane())
    renderer.set_study(data)
    assert (renderer._frames[0]["rows"], renderer._frames[0]["columns"]) == (3, 4)
    columns, rows = renderer.numbers()
    assert columns[1:] == ["1.00", "2.00", "3.00", "4.00"] and rows[0][1] == "0"


def test_a_path_streams_and_its_frame_only_grows():
    run = lane(5)
    renderer = drawn(Trajectory("place"), run)
    x0, x1, y0, y1 = renderer.box.bounds(True)
    messages = told(renderer)
    run_to(run, 80)
    renderer.feed(0)
    u0, u1, v0, v1 = renderer.box.bounds(True)
    assert u0 <= x0 and u1 >= x1 and v0 <= y0 and v1 >= y1
    rows = [m for m in messages if m["kind"] == "rows"]
    assert [m["parts"] for m in rows] == [[{"i": 0, "n": 75, "whole": False}]]
    assert len(renderer.paths[0].k) == 81


def test_paths_are_told_apart_by_method_and_quantity():
    named = [path.label for path in drawn(Trajectory("place", "pic.spot"), lane(5)).paths]
    assert named == ["place", "spot"]
    pair = drawn(Trajectory("place", "pic.spot"), lane(5, "one"), lane(5, "two", 1))
    named = [path.label for path in pair.paths]
    assert named == ["one", "one, spot", "two", "two, spot"]


def test_dragging_the_start_tells_the_page():
    renderer = drawn(Trajectory("place", start=("x0", "y0")), lane(5))
    heard = []
    renderer.on_start = heard.append
    renderer.canvas._handle_msg({"start": [2.0, 3.0]})
    renderer.canvas._handle_msg({"start": [float("nan"), 3.0]})
    for nonsense in ("here", ["a", "b"], [1.0], [None, 2.0], [[1.0], 2.0]):
        renderer.canvas._handle_msg({"start": nonsense})
    assert heard == [{"x0": 2.0, "y0": 3.0}]


def test_planes_may_share_what_they_show():
    page = shared(Trajectory("place"), Plane("pic.points"))
    page.planes = Box()
    first, second = (make(view, page.entry, page) for view in page.entry.views)
    first.set_lanes([lane(5)])
    messages = told(first)
    second.set_lanes([lane(5)])
    assert first.box is second.box
    assert messages[-1]["kind"] == "plan" and messages[-1]["x"] == first._plan()["x"]


def test_a_ghost_is_a_thin_path_without_a_name():
    ghost = lane(40, "earlier", power=2)
    ghost.ghost = True
    renderer = drawn(Trajectory("place"), lane(10, "one"), lane(10, "two", 1), ghost)
    first = renderer._plan()["paths"][0]
    assert (first["ghost"], first["color"], first["label"]) == (True, "ink3", "")
    assert "earlier" not in renderer.summary()


def test_points_are_coloured_by_where_they_stand_on_what_goes_round():
    run = lane(3)
    hue = np.array([0.0, 0.51, 0.999, 1.0, -0.01])
    run.live = pack({"points": np.zeros((5, 2)), "hue": hue})
    renderer = drawn(Plane("pic.points", hue="pic.hue"), run)
    (mark,) = renderer.layers.all()[0]["marks"]
    assert list(mark["pick"]) == [0, 6, 11, 0, 11]
    assert [mark["colors"][i] for i in (0, 11)] == ["wheel0", "wheel11"]
    assert {"wheel0", "wheel11"} <= set(colours(dark=True))
    several = drawn(Plane("pic.points", hue="pic.hue"), run, lane(3, "other", 1))
    assert "pick" not in several.layers.all()[0]["marks"][0]


def test_a_plane_may_show_a_circle_before_there_is_one():
    renderer = drawn(Plane("pic.points", reach=1.0), lane(3))
    before = renderer._plan()["x"]
    assert before[0] < -1 and before[1] > 1
    renderer.box.see([(0.99, -0.99)])
    assert renderer._plan()["x"] == before


def test_a_plane_is_filled_behind_its_points_over_the_square_of_its_reach():
    run = lane(3)
    run.live = pack({"points": np.zeros((5, 2)), "map": np.array([[0.0, 0.25], [0.5, 1.0]])})
    renderer = drawn(Plane("pic.points", fill="pic.map", reach=2.0), run)
    mark = next(m["marks"][0] for m in renderer.layers.all() if m["layer"] == "fill")
    assert (mark["kind"], mark["far"], mark["n"]) == ("map", 2.0, 2)
    assert list(np.frombuffer(mark["values"])) == [0.0, 0.25, 0.5, 1.0]
    assert renderer._plan()["x"][0] < -2 and "pic.map" in renderer.view.names()


def test_both_axes_of_a_plane_have_their_names():
    renderer = drawn(Plane("pic.points", equal=False, x="share kept", y="lost"), lane(3))
    plan = renderer._plan()
    assert (plan["below"], plan["aside"]) == ("share kept", "lost")


def test_several_matrices_are_called_by_their_labels():
    view = Heat("pic.weights", "pic.mask", labels=("number × neuron",))
    renderer = drawn(view, lane(3))
    assert [p["label"] for p in renderer._plan()["panels"]] == ["number × neuron", "mask"]
    assert [row[0] for row in renderer.numbers()[1]] == ["number × neuron", "mask"]


def test_many_points_are_thinned():
    run = lane(3)
    run.live = pack({"points": np.zeros((20_000, 2))})
    renderer = drawn(Plane("pic.points"), run)
    assert len(renderer.shown[0]) == 4_000


def test_a_histogram_has_area_one():
    renderer = drawn(Hist("pic.sample", bins=30), lane(3))
    (mark,) = renderer.layers.all()[0]["marks"]
    x, y = np.frombuffer(mark["values"]).reshape(2, -1)
    area = np.sum(np.diff(x) * y[1:])
    assert area == pytest.approx(1.0, abs=0.02)


def test_few_bars_lie_and_many_stand():
    renderer = drawn(Bars("spectrum", labels=("low", "next")), lane(3))
    plan = renderer._plan()
    assert not plan["upright"] and plan["names"][:3] == ["low", "next", "3"]


def test_a_bound_of_few_values_stands_upright_where_the_interval_begins_and_ends():
    run = lane(3)
    run.live = pack({"size": np.arange(5.0), "counts": np.ones(5), "ends": np.array([-7.0, 3.0])})
    view = Profile("pic.counts", "pic.ends", x="pic.size", roles={"pic.ends": "bound"})
    renderer = drawn(view, run)
    line, ends = renderer.layers.all()[0]["marks"]
    assert (line["kind"], ends["kind"], ends["n"], ends["label"]) == ("line", "uprights", 2, "ends")
    assert list(np.frombuffer(ends["values"])) == [-7.0, 3.0] and renderer.frame()["x"][0] == -7
    assert renderer.summary().endswith("ends at \u22127.00 and 3.00.")
    assert line["marker"] == "circle"  # a line of few points is marked at each
    columns, rows = renderer.numbers()
    assert rows[-1] == ["ends", "\u22127.00 and 3.00"] and len(columns) == 2


def test_intervals_of_several_runs_are_drawn_once_where_they_agree():
    runs = [lane(3, "one"), lane(3, "two", 1)]
    view = Profile("pic.counts", "pic.ends", x="pic.size", roles={"pic.ends": "bound"})

    def ends(*places):
        for run, place in zip(runs, places):
            run.live = pack({"size": np.arange(5.0), "counts": np.ones(5), "ends": [place]})
        marks = drawn(view, *runs).layers.all()[0]["marks"]
        return [(m["color"], m["label"]) for m in marks if m["kind"] == "uprights"]

    assert ends(2.0, 2.0) == [("bound", "ends")]
    assert ends(2.0, 3.0) == [("a", "one"), ("b", "two")]


def test_marks_are_sent_when_they_change():
    run = lane(10)
    renderer = drawn(Profile("spectrum"), run, k=5)
    messages = told(renderer)
    renderer.cursor(5)
    assert messages == []
    renderer.cursor(6)
    assert [m["kind"] for m in messages] == ["marks"]
    (mark,) = messages[0]["marks"]
    assert (mark["kind"], mark["n"], len(mark["values"])) == ("line", 8, 2 * 8 * 8)


def test_a_spring_layout_is_the_same_every_time_and_pulls_neighbours_together():
    edges = np.array([[0, 1], [2, 3], [3, 4], [4, 5], [5, 2]])
    angle = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    places = spring(ring, edges)
    assert np.array_equal(places, spring(ring, edges))
    apart = np.linalg.norm(places[0] - places[1])
    assert apart < np.linalg.norm(places[0] - places[4]) and np.isfinite(places).all()


def test_a_table_has_a_column_for_each_run():
    renderer = drawn(Table("residual", "evals"), lane(9, "one"), lane(9, "two", 1, power=2))
    assert renderer.rows == [["residual", "0.100", "0.0100"], ["evaluations", "27", "27"]]
