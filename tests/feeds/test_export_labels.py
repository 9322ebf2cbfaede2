"""Corrections on their way back to the shop."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories import decide, make_label, make_manager, make_product, make_shop


def export(shop_slug: str, path: Path) -> list[dict[str, str]]:
    call_command("export_labels", "--shop", shop_slug, "--out", str(path))
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def manager(db):
    return make_manager()


def test_only_fixed_labels_go_back(tmp_path, manager):
    shop = make_shop()
    fixed = decide(make_label(make_product(shop, "A"), "Dark navy"), manager, correction="black")
    decide(make_label(make_product(shop, "B")), manager)
    make_label(make_product(shop, "C"))
    decide(make_label(make_product(make_shop(), "other shop")), manager, correction="black")
    fixed.decided_at = datetime(2026, 3, 1, 15, 0, 7, tzinfo=timezone(timedelta(hours=3)))
    fixed.save()
    (row,) = export(shop.slug, tmp_path / "out.csv")
    assert (row["external_id"], row["attribute"], row["old"]) == ("A", "colour", "Dark navy")
    assert (row["decided_by"], row["decided_at"]) == ("manager", "2026-03-01T12:00:07Z")
    assert datetime.fromisoformat(row["decided_at"]).tzinfo == UTC


def test_the_shops_own_word_is_used_where_it_has_one(tmp_path, manager):
    shop = make_shop()
    for _ in range(2):
        make_label(make_product(shop), "Jet Black", "black")
    make_label(make_product(shop), "Blk", "black")
    decide(make_label(make_product(shop, "A"), "Navy", "navy"), manager, correction="black")
    (row,) = export(shop.slug, tmp_path / "out.csv")
    assert row["new"] == "Jet Black"


def test_a_value_that_the_shop_has_no_word_for_has_the_dictionarys_name(tmp_path, manager):
    shop = make_shop()
    label = decide(make_label(make_product(shop, "A"), "Navy", "navy"), manager, correction="burgundy")
    (row,) = export(shop.slug, tmp_path / "out.csv")
    assert row["new"] == label.correction.name_en


def test_a_formula_in_the_shops_word_is_made_harmless(tmp_path, manager):
    shop = make_shop()
    decide(make_label(make_product(shop, "=1+1"), "=HYPERLINK(1)", "navy"), manager, correction="black")
    (row,) = export(shop.slug, tmp_path / "out.csv")
    assert (row["external_id"], row["old"]) == ("'=1+1", "'=HYPERLINK(1)")


def test_the_person_may_have_left(tmp_path, manager):
    shop = make_shop()
    decide(make_label(make_product(shop)), manager, correction="black")
    manager.delete()
    (row,) = export(shop.slug, tmp_path / "out.csv")
    assert row["decided_by"] == ""


def test_without_corrections_the_header_is_there(tmp_path, db):
    shop = make_shop()
    assert export(shop.slug, tmp_path / "out.csv") == []
    assert (tmp_path / "out.csv").read_text().strip() == "external_id,attribute,old,new,decided_by,decided_at"


def test_an_unknown_shop_is_named(tmp_path, db):
    with pytest.raises(CommandError, match="no shop “nobody”"):
        export("nobody", tmp_path / "out.csv")


def test_a_missing_folder_is_named(tmp_path, db):
    with pytest.raises(CommandError, match="cannot be written"):
        export(make_shop().slug, tmp_path / "nowhere" / "out.csv")
