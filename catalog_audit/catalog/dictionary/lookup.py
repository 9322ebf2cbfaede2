"""The dictionary: from a shop's raw word to a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary import source
from catalog_audit.catalog.dictionary.colours import ColourPhrases
from catalog_audit.catalog.dictionary.garments import Categories
from catalog_audit.catalog.dictionary.vocabulary import Entry, Vocabulary

COLOUR = "colour"
GARMENT_TYPE = "garment_type"

#: Distinct raw words remembered; a feed of a million rows has a few thousand.
_REMEMBERED = 1 << 16
_EMPTY = Vocabulary(())


class Dictionary:
    """Immutable: build a new one when values or synonyms change.

    Args:
        entries: the values of all attributes.
        synonyms: (attribute, word, value code); words in any spelling.
        modifiers: see :class:`.colours.ColourPhrases`.
        shades: see :class:`.colours.ColourPhrases`.
        other_goods: see :class:`.garments.Categories`.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        synonyms: Iterable[tuple[str, str, str]],
        modifiers: Mapping[str, str],
        shades: Mapping[tuple[str, str], str],
        other_goods: Iterable[str],
    ) -> None:
        values: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            values[entry.attribute].append(entry)
        pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for attribute, word, code in synonyms:
            pairs[attribute].append((word, code))
        self._vocabularies = {name: Vocabulary(rows, pairs[name]) for name, rows in values.items()}
        self._colours = ColourPhrases(self.vocabulary(COLOUR), modifiers, shades)
        self._categories = Categories(self.vocabulary(GARMENT_TYPE), other_goods)
        self._shared = lru_cache(maxsize=_REMEMBERED)(self._understand)

    @classmethod
    def shipped(cls) -> Dictionary:
        """The dictionary of the CSV files, without anybody's changes in the database."""
        return cls.with_rules(source.entries(), source.synonyms())

    @classmethod
    def with_rules(cls, entries: Iterable[Entry], synonyms: Iterable[tuple[str, str, str]]) -> Dictionary:
        """A dictionary of these values and words with the shipped rules for shades, two colours and categories."""
        return cls(entries, synonyms, source.modifiers(), source.shades(), source.other_goods())

    def find(self, attribute: str, raw: str, shop_words: Mapping[str, str] | None = None) -> str | None:
        """The code of the value that a raw word means, or None when it is not understood.

        Args:
            attribute: code of the attribute.
            raw: the word as the shop writes it.
            shop_words: the shop's own words, which win over the shared ones:
                :func:`catalog_audit.catalog.words.exact_key` of the word -> code.
        """
        if shop_words:
            code = shop_words.get(words.exact_key(raw)) or shop_words.get(words.key(raw))
            if code is not None:
                return code
        return self._shared(attribute, raw)

    def vocabulary(self, attribute: str) -> Vocabulary:
        """The values of one attribute; an empty vocabulary for an attribute that has none."""
        return self._vocabularies.get(attribute, _EMPTY)

    def roll_up(self, attribute: str, code: str, known: Set[str] | Mapping[str, object]) -> str | None:
        """The nearest ancestor-or-self of a value among ``known`` (what a model can tell apart), or None."""
        return self.vocabulary(attribute).roll_up(code, known)

    def garment_group(self, code: str) -> str:
        """Which part of a picture a garment type is: "top", "bottom", "full_body", or "" for an unknown code."""
        entry = self.vocabulary(GARMENT_TYPE).entries.get(code)
        return entry.garment_group if entry else ""

    def _understand(self, attribute: str, raw: str) -> str | None:
        if attribute == COLOUR:
            return self._colours.find(raw)
        if attribute == GARMENT_TYPE:
            return self._categories.find(raw)
        return _plain(self.vocabulary(attribute), raw)


def _plain(vocabulary: Vocabulary, raw: str) -> str | None:
    """A word of the vocabulary; else the words of it within the phrase, when they agree ("длина: миди")."""
    for text in (raw, words.without_parentheses(raw)):
        code = vocabulary.exact(words.tokens(text))
        if code is not None:
            return code
    stems = tuple(word for word in words.tokens(raw) if word != words.JOINER)
    return vocabulary.common_ancestor(vocabulary.phrases(stems, from_right=False))
