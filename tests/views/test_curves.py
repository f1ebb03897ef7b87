import numpy as np
import pytest
import xarray as xr
from fakes import lane, run_to, shared

from lab.engine.views import Convergence, Curves
from lab.views import make
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
    assert list(renderer.curves[0].full.data["y"]) == [1.0]


def test_steps_are_drawn_one_further_on_a_logarithmic_axis():
    renderer, board = drawn(Convergence("residual"), lane(50))
    assert renderer.curves[0].full.data["x"][0] == 1.0
    assert board.axis_text(True) == "step k + 1"


def test_only_what_is_new_is_sent(monkeypatch):
    run = lane(100)
    renderer, _ = drawn(Curves("residual"), run)
    full = renderer.curves[0].full
    sent = []
    monkeypatch.setattr(type(full), "stream", lambda self, rows: sent.append(len(rows["k"])))
    renderer.feed(0)
    run_to(run, 130)
    renderer.feed(0)
    assert sent == [30]


def test_a_curve_is_bounded_however_long_the_run():
    run = lane(10)
    renderer, _ = drawn(Curves("residual"), run)
    for last in (2_000, 20_000, 300_000):
        run_to(run, last)
        renderer.feed(0)
        full = renderer.curves[0].full.data
        assert len(full["x"]) <= POINTS
        assert full["k"][-1] == run.trace.k[-1]


def test_ranges_do_not_shrink_and_begin_anew_with_new_lanes():
    renderer, board = drawn(Curves("residual"), lane(900))
    assert board.ranges[False].end == 1_000
    renderer.set_lanes([lane(50)])
    assert board.ranges[False].end == 1_000
    board.clear()
    renderer.set_lanes([lane(50)])
    assert board.ranges[False].end == 100


def test_from_two_curves_on_markers_tell_them_apart():
    renderer, _ = drawn(Curves("residual"), lane(label="one"), lane(label="two", style=1))
    styles = renderer.styles.data
    assert styles["marked"] == [True, True] and styles["marker"] == ["circle", "square"]
    renderer.set_lanes([lane()])
    assert renderer.styles.data["marked"][0] is False


def test_a_bound_that_all_lanes_share_is_drawn_once_and_grey():
    view = Convergence("residual", bounds=("limit",))
    renderer, _ = drawn(view, lane(label="one"), lane(label="two", style=1, power=2))
    live = [c for c in renderer.curves if c.lane is not None]
    assert [c.name for c in live].count("limit") == 1
    assert live[0].style.token == "bound"


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
    assert renderer.curves[0].full.data["x"][-1] == 300.0
    assert renderer._place.args["unit"] == "evaluations"


def test_seconds_are_those_that_the_page_saw():
    run = lane(0)
    run.take({"head": 0, "status": "running", "computed": 10.0})
    run.take({"head": 50, "status": "running", "computed": 12.0})
    run.take({"head": 60, "status": "paused", "computed": 12.5})
    run.take({"head": 60, "status": "running", "computed": 99.0})
    run.take({"head": 70, "status": "running", "computed": 100.0})
    assert run.seconds([0, 50, 70]) == pytest.approx([0.0, 2.0, 3.0])


def test_a_frame_is_read_once_though_every_picture_passes_it_on():
    run, frame = lane(0), {"head": 5, "status": "running", "computed": 1.0}
    run.take({"head": 0, "status": "running", "computed": 0.0})
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


def test_values_that_no_logarithm_has_leave_a_gap():
    run = lane(5)
    run.trace["residual"][3] = 0.0
    renderer, _ = drawn(Convergence("residual"), run)
    assert np.isnan(renderer.curves[0].full.data["y"][3])


def test_stages_events_and_edits_are_marked():
    run = lane(100)
    run.trace.stages = [(0, "dense"), (40, "prune")]
    run.trace.events = {"grokked": 60, "never": None}
    run.edits = [(70, "anchor 1.00 → 0.50")]
    renderer, _ = drawn(Curves("residual"), run)
    assert renderer.captions.data == {
        "k": [0, 40, 60, 70],
        "text": ["dense", "prune", "grokked", "anchor 1.00 → 0.50"],
        "kind": ["stage", "stage", "event", "edit"],
    }


def test_how_a_run_ended_is_drawn():
    run = lane(100)
    run.take({"head": 100, "status": "finished", "ended": "diverged"})
    renderer, _ = drawn(Curves("residual"), run)
    assert renderer.styles.data["end"] == ["diverged"]


def test_the_theme_changes_colours_and_draws_nothing_anew():
    renderer, board = drawn(Curves("residual"), lane())
    before = renderer.curves[0].full.data
    board.dark = True
    renderer.theme(True)
    assert renderer.figure.xgrid[0].grid_line_color == "#1B2024"
    assert "#0C0F11" in renderer.figure.styles["background-color"]
    assert renderer.styles.data["color"] == ["#73ABFF"]
    assert renderer.curves[0].full.data is before


def test_the_browser_is_never_asked_to_send_anything_back():
    renderer, board = drawn(Curves("residual"), lane())
    still = [renderer.figure, renderer.figure.x_range, renderer.figure.y_range, board.cursor,
             renderer.curves[0].full, renderer.now, renderer.labels]  # fmt: skip
    assert not any(model.syncable for model in still)


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
    assert list(first.full.data["x"]) == [8, 16, 32]
    assert first.full.data["y"] == pytest.approx([1.1, 0.6, 0.25])
    columns, rows = renderer.numbers()
    assert columns == ["n", "plain", "fast"] and len(rows) == 3


def test_a_study_that_is_still_filling_shows_what_is_there():
    data = study().where(study().n < 20)
    renderer, _ = drawn(Curves("steps", x="n", by="arm", of="rate"), lane())
    renderer.set_study(data)
    assert list(renderer.curves[0].full.data["x"]) == [8, 16]
