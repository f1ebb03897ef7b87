"""The states of a run as a person reads them: a shape, a sentence, what the button says."""

from __future__ import annotations

from dataclasses import dataclass

from lab.engine.status import Status
from lab.views.numerals import count


@dataclass(frozen=True)
class Wording:
    """How a state is shown.

    Attributes
    ----------
    shape : str
        The sign before the sentence: ring, disc, dots, square, tick, bar, strike, triangle,
        alert, dashed, play, record.
    sentence : str
    button : str
        What the filled button says.
    glyph : str
        "run", "pause" or "".
    do : str
        The verb that the button sends: run, pause, again, back, leave.
    at : int or None
        With "back": the step to go to.
    """

    shape: str
    sentence: str
    button: str
    glyph: str
    do: str
    at: int | None = None


def word(lane) -> Wording:
    """One lane's state.

    Parameters
    ----------
    lane : object
        With `status`, `ended`, `sentence`, `head`, `trace`, `seed`, `recorded` and `good` (the
        last kept step).
    """
    if lane.recorded:
        return Wording("record", f"recorded, seed {count(lane.seed)}", "Run", "run", "run")
    status, ended = str(lane.status), lane.ended or ""
    head = count(lane.head)
    if not len(lane.trace) and status in (Status.RUNNING, Status.READY):
        # nothing is drawn yet: a worker imports, or the data are being made
        if status == Status.RUNNING:
            return Wording("dots", "preparing", "Pause", "pause", "pause")
        return Wording("dots", "preparing", "Run", "run", "run")
    if status == Status.RUNNING:
        return Wording("disc", "running", "Pause", "pause", "pause")
    if status == Status.READY:
        if lane.head == 0:
            return Wording("ring", "ready", "Run", "run", "run")
        return Wording("square", f"paused at {head}", "Resume", "run", "run")
    if status == Status.PAUSED:
        return Wording("square", lane.sentence or f"paused at {head}", "Resume", "run", "run")
    if status == Status.FAILED and not lane.head:
        return Wording("alert", lane.sentence or "failed", "Start again", "", "again")
    if status == Status.FAILED:
        good = count(lane.good)
        sentence = lane.sentence or f"failed at {head}"
        kept = f"{sentence}, kept up to {good}"
        return Wording("alert", kept, f"Back to {good}", "", "back", lane.good)
    if status == Status.CANCELLED:
        return Wording("strike", f"stopped at {head}", "Start again", "", "again")
    if ended == "diverged":
        good = count(lane.good)
        sentence = lane.sentence or f"diverged at {head}"
        return Wording("triangle", sentence, f"Back to {good}", "", "back", lane.good)
    if ended in ("max_steps", "budget"):
        return Wording("bar", f"stopped at its limit of {head} steps", "Start again", "", "again")
    if ended == "rule":
        return Wording("tick", lane.sentence or f"converged at {head}", "Start again", "", "again")
    return Wording("tick", lane.sentence or f"done at {head}", "Start again", "", "again")


def waiting(ahead: int) -> Wording:
    """Others run: this page is in the queue."""
    text = f"waiting, {count(ahead)} ahead" if ahead else "waiting, next"
    return Wording("dots", text, "Leave queue", "", "leave")


def together(lanes) -> Wording:
    """The state of lanes that run side by side: the liveliest speaks, faults are named."""
    words = [(lane, word(lane)) for lane in lanes]
    if len(words) == 1:
        return words[0][1]
    if all(lane.recorded for lane, _ in words):
        return words[0][1]
    for shape in ("disc", "dots", "square"):
        for _, found in words:
            if found.shape == shape:
                faults = [f"{other.label}: {w.sentence}" for other, w in words if _fault(w)]
                sentence = _paused(words) if shape == "square" else found.sentence
                if faults:
                    sentence = f"{sentence}; {'; '.join(faults)}"
                return Wording(shape, sentence, found.button, found.glyph, found.do)
    if all(found.shape == "ring" for _, found in words):
        return words[0][1]
    if any(found.shape == "ring" for _, found in words):
        return Wording("square", "paused", "Resume", "run", "run")
    faults = [(lane, found) for lane, found in words if _fault(found)]
    if faults:
        lane, found = faults[0]
        rest = len(faults) - 1
        more = f" and {rest} more" if rest else ""
        return Wording(
            found.shape,
            f"{lane.label}: {found.sentence}{more}",
            found.button if len(faults) == len(words) else "Start again",
            "",
            found.do if len(faults) == len(words) else "again",
            found.at,
        )
    sentences = {found.sentence for _, found in words}
    if len(sentences) == 1:
        return words[0][1]
    longest = max(words, key=lambda pair: pair[0].head)
    return Wording(
        longest[1].shape, f"{longest[0].label}: {longest[1].sentence}", "Start again", "", "again"
    )


def _paused(words) -> str:
    """Where the lanes stand; methods that were too slow to come as far are named."""
    furthest = max(lane.head for lane, _ in words)
    stand = [lane for lane, w in words if w.shape in ("square", "ring") and lane.shown is None]
    late = ", ".join(
        f"{lane.label} at {count(lane.head)}"
        for lane in stand
        if lane.head < furthest and not lane.dotted
    )
    return f"paused at {count(furthest)}" + (f"; {late}" if late else "")


def _fault(found: Wording) -> bool:
    return found.shape in ("alert", "triangle")
