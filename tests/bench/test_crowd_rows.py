"""The classroom's figures, with a class of three."""

import json
from concurrent.futures import ThreadPoolExecutor

from lab.bench import classroom


def test_a_small_class_gives_every_row(monkeypatch):
    small = dict(CLASS=3, MANY=2, MANY_S=0.5, ARRIVE_S=0.1, AWAY_S=0.1, ACTIONS=2)
    for name, value in small.items():
        monkeypatch.setattr(classroom, name, value)
    monkeypatch.setattr(classroom, "CHROMIUM", "/nowhere/chromium")
    with ThreadPoolExecutor(1) as pool:  # a browser's loop may run on the main thread
        rows = {row.name: row for row in pool.submit(lambda: [*classroom.rows()]).result()}
    assert len(rows) == 13
    lost = [row.value for name, row in rows.items() if "lost" in name or "dropped" in name]
    assert lost == [0, 0, 0]
    unseen = [row for row in rows.values() if row.value is None]
    assert [row.note for row in unseen] == ["no browser at /nowhere/chromium"]
    assert rows["the student's page"].met
    json.dumps([row.to_json() for row in rows.values()])
