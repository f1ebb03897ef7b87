"""What is made once and shared: data, trained networks, exact answers.

A `given` depends on the controls that it names, the seed, the device, the precision and the
code; for one such key it is made once, kept in memory, and on disk when it took long to make.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import pickle
import tempfile
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from lab.core.backend import Backend
from lab.core.random import Rng
from lab.engine.controls import Controls

KEPT_IN_MEMORY = 256
WORTH_A_FILE_S = 0.2

_INIT_LOCK = threading.RLock()


class Prepared:
    """The givens of one run, as attributes; none can be replaced."""

    def __init__(self, entries: dict):
        self.__dict__.update(entries)

    def __setattr__(self, name, value):
        raise AttributeError(f"given is frozen: {name} cannot be set")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"no given {name!r}; there is {', '.join(self.__dict__) or 'none'} "
            '(one declared with when="claim" exists only in studies and claims)'
        )

    def __reduce__(self):
        return Prepared, (dict(self.__dict__),)

    def __deepcopy__(self, memo):
        return Prepared({name: copy.deepcopy(value, memo) for name, value in vars(self).items()})


class Cache:
    """Made things by key: the latest in memory, the costly ones also in a private folder.

    Files are pickles, so the folder belongs to this user alone (mode 0700); one that does not is
    not used. Sessions of one process share one cache through `shared_cache`.
    """

    def __init__(self, folder: Path | None = None, limit: int = KEPT_IN_MEMORY):
        self.folder, self.limit = folder, limit
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: str, make) -> Any:
        """What is kept under `key`, or what `make()` returns, kept from now on."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._read_or_make(key, make)
            self._kept.move_to_end(key)
            while len(self._kept) > self.limit:
                self._kept.popitem(last=False)
            return self._kept[key]

    def clear(self) -> None:
        """Forgets what is in memory."""
        with self._lock:
            self._kept.clear()

    def _read_or_make(self, key, make):
        folder = self._private_folder()
        if folder is not None:
            # Whatever is wrong with an old file, it can be made again.
            with contextlib.suppress(Exception):
                return pickle.loads((folder / key).read_bytes())
        start = time.perf_counter()
        made = make()
        if folder is not None and time.perf_counter() - start > WORTH_A_FILE_S:
            # A full disk or an unpicklable thing costs the next start some time, nothing else.
            with contextlib.suppress(OSError, pickle.PickleError, TypeError, AttributeError):
                _write(folder / key, pickle.dumps(made))
        return made

    def _private_folder(self) -> Path | None:
        if self.folder is None:
            return None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.folder.stat()
        except OSError:
            return None
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
            return None
        return self.folder


def _write(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def shared_cache() -> Cache:
    """The cache of this process, with its folder under LAB_HOME."""
    global _SHARED
    with _INIT_LOCK:
        if _SHARED is None:
            from lab.store.home import cache_folder

            _SHARED = Cache(cache_folder("given"))
        return _SHARED


_SHARED: Cache | None = None


def controls_of(experiment, name: str) -> tuple[str, ...]:
    """The controls that a given depends on, those of the givens that it asks for included."""
    given = experiment.givens[name]
    found = dict.fromkeys(given.by)
    for ours in (given.controls or {}).values():
        if isinstance(ours, str) and ours in experiment.controls():
            found[ours] = None
    for other in given.inputs:
        found.update(dict.fromkeys(controls_of(experiment, other)))
    return tuple(found)


def prepare(
    experiment, controls: dict, seed: int, backend: Backend, *, claim: bool = False, cache=None
) -> Prepared:
    """The givens of one run.

    Parameters
    ----------
    controls : dict
        Every control's value at step 0.
    claim : bool
        Also those declared with `when="claim"`.
    """
    cache = cache or shared_cache()
    made: dict[str, Any] = {}

    def resolve(name: str):
        if name not in made:
            given = experiment.givens[name]
            inputs = {other: resolve(other) for other in given.inputs}
            by = {control: controls[control] for control in controls_of(experiment, name)}
            key = _key(experiment, name, by, seed, backend)
            made[name] = cache.get(key, lambda: _make(experiment, given, by, seed, backend, inputs))
        return made[name]

    for name, given in experiment.givens.items():
        if given.when == "run" or claim:
            resolve(name)
    return Prepared(made)


def _key(experiment, name, by, seed, backend) -> str:
    from lab.engine.codehash import code_hash
    from lab.engine.registry import load

    what = [experiment.__module__, experiment.__qualname__, name, by, seed]
    what += [backend.device, backend.dtype, code_hash(experiment)]
    given = experiment.givens[name]
    if given.run is not None:
        what += [code_hash(load(given.run)), given.controls, given.steps, given.take]
    text = json.dumps(what, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _make(experiment, given, by, seed, backend, inputs):
    if given.run is not None:
        return _from_run(given, by, seed, backend)
    with seeded(Rng(seed, -1, backend), f"given/{given.name}"):
        return given.make(Controls(by), Rng(seed, -1, backend), backend, **inputs)


def _from_run(given, by, seed, backend):
    from lab.engine.session import Session

    theirs = {
        name: by[ours] if isinstance(ours, str) and ours in by else ours
        for name, ours in (given.controls or {}).items()
    }
    run = Session(given.run, theirs, seed, backend.device, backend.dtype)
    run.advance(given.steps or run.experiment.max_steps)
    if run.ended in ("error", "diverged"):
        raise RuntimeError(f"the run of {run.name} that {given.name} takes from {run.sentence}")
    return {name: run.state[name] for name in given.take}


@contextlib.contextmanager
def seeded(rng: Rng, name: str):
    """Seeds torch's global generator, which `nn.Linear` draws from, and puts it back.

    One at a time in a process: the generator is shared by its threads. On the CPU only: what is
    drawn there and then moved is the same on every device.
    """
    # Not torch.manual_seed: it also queues work for each kind of accelerator, 0.3 ms a call.
    generator = torch.default_generator
    with _INIT_LOCK:
        before = generator.get_state()
        generator.manual_seed(rng.torch_seed(name))
        try:
            yield
        finally:
            generator.set_state(before)
