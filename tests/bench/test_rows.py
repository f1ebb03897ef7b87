"""The bench's rows and what they are reckoned from. Nothing here depends on the clock."""

import json

import pytest

from lab.bench import GROUPS, browser, grokking, measure, page, peers, solvers, sparsity
from lab.bench.row import Row
from lab.core.clock_transformer import ClockTransformer
from lab.core.networks import PairNetwork
from lab.engine.registry import entry
from lab.engine.session import Session
from lab.engine.suggest import UnknownName

UNITS = {"ratio", "problems", "us", "times", "of ten", "s", "of the error", "apart"}
FIELDS = {"name", "value", "unit", "goal", "met", "note"}


@pytest.fixture
def no_browser(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "CHROMIUM", str(tmp_path / "no chromium"))


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 1.0, "s", 2.0), True),
        (Row("a", 3.0, "s", 2.0), False),
        (Row("a", 3.0, "ratio", 2.0, more=True), True),
        (Row("a", 1.0, "ratio", 2.0, more=True), False),
        (Row("a", 1.0, "s"), None),
        (Row("a", None, "s", 2.0, note="nothing to measure with"), None),
    ],
)
def test_a_row_is_plain_data_and_says_whether_its_goal_is_met(row, met):
    told = json.loads(json.dumps(row.to_json()))
    assert told.keys() == FIELDS
    assert told["met"] is met


def test_a_value_is_told_with_four_digits():
    assert Row("a", 1.23456, "s").to_json()["value"] == 1.235


def test_an_unknown_group_is_refused_with_the_known_ones():
    with pytest.raises(UnknownName, match="page"):
        next(measure("pages"))


def test_the_groups_are_known():
    assert GROUPS == ("engine", "contract", "page")


@pytest.mark.parametrize(
    ("asked", "measured"),
    [
        ({}, {"engine", "page"}),
        ({"group": "engine"}, {"engine"}),
        ({"peers": True}, {"peers"}),
        ({"classroom": True}, {"classroom"}),
        ({"group": "engine", "peers": True}, {"engine", "peers"}),
    ],
)
def test_what_is_asked_for_is_measured_and_nothing_else(monkeypatch, asked, measured):
    from lab.bench import classroom, engine

    for module in (engine, page, peers, classroom):
        name = module.__name__.rsplit(".", 1)[1]
        monkeypatch.setattr(module, "rows", lambda name=name: [Row(name, 1.0, "s")])
    assert {row["name"] for row in measure(**asked)} == measured


def test_without_a_browser_the_page_is_one_row_that_says_so(no_browser):
    (row,) = measure("page")
    assert row.keys() == FIELDS
    assert row["value"] is None and row["met"] is None
    assert "CHROMIUM" in row["note"]


@pytest.fixture
def small(monkeypatch):
    """Peers at sizes that take no time."""
    monkeypatch.setattr(peers, "PAIRS", 1)
    monkeypatch.setattr(peers, "SECONDS", 0)
    small = dict(UNITS=16, BATCH=2, SIDE=12, LENGTHS=(16, 64), DEPTHS=(3,), RIDGES=(1e-8,))
    for name, value in small.items():
        monkeypatch.setattr(solvers, name, value)
    networks = dict(SMALL=PairNetwork(7, 8, 4), CLOCK=ClockTransformer(7, 8, 2, 8))
    for name, value in dict(networks, EIGHT_STEPS=2, TIMES=1).items():
        monkeypatch.setattr(grokking, name, value)
    pruned = dict(WIDE=(30, 20, 10), LAYER=(12, 10, 3), SEEDS=1, INPUTS=8, OUTPUTS=3, TIMES=1)
    for name, value in dict(pruned, ROUNDS={**sparsity.ROUNDS, "cut": 1, "tune": 10}).items():
        monkeypatch.setattr(sparsity, name, value)


def test_a_peer_is_a_ratio_with_both_times(small):
    found = list(peers.rows())
    assert all(row.name.startswith("peers: ") for row in found)
    ratios = [row for row in found if row.unit == "ratio"]
    assert all(row.value is None or row.value > 0 for row in ratios)
    assert sum("beside" in row.note for row in ratios) >= len(ratios) - 1
    assert {row.unit for row in found} == UNITS
    exact = ("peers: eval", "peers: sweeps", "peers: modules")
    counted = [row for row in found if row.name.startswith(exact)]
    assert len(counted) == 4 and all(row.met for row in counted)


def test_the_fastest_way_is_one_whose_result_is_good(small):
    def fails():
        raise ValueError("no convergence")

    ways = {"wrong": lambda: 1, "right": lambda: 2, "fails": fails}
    assert solvers.fastest(ways, lambda result: result == 2).name == "right"
    with pytest.raises(ValueError, match="none of wrong, right, fails"):
        solvers.fastest(ways, lambda result: result == 3)


# -- what page rows are reckoned from --------------------------------------------------------------


def frame(k, computed, taken, run=1, edits=()):
    return {"run": run, "k": k, "computed": computed, "taken": taken, "edits": list(edits)}


def picture(heard, painted):
    return {"heard": heard, "painted": painted, "next": painted + 10}


def test_a_step_is_painted_with_the_update_that_follows_its_taking():
    frames = [
        frame(5, 100, 101),  # before the first picture that was noted
        frame(9, 150, 152),
        frame(9, 150, 190),  # told again after it was shown
    ]
    found = page.delays([picture(120, 140), picture(160, 180), picture(200, 220)], frames)
    assert found == {"painted": [30], "next": [40]}


def test_every_run_counts():
    frames = [frame(9, 100, 121, run=1), frame(7, 140, 141, run=2), frame(8, 900, 901, run=2)]
    shown = [picture(110, 115), picture(150, 170)]
    assert page.delays(shown, frames)["painted"] == [70, 30]


def test_an_edit_acts_once_every_run_is_painted_with_it():
    frames = [
        frame(5, 0, 110, run=1, edits=[["weight", 0.5]]),
        frame(5, 0, 130, run=2, edits=[["weight", 0.4], ["weight", 0.5]]),
        frame(8, 0, 150, run=2, edits=[["weight", 0.5]]),
    ]
    shown = [picture(105, 108), picture(120, 125), picture(140, 145), picture(160, 165)]
    assert page.acted(100, 0.5, frames, shown) == 45
    assert page.acted(100, 0.4, frames, shown) is None


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 3), (0.95, 4), (1, 4)])
def test_a_quantile_is_one_of_the_values(share, value):
    assert page.quantile([4, 1, 3, 2], share) == value


# -- loads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["loads.py:Load", "wide_net.py"])
def test_loads_are_experiments_that_a_server_takes_from_their_file(file):
    found = entry(str(page.HERE / file))
    assert not found.broken
    assert found.views


@pytest.mark.parametrize("cost", page.GOALS)
def test_every_load_steps(cost):
    session = Session(str(page.HERE / "loads.py:Load"), {"cost": cost})
    assert session.advance(2) == 2


def test_a_wide_mask_changes_with_every_step():
    session = Session(str(page.HERE / "wide_net.py"))
    before = session.picture()["alive"]
    session.advance(1)
    after = session.picture()["alive"]
    assert before.size == 1_000_000
    assert 0 < (before != after).sum() < before.size


def test_the_bare_loop_tells_its_rate():
    session = Session(str(page.HERE / "loads.py:Bare"), {"cost": "5 us", "lasting": 0.01})
    assert session.trace["rate"][0] > 0
