"""Recorded runs: recipe, trace and pictures in one file that may be handed on.

The file is a zip of a Zarr group (format 3): plain numeric arrays without codecs, compressed by
the zip alone, everything else as JSON in the group's attributes. It is read defensively: sizes are
looked at before anything is unpacked, a dtype or codec that is not on a short list is refused, and
nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from lab.engine.pictures import Pictures, pack, unpack
from lab.engine.recipe import Recipe, RecipeError
from lab.engine.trace import Trace
from lab.store.home import StoreError, recordings_folder, replacing, shipped_recordings

FORMAT = 1
SUFFIX = ".lab.zip"
MAX_FILE = 64 * 1024 * 1024  # bytes of the file
MAX_UNPACKED = 256 * 1024 * 1024  # bytes of all its arrays
MAX_MEMBERS = 10_000
MAX_METADATA = 1024 * 1024  # bytes of one zarr.json
FEW = 60  # pictures of a small recording, at most
LARGE = 512  # entries of an array that a small recording keeps in 8 bits, not 16
_MEMBER = re.compile(r"(?:[a-z0-9]+/)*(?:zarr\.json|c|\d+)")
_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64")


@dataclass(frozen=True)
class Recording:
    """A run that was recorded.

    Attributes
    ----------
    recipe : Recipe
    code : str
        Hash of the code that computed it.
    status, ended, sentence : str
    head : int
        The last computed step.
    seconds : float
        What it took.
    date : str
    trace : Trace
    pictures : Pictures
        The last one is that of the head.
    """

    recipe: Recipe
    code: str
    status: str
    ended: str
    sentence: str
    head: int
    seconds: float = 0.0
    date: str = ""
    trace: Trace = field(default_factory=Trace)
    pictures: Pictures = field(default_factory=Pictures)

    @classmethod
    def of(cls, session, code: str, seconds: float = 0.0, most: int | None = None) -> Recording:
        """What a session has recorded up to now; `most`: so many pictures beside the last one."""
        pictures = session.pictures.until(session.head)
        while most is not None and len(pictures) > max(most, 1):
            pictures.match(2 * pictures.gap)
        if pictures.ks and pictures.ks[-1] != session.head:
            pictures.add(session.head, pack(session.picture(session.head)))
        return cls(
            recipe=session.recipe,
            code=code,
            status=str(session.status),
            ended=session.ended,
            sentence=session.sentence,
            head=session.head,
            seconds=round(seconds, 3),
            date=date.today().isoformat(),
            trace=session.trace,
            pictures=pictures,
        )


def save(recording: Recording, path: Path | None = None, small: bool = False) -> Path:
    """Writes a recording, by default among those of LAB_HOME; returns its path.

    Parameters
    ----------
    small : bool
        The numbers of its pictures are rounded to 8 bits, those of short arrays to 16: nobody sees
        that, and the file takes a quarter. What was recorded as numbers is kept whole.

    Raises
    ------
    StoreError
    """
    path = path or default_path(recording.recipe)
    arrays, attributes = _taken_apart(recording, small)
    with replacing(path) as beside:
        _write(beside, arrays, attributes)
        size = beside.stat().st_size
        if size > MAX_FILE:
            raise StoreError(f"the recording has {size} bytes; {MAX_FILE} at most")
    return path


def load(path: Path) -> Recording:
    """Reads a recording.

    Raises
    ------
    StoreError
        One line: what is broken, too large, or not allowed.
    """
    try:
        _inspect(path)
        arrays, attributes = _read(path)
        return _put_together(arrays, attributes)
    except RecipeError as error:
        raise StoreError(f"{path.name}: recipe: {error}") from error
    except StoreError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, zipfile.BadZipFile) as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise StoreError(f"{path.name} is not a recording ({told})") from error


def default_path(recipe: Recipe) -> Path:
    """Where the recording of a recipe is kept."""
    return recordings_folder() / recipe.experiment / f"{recipe.key}{SUFFIX}"


def find(name: str) -> list[Path]:
    """The recordings of an experiment: this machine's, newest first, then the package's.

    An experiment with arms has one for each arm.
    """
    own = (recordings_folder() / name).glob(f"*{SUFFIX}")
    shipped = (shipped_recordings() / name).glob(f"*{SUFFIX}")
    newest_first = sorted(own, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [*newest_first, *sorted(shipped)]


# -- a recording as arrays and JSON, and back ------------------------------------------------------


def _taken_apart(recording: Recording, small: bool) -> tuple[dict[str, np.ndarray], dict]:
    arrays: dict[str, np.ndarray] = {}

    def put(array: np.ndarray) -> str:
        name = f"a{len(arrays)}"
        arrays[name] = array
        return name

    trace = recording.trace
    columns = {"rows": _columns(trace, put)}
    if trace.assessed is not None:
        columns["assessed"] = _columns(trace.assessed, put)
    pictures = recording.pictures
    attributes = {
        "format": FORMAT,
        "recipe": recording.recipe.plain(),
        **{name: getattr(recording, name) for name in ("code", "status", "ended", "sentence")},
        **{name: getattr(recording, name) for name in ("head", "seconds", "date")},
        **columns,
        "stages": [[int(k), name] for k, name in trace.stages],
        "events": {name: int(k) for name, k in trace.events.items()},
        "pictures": {"gap": pictures.gap, **_stacked(pictures, put, small)},
    }
    return arrays, attributes


def _columns(trace: Trace, put) -> dict[str, str]:
    return {"k": put(trace.k), **{name: put(trace[name]) for name in trace.names}}


def _stacked(pictures: Pictures, put, small: bool) -> dict:
    """Pictures of one name, type and shape share one array; texts stay JSON."""
    groups: dict[tuple, list] = {}
    texts = []
    for k in pictures.ks:
        for name, value in unpack(pictures.packed(k)).items():
            if isinstance(value, tuple):
                texts.append([k, name, list(value)])
            else:
                groups.setdefault((name, value.dtype.str, value.shape), []).append((k, value))
    arrays = []
    for (name, _, shape), members in groups.items():
        stacked = np.stack([value for _, value in members])
        entry = {"name": name, "shape": list(shape), "bits": stacked.dtype == bool}
        if entry["bits"]:
            stacked = np.packbits(stacked.reshape(len(members), -1), axis=1)
        elif small and stacked.dtype.kind == "f" and stacked.size and np.isfinite(stacked).all():
            entry["unit"], stacked = _rounded(stacked, 127 if math.prod(shape) >= LARGE else 32767)
        entry["k"] = put(np.array([k for k, _ in members], dtype=np.int64))
        entry["values"] = put(stacked)
        arrays.append(entry)
    return {"arrays": arrays, "texts": texts}


def _rounded(values: np.ndarray, most: int) -> tuple[float, np.ndarray]:
    """A unit and whole multiples of it, up to `most`, nearest to the values."""
    unit = float(np.abs(values).max()) / most or 1.0
    return unit, np.rint(values / unit).astype(np.int8 if most < 128 else np.int16)


def _put_together(arrays: Mapping[str, np.ndarray], attributes: Mapping[str, Any]) -> Recording:
    if attributes.get("format") != FORMAT:
        raise StoreError(f"format is {FORMAT}; not {attributes.get('format')!r}")
    trace = _trace(arrays, attributes["rows"])
    if "assessed" in attributes:
        trace.assessed = _trace(arrays, attributes["assessed"])
    trace.stages = [(int(k), str(name)) for k, name in attributes["stages"]]
    trace.events = {str(name): int(k) for name, k in attributes["events"].items()}
    words = {}
    for name, kind in (("code", str), ("status", str), ("ended", str), ("sentence", str),
                       ("head", int), ("seconds", (int, float)), ("date", str)):  # fmt: skip
        if not isinstance(attributes[name], kind):
            raise StoreError(f"{name} is not as it was written")
        words[name] = attributes[name]
    recipe = Recipe.from_plain(attributes["recipe"])
    pictures = _pictures(arrays, attributes["pictures"])
    return Recording(recipe, **words, trace=trace, pictures=pictures)


def _trace(arrays, columns: Mapping[str, str]) -> Trace:
    trace = Trace()
    trace.extend({str(name): arrays[column] for name, column in columns.items()})
    return trace


def _pictures(arrays, stored: Mapping[str, Any]) -> Pictures:
    by_step: dict[int, dict] = {}
    for entry in stored["arrays"]:
        ks, values, shape = arrays[entry["k"]], arrays[entry["values"]], tuple(entry["shape"])
        if entry["bits"]:
            count = math.prod(shape)
            values = np.unpackbits(values, axis=1, count=count).astype(bool)
        elif "unit" in entry:
            values = (values * float(entry["unit"])).astype(np.float32)
        for k, value in zip(ks, values.reshape(len(ks), *shape)):
            by_step.setdefault(int(k), {})[str(entry["name"])] = value
    for k, name, lines in stored["texts"]:
        by_step.setdefault(int(k), {})[str(name)] = [str(line) for line in lines]
    pictures = Pictures(int(stored["gap"]))
    for k in sorted(by_step):
        pictures.add(k, pack(by_step[k]))
    return pictures


# -- the file --------------------------------------------------------------------------------------


def _write(path: Path, arrays: Mapping[str, np.ndarray], attributes: dict) -> None:
    import zarr
    from zarr.storage import ZipStore

    # One group whose attributes are final when it is made: a zip cannot replace a member.
    with ZipStore(path, mode="w", compression=zipfile.ZIP_DEFLATED) as store:
        group = zarr.create_group(store, zarr_format=3, attributes=attributes)
        for name, array in arrays.items():
            group.create_array(
                name,
                data=np.ascontiguousarray(array),
                chunks=tuple(max(1, side) for side in array.shape),
                compressors=None,
                filters=None,
            )


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    import zarr
    from zarr.storage import ZipStore

    with ZipStore(path, mode="r") as store, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a file, not about our code
        group = zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
        arrays = {name: np.asarray(array[...]) for name, array in group.arrays()}
        return arrays, dict(group.attrs)


def _inspect(path: Path) -> None:
    """Refuses a file by what it says about itself, before anything is unpacked.

    Raises
    ------
    StoreError
    """
    size = path.stat().st_size
    if size > MAX_FILE:
        raise StoreError(f"{path.name} has {size} bytes; {MAX_FILE} at most")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS or len({m.filename for m in members}) < len(members):
            raise StoreError(f"{path.name} has too many members, or one twice")
        if sum(member.file_size for member in members) > MAX_UNPACKED:
            raise StoreError(f"{path.name} unpacks to more than {MAX_UNPACKED} bytes")
        declared = 0
        for member in members:
            if not _MEMBER.fullmatch(member.filename):
                raise StoreError(f"{path.name} holds {member.filename[:60]!r}")
            if member.filename.endswith("zarr.json"):
                if member.file_size > MAX_METADATA:
                    raise StoreError(f"{path.name}: {member.filename} is too large")
                declared += _declared(json.loads(archive.read(member)), member.filename)
        if declared > MAX_UNPACKED:
            raise StoreError(f"{path.name} declares more than {MAX_UNPACKED} bytes")


def _declared(metadata: Mapping[str, Any], name: str) -> int:
    """Bytes of the array that a zarr.json declares; 0 for a group.

    Raises
    ------
    StoreError
        Anything but a plain numeric array without codecs.
    """
    if metadata.get("zarr_format") != 3:
        raise StoreError(f"{name}: zarr format 3 is read")
    if metadata.get("node_type") == "group":
        return 0
    dtype, shape = metadata.get("data_type"), metadata.get("shape") or []
    if dtype not in _DTYPES:
        raise StoreError(f"{name}: data type {str(dtype)[:40]!r} is not read")
    codecs = [codec.get("name") for codec in metadata.get("codecs", [])]
    if codecs != ["bytes"] or metadata.get("storage_transformers"):
        raise StoreError(f"{name}: codecs {str(codecs)[:80]} are not read")
    if not all(type(side) is int and side >= 0 for side in shape):
        raise StoreError(f"{name}: a shape is whole numbers")
    chunks = metadata["chunk_grid"]["configuration"]["chunk_shape"]
    if list(chunks) != [max(1, side) for side in shape]:
        raise StoreError(f"{name}: an array is one chunk")
    return math.prod(shape) * np.dtype(dtype).itemsize
