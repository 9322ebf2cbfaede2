"""Feeds as shops write them: encodings, separators, line endings, quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_audit.feeds.readers import BadRow, FeedError, RawRow, open_feed


def read(path: Path):
    with open_feed(path) as feed:
        return feed, list(feed.rows)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("codec", "found"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with BOM"), ("cp1251", "cp1251")]
)
@pytest.mark.parametrize(("mark", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_it_finds_out_encoding_and_separator(tmp_path, codec, found, mark, name):
    text = f"артикул{mark}цвет\r\n1{mark}тёмно-синий\r\n2{mark}чёрный\r\n"
    feed, rows = read(write(tmp_path / "feed.csv", text.encode(codec)))
    assert (feed.encoding, feed.separator) == (found, name)
    assert feed.header == ("артикул", "цвет")
    assert rows == [RawRow(2, ["1", "тёмно-синий"]), RawRow(3, ["2", "чёрный"])]


def test_it_finds_cp1251_that_only_begins_far_behind_plain_ascii(tmp_path):
    lines = ["id,colour"] + [f"{number},black" for number in range(200_000)] + ["x,чёрный"]
    feed, rows = read(write(tmp_path / "feed.csv", "\n".join(lines).encode("cp1251")))
    assert feed.encoding == "cp1251"
    assert rows[-1].cells == ["x", "чёрный"]


def test_a_broken_byte_spoils_only_its_own_row(tmp_path):
    data = "id,colour\n1,синий\n2,кра".encode() + b"\xff" + "сный\n3,белый\n".encode()
    feed, rows = read(write(tmp_path / "feed.csv", data))
    assert feed.encoding == "UTF-8"
    assert [row.cells[0] for row in rows if isinstance(row, RawRow)] == ["1", "3"]
    assert isinstance(rows[1], BadRow)
    assert rows[1].line == 3
    assert "no text" in rows[1].reason


def test_a_nul_character_spoils_only_its_own_row(tmp_path):
    _feed, rows = read(write(tmp_path / "feed.csv", b"id,colour\n1,bl\0ack\n2,red\n"))
    assert [type(row) for row in rows] == [BadRow, RawRow]


def test_separators_inside_quotes_do_not_mislead_it(tmp_path):
    text = 'id;title;colour\n1;"a, b, c, d";red\n2;"e, f, g, h";blue\n'
    feed, rows = read(write(tmp_path / "feed.csv", text.encode()))
    assert feed.separator == "semicolon"
    assert rows[0].cells == ["1", "a, b, c, d", "red"]


def test_the_separator_that_excel_announces_is_taken(tmp_path):
    feed, rows = read(write(tmp_path / "feed.csv", b"sep=;\r\nid;a,b\r\n1;2,3\r\n"))
    assert feed.header == ("id", "a,b")
    assert rows == [RawRow(3, ["1", "2,3"])]


def test_a_feed_of_one_column_is_read(tmp_path):
    feed, rows = read(write(tmp_path / "feed.csv", b"id\n1\n2\n"))
    assert feed.header == ("id",)
    assert len(rows) == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_count_lines_inside_quotes(tmp_path, end):
    text = end.join(["id,title", '1,"two', 'lines"', "", "2,plain", ""])
    _feed, rows = read(write(tmp_path / "feed.csv", text.encode()))
    assert [row.line for row in rows] == [2, 5]
    assert rows[0].cells[1] == f"two{end}lines"


def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_below(tmp_path):
    text = 'id,title\n1,good\n2,"open\n3,next\n4,last\n'
    _feed, rows = read(write(tmp_path / "feed.csv", text.encode()))
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert isinstance(rows[1], BadRow)
    assert "not closed" in rows[1].reason
    assert rows[3] == RawRow(5, ["4", "last"])


def test_a_quote_that_is_not_doubled_is_refused_with_its_line(tmp_path):
    text = 'id,title\n1,"Dress "Anna""\n2,fine\n'
    _feed, rows = read(write(tmp_path / "feed.csv", text.encode()))
    assert isinstance(rows[0], BadRow)
    assert "doubled" in rows[0].reason
    assert rows[1] == RawRow(3, ["2", "fine"])


def test_a_cell_of_megabytes_is_refused_and_reading_goes_on(tmp_path):
    text = "id,title\n1," + "x" * 300_000 + "\n2,fine\n"
    _feed, rows = read(write(tmp_path / "feed.csv", text.encode()))
    assert isinstance(rows[0], BadRow)
    assert rows[1].cells == ["2", "fine"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"  \r\n \n", "is empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xff\xfei\0d\0", "UTF-16"),
        (b'<?xml version="1.0"?><yml_catalog/>', "XML"),
    ],
)
def test_what_is_no_csv_is_refused_in_words(tmp_path, data, message):
    with pytest.raises(FeedError, match=message), open_feed(write(tmp_path / "feed.csv", data)):
        pass


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FeedError, match=r"There is no file .*nothing\.csv"), open_feed(tmp_path / "nothing.csv"):
        pass


def test_a_folder_is_no_feed(tmp_path):
    with pytest.raises(FeedError, match="is a folder"), open_feed(tmp_path):
        pass
