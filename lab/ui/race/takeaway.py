"""A race as Python lines that run it again."""

from __future__ import annotations


def python(lanes) -> str:
    """The lines that reproduce the race: one session for each method."""
    entry = lanes.entry
    lines = ["import lab", "", "lanes = {"]
    for one in lanes.field:
        full = {**lanes.begun, **one.fixed(entry)}
        differs = {n: v for n, v in full.items() if v != entry.controls[n].default}
        options = [repr(entry.name), repr(differs), f"seed={lanes.seed}"]
        lines.append(f"    {one.name!r}: lab.Session({', '.join(options)}),")
    lines += ["}", "for lane in lanes.values():"]
    at = 0
    edits = lanes.runs[0].session.edits if lanes.runs else ()
    for edit in edits:
        if edit.step > at:
            lines.append(f"    lane.advance({edit.step - at})")
            at = edit.step
        lines.append(f"    lane.set({edit.control}={edit.new!r})")
    rest = lanes.furthest - at
    lines.append(f"    lane.advance({rest})" if rest > 0 or not edits else "")
    return "\n".join(lines).rstrip() + "\n"
