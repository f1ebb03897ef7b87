"""What each of those in a room may see, as plain data: the student, the projector, the teacher."""

from __future__ import annotations

import statistics

from lab.classroom.lesson import POINTS, Step
from lab.classroom.room import Member, Room
from lab.classroom.scores import SAYS, score
from lab.engine import registry


def step(room: Room) -> dict:
    """The step that the class is at: the part that everybody may see."""
    now, lesson = room.now, room.lesson
    asked = room.asked
    source = lesson.steps[asked]
    found = {
        "type": "state",
        "lesson": lesson.title,
        "step": room.step,
        "of": len(lesson.steps),
        "kind": now.kind,
        "title": now.title,
        "text": now.text,
        "shape": source.shape,
        "asked": asked,
        "truth": source.truth,
        "choices": list(source.choices or (source.runs.arms if source.runs else ())),
        "paused": room.paused,
        "locked": room.step in room.locked,
        "running": room.running,
        "ended": bool(room.ended),
        "students": sum(one.here for one in room.students),
        "sent": sum(asked in one.answers for one in room.students),
        "awaited": sum(one.here or asked in one.answers for one in room.students),
    }
    about = lesson.about_run(room.step)
    if about is not None:
        runs = lesson.steps[about].runs
        found["runs"] = {
            "steps": runs.steps, "low": runs.low, "high": runs.high, "log": runs.log,
            "labels": runs.labels(), "quantity": runs.shown, "points": POINTS,
        }  # fmt: skip
    if now.kind == "explore":
        known = registry.entry(now.runs.experiment).controls
        found["free"] = [
            {**f.model_dump(), "whole": known[f.name].kind == "integer"} for f in now.free
        ]
        if now.cells is not None:
            found["cells"] = {
                **now.cells.model_dump(),
                "values": {str(c): v for c, v in room.cells.get(room.step, {}).items()},
            }
    if room.spotlight:
        found["spotlight"] = [seen(room, room.members[s], asked) for s in room.spotlight]
    if now.kind == "ask" and room.step in room.locked:
        found["tally"] = tally(room, room.step)
    return found


def tally(room: Room, i: int) -> list[int]:
    """How many chose each answer of step i."""
    answers = [one.answers[i] for one in room.students if i in one.answers]
    return [answers.count(choice) for choice in range(len(room.lesson.steps[i].choices))]


def seen(room: Room, one: Member, asked: int) -> dict:
    """A student in the spotlight, by name only where names are shown."""
    return {
        "member": one.id,
        "name": one.name if room.names else "",
        "answer": one.answers.get(asked) if asked in room.revealed else None,
        "own": one.own.get(room.step),
    }


def you(room: Room, one: Member, right: dict) -> dict:
    """What a student alone sees: the own name, answer, points, run and cell."""
    now = room.now
    asked = room.asked
    answer = one.answers.get(asked)
    found = {
        "type": "you", "member": one.id, "name": one.name, "hand": one.hand, "step": room.step,
        "answer": answer, "own": one.own.get(room.step), "cell": room.cell(one.id, room.step),
    }  # fmt: skip
    if now.kind == "reveal" and asked in right:
        question = room.lesson.steps[asked]
        found["points"] = score(question, answer, right[asked])
        found["means"] = SAYS[question.shape]
    return found


def result(room: Room, right: dict) -> dict | None:
    """What a reveal tells everybody once the run is over: the truth and the middle of the class."""
    if room.now.kind != "reveal":
        return None
    asked = room.asked
    if asked not in right:
        return None
    question = room.lesson.steps[asked]
    points = [score(question, one.answers.get(asked), right[asked]) for one in room.students]
    points = [p for p in points if p is not None]
    return {
        "truth": right[asked],
        "middle": round(statistics.median(points)) if points else None,
        "answers": len(points),
    }


def tile(room: Room, one: Member, right: dict, wall: bool) -> dict:
    """A student's tile: for the teacher all of it, for the projector what the class may see."""
    asked = room.asked
    open_to_all = asked in room.revealed or room.now.kind == "explore"
    found = {
        "member": one.id,
        "name": one.name if room.names or not wall else "",
        "here": one.here,
        "hand": one.hand,
        "pinned": one.pinned,
        "sent": asked in one.answers,
        "own": one.own.get(room.step),
    }
    if open_to_all or not wall:
        found["answer"] = one.answers.get(asked)
        if asked in right:
            found["points"] = score(room.lesson.steps[asked], found["answer"], right[asked])
    return found


def for_teacher(step: Step) -> dict:
    """What only a teacher reads of a step."""
    return {"notes": step.notes, "ask": step.ask, "wrong": step.wrong, "minutes": step.minutes}


def board(room: Room, right: dict, wall: bool) -> dict:
    """The whole of what a teacher's page or the projector shows beside the step."""
    found = {
        "type": "board",
        "step": room.step,
        "code": room.code,
        "door": room.door,
        "names": room.names,
        "paused": room.paused,
        "steps": [
            {"kind": s.kind, "title": s.title, **({} if wall else for_teacher(s))}
            for s in room.lesson.steps
        ],
        "tiles": [tile(room, one, right, wall) for one in room.students],
    }
    if room.now.kind == "ask" and not wall:
        found["tally"] = tally(room, room.step)
    return found
