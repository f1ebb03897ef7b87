"""What a person can take away from a page: Python lines, a CSV, tables of numbers."""

from __future__ import annotations

import csv
import io
import json

from lab.ui.markup import esc, table
from lab.views.numerals import count, number

ROWS = 200  # of a table on the page


def python(lanes) -> str:
    """The lines that reproduce the run that stands first."""
    entry, run = lanes.entry, lanes.runs[0]
    session = run.session
    full = {**lanes.begun, **entry.arms.get(run.arm, {})}
    differs = {n: v for n, v in full.items() if v != entry.controls[n].default}
    options = [repr(entry.name)]
    options += [f"{differs!r}"] if differs else []
    options += [f"seed={lanes.seed}"] if lanes.seed else []
    lines = ["import lab", "", f"session = lab.Session({', '.join(options)})"]
    at = 0
    for edit in session.edits:
        if edit.step > at:
            lines.append(f"session.advance({edit.step - at})")
            at = edit.step
        lines.append(f"session.set({edit.control}={edit.new!r})")
    if session.head > at:
        lines.append(f"session.advance({session.head - at})")
    return "\n".join(lines) + "\n"


def lesson_step(lanes) -> str:
    """A step of a lesson about these runs, as TOML: the class draws the first curve shown."""
    entry = lanes.entry
    quantity = entry.quantities[entry.measure]
    top = max((float(run.trace[entry.measure].max()) for run in lanes if len(run.trace)), default=1)
    floor = 1e-8 if quantity.log else 0.0
    differs = {n: v for n, v in lanes.values.items() if v != entry.controls[n].default}
    lines = [
        "[[step]]",
        'kind = "predict"',
        f"title = {json.dumps(entry.card.question, ensure_ascii=False)}",
        'shape = "curve"',
        "",
        "[step.runs]",
        f"experiment = {json.dumps(entry.name)}",
        f"quantity = {json.dumps(entry.measure)}",
        f"steps = {max([run.head for run in lanes] + [1])}",
        f"low = {floor!r}",
        f"high = {max(top, 2 * floor or 1.0):.3g}",
        f"log = {str(quantity.log).lower()}",
        f"seed = {lanes.seed}",
    ]
    if differs:
        lines.append(f"controls = {_inline(differs)}")
    if len(lanes.runs) > 1 and all(run.arm for run in lanes):
        lines += ["", "[step.runs.arms]"]
        arms = {run.arm: entry.arms.get(run.arm, {}) for run in lanes}
        lines += [f"{json.dumps(label)} = {_inline(arm)}" for label, arm in arms.items()]
    answer = json.dumps(entry.card.answer, ensure_ascii=False)
    return "\n".join([*lines, "", "[[step]]", 'kind = "reveal"', f"title = {answer}", ""])


def _inline(values: dict) -> str:
    """Controls as a table of TOML in one line; JSON's values are TOML's."""
    return "{ " + ", ".join(f"{name} = {json.dumps(v)}" for name, v in values.items()) + " }"


def rows_of(lanes) -> str:
    """Every recorded scalar of every run as CSV, one row for each recorded step."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    scalars = [n for n, q in lanes.entry.quantities.items() if not q.dim]
    writer.writerow(["run", "k", *scalars])
    for i, run in enumerate(lanes):
        trace = run.trace
        known = [trace[n] if n in trace and trace[n].ndim == 1 else None for n in scalars]
        for at, k in enumerate(trace.k):
            values = ["" if column is None else repr(float(column[at])) for column in known]
            writer.writerow([run.label or f"run {i + 1}", int(k), *values])
    return out.getvalue()


def numbers(renderers) -> str:
    """The pictures as tables, in HTML."""
    parts = []
    for renderer in renderers:
        columns, rows = renderer.numbers()
        shown = table(columns, [[_cell(v) for v in row] for row in rows[:ROWS]], range(1, 99))
        parts.append(f'<section tabindex="0"><h4>{esc(renderer.title)}</h4>{shown}</section>')
    return "".join(parts)


def _cell(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    return number(value) if isinstance(value, float) else str(value)
