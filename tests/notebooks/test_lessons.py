"""Every notebook runs from top to bottom, and is stored as a reader first sees it."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from lab.engine import Session
from lab.views import Lane, Shared, make
from lab.views.canvas import codes

FOLDER = Path(__file__).parents[2] / "notebooks"
TOUR = FOLDER / "00_tour.ipynb"
FIXED_POINTS = FOLDER / "01_fixed_points.ipynb"
GROKKING = FOLDER / "02_grokking.ipynb"
SPARSE = FOLDER / "03_sparse_networks.ipynb"
# By notebook: cells at most, and what its cells show: live pages, and still pictures.
SHOWN = {TOUR: (10, 4, 3), FIXED_POINTS: (16, 4, 1), GROKKING: (12, 1, 1), SPARSE: (15, 3, 0)}

OWN = """def mine(x):
    return torch.stack([0.8 * x[1], -0.8 * x[0], 0.5 * x[2]])


Mine = lesson(mine, start=(1.0, 0.0, 2.0), rate={rate})
print(lab.verify(Mine))"""


def read(path):
    return nbformat.read(path, as_version=4)


def run(notebook, folder):
    """The outputs of all cells; nothing was said on the side."""
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    for output in outputs:
        assert output.get("name") != "stderr", output.get("text")
    return outputs


def test_each_is_known_here():
    assert set(FOLDER.glob("*.ipynb")) == set(SHOWN)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_it_is_short_and_stored_without_output(path):
    cells = read(path).cells
    assert len(cells) <= SHOWN[path][0]
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_every_cell_runs_and_says_nothing_on_the_side(path, lab_home, tmp_path):
    _, pages, pictures = SHOWN[path]
    shown = [output.get("data", {}) for output in run(read(path), tmp_path)]
    assert sum("application/vnd.jupyter.widget-view+json" in data for data in shown) == pages
    assert sum("<svg" in data.get("text/html", "") for data in shown) == pictures


def test_a_reader_swaps_in_a_map(lab_home, tmp_path):
    """The cell that makes experiments, and a reader's: twice, with a right and a wrong rate."""
    notebook = read(FIXED_POINTS)
    (maker,) = [cell for cell in notebook.cells if "def lesson(" in cell.source]
    typed = [nbformat.v4.new_code_cell(OWN.format(rate=rate)) for rate in (0.8, 0.7)]
    notebook.cells = [maker, *typed]
    said = "".join(output.get("text", "") for output in run(notebook, tmp_path))
    assert said.count("rate: holds (factor 0.8)") == 1
    assert said.count("rate: fails (factor 0.8)") == 1
    assert said.count("bound: holds") == 2


def test_the_exported_embedding_gives_the_spectrum_on_screen(tmp_path, monkeypatch):
    """The lesson's own lines, through a file and numpy, beside what the picture draws."""
    monkeypatch.chdir(tmp_path)
    run = Session("progress-measures", controls={"p": 23, "width": 64}, seed=3)
    run.advance(200)
    (cell,) = [cell for cell in read(GROKKING).cells if "np.savetxt" in cell.source]
    assert len(cell.source.splitlines()) <= 12
    said = {"run": run, "np": np}
    exec(cell.source, said)
    spectrum = next(view for view in run.experiment.views if "spectrum" in view.sources)
    picture = make(spectrum, run.experiment, Shared(run.experiment))
    picture.set_lanes([Lane(trace=run.trace, pictures=run.pictures, head=run.head)])
    drawn = np.frombuffer(picture._columns(0, whole=True)["v"], np.uint8).reshape(-1, 11)[-1]
    wanted = np.frombuffer(codes(said["power"], *picture.scale), np.uint8)
    assert np.abs(drawn.astype(int) - wanted).max() <= 1 and np.ptp(drawn) > 50
