"""The code hash: what changes it and what does not, on a small core made for the test."""

import linecache
import textwrap

import numpy as np
import pytest

from lab.engine import Experiment, Integer, Quantity, codehash
from lab.engine.codehash import code_hash, of_text

EXPERIMENT = '''
"""A docstring."""
from lab.core import linear
from lab.core.moves import Walk as Move

class Mine:
    """Another."""
    n = 3
    def step(state, given, c, k, rng):
        """What it does."""
        return Move(linear.solve(state))
'''

CORE = {
    "random.py": """
        class Rng:
            def normal(self): return SCALE
        SCALE = 1
        def noise_block(): pass
        """,
    "linear.py": """
        from lab.core.deep.tools import helper
        LIMIT = 10
        OTHER = 20
        def solve(x):
            return helper(x) + LIMIT
        def unused(x):
            return OTHER
        """,
    "moves.py": """
        from . import linear
        class Walk:
            size = 1
            def go(self):
                from .deep.tools import late
                return late() + linear.OTHER
        class Run:
            size = 2
        """,
    "deep/__init__.py": "",
    "deep/tools.py": """
        def helper(x):
            return x
        def late():
            return 1
        def alone():
            return 2
        """,
    "__init__.py": "",
}


@pytest.fixture
def core(tmp_path, monkeypatch):
    """A folder that stands for lab.core, and a function that changes one of its files."""
    for name, text in CORE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.setattr(codehash, "_core_folder", lambda: tmp_path)

    def change(name, old, new):
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))

    return change


def test_twelve_digits(core):
    assert len(of_text(EXPERIMENT)) == 12
    assert int(of_text(EXPERIMENT), 16) >= 0


def test_words_and_spaces_do_not_change_it(core):
    before = of_text(EXPERIMENT)
    again = EXPERIMENT.replace("Another.", "Changed.").replace("n = 3", "n  =  3  # three")
    assert of_text(again.replace('    """What it does."""\n', "")) == before
    core("linear.py", "def solve(x):", 'def solve(x):\n    """Solves."""\n    # how')
    assert of_text(EXPERIMENT) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("linear.py", "helper(x) + LIMIT", "helper(x) - LIMIT"),
        ("linear.py", "LIMIT = 10", "LIMIT = 11"),
        ("linear.py", "OTHER = 20", "OTHER = 21"),
        ("moves.py", "size = 1", "size = 3"),
        ("deep/tools.py", "return x", "return -x"),
        ("deep/tools.py", "return 1", "return 4"),
        ("random.py", "SCALE = 1", "SCALE = 2"),
    ],
)
def test_what_is_reached_changes_it(core, name, old, new):
    before = of_text(EXPERIMENT)
    core(name, old, new)
    assert of_text(EXPERIMENT) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("linear.py", "def unused(x):", "def unused(x, y):"),
        ("moves.py", "size = 2", "size = 5"),
        ("deep/tools.py", "return 2", "return 5"),
    ],
)
def test_what_is_not_reached_does_not(core, name, old, new):
    before = of_text(EXPERIMENT)
    core(name, old, new)
    assert of_text(EXPERIMENT) == before


def test_the_experiment_itself_changes_it(core):
    assert of_text(EXPERIMENT.replace("n = 3", "n = 4")) != of_text(EXPERIMENT)
    assert of_text(EXPERIMENT.replace("n = 3", "n = 3.0")) != of_text(EXPERIMENT)
    assert of_text(EXPERIMENT.replace("n = 3", "n = None")) != of_text(EXPERIMENT)


def test_a_module_handed_on_counts_whole(core):
    text = EXPERIMENT.replace("linear.solve(state)", "use(linear)")
    before = of_text(text)
    core("linear.py", "def unused(x):", "def unused(x, y):")
    assert of_text(text) != before


def test_dotted_imports_are_followed(core):
    text = "import lab.core.linear\ndef step(): return lab.core.linear.unused(1)\n"
    before = of_text(text)
    core("linear.py", "def unused(x):", "def unused(x, y):")
    assert of_text(text) != before


def test_a_file_is_read_and_a_class_keeps_its_hash(core, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(EXPERIMENT)
    assert code_hash(path) == of_text(EXPERIMENT)
    with pytest.raises(SyntaxError):
        of_text("def :")


TYPED = """
SCALE = 2.0
TABLE = np.arange(3)

def helper(x):
    return inner(x) + SCALE

def inner(x):
    return x

def unread(x):
    return 5

class Typed(Experiment):
    n = Integer(3, bounds=(1, 9))
    quantities = {"x": Quantity("x")}

    def init(given, c, rng, backend):
        return {"x": helper(1.0)}

    def step(state, given, c, k, rng, pace=0.5):
        moved = lambda x: x + 1
        return {"x": moved(state["x"]) * pace + TABLE[0]}

    def observe(state, given, c):
        return {"x": state["x"]}
"""


def typed(text, source):
    """The hash of the class of a notebook; without its source text as at a bare prompt."""
    scope = {"__name__": "__main__", "np": np, "Experiment": Experiment, "Integer": Integer}
    scope["Quantity"] = Quantity
    name = f"<cell {abs(hash(text))}>" if source else "<stdin>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    try:
        exec(compile(text, name, "exec"), scope)
        if not source:
            del linecache.cache[name]
        return codehash._of_class.__wrapped__(scope["Typed"])
    finally:
        linecache.cache.pop(name, None)


@pytest.mark.parametrize("source", [True, False], ids=["cell", "prompt"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return inner(x) + SCALE", "return inner(x) - SCALE"),  # a reached helper
        ("return x\n", "return -x\n"),  # one that a helper reaches
        ("SCALE = 2.0", "SCALE = 3.0"),  # a constant of another cell
        ("np.arange(3)", "np.arange(3) + 1"),  # an array of another cell
        ("lambda x: x + 1", "lambda x: x + 2"),  # a lambda's body
        ("pace=0.5", "pace=0.25"),  # a default argument
        ("Integer(3,", "Integer(4,"),  # a control's default
        ("* pace", "* -pace"),
    ],
)
def test_what_a_notebooks_class_reads_changes_it(source, old, new):
    assert old in TYPED
    assert typed(TYPED, source) != typed(TYPED.replace(old, new), source)


@pytest.mark.parametrize("source", [True, False], ids=["cell", "prompt"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    return inner(x)", '    """Helps."""\n    # so\n    return inner(x)'),
        ("        moved =", '        """What it does."""\n        moved ='),
        ("return 5", "return 6"),  # what it does not read
    ],
)
def test_words_of_a_notebook_do_not(source, old, new):
    assert old in TYPED
    assert typed(TYPED, source) == typed(TYPED.replace(old, new), source)


def test_what_a_closure_holds_counts():
    def made(
        size, text="def make(size):\n    class Typed:\n        def step(x): return x * size\n"
    ):
        scope = {"__name__": "__main__"}
        exec(text + "    return Typed\n", scope)
        return codehash._of_class.__wrapped__(scope["make"](size))

    assert made(2) == made(2) != made(3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n = 3", "n = 3; f = lambda x, y=1: x"),
        ("lambda x, y=1: x", "lambda x, y=2: x"),
        ("lambda x, y=1: x", "lambda x, y=1: -x"),
        ("rng):", "rng, pace=1):"),
    ],
)
def test_lambdas_and_default_arguments_of_a_file_count(core, old, new):
    text = (
        EXPERIMENT.replace("n = 3", "n = 3; f = lambda x, y=1: x")
        if "lambda" in old
        else EXPERIMENT
    )
    assert old in text
    assert of_text(text) != of_text(text.replace(old, new))
