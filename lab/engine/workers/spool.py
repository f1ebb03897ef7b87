"""Safety copies of running sessions, from which a lost one is restored.

They are pickles, so they stay in a folder that is made fresh, belongs to this user alone (mode
0700) and is removed at the end. In memory (/dev/shm) where the system has that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PREFIX = "iterlab-"
FORGOTTEN_S = 3600.0  # a dead process's folder that nobody has touched for so long is removed


class SpoolError(OSError):
    """A safety copy could not be kept; the message is one sentence."""


@dataclass(frozen=True)
class Saved:
    """A safety copy.

    Parameters
    ----------
    recipe : str
        The run's recipe as JSON when the copy was made.
    head : int
    blob : bytes
        Of `lab.engine.carry.dump`.
    """

    recipe: str
    head: int
    blob: bytes


class Spool:
    """A private folder of safety copies, one file for each session.

    A session that starts again gets another `epoch`, so that a copy from before is never taken
    for one from after.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def fresh(cls) -> Spool:
        """A new folder; those that dead processes of this user left behind are removed."""
        place = _place()
        _sweep(place)
        return cls(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place)))

    def write(self, session: int, epoch: int, saved: Saved) -> None:
        """Replaces the session's copy, at once or not at all.

        Raises
        ------
        SpoolError
            The disk is full, or the folder is gone.
        """
        path = self._path(session, epoch)
        part = path.with_suffix(".part")
        recipe = saved.recipe.encode()
        head = f"{saved.head} {len(recipe)}\n".encode()
        try:
            self._check()
            with part.open("wb") as file:
                file.write(head)
                file.write(recipe)
                file.write(saved.blob)
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise SpoolError(f"no safety copy could be kept ({error.strerror or error})") from error

    def read(self, session: int, epoch: int) -> Saved | None:
        """The session's copy, or None."""
        try:
            self._check()
            with self._path(session, epoch).open("rb") as file:
                head, length = file.readline().split()
                recipe = file.read(int(length)).decode()
                return Saved(recipe, int(head), file.read())
        except (OSError, ValueError):
            return None

    def remove(self, session: int) -> None:
        """Removes the session's copies."""
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"{session}-*"):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, session: int, epoch: int) -> Path:
        return self.folder / f"{session}-{epoch}.run"

    def _check(self) -> None:
        found = self.folder.stat()
        if hasattr(os, "getuid") and (
            found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077
        ):
            raise PermissionError(None, "its folder is not private")


def _place() -> Path:
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _sweep(place: Path) -> None:
    if not hasattr(os, "getuid"):
        return
    for folder in place.glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            owner = int(folder.name.removeprefix(PREFIX).split("-")[0])
            found = folder.stat()
            forgotten = time.time() - found.st_mtime > FORGOTTEN_S
            if found.st_uid == os.getuid() and forgotten and not _alive(owner):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
