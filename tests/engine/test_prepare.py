"""What is made once and shared: when it is made again, and what is refused."""

import sys
import types

import pytest
from specimens import CARD

from lab.engine import Experiment, Integer, Quantity, given
from lab.engine.prepare import Cache, _key, prepare
from lab.engine.session import Session, SessionError


class Trained(Experiment):
    """A run that another experiment starts from."""

    card = CARD
    limit = Integer(10**6, bounds=(0, 10**6), doc="beyond it x is infinite")
    quantities = {"x": Quantity("x")}

    def init(given, c, rng, backend):
        return {"x": backend.zeros()}

    def step(state, given, c, k, rng):
        return {"x": state["x"] + 1}

    def observe(state, given, c):
        return {"x": state["x"] if state["x"] <= c.limit else float("inf")}


def using(run, **controls):
    class Using(Experiment):
        card = CARD
        quantities = {"x": Quantity("x")}
        start = given(run=run, controls=controls, steps=7, take=("x",))

        def init(given, c, rng, backend):
            return {"x": given.start["x"].clone()}

        def step(state, given, c, k, rng):
            return state

        def observe(state, given, c):
            return {"x": state["x"]}

    return Using


def test_parts_of_another_run_are_taken():
    assert float(Session(using(Trained)).state["x"]) == 7


def test_a_run_that_went_wrong_is_not_taken():
    with pytest.raises(SessionError, match="diverged at 4"):
        Session(using(Trained, limit=3))


def test_what_is_taken_from_a_run_belongs_to_that_runs_code(monkeypatch):
    hashes = iter(["one", "one", "one", "other"])
    fake = types.SimpleNamespace(code_hash=lambda experiment: next(hashes))
    monkeypatch.setitem(sys.modules, "lab.engine.codehash", fake)
    backend = types.SimpleNamespace(device="cpu", dtype="float32")
    experiment = using(Trained)
    keys = {_key(experiment, "start", {}, 0, backend) for _ in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "data", [b"", b"cno_such_module\nthing\n.", b"\x80\x04\x8c", b"not a pickle"]
)
def test_a_broken_file_is_made_again(tmp_path, data):
    folder = tmp_path / "given"
    folder.mkdir(mode=0o700)
    (folder / "key").write_bytes(data)
    assert Cache(folder).get("key", lambda: "made") == "made"


def test_prepared_things_are_frozen():
    session = Session(using(Trained))
    with pytest.raises(AttributeError, match="frozen"):
        session.given.start = 1
    assert vars(prepare(Trained, {"limit": 1}, 0, session.backend)) == {}
