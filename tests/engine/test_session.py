"""A session: exact whatever is done to it."""

import json
import pickle

import numpy as np
import pytest
import torch
from specimens import Counting, Descent, Spin, Training

from lab.core.backend import BackendError
from lab.engine import Experiment, Integer, Quantity
from lab.engine.carry import dump
from lab.engine.carry import load as load_dump
from lab.engine.controls import ControlError
from lab.engine.recipe import MAX_EDITS, Edit, Recipe
from lab.engine.session import Session, SessionError
from lab.engine.status import Status
from lab.engine.suggest import UnknownName
from lab.engine.tree import digest

ALL = (Spin, Descent, Training, Counting)


def test_starts_ready_with_the_first_row_recorded():
    session = Session(Spin)
    assert (session.status, session.head, session.k) == (Status.READY, 0, 0)
    assert session.trace.k.tolist() == [0]
    assert session.pictures.ks == [0]


def test_advance_returns_the_steps_taken_and_zero_once_ended():
    session = Session(Training)
    assert session.advance(30) == 30
    assert session.status is Status.PAUSED
    assert session.advance(1000) == 50
    assert (session.status, session.ended, session.sentence) == (
        Status.FINISHED,
        "done",
        "trained enough",
    )
    assert session.advance(10) == 0


@pytest.mark.parametrize("experiment", ALL)
def test_the_trace_does_not_depend_on_how_advance_is_cut(experiment):
    whole, cut, sliced = (Session(experiment) for _ in range(3))
    whole.advance(70)
    for n in (1, 2, 3, 5, 7, 11, 13, 17, 11):
        cut.advance(n)
    while sliced.head < 70:
        sliced.advance(70 - sliced.head, budget_s=1e-5)
    for other in (cut, sliced):
        assert digest(other.state) == digest(whole.state)
        for name in whole.trace.names:
            assert np.array_equal(whole.trace[name], other.trace[name])
        assert whole.pictures.ks == other.pictures.ks


def test_the_recording_schedule_is_logarithmic():
    session = Session(Counting)
    session.advance(10_000)
    assert len(session.trace) == 1593
    session.advance(90_000)
    assert len(session.trace) == 2440  # with the last row
    assert len(session.pictures) == 0


def test_pictures_are_thinned_to_a_bound():
    session = Session(Spin)
    session.advance(3_000)
    assert 200 <= len(session.pictures) <= 400
    k, picture = session.pictures.at(1_999)
    assert k <= 1_999
    assert np.array_equal(picture["x"], session.look(k).picture["x"])
    assert picture["left"].dtype == bool


def test_look_and_seek_equal_a_fresh_run_and_move_nothing():
    session = Session(Spin)
    session.advance(40)
    session.set(angle=1.0)
    session.advance(60)
    end = digest(session.state)
    for k in (0, 17, 40, 41, 99):
        fresh = Session(Spin, edits=session.edits)
        fresh.advance(k)
        look = session.look(k)
        assert np.array_equal(look.values["x"], fresh.trace["x"][-1])
        assert np.array_equal(look.picture["x"], fresh.picture()["x"])
    assert session.seek(17) == 17
    assert session.seek(10**9) == session.head == 100
    assert digest(session.state) == end


def test_an_edit_is_recorded_with_its_old_value_and_acts_at_the_next_step():
    session = Session(Spin)
    session.advance(10)
    assert session.set(angle=1.0) is session
    assert [tuple(e) for e in session.edits] == [(10, "angle", 0.3, 1.0)]
    session.set(angle=0.7)
    assert [tuple(e) for e in session.edits] == [(10, "angle", 0.3, 0.7)]
    session.set(angle=0.3)
    assert session.edits == []


def test_set_behind_the_head_makes_a_branch():
    session = Session(Spin)
    session.advance(50)
    before = digest(session.state)
    session.seek(20)
    branch = session.set(angle=2.0)
    assert branch is not session
    assert (branch.head, session.head) == (20, 50)
    branch.advance(30)
    assert digest(session.state) == before != digest(branch.state)
    assert np.array_equal(branch.trace["x"][:21], session.trace["x"][:21])


def test_set_refuses_what_cannot_change_in_a_run():
    session = Session(Spin)
    with pytest.raises(SessionError, match=r"method starts again: use Session\("):
        session.set(method="picard")
    with pytest.raises(UnknownName, match="did you mean 'angle'"):
        session.set(angel=1.0)
    with pytest.raises(ControlError, match="angle goes from 0 to 3.2; not 7"):
        session.set(angle=7)
    assert session.edits == []


def test_run_until_pauses_at_the_exact_step():
    session = Session(Spin)
    session.run_until("residual < 1e-3")
    k = session.head
    assert session.status is Status.PAUSED
    assert session.look(k).values["residual"] < 1e-3 <= session.look(k - 1).values["residual"]
    fresh = Session(Spin)
    fresh.advance(k)
    assert digest(fresh.state) == digest(session.state)
    session.advance(5)
    assert session.head == k + 5


def test_run_until_names_an_unknown_quantity():
    with pytest.raises(UnknownName, match="did you mean 'residual'"):
        Session(Spin).run_until("residul < 1")


def test_divergence_is_located_exactly_and_named():
    session = Session(Descent, {"lr": 2.1})
    session.advance(100_000)
    assert (session.status, session.ended) == (Status.FINISHED, "diverged")
    assert session.sentence == f"diverged at {session.head}: gap over 1e+12"
    assert session.look(session.head - 1).values["gap"] <= 1e12 < session.trace["gap"][-1]


def test_a_step_that_raises_keeps_everything_before_it():
    session = Session(Counting, {"raises": 777})
    session.advance(10_000)
    assert session.status is Status.FAILED
    assert session.sentence == "failed at 777: ValueError: bad shape"
    assert (session.head, session.state["x"]) == (777, 777)
    session.seek(500)
    branch = session.set(mend=True)
    assert branch.advance(1000) == 1000


def test_an_experiment_that_cannot_start_is_one_line():
    def init(given, c, rng, backend):
        return 1 / 0

    body = {
        n: v for n, v in vars(Counting).items() if n in ("card", "quantities", "step", "observe")
    }
    broken = type("Broken", (Experiment,), {**body, "init": init})
    with pytest.raises(SessionError, match="Broken cannot start: ZeroDivisionError: division"):
        Session(broken)


def test_reset_and_reseed():
    session = Session(Spin)
    session.advance(10)
    session.set(angle=1.0)
    session.advance(10)
    session.reset()
    assert (session.head, session.edits, session.initial["angle"]) == (0, [], 1.0)
    session.reseed()
    assert session.seed == 1
    other = Session(Spin, {"angle": 1.0}, seed=1)
    assert digest(other.state) == digest(session.state)


def test_close_cancels_and_keeps_the_trace():
    session = Session(Spin)
    session.advance(3)
    session.close()
    assert (session.status, session.sentence) == (Status.CANCELLED, "stopped at 3")
    assert session.advance(1) == 0
    assert len(session.trace) == 4


def test_stages_are_noted_and_recorded_densely():
    session = Session(Training)
    session.advance(300)
    assert session.trace.stages == [(0, "warm"), (20, "late")]
    assert session.trace.assessed.k[-1] == session.head == 80
    assert {0, 20, 80} <= set(session.trace.assessed.k.tolist())


def test_events_are_marked():
    session = Session(Spin)
    session.advance(1000)
    k = session.trace.events["small"]
    assert session.trace.first("residual", below=1e-2) == k
    assert session.trace.at(k=k)["residual"] < 1e-2


def test_a_recipe_travels_as_json_and_gives_the_same_trace():
    session = Session(Spin, {"angle": 1.2}, seed=3)
    session.advance(10)
    session.set(angle=0.5)
    session.advance(30)
    text = session.recipe.json()
    assert json.loads(text)["edits"] == [[10, "angle", 1.2, 0.5]]
    again = Session(Spin, session.initial, 3, edits=session.recipe.edits)
    again.advance(40)
    assert digest(again.state) == digest(session.state)


def test_a_dump_goes_on_where_it_was_and_the_callers_edits_rule():
    session = Session(Training)
    session.advance(33)
    blob = dump(session)
    session.set(lr=0.5)
    again = load_dump(blob, session.recipe)
    assert (again.head, [tuple(e) for e in again.edits]) == (33, [(33, "lr", 0.01, 0.5)])
    session.advance(20)
    again.advance(20)
    assert digest(again.state) == digest(session.state)


def test_neither_torch_threads_nor_generators_move():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    threads = torch.get_num_threads()
    Session(Training).advance(10)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert float(torch.tensor(1e-310, dtype=torch.float64) * 1) != 0


def test_an_absent_device_is_refused_in_a_sentence():
    if torch.cuda.is_available():
        pytest.skip("this machine has cuda")
    with pytest.raises(BackendError, match="no device 'cuda' here; there is cpu"):
        Session(Spin, device="cuda")


def test_traces_go_outside_as_xarray():
    session = Session(Training)
    session.advance(40)
    data = session.trace.to_dataset()
    assert data.error.dims == ("k",)
    assert data.costly.dims == ("k_assessed",)
    assert pickle.loads(pickle.dumps(session.trace)).k.tolist() == session.trace.k.tolist()


class Ticking(Experiment):
    """Counts up in place; a row every 25 steps, another stage from 30 on."""

    card = Training.card
    quantities = {"x": Quantity("x")}
    stages = {"early": "Below 30.", "late": "From 30 on."}
    limit = Integer(10**6, bounds=(0, 10**6), doc="beyond it x is infinite")
    bad = Integer(-1, bounds=(-1, 10**6), doc="where observing raises")
    last = Integer(10**6, bounds=(1, 10**6), doc="where it is done")
    every, max_steps = 25, 100_000
    interrupted_at = []

    def init(given, c, rng, backend):
        return torch.zeros(())

    def step(state, given, c, k, rng):
        state += 1
        if k in Ticking.interrupted_at:
            Ticking.interrupted_at.remove(k)
            raise KeyboardInterrupt
        return state

    def observe(state, given, c):
        if state == c.bad:
            raise ValueError("cannot be observed")
        return {"x": state if state <= c.limit else torch.inf}

    def stage(state, given, c):
        return "early" if state < 30 else "late"

    def done(state, given, c):
        return "counted" if state >= c.last else None


@pytest.mark.parametrize("rule", ["x >= 50", "k >= 50", "x >= 27", "k >= 27", "x >= 30"])
def test_a_pause_at_a_rule_leaves_the_trace_as_it_would_be(rule):
    paused, whole = Session(Ticking), Session(Ticking)
    paused.run_until(rule)
    paused.advance(200 - paused.head)
    whole.advance(200)
    assert paused.trace.k.tolist() == whole.trace.k.tolist()
    assert paused.trace.stages == whole.trace.stages
    assert paused.pictures.ks == whole.pictures.ks
    assert digest(paused.state) == digest(whole.state)


def test_a_rule_that_holds_already_takes_no_step():
    session = Session(Ticking)
    assert session.run_until("x >= 0") == 0


def test_a_rule_is_not_passed_between_two_rows():
    session = Session(Ticking)
    assert session.run_until("x >= 27", max_steps=29) == 27
    done = Session(Ticking, {"last": 29})
    assert (done.run_until("x >= 27"), done.ended) == (27, "")
    assert (done.advance(9), done.ended) == (2, "done")
    far = Session(Ticking, {"limit": 40})
    assert (far.run_until("x >= 35"), far.ended) == (35, "")
    far.advance(100)
    assert (far.head, far.ended) == (41, "diverged")


def test_advance_never_returns_a_negative_number():
    session = Session(Ticking)
    session.arm("x >= 27")
    moves = [session.advance(7) for _ in range(5)]
    assert (moves, session.head, session.armed) == ([7, 7, 7, 7, 0], 27, False)
    sliced = Session(Ticking)
    sliced.arm("x >= 27")
    while sliced.armed:
        assert sliced.advance(1000, budget_s=1e-9) >= 0
    assert sliced.head == 27


def test_changes_have_a_limit_and_it_is_told(monkeypatch):
    monkeypatch.setattr("lab.engine.session.MAX_EDITS", 3)
    session = Session(Spin)
    for k in range(3):
        session.advance(1)
        session.set(angle=0.1 * k)
    with pytest.raises(SessionError, match="a run keeps 3 changes at most; start again"):
        session.set(angle=2.0)
    assert len(session.edits) == 3
    session.reset()
    session.set(angle=2.0)


def test_the_limit_of_changes_is_that_of_a_recipe():
    session = Session(Spin)
    session.edits = [Edit(0, "angle", 0.3, 0.1)] * MAX_EDITS
    with pytest.raises(SessionError, match="a run keeps 1,000 changes at most"):
        session.set(angle=2.0)
    assert len(Recipe.from_json(session.recipe.json()).edits) == MAX_EDITS


def test_a_divergence_after_a_rule_is_located_from_a_good_state():
    session = Session(Ticking, {"limit": 499})
    session.arm("x >= 27")
    session.advance(1000)
    session.advance(1000)
    assert (session.head, session.ended, float(session.state)) == (500, "diverged", 500)


def test_an_end_between_two_rows_notices_numbers_that_are_not_finite():
    session = Session(Ticking, {"limit": 106})
    session.arm("budget: k >= 110", finish=True)
    session.advance(1000)
    assert (session.head, session.ended) == (107, "diverged")
    done = Session(Ticking, {"limit": 106, "last": 110})
    done.advance(1000)
    assert (done.head, done.ended) == (107, "diverged")


def test_a_look_has_the_numbers_of_the_trace_whatever_torch_threads():
    class Long(Experiment):
        card = Training.card
        quantities = {"x": Quantity("x")}

        def init(given, c, rng, backend):
            return rng.normal("x", (1_000_000,))

        def step(state, given, c, k, rng):
            return 0.9 * state

        def observe(state, given, c):
            return {"x": state.sum()}

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        session = Session(Long)
        session.advance(8)
        for k in range(9):
            assert session.look(k).values["x"] == session.trace["x"][k]
    finally:
        torch.set_num_threads(before)


def test_an_observation_that_raises_is_located():
    session = Session(Ticking, {"bad": 25})
    session.advance(100)
    assert session.sentence == "failed at 25: ValueError: cannot be observed"
    assert (session.head, float(session.state)) == (25, 25)


def test_an_interrupt_inside_a_step_leaves_the_run_as_it_was():
    session = Session(Ticking)
    Ticking.interrupted_at.append(20)
    with pytest.raises(KeyboardInterrupt):
        session.advance(100)
    assert session.status is Status.PAUSED
    session.advance(100 - session.head)
    assert float(session.state) == 100


def test_first_of_a_costly_quantity_gives_the_step_of_its_own_row():
    session = Session(Training)
    session.advance(80)
    costly = session.trace.assessed
    assert len(costly) < len(session.trace)
    row = len(costly) // 2
    bound = float(costly["costly"][:row].max())
    hit = np.flatnonzero(costly["costly"] > bound)[0]
    assert session.trace.first("costly", above=bound) == costly.k[hit]


def test_steps_end_when_something_waits():
    waiting = iter([False, False, True])
    session = Session(ALL[0])
    session.advance(70, called=lambda: next(waiting))
    assert 0 < session.head < 70 and session.status is Status.PAUSED
