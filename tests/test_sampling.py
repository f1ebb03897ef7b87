"""The sample of experiments that the contract's tests run for."""

from types import SimpleNamespace

import sampling


def entry(i, hash="aaa"):
    claim = SimpleNamespace(id="c", tier="quick", timed=False)
    slow = SimpleNamespace(id="s", tier="slow", timed=False)
    return SimpleNamespace(name=f"e{i}", family=f"f{i % 5}", hash=hash, claims=[claim, slow])


def shipped(entries):
    return [{"experiment": e.name, "claim": "c", "code": "aaa"} for e in entries]


ENTRIES = [entry(i) for i in range(100)]


def choose(entries=ENTRIES, table=None, commit="one", engine_changed=False):
    table = shipped(entries) if table is None else table
    return sampling.chosen(entries, table, commit=commit, engine_changed=engine_changed)


def test_few_are_all_run():
    assert choose(ENTRIES[:30]) == [e.name for e in ENTRIES[:30]]


def test_a_commit_chooses_thirty_and_another_commit_others():
    first, again, other = (choose(commit=c) for c in ("one", "one", "two"))
    assert first == again
    assert len(first) == len(other) == 30
    assert set(first) != set(other)
    assert first == sorted(first, key=lambda name: int(name[1:]))


def test_changed_and_unknown_code_is_always_run():
    entries = [entry(i, "bbb" if i in (3, 77) else "aaa") for i in range(100)]
    table = shipped(e for e in entries if e.name != "e50")
    sampled = set(choose())
    assert set(choose(entries, table)) == sampled | {"e3", "e77", "e50"}
    assert len(choose(entries, [])) == 100


def test_a_changed_engine_runs_one_of_each_family():
    entries = [
        SimpleNamespace(**{**vars(e), "family": f"f{i}" if i % 2 else "big"})
        for i, e in enumerate(ENTRIES)
    ]
    table = shipped(entries)
    names = choose(entries, table, engine_changed=True)
    families = {e.family for e in entries if e.name in names}
    assert families == {e.family for e in entries}
    assert len(choose(entries, table)) == 30


def test_the_head_of_this_checkout_is_a_hash_or_nothing():
    assert len(sampling.head()) in (0, 40, 64)
