"""The runs of a race: one for each method of the field, and the roads that were not taken."""

from __future__ import annotations

from lab.ui.lanes import MOST, Full, Lanes
from lab.ui.race.field import Entrant
from lab.ui.run import Run

ROAD = "without the change"


class RaceLanes(Lanes):
    """As `Lanes`, with a field of methods that a person may change.

    Parameters
    ----------
    field : list of Entrant
    entry, recipe, new_session, wake
        As for Lanes.
    """

    def __init__(self, field, entry, recipe, new_session, wake):
        self.field: list[Entrant] = list(field)
        self._styles: dict[str, int] = {}
        self.left_at: dict[Run, int] = {}  # where each branch left its method
        super().__init__(entry, recipe, "all" if entry.arms else None, new_session, wake)

    def members(self) -> list[tuple[str, str | None, int]]:
        return [self._member(one) for one in self.field]

    def _member(self, one: Entrant) -> tuple[str, str, int]:
        self.arms[one.name] = one.fixed(self.entry)
        return one.name, one.name, self.style_of(one)

    def style_of(self, one: Entrant) -> int:
        """An arm has the style that it has in the explorer, the others what is free."""
        if one.name not in self._styles:
            names = list(self.entry.arms)
            own = names.index(one.arm) % 6 if one.arm and not one.changes else None
            taken = set(self._styles.values()) | set(range(len(names)))
            free = next((i for i in range(6) if i not in taken), len(self._styles) % 6)
            self._styles[one.name] = free if own is None else own
        return self._styles[one.name]

    def add(self, one: Entrant) -> None:
        """A further method, from the same start, with the same edits at the same steps.

        Raises
        ------
        Full
        """
        if len(self.runs) >= MOST:
            raise Full
        edits = self.runs[0].session.edits if self.runs else ()
        self.field.append(one)
        run = self._run(*self._member(one), edits)
        plain = sum(not other.dotted for other in self.runs)
        head = self.furthest
        self.runs.insert(plain, run)
        self.frames(self.hz)
        if head:
            run.session.start(steps=head)

    def _add(self, run, session) -> None:
        super()._add(run, session)
        self.left_at[self.runs[-1]] = session.head

    def drop(self, name: str) -> None:
        """A method leaves, with its branches; the last one stays."""
        if len(self.field) < 2 or name not in [one.name for one in self.field]:
            return
        self.field = [one for one in self.field if one.name != name]
        for run in [run for run in self.runs if run.arm == name]:
            run.close()
        self.runs = [run for run in self.runs if run.arm != name]
        self.frames(self.hz)

    def set(self, name: str, value, behind: bool) -> bool:
        """Changes a live control; what would have come without the change runs on beside it."""
        if behind or not self.furthest:
            return super().set(name, value, behind)
        roads = [run for run in self.runs if _is_road(run)]
        others = [run for run in self.runs if not _is_road(run)]
        left = {run.label for run in roads}
        moved = [
            run
            for run in others
            if run.alive
            and not run.dotted
            and name not in self.arms.get(run.arm, {})
            and _road(run) not in left
        ]
        forks = [(run, run.session.fork(run.head)) for run in moved[: MOST - len(self.runs)]]
        self.runs = others  # a road does not hear of what is changed later
        try:
            new = super().set(name, value, behind)
        finally:
            self.runs = [*self.runs, *roads]
        for run, session in forks:
            self._add(run, session)
            road = self.runs[-1]
            road.label = road.lane.label = _road(run)
        return new or bool(forks)


def _road(run) -> str:
    return f"{run.label}, {ROAD}"


def _is_road(run) -> bool:
    return run.dotted and run.label.endswith(ROAD)
