"""Recorded studies: what is kept comes back, what other code has made does not."""

import numpy as np
import pytest
import xarray as xr

from lab.store import studies
from lab.store.home import StoreError, recordings_folder

DATA = xr.Dataset(
    {"loss": (("width", "seed"), [[1 / 3, np.nan], [2.0, 4.0]])},
    coords={"width": [8, 16], "seed": [0, 1]},
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))


def place():
    return studies.file_of(recordings_folder(), "some-experiment", "widths")


def found(code="abc"):
    return studies.find("some-experiment", "widths", code)


def test_a_study_comes_back_with_five_digits():
    studies.save(place(), DATA.to_dict(), "abc")
    back = xr.Dataset.from_dict(found())
    np.testing.assert_allclose(back.loss, DATA.loss, rtol=1e-4)
    assert float(back.loss[0, 0]) == 0.33333
    assert list(back.width) == [8, 16]


def test_of_other_code_there_is_none():
    studies.save(place(), DATA.to_dict(), "abc")
    assert found("abd") is None


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "code": "abc"}'])
def test_a_broken_file_counts_as_none(text):
    studies.save(place(), DATA.to_dict(), "abc")
    place().write_text(text)
    assert found() is None


def test_one_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(studies, "MAX_FILE", 20)
    with pytest.raises(StoreError, match="bytes"):
        studies.save(place(), DATA.to_dict(), "abc")
