"""The code of a class that no file holds: written in a notebook's cell, or typed at a prompt.

Its text is followed by that of the functions, classes and values of the notebook which it reads,
for a change in another cell changes what it computes. Where there is no source text the compiled
code is read: instructions, constants, inner functions (lambdas among them), default arguments and
what a closure holds, but neither docstrings nor line numbers.
"""

from __future__ import annotations

import ast
import dataclasses
import dis
import hashlib
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

PLAIN = (type(None), bool, int, float, complex, str, bytes, range)


def source_text(cls) -> str:
    """The source text of a class, of one from a notebook's cell too; empty when there is none."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        cell = next((f.__code__.co_filename for f in _functions(cls)), "")
    text = "".join(linecache.getlines(cell))
    try:
        classes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    except SyntaxError:
        return ""
    found = [node for node in classes if node.name == cls.__name__]
    return ast.get_source_segment(text, found[-1]) or "" if found else ""


def texts(cls, canonical: Callable[[ast.AST], str]) -> tuple[list[str], dict[str, Any]]:
    """The texts of a class and of what it reads, and the other objects that they name.

    Parameters
    ----------
    cls : class
    canonical : callable
        Writes a syntax tree as text.

    Returns
    -------
    texts : list of str
    outside : dict
        Objects by name that another module defines: code of libraries, and of `lab.core`.
    """
    reader = _Reader(cls.__module__, canonical)
    found = [reader.text(cls)]
    known: set[str] = set()
    while todo := sorted(reader.names - known):
        known.update(todo)
        found += [f"{name}={reader.text(reader.names_of[name])}" for name in todo]
    return found, reader.outside


class _Reader:
    def __init__(self, module: str, canonical: Callable[[ast.AST], str]):
        self.module, self._canonical = module, canonical
        self.names: set[str] = set()
        self.names_of: dict[str, Any] = {}
        self.outside: dict[str, Any] = {}
        self._inside: set[int] = set()

    def text(self, value: Any) -> str:
        """A value as text that differs when what it computes differs."""
        if isinstance(value, PLAIN):
            return repr(value)
        if id(value) in self._inside:
            return "..."
        self._inside.add(id(value))
        try:
            return self._text(value)
        finally:
            self._inside.discard(id(value))

    def _text(self, value: Any) -> str:
        value = getattr(value, "__func__", value)  # of a static method
        if isinstance(value, (type, FunctionType)):
            return self._code(value)
        if isinstance(value, ModuleType):
            return value.__name__
        if isinstance(value, dict):
            return str([(self.text(key), self.text(entry)) for key, entry in value.items()])
        if isinstance(value, (list, tuple)):
            return str([self.text(entry) for entry in value])
        if isinstance(value, (set, frozenset)):
            return str(sorted(map(self.text, value)))
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if hasattr(value, "tobytes") and hasattr(value, "dtype"):
            return f"{kind} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
        if dataclasses.is_dataclass(value):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return f"{kind} {self.text(fields)}"
        return f"{kind} {self.text(getattr(value, '__dict__', None))}"

    def _code(self, value: type | FunctionType) -> str:
        for function in _functions(value):
            self._note(function.__globals__, function.__code__)
            cells = zip(function.__code__.co_freevars, function.__closure__ or ())
            self.names_of.update((name, cell.cell_contents) for name, cell in cells)
            self.names.update(function.__code__.co_freevars)
        tree = _tree(value)
        if tree is not None:
            around = next((f.__globals__ for f in _functions(value)), {})
            self._bind(around, (n.id for n in ast.walk(tree) if isinstance(n, ast.Name)))
            return self._canonical(tree)
        if isinstance(value, FunctionType):
            defaults = self.text([value.__defaults__, value.__kwdefaults__])
            return f"{_instructions(value.__code__)} {defaults}"
        controls = getattr(value, "controls", None)
        declared = self.text(controls()) if callable(controls) else ""
        own = {n: v for n, v in sorted(vars(value).items()) if not n.startswith("_")}
        return f"{declared} {self.text(own)}"

    def _note(self, around: dict, code: CodeType) -> None:
        self._bind(around, code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._note(around, constant)

    def _bind(self, around: dict, names) -> None:
        for name in names:
            if name not in around:
                continue
            value = around[name]
            home = value.__name__ if isinstance(value, ModuleType) else _home(value)
            if home not in (None, self.module):
                self.outside[name] = value
            else:
                self.names_of[name] = value
                self.names.add(name)


def _home(value: Any) -> str | None:
    """The module that defines a function or a class; None for a value."""
    return value.__module__ if isinstance(value, (type, FunctionType)) else None


def _functions(value: type | FunctionType) -> Iterator[FunctionType]:
    """A function, or those of a class: its methods and the makers of its givens."""
    if isinstance(value, FunctionType):
        yield value
        return
    givens = vars(value).get("givens") or {}
    makers = [getattr(given, "make", None) for given in givens.values()]
    for entry in (*vars(value).values(), *makers):
        entry = getattr(entry, "__func__", entry)
        if isinstance(entry, FunctionType):
            yield entry


def _tree(value: type | FunctionType) -> ast.AST | None:
    """The syntax tree of a named function or class; a lambda's line is none of its own."""
    if value.__name__ == "<lambda>":
        return None
    try:
        text = source_text(value) if isinstance(value, type) else inspect.getsource(value)
        return ast.parse(textwrap.dedent(text)) if text else None
    except (OSError, TypeError, SyntaxError):
        return None


def _instructions(code: CodeType) -> str:
    """What compiled code does: constants by value, so that a docstring is not among them."""
    words = []
    for instruction in dis.get_instructions(code):
        what = instruction.argval
        if isinstance(what, CodeType):
            text = _instructions(what)
        elif isinstance(what, frozenset):
            text = str(sorted(map(repr, what)))
        else:
            text = instruction.argrepr
        words.append(f"{instruction.opname} {text}")
    return f"({code.co_varnames[: code.co_argcount]} {'; '.join(words)})"
