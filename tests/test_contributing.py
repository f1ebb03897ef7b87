"""CONTRIBUTING's example is a whole experiment: it passes the contract and its claim holds."""

import re
from pathlib import Path

from lab.engine.check import check
from lab.engine.registry import load
from lab.engine.verdict import verify

GUIDE = Path(__file__).parent.parent / "CONTRIBUTING.md"


def test_the_example_is_a_good_experiment(tmp_path):
    example = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.S)[1]
    path = tmp_path / "power_iteration.py"
    path.write_text(example)
    experiment = load(str(path))
    assert [finding for finding in check(experiment, timed=False) if not finding.ok] == []
    assert verify(experiment, "rate").verdict == "holds"
