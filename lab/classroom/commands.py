"""`lab lessons` and `lab rooms`: what can be taught, and what was said."""

from __future__ import annotations

import time
from typing import Annotated

import typer


def lessons(
    name: Annotated[str | None, typer.Argument(help="One to check: a name, or file.toml.")] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="Its notes for the teacher, as a page to print.")
    ] = False,
) -> None:
    """List the lessons, or check one and print its steps."""
    from lab.classroom.lesson import LessonError, read, shelf

    if notes and name is None:
        raise typer.BadParameter("say which lesson: lab lessons NAME --notes > notes.html")
    if name is not None:
        lesson = read(name)
        if notes:
            from lab.classroom.notes import page

            print(page(lesson), end="")
            return
        print(f"{lesson.title} ({lesson.minutes} min)")
        for i, step in enumerate(lesson.steps):
            print(f"{i + 1:>3}  {step.kind:<8} {step.title}")
        return
    for known, path in shelf().items():
        try:
            print(f"{known:<20} {read(known).title}")
        except LessonError as error:
            print(f"{known:<20} {path}: {error}")


def rooms(
    delete: Annotated[
        list[str] | None, typer.Option(help="A room to delete for good, with all answers.")
    ] = None,
    old: Annotated[
        bool, typer.Option("--old", help="Delete those older than thirty days.")
    ] = False,
) -> None:
    """List the rooms that were taught, or delete some for good."""
    from lab.classroom.journal import OLD_DAYS, Journal
    from lab.store.home import StoreError

    journal = Journal()
    try:
        found = journal.rooms()
        known = {room["id"] for room in found}
        doomed = list(delete or ()) + [room["id"] for room in found if old and room["old"]]
        for room in doomed:
            if room not in known:
                raise StoreError(f"there is no room {room}; `lab rooms` lists them")
            journal.delete(room)
            print(f"{room} deleted")
        if doomed or old:
            return
        if not found:
            print("no room was opened yet; a class begins with Teach on any page")
        for room in found:
            day = time.strftime("%Y-%m-%d", time.localtime(room["opened"]))
            state = "open" if room["ended"] is None else "ended"
            hint = f"  older than {OLD_DAYS} days: lab rooms --old" if room["old"] else ""
            print(f"{room['id']}  {day}  {state:<5}  {room['title']}{hint}")
    finally:
        journal.close()
