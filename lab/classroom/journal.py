"""What was said in the rooms, on disk: an answer is acknowledged only after it is written.

One thread writes; what arrives while it writes becomes one transaction, so that sixty answers in a
second are a few commits and not sixty.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future

from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from lab.store.home import StoreError, home, make_folder

VARIABLE = "LAB_DATABASE"
OLD_DAYS = 30
METADATA = MetaData()
ROOMS = Table(
    "rooms", METADATA,
    Column("id", String(32), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("opened", Float, nullable=False),
    Column("ended", Float),
)  # fmt: skip
EVENTS = Table(
    "events", METADATA,
    Column("room", String(32), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)  # fmt: skip


def address() -> str:
    """Where rooms are kept: LAB_DATABASE (an address as SQLAlchemy takes it), or under LAB_HOME."""
    return os.environ.get(VARIABLE) or f"sqlite:///{home() / 'classroom.sqlite'}"


class Journal:
    """The events of all rooms.

    Parameters
    ----------
    url : str or None
        By default `address()`.

    Raises
    ------
    StoreError
        In one line, without the address, which may hold a password.
    """

    def __init__(self, url: str | None = None):
        url = url or address()
        try:
            if url.startswith("sqlite:///"):
                make_folder(home())
            self._engine = create_engine(url)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _durable)
            METADATA.create_all(self._engine)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise StoreError(f"the rooms cannot be opened: {_told(error)}") from None
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="lab-journal", daemon=True)
        self._writer.start()

    @property
    def kind(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    def append(self, room: str, events: Iterable[dict]) -> Future:
        """Writes the next events of a room; done when they are on disk."""
        done: Future = Future()
        self._queue.put((room, None, list(events), done))
        return done

    def begin(self, room: str, title: str, events: list[dict]) -> Future:
        """A new room and its first events."""
        done: Future = Future()
        self._queue.put((room, title, events, done))
        return done

    def close(self) -> None:
        """Writes what waits, then ends."""
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
        self._engine.dispose()

    # -- reading ---------------------------------------------------------------------------------

    def open_rooms(self) -> list[str]:
        """The rooms that have not ended."""
        with self._engine.connect() as connection:
            return list(connection.scalars(select(ROOMS.c.id).where(ROOMS.c.ended.is_(None))))

    def rooms(self) -> list[dict]:
        """All rooms, the newest first: id, title, opened, ended, and `old` after thirty days."""
        with self._engine.connect() as connection:
            found = connection.execute(select(ROOMS).order_by(ROOMS.c.opened.desc())).mappings()
            border = time.time() - OLD_DAYS * 86_400
            return [{**row, "old": row["opened"] < border} for row in found]

    def events(self, room: str) -> list[dict]:
        """All events of a room, in order."""
        with self._engine.connect() as connection:
            rows = connection.scalars(
                select(EVENTS.c.body).where(EVENTS.c.room == room).order_by(EVENTS.c.n)
            )
            return [json.loads(body) for body in rows]

    def delete(self, room: str) -> None:
        """Deletes all that was said in a room, for good: freed pages are overwritten.

        Raises
        ------
        StoreError
        """
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(EVENTS).where(EVENTS.c.room == room))
                connection.execute(delete(ROOMS).where(ROOMS.c.id == room))
            if self.kind == "sqlite":  # nothing stays behind in the write-ahead log
                with self._engine.connect() as connection:
                    connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        except DBAPIError as error:
            raise StoreError(f"the room was not deleted: {_told(error)}") from None

    # -- the writer's thread ---------------------------------------------------------------------

    def _write(self) -> None:
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            over = None in batch
            work = [entry for entry in batch if entry is not None]
            if work:
                self._commit(work)
            if over:
                return

    def _commit(self, work: list) -> None:
        try:
            with self._engine.begin() as connection:
                for room, title, events, _ in work:
                    self._put(connection, room, title, events)
        except Exception as error:  # whatever it is, those who wait are told
            refusal = StoreError(f"nothing was written: {_told(error)}")
            for *_, done in work:
                done.set_exception(refusal)
            return
        for *_, done in work:
            done.set_result(None)

    @staticmethod
    def _put(connection, room: str, title: str | None, events: list[dict]) -> None:
        if title is not None:
            opened = {"id": room, "title": title, "opened": events[0]["at"], "ended": None}
            connection.execute(insert(ROOMS), opened)
        last = connection.scalar(select(func.max(EVENTS.c.n)).where(EVENTS.c.room == room))
        first = 0 if last is None else last + 1
        rows = [
            {"room": room, "n": first + i, "body": json.dumps(e, separators=(",", ":"))}
            for i, e in enumerate(events)
        ]
        connection.execute(insert(EVENTS), rows)
        for e in events:
            if e["did"] == "ended":
                connection.execute(update(ROOMS).where(ROOMS.c.id == room).values(ended=e["at"]))


def _durable(connection, _record) -> None:
    """What a commit of SQLite promises: it survives the loss of power; what is deleted is gone."""
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "busy_timeout=10000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _told(error: Exception) -> str:
    """An error without the address of the database and without what was to be written."""
    return str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
