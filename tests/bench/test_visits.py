"""What the bench asks of its own server, and that its rows are there."""

import json
import subprocess
import sys

import pytest

from lab.bench import notebook, page, visits
from lab.bench.row import Row


def test_the_server_tells_its_memory_and_its_runs(lab_home, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.bench.served", str(tmp_path / "diary"), "20", "0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.stdin.write('{"memory": true}\n')
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert told["bytes"] > 1e7
    assert told["runs"] == 0


def test_without_a_jupyterlab_a_row_says_so(monkeypatch):
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)
    (row,) = notebook.rows(None, page.FIXED_POINT)
    assert isinstance(row, Row) and row.value is None
    assert "not installed" in row.note


@pytest.mark.parametrize(("runs", "said"), [(0, False), (2, True)])
def test_what_is_still_held_is_said(monkeypatch, runs, said):
    told = iter([{"bytes": 100e6, "runs": 0}, {"bytes": 112e6, "runs": runs}])
    monkeypatch.setattr(visits, "_open_and_close", lambda *asked: None)
    monkeypatch.setattr(visits, "_at_rest", lambda served: next(told))
    row = visits.memory(None, None, page.FIXED_POINT)
    assert row.value == pytest.approx(12)
    assert ("still held" in row.note) is said
