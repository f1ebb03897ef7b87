"""An experiment that is written in a cell can do what one in a file can."""

import nbformat
import pytest
from nbclient import NotebookClient

CLASS = '''
from lab.engine import (
    AtMost, Card, Check, Claim, Control, Convergence, Experiment, Grid, Number, Quantity, steps,
)
import lab


class Halves(Experiment):
    """A number is multiplied by less than one."""

    card = Card(title="Halves", question="How soon is it gone?")
    factor = Number(0.5, bounds=(0.1, 1.0), live=True)
    start = Number(1.0, bounds=(0.5, 2.0))
    arms = {"half": {"factor": 0.5}, "slow": {"factor": 0.9}}
    quantities = {"size": Quantity("size", log=True, better="less")}
    views = [Convergence("size", log="y")]
    studies = {"factors": Grid({"factor": (0.3, 0.6)}, seeds=1, stop=steps(5))}
    claims = [
        Claim(
            "gone", "After ten steps it is below a hundredth", source="desk",
            runs=Grid({"start": (0.5, 1.0)}, seeds=2, stop=steps(10)),
            checks=(Check("size", lambda d: d["size"].max("start"), AtMost(0.01)),),
            control=Control({"factor": 1.0}, breaks=("size",)),
        )
    ]

    def init(given, c, rng, backend):
        return {"x": backend.ones(1) * c.start}

    def step(state, given, c, k, rng):
        return {"x": state["x"] * c.factor}

    def observe(state, given, c):
        return {"size": state["x"][0]}
'''
WAYS = {
    "show": "print(lab.show(Halves).page.lanes.runs[0].session.advance(7))",
    "widget": "w = lab.widget(Halves, arm='slow')\nprint(w.advance(7))",
    "race": "race = lab.race(Halves)\nrace.advance(7)\nprint(race.lanes['slow'].head)",
    "sweep": (
        "sweep = lab.sweep(Halves, x='start', y='factor', points=3, stop='k >= 7')\n"
        "sweep.run()\nprint(len(sweep.cells) - 2)"
    ),
    "study": "study = lab.Study(Halves, 'factors')\nstudy.run()\nprint(len(study.cells) + 5)",
    "verify": "verdict, = lab.verify(Halves)\nprint(7 if verdict.verdict == 'holds' else verdict)",
}


@pytest.fixture(scope="module")
def printed(lab_home, tmp_path_factory):
    """What each way prints, by its name."""
    cells = [nbformat.v4.new_code_cell(code) for code in (CLASS, *WAYS.values())]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("typed")
    client = NotebookClient(
        notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return dict(zip(WAYS, (_said(cell) for cell in notebook.cells[1:])))


def _said(cell) -> str:
    return "".join(o.get("text", o.get("evalue", "")) for o in cell.outputs)


@pytest.mark.parametrize("way", WAYS)
def test_it_works(way, printed):
    assert printed[way].strip() == "7"
