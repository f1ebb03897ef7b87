"""What a worker process runs: `python -P -m lab.engine.workers.child HANDLE NUMBER SPOOL`."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from lab.engine.workers import memory
from lab.engine.workers.beat import Beat, beat_path
from lab.engine.workers.inbox import Inbox
from lab.engine.workers.messages import Ready
from lab.engine.workers.pipe import inherited
from lab.engine.workers.spool import Spool

NICENESS = 5  # the page and the browser go first


def main() -> None:
    """Reads commands on a thread and serves them until told to quit, or until alone."""
    handle, number, folder = sys.argv[1:]
    gc.disable()  # until all is imported: nothing of it is garbage
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave_it_to_the_parent)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    memory.bind()
    connection, inbox, imported = inherited(handle), Inbox(), threading.Event()
    reading = (connection, inbox, folder, imported)
    threading.Thread(target=_read, args=reading, daemon=True).start()
    try:
        beat, spool = Beat(beat_path(folder, number)), Spool(Path(folder))
    except FileNotFoundError:
        os._exit(0)  # the pool was closed while this process started
    _serve(connection, inbox, beat, spool, imported)
    os._exit(0)  # without the seconds that libraries take to tidy up


def _leave_it_to_the_parent(*signal_and_frame) -> None:
    """A Ctrl-C or the end of a service goes to all processes; our pipe tells us what to do."""


def _serve(
    connection: Connection, inbox: Inbox, beat: Beat, spool: Spool, imported: threading.Event
) -> None:
    import torch

    from lab.engine.workers.host import Host

    torch.set_num_threads(1)
    imported.set()
    # The first time takes an eighth of a second. Never do such things on a thread beside a run:
    # both would wait for the interpreter's lock, and the run would make a hundredth of its steps.
    torch.ones(2, 2, requires_grad=True).sum().backward()
    gc.freeze()  # objects of libraries need not be looked through in the middle of a run
    gc.enable()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.send(Ready())
        Host(connection.send, inbox, beat, spool).serve()


def _read(connection: Connection, inbox: Inbox, folder: str, imported: threading.Event) -> None:
    """Takes commands off the pipe even during a long step, so that its end is noticed.

    A command may hold what torch has to unpickle, and two threads cannot import it at a time.
    """
    told = False
    with contextlib.suppress(EOFError, OSError):
        connection.poll(None)
        inbox.expecting.set()
        imported.wait()
        while True:
            command = connection.recv()
            told = told or command.verb == "quit"
            inbox.put(command)
    if not told:
        shutil.rmtree(folder, ignore_errors=True)  # the parent is gone and cannot do it
    os._exit(0)


if __name__ == "__main__":
    main()
