"""The sample of experiments that the contract's tests run for."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def sampling():
    path = Path(__file__).parent / "contract" / "sampling.py"
    spec = importlib.util.spec_from_file_location("tested_sampling", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def entry(i, hash="aaa"):
    claim = SimpleNamespace(id="c", tier="quick", timed=False)
    slow = SimpleNamespace(id="s", tier="slow", timed=False)
    return SimpleNamespace(name=f"e{i}", family=f"f{i % 5}", hash=hash, claims=[claim, slow])


def shipped(entries):
    return [{"experiment": e.name, "claim": "c", "code": "aaa"} for e in entries]


ENTRIES = [entry(i) for i in range(100)]


def choose(sampling, entries=ENTRIES, table=None, commit="one", engine_changed=False):
    table = shipped(entries) if table is None else table
    return sampling.chosen(entries, table, commit=commit, engine_changed=engine_changed)


def test_few_are_all_run(sampling):
    assert choose(sampling, ENTRIES[:30]) == [e.name for e in ENTRIES[:30]]


def test_a_commit_chooses_thirty_and_another_commit_others(sampling):
    first, again, other = (choose(sampling, commit=c) for c in ("one", "one", "two"))
    assert first == again
    assert len(first) == len(other) == 30
    assert set(first) != set(other)
    assert first == sorted(first, key=lambda name: int(name[1:]))


def test_changed_and_unknown_code_is_always_run(sampling):
    entries = [entry(i, "bbb" if i in (3, 77) else "aaa") for i in range(100)]
    table = shipped(e for e in entries if e.name != "e50")
    sampled = set(choose(sampling))
    assert set(choose(sampling, entries, table)) == sampled | {"e3", "e77", "e50"}
    assert len(choose(sampling, entries, [])) == 100


def test_a_changed_engine_runs_one_of_each_family(sampling):
    entries = [
        SimpleNamespace(**{**vars(e), "family": f"f{i}" if i % 2 else "big"})
        for i, e in enumerate(ENTRIES)
    ]
    table = shipped(entries)
    names = choose(sampling, entries, table, engine_changed=True)
    families = {e.family for e in entries if e.name in names}
    assert families == {e.family for e in entries}
    assert len(choose(sampling, entries, table)) == 30


def test_the_head_of_this_checkout_is_a_hash_or_nothing(sampling):
    assert len(sampling.head()) in (0, 40, 64)
