"""What a cell shows before its page is there."""

from dataclasses import replace

from specimens import Spin

from lab.engine import registry
from lab.ui.gallery import thumbnails
from lab.ui.notebook.poster import poster

STILL = '<svg class="th" viewBox="0 0 4 4" data-code=""><path d="M0 0h4"/></svg>'


def test_it_asks_the_question_in_both_themes(lab_home):
    entry = registry.entry(Spin)
    html = poster(replace(entry, card=replace(entry.card, question="Is 1 < 2?")))
    assert "Is 1 &lt; 2?" in html
    assert ".poster.dark{" in html
    assert "<svg" not in html


def test_it_shows_an_earlier_run_where_there_is_one(lab_home, monkeypatch):
    monkeypatch.setattr(thumbnails, "find", lambda entry, second=False: STILL)
    html = poster(registry.entry(Spin))
    assert html.count("<svg") == 2
    assert "An earlier run" in html
