"""Spellings of one word meet in one normal form."""

import pytest

from catalog_audit.catalog import words


@pytest.mark.parametrize(
    "spellings",
    [
        ("Чёрный", "черный", "ЧЁРНАЯ", "чёрное", " чёрные ", "чёрного", "чёрным", "чёрный."),
        ("синий", "синяя", "синее", "синие", "cиний"),  # the last one begins with a Latin letter
        ("Dark Blue", "dark-blue", "DARK_BLUE", "dark–blue", "dark  blue", "“dark blue”", "dark\u00a0blue"),
        ("grey", "gray", "Gray"),
        ("crème", "creme"),
        ("Red & Blue", "red/blue", "red and blue", "red &amp; blue", "red + blue", "red, blue"),
        ("чёрный и белый", "чёрный с белым", "чёрный/белый", "чёрные, белые"),
        ("Black 001", "black", "Black (2)", "BLACK #07"),
        ("T-Shirts", "t shirt", "T shirts"),
        ("hoodies", "hoodie", "hoody"),
        ("dresses", "dress"),
        ("платье", "платья", "Платьями"),
    ],
)
def test_spellings_of_one_word_have_one_key(spellings):
    assert len({words.key(spelling) for spelling in spellings}) == 1
    assert words.key(spellings[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [("синий", "серый"), ("dress", "dressing"), ("blue-green", "blue/green"), ("бежевый", "белый"), ("red", "rose")],
)
def test_different_words_have_different_keys(one, other):
    assert words.key(one) != words.key(other)


@pytest.mark.parametrize("raw", ["", "   ", "-", "...", "/", "001", "№ 5"])
def test_nothing_is_left_of_a_raw_value_without_words(raw):
    assert words.key(raw) == ""


def test_numbers_count_only_in_the_exact_key():
    assert words.key("col 12") == words.key("col 13")
    assert words.exact_key("col 12") != words.exact_key("col 13")
    assert words.exact_key("COL-12") == words.exact_key("col 12")


@pytest.mark.parametrize("raw", ["розовыми", "альбома", "Тёмно-синие", "glasses", "чёрный с белым", "col 12", "Kurtis"])
def test_a_key_is_its_own_key(raw):
    assert words.exact_key(words.exact_key(raw)) == words.exact_key(raw)


def test_brackets_are_taken_off_with_what_they_hold():
    assert words.without_parentheses("чёрный (арт. 12) [new]") == "чёрный"


@pytest.mark.parametrize("raw", ["word " * 10_000, "a/" * 300, "ﷺ" * 200, "—" * 500])
def test_a_text_of_any_length_is_cut(raw):
    assert len(words.key(raw)) <= words.MAX_LENGTH
    assert len(words.exact_key(raw)) <= words.MAX_LENGTH


def test_the_alphabet_of_most_letters_decides():
    assert words.is_cyrillic("синий navy тёмный")
    assert not words.is_cyrillic("Navy")
    assert not words.is_cyrillic("12")
