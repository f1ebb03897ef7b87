"""A session as bytes, from which another process of the same user goes on.

They are pickles: they are never read from anywhere but this user's own worker (see
`lab.engine.workers.spool`). What is shared (`given`) is not among them; it is made there.
"""

from __future__ import annotations

import pickle

from lab.engine.recipe import Recipe
from lab.engine.registry import load_source, source_of
from lab.engine.session import Session
from lab.engine.status import Status


def dump(session: Session) -> bytes:
    """Everything that another process needs to carry on.

    Keyframes are not: they would make it several times as long, so that it were written less
    often and a lost run had more to do again. Its first look far back takes longer instead.

    Raises
    ------
    SourceError
        The experiment's class exists in this process only.
    """
    entries = dict(
        source=source_of(session.experiment), recipe=session.recipe.json(), head=session.head,
        state=session.state, trace=session.trace, pictures=session.pictures,
        status=session.status.value, ended=session.ended, sentence=session.sentence,
        options=session.options,
    )  # fmt: skip
    if session.experiment.__module__ == "__main__":
        import cloudpickle

        return cloudpickle.dumps(entries)
    return pickle.dumps(entries)


def load(blob: bytes, recipe: Recipe | None = None) -> Session:
    """Goes on from a dump of this user's own worker.

    The caller's recipe rules: its edits may be younger than the dump.
    """
    entries = pickle.loads(blob)
    recipe = recipe or Recipe.from_json(entries["recipe"])
    session = Session(
        load_source(entries["source"]), dict(recipe.controls), recipe.seed, recipe.device,
        recipe.dtype, edits=recipe.edits, **entries["options"],
    )  # fmt: skip
    if entries["head"]:
        session.go_on(entries["state"], entries["head"], entries["trace"], entries["pictures"])
        session.keyframes.add(session.head, session.state)
    session.ended, session.sentence = entries["ended"], entries["sentence"]
    status = Status(entries["status"])
    session.status = Status.PAUSED if status is Status.RUNNING else status
    return session
