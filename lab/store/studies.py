"""Studies that were recorded: their datasets as JSON, so that a page opens with its pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

from lab.store.home import (
    StoreError,
    read_text,
    recordings_folder,
    shipped_recordings,
    write_text,
)

FORMAT = 1
SUFFIX = ".study.json"
MAX_FILE = 4 * 1024 * 1024  # bytes
DIGITS = 5  # what a picture shows of a number


def file_of(folder: Path, experiment: str, study: str) -> Path:
    """Where the recorded study is kept in a folder of recordings."""
    return folder / experiment / f"{study}{SUFFIX}"


def save(path: Path, data: dict, code: str) -> Path:
    """Writes a study's dataset.

    Parameters
    ----------
    path : Path
    data : dict
        What `xarray.Dataset.to_dict()` gives; numbers are rounded to five digits.
    code : str
        Hash of the code that has made its runs.

    Raises
    ------
    StoreError
        It is too large, or cannot be written.
    """
    text = json.dumps({"format": FORMAT, "code": code, "data": _rounded(data)}, default=str)
    if len(text) > MAX_FILE:
        raise StoreError(f"{path.name} would have {len(text):,} bytes; {MAX_FILE:,} are allowed")
    write_text(path, text + "\n")
    return path


def find(experiment: str, study: str, code: str) -> dict | None:
    """The dataset of a study that this code has made, this machine's before the package's.

    None where there is none; a file that is broken or made by other code counts as none.
    """
    for folder in (recordings_folder(), shipped_recordings()):
        try:
            found = json.loads(read_text(file_of(folder, experiment, study), MAX_FILE))
            if found["format"] == FORMAT and found["code"] == code:
                return found["data"]
        except (StoreError, OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _rounded(value):
    """The same data with numbers of five digits."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value
