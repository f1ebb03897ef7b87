"""Which experiments there are, where their classes come from, and how a class travels.

Experiments are found in the package (`experiments/<family>/<name>.py`), in installed packages
(entry point group `lab.experiments`), in LAB_HOME/experiments, in files named by the environment
variable LAB_PATHS or on the command line, and among the classes typed in a notebook.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType

from lab.engine.codehash import code_hash
from lab.engine.entry import Entry, broken_entry, describe
from lab.engine.experiment import Experiment, problems
from lab.engine.index import Source, entries_of
from lab.engine.suggest import unknown
from lab.store.home import experiments_folder

GROUP = "lab.experiments"
FILES_VARIABLE = "LAB_PATHS"
MAX_PICKLED = 1_000_000  # bytes of a class that travels by value
_PACKAGE = "lab.experiments"
_FILE_MODULE = "lab_file_"


class ExperimentError(ValueError):
    """An experiment that cannot be loaded; the message is one line with file and line."""


class SourceError(ValueError):
    """A class that cannot travel to another process; the message names what it captured."""


# -- what there is ---------------------------------------------------------------------------------


def catalogue() -> list[Entry]:
    """Every experiment, the package's own first; broken files are entries too."""
    return [*entries_of(_sources()), *map(entry, _typed().values())]


def entry(what) -> Entry:
    """The entry of a name, an old name, a file or a class.

    Raises
    ------
    UnknownName
        With a suggestion.
    ExperimentError
        A file that holds no experiment, or not the one that was asked for.
    """
    if inspect.isclass(what):
        path = getattr(sys.modules.get(what.__module__), "__file__", None) or ""
        source = "" if _by_value(what) else _address(what)
        return describe(what, path=path, source=source, hash=code_hash(what))
    if _is_file(what):
        return _file_entry(what)
    entries = catalogue()
    for found in entries:
        if found.name == what:
            return found
    for found in entries:
        if what in found.card.formerly:
            return found
    raise unknown("experiment", what, [found.name for found in entries])


def families() -> list[str]:
    """Every family that has an experiment."""
    return sorted({found.family for found in catalogue()})


def _sources() -> list[Source]:
    named = [Path(p) for p in os.environ.get(FILES_VARIABLE, "").split(os.pathsep) if p]
    own = sorted(experiments_folder().glob("[!_.]*.py"))
    files = dict.fromkeys(str(path.resolve()) for path in (*own, *named))
    return [*_package_sources(), *_plugins(tuple(sys.path)), *map(_file_source, files)]


def _package_sources() -> list[Source]:
    found = []
    for path in sorted(_package_folder().glob("[!_.]*/[!_.]*.py")):
        family, stem = path.parent.name, path.stem
        module = f"{_PACKAGE}.{family}.{stem}"
        found.append(Source(str(path), module, "", _dashed(stem), _dashed(family)))
    return found


def _package_folder() -> Path:
    return Path(__file__).parent.parent / "experiments"


@lru_cache(maxsize=2)
def _plugins(paths: tuple[str, ...]) -> tuple[Source, ...]:
    """Memoised by the import path: reading the metadata of all packages is slow."""
    found = []
    for point in importlib.metadata.entry_points(group=GROUP):
        found.append(Source(_module_file(point.module), point.module, point.attr or "", point.name))
    return tuple(found)


def _module_file(module: str) -> str:
    """The file of a module, found without importing the packages around it."""
    top, *inner = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.origin:
        return ""
    if not inner:
        return spec.origin
    stem = Path(spec.origin).parent.joinpath(*inner)
    choices = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((str(path) for path in choices if path.is_file()), "")


def _file_source(path: str) -> Source:
    return Source(path, name=_dashed(Path(path).stem))


def _file_entry(what: str) -> Entry:
    path, name = _split(what)
    entries = entries_of([_file_source(path)])
    found = [e for e in entries if name in ("", e.name)] or [e for e in entries if e.broken]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ExperimentError(f"{Path(path).name}: no experiment {name}")
    names = ", ".join(e.name for e in found)
    raise ExperimentError(f"{Path(path).name} holds {names}; write {what}:{found[0].name}")


def _typed() -> dict[str, type[Experiment]]:
    """The latest class of each name among those typed in a notebook or script."""
    found = {c.__name__: c for c in Experiment.__subclasses__() if c.__module__ == "__main__"}
    return {name: cls for name, cls in found.items() if not problems(cls)}


# -- classes ---------------------------------------------------------------------------------------


def load(what) -> type[Experiment]:
    """The class of a name, a class, a file ("file.py", "file.py:Class").

    Raises
    ------
    UnknownName, ExperimentError
    """
    if inspect.isclass(what):
        if not issubclass(what, Experiment) or what is Experiment:
            raise ExperimentError(f"{what.__name__} is not derived from Experiment")
        return what
    if _is_file(what):
        path, name = _split(what)
        return _one(_load_file(path), name, Path(path).name)
    stem = str(what).replace("-", "_")
    for source in _package_sources():
        # Found without the index, so that a worker loads what it needs and nothing else.
        if Path(source.path).stem == stem and source.name == what:
            return _import(source)
    typed = _typed()
    if what in typed:
        return typed[what]
    found = entry(what)
    if found.broken:
        raise ExperimentError(found.broken)
    return load_source(found.source)


def _import(source: Source) -> type[Experiment]:
    try:
        module = importlib.import_module(source.module)
    except Exception as error:
        raise ExperimentError(_told(error, source.path)) from error
    return _one(module, source.attribute, Path(source.path).name)


def read_source(source: Source) -> list[Entry]:
    """The entries of a source, its module imported here; a broken one when that fails."""
    try:
        if source.module:
            module = importlib.import_module(source.module)
        else:
            module = _load_file(source.path)
        classes = _classes(module)
        if source.attribute:
            classes = [c for c in classes if c.__name__ == source.attribute]
        if not classes:
            raise ExperimentError(f"{Path(source.path).name}: no class derived from Experiment")
        if source.module.startswith(_PACKAGE + ".") and len(classes) > 1:
            names = ", ".join(c.__name__ for c in classes)
            raise ExperimentError(
                f"{Path(source.path).name}: one file, one experiment; not {names}"
            )
        return [_entry_or_broken(cls, source) for cls in classes]
    except ExperimentError as error:
        told = str(error)
    except (Exception, SystemExit) as error:
        told = _told(error, source.path)
    return [broken_entry(source.name, source.family, source.path, told)]


def _entry_or_broken(cls, source: Source) -> Entry:
    wrong = problems(cls)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        told = f"{Path(source.path).name}: {wrong[0]}{more}"
        return broken_entry(cls.slug(), cls.family(), source.path, told)
    path = source.path or inspect.getfile(cls)
    return describe(cls, path=path, source=_address(cls), hash=code_hash(cls))


def _classes(module: ModuleType) -> list[type[Experiment]]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Experiment)
        and value.__module__ == module.__name__
    ]


def _one(module: ModuleType, name: str, where: str) -> type[Experiment]:
    classes = _classes(module)
    if name:
        classes = [cls for cls in classes if cls.__name__ == name]
    if len(classes) == 1:
        return classes[0]
    if not classes:
        raise ExperimentError(f"{where}: no class {name or 'derived from Experiment'}")
    raise ExperimentError(f"{where} holds {', '.join(c.__name__ for c in classes)}; name one")


def _is_file(what) -> bool:
    if isinstance(what, Path):
        return True
    path, _ = _split(what) if isinstance(what, str) else ("", "")
    return path.endswith(".py")


def _split(what) -> tuple[str, str]:
    """("/full/file.py", "Class" or "") of `file.py` or `file.py:Class`."""
    text = str(what)
    head, colon, name = text.rpartition(":")
    if not colon or not head.endswith(".py"):
        head, name = text, ""
    return (str(Path(head).resolve()), name) if head.endswith(".py") else (head, name)


def _load_file(path: str) -> ModuleType:
    """The module of a file. Its name is made of path and contents: once edited, it is another."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}") from None
    name = _FILE_MODULE + hashlib.sha256(path.encode() + b"\0" + text).hexdigest()[:12]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ExperimentError(f"{path} is not a file of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ExperimentError(_told(error, path)) from error
    return module


def _told(error: BaseException, path: str) -> str:
    """`file.py, line 12: NameError: name 'x' is not defined`, in one line."""
    line = None
    if isinstance(error, SyntaxError) and error.filename and _same(error.filename, path):
        line = error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if _same(frame.filename, path):
                line = frame.lineno
    where = Path(path).name + (f", line {line}" if line else "")
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(f"{where}: {type(error).__name__}: {said}".split())[:500]


def _same(one: str, other: str) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)


def _dashed(stem: str) -> str:
    return stem.replace("_", "-")


# -- how a class travels ---------------------------------------------------------------------------


def source_of(cls: type[Experiment]) -> str | bytes:
    """What another process of this user needs to have the same class.

    Returns
    -------
    str or bytes
        "module:Class", "path.py:Class", or, for a class typed in a notebook, a pickle by value.

    Raises
    ------
    SourceError
        The class captures something that cannot be pickled, or more than 1 MB; it names that.
    """
    return _pickled(cls) if _by_value(cls) else _address(cls)


def load_source(source: str | bytes) -> type[Experiment]:
    """The class that `source_of` described.

    Bytes are unpickled: they come from this user's own process over its own pipe, never from a
    link or a file of runs.

    Raises
    ------
    ExperimentError
    """
    if isinstance(source, bytes):
        import cloudpickle

        return cloudpickle.loads(source)
    if _is_file(source):
        return load(source)
    module, _, name = source.partition(":")
    return _import(Source("", module, name))


def _address(cls: type) -> str:
    where = cls.__module__
    if where.startswith(_FILE_MODULE):
        where = str(sys.modules[where].__file__)
    return f"{where}:{cls.__name__}"


def _by_value(cls: type) -> bool:
    return cls.__module__ == "__main__" or "<locals>" in cls.__qualname__


def _pickled(cls: type[Experiment]) -> bytes:
    import cloudpickle

    try:
        blob = cloudpickle.dumps(cls)
    except Exception as error:  # whatever a captured object's own pickling raises
        name = _culprit(cls, largest=False)
        raise SourceError(
            f"{cls.__name__} cannot travel to another process: {name} cannot be pickled ({error})"
        ) from None
    if len(blob) > MAX_PICKLED:
        raise SourceError(
            f"{cls.__name__} has {len(blob) / 1e6:.1f} MB, mostly {_culprit(cls, largest=True)}; "
            "make it in a given or pass it as a control"
        )
    return blob


def _culprit(cls: type[Experiment], largest: bool) -> str:
    """The captured name that is largest, or that cannot be pickled."""
    import cloudpickle

    sizes = {}
    for name, value in _captured(cls).items():
        try:
            sizes[name] = len(cloudpickle.dumps(value))
        except Exception:
            if not largest:
                return name
    return (
        max(sizes, key=lambda name: sizes[name])
        if largest and sizes
        else "something that it captures"
    )


def _captured(cls: type[Experiment]) -> dict[str, object]:
    """Globals and enclosing variables that the methods of a class read."""
    found = {}
    makers = [given.make for given in cls.givens.values()]
    for value in (*vars(cls).values(), *makers):
        function = getattr(value, "__func__", value)
        if not inspect.isfunction(function):
            continue
        for name in _names(function.__code__):
            if name in function.__globals__:
                found[name] = function.__globals__[name]
        cells = function.__closure__ or ()
        found.update(zip(function.__code__.co_freevars, (cell.cell_contents for cell in cells)))
    return {name: value for name, value in found.items() if not inspect.ismodule(value)}


def _names(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
