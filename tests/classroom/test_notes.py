"""The teacher's notes of a lesson, and the light pages beside the socket."""

import re
from html import unescape

import pytest
from schoolroom import LESSON, run
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from lab.classroom import plugin
from lab.classroom.lesson import LessonError, parsed, read, shelf
from lab.classroom.names import FIRST, SECOND
from lab.classroom.notes import STYLE, page
from lab.cli import main
from lab.ui.gallery.page import _start

CSP = "Content-Security-Policy"


@pytest.mark.parametrize("name", ["rotation", "grok", "sparse"])
def test_the_notes_of_a_shipped_lesson_are_whole(name):
    lesson = read(name)
    assert sum(step.minutes for step in lesson.steps) == lesson.minutes
    assert all(step.notes or step.ask or step.wrong for step in lesson.steps)
    assert all(step.wrong for step in lesson.steps if step.asks)
    text = page(lesson)
    for step in lesson.steps:
        for said in (step.title, step.text, step.notes, step.ask, step.wrong, *step.choices):
            assert said in unescape(text)
        if step.runs is not None:
            assert f"{step.runs.shown} to step {step.runs.steps:,}" in text
    assert re.findall(r"<b>(\d+:\d\d)</b>", text)[:2] == ["0:00", f"{lesson.steps[0].minutes:g}:00"]


def test_notes_are_a_page_that_runs_and_fetches_nothing():
    text = page(parsed(LESSON.replace("Two ways", "Two <b>ways</b> & é")))
    assert text.isascii()
    assert "Two &lt;b&gt;ways&lt;/b&gt; &amp; &#233;" in text
    assert not re.search(r"<script|<link|<img|https?:|url\(|@import", text)


def test_a_lesson_that_takes_longer_than_it_says_is_refused():
    with pytest.raises(LessonError, match="its steps take 30 minutes, it has 20"):
        parsed(LESSON.replace('kind = "ask"', 'kind = "ask"\nminutes = 30'))


def test_notes_on_the_command_line(capsys):
    with pytest.raises(SystemExit):
        main(["lessons", "grok", "--notes"])
    assert capsys.readouterr().out == page(read("grok"))
    with pytest.raises(SystemExit) as ended:
        main(["lessons", "--notes"])
    assert ended.value.code == 2
    assert "lab lessons NAME --notes" in capsys.readouterr().err


def test_light_pages(classroom):
    async def lesson():
        async with classroom() as room:
            fetch, base = AsyncHTTPClient().fetch, f"http://127.0.0.1:{room.port}/class"
            notes = await fetch(f"{base}/notes/rotation")
            assert notes.body.decode() == page(read("rotation"))
            assert f"<style>{STYLE}</style>" in notes.body.decode()
            style = re.search(r"style-src 'self' '(sha256-\S+)';", notes.headers[CSP])
            assert style
            known = (await fetch(f"{base}/lessons.json")).body.decode()
            assert all(f'"name": "{name}"' in known for name in shelf())
            words = (await fetch(f"{base}/words.js")).body.decode()
            assert FIRST in words
            assert SECOND in words
            for path in ("notes/no-such-lesson", "notes/..%2f..%2fplugin.py", "nothing.js"):
                with pytest.raises(HTTPClientError, match="404"):
                    await fetch(f"{base}/{path}")

    run(lesson())


def test_the_gallery_leads_to_the_teachers_page():
    (path,) = re.findall(r'href="(class[^"]*)"', _start([]))
    assert any(re.fullmatch(pattern, f"/{path}") for pattern, *_ in plugin.ROUTES)
