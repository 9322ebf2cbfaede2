"""Rows that are refused: line, field and reason each; the other rows go in."""

from __future__ import annotations

import csv

import pytest

from catalog_audit.catalog.models import Product, Shop

GOOD = ("good", "A good one", "dress", "a.jpg", "navy")


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (("x", "t", "dress", "a.jpg"), "", "has 4 cells, the header has 5"),
        (("x", "t", "dress", "a.jpg", "navy", "more"), "", "has 6 cells, the header has 5"),
        (("", "t", "dress", "a.jpg", "navy"), "external_id", "is empty"),
        (("  ", "t", "dress", "a.jpg", "navy"), "external_id", "is empty"),
        (("x" * 201, "t", "dress", "a.jpg", "navy"), "external_id", "longer than 200"),
        (("x", "t" * 501, "dress", "a.jpg", "navy"), "title", "longer than 500"),
        (("x", "t", "d" * 201, "a.jpg", "navy"), "category", "longer than 200"),
        (("x", "t", "dress", "a" * 1001, "navy"), "image", "longer than 1000"),
        (("x", "t", "dress", "a.jpg", "n" * 201), "colour", "longer than 200"),
        (("good", "again", "dress", "a.jpg", "navy"), "external_id", "twice"),
        (("x", "t", "dress", "../../etc/passwd", "navy"), "image", "leads out"),
        (("x", "t", "dress", "deep/../../a.jpg", "navy"), "image", "leads out"),
        (("x", "t", "dress", "/etc/passwd", "navy"), "image", "absolute path"),
        (("x", "t", "dress", "~/a.jpg", "navy"), "image", "absolute path"),
        (("x", "t", "dress", r"C:\a.jpg", "navy"), "image", "backslash"),
        (("x", "t", "dress", "C:/a.jpg", "navy"), "image", "drive"),
        (("x", "t", "dress", r"..\a.jpg", "navy"), "image", "backslash"),
        (("x", "t", "dress", "a.jpg|../b.jpg", "navy"), "image", "leads out"),
        (("x", "t", "dress", "a.jpg\0.png", "navy"), "", "no text"),
        (("x", "t", "dress", "|".join(["a.jpg"] * 51), "navy"), "image", "51 pictures"),
    ],
)
def test_a_bad_row_is_listed_and_the_others_go_in(shop, run, tmp_path, row, field, reason):
    shop.picture()
    shop.write(GOOD, row, ("last", "Last", "dress", "a.jpg", "red"))
    rejects = tmp_path / "rejects.csv"
    output, _ = run("--rejects", str(rejects))
    assert output == "2 new, 0 updated, 0 unchanged, 1 rejected"
    with rejects.open(newline="") as stream:
        (listed,) = csv.DictReader(stream)
    assert listed["line"] == "3"
    assert listed["field"] == field
    assert reason in listed["reason"]
    assert set(Product.objects.values_list("external_id", flat=True)) == {"good", "last"}


def test_a_symbolic_link_out_of_the_folder_is_refused(shop, run, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (shop.images / "link.jpg").symlink_to(secret)
    (shop.images / "folder").symlink_to(tmp_path)
    shop.write(("x", "t", "dress", "link.jpg", "navy"), ("y", "t", "dress", "folder/secret.txt", "navy"))
    output, _ = run("--rejects", str(tmp_path / "rejects.csv"))
    assert output == "0 new, 0 updated, 0 unchanged, 2 rejected"
    assert (tmp_path / "rejects.csv").read_text().count("symbolic link") == 2


def test_a_symbolic_link_inside_the_folder_is_followed(shop, run):
    shop.picture("real.jpg")
    (shop.images / "link.jpg").symlink_to(shop.images / "real.jpg")
    shop.write(("x", "t", "dress", "link.jpg", "navy"))
    run()
    assert Product.objects.get().pictures.get().problem == ""


@pytest.mark.parametrize("url", ["javascript:alert(1)", "shop.example/1", "http://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(shop, run, url):
    shop.write(("x", url), header=("external_id", "url"))
    output, _ = run()
    assert output == "0 new, 0 updated, 0 unchanged, 1 rejected"


def test_the_line_is_where_the_row_starts(shop, run, tmp_path):
    shop.write_text('external_id,title\n1,"a title\nover three\nlines"\n,none\n')
    run("--rejects", str(tmp_path / "rejects.csv"))
    assert (tmp_path / "rejects.csv").read_text().splitlines()[1].startswith("5,external_id,")


def test_the_list_of_rejected_rows_is_there_even_when_none_was_rejected(shop, run, tmp_path):
    shop.picture()
    shop.write(GOOD)
    run("--rejects", str(tmp_path / "rejects.csv"))
    assert (tmp_path / "rejects.csv").read_text().splitlines() == ["line,field,reason,external_id"]


def test_a_shop_is_not_made_when_every_row_is_refused(shop, run):
    shop.write(("", "t", "dress", "a.jpg", "navy"))
    run()
    assert not Shop.objects.exists()
