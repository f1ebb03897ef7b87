"""The one SQLite file under LAB_HOME: verdicts now; links and rooms have their tables here too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, MetaData, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from lab.store.home import StoreError, home, make_folder

METADATA = MetaData()
BUSY_S = 10  # how long a write waits for another process's


def path() -> Path:
    """The file; it need not exist yet."""
    return home() / "lab.sqlite"


@contextlib.contextmanager
def connection(file: Path | None = None, metadata: MetaData = METADATA) -> Iterator[Connection]:
    """One transaction: kept when the block ends well, undone when it raises.

    Parameters
    ----------
    file : Path or None
        Another file than that of LAB_HOME, with the tables of `metadata`.

    Raises
    ------
    StoreError
        In one sentence: the disk is full, the file is locked or is no database.
    """
    file = file or path()
    make_folder(file.parent)
    engine = create_engine(
        f"sqlite:///{file}", poolclass=NullPool, connect_args={"timeout": BUSY_S}
    )
    try:
        with engine.begin() as open_connection:
            metadata.create_all(open_connection)
            yield open_connection
    except DBAPIError as error:
        raise StoreError(f"{file}: {error.orig}; nothing was written") from error
    finally:
        engine.dispose()
