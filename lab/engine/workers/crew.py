"""Worker processes for work without a page: the cells of studies."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

from lab.engine.workers.messages import Answer, Command, Ready, WorkerError
from lab.engine.workers.process import ProcessWorker
from lab.engine.workers.spool import Spool

TRIES = 2  # a call whose worker is lost is made once more


class WorkerLost(WorkerError):
    """The worker of a call has ended twice; the message says how."""


class _Task(NamedTuple):
    function: str
    arguments: tuple
    future: Future
    tries: int


class Crew(Executor):
    """An executor over a few worker processes, each with one call at a time.

    The same interface as that of `concurrent.futures` and of a Dask client's executor.

    Parameters
    ----------
    size : int or None
        Workers; the number of cores by default. They are started as calls come.
    """

    def __init__(self, size: int | None = None):
        self._size = size or os.cpu_count() or 1
        self._spool = Spool.fresh()
        self._lock = threading.RLock()
        self._waiting: deque[_Task] = deque()
        self._made: dict[Any, _Task | None] = {}
        self._numbers = iter(range(1, 1 << 62))
        self._open = True

    def submit(self, function: Callable, /, *arguments, **keywords) -> Future:
        """Calls an importable function in a worker."""
        if keywords:
            raise TypeError("a crew passes positional arguments only")
        task = _Task(f"{function.__module__}:{function.__qualname__}", arguments, Future(), 1)
        with self._lock:
            if not self._open:
                raise RuntimeError("the crew has gone home")
            self._waiting.append(task)
            self._assign()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers; calls that have not begun are cancelled."""
        with self._lock:
            self._open = False
            waiting, self._waiting = list(self._waiting), deque()
            workers, self._made = dict(self._made), {}
        for task in waiting:
            task.future.cancel()
        for worker, task in workers.items():
            if task is not None:
                worker.kill()
                _fail(task.future, WorkerError("stopped"))
            worker.send(Command("quit"))
        for worker in workers:
            worker.close()
        self._spool.close()

    def _assign(self) -> None:
        """Hands waiting calls to idle workers, and starts a worker when all are at work."""
        while self._waiting:
            worker = next((w for w, task in self._made.items() if task is None), None)
            if worker is None and len(self._made) < self._size:
                worker = ProcessWorker(next(self._numbers), self._spool, self._heard, self._lost)
            if worker is None:
                return
            task = self._waiting.popleft()
            if task.tries == 1 and not task.future.set_running_or_notify_cancel():
                self._made[worker] = None
                continue
            self._made[worker] = task
            values = dict(function=task.function, arguments=task.arguments)
            worker.send(Command("call", number=worker.number, values=values))

    def _heard(self, worker: ProcessWorker, message: Any) -> None:
        if isinstance(message, Ready) or not isinstance(message, Answer):
            return
        with self._lock:
            task = self._made.get(worker)
            if task is None:
                return
            self._made[worker] = None
            self._assign()
        if message.error:
            _fail(task.future, WorkerError(message.error))
        else:
            task.future.set_result(message.value)

    def _lost(self, worker: ProcessWorker) -> None:
        fate = worker.fate()
        with self._lock:
            task = self._made.pop(worker, None)
            if task is None:
                return
            again = self._open and task.tries < TRIES
            if again:
                self._waiting.appendleft(task._replace(tries=task.tries + 1))
            self._assign()
        if not again:
            _fail(task.future, WorkerLost(f"its worker was lost: {fate}"))


def _fail(future: Future, error: Exception) -> None:
    with contextlib.suppress(Exception):  # it may have been answered meanwhile
        future.set_exception(error)
