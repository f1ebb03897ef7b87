"""Still pictures: they say what they show, and are made without a page."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import lab

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
