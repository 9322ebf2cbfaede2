"""The CSV files of the dictionary agree with each other."""

import re

import pytest

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary import Dictionary, source
from inference.contract import GARMENT_GROUPS

ATTRIBUTES = [row["code"] for row in source.attributes()]
MODEL_COLOURS = {
    "black", "white", "grey", "beige", "brown", "navy", "blue", "light_blue", "turquoise", "green", "khaki", "yellow",
    "orange", "red", "burgundy", "pink", "purple", "multicolour", "floral_print",
}  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Dictionary:
    return Dictionary.shipped()


def test_attributes_have_names_in_both_languages():
    assert ATTRIBUTES == ["colour", "garment_type", "length", "pattern"]
    for row in source.attributes():
        assert row["name_en"]
        assert words.is_cyrillic(row["name_ru"])


def test_every_value_is_complete():
    entries = source.entries()
    assert len({(entry.attribute, entry.code) for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.attribute in ATTRIBUTES
        assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.code)
        assert entry.name_en.isascii() or entry.name_en == "Appliqué"
        assert words.is_cyrillic(entry.name_ru), entry


def test_names_and_positions_are_unique_within_an_attribute():
    for attribute in ATTRIBUTES:
        entries = [entry for entry in source.entries() if entry.attribute == attribute]
        for field in ("name_en", "name_ru", "position"):
            assert len({getattr(entry, field) for entry in entries}) == len(entries), field


def test_parents_exist_and_lead_to_a_family(shipped):
    for entry in source.entries():
        vocabulary = shipped.vocabulary(entry.attribute)
        assert not entry.parent or entry.parent in vocabulary.entries, entry
        top = vocabulary.family(entry.code)
        assert vocabulary.entries[top].parent == "", entry


def test_every_colour_has_a_swatch_and_nothing_else_has():
    for entry in source.entries():
        if entry.attribute == "colour":
            assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in entry.swatch.split()), entry
            assert entry.swatch, entry
        else:
            assert entry.swatch == "", entry


def test_prints_have_several_colours_in_their_swatch(shipped):
    for code in ("multicolour", "floral_print"):
        assert len(shipped.vocabulary("colour").entries[code].swatch.split()) >= 4


def test_every_garment_type_names_its_part_of_the_picture_as_its_parent_does(shipped):
    entries = shipped.vocabulary("garment_type").entries
    for entry in entries.values():
        assert entry.garment_group in GARMENT_GROUPS, entry
        assert not entry.parent or entries[entry.parent].garment_group == entry.garment_group, entry
    assert all(not entry.garment_group for entry in source.entries() if entry.attribute != "garment_type")


def test_no_word_means_two_values():
    meanings: dict[tuple[str, str], set[str]] = {}
    for attribute, word, code in source.synonyms():
        assert words.key(word), word
        meanings.setdefault((attribute, words.key(word)), set()).add(code)
    for entry in source.entries():
        for name in (entry.name_en, entry.name_ru, entry.code):
            meanings.setdefault((entry.attribute, words.key(name)), set()).add(entry.code)
    assert {pair: codes for pair, codes in meanings.items() if len(codes) > 1} == {}


def test_every_synonym_is_found_as_its_value(shipped):
    for attribute, word, code in source.synonyms():
        assert shipped.find(attribute, word) == code, word


def test_shades_join_existing_colours(shipped):
    colours = shipped.vocabulary("colour").entries
    meanings = set(source.modifiers().values())
    for (shade, base), value in source.shades().items():
        assert shade in meanings
        assert base in colours
        assert value in colours


def test_no_modifier_is_given_twice_with_different_meanings():
    meanings: dict[str, set[str]] = {}
    for word, meaning in source.modifiers().items():
        meanings.setdefault(words.key(word), set()).add(meaning)
    assert {word: found for word, found in meanings.items() if len(found) > 1} == {}


def test_no_garment_is_among_the_other_goods(shipped):
    goods = source.other_goods()
    assert len({words.key(word) for word in goods}) == len(goods)
    assert [word for word in goods if shipped.vocabulary("garment_type").exact(words.tokens(word))] == []


def test_every_colour_but_metals_and_special_prints_reaches_one_that_the_model_knows(shipped):
    outside = {
        code for code in shipped.vocabulary("colour").entries if shipped.roll_up("colour", code, MODEL_COLOURS) is None
    }
    assert outside == {
        "metallic", "silver", "gold", "rose_gold", "bronze", "copper", "animal_print", "camouflage", "transparent",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "known_as"),
    [("charcoal", "grey"), ("navy", "navy"), ("sky_blue", "light_blue"), ("olive", "khaki"), ("plum", "purple")],
)
def test_a_value_rolls_up_to_its_nearest_known_ancestor(shipped, code, known_as):
    assert shipped.roll_up("colour", code, MODEL_COLOURS) == known_as


def test_navy_belongs_to_the_family_blue(shipped):
    assert shipped.vocabulary("colour").family("navy") == "blue"
