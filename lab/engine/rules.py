"""Rules: when a run stops or an event has happened, as a value or as text.

`residual < 1e-6 and k > 100` is read by a small parser and never evaluated as code, so a rule may
come from a link. Truth has three values: a name that has not been recorded yet, a number that is
not one (nan) and a division by zero are unknown, and a rule holds only when it is certainly true.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from lab.engine.suggest import unknown

MAX_TEXT = 200  # characters, without the prefix
MAX_DEPTH = 20  # nested parentheses, `not` and minus signs
BUDGET = "budget:"  # the prefix of a rule that ends a run because its budget is spent

_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_WORDS = ("and", "or", "not", "finished")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_.]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|==|!=|[<>+\-*/()]))"
)
_AT_STEP = re.compile(r"k >= (\d+)")


class RuleError(ValueError):
    """A rule that cannot be read; the message is one line and names the place."""


@dataclass(frozen=True)
class _Number:
    value: float
    truth = False

    def read(self, row, k):
        return self.value


@dataclass(frozen=True)
class _Name:
    name: str
    truth = False

    def read(self, row, k):
        if self.name == "k":
            return int(k)
        value = row.get(self.name)
        if value is None:
            return None
        if getattr(value, "ndim", 0):
            raise RuleError(f"{self.name} is a vector; a rule compares numbers")
        value = float(value)
        return None if math.isnan(value) else value


@dataclass(frozen=True)
class _Binary:
    """A comparison or an arithmetic operation on two numbers."""

    sign: str
    left: Any
    right: Any

    @property
    def truth(self) -> bool:
        return self.sign in _COMPARISONS

    def read(self, row, k):
        left, right = self.left.read(row, k), self.right.read(row, k)
        if left is None or right is None:
            return None
        if self.truth:
            return _COMPARISONS[self.sign](left, right)
        try:
            value = _ARITHMETIC[self.sign](left, right)
        except (ZeroDivisionError, OverflowError):
            return None
        return None if math.isnan(value) else value


@dataclass(frozen=True)
class _Logic:
    """`and`, `or` over two truths, `not` over one (then `right` is None), unknowns included."""

    word: str
    left: Any
    right: Any = None
    truth = True

    def read(self, row, k):
        left = self.left.read(row, k)
        if self.word == "not":
            return None if left is None else not left
        right = self.right.read(row, k)
        decisive = self.word == "or"
        if left is decisive or right is decisive:
            return decisive
        return None if left is None or right is None else not decisive


@dataclass(frozen=True)
class _Never:
    """`finished`: says nothing by itself; the run goes on until it ends of its own."""

    truth = True

    def read(self, row, k):
        return False


class _Parser:
    """Recursive descent over or, and, not, comparison, sum, product, atom."""

    def __init__(self, text: str):
        self.text, self.depth, self.at = text, 0, 0
        self.tokens = self._tokens()
        self.names: list[str] = []

    def fail(self, what: str, place: int) -> NoReturn:
        raise RuleError(f"rule {self.text!r}: {what} at character {place + 1}")

    def _tokens(self) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = []
        place, end = 0, len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None or match.lastgroup is None:
                place += len(self.text[place:]) - len(self.text[place:].lstrip())
                self.fail(f"{self.text[place]!r} is not part of a rule", place)
            kind = match.lastgroup
            found.append((kind, match[kind], match.start(kind)))
            place = match.end()
        return [*found, ("end", "the end", len(self.text))]

    def take(self, *wanted: str) -> str | None:
        """The next word or sign if it is one of those wanted."""
        _, text, _ = self.tokens[self.at]
        if self.tokens[self.at][0] in ("name", "sign") and text in wanted:
            self.at += 1
            return text
        return None

    def place(self) -> int:
        return self.tokens[self.at][2]

    def rule(self):
        node = self.either()
        kind, text, place = self.tokens[self.at]
        if kind != "end":
            self.fail(f"{text!r} was not expected", place)
        if not node.truth:
            self.fail("a comparison is missing (such as residual < 1e-6)", 0)
        return node

    def either(self):
        return self._chain("or", self.both)

    def both(self):
        return self._chain("and", self.negated)

    def _chain(self, word: str, part):
        start = self.place()
        node = part()
        while self.take(word):
            here = self.place()
            node = _Logic(word, self.need(node, True, start), self.need(part(), True, here))
        return node

    def negated(self):
        if not self.take("not"):
            return self.comparison()
        here = self.place()
        return _Logic("not", self.need(self.deeper(self.negated), True, here))

    def comparison(self):
        start = self.place()
        left = self.sum()
        found = None
        while sign := self.take(*_COMPARISONS):
            here = self.place()
            right = self.need(self.sum(), False, here)
            compared = _Binary(sign, self.need(left, False, start), right)
            found = compared if found is None else _Logic("and", found, compared)
            left, start = right, here
        return left if found is None else found

    def sum(self):
        return self._operation(("+", "-"), self.product)

    def product(self):
        return self._operation(("*", "/"), self.atom)

    def _operation(self, signs, part):
        start = self.place()
        node = part()
        while sign := self.take(*signs):
            here = self.place()
            node = _Binary(sign, self.need(node, False, start), self.need(part(), False, here))
        return node

    def atom(self):
        if self.take("("):
            node = self.deeper(self.either)
            if not self.take(")"):
                self.fail("a closing parenthesis is missing", self.place())
            return node
        if sign := self.take("-", "+"):
            here = self.place()
            inner = self.need(self.deeper(self.atom), False, here)
            return _Binary("-", _Number(0.0), inner) if sign == "-" else inner
        kind, text, place = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            value = float(text)
            if not math.isfinite(value):
                self.fail(f"{text} is too large a number", place)
            return _Number(value)
        if text == "finished":
            return _Never()
        if kind != "name" or text in _WORDS:
            self.fail(f"a name or a number was expected, not {text}", place)
        if text != "k" and text not in self.names:
            self.names.append(text)
        return _Name(text)

    def deeper(self, part):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} nested parentheses", self.place())
        node = part()
        self.depth -= 1
        return node

    def need(self, node, truth: bool, place: int):
        if node.truth != truth:
            self.fail(("a comparison" if truth else "a number") + " was expected", place)
        return node


@dataclass(frozen=True)
class Rule:
    """A condition on what a run records.

    Parameters
    ----------
    text : str
        Travels as JSON and in links: `rule(text)` gives an equal rule.

    Attributes
    ----------
    names : tuple of str
        The recorded names that it reads; the step `k` is always there and not among them.
    ends : {"rule", "budget"}
        How a run ends whose stop this is; "budget" for text that starts with `budget:`.
    step : int or None
        The first step at which it holds, when that is known before the run (`k >= 3000`).

    Raises
    ------
    RuleError
        The text cannot be read.
    """

    text: str
    names: tuple[str, ...] = field(init=False, compare=False, repr=False)
    ends: str = field(init=False, compare=False, repr=False)
    step: int | None = field(init=False, compare=False, repr=False)
    _node: Any = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        if not isinstance(self.text, str):
            raise RuleError(f"a rule is a text, not {type(self.text).__name__}")
        text = self.text.strip()
        body = text.removeprefix(BUDGET).strip()
        ends = "budget" if text.startswith(BUDGET) else "rule"
        if len(body) > MAX_TEXT:
            raise RuleError(f"a rule has at most {MAX_TEXT} characters; this one has {len(body)}")
        if not body:
            raise RuleError("the rule is empty; write for example residual < 1e-6")
        parser = _Parser(body)
        node = parser.rule()
        exact = _AT_STEP.fullmatch(body)
        # Frozen: the fields that follow from the text are set here once.
        for name, value in (
            ("text", f"{BUDGET} {body}" if ends == "budget" else body),
            ("names", tuple(parser.names)),
            ("ends", ends),
            ("step", int(exact[1]) if exact else None),
            ("_node", node),
        ):
            object.__setattr__(self, name, value)

    def __str__(self):
        return self.text

    def __reduce__(self):
        return Rule, (self.text,)

    def holds(self, row: Mapping[str, float], k: int) -> bool:
        """Whether the rule is certainly true of the numbers recorded at step `k`."""
        return self._node.read(row, k) is True

    def require(self, known: Iterable[str]) -> Rule:
        """The rule itself, when every name that it reads is among `known`.

        Raises
        ------
        UnknownName
        """
        known = list(known)
        for name in self.names:
            if name not in known:
                raise unknown("recorded quantity", name, [*known, "k"])
        return self


def rule(given: Rule | str | None) -> Rule:
    """A rule from a rule, its text, or None (run until it ends of its own).

    Raises
    ------
    RuleError
    """
    if given is None:
        return finished()
    return given if isinstance(given, Rule) else Rule(given)


def below(name: str, value: float) -> Rule:
    """Holds once the quantity is less than `value`."""
    return Rule(f"{_named(name)} < {_number(value)}")


def above(name: str, value: float) -> Rule:
    """Holds once the quantity is more than `value`."""
    return Rule(f"{_named(name)} > {_number(value)}")


def at_step(k: int) -> Rule:
    """Holds from step `k` on."""
    return Rule(f"k >= {_whole(k)}")


def finished() -> Rule:
    """Never holds: the run goes on until it is done, diverges or reaches its last step."""
    return Rule("finished")


def steps(n: int) -> Rule:
    """A budget of `n` steps."""
    return Rule(f"{BUDGET} k >= {_whole(n)}")


def budget(**limits: float) -> Rule:
    """A budget on declared axes: `budget(evals=1e5)`; with several, the first one spent ends."""
    if not limits:
        raise RuleError("budget() names an axis and its limit: budget(evals=1e5)")
    spent = " or ".join(f"{_named(axis)} >= {_number(v)}" for axis, v in limits.items())
    return Rule(f"{BUDGET} {spent}")


def _named(name: str) -> str:
    if not _NAME.fullmatch(str(name)) or name in _WORDS:
        raise RuleError(f"{name!r} is not the name of a recorded quantity")
    return name


def _number(value: float) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RuleError(f"a rule compares with a finite number; not {value!r}")
    return repr(value)


def _whole(k: int) -> str:
    if isinstance(k, bool) or not isinstance(k, int) or k < 0:
        raise RuleError(f"a step is a whole number from 0 up; not {k!r}")
    return str(k)
