import json
import shutil
import subprocess
from pathlib import Path

import pytest

import lab.views
from lab.views.numerals import number

VALUES = [0, 0.529, 1.68e-8, -1.0, 8400, 41_200, 3.2e6, 9.996, 0.00999, 1e-3, 12345.6, 2.5e11]


def test_numbers_are_written_as_the_design_says():
    said = [number(v).replace("\u2009", " ") for v in (0.529, 1.68e-8, -1.0, 8400, 41_200)]
    assert said == ["0.529", "1.68 · 10⁻⁸", "−1.00", "8 400", "41.2 k"]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_writes_the_same_numbers():
    script = (Path(lab.views.__file__).parent / "js" / "numbers.js").read_text(encoding="utf-8")
    script += f"console.log(JSON.stringify({json.dumps(VALUES)}.map((v) => numberText(v))))"
    found = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == [number(v) for v in VALUES]
