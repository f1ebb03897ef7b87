"""The index: what every experiment's file declares, kept as JSON under LAB_HOME.

Lists, galleries and the server read it and import neither an experiment nor torch. A file is read
again when its contents, or the core and the contract that it stands on, have changed; this happens
in a process of its own, so a file that prints, hangs or ends the interpreter harms nothing.

`python -m lab.engine.index` is that process: it reads sources as JSON and answers with entries.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from lab.engine.entry import Entry, broken_entry
from lab.store.home import StoreError, home, read_text, write_text

FORMAT = 1
MAX_INDEX = 256 * 1024 * 1024  # bytes
START_S = 60  # for importing torch in the reading process
FILE_S = 20  # for each file
_CONTRACT = ("entry", "experiment", "controls", "views", "claim", "rules", "codehash", "index")


@dataclass(frozen=True)
class Source:
    """Where an experiment may be found.

    Attributes
    ----------
    path : str
        Its file; empty for a plug-in whose file is not known before it is imported.
    module : str
        Its importable name; empty for a file that is loaded by its path.
    attribute : str
        The class, when only that one is meant.
    name, family : str
        What it is called if it does not import.
    """

    path: str
    module: str = ""
    attribute: str = ""
    name: str = ""
    family: str = "your-own"

    @property
    def key(self) -> str:
        return f"{self.module or self.path}:{self.attribute}"

    def digest(self) -> str:
        """A hash of what the file holds; empty when it cannot be read."""
        try:
            return hashlib.sha256(Path(self.path).read_bytes()).hexdigest()
        except OSError:
            return ""


def entries_of(sources: Sequence[Source]) -> tuple[Entry, ...]:
    """The entries of these sources, from the index where it is up to date."""
    digests = tuple(source.digest() for source in sources)
    return _entries(tuple(sources), digests, _fingerprint(), home())


@lru_cache(maxsize=8)
def _entries(sources, digests, fingerprint: str, folder: Path) -> tuple[Entry, ...]:
    """Memoised: the arguments hold everything that the answer depends on."""
    path = folder / "index.json"
    kept = _read_index(path, fingerprint)
    current = dict(zip((source.key for source in sources), digests))
    stale = [s for s in sources if kept.get(s.key, {}).get("digest") != current[s.key]]
    if stale:
        for source, read in zip(stale, read_sources(stale)):
            kept[source.key] = {"digest": current[source.key], "entries": read}
        index = {"format": FORMAT, "fingerprint": fingerprint, "files": kept}
        # Without an index the next start is slower, nothing else.
        with contextlib.suppress(StoreError):
            write_text(path, json.dumps(index))
    found = [Entry.from_plain(e) for source in sources for e in kept[source.key]["entries"]]
    return tuple(_distinct(found))


def _read_index(path: Path, fingerprint: str) -> dict[str, dict]:
    try:
        found = json.loads(read_text(path, MAX_INDEX))
        if found["format"] == FORMAT and found["fingerprint"] == fingerprint:
            return dict(found["files"])
    except (StoreError, ValueError, KeyError, TypeError):
        pass
    return {}


def _distinct(entries: list[Entry]) -> list[Entry]:
    """The first of a name keeps it; a later one is shown as broken, under its file's name."""
    taken: dict[str, str] = {}
    found: list[Entry] = []
    for entry in entries:
        if entry.name in taken:
            told = f"{Path(entry.path).name}: the name {entry.name} is taken by {taken[entry.name]}"
            entry = broken_entry(f"{entry.name}-{len(found)}", entry.family, entry.path, told)
        taken[entry.name] = Path(entry.path).name
        found.append(entry)
    return found


@lru_cache(maxsize=1)
def _contract_files() -> tuple[Path, ...]:
    lab = Path(__file__).parent.parent
    engine = [lab / "engine" / f"{name}.py" for name in _CONTRACT]
    return (*sorted((lab / "core").rglob("*.py")), *engine)


def _fingerprint() -> str:
    """Of what every entry depends on beside its own file: the core and the contract."""
    whole = hashlib.sha256()
    for path in _contract_files():
        with contextlib.suppress(OSError):
            whole.update(path.read_bytes())
    return whole.hexdigest()


# -- the process that imports ----------------------------------------------------------------------


def read_sources(sources: Sequence[Source]) -> list[list[dict]]:
    """The plain entries of each source, read in a process of its own.

    When that process ends without an answer, each source is read alone, so that only the one at
    fault is shown as broken.
    """
    found, told = _ask(sources, START_S + FILE_S * len(sources))
    if found is not None:
        return found
    if len(sources) > 1:
        return [read_sources([source])[0] for source in sources]
    source = sources[0]
    where = f"{Path(source.path).name or source.key}: {told}"
    return [[broken_entry(source.name, source.family, source.path, where).plain()]]


def _ask(sources, seconds: float) -> tuple[list | None, str]:
    root = str(Path(__file__).parent.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    # -P: the folder that the lab was started in is not searched for modules.
    command = [sys.executable, "-P", "-m", "lab.engine.index"]
    try:
        answer = subprocess.run(
            command,
            input=json.dumps([asdict(source) for source in sources]),
            capture_output=True,
            text=True,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        return json.loads(answer.stdout), ""
    except subprocess.TimeoutExpired:
        return None, f"importing it took longer than {seconds:g} s"
    except ValueError:
        return None, f"importing it ended the process (exit code {answer.returncode})"


def main() -> None:
    """Answers on standard output; whatever an experiment prints goes to standard error."""
    from lab.engine.registry import read_source

    answer = os.dup(1)
    os.dup2(2, 1)
    sources = [Source(**source) for source in json.load(sys.stdin)]
    found = [[entry.plain() for entry in read_source(source)] for source in sources]
    with os.fdopen(answer, "w") as out:
        json.dump(found, out, allow_nan=False)


if __name__ == "__main__":
    main()
