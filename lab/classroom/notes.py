"""A lesson's notes for the teacher: one page to print, without a script and without an address."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lab.classroom.lesson import Lesson, Step

STYLE = (Path(__file__).parent / "static" / "notes.css").read_text(encoding="utf-8")
LABELS = {"notes": "Do", "ask": "Ask", "wrong": "Wrong answers"}


def page(lesson: Lesson) -> str:
    """The page, in ASCII, so that any terminal can hand it on.

    Each step has its time, what the class reads and does, what runs, and the teacher's notes.
    """
    begun, rows = 0.0, []
    for i, step in enumerate(lesson.steps):
        rows.append(_row(i, step, begun))
        begun += step.minutes
    about = f"<p>{escape(lesson.about)}</p>" if lesson.about else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(lesson.title)}: notes</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>{escape(lesson.title)}</h1>{about}"
        f"<p>{lesson.minutes} minutes, {len(lesson.steps)} steps. For the teacher: students see "
        f"the titles and what stands right below them.</p></header><ol>{''.join(rows)}</ol>"
        "</main></body></html>\n"
    )
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _row(i: int, step: Step, begun: float) -> str:
    clock = f"<b>{_clock(begun)}</b><span>{step.minutes:g} min</span>" if step.minutes else ""
    parts = [f"<h2>{escape(step.title)}</h2>"]
    if step.text:
        parts.append(f"<p>{escape(step.text)}</p>")
    if step.choices:
        chosen = "".join(f"<li>{escape(choice)}</li>" for choice in step.choices)
        parts.append(f'<ol type="A">{chosen}</ol>')
    does = " ".join(filter(None, (_does(step), _runs(step))))
    if does:
        parts.append(f'<p class="does">{escape(does)}</p>')
    said = [(label, getattr(step, name)) for name, label in LABELS.items()]
    told = "".join(f"<dt>{label}</dt><dd>{escape(text)}</dd>" for label, text in said if text)
    if told:
        parts.append(f"<dl>{told}</dl>")
    return (
        f'<li><div class="when"><span>{i + 1} {step.kind}</span>{clock}</div>'
        f"<section>{''.join(parts)}</section></li>"
    )


def _clock(minutes: float) -> str:
    seconds = round(60 * minutes)
    return f"{seconds // 60}:{seconds % 60:02d}"


def _does(step: Step) -> str:
    """What students do in it."""
    if step.kind == "predict":
        runs, rule = step.runs, f"{step.runs.shown} is {step.truth}"
        return {
            "curve": "They draw the curve.",
            "step": f"They mark the step where {rule}.",
            "choice": f"They choose one of: {', '.join(runs.arms)}.",
            "number": f"They give a number from {runs.low:g} to {runs.high:g}.",
            "point": f"They place the point where {rule}.",
        }[step.shape]
    parts = [f"{f.text or f.name} from {f.low:g} to {f.high:g}" for f in step.free]
    found = [f"They move {', '.join(parts)}."] if parts else []
    if step.cells is not None:
        x, y = step.cells.x, "method" if step.cells.y == "arm" else step.cells.y
        found.append(f"Each has one of {step.cells.size} cells: {x} across, {y} down.")
    return " ".join(found)


def _runs(step: Step) -> str:
    """What runs in it."""
    runs = step.runs
    if runs is None:
        return ""
    many = f", {runs.seeds} seeds" if runs.seeds > 1 else ""
    return f"The run: {runs.experiment}, {runs.shown} to step {runs.steps:,}{many}."
