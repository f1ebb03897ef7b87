"""Costly numbers: rules and events read them, and one that is not finite ends the run."""

import math

import numpy as np
import pytest
from specimens import CARD

from lab.engine import Boolean, Experiment, Grid, Integer, Quantity
from lab.engine.rules import RuleError
from lab.engine.session import Session
from lab.engine.status import Status
from lab.engine.study import Study
from lab.engine.suggest import UnknownName
from lab.engine.tree import digest
from lab.engine.workers import remote_session

NEVER = 10**9


class Costly(Experiment):
    """Counts; its costly number counts too, until it is bad."""

    card = CARD
    bad = Integer(NEVER, bounds=(0, NEVER), doc="from here on the costly number is not finite")
    wild = Boolean(False, doc="beyond the blow-up instead")
    late = Integer(NEVER, bounds=(0, NEVER), doc="from here on the observed number is not finite")
    quantities = {
        "x": Quantity("x"),
        "costly": Quantity("costly"),
        "pair": Quantity("pair", dim="of"),
    }
    events = {"learnt": "costly >= 90", "both": "costly >= 50 and x >= 70"}
    max_steps = 5_000

    def init(given, c, rng, backend):
        return {"k": 0}

    def step(state, given, c, k, rng):
        return {"k": state["k"] + 1}

    def observe(state, given, c):
        return {"x": state["k"] if state["k"] < c.late else math.nan}

    def assess(state, given, c):
        bad = 1e300 if c.wild else math.nan
        return {"costly": state["k"] if state["k"] < c.bad else bad, "pair": [1.0, 2.0]}

    def picture(state, given, c):
        return {"k": np.array([state["k"]])}


def assessed_from(k):
    """The first assessed step at or after step `k`."""
    run = Session(Costly)
    run.advance(1000)
    steps = run.trace.assessed.k
    return int(steps[steps >= k][0])


@pytest.mark.parametrize("bad", [0, 1, 777, 778, 4_999])
def test_a_costly_number_that_is_not_finite_ends_the_run(bad):
    run = Session(Costly, {"bad": bad})
    run.advance(Costly.max_steps)
    steps = Session(Costly)
    steps.advance(Costly.max_steps)
    steps = steps.trace.assessed.k
    end = int(steps[steps >= bad][0])
    assert (run.status, run.ended, run.head) == (Status.FINISHED, "diverged", end)
    since = "" if end == bad else f", from {bad} on"
    assert run.sentence == f"diverged at {end}: costly is not finite{since}"
    assert run.trace.assessed.k[-1] == run.trace.k[-1] == end
    assert math.isnan(run.trace["costly"][-1])
    assert max(run.keyframes.ks) <= max(bad, 0) or run.keyframes.ks == [0]
    if bad:
        assert run.look(bad - 1).values["x"] == bad - 1
    assert run.advance(1) == 0


def test_one_beyond_the_blow_up_is_named_as_such():
    run = Session(Costly, {"bad": 100, "wild": True})
    run.advance(1000)
    assert run.sentence.startswith(f"diverged at {assessed_from(100)}: costly over 1e+12")


def test_it_does_not_depend_on_how_advance_is_cut():
    whole, cut = (Session(Costly, {"bad": 777}) for _ in range(2))
    whole.advance(5_000)
    while not cut.status.ended:
        cut.advance(37)
    assert (cut.sentence, cut.head) == (whole.sentence, whole.head)
    assert cut.trace.assessed.k.tolist() == whole.trace.assessed.k.tolist()
    assert cut.pictures.ks == whole.pictures.ks


def test_an_observed_number_that_went_first_is_the_one_that_is_named():
    run = Session(Costly, {"bad": 700, "late": 600})
    run.advance(5_000)
    assert run.sentence == "diverged at 600: x is not finite"


def test_a_study_has_diverged_runs_of_it():
    data = Study(Costly, Grid({"bad": (50, NEVER)}, stop="k >= 200")).run()
    assert data.status.values[:, 0].tolist() == ["diverged", "rule"]


def test_a_rule_on_a_costly_number_stops_at_the_assessed_step():
    run, whole = Session(Costly), Session(Costly)
    k = assessed_from(90)
    assert run.run_until("costly >= 90") == k
    assert (run.status, run.head) == (Status.PAUSED, k)
    assert run.run_until("costly >= 90") == 0
    assert run.run_until(f"x >= {k + 5} and costly > 0") == assessed_from(k + 5) - k
    run.advance(1000 - run.head)
    whole.advance(1000)
    assert digest(run.state) == digest(whole.state)
    for a, b in ((run.trace, whole.trace), (run.trace.assessed, whole.trace.assessed)):
        assert a.k.tolist() == b.k.tolist()
    assert run.pictures.ks == whole.pictures.ks


def test_the_observed_part_of_a_rule_keeps_its_exact_step():
    run = Session(Costly)
    assert run.run_until("x >= 301 or costly >= 4000") == 301
    assert Session(Costly).run_until("x >= 3000 or costly >= 301") == assessed_from(301)


def test_a_rule_reads_costly_numbers_however_the_run_is_cut():
    run = Session(Costly)
    run.arm("costly >= 300")
    while run.armed:
        run.advance(7)
    assert run.head == assessed_from(300)


def test_a_study_stops_by_a_costly_number_too():
    data = Study(Costly, Grid({"bad": (NEVER,)}, seeds=1, stop="costly >= 90")).run()
    assert data.status.values.tolist() == [["rule"]]
    assert data.steps.values.tolist() == [[assessed_from(90)]]
    assert data.costly.values.tolist() == [[assessed_from(90)]]


def test_events_read_them():
    run = Session(Costly)
    run.advance(1000)
    assert run.trace.events == {"learnt": assessed_from(90), "both": assessed_from(70)}


def test_a_worker_stops_at_the_same_step():
    with remote_session(Costly, worker="thread") as run:
        run.run_until("costly >= 90")
        assert (run.head, run.trace.events["learnt"]) == (assessed_from(90), assessed_from(90))


def test_a_rule_that_cannot_be_read_is_refused_before_it_runs():
    with pytest.raises(UnknownName, match="did you mean 'costly'"):
        Session(Costly).run_until("costli > 1")
    with pytest.raises(RuleError, match="pair is a vector"):
        Session(Costly).run_until("pair > 1")
