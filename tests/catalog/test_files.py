"""Files that we write: whole or not at all; pictures known by their content."""

from __future__ import annotations

import errno
import hashlib
import os
import threading

import pytest

from catalog_audit.catalog import files
from catalog_audit.catalog.files import StorageFull, StoredPicture, picture_path, store_picture, write_atomically
from catalog_audit.catalog.models import Picture
from inference.pictures import PictureError
from tests.factories import picture_file


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PICTURES_DIR = tmp_path / "pictures"


def test_it_makes_the_folder_and_writes_the_bytes(tmp_path):
    write_atomically(tmp_path / "a" / "b" / "file", b"data")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"data"


def test_a_full_disk_leaves_no_trace(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageFull, match="no room left on the disk"):
        write_atomically(tmp_path / "folder" / "file", b"data")
    assert list((tmp_path / "folder").iterdir()) == []


def test_writers_at_once_leave_one_whole_file(tmp_path):
    contents = [bytes([number]) * 200_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomically, args=(tmp_path / "file", data)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_picture_lies_under_its_digest(tmp_path, settings):
    source = picture_file(tmp_path / "a.jpg", size=(40, 70))
    stored = store_picture(source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert stored == StoredPicture(digest, "jpg", 40, 70)
    picture = Picture(sha256=stored.sha256, suffix=stored.suffix)
    assert picture_path(picture) == settings.PICTURES_DIR / digest[:2] / f"{digest}.jpg"
    assert picture_path(picture).read_bytes() == source.read_bytes()


def test_a_known_picture_is_not_decoded_again(tmp_path, monkeypatch):
    source = picture_file(tmp_path / "a.jpg")
    stored = store_picture(source)

    def decoded(*_arguments, **_options):
        raise AssertionError("decoded again")

    monkeypatch.setattr(files, "open_picture", decoded)
    assert store_picture(source, {stored.sha256: stored}) == stored


def test_a_known_picture_whose_file_is_gone_is_stored_again(tmp_path):
    source = picture_file(tmp_path / "a.jpg")
    stored = store_picture(source)
    path = files.location(stored.sha256, stored.suffix)
    path.unlink()
    store_picture(source, {stored.sha256: stored})
    assert path.exists()


def test_a_look_keeps_nothing(tmp_path, settings):
    store_picture(picture_file(tmp_path / "a.jpg"), keep=False)
    assert not settings.PICTURES_DIR.exists()


def test_a_file_of_many_megabytes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_PICTURE_BYTES", 100)
    with pytest.raises(PictureError) as problem:
        store_picture(picture_file(tmp_path / "a.jpg"))
    assert problem.value.code == "too_large"


def test_a_picture_that_could_not_be_used_has_no_file():
    with pytest.raises(ValueError, match="truncated"):
        picture_path(Picture(problem="truncated"))
