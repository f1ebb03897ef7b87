from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from fakes import lane, run_to, shared, told

from lab.engine.experiment import Quantity
from lab.engine.trace import Trace
from lab.engine.views import Convergence, Curves
from lab.views import Lane, make
from lab.views.thin import POINTS


def drawn(view, *lanes, k=None):
    board = shared(view)
    renderer = make(view, board.entry, board)
    renderer.set_lanes(lanes)
    board.move(lanes[0].head if k is None else k)
    renderer.cursor(board.k)
    return renderer, board


def test_a_picture_is_drawn_at_the_first_step():
    renderer, _ = drawn(Curves("residual"), lane(0))
    assert list(renderer.curves[0].y) == [1.0]


def test_steps_are_drawn_one_further_on_a_logarithmic_axis():
    renderer, board = drawn(Convergence("residual"), lane(50))
    assert renderer.curves[0].x[0] == 1.0
    assert board.axis_text(True) == "step k + 1"


def test_only_what_is_new_is_sent():
    run = lane(100)
    renderer, _ = drawn(Curves("residual"), run)
    messages = told(renderer)
    renderer.feed(0)
    assert messages == []
    run_to(run, 130)
    renderer.feed(0)
    plan, rows = messages
    assert plan["kind"] == "plan" and plan["x"] == [0.0, 150.0]
    assert rows["parts"] == [{"i": 0, "n": 30, "whole": False}]
    assert list(np.frombuffer(rows["values"]).reshape(3, 30)[0]) == list(range(101, 131))
    run_to(run, 140)
    renderer.feed(0)
    assert [m["kind"] for m in messages[2:]] == ["rows"]


def test_a_browser_that_asks_gets_everything():
    renderer, _ = drawn(Curves("residual"), lane(100, "one"), lane(100, "two", 1))
    messages = told(renderer)
    renderer.canvas._handle_msg({"ready": True})
    assert [m["kind"] for m in messages] == ["theme", "plan", "rows"]
    assert [part["n"] for part in messages[2]["parts"]] == [101, 101]


def test_a_curve_is_bounded_however_long_the_run():
    run = lane(10)
    renderer, _ = drawn(Curves("residual"), run)
    for last in (2_000, 20_000, 300_000):
        run_to(run, last)
        renderer.feed(0)
        curve = renderer.curves[0]
        assert len(curve.x) <= POINTS
        assert curve.k[-1] == run.trace.k[-1]


def test_ranges_do_not_shrink_and_begin_anew_with_new_lanes():
    renderer, board = drawn(Curves("residual"), lane(900))
    assert board.ranges[False].bounds[1] == 1_000
    renderer.set_lanes([lane(50)])
    assert board.ranges[False].bounds[1] == 1_000
    board.clear()
    renderer.set_lanes([lane(50)])
    assert board.ranges[False].bounds[1] == 100


def test_from_two_curves_on_markers_tell_them_apart():
    renderer, _ = drawn(Curves("residual"), lane(label="one"), lane(label="two", style=1))
    looks = renderer._looks()
    assert [(one["marked"], one["marker"]) for one in looks] == [(True, "circle"), (True, "square")]
    renderer.set_lanes([lane()])
    assert renderer._looks()[0]["marked"] is False


def test_a_bound_that_all_lanes_share_is_drawn_once_and_grey():
    view = Convergence("residual", bounds=("limit",))
    renderer, _ = drawn(view, lane(label="one"), lane(label="two", style=1, power=2))
    assert [c.name for c in renderer.curves].count("limit") == 1
    assert renderer.curves[0].style.token == "bound"


def test_a_branch_keeps_its_colour_and_is_dotted():
    branch = lane(label="one, branch", style=1)
    branch.dotted = True
    renderer, _ = drawn(Curves("residual"), lane(label="one", style=1), branch)
    first, second = renderer.curves[:2]
    assert first.style.token == second.style.token == "b"
    assert second.style.dash == (2, 4)


def test_roles_keep_their_own_look():
    view = Curves("accuracy", "residual", roles={"accuracy": "train", "residual": "test"})
    renderer, _ = drawn(view, lane())
    assert [c.style.token for c in renderer.curves] == ["train", "test"]


def test_another_axis():
    renderer, board = drawn(Curves("residual"), lane(100))
    board.measure("evals")
    renderer.axis("evals")
    assert renderer.curves[0].x[-1] == 300.0
    assert renderer._plan()["unit"] == "evaluations"


def test_seconds_are_those_of_work_on_the_steps():
    run = lane(0)
    for head, spent in ((0, 0.0), (50, 2.0), (60, 2.0), (70, 3.0)):
        run.take({"head": head, "spent": spent})
    assert run.seconds([0, 50, 60, 70]) == pytest.approx([0.0, 2.0, 2.0, 3.0])


def test_the_seconds_of_a_worker_that_took_over_are_added():
    run = lane(0)
    for head, spent in ((50, 2.0), (50, 0.0), (60, 1.0)):
        run.take({"head": head, "spent": spent})
    assert run.seconds([50, 60]) == pytest.approx([2.0, 3.0])


def test_a_frame_is_read_once_though_every_picture_passes_it_on():
    run, frame = lane(0), {"head": 5, "spent": 1.0}
    run.take({"head": 0, "spent": 0.0})
    run.take(frame)
    run.take(frame)
    assert run.clock == [(0, 0.0), (5, 1.0)]


def test_summary_and_numbers_speak_of_the_cursor():
    view = Convergence("residual", title="Residual")
    renderer, board = drawn(view, lane(400, "one"), lane(400, "two", 1, power=2), k=99)
    assert renderer.summary().replace("\u2009", " ") == (
        "Residual at step 99: one 0.0100 (slope −1.00), two 1.00 · 10⁻⁴ (slope −2.00)."
    )
    columns, rows = renderer.numbers()
    assert columns == ["step", "one", "two"] and len(rows) <= 24
    assert rows[0] == ["0", "1.00", "1.00"]


def test_the_table_has_a_dash_where_a_run_has_not_come_so_far():
    renderer, _ = drawn(Convergence("residual"), lane(2, "one"), lane(1, "two", 1))
    *_, row = renderer.numbers()[1]
    assert (row[0], row[2]) == ("2", "\u2013") and row[1] != "\u2013"
    renderer, _ = drawn(Convergence("residual"), Lane("nothing yet", trace=Trace()))
    assert renderer.numbers()[1] == []


def test_values_that_no_logarithm_has_leave_a_gap():
    run = lane(5)
    run.trace["residual"][3] = 0.0
    renderer, _ = drawn(Convergence("residual"), run)
    assert np.isnan(renderer.curves[0].y[3])


def test_stages_events_and_edits_are_marked():
    run = lane(100)
    run.trace.stages = [(0, "dense"), (40, "prune")]
    run.trace.events = {"grokked": 60, "never": None}
    run.edits = [(70, "anchor 1.00 → 0.50")]
    renderer, _ = drawn(Curves("residual"), run)
    assert renderer._plan()["captions"] == [
        {"k": 0, "text": "dense", "kind": "stage"},
        {"k": 40, "text": "prune", "kind": "stage"},
        {"k": 60, "text": "grokked", "kind": "event"},
        {"k": 70, "text": "anchor 1.00 → 0.50", "kind": "edit"},
    ]


def test_how_a_run_ended_is_drawn():
    run = lane(100)
    run.take({"head": 100, "status": "finished", "ended": "diverged"})
    renderer, _ = drawn(Curves("residual"), run)
    assert renderer._looks()[0]["end"] == "diverged"


def test_the_theme_changes_colours_and_sends_nothing_else():
    renderer, board = drawn(Curves("residual"), lane())
    messages = told(renderer)
    board.dark = True
    renderer.theme(True)
    assert [m["kind"] for m in messages] == ["theme"]
    assert messages[0]["tokens"]["a"] == "#73ABFF"


def test_a_ghost_is_thin_and_grey_and_counts_for_the_axis():
    ghost = lane(900, "earlier")
    ghost.ghost = True
    renderer, board = drawn(Curves("residual"), lane(50, "now"), ghost)
    first, second = renderer._looks()
    assert (first["ghost"], first["color"], first["label"]) == (True, "ink3", "")
    assert second["color"] == "a" and not second["marked"]
    assert board.ranges[False].bounds == (0.0, 1_000.0)
    assert "earlier" not in renderer.summary()


def test_a_short_name_goes_along_for_where_there_is_little_room():
    page = shared(Curves("residual"))
    page.entry.quantities = {"residual": Quantity("residual of the map", short="residual")}
    renderer = make(Curves("residual", "limit"), page.entry, page)
    renderer.set_lanes([lane()])
    look = renderer._looks()[0]
    assert (look["label"], look["short"]) == ("residual of the map", "residual")


def study():
    values = np.array([[[1.0, 1.2], [0.5, 0.7], [0.25, np.nan]], [[2, 2], [4, 4], [8, 8.0]]])
    return xr.Dataset(
        {"steps": (("arm", "n", "seed"), values)},
        {"arm": ["plain", "fast"], "n": [8, 16, 32], "seed": [0, 1]},
    )


def test_a_study_gives_one_curve_for_each_arm():
    view = Curves("steps", x="n", by="arm", of="rate", log="xy")
    renderer, _ = drawn(view, lane())
    renderer.set_study(study())
    first, second = renderer.curves[:2]
    assert (first.label, second.label) == ("plain", "fast")
    assert list(first.x) == [8, 16, 32]
    assert first.y == pytest.approx([1.1, 0.6, 0.25])
    columns, rows = renderer.numbers()
    assert columns == ["n", "plain", "fast"] and len(rows) == 3


def test_a_study_sends_its_seeds_for_the_band():
    view = Curves("steps", x="n", by="arm", of="rate", log="xy")
    renderer, _ = drawn(view, lane())
    messages = told(renderer)
    renderer.set_study(study())
    assert [m["kind"] for m in messages] == ["theme", "plan", "rows", "seeds"]
    parts, values = messages[3]["parts"], np.frombuffer(messages[3]["values"])
    assert parts == [{"i": 0, "n": 3, "seeds": 2}, {"i": 1, "n": 3, "seeds": 2}]
    assert list(values[3:6]) == [1.0, 0.5, 0.25]  # the least of the seeds, where there is one


def test_a_study_that_is_still_filling_shows_what_is_there():
    data = study().where(study().n < 20)
    renderer, _ = drawn(Curves("steps", x="n", by="arm", of="rate"), lane())
    renderer.set_study(data)
    assert list(renderer.curves[0].x) == [8, 16]


def test_a_study_over_the_step_takes_the_rows_that_all_runs_have():
    """A share of yes or no is a curve without a band, called by its quantity."""
    accuracy = np.array([[0, 0.2, np.nan, 0.8, 1], [0, np.nan, 0.3, 0.4, np.nan]])
    above = np.where(np.isnan(accuracy), np.nan, accuracy > 0.5)
    data = xr.Dataset(
        {"residual": (("seed", "k"), accuracy), "steps": (("seed", "k"), above)},
        {"seed": [0, 1], "k": [0, 10, 11, 20, 30]},
    )
    renderer, _ = drawn(Curves("residual", "steps", x="k", of="seeds"), lane())
    renderer.set_study(data)
    first, second = renderer.curves
    assert (first.label, second.label) == ("residual", "steps")
    assert list(first.x) == list(second.x) == [0, 20, 30]
    assert first.y == pytest.approx([0, 0.6, 1]) and list(second.y) == [0, 0.5, 1]
    assert first.seeds.shape == (2, 3) and second.seeds is None


def test_a_picture_may_have_an_axis_of_its_own():
    renderer, board = drawn(Curves("residual", x="evals"), lane(10))
    plan = renderer._plan()
    assert renderer.curves[0].x[-1] == 30.0
    assert (plan["below"], plan["unit"], plan["steps"]) == ("evaluations", "evaluations", False)


def test_a_study_that_is_not_made_yet_has_the_axis_that_it_will_have():
    page = shared(Curves("residual", of="rate", x="width"))
    page.entry.studies = {"rate": SimpleNamespace(over={"width": [10, 40]})}
    renderer = make(page.entry.views[0], page.entry, page)
    renderer.redraw()
    assert renderer._plan()["x"] == [0.0, 40.0]
    assert renderer._plan()["below"] == "width"
