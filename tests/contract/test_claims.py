"""The quick claims, over every registered experiment (sampled as the registry grows).

`name` is parametrised by conftest.py.
"""

from lab.engine.registry import load
from lab.engine.verdict import verify


def test_quick_claims_come_out_as_announced(name):
    experiment = load(name)
    quick = [claim for claim in experiment.claims if claim.tier == "quick" and not claim.timed]
    assert quick, f"{name} has no quick claim"
    for claim in quick:
        verdict = verify(experiment, claim)
        assert verdict.as_announced, f"{verdict} {verdict.problem}"
