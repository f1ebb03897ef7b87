"""The code hash: what changes it and what does not, on a small core made for the test."""

import textwrap

import pytest

from lab.engine import codehash
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


def test_a_class_typed_at_a_prompt_has_one_too():
    scope = {"__name__": "__main__"}
    exec("class Typed:\n    @staticmethod\n    def step(x): return x + 1\n", scope)
    assert len(code_hash(scope["Typed"])) == 12
