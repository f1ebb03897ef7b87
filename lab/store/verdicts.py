"""Verdicts: the table that the package ships, and what was verified on this machine.

A verdict belongs to (experiment, claim, code hash). One whose hash is not that of the code as it
is now is stale: it is shown as "not checked for this version" and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Column, String, Table, Text, delete, insert, select

from lab.engine.claim import VERDICTS
from lab.store import database
from lab.store.home import StoreError, read_text, write_text

FORMAT = 1
MAX_TABLE = 64 * 1024 * 1024  # bytes

_TABLE = Table(
    "verdicts",
    database.METADATA,
    Column("experiment", String, primary_key=True),
    Column("claim", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("data", Text, nullable=False),
)


class Verdicts:
    """Every verdict there is, as read at one moment.

    Parameters
    ----------
    records : iterable of dict
        As `Verdict.to_json` gives them; of two for the same code the later one counts.
    """

    def __init__(self, records: Iterable[dict] = ()):
        self._found: dict[tuple[str, str], dict[str, dict]] = {}
        for record in records:
            self._found.setdefault((record["experiment"], record["claim"]), {})[record["code"]] = (
                record
            )

    def find(self, experiment: str, claim: str, code: str) -> dict | None:
        """The verdict for exactly this code, or None."""
        return self._found.get((experiment, claim), {}).get(code)

    def stale(self, experiment: str, claim: str, code: str) -> dict | None:
        """The latest verdict for other code, or None."""
        others = [r for c, r in self._found.get((experiment, claim), {}).items() if c != code]
        return max(others, key=lambda record: record.get("date", ""), default=None)

    def worst(self, entry) -> str | None:
        """The worst verdict among an entry's claims; None when one is not checked as it is now."""
        found = []
        for claim in entry.claims:
            record = self.find(entry.name, claim.id, entry.hash)
            if record is None:
                return None
            found.append(record["verdict"])
        return min(found, key=VERDICTS.index, default=None)

    def as_announced(self, entry) -> bool:
        """Whether an entry has claims, and each came out as announced for the code as it is now."""
        found = [(self.find(entry.name, c.id, entry.hash), c.expected) for c in entry.claims]
        return bool(found) and all(record and record["verdict"] == said for record, said in found)


def verdicts() -> Verdicts:
    """What the package ships, and over it what was verified here."""
    return Verdicts([*shipped(), *own()])


def card_of(entry, known: Verdicts | None = None) -> dict:
    """What a list says about an experiment: the fields of `lab list --json`."""
    known = known or verdicts()
    return {
        "name": entry.name,
        "family": entry.family,
        "title": entry.card.title,
        "question": entry.card.question,
        "papers": list(entry.card.papers),
        "cost": entry.card.cost,
        "verdict": known.worst(entry),
        "controls": [
            {
                "name": spec.name,
                "kind": spec.kind,
                "default": spec.default,
                "bounds": list(spec.objects) if spec.kind == "selector" else list(spec.bounds),
                "live": spec.live,
                "doc": spec.doc,
            }
            for spec in entry.controls.values()
        ],
    }


def shipped_path() -> Path:
    """The table that the package ships."""
    return Path(__file__).parent.parent / "verdicts.json"


def shipped() -> list[dict]:
    """The records of the package's table."""
    return read_table(shipped_path()) if shipped_path().exists() else []


def shipped_engine() -> str:
    """The hash of the engine that the package's table was made with; empty without a table."""
    if not shipped_path().exists():
        return ""
    return str(_parsed(shipped_path()).get("engine", ""))


def own() -> list[dict]:
    """The records of this machine; none when nothing was verified or the file cannot be read."""
    if not database.path().exists():
        return []
    try:
        with database.connection() as open_connection:
            texts = [row.data for row in open_connection.execute(select(_TABLE.c.data))]
        return [json.loads(text) for text in texts]
    except (StoreError, ValueError):
        return []


def add(records: Iterable[dict]) -> None:
    """Keeps verdicts of this machine; one for the same code is replaced.

    Raises
    ------
    StoreError
    """
    with database.connection() as open_connection:
        for record in records:
            key = {name: record[name] for name in ("experiment", "claim", "code")}
            same = [_TABLE.c[name] == value for name, value in key.items()]
            open_connection.execute(delete(_TABLE).where(*same))
            open_connection.execute(insert(_TABLE).values(**key, data=json.dumps(record)))


def read_table(path: Path) -> list[dict]:
    """The records of a table in JSON.

    Raises
    ------
    StoreError
    """
    return list(_parsed(path)["verdicts"])


def _parsed(path: Path) -> dict:
    try:
        found = json.loads(read_text(path, MAX_TABLE))
        if found["format"] != FORMAT:
            raise StoreError(f"{path.name}: format is {FORMAT}; not {found['format']}")
        if not isinstance(found["verdicts"], list):
            raise TypeError("verdicts is a list")
        return found
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path.name} is not a table of verdicts") from error


def write_table(path: Path, records: Iterable[dict], keep: Iterable[dict] = ()) -> None:
    """Writes a table: one record for each claim, those of `keep` where `records` has none.

    It says which engine made it, so that the tests know when the engine has changed since.

    Raises
    ------
    StoreError
    """
    from lab.engine.codehash import engine_hash

    merged = {(r["experiment"], r["claim"]): r for r in [*keep, *records]}
    lines = [json.dumps(merged[key], sort_keys=True, ensure_ascii=False) for key in sorted(merged)]
    body = ",\n".join(lines)
    head = f'{{"format": {FORMAT}, "engine": "{engine_hash()}", "verdicts": ['
    write_text(path, f"{head}\n{body}\n]}}\n")
