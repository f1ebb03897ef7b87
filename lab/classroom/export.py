"""What a class did, to take home: CSV, JSON, a notebook, one page that needs no network."""

from __future__ import annotations

import csv
import html
import io
import json

from lab.classroom.room import Room
from lab.classroom.scores import score

SUFFIX = {"csv": "csv", "json": "json", "notebook": "ipynb", "html": "html"}


def qr(address: str) -> str:
    """The address as an SVG picture that phones read."""
    import segno

    return segno.make(address, error="m", micro=False).svg_inline(
        scale=4, border=2, dark="#14181B", light="#FFFFFF"
    )


def rows(room: Room, right: dict, names: bool) -> list[dict]:
    """One row for each answer and each own run: who, step, kind, value, points."""
    found = []
    for one in room.students:
        who = {"student": one.name if names else f"student {one.id}"}
        for i, value in sorted(one.answers.items()):
            step = room.lesson.steps[i]
            points = score(step, value, right[i]) if i in right else None
            found.append({**who, "step": i + 1, "kind": step.kind, "title": step.title,
                          "value": value, "points": points, "controls": {}})  # fmt: skip
        for i, run in sorted(one.own.items()):
            step = room.lesson.steps[i]
            found.append({**who, "step": i + 1, "kind": "own run", "title": step.title,
                          "value": run["value"], "points": None,
                          "controls": run["controls"]})  # fmt: skip
    return found


def file(room: Room, right: dict, format: str, names: bool) -> tuple[str, str]:
    """The name and the text of an export; anonymous unless `names`."""
    made = {"csv": as_csv, "json": as_json, "notebook": as_notebook, "html": as_html}[format]
    return f"lesson-{room.code}.{SUFFIX[format]}", made(room, right, names)


def as_csv(room: Room, right: dict, names: bool) -> str:
    """Comma-separated; a cell that a spreadsheet would take for a formula is quoted by a '."""
    text = io.StringIO()
    columns = ("student", "step", "kind", "title", "value", "points", "controls")
    pen = csv.writer(text)
    pen.writerow(columns)
    for row in rows(room, right, names):
        pen.writerow([harmless(row[name]) for name in columns])
    return text.getvalue()


def harmless(value) -> str:
    """A cell as text that no spreadsheet evaluates; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_json(room: Room, right: dict, names: bool) -> str:
    """All of it, with the lesson."""
    return json.dumps(
        {
            "lesson": room.lesson.model_dump(exclude_defaults=True),
            "opened": room.opened,
            "truth": {str(i + 1): value for i, value in right.items()},
            "answers": rows(room, right, names),
            "cells": {str(i + 1): made for i, made in room.cells.items()},
        },
        indent=1,
    )


def as_notebook(room: Room, right: dict, names: bool) -> str:
    """A notebook with the class's data and the runs: the data are data, never code."""
    data = json.dumps(rows(room, right, names))
    cells = [_words(f"# {_plain(room.lesson.title)}\n\nWhat the class said, and the runs."),
             _code("import json\nimport lab\n\n# what the class said\n"
                   f"answers = json.loads({data!r})\n"
                   "print(len(answers), 'answers')")]  # fmt: skip
    for i, step in enumerate(room.lesson.steps):
        if step.runs is None:
            continue
        runs = step.runs
        cells.append(_words(f"## {i + 1}. {_plain(step.title)}"))
        lines = [f"steps, quantity = {runs.steps}, {runs.quantity!r}", "runs = {}"]
        for label in runs.labels():
            lines += [f"runs[{label!r}] = lab.Session({runs.experiment!r}, "
                      f"controls={runs.chosen(label)!r}, seed={runs.seed_of(label)})",
                      f"runs[{label!r}].advance(steps)"]  # fmt: skip
        lines += ["{label: run.trace[quantity][-1] for label, run in runs.items()}"]
        cells.append(_code("\n".join(lines)))
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "cells": cells,
         "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3",
                                     "language": "python"}}},
        indent=1,
    )  # fmt: skip


def _words(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [],
            "source": text}  # fmt: skip


def _plain(text: str) -> str:
    """A title in a notebook: words, no markup."""
    return html.escape(text.replace("\n", " "))


def as_html(room: Room, right: dict, names: bool) -> str:
    """One page without a script and without an outside address."""
    parts = [f"<h1>{html.escape(room.lesson.title)}</h1>"]
    made = rows(room, right, names)
    for i, step in enumerate(room.lesson.steps):
        mine = [row for row in made if row["step"] == i + 1]
        if not mine:
            continue
        parts.append(f"<h2>{i + 1}. {html.escape(step.title)}</h2>")
        drawn = [(row["value"], "#1D63C9") for row in mine if isinstance(row["value"], list)]
        if step.shape == "curve" and step.runs is not None:
            if isinstance(right.get(i), list):
                drawn.append((right[i], "#B32A74"))
            parts.append(_picture(drawn, step.runs))
        parts.append("<table><tr><th>who<th>answer<th>points</tr>")
        for row in mine:
            value = "a curve" if isinstance(row["value"], list) else row["value"]
            said = (row["student"], value, "" if row["points"] is None else row["points"])
            parts.append("<tr>" + "".join(f"<td>{html.escape(str(s))}" for s in said) + "</tr>")
        parts.append("</table>")
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:52em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;"
        "border-bottom:1px solid #CDD3D7}svg{width:100%;height:auto}"
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{html.escape(room.lesson.title)}</title><style>{style}</style>"
        f"{''.join(parts)}</html>"
    )


def _picture(curves: list, runs) -> str:
    from lab.classroom.scores import height

    lines = []
    for values, color in curves:
        known = [(j, v) for j, v in enumerate(values) if v is not None]
        points = " ".join(
            f"{10 + 580 * j / (len(values) - 1):.1f},{190 - 180 * height(v, runs):.1f}"
            for j, v in known
        )
        wide = 3 if color == "#B32A74" else 1
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{wide}"/>'
        )
    return f'<svg viewBox="0 0 600 200" role="img" aria-label="Curves">{"".join(lines)}</svg>'
