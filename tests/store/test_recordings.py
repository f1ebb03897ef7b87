"""Recordings: round trips, and files that are refused before anything is unpacked."""

import json
import os
import pickle
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from lab.engine.pictures import Pictures, pack
from lab.engine.recipe import Edit, Recipe
from lab.engine.trace import Trace
from lab.store import recordings
from lab.store.home import StoreError
from lab.store.recordings import Recording, find, load, save


def made(steps=40) -> Recording:
    random = np.random.default_rng(0)
    trace, pictures = Trace(), Pictures()
    trace.assessed = Trace()
    for k in range(steps):
        trace.add(k, {"loss": random.normal(), "x": random.normal(size=3)})
        if k % 8 == 0:
            trace.assessed.add(k, {"test": np.nan if k else 1.0})
        picture = {
            "mask": random.random((5, 7)) < 0.5,
            "weights": random.normal(size=(4, 2)),
            "count": np.arange(k % 3 + 1),
            "words": [f"step {k}", "é"],
        }
        pictures.add(k, pack(picture))
    trace.stages = [(0, "train"), (20, "prune")]
    trace.events = {"close": 12}
    recipe = Recipe("spin", {"angle": 0.3}, seed=4, edits=[Edit(3, "angle", 0.3, 0.2)])
    return Recording(
        recipe, "0123456789ab", "finished", "done", "done at 39", steps - 1, 1.5, "2026-01-01",
        trace, pictures,
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    return save(made(), tmp_path / "run.lab.zip")


def test_a_recording_comes_back_whole(saved):
    before, after = made(), load(saved)
    for name in ("recipe", "code", "status", "ended", "sentence", "head", "seconds", "date"):
        assert getattr(after, name) == getattr(before, name)
    for one, two in ((before.trace, after.trace), (before.trace.assessed, after.trace.assessed)):
        assert two.names == one.names
        assert two.k.tolist() == one.k.tolist()
        for name in one.names:
            assert two[name].tobytes() == one[name].tobytes()
    assert after.trace.stages == before.trace.stages
    assert after.trace.events == before.trace.events
    assert after.pictures.ks == before.pictures.ks
    for k in before.pictures.ks:
        one, two = before.pictures.at(k)[1], after.pictures.at(k)[1]
        assert set(two) == set(one)
        for name, value in one.items():
            if isinstance(value, tuple):
                assert two[name] == value
            else:
                assert (two[name].dtype, two[name].shape) == (value.dtype, value.shape)
                assert two[name].tobytes() == value.tobytes()


def test_a_recording_is_small_and_holds_no_object(saved):
    assert saved.stat().st_size < 60_000
    with zipfile.ZipFile(saved) as archive:
        for name in archive.namelist():
            if name.endswith("zarr.json"):
                assert "object" not in archive.read(name).decode()


def test_a_small_recording_rounds_pictures_and_nothing_else(tmp_path):
    before = made()
    for k in (0, 40):
        shown = {"large": np.linspace(-3, 2, 600), "short": np.linspace(-3, 2, 7), "none": [np.nan]}
        before.pictures.add(41 + k, pack({**shown, "zero": np.zeros(3)}))
    path = save(before, tmp_path / "small.lab.zip", small=True)
    after = load(path)
    assert after.trace["x"].tobytes() == before.trace["x"].tobytes()
    assert after.pictures.ks == before.pictures.ks
    one, two = before.pictures.at(41)[1], after.pictures.at(41)[1]
    for name, exact in (("large", 3 / 254), ("short", 3 / 65534), ("none", 0), ("zero", 0)):
        assert two[name].dtype == np.float32
        np.testing.assert_allclose(two[name], one[name], rtol=1e-6, atol=exact * 1.001)
    np.testing.assert_array_equal(after.pictures.at(5)[1]["mask"], before.pictures.at(5)[1]["mask"])
    np.testing.assert_array_equal(after.pictures.at(5)[1]["count"], np.arange(3))


def test_a_recording_may_keep_fewer_pictures_evenly_and_the_last_one():
    whole = made()
    session = SimpleNamespace(
        recipe=whole.recipe, head=39, status="paused", ended="", sentence="", trace=whole.trace,
        pictures=whole.pictures, picture=lambda k: whole.pictures.at(k)[1],
    )  # fmt: skip
    few = Recording.of(session, "0123456789ab", most=12)
    assert few.pictures.ks == [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 39]
    assert len(few.trace) == len(whole.trace) and len(whole.pictures) == 40


def test_an_empty_run_is_recorded_too(tmp_path):
    recording = Recording(Recipe("spin"), "", "ready", "", "", 0)
    again = load(save(recording, tmp_path / "empty.lab.zip"))
    assert (len(again.trace), len(again.pictures)) == (0, 0)


def test_recordings_are_found_newest_first(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    assert find("spin") == []
    one = save(made())
    assert one == tmp_path / "recordings" / "spin" / f"{made().recipe.key}.lab.zip"
    other = one.with_name("other.lab.zip")
    shutil.copy(one, other)
    os.utime(one, ns=(0, 0))
    assert find("spin") == [other, one]


# -- files that are refused ------------------------------------------------------------------------


def rewritten(path, change):
    """The same file with `change(name, bytes) -> bytes or None` applied to each member."""
    other = path.with_name("changed.lab.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return other


def with_json(name, change):
    def apply(member, data):
        if member != name:
            return data
        found = json.loads(data)
        change(found)
        return json.dumps(found).encode()

    return apply


@pytest.mark.parametrize(
    ("member", "change", "told"),
    [
        ("a0/zarr.json", {"data_type": "object"}, "data type 'object' is not read"),
        ("a0/zarr.json", {"data_type": {"name": "struct"}}, "is not read"),
        ("a0/zarr.json", {"codecs": [{"name": "pickle"}]}, "codecs"),
        ("a0/zarr.json", {"codecs": [{"name": "bytes"}, {"name": "zstd"}]}, "codecs"),
        ("a0/zarr.json", {"storage_transformers": [{"name": "x"}]}, "codecs"),
        ("a0/zarr.json", {"zarr_format": 2}, "zarr format 3"),
        ("a0/zarr.json", {"shape": [2**40]}, "one chunk"),
        ("a0/zarr.json", {"shape": [-1]}, "whole numbers"),
        (
            "a0/zarr.json",
            {
                "shape": [2**40],
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**40]}},
            },
            "declares more than",
        ),
        ("zarr.json", {"attributes": {}}, "format is 1"),
        ("zarr.json", {"zarr_format": None}, "zarr format 3"),
    ],
)
def test_what_a_file_declares_is_checked_first(saved, member, change, told):
    changed = rewritten(saved, with_json(member, lambda found: found.update(change)))
    with pytest.raises(StoreError, match=told) as refused:
        load(changed)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipe": {"experiment": "../x", "format": 1}}, "recipe: experiment is a registered"),
        ({"recipe": []}, "recipe: a recipe is an object"),
        ({"rows": {"k": "a99"}}, "is not a recording"),
        ({"head": "many"}, "head is not as it was written"),
        ({"stages": 3}, "is not a recording"),
        ({"pictures": {"gap": "x", "arrays": [], "texts": []}}, "is not a recording"),
        ({"format": 9}, "format is 1; not 9"),
    ],
)
def test_broken_contents_are_told_in_one_line(saved, change, told):
    def apply(found):
        found["attributes"].update(change)

    with pytest.raises(StoreError, match=told) as refused:
        load(rewritten(saved, with_json("zarr.json", apply)))
    assert "\n" not in str(refused.value)


def test_sizes_are_looked_at_before_unpacking(saved, monkeypatch):
    monkeypatch.setattr(recordings, "MAX_UNPACKED", 100)
    with pytest.raises(StoreError, match="unpacks to more than 100 bytes"):
        load(saved)
    monkeypatch.setattr(recordings, "MAX_FILE", 100)
    with pytest.raises(StoreError, match="100 at most"):
        load(saved)
    monkeypatch.setattr(recordings, "MAX_MEMBERS", 2)
    monkeypatch.setattr(recordings, "MAX_FILE", 10**6)
    with pytest.raises(StoreError, match="too many members"):
        load(saved)


def test_odd_members_and_other_files_are_refused(saved, tmp_path):
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("../evil.py", "x")
    with pytest.raises(StoreError, match="holds '../evil.py'"):
        load(saved)
    other = tmp_path / "other.lab.zip"
    for content in (b"", b"not a zip", pickle.dumps({"a": 1})):
        other.write_bytes(content)
        with pytest.raises(StoreError, match="is not a recording"):
            load(other)
    with pytest.raises(StoreError, match="other2"):
        load(tmp_path / "other2.lab.zip")


def test_a_damaged_member_is_told(saved):
    changed = rewritten(saved, lambda name, data: data[:-3] if name.startswith("a0/c") else data)
    with pytest.raises(StoreError, match="is not a recording"):
        load(changed)
