"""`async with classroom() as room`: a server, a lesson "two-ways", runs in a thread."""

import pytest
from schoolroom import LESSON, opened

from lab.classroom import runs
from lab.classroom.journal import Journal
from lab.engine.workers import shared_pool


@pytest.fixture
def database(tmp_path):
    """The address of a journal that nobody else writes."""
    return f"sqlite:///{tmp_path / 'classroom.sqlite'}"


@pytest.fixture
def classroom(lab_home, database, monkeypatch):
    """`async with classroom() as room`."""
    monkeypatch.setattr(runs, "pool", lambda: shared_pool("thread"))
    monkeypatch.setattr(runs, "SHOWN_S", 0.2)
    (lab_home / "lessons").mkdir(exist_ok=True)
    (lab_home / "lessons" / "two-ways.toml").write_text(LESSON)
    return lambda: opened(Journal(database))
