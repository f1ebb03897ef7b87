"""Sessions in workers: the same verbs and the same numbers as inline ones."""

import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
from specimens import CARD, Counting, Descent, Spin, Training

from lab.engine import Experiment, Number, Quantity
from lab.engine.controls import ControlError
from lab.engine.rules import RuleError
from lab.engine.session import Session, SessionError
from lab.engine.status import Status
from lab.engine.suggest import UnknownName
from lab.engine.workers import Pool, WorkerError, remote_session
from lab.engine.workers.thread import ThreadWorker

LONG = 60  # seconds after which something that is waited for is given up


@pytest.fixture(scope="module")
def processes():
    with Pool(limit=2, warm=2) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with Pool(ThreadWorker, limit=1, spare=0) as pool:
        yield pool


@pytest.fixture(params=["processes", "threads"])
def pool(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def open_session(pool):
    """Opens sessions in the pool and closes them after the test."""
    opened = []

    def opens(*arguments, **keywords):
        opened.append(remote_session(*arguments, pool=pool, **keywords))
        return opened[-1]

    yield opens
    for session in opened:
        session.close()


def same_record(one, other):
    """Whether two sessions recorded the same bits."""
    for a, b in ((one.trace, other.trace), (one.trace.assessed, other.trace.assessed)):
        if a is None or b is None:
            assert a is b
            continue
        assert np.array_equal(a.k, b.k)
        for name in b.names:
            assert a[name].tobytes() == b[name].tobytes(), name
    assert one.trace.stages == other.trace.stages
    assert one.trace.events == other.trace.events
    assert one.pictures.ks == other.pictures.ks
    for k in other.pictures.ks:
        pictures = (one.pictures.at(k)[1], other.pictures.at(k)[1])
        assert pictures[0].keys() == pictures[1].keys()
        assert all(np.array_equal(pictures[0][n], pictures[1][n]) for n in pictures[1])
    return True


CASES = [
    (Spin, {}),
    (Descent, {"noisy": 0.3}),
    (Descent, {"lr": 3.0}),
    (Training, {}),
    (Counting, {}),
    (Counting, {"raises": 57}),
]


@pytest.mark.parametrize("experiment, controls", CASES)
def test_the_same_bits_inline_in_a_thread_and_in_a_process(open_session, experiment, controls):
    there, here = open_session(experiment, controls, 3), Session(experiment, controls, 3)
    for n in (1, 40, 700):
        assert there.advance(n) == here.advance(n)
    assert same_record(there, here)
    assert (there.head, there.status, there.ended) == (here.head, here.status, here.ended)
    assert there.sentence == here.sentence
    assert there.recipe == here.recipe


def test_session_opens_in_a_worker():
    with Session(Spin, worker="thread") as session:
        assert session.advance(5) == 5
    with pytest.raises(ValueError, match="worker is inline, thread or process"):
        Session(Spin, worker="pigeon")


def test_draws_before_anything_runs(open_session):
    session = open_session(Spin)
    assert session.wait(lambda s: s.live is not None, LONG)
    assert (session.status, session.head, session.trace.k.tolist()) == (Status.READY, 0, [0])
    assert session.pictures.ks == [0]


def test_start_runs_on_until_it_is_stopped(open_session):
    session = open_session(Spin)
    session.start()
    assert session.status is Status.RUNNING
    assert session.wait(lambda s: s.head > 300 and s.rate > 0, LONG)
    session.stop()
    assert session.status is Status.PAUSED
    session.pause()
    assert (session.status, session.rate) == (Status.PAUSED, 0.0)
    here = Session(Spin)
    here.advance(session.head)
    assert same_record(session, here)


def test_start_takes_a_number_of_steps(open_session):
    session = open_session(Spin)
    session.start(steps=120)
    assert session.wait(lambda s: s.status is Status.PAUSED, LONG)
    assert session.head == 120


def test_run_until_pauses_exactly_where_the_rule_holds(open_session):
    there, here = open_session(Spin), Session(Spin)
    taken = there.run_until("residual < 1e-3")
    assert taken == here.run_until("residual < 1e-3")
    assert (there.status, there.head) == (Status.PAUSED, here.head)
    assert there.run_until("residual < 1e-9", max_steps=50) == 50


def test_a_rule_is_refused_before_it_travels(open_session):
    session = open_session(Spin)
    with pytest.raises(UnknownName, match="did you mean 'residual'"):
        session.start(until="residul < 1")
    with pytest.raises(RuleError):
        session.run_until("residual <")
    assert session.status is Status.READY


def test_a_change_is_recorded_at_the_step_at_which_it_acts(open_session):
    there = open_session(Spin)
    there.advance(50)
    assert there.set(angle=1.0) is there
    assert there.controls["angle"] == 1.0
    there.advance(50)
    assert [tuple(edit) for edit in there.edits] == [(50, "angle", 0.3, 1.0)]
    here = Session(Spin, edits=there.edits)
    here.advance(100)
    assert same_record(there, here)


def test_a_change_while_it_runs_is_in_the_recipe(open_session):
    there = open_session(Spin)
    there.start()
    assert there.wait(lambda s: s.head > 100, LONG)
    there.set(angle=2.0)
    assert there.wait(lambda s: s.edits and s.head > s.edits[0].step + 300, LONG)
    there.pause()
    here = Session(Spin, edits=there.edits)
    here.advance(there.head)
    assert same_record(there, here)


def test_what_a_control_does_not_take_is_refused_at_once(open_session):
    session = open_session(Spin)
    with pytest.raises(UnknownName, match="did you mean 'angle'"):
        session.set(angel=1.0)
    with pytest.raises(ControlError, match="goes from 0 to 3.2"):
        session.set(angle=7.0)
    with pytest.raises(SessionError, match="method starts again"):
        session.set(method="picard")
    with pytest.raises(UnknownName):
        open_session(Spin, {"angel": 1})


def test_a_change_behind_the_head_makes_a_branch(open_session):
    session = open_session(Spin)
    session.advance(100)
    assert session.seek(40) == session.k == 40
    branch = session.set(angle=1.5)
    assert branch is not session
    assert session.head == 100 and not session.edits
    assert branch.advance(60) == 60
    assert [edit.step for edit in branch.edits] == [40]
    here = Session(Spin, edits=branch.edits)
    here.advance(100)
    assert np.array_equal(branch.trace["residual"], here.trace["residual"])
    branch.close()


def test_a_branch_shares_the_past_and_then_lives_alone(open_session):
    session = open_session(Training)
    session.advance(60)
    branch = session.fork(30)
    assert (branch.head, branch.trace.k[-1]) == (30, 30)
    assert branch.stage == "late"
    branch.advance(30)
    assert same_record(branch, session)
    branch.set(lr=0.5)
    branch.advance(10)
    session.advance(10)
    assert not np.array_equal(branch.trace["error"], session.trace["error"])
    branch.close()


def test_the_cursor_follows_the_head_until_it_is_moved(open_session):
    session = open_session(Spin)
    session.advance(20)
    assert session.k == 20
    assert session.seek(999) == 20
    assert session.seek(-3) == session.k == 0
    session.advance(5)
    assert session.k == session.head == 25


def test_reset_keeps_seed_and_controls_reseed_changes_the_seed(open_session):
    session = open_session(Descent, {"noisy": 0.5}, 4)
    session.advance(30)
    first = session.trace["gap"].copy()
    session.reset()
    assert (session.head, session.status, len(session.trace)) == (0, Status.READY, 0)
    session.advance(30)
    assert np.array_equal(session.trace["gap"], first)
    session.reseed()
    session.advance(30)
    assert session.seed == 5
    assert not np.array_equal(session.trace["gap"], first)


def test_reset_while_it_runs(open_session):
    session = open_session(Spin)
    session.start()
    assert session.wait(lambda s: s.head > 200, LONG)
    session.set(angle=1.0)
    session.reset()
    assert (session.controls["angle"], session.edits, session.head) == (1.0, [], 0)
    assert session.advance(30) == 30
    here = Session(Spin, {"angle": 1.0})
    here.advance(30)
    assert same_record(session, here)


def test_look_is_exact_and_moves_nothing(open_session):
    there, here = open_session(Training), Session(Training)
    there.advance(70), here.advance(70)
    for k in (0, 13, 70):
        found, wanted = there.look(k).result(LONG), here.look(k)
        assert found.k == k
        assert found.values == wanted.values
        assert found.controls == wanted.controls
    assert (there.head, there.k) == (70, 70)
    there.advance(10), here.advance(10)
    assert same_record(there, here)


def test_look_beside_a_run(open_session):
    session = open_session(Spin)
    session.start()
    assert session.wait(lambda s: s.head > 500, LONG)
    picture = session.picture(123)
    here = Session(Spin)
    here.advance(123)
    assert np.array_equal(picture["x"], here.picture()["x"])
    assert picture["left"].dtype == bool
    assert session.status is Status.RUNNING


def test_a_look_can_be_cancelled(open_session):
    session = open_session(Spin)
    session.advance(10)
    found = session.look(5)
    found.cancel() or found.result(LONG)
    session.close()
    with pytest.raises(WorkerError, match="closed"):
        session.look(1).result(LONG)


def test_closing_cancels_the_looks_that_wait(open_session):
    session = open_session(Spin)
    session.start()
    assert session.wait(lambda s: s.head > 100, LONG)
    found = [session.look(k) for k in range(80)]
    session.close()
    assert session.status is Status.CANCELLED
    with pytest.raises(CancelledError):
        found[-1].result(LONG)
    assert len(session.trace) > 0


def test_an_ended_run_takes_no_steps(open_session):
    session = open_session(Training)
    assert session.advance(500) == 80
    assert session.advance(5) == 0
    assert (session.status, session.ended) == (Status.FINISHED, "done")
    session.start()
    assert session.status is Status.FINISHED


def test_subscribers_hear_of_every_row_once(open_session):
    session = open_session(Spin)
    steps, heads, heard_all = [], [], threading.Event()

    def hear(heard, frame):
        assert heard is session
        heads.append(frame.head)
        if frame.rows is not None:
            steps.extend(frame.rows["k"].tolist())
        if frame.head == 400:
            heard_all.set()

    end = session.subscribe(hear)
    session.advance(400)
    # The first frame may have come before we listened, the last one is told after advance.
    assert heard_all.wait(LONG)
    assert steps == [k for k in session.trace.k.tolist() if k >= steps[0]]
    assert heads == sorted(heads)
    end()
    session.advance(10)
    assert heads[-1] == 400


def test_a_hidden_page_gets_no_frames_and_catches_up(open_session):
    session = open_session(Spin, hz=0.0)
    heads = []
    session.subscribe(lambda _, frame: heads.append((frame.status, frame.head)))
    session.start(steps=4000)
    assert session.wait(lambda s: s.status is Status.PAUSED, LONG)
    running = [head for status, head in heads if status is Status.RUNNING]
    assert running in ([], [0])
    assert session.head == 4000
    session.frames(20.0)
    session.start()
    assert session.wait(lambda s: s.status is Status.RUNNING and s.head > 4000, LONG)
    session.pause()
    here = Session(Spin)
    here.advance(session.head)
    assert same_record(session, here)


def test_several_sessions_share_the_workers_fairly(open_session):
    sessions = [open_session(Spin, seed=i) for i in range(5)]
    for session in sessions:
        session.start()
    for session in sessions:
        assert session.wait(lambda s: s.head > 200, LONG)
    for session in sessions:
        session.pause()
    for i, session in enumerate(sessions):
        here = Session(Spin, seed=i)
        here.advance(session.head)
        assert np.array_equal(session.trace["residual"], here.trace["residual"])


def test_a_step_that_raises_is_named_and_the_last_good_state_is_kept(open_session):
    session = open_session(Counting, {"raises": 57})
    session.start()
    assert session.wait(lambda s: s.status.ended, LONG)
    assert (session.status, session.ended, session.head) == (Status.FAILED, "error", 57)
    assert session.sentence == "failed at 57: ValueError: bad shape"
    assert session.look(57).result(LONG).values == {"x": 57.0}
    branch = session.fork(57).set(mend=True)
    assert branch.advance(10) == 10
    branch.close()


def test_a_preparation_that_raises_is_told_and_can_be_tried_again(open_session):
    from experiments_for_tests import BadStart

    session = open_session(BadStart, {"how": 2})
    assert session.wait(lambda s: s.status is Status.FAILED, LONG)
    assert session.sentence.endswith("ValueError: no data")
    assert session.advance(3) == 0
    session.reset()
    assert session.wait(lambda s: s.status is Status.FAILED, LONG)


def test_a_device_that_is_absent_is_refused_in_a_sentence(open_session):
    session = open_session(Spin, device="mps" if sys.platform != "darwin" else "cuda")
    assert session.wait(lambda s: s.status is Status.FAILED, LONG)
    assert "here; there is cpu" in session.sentence


def local_class(captured):
    class Local(Experiment):
        """A class that no import finds."""

        card = CARD
        step_by = Number(1.0)
        quantities = {"x": Quantity("x")}

        def init(given, c, rng, backend):
            return {"x": 0.0, "with": 0 if captured is None else id(captured)}

        def step(state, given, c, k, rng):
            return {**state, "x": state["x"] + c.step_by}

        def observe(state, given, c):
            return {"x": state["x"]}

    return Local


def test_a_class_typed_in_a_notebook_travels_by_value(open_session):
    session = open_session(local_class(None))
    assert session.advance(20) == 20
    assert session.trace["x"][-1] == 20.0


def test_a_class_that_cannot_travel_gets_a_thread_and_says_why(processes):
    with remote_session(local_class(threading.Lock()), pool=processes) as session:
        assert session.advance(20) == 20
        assert "captured cannot be pickled" in session.notice
        assert "it runs in a thread" in session.notice


def test_a_closed_session_is_forgotten_by_its_worker(processes):
    session = remote_session(Spin, pool=processes)
    session.advance(5)
    worker = session.worker
    session.close()
    assert session.worker is None and session.number not in worker.sessions


def test_a_session_that_nobody_holds_is_closed(processes):
    session = remote_session(Spin, pool=processes)
    session.start()
    assert session.wait(lambda s: s.head > 50, LONG)
    worker, number = session.worker, session.number
    del session
    probe = remote_session(Spin, pool=processes)
    assert probe.wait(lambda s: number not in worker.sessions, LONG)
    probe.close()


def test_a_session_that_has_not_begun_moves_to_the_next_worker_that_is_ready():
    with Pool(limit=2, warm=1) as pool:
        one, other = remote_session(Spin, pool=pool), remote_session(Spin, pool=pool)
        assert one.worker is other.worker
        assert other.wait(lambda s: s.worker is not one.worker, LONG)
        for session in (one, other):
            assert session.advance(20) == 20
        assert same_record(one, other)


def test_an_idle_worker_is_kept_ready(processes):
    assert processes.wait_for_spare(LONG)


def test_the_asking_process_imports_no_torch():
    program = (
        "import sys, lab.engine.workers, lab.engine.workers.pool, lab.engine.workers.remote\n"
        "assert not {'torch', 'panel'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_run_that_is_to_be_watched_begins_slowly(open_session):
    session = open_session(Counting)
    session.start(speed=(2.0, 0.0))
    session.wait(lambda s: s.head >= 2)
    assert session.head == 2 and session.status is Status.RUNNING
    session.start()
    session.wait(lambda s: s.head > 1000)
    session.pause()


def test_a_run_that_leads_goes_slower_and_then_as_it_was_told(open_session):
    session = open_session(Counting)
    session.start(speed=(2000.0, 0.0))
    assert session.wait(lambda s: s.head > 100, LONG)
    session.lead(20.0)
    assert session.wait(lambda s: 0 < s.rate < 100, LONG)
    assert session.status is Status.RUNNING
    worked = session.spent
    session.lead(None)
    assert session.wait(lambda s: s.rate > 1000, LONG)
    assert session.spent > worked
    session.pause()


def test_a_run_that_is_started_anew_is_not_held_back(open_session):
    session = open_session(Counting)
    session.start()
    session.lead(0.001)
    session.pause()
    assert session.advance(500) == 500


def test_a_pause_ends_what_waits_for_its_next_step(open_session):
    session = open_session(Counting)
    session.start(speed=(0.001, 0.0))
    session.wait(lambda s: s.head == 1)
    session.pause()
    assert session.head == 1 and session.status is Status.PAUSED
