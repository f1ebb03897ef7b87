"""The recordings that the package ships: small, readable, and made by the code as it is."""

import math
from pathlib import Path

import pytest

import lab
from lab.engine import registry
from lab.store import recordings, studies
from lab.ui.address import opening
from lab.ui.explorer import recorded_studies
from lab.ui.recorded import opening_of

FOLDER = Path(lab.__file__).parent / "recordings"
SHIPPED = sorted(FOLDER.glob(f"*/*{recordings.SUFFIX}"))
LARGEST = 500_000  # bytes of one


def test_there_are_some():
    assert "progress-measures" in {path.parent.name for path in SHIPPED}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_recording_is_of_this_code_and_its_page_opens_on_it(path, lab_home):
    name = path.parent.name
    assert path.stat().st_size <= LARGEST
    recording, entry = recordings.load(path), registry.entry(name)
    assert recording.code == entry.hash, (
        f"other code has made this recording, so no page shows it. Make it anew: lab record {name} "
        f"--small --steps {recording.head} --out lab/recordings/{name}"
    )
    assert path.name == recordings.default_path(recording.recipe).name
    found = opening_of(entry, opening("", entry))
    assert all(run.head == recording.head for run in found.recorded.values())
    assert found.recipe.seed == 0 and not found.said
    assert not opening_of(entry, opening("seed=1", entry)).recorded


STUDIES = sorted(FOLDER.glob(f"*/*{studies.SUFFIX}"))


def test_there_are_studies():
    assert "iterative-deblending" in {path.parent.name for path in STUDIES}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_study_is_of_this_code_and_its_page_opens_with_it(path, lab_home):
    entry = registry.entry(path.parent.name)
    study = path.name.removesuffix(studies.SUFFIX)
    assert path.stat().st_size <= LARGEST
    assert studies.find(entry.name, study, entry.hash) is not None, (
        "other code has made this study, so no page shows it. Make it anew: "
        f"lab record {entry.name} --studies --out lab/recordings"
    )
    sizes, declared = recorded_studies(entry)[study].sizes, entry.studies[study]
    assert math.prod(sizes[name] for name in (*declared.over, "seed")) == declared.runs
