"""What goes wrong in workers: the session says so, goes on, and no change is lost."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from experiments_for_tests import BadStart, Troublesome, Unpicklable
from specimens import Spin

from lab.engine.session import Session
from lab.engine.status import Status
from lab.engine.workers import Pool, memory, remote_session
from lab.engine.workers.spool import Saved, Spool, SpoolError
from lab.engine.workers.thread import ThreadWorker

LONG = 60  # seconds after which something that is waited for is given up


@pytest.fixture(scope="module")
def pool():
    with Pool(limit=2, warm=2) as pool:
        yield pool


@pytest.fixture
def bell(tmp_path):
    """A named pipe that a step rings before it hangs."""
    path = tmp_path / "bell"
    os.mkfifo(path)
    return str(path)


def rung(bell):
    """Waits until it is rung."""
    with open(bell) as pipe:
        pipe.read()


def kill(session):
    """Ends the session's worker, as the system does when memory runs out."""
    os.kill(session.worker.process.pid, signal.SIGKILL)


def restored(session):
    """Waits until its worker was lost and another one has it."""
    assert session.wait(lambda s: "restored" in s.notice and s.worker is not None, LONG)


def running_to(session, k):
    session.start()
    assert session.wait(lambda s: s.head > k, LONG)


def copied(session):
    """Asks its worker for something until a safety copy is there."""
    folder = session._pool.spool.folder
    while not any(folder.glob(f"{session.number}-*.run")):
        session.look(0).result(LONG)


def fresh(session, **options):
    """The same recipe run inline, as far as the session is."""
    here = Session(
        session.experiment, session.initial, session.seed, edits=session.edits, **options
    )
    here.advance(session.head)
    return here


def same_bits(session):
    here = fresh(session)
    assert np.array_equal(session.trace.k, here.trace.k)
    for name in here.trace.names:
        assert session.trace[name].tobytes() == here.trace[name].tobytes()
    return True


def test_a_killed_worker_costs_a_replay_and_never_an_edit(pool):
    session = remote_session(Troublesome, pool=pool)
    running_to(session, 500)
    session.set(push=0.4)
    copied(session)
    assert session.wait(lambda s: s.edits, LONG)
    assert session.wait(lambda s: s.head > s.edits[0].step + 500, LONG)
    session.set(push=0.2)
    kill(session)
    restored(session)
    assert session.status is Status.PAUSED
    assert "SIGKILL" in session.notice
    seen = session.head
    assert session.advance(300) == 300
    assert session.head >= seen + 300  # `seen` may have been read while it was replayed
    assert [edit.new for edit in session.edits] == [0.4, 0.2]
    assert same_bits(session)


def test_a_worker_killed_before_any_copy_is_restored_from_the_recipe(pool):
    session = remote_session(Troublesome, pool=pool)
    session.advance(40)
    session.set(push=-0.5)
    session.advance(40)
    pool.spool.remove(session.number)
    kill(session)
    restored(session)
    assert session.advance(20) == 20
    assert (session.head, [edit.step for edit in session.edits]) == (100, [40])
    assert same_bits(session)


def test_looking_back_works_after_a_loss(pool):
    session = remote_session(Troublesome, pool=pool)
    session.advance(200)
    kill(session)
    restored(session)
    look = session.look(150).result(LONG)
    assert look.values == values_at(session, 150)


def values_at(session, k):
    here = Session(session.experiment, session.initial, session.seed, edits=session.edits)
    here.advance(k)
    return here.look(k).values


def test_a_look_that_waits_is_answered_by_the_next_worker(pool, bell):
    session = remote_session(Troublesome, {"hang_at": 300, "bell": bell}, pool=pool)
    session.advance(100)
    session.start()
    rung(bell)
    found = session.look(20)
    session.stop()
    assert found.result(LONG).k == 20


def test_those_who_share_the_worker_go_on_by_themselves():
    with Pool(limit=1, warm=1) as pool:
        bystander = remote_session(Spin, pool=pool)
        culprit = remote_session(Troublesome, {"die_at": 400}, pool=pool)
        running_to(bystander, 100)
        culprit.start()
        restored(culprit)
        assert culprit.status is not Status.RUNNING
        head = bystander.head
        assert bystander.wait(lambda s: s.head > head + 200, LONG)
        assert bystander.status is Status.RUNNING
        bystander.pause()
        assert same_bits(bystander)
        culprit.set(mend=True)
        assert culprit.advance(500) == 500
        assert same_bits(culprit)


def test_stop_ends_a_step_that_hangs(pool, bell):
    session = remote_session(Troublesome, {"hang_at": 3000, "bell": bell}, pool=pool)
    told = threading.Event()
    session.subscribe(lambda s, frame: "restored" in frame.notice and told.set())
    session.advance(1000)
    copied(session)
    session.start()
    rung(bell)
    session.stop()
    assert session.status is Status.PAUSED
    restored(session)
    assert told.wait(LONG)
    assert "a step did not end" in session.notice
    assert session.wait(lambda s: s.status is Status.PAUSED, LONG)
    session.set(mend=True)
    assert session.advance(4000) == 4000
    assert same_bits(session)


def test_a_thread_that_hangs_is_left_behind(bell):
    with Pool(ThreadWorker, limit=1, spare=0) as pool:
        session = remote_session(Troublesome, {"hang_at": 50, "bell": bell}, pool=pool)
        session.start()
        rung(bell)
        session.stop()
        restored(session)
        session.set(mend=True)
        assert session.advance(100) == 100
        assert same_bits(session)
        # The thread that was left behind waits for ever; it is a daemon.


def test_stop_ends_a_preparation_that_hangs(pool, bell):
    session = remote_session(BadStart, {"how": 0, "bell": bell}, pool=pool)
    session.start()
    rung(bell)
    session.stop()
    assert session.wait(lambda s: s.notice, LONG)
    assert session.notice == "stopped while it was being prepared"
    assert (session.status, session.worker) == (Status.READY, None)
    session.close()


def test_a_preparation_that_ends_its_worker_is_told(pool):
    session = remote_session(BadStart, {"how": 1}, pool=pool)
    assert session.wait(lambda s: s.status is Status.FAILED, LONG)
    assert "lost while it was being prepared" in session.sentence
    other = remote_session(Spin, pool=pool)
    assert other.advance(5) == 5


def test_a_step_that_always_ends_its_worker_is_given_up(pool):
    session = remote_session(Troublesome, {"die_at": 100}, pool=pool)
    for _ in range(5):
        session.start()
        assert session.wait(lambda s: s.status is not Status.RUNNING, LONG)
    assert session.status is Status.FAILED
    assert session.sentence.startswith("lost 3 workers at step")
    session.reset()
    assert session.advance(50) == 50


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_a_run_that_takes_too_much_memory_fails_alone(monkeypatch):
    monkeypatch.setenv("LAB_MEMORY", "4")
    with Pool(limit=1, warm=1) as pool:
        bystander = remote_session(Spin, pool=pool)
        running_to(bystander, 100)
        greedy = remote_session(Troublesome, {"fill_at": 300}, pool=pool)
        process = greedy.worker.process
        greedy.start()
        assert greedy.wait(lambda s: s.status is Status.FAILED, LONG)
        assert greedy.sentence.startswith("failed at 300: out of memory: take a smaller problem")
        assert bystander.worker is greedy.worker and process.poll() is None
        head = bystander.head
        assert bystander.wait(lambda s: s.head > head + 100, LONG)
        branch = greedy.fork(300)
        branch.set(mend=True)
        assert branch.advance(50) == 50


def test_the_bound_of_memory_is_a_setting(monkeypatch):
    monkeypatch.setenv("LAB_MEMORY", "2.5")
    assert memory.bound() == 2_500_000_000
    monkeypatch.setenv("LAB_MEMORY", "0")
    assert memory.bound() is None
    monkeypatch.delenv("LAB_MEMORY")
    monkeypatch.setattr(memory, "_memory", lambda: 8_000_000_000)
    assert memory.bound() in (None, 6_000_000_000)
    monkeypatch.setattr(memory, "_memory", lambda: None)
    assert memory.bound() is None


def test_stop_while_the_workers_still_start():
    with Pool(limit=1, warm=1) as pool:
        session = remote_session(Spin, pool=pool)
        session.start()
        session.stop()
        assert session.wait(lambda s: len(s.trace) and not s._pending, LONG)
        assert (session.status, session.head) == (Status.READY, 0)
        assert session.advance(3) == 3


def test_without_room_for_a_copy_the_run_goes_on_and_says_so(tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir(mode=0o700)
    with Pool(limit=1, warm=1, spool=Spool(folder)) as pool:
        session = remote_session(Troublesome, pool=pool)
        assert session.wait(lambda s: len(s.trace), LONG)
        folder.rename(tmp_path / "elsewhere")
        session.start()
        assert session.wait(lambda s: "no safety copy" in s.notice, LONG)
        assert session.notice.endswith("the run goes on")
        head = session.head
        assert session.wait(lambda s: s.head > head + 100, LONG)
        session.pause()
        (tmp_path / "elsewhere").rename(folder)
        kill(session)
        restored(session)
        assert session.advance(10) == 10
        assert same_bits(session)


def test_a_state_that_cannot_be_pickled_is_made_again_from_the_recipe(pool):
    session = remote_session(Unpicklable, pool=pool)
    running_to(session, 200)
    assert session.wait(lambda s: "no safety copy" in s.notice, LONG)
    session.pause()
    head = session.head
    kill(session)
    restored(session)
    assert session.advance(5) == 5
    assert session.head == head + 5
    assert same_bits(session)


def test_workers_that_cannot_start_are_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with Pool(limit=1, warm=1) as pool:
        session = remote_session(Spin, pool=pool)
        assert session.wait(lambda s: s.status is Status.FAILED, LONG)
        assert session.sentence.startswith("no worker could be started: ")


def test_closing_the_pool_ends_what_is_left():
    pool = Pool(limit=1, warm=1)
    session = remote_session(Spin, pool=pool)
    running_to(session, 10)
    process, folder = session.worker.process, pool.spool.folder
    pool.close()
    assert process.returncode is not None
    assert session.status is Status.CANCELLED
    assert not folder.exists()


PARENT = """
import sys
from experiments_for_tests import Troublesome
from lab.engine.workers import Pool, memory, remote_session
pool = Pool(limit=1, warm=1)
session = remote_session(Troublesome, {"hang_at": 400, "bell": sys.argv[1]}, pool=pool)
session.advance(400)
print(session.worker.process.pid, pool.spool.folder, flush=True)
session.start()
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is no child")
@pytest.mark.parametrize("whom", ["the parent", "all"])
def test_workers_end_with_their_parent_even_inside_a_step(bell, whom):
    import select

    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent)])}
    pipe = subprocess.PIPE
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, bell],
        stdin=pipe,
        stdout=pipe,
        text=True,
        env=env,
        start_new_session=True,
    )
    with parent:
        pid, folder = parent.stdout.readline().split()
        child = os.pidfd_open(int(pid))
        rung(bell)
        if whom == "all":
            os.killpg(parent.pid, signal.SIGTERM)
        else:
            parent.kill()
    assert select.select([child], [], [], LONG)[0], "the worker has outlived its parent"
    os.close(child)
    assert not Path(folder).exists()


# -- safety copies ---------------------------------------------------------------------------------


@pytest.fixture
def spool():
    spool = Spool.fresh()
    yield spool
    spool.close()


def test_a_copy_is_read_back_for_its_own_start_only(spool):
    saved = Saved('{"seed": 1}', 812, b"\n\x00blob\n")
    spool.write(3, 7, saved)
    assert spool.read(3, 7) == saved
    assert spool.read(3, 8) is spool.read(4, 7) is None
    spool.remove(3)
    assert spool.read(3, 7) is None


def test_a_torn_copy_is_none(spool):
    spool.write(3, 7, Saved("{}", 812, b"blob"))
    (path,) = spool.folder.glob("*.run")
    path.write_bytes(b"")
    assert spool.read(3, 7) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no mode here")
def test_the_folder_is_private_or_not_used(spool):
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    spool.write(1, 1, Saved("{}", 0, b""))
    spool.folder.chmod(0o755)
    assert spool.read(1, 1) is None
    with pytest.raises(SpoolError, match="not private"):
        spool.write(1, 1, Saved("{}", 0, b""))


def test_a_full_disk_is_a_sentence_and_keeps_the_copy_before(spool, monkeypatch):
    saved = Saved("{}", 5, b"first")
    spool.write(1, 1, saved)

    def full(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SpoolError, match="No space left on device"):
        spool.write(1, 1, Saved("{}", 6, b"second"))
    assert spool.read(1, 1) == saved
    assert not list(spool.folder.glob("*.part"))
