"""What a person can take away from a page: Python lines, a CSV, tables of numbers."""

from __future__ import annotations

import csv
import io

from lab.ui.markup import esc, table
from lab.views.numerals import count, number

ROWS = 200  # of a table on the page


def python(lanes) -> str:
    """The lines that reproduce the run that stands first."""
    entry, run = lanes.entry, lanes.runs[0]
    session = run.session
    full = {**lanes.values, **entry.arms.get(run.arm, {})}
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
