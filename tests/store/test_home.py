"""Where the program writes, and that a failed write leaves what was there."""

import errno
import os
import stat
from pathlib import Path

import platformdirs
import pytest

from lab.store import home as store
from lab.store.home import StoreError, home, make_folder, read_text, replacing, write_text


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "mine"))
    assert home() == tmp_path / "mine"
    assert store.cache_folder("given") == tmp_path / "mine" / "cache" / "given"
    monkeypatch.setenv("LAB_HOME", "")
    assert home() == Path(platformdirs.user_data_path("iterlab"))


@pytest.mark.skipif(os.name == "nt", reason="modes are Unix's")
def test_folders_belong_to_this_user_alone(tmp_path):
    made = make_folder(tmp_path / "a" / "b")
    for folder in (made, made.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_write_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "file.json"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_a_full_disk_gives_a_sentence_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "file.json"
    write_text(path, "old")
    told = "the disk is full: .*file.json was not written"
    with pytest.raises(StoreError, match=told), replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(StoreError, match="there is no file"):
        read_text(tmp_path / "none", 10)
    big = tmp_path / "big"
    big.write_text("x" * 11)
    with pytest.raises(StoreError, match="big has 11 bytes; 10 at most"):
        read_text(big, 10)
    big.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(StoreError, match="big is not a text"):
        read_text(big, 10)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_text(tmp_path / "file" / "inside", "text")
