"""Still pictures: they say what they show, and are made without a page."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import lab
from lab.engine.experiment import Card, Experiment, Quantity
from lab.engine.views import Curves, Mask

NAME = "infeasibility-detection"


def drawing(html):
    """The picture in a still, as a tree: it is well formed."""
    return ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])


def texts(html):
    return [node.text for node in drawing(html).iter("text")]


@pytest.fixture(scope="module")
def race(lab_home):
    made = lab.race(NAME, seed=1)
    made.advance(200)
    return made


def test_a_session_shows_its_curve(race):
    html = race.lanes["Halpern"]._repr_html_()
    assert "paused at 200" in html
    assert len(list(drawing(html).iter("path"))) > 2
    assert "step k + 1" in texts(html)


def test_a_session_without_steps_does_not_fail(lab_home):
    assert "ready" in lab.Session(NAME)._repr_html_()


class Fading(Experiment):
    """One weight after the other goes."""

    card = Card(title="Fading", question="Which is the last?")
    quantities = {"left": Quantity("left")}
    views = [Curves("left"), Mask("pic.w", alive="pic.alive", title="Weights", note="in rows")]
    max_steps = 20

    def init(given, c, rng, backend):
        return {"k": 0}

    def step(state, given, c, k, rng):
        return {"k": k + 1}

    def observe(state, given, c):
        return {"left": 20 - state["k"]}

    def picture(state, given, c):
        places = np.arange(20.0).reshape(4, 5)
        return {"w": places - 9.5, "alive": places >= state["k"]}


def test_a_session_shows_its_mask_as_it_is_now(lab_home):
    run = lab.Session(Fading)
    assert "Weights" not in run._repr_html_()  # nothing is begun for a look
    run.advance(6)
    html = run._repr_html_()
    mask = ElementTree.fromstring(html[html.rindex("<svg") : html.rindex("</svg>") + 6])
    inks = [box.get("fill") for box in mask.iter("rect")]
    assert inks == [f"var(--{token})" for token in ("dead", "a", "b", "test")]
    assert "<b>Weights</b> <span>in rows</span>" in html
    run.advance(1)
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (html, run._repr_html_())]
    assert ids[0] and not ids[0] & ids[1]  # both may stand in one notebook


def test_a_race_labels_its_curves(race):
    found = " ".join(texts(race._repr_html_()))
    assert "Picard" in found
    assert "Halpern" in found


def test_a_sweep_is_a_map_that_fills(lab_home):
    study = lab.sweep(NAME, x="anchor", y="weight", points=3, stop="k >= 20")
    assert study._repr_html_() is None  # nothing is made yet: its text says so
    next(iter(study))
    html = study._repr_html_()
    assert "not made yet" in html
    study.run()
    html = study._repr_html_()
    assert "not made yet" not in html
    assert len([r for r in drawing(html).iter("rect") if len(r)]) == 9


def test_a_sweep_of_one_control_is_a_curve(lab_home):
    study = lab.sweep(NAME, x="weight", points=4, stop="k >= 20", seeds=2)
    study.run()
    html = study._repr_html_()
    assert "median of 2 seeds" in html
    assert len(list(drawing(html).iter("circle"))) == 4


def test_importing_the_lab_imports_nothing_heavy():
    code = (
        "import sys, lab; heavy = {'torch', 'bokeh', 'panel', 'ipywidgets', 'anywidget'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
