"""Who serves whom, with puppets in place of workers: nothing here depends on timing."""

import threading

import pytest
from specimens import Spin

from lab.engine import registry
from lab.engine.recipe import MAX_EDITS, Edit
from lab.engine.status import SessionError, Status
from lab.engine.workers import Pool, WorkerError
from lab.engine.workers.messages import Answer, Frame, Ready
from lab.engine.workers.remote import RemoteSession

LONG = 60
ENTRY = registry.entry(Spin)


class Puppet:
    """A worker that writes down what it is told and says what a test lets it say."""

    by_value = False

    def __init__(self, number, spool, heard, lost):
        self.number, self.ready, self.sessions, self.heard_at = number, False, set(), 0.0
        self.heard, self.lost = heard, lost
        self.told, self.killed = [], threading.Event()
        self.culprit, self.on_death = 0, lambda: None

    def send(self, command):
        self.told.append(command)

    def kill(self):
        self.killed.set()

    def close(self):
        self.kill()

    def fate(self):
        self.on_death()
        return "it was ended by a test"

    def verbs(self, session):
        return [c.verb for c in self.told if c.session == session.number and c.verb != "seen"]

    def last(self, verb):
        return [command for command in self.told if command.verb == verb][-1]

    def is_ready(self):
        self.heard(self, Ready())

    def frame(self, session, after=None, **fields):
        """A frame that acknowledges all that the session has sent."""
        numbers = [c.number for c in self.told if c.session == session.number]
        number = max(numbers) if after is None else after
        self.heard(self, Frame(session.number, number, **fields))


@pytest.fixture
def pool():
    with Pool(Puppet, limit=3, hang_s=0.0) as pool:
        yield pool


@pytest.fixture
def session(pool):
    session = RemoteSession(ENTRY, ENTRY.source, pool)
    session.worker.is_ready()
    session.worker.frame(session)
    return session


def test_a_spare_is_started_when_the_first_is_ready(pool):
    session = RemoteSession(ENTRY, ENTRY.source, pool)
    assert len(pool.workers) == 1
    session.worker.is_ready()
    assert len(pool.workers) == 2
    assert not pool.workers[1].sessions
    assert pool.wait_for_spare(0) is False
    pool.workers[1].is_ready()
    assert pool.wait_for_spare(0) is True


def test_no_more_workers_than_the_limit_the_least_loaded_one_serves(pool):
    sessions = []
    for _ in range(7):
        sessions.append(RemoteSession(ENTRY, ENTRY.source, pool))
        for worker in pool.workers:
            if not worker.ready:
                worker.is_ready()
    assert len(pool.workers) == 3
    assert sorted(len(worker.sessions) for worker in pool.workers) == [2, 2, 3]
    for other in sessions:
        other.close()
    assert not any(worker.sessions for worker in pool.workers)


def test_an_idle_worker_imports_what_runs_elsewhere(pool, session):
    spare = pool.workers[1]
    spare.is_ready()
    assert spare.last("prime").values == {"source": ENTRY.source}


def test_a_run_that_has_begun_stays_where_its_keyframes_are(pool):
    one, other = (RemoteSession(ENTRY, ENTRY.source, pool) for _ in range(2))
    worker = one.worker
    assert other.worker is worker
    worker.is_ready()
    worker.frame(one)
    worker.frame(other)
    for run in (one, other):
        run.start(steps=5)
        worker.frame(run, head=5, status=Status.PAUSED)
    pool.workers[1].is_ready()
    assert one.worker is other.worker is worker


def test_a_run_that_starts_again_takes_an_idle_worker(pool):
    one, other = (RemoteSession(ENTRY, ENTRY.source, pool) for _ in range(2))
    crowded = one.worker
    crowded.is_ready()
    for run in (one, other):
        crowded.frame(run)
        run.start(steps=5)
        crowded.frame(run, head=5, status=Status.PAUSED)
    idle = pool.workers[1]
    idle.is_ready()
    one.reset()
    assert (one.worker, other.worker) == (idle, crowded)
    other.reset()
    assert (one.worker, other.worker) == (idle, crowded)


def test_frames_from_before_it_started_again_are_ignored(session):
    worker = session.worker
    session.start()
    begun = worker.last("run").number
    session.reset()
    worker.frame(session, after=begun, head=99, status=Status.RUNNING)
    assert (session.head, session.status) == (0, Status.READY)
    worker.frame(session)
    assert session.settled


def test_frames_of_a_worker_that_lost_the_session_are_ignored(pool, session):
    old = session.worker
    pool.workers[1].is_ready()
    old.lost(old)
    assert session.worker is not old
    old.frame(session, head=99, status=Status.RUNNING)
    assert session.head == 0


def test_a_command_outlives_the_worker_that_did_not_answer(pool, session):
    old = session.worker
    old.frame(session, head=50, status=Status.PAUSED)
    session.set(angle=1.0)
    found = session.look(20)
    old.culprit = session.number
    old.lost(old)
    opening = session.worker.last("open").values
    assert [command.verb for command in opening["again"]] == ["set", "look"]
    assert (opening["restore"], opening["floor"]) == (True, 50)
    assert session.controls["angle"] == 1.0
    value = dict(k=20, values={}, picture={}, controls={})
    session.worker.heard(session.worker, Answer(session.number, opening["again"][1].number, value))
    assert found.result(0).k == 20


def test_a_restored_run_catches_up_with_every_edit(pool, session):
    worker = session.worker
    worker.frame(session, head=50, edits=(Edit(70, "angle", 0.3, 1.0),), status=Status.PAUSED)
    worker.lost(worker)
    assert session.worker.last("open").values["floor"] == 70


def test_the_culprit_waits_and_the_others_go_on(pool):
    one, other = (RemoteSession(ENTRY, ENTRY.source, pool) for _ in range(2))
    worker = one.worker
    worker.is_ready()
    for run in (one, other):
        run.start()
        worker.frame(run, head=5, status=Status.RUNNING, goal=900)
    worker.culprit = one.number
    worker.lost(worker)
    assert (one.status, other.status) == (Status.PAUSED, Status.RUNNING)
    assert one.opening().values["resume"] is None
    assert other.opening().values["resume"] == {
        "goal": 900, "until": None, "speed": None,
    }  # fmt: skip


def test_a_branch_that_was_not_made_yet_is_made_from_its_own_recipe(pool, session):
    worker = session.worker
    worker.frame(session, head=50, status=Status.PAUSED)
    branch = session.fork(30)
    worker.lost(worker)
    opening = branch.worker.last("open")
    assert (opening.session, opening.values["floor"]) == (branch.number, 30)
    assert "fork" not in [command.verb for command in session.opening().values["again"]]


def test_one_that_was_closed_while_its_worker_was_being_lost_stays_closed(pool, session):
    worker = session.worker
    worker.on_death = session.close
    worker.lost(worker)
    assert (session.status, session.worker) == (Status.CANCELLED, None)


def test_one_that_was_started_again_meanwhile_is_opened_once(pool, session):
    worker = session.worker
    worker.on_death = session.reset
    worker.lost(worker)
    assert session.worker.verbs(session) == ["open"]


def test_stop_ends_a_worker_that_says_nothing(session):
    session.start()
    session.stop()
    assert session.worker.killed.wait(LONG)


def test_stop_pressed_again_does_not_begin_anew(session):
    session.start()
    session.stop()
    number = session.worker.last("pause").number
    session.stop()
    assert session.worker.last("pause").number == number


def test_a_worker_that_still_starts_is_not_ended(pool):
    session = RemoteSession(ENTRY, ENTRY.source, pool)
    session.start()
    session.stop()
    assert not pool._overdue()
    assert not session.worker.killed.is_set()


def test_workers_that_cannot_start_are_not_started_for_ever(pool):
    session = RemoteSession(ENTRY, ENTRY.source, pool)
    for _ in range(2):
        session.worker.lost(session.worker)
    assert session.status is Status.FAILED
    assert session.sentence == "no worker could be started: it was ended by a test"
    assert not pool.workers
    session.reset()
    assert session.worker is pool.workers[0]


def test_a_recipe_that_is_full_takes_no_more_changes(session):
    session.edits = [Edit(k, "angle", 0.3, 1.0) for k in range(MAX_EDITS)]
    with pytest.raises(SessionError, match="no more changes"):
        session.set(angle=0.5)


def test_a_closed_pool_takes_no_sessions(pool, session):
    pool.close()
    assert session.status is Status.CANCELLED
    with pytest.raises(WorkerError, match="closed"):
        RemoteSession(ENTRY, ENTRY.source, pool)
