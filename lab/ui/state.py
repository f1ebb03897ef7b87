"""What the page is told about its runs: cursor, track, status, rate, marks."""

from __future__ import annotations

import math

from lab.ui.run import written
from lab.ui.words import together, waiting

FIRST_TRACK = 100  # steps that the track shows before anything has run
MOST_MARKS = 200


def track_end(lanes, end: int, wanted: int = 0) -> int:
    """The track's last step: 1, 2, 3 or 6 times a power of ten; it grows and never shrinks."""
    need = max(lanes.furthest * 1.02, wanted, FIRST_TRACK)
    if need > end:
        scale = 10 ** math.floor(math.log10(need))
        end = next(m * scale for m in (1, 2, 3, 6, 10) if m * scale >= need)
    return min(end, max(lanes.entry.max_steps, 1))


def ending(lanes) -> str:
    """How the track ends: "", an upright ("end"), or an open arrow ("diverged")."""
    if not len(lanes) or lanes.running:
        return ""
    ended = {run.ended for run in lanes}
    if ended & {"diverged", "error", "failed"}:
        return "diverged"
    return "end" if all(ended) else ""


def marks(lanes) -> list[list]:
    """[step, kind, label] for the track: edits as flags, changes of stage, events."""
    found = []
    for run in lanes:
        found += [(e.step, "edit", f"{e.control} {written(e.new)}") for e in run.session.edits]
        found += [
            (k, "stage", lanes.entry.stages.get(name) or name) for k, name in run.trace.stages if k
        ]
        found += [(k, "event", name) for name, k in run.trace.events.items() if k]
    return [list(mark) for mark in dict.fromkeys(found)][:MOST_MARKS]


def state(lanes, k: int, follow: bool, end: int, word=None) -> dict:
    """Everything that the page's frame shows, as plain data."""
    if lanes.ahead is not None:
        word = waiting(lanes.ahead)
    return {
        "k": k,
        "head": lanes.furthest,
        "end": end,
        "marks": marks(lanes),
        "ended": ending(lanes),
        "status": vars(word or together(lanes.runs)),
        # two digits move: a steady rate is not sent again and again
        "rate": float(f"{lanes.rate:.2g}"),
        "follow": follow,
    }
