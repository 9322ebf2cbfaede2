"""The CSV that we write: harmless, whole or not at all."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import pytest

from catalog_audit.catalog import files
from catalog_audit.catalog.files import FileProblem, StorageFull
from catalog_audit.feeds.writers import lines, write_csv


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "-чёрный", "=cmd|' /C calc'!A0"]
)
def test_a_formula_is_made_harmless(tmp_path, text):
    write_csv(tmp_path / "out.csv", ["a", "b"], [(text, "x")])
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1] == ["'" + text, "x"]


def test_our_own_numbers_stay_numbers():
    assert "".join(lines(["a", "b", "c"], [(-1.5, -2, None)])) == "a,b,c\r\n-1.5,-2,\r\n"


def test_it_is_plain_utf8_without_a_mark(tmp_path):
    write_csv(tmp_path / "out.csv", ["цвет"], [("тёмно-синий",)])
    assert (tmp_path / "out.csv").read_bytes() == "цвет\r\nтёмно-синий\r\n".encode()


def test_quotes_separators_and_line_ends_come_back(tmp_path):
    row = ['a "quoted", thing', "two\nlines", "semi;colon"]
    write_csv(tmp_path / "out.csv", ["a", "b", "c"], [row])
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1] == row


def test_rows_are_taken_one_by_one():
    taken = []

    def rows():
        for number in range(2000):
            taken.append(number)
            yield (number,)

    pieces = lines(["n"], rows())
    next(pieces)
    assert len(taken) == 500


def only(folder: Path, name: str) -> bool:
    return [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_as_it_was(tmp_path, monkeypatch, step):
    (tmp_path / "out.csv").write_text("old")

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(StorageFull, match=r"no room left on the disk for .*out\.csv"):
        write_csv(tmp_path / "out.csv", ["a"], [("new",)])
    assert (tmp_path / "out.csv").read_text() == "old"
    assert only(tmp_path, "out.csv")


def test_an_error_among_the_rows_leaves_the_old_file_as_it_was(tmp_path):
    (tmp_path / "out.csv").write_text("old")

    def rows():
        yield ("new",)
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "out.csv", ["a"], rows())
    assert (tmp_path / "out.csv").read_text() == "old"
    assert only(tmp_path, "out.csv")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileProblem, match=r"nowhere/out\.csv cannot be written: No such file or directory"):
        write_csv(tmp_path / "nowhere" / "out.csv", ["a"], [])


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(FileProblem, match=r"out\.csv cannot be written"):
        write_csv(tmp_path / "out.csv", ["a"], [])
    assert only(tmp_path, "out.csv")


def test_a_file_larger_than_the_disk_allows_is_a_full_disk(tmp_path, monkeypatch):
    """A real refusal of the operating system, not a pretended one: the device /dev/full takes nothing."""
    real = open

    def onto_full_device(path, *arguments, **options):
        Path(path).touch()
        return real("/dev/full", *arguments, **options)

    monkeypatch.setattr(files, "open", onto_full_device, raising=False)
    with pytest.raises(StorageFull):
        write_csv(tmp_path / "out.csv", ["a"], [("x" * 100_000,)])
    assert list(tmp_path.iterdir()) == []
