"""The widget's traits and the page in a cell, without a browser: what is sent is kept."""

import ipywidgets
import pytest
from specimens import Spin

import lab
from lab.engine.suggest import UnknownName
from lab.ui.notebook.cell import Cell
from lab.ui.notebook.cell import show as show_cell

NAME = "infeasibility-detection"


@pytest.fixture
def sent(monkeypatch):
    """Messages to the browser."""
    found = []
    monkeypatch.setattr(Cell, "send", lambda self, message, buffers=None: found.append(message))
    return found


@pytest.fixture
def widget(lab_home, sent):
    made = lab.widget(NAME, controls={"method": "Halpern"}, seed=3)
    yield made
    made.close()


def settle(cell):
    """Waits until the page has done what was asked so far."""
    cell._open().call(lambda: None).result()


def test_a_run_from_code_is_the_session_run(widget):
    assert widget.advance(300) == 300
    widget.controls = {"weight": 0.3}
    assert widget.advance(20) == 20
    same = lab.Session(NAME, controls={"method": "Halpern"}, seed=3)
    same.advance(300)
    same.set(weight=0.3)
    same.advance(20)
    assert (widget.step, widget.head, widget.status) == (320, 320, "paused")
    assert widget.controls == same.controls
    assert len(widget.trace) == len(same.trace)
    for name in same.trace.names:
        assert (widget.trace[name] == same.trace[name]).all()


def test_traits_are_linked_and_observed(widget):
    seen = []
    widget.observe(lambda change: seen.append(change.new), "status")
    slider = ipywidgets.IntSlider(max=1000)
    ipywidgets.link((widget, "step"), (slider, "value"))
    widget.advance(200)
    assert slider.value == 200
    slider.value = 50
    assert widget.step == widget.page.k == 50
    widget.step = 900  # not computed yet
    assert widget.step == slider.value == 200
    assert seen[-1] == "paused"


def test_a_control_that_starts_again_does(widget):
    widget.advance(10)
    widget.set(method="Picard")
    assert (widget.controls["method"], widget.head, widget.status) == ("Picard", 0, "ready")


def test_what_cannot_be_is_refused_in_one_line(widget):
    with pytest.raises(UnknownName, match="did you mean 'weight'"):
        widget.set(weigth=0.5)
    assert "weigth" not in widget.controls


def test_a_freed_run_is_made_again_when_it_is_used(widget):
    widget.advance(100)
    session, before = widget.session, widget.trace
    widget.free()
    assert session.wait(lambda s: s.status == "cancelled", 60)
    widget.advance(5)
    assert widget.head == 105
    assert (widget.trace["error"][: len(before)] == before["error"]).all()


def test_it_is_displayed_with_its_picture(widget, sent):
    widget._hear(widget, {"kind": "open", "page": "p", "dark": True}, [])
    settle(widget)
    settle(widget)
    (message,) = [m for m in sent if m["kind"] == "document"]
    assert message["page"] == "p"
    assert message["document"]["roots"]
    widget.advance(50)
    assert any(m["kind"] == "patch" for m in sent)


def test_the_page_asks_nothing_of_the_network(lab_home, sent):
    cell = show_cell(NAME)
    cell._hear(cell, {"kind": "open", "page": "p", "dark": False}, [])
    settle(cell)
    settle(cell)
    (message,) = [m for m in sent if m["kind"] == "document"]
    assert "ImportedStyleSheet" not in str(message)
    cell.close()


def test_the_last_view_that_closes_frees_the_runs(lab_home, sent):
    cell = show_cell(NAME)
    for page in ("one", "two"):
        cell._hear(cell, {"kind": "open", "page": page, "dark": False}, [])
    settle(cell)
    session = cell.page.lanes.runs[0].session
    cell._hear(cell, {"kind": "bye", "page": "one"}, [])
    settle(cell)
    assert session.status == "ready"
    cell._hear(cell, {"kind": "bye", "page": "two"}, [])
    assert session.wait(lambda s: s.status == "cancelled", 60)


def test_a_run_that_is_there_opens_as_it_stands(lab_home, sent):
    run = lab.Session(NAME, controls={"method": "Halpern"}, seed=7)
    run.advance(60)
    run.set(weight=0.4)
    run.advance(40)
    widget = lab.widget(run)
    assert (widget._opening.recipe.seed, widget._opening.k) == (7, 100)
    assert widget.session.edits == run.edits
    widget.close()


def test_a_class_is_enough(lab_home, sent):
    widget = lab.widget(Spin)
    assert widget.advance(20) == 20
    widget.close()
