"""Which experiments the contract check and the quick claims run for.

All of them while they are few. Later: those whose code is not the code of the shipped table of
verdicts, a sample of thirty that the commit's hash chooses (so that it moves on from commit to
commit and is the same for everyone at one commit), and one of each family when the engine itself
is not the one of the table.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

SAMPLE = 30


def chosen(
    entries: Iterable, shipped: Iterable[dict], *, commit: str, engine_changed: bool
) -> list[str]:
    """Names of the experiments to run, in the order of the entries.

    Parameters
    ----------
    entries : iterable of Entry
    shipped : iterable of dict
        The records of the shipped table.
    commit : str
        Its hash; any text.
    engine_changed : bool
        Whether the engine is another than the table's.
    """
    entries = list(entries)
    known = {(r["experiment"], r["claim"], r["code"]) for r in shipped}
    names = {entry.name for entry in entries if not _is_known(entry, known)}

    def draw(entry) -> str:
        return hashlib.sha256(f"{commit}/{entry.name}".encode()).hexdigest()

    drawn = sorted(entries, key=draw)
    names |= {entry.name for entry in drawn[:SAMPLE]}
    if engine_changed:
        first = {entry.family: entry.name for entry in reversed(drawn)}
        names |= set(first.values())
    return [entry.name for entry in entries if entry.name in names]


def _is_known(entry, known: Collection) -> bool:
    """Whether the table holds a verdict of this very code for every quick claim."""
    quick = [claim for claim in entry.claims if claim.tier == "quick" and not claim.timed]
    return bool(quick) and all((entry.name, claim.id, entry.hash) in known for claim in quick)


def head() -> str:
    """The hash of the commit that is checked out; empty outside a checkout."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
