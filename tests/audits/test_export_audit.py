"""One row per product and attribute; every product is there; the state of each."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog_audit.audits import exporting
from catalog_audit.audits.models import Flag
from tests.factories import (
    attribute,
    decide,
    make_flag,
    make_label,
    make_manager,
    make_picture,
    make_prediction,
    make_product,
    make_shop,
    value,
)

pytestmark = pytest.mark.django_db
COLUMNS = "external_id,attribute,label_raw,label,suggested,p_wrong,state"


@pytest.fixture
def shop():
    attribute("colour")
    return make_shop("boutique")


@pytest.fixture
def product(shop):
    product = make_product(shop, "A")
    make_picture(product, sha256="0" * 64, suffix="jpg")
    return product


def export(path: Path) -> list[dict[str, str]]:
    call_command("export_audit", "--shop", "boutique", "--out", str(path))
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def only(path: Path) -> dict[str, str]:
    (row,) = export(path)
    return row


def test_the_columns_are_those_of_the_contract(shop, tmp_path):
    export(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [COLUMNS]


def test_a_label_that_the_model_agrees_with_is_ok(product, tmp_path):
    make_prediction(make_label(product, "Navy", "navy"), p_wrong=0.01234)
    assert only(tmp_path / "out.csv") == {
        "external_id": "A",
        "attribute": "colour",
        "label_raw": "Navy",
        "label": "navy",
        "suggested": "navy",
        "p_wrong": "0.0123",
        "state": "ok",
    }


@pytest.mark.parametrize(("raised", "state"), [(Flag.State.OPEN, "flagged"), (Flag.State.DISPUTED, "disputed")])
def test_an_undecided_flag_is_the_state(product, tmp_path, raised, state):
    make_flag(make_label(product), suggested="black", p_wrong=0.97, state=raised)
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["suggested"], row["p_wrong"]) == (state, "black", "0.9700")


def test_what_a_person_accepted_is_accepted(product, tmp_path):
    label = make_label(product)
    make_flag(label, suggested="black", state=Flag.State.ACCEPTED)
    decide(label, make_manager())
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["label"], row["suggested"]) == ("accepted", "navy", "black")


def test_what_a_person_fixed_is_fixed_with_the_persons_value(product, tmp_path):
    label = make_label(product)
    make_flag(label, suggested="black", state=Flag.State.FIXED)
    decide(label, make_manager(), correction="red")
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["label"], row["suggested"]) == ("fixed", "navy", "red")


def test_a_word_that_maps_to_nothing_is_unmapped(product, tmp_path):
    make_label(product, "Qwertz", None)
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["label_raw"], row["label"]) == ("unmapped", "Qwertz", "")


@pytest.mark.parametrize("emptied", [False, True])
def test_a_product_without_a_colour_is_there_and_unmapped(product, tmp_path, emptied):
    if emptied:
        make_label(product, "", None)
    row = only(tmp_path / "out.csv")
    assert (row["attribute"], row["state"], row["label_raw"], row["p_wrong"]) == ("colour", "unmapped", "", "")


@pytest.mark.parametrize("problem", ["truncated", "no_region"])
def test_a_picture_that_gave_no_prediction_is_unreadable(product, tmp_path, problem):
    make_prediction(make_label(product), problem=problem, p_wrong=None, state="unreadable")
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["p_wrong"]) == ("unreadable", "")


def test_a_product_without_a_usable_picture_is_unreadable_before_any_audit(shop, tmp_path):
    product = make_product(shop, "A")
    make_picture(product, problem="missing")
    make_label(product)
    assert only(tmp_path / "out.csv")["state"] == "unreadable"


def test_products_that_are_not_audited_yet_are_counted(product, tmp_path, capsys):
    make_label(product)
    assert only(tmp_path / "out.csv")["state"] == "ok"
    assert "1 products are not audited yet" in capsys.readouterr().err


def test_a_finer_label_agrees_with_the_coarser_value_that_the_model_knows(product, tmp_path):
    value("off_white", parent=value("white"))
    make_prediction(make_label(product, "Off white", "off_white"), top="white", probabilities={"white": 0.9})
    assert only(tmp_path / "out.csv")["suggested"] == "off_white"


def test_what_was_predicted_about_another_word_does_not_count(product, tmp_path, capsys):
    label = make_label(product, "Navy", "navy")
    make_flag(label, suggested="black")
    label.raw, label.value = "Red", value("red")
    label.save()
    row = only(tmp_path / "out.csv")
    assert (row["state"], row["suggested"], row["p_wrong"]) == ("ok", "", "")
    assert "not audited yet" in capsys.readouterr().err


def test_other_attributes_have_a_row_where_the_shop_labels_them(product, tmp_path):
    make_prediction(make_label(product))
    make_label(product, "Dress", "dress", "garment_type")
    make_label(product, "Qwertz", None, "length")
    make_label(product, "", None, "pattern")
    states = {row["attribute"]: row["state"] for row in export(tmp_path / "out.csv")}
    assert states == {"colour": "ok", "garment_type": "ok", "length": "unmapped"}


def test_every_product_is_there_over_many_batches(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_BATCH", 3)
    expected = [make_product(shop, f"P{number}").external_id for number in range(10)]
    make_product(make_shop(), "another shop's")
    assert [row["external_id"] for row in export(tmp_path / "out.csv")] == expected


def test_the_number_of_queries_does_not_grow_with_the_products(shop, django_assert_max_num_queries):
    for number in range(30):
        make_prediction(make_label(make_product(shop, f"P{number}")))
    with django_assert_max_num_queries(9):
        assert len(list(exporting.audit_rows(shop))) == 30


def test_formulas_are_made_harmless(shop, tmp_path):
    make_label(make_product(shop, "+49"), "=HYPERLINK(1)", None)
    row = only(tmp_path / "out.csv")
    assert (row["external_id"], row["label_raw"]) == ("'+49", "'=HYPERLINK(1)")


def test_an_unknown_shop_is_named(tmp_path):
    with pytest.raises(CommandError, match="no shop “boutique”"):
        export(tmp_path / "out.csv")
