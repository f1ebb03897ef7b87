"""Verdicts: kept by code hash, shipped and own, and the worst of an experiment."""

import json
from types import SimpleNamespace

import pytest

from lab.store import database, verdicts
from lab.store.home import StoreError
from lab.store.verdicts import Verdicts


def record(claim="slope", verdict="holds", code="aaa", experiment="spin", date="2026-01-01"):
    return {
        "experiment": experiment, "claim": claim, "verdict": verdict, "code": code, "date": date,
        "checks": [{"id": "s", "measured": -1.0, "interval": [-1.1, -0.9]}],
    }  # fmt: skip


def entry(*claims, hash="aaa"):
    return SimpleNamespace(
        name="spin",
        hash=hash,
        claims=[SimpleNamespace(id=claim, expected="holds") for claim in claims],
    )


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A LAB_HOME without anything, and a package that ships no verdict."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(verdicts, "shipped_path", lambda: tmp_path / "verdicts.json")
    return tmp_path


def test_reading_makes_no_file(empty):
    assert verdicts.verdicts().find("spin", "slope", "aaa") is None
    assert not (empty / "home").exists()


def test_own_verdicts_are_kept_and_replaced(empty):
    verdicts.add([record(), record("rate")])
    verdicts.add([record(verdict="fails"), record(code="bbb", date="2026-02-01")])
    found = verdicts.verdicts()
    assert len(verdicts.own()) == 3
    assert found.find("spin", "slope", "aaa")["verdict"] == "fails"
    assert found.find("spin", "rate", "aaa") == record("rate")
    assert found.find("spin", "slope", "ccc") is None
    assert found.stale("spin", "slope", "ccc")["code"] == "bbb"
    assert found.stale("spin", "rate", "aaa") is None


def test_own_verdicts_stand_over_those_shipped(empty):
    verdicts.write_table(verdicts.shipped_path(), [record(verdict="partly"), record("rate")])
    verdicts.add([record(verdict="holds")])
    found = verdicts.verdicts()
    assert found.find("spin", "slope", "aaa")["verdict"] == "holds"
    assert found.find("spin", "rate", "aaa")["verdict"] == "holds"


@pytest.mark.parametrize(
    ("found", "worst"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "partly"], "partly"),
        (["fails", "partly"], "fails"),
        (["error", "fails"], "error"),
        (["holds", None], None),
    ],
)
def test_the_worst_of_an_experiment(found, worst):
    made = [record(f"c{i}", verdict) for i, verdict in enumerate(found) if verdict]
    assert Verdicts(made).worst(entry(*(f"c{i}" for i in range(len(found))))) == worst


def test_changed_code_and_no_claims_are_not_checked():
    made = Verdicts([record()])
    assert made.worst(entry("slope")) == "holds"
    assert made.worst(entry("slope", hash="bbb")) is None
    assert made.worst(entry()) is None


@pytest.mark.parametrize(
    ("found", "announced"),
    [
        (["holds", "holds"], True),
        (["holds", "fails"], False),
        (["holds", None], False),
        ([], False),
    ],
)
def test_what_came_out_as_announced(found, announced):
    made = [record(f"c{i}", verdict) for i, verdict in enumerate(found) if verdict]
    claims = entry(*(f"c{i}" for i in range(len(found))))
    assert Verdicts(made).as_announced(claims) == announced


def test_a_failure_may_be_announced():
    claims = entry("slope")
    claims.claims[0].expected = "fails"
    assert Verdicts([record(verdict="fails")]).as_announced(claims)
    assert not Verdicts([record(verdict="holds")]).as_announced(claims)


def test_a_table_is_merged_and_sorted(empty):
    path = empty / "table.json"
    verdicts.write_table(path, [record("b"), record("a")])
    verdicts.write_table(path, [record("b", "fails")], keep=verdicts.read_table(path))
    assert [(r["claim"], r["verdict"]) for r in verdicts.read_table(path)] == [
        ("a", "holds"),
        ("b", "fails"),
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "verdicts": []}', '{"format": 1}'])
def test_a_broken_table_is_refused(tmp_path, text):
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(StoreError, match="table.json"):
        verdicts.read_table(path)


def test_the_shipped_table_is_sound():
    for found in verdicts.shipped():
        assert {"experiment", "claim", "code", "verdict", "checks"} <= set(found)
        assert found["verdict"] in ("holds", "partly", "fails", "error")


def test_a_file_that_is_no_database_is_told_and_reading_goes_on(empty):
    verdicts.add([record()])
    database.path().write_bytes(b"x" * 5_000)
    assert verdicts.own() == []
    with pytest.raises(StoreError, match=r"lab.sqlite: .*nothing was written"):
        verdicts.add([record()])


def test_a_failed_transaction_changes_nothing(empty):
    verdicts.add([record()])
    with pytest.raises(KeyError):
        verdicts.add([record("rate"), {"experiment": "spin"}])
    assert len(verdicts.own()) == 1
    assert json.loads(json.dumps(verdicts.own()))[0]["claim"] == "slope"
