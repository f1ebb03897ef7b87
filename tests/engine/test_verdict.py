"""Claims judged: every verdict can come out."""

import numpy as np
import pytest
import xarray as xr
from specimens import Blind, Spin

from lab.engine import AtLeast, AtMost, Check, Claim, Close, Control, Grid, Share, Within
from lab.engine.verdict import judge, verdict_of, verify


def seeds(*values):
    return xr.Dataset({"v": ("seed", np.array(values, dtype=float))})


def result(data, expect, over="mean"):
    return judge(Check("v", lambda d: d.v, expect, over=over), data)


def test_mean_uses_students_interval():
    found = result(seeds(1, 2, 3, 4), Within(0, 5))
    assert found.measured == 2.5
    assert found.interval == pytest.approx((2.5 - 2.0542, 2.5 + 2.0542), abs=1e-3)
    assert found.result == "pass"


def test_unclear_is_neither_pass_nor_miss():
    assert result(seeds(1, 2, 3, 4), Within(1, 4)).result == "unclear"
    assert result(seeds(1, 2, 3, 4), AtLeast(2.6)).result == "miss"


def test_equal_values_are_deterministic():
    found = result(seeds(2, 2, 2), Close(2, abs=0.1))
    assert (found.deterministic, found.result) == (True, "pass")


def test_all_takes_the_worst():
    assert result(seeds(1, 2, 9), AtMost(9), "all").result == "pass"
    found = result(seeds(1, 2, 9), AtMost(8), "all")
    assert (found.result, found.measured) == ("miss", 9)


def test_median_needs_nine_seeds():
    with pytest.raises(ValueError, match="a median needs 9 seeds"):
        result(seeds(1, 2, 3), AtMost(8), "median")
    assert result(seeds(*range(9)), Within(0, 8), "median").result == "pass"


def test_share_counts_seeds():
    assert result(seeds(1, 1, 1, 0), AtLeast(1), Share(0.7)).result == "pass"
    assert result(seeds(0, 0, 0, 0), AtLeast(1), Share(0.7)).result == "miss"
    assert result(seeds(1, 1, 0, 0), AtLeast(1), Share(0.7)).result == "miss"


def test_pooled_resamples_the_seeds():
    check = Check("q", lambda d: float(d.v.quantile(0.9)), Within(7, 10), over="pooled")
    found = judge(check, seeds(*range(11)))
    assert found.measured == 9
    assert found.interval[0] < found.measured <= found.interval[1]


def test_a_measure_that_gives_nan_is_an_error():
    with pytest.raises(ValueError, match="gives nan"):
        result(seeds(1, np.nan), AtLeast(0))


CHECKS = (
    Check("a", lambda d: d.v, AtLeast(0)),
    Check("b", lambda d: d.v, AtLeast(0), main=False),
)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (("pass", "pass"), "holds"),
        (("pass", "miss"), "partly"),
        (("miss", "pass"), "fails"),
        (("unclear", "pass"), "partly"),
        (("unclear", "unclear"), "partly"),
        (("miss", "unclear"), "fails"),
    ],
)
def test_the_verdict_follows_from_the_checks(results, verdict):
    claim = Claim("c", "t", "desk", Grid(), CHECKS, Control({}, breaks=("a",)))
    judged = []
    for check, outcome in zip(CHECKS, results, strict=True):
        found = judge(check, seeds(1, 1))
        judged.append(found.__class__(**{**vars(found), "result": outcome}))
    assert verdict_of(claim, tuple(judged)) == verdict


def test_a_claim_holds_and_its_control_is_rejected():
    found = verify(Spin, "rate")
    assert (found.verdict, found.control_failed, found.as_announced) == ("holds", True, True)
    assert found.control_checks[0].result == "miss"
    assert found.to_json()["checks"][0]["id"] == "slope"


def test_a_control_that_is_not_rejected_is_an_error():
    found = verify(Blind, "blind")
    assert found.verdict == "error"
    assert found.problem == "this test is blind: the control was not rejected by x"


def test_the_offset_moves_every_seed():
    one, other = verify(Spin, "rate"), verify(Spin, "rate", seed_offset=100)
    assert one.checks[0].measured != other.checks[0].measured


def test_an_announced_verdict_needs_its_why():
    with pytest.raises(ValueError, match="needs its why"):
        Claim("c", "t", "desk", Grid(), CHECKS, Control({}, ("a",)), expected="partly")


def test_breaks_names_checks():
    with pytest.raises(ValueError, match="breaks names checks"):
        Claim("c", "t", "desk", Grid(), CHECKS, Control({}, ("z",)))


def test_one_number_for_many_seeds_is_refused():
    check = Check("v", lambda d: d.v.mean(), AtLeast(0))
    with pytest.raises(ValueError, match="pooled"):
        judge(check, seeds(1, 2, 3))
    assert judge(check, seeds(1)).result == "pass"
