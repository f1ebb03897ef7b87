"""The tour runs from top to bottom, and is stored as a reader first sees it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "notebooks" / "00_tour.ipynb"


@pytest.fixture
def tour():
    return nbformat.read(TOUR, as_version=4)


def test_it_is_short_and_stored_without_output(tour):
    assert len(tour.cells) <= 10
    for cell in tour.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_every_cell_runs_and_says_nothing_on_the_side(tour, lab_home, tmp_path):
    NotebookClient(tour, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in tour.cells:
        for output in cell.get("outputs", ()):
            assert output.get("name") != "stderr", output.get("text")
    shown = [output.get("data", {}) for cell in tour.cells for output in cell.get("outputs", ())]
    assert sum("application/vnd.jupyter.widget-view+json" in data for data in shown) == 4
    assert sum("<svg" in data.get("text/html", "") for data in shown) == 3
