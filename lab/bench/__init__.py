"""What this machine gives: ratios and medians measured inside one run, each beside its goal."""

from __future__ import annotations

from collections.abc import Iterator

from lab.bench.row import Row
from lab.engine.suggest import unknown

GROUPS = ("engine", "contract", "page")
BY_DEFAULT = ("engine", "page")


def measure(
    group: str | None = None, *, peers: bool = False, classroom: bool = False
) -> Iterator[dict]:
    """The rows of what is asked for, as they are measured; engine and page when that is nothing.

    Parameters
    ----------
    group : {"engine", "contract", "page"} or None
    peers : bool
        The same work beside independent libraries.
    classroom : bool
        Many visitors at once.

    Yields
    ------
    dict
        name, value, unit, goal, met (None where there is no goal), note.
    """
    if group is not None and group not in GROUPS:
        raise unknown("group", group, GROUPS)
    groups = (group,) if group else () if peers or classroom else BY_DEFAULT
    for row in _rows(groups, peers, classroom):
        yield row.to_json()


def _rows(groups, peers: bool, classroom: bool) -> Iterator[Row]:
    if "engine" in groups:
        from lab.bench import engine

        yield from engine.rows()
    if "contract" in groups:
        from lab.bench import contract

        yield from contract.rows()
    if "page" in groups:
        from lab.bench import page

        yield from page.rows()
    if peers:
        from lab.bench import peers as beside

        yield from beside.rows()
    if classroom:
        from lab.bench import classroom as crowd

        yield from crowd.rows()
