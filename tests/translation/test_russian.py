"""The Russian translation is whole, fits the sources, and its plural forms are right."""

import gettext
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings

from tests.translation.messages import extracted

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+>")

#: Names that are the same in Russian; every other translation has Russian letters.
_SAME = {"API"}
_MADE_OF_PLACEHOLDERS = re.compile(r"[^\w]*")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="ru")


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def test_every_text_of_the_sources_is_in_the_translation_and_none_is_left_over(catalogue):
    translated = {(message.context, message.id) for message in _messages(catalogue)}
    assert set(extracted()) == translated, "run `make messages` and translate what is new"


def test_every_message_is_translated(catalogue):
    for message in _messages(catalogue):
        assert not message.fuzzy, message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(texts) == (4 if message.pluralizable else 1), message.id
        for text in texts:
            assert text.strip(), message.id
            words = PLACEHOLDER.sub("", text)
            assert text in _SAME or _MADE_OF_PLACEHOLDERS.fullmatch(words) or re.search("[а-яё]", words, re.I), text


def test_a_translation_has_the_placeholders_tags_and_edges_of_its_text(catalogue):
    for message in _messages(catalogue):
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(source)), text
            assert text[:1].isspace() == source[:1].isspace(), text
            assert text[-1:].isspace() == source[-1:].isspace(), text
            assert ("\n" in text) == ("\n" in source), text


def test_translations_use_russian_quotation_marks(catalogue):
    for message in _messages(catalogue):
        for text in message.string if isinstance(message.string, tuple) else (message.string,):
            assert not re.search("[“”]", text), text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1 метка"), (2, "2 метки"), (4, "4 метки"), (5, "5 меток"), (11, "11 меток"), (12, "12 меток"),
        (21, "21 метка"), (22, "22 метки"), (25, "25 меток"), (101, "101 метка"), (111, "111 меток"), (0, "0 меток"),
    ],
)  # fmt: skip
def test_numbers_take_the_right_form(catalogue, number, text):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    russian = gettext.GNUTranslations(compiled)
    assert russian.ngettext("%(shown)s label", "%(shown)s labels", number) % {"shown": number} == text
