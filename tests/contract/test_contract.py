"""The promises of the engine, over every registered experiment (sampled as the registry grows).

`name` is parametrised by conftest.py.
"""

from lab.engine.check import check


def test_the_promises_hold(name):
    findings = check(name, timed=False)
    broken = [f"{finding.test}: {finding.message}" for finding in findings if not finding.ok]
    assert not broken, "\n".join(broken)
