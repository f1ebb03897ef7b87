"""Which code computed a result, in twelve hexadecimal digits.

The hash is of syntax trees without docstrings: that of the experiment's file, and those of the
functions, classes and constants of `lab.core` that it reaches, followed through their own
imports. Comments, formatting and docstrings do not change it, nor does the Python version. What
every run uses, the keyed random numbers and the backend, is always part of it. Nothing is
imported: the hash of a file that does not import exists too. For a class of a notebook the parts
of the notebook that it reads count (`lab.engine.typed`).
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from functools import lru_cache
from pathlib import Path

from lab.engine.typed import texts

ROOT = "lab.core"
ALWAYS = (("lab.core.random", "Rng"), ("lab.core.random", "noise_block"))
LENGTH = 12


def code_hash(experiment) -> str:
    """The hash of an experiment's code.

    Parameters
    ----------
    experiment : class, path or str
        A class, or the file that holds it.

    Returns
    -------
    str
        12 hexadecimal digits.

    Raises
    ------
    SyntaxError, OSError
        The file cannot be read.
    """
    if isinstance(experiment, type):
        return _of_class(experiment)
    return of_text(Path(experiment).read_text(encoding="utf-8"))


def of_text(text: str) -> str:
    """The hash of an experiment's source text."""
    tree = ast.parse(text)
    return _digest([_canonical(tree), *_reached(_core_names(tree))])


def engine_hash() -> str:
    """The hash of the core and of the engine, without the workers: they change no number."""
    lab = Path(__file__).parent.parent
    files = [*sorted((lab / "core").rglob("*.py")), *sorted((lab / "engine").glob("*.py"))]
    return _digest(_canonical(ast.parse(path.read_text(encoding="utf-8"))) for path in files)


@lru_cache(maxsize=512)
def _of_class(cls: type) -> str:
    """A loaded class keeps the code it was loaded with, so its hash is computed once."""
    module = sys.modules.get(cls.__module__)
    path = getattr(module, "__file__", None)
    if path and cls.__module__ != "__main__":
        return code_hash(path)
    found, outside = texts(cls, _canonical)
    return _digest([*found, *_reached(_core_objects(outside))])


def _digest(parts) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode())
        whole.update(b"\0")
    return whole.hexdigest()[:LENGTH]


# -- syntax trees as text ------------------------------------------------------------------------


def _canonical(node: ast.AST) -> str:
    """A syntax tree as text, without docstrings, positions and empty fields.

    `ast.dump` is not used: what it writes differs between versions of Python.
    """
    out: list[str] = []
    _write(node, out)
    return "".join(out)


def _write(node, out: list[str]) -> None:
    if isinstance(node, ast.Constant):
        out.append(f"({type(node.value).__name__} {node.value!r})")
    elif isinstance(node, ast.AST):
        out.append(f"({type(node).__name__}")
        for name, value in ast.iter_fields(node):
            if name == "body" and _has_docstring(node):
                value = value[1:]
            if value is None or value == [] or name in ("ctx", "type_comment", "kind"):
                continue
            out.append(f" {name}=")
            _write(value, out)
        out.append(")")
    elif isinstance(node, list):
        out.append("[")
        for entry in node:
            _write(entry, out)
        out.append("]")
    else:
        out.append(repr(node))


def _has_docstring(node) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


# -- what is reached -------------------------------------------------------------------------------


def _reached(first) -> list[str]:
    """The trees of everything in `lab.core` that these names lead to, in a fixed order."""
    waiting, found = [*ALWAYS, *first], {}
    while waiting:
        module, name = waiting.pop()
        if (module, name) in found:
            continue
        source = _module(module)
        if source is None:
            continue
        found[module, name] = source.text(name)
        waiting += source.leads_to(name)
    return [f"{module}:{name}={text}" for (module, name), text in sorted(found.items())]


def _core_objects(outside: dict) -> set[tuple[str, str]]:
    """Those of the objects that a notebook's class reads which lab.core defines."""
    found = set()
    for value in outside.values():
        if inspect.ismodule(value) and _is_core(value.__name__):
            found.add((value.__name__, "*"))
        elif _is_core(str(getattr(value, "__module__", ""))):
            found.add((value.__module__, getattr(value, "__name__", "*")))
    return found


def _core_names(tree: ast.AST, package: str = "") -> set[tuple[str, str]]:
    """Every (module, name) of lab.core that a tree's import statements and attributes name."""
    bound, found = _imports(tree, package), set()
    for name, (module, attribute) in bound.items():
        if attribute:
            found.add((module, attribute))
        else:
            found |= _attributes(tree, name, module)
    return found


def _imports(tree: ast.AST, package: str) -> dict[str, tuple[str, str]]:
    """Local name -> (module of lab.core, name in it or "" for the module itself)."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            if not _is_core(module):
                continue
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                pair = (inner, "") if _path(inner) else (module, alias.name)
                bound[alias.asname or alias.name] = pair
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _is_core(alias.name):
                    bound[alias.asname or alias.name] = (alias.name, "")
    return bound


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")[: 1 - node.level or None]
    return ".".join([*parts, *((node.module or "").split(".") if node.module else ())])


def _attributes(tree: ast.AST, name: str, module: str) -> set[tuple[str, str]]:
    """What is read from an imported module; all of it when the module itself is handed on."""
    found, whole, seen = set(), False, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _dotted(node.value) == name:
            inner = f"{module}.{node.attr}"
            found.add((inner, "*") if _path(inner) else (module, node.attr))
            seen.add(id(node.value))
    for node in ast.walk(tree):
        plain = isinstance(node, ast.Name) and node.id == name and id(node) not in seen
        whole = whole or plain
    return found | {(module, "*")} if whole else found


def _dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of attributes; empty for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _is_core(module: str) -> bool:
    return module == ROOT or module.startswith(ROOT + ".")


class _Module:
    """The top-level statements of one file of lab.core, by the names that they bind."""

    def __init__(self, name: str, package: str, text: str):
        self.tree = ast.parse(text)
        self.name, self.package = name, package
        self.imported = _imports(self.tree, package)
        self.bound: dict[str, list[ast.stmt]] = {}
        for statement in self.tree.body:
            for bound in _binds(statement):
                self.bound.setdefault(bound, []).append(statement)

    def statements(self, name: str) -> list[ast.stmt]:
        if name == "*":
            return [s for s in self.tree.body if not isinstance(s, (ast.Import, ast.ImportFrom))]
        return self.bound.get(name, [])

    def text(self, name: str) -> str:
        return "".join(map(_canonical, self.statements(name)))

    def leads_to(self, name: str) -> list[tuple[str, str]]:
        if name not in self.bound and name in self.imported:
            module, attribute = self.imported[name]
            return [(module, attribute or "*")]
        found = []
        for statement in self.statements(name):
            for node in ast.walk(statement):
                if not isinstance(node, ast.Name) or node.id == name:
                    continue
                if node.id in self.bound:
                    found.append((self.name, node.id))
                elif node.id in self.imported:
                    module, attribute = self.imported[node.id]
                    if attribute:
                        found.append((module, attribute))
                    else:
                        found += _attributes(statement, node.id, module)
            found += _core_names(statement, self.package)  # imported inside a function
        return found


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement defines (its imports not counted)."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return set()
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
    return found


def _module(name: str) -> _Module | None:
    path = _path(name)
    if path is None:
        return None
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return _read(name, package, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _read(name: str, package: str, text: str) -> _Module:
    return _Module(name, package, text)


@lru_cache(maxsize=1)
def _core_folder() -> Path:
    return Path(__file__).parent.parent / "core"


def _path(module: str) -> Path | None:
    """The file of a module of lab.core, found without importing it."""
    if not _is_core(module):
        return None
    inner = module.removeprefix(ROOT).strip(".").split(".")
    stem = _core_folder().joinpath(*[part for part in inner if part])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None
