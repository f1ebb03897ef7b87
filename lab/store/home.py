"""Where the program writes: LAB_HOME, by default the platform's folder for a user's data."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs


class StoreError(OSError):
    """Something could not be written or read; the message is one sentence for a person."""


def home() -> Path:
    """The folder under which everything is written; it need not exist yet."""
    chosen = os.environ.get("LAB_HOME")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_path("iterlab"))


def cache_folder(name: str) -> Path:
    """The folder of a cache; deleting it costs time, never a result."""
    return home() / "cache" / name


def experiments_folder() -> Path:
    """Where a person's own experiments are found."""
    return home() / "experiments"


def recordings_folder() -> Path:
    """Where recorded runs are kept."""
    return home() / "recordings"


def shipped_recordings() -> Path:
    """Where the package keeps the recorded runs and studies that it brings along."""
    return Path(__file__).parent.parent / "recordings"


def make_folder(folder: Path) -> Path:
    """Makes the folder, and those above it, for this user alone (mode 0700).

    Raises
    ------
    StoreError
    """
    try:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(told(error, folder)) from error
    return folder


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when all went well.

    So a reader sees the old file or the new one, never half of one, and a full disk leaves the
    old file as it was.

    Raises
    ------
    StoreError
        With a sentence that says what is in the way (a full disk, a missing right).
    """
    make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise StoreError(told(error, path)) from error
    beside = Path(name)
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise StoreError(told(error, path)) from error
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text in one piece.

    Raises
    ------
    StoreError
    """
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def read_text(path: Path, limit: int) -> str:
    """The text of a file of at most `limit` bytes; the size is looked at before it is read.

    Raises
    ------
    StoreError
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise StoreError(f"{path.name} has {size} bytes; {limit} at most")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(f"{path.name} is not a text") from error
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(told(error, path)) from error


def told(error: OSError, path: Path) -> str:
    """An operating system's error as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {path} was not written; free some space or set LAB_HOME"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no right to write or read {path}; set LAB_HOME to a folder of yours"
    if error.errno == errno.ENOENT:
        return f"there is no file {path}"
    return f"{path}: {error.strerror or error}"
