"""Which column is which field."""

from __future__ import annotations

import pytest

from catalog_audit.feeds.columns import ColumnError, guess, parse_assignments, resolve


def test_columns_of_the_same_name_are_found_whatever_their_case():
    columns = resolve(["Colour", "EXTERNAL_ID", "Title"], {})
    assert columns.names == {"external_id": "EXTERNAL_ID", "title": "Title", "colour": "Colour"}
    assert columns.index == {"external_id": 1, "title": 2, "colour": 0}


def test_usual_names_are_found_in_english_and_russian():
    guessed = guess(["Артикул", "Название", "Категория", "Картинка", "Цвет", "Длина", "Остаток"])
    assert guessed == {
        "external_id": "Артикул",
        "title": "Название",
        "category": "Категория",
        "image": "Картинка",
        "colour": "Цвет",
        "length": "Длина",
    }


@pytest.mark.parametrize("name", ["Brand", "Vendor", "vendor", "Supplier", "Бренд", "Производитель", "Поставщик"])
def test_brands_makers_and_suppliers_are_one_field(name):
    assert guess(["vendor code", name]) == {"external_id": "vendor code", "brand": name}


def test_a_mapping_goes_before_a_guess_and_a_column_is_not_used_twice():
    columns = resolve(["id", "sku", "name"], {"external_id": "sku"})
    assert columns.names == {"external_id": "sku", "title": "name"}


def test_an_empty_column_leaves_a_field_out():
    assert "colour" not in resolve(["id", "colour"], {"colour": ""}).names


def test_an_unknown_column_is_named_with_those_there_are():
    with pytest.raises(ColumnError, match=r"no column “farbe”.*id, colour"):
        resolve(["id", "colour"], {"colour": "farbe"})


def test_an_unknown_field_is_named_with_those_there_are():
    with pytest.raises(ColumnError, match=r"no field “size”.*external_id, title"):
        resolve(["id", "size"], {"size": "size"})


def test_without_a_column_to_tell_products_apart_it_says_so():
    with pytest.raises(ColumnError, match=r"external_id=COLUMN.*title, colour"):
        resolve(["title", "colour"], {})


def test_of_columns_with_one_name_the_first_counts_and_it_says_so():
    columns = resolve(["id", "colour2", "colour2"], {"colour": "colour2"})
    assert columns.index["colour"] == 1
    assert any("colour2" in note and "2 times" in note for note in columns.notes)


@pytest.mark.parametrize("text", ["colour", "", "title:name"])
def test_an_assignment_needs_an_equals_sign(text):
    with pytest.raises(ColumnError, match="FIELD=COLUMN"):
        parse_assignments([text])


def test_a_field_cannot_be_assigned_twice():
    with pytest.raises(ColumnError, match="twice"):
        parse_assignments(["colour=a", "Colour=b"])


def test_a_column_may_have_an_equals_sign_in_its_name():
    assert parse_assignments(["title=a=b"]) == {"title": "a=b"}
