"""Which session a worker is busy with, readable after its death."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FORMAT = struct.Struct("<q")


class Beat:
    """A number in a small shared file: a session, or 0 for none."""

    def __init__(self, path: Path, make: bool = False):
        if make:
            path.write_bytes(_FORMAT.pack(0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORMAT.size)

    def mark(self, session: int) -> None:
        _FORMAT.pack_into(self._memory, 0, session)

    def read(self) -> int:
        return _FORMAT.unpack_from(self._memory)[0]

    def close(self) -> None:
        self._memory.close()


class LocalBeat:
    """The same for a worker in this process."""

    def __init__(self):
        self._session = 0

    def mark(self, session: int) -> None:
        self._session = session

    def read(self) -> int:
        return self._session

    def close(self) -> None:
        """Nothing is held."""


def beat_path(folder: str | Path, number: str | int) -> Path:
    """Where worker `number` says what it is busy with."""
    return Path(folder) / f"worker-{number}"
