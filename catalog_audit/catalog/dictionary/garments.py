"""Which garment type a category's name or path means: "Женская одежда/Платья/Вечерние платья"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary.vocabulary import Vocabulary

_LEVELS = re.compile(r"\s*(?:[/\\|>»→›]|::)+\s*")
#: What follows describes the garment and is no garment: "Dress with belt", "Платье с рубашкой", "Tops for women".
_DESCRIPTION = re.compile(r"\s(?:with|for|in|without|from|с|со|для|из|без|на|под)\s.*$")
_ALTERNATIVES = re.compile(r"\s*(?:[,&+;]|\s(?:and|и)\s)\s*")
#: Phrases in which a garment's word names no garment.
_NO_GARMENT = re.compile(r"\b(?:top (?:sellers?|brands?|rated|picks|sales)|топ[- ](?:продаж|\d+)|shirt accessories)\b")


class Categories:
    """Reads the names and paths of categories.

    Args:
        vocabulary: the garment types.
        other_goods: words for goods that are no garments, so that "dress shoes" are no dress.
    """

    def __init__(self, vocabulary: Vocabulary, other_goods: Iterable[str]) -> None:
        self._vocabulary = vocabulary
        self._other_goods = frozenset(words.key(word) for word in other_goods)

    def find(self, raw: str) -> str | None:
        """The code of the garment type that a category means, or None.

        The deepest level of a path that names a garment decides. In a level, English names the garment last ("shirt
        dress"), Russian first ("платье-рубашка"). A list ("Бомберы, пиджаки, куртки") means the nearest type that all
        of its garments are, and nothing when they are of different groups.
        """
        code = self._vocabulary.exact(words.tokens(raw))
        if code is not None:
            return code
        for level in reversed(_LEVELS.split(_NO_GARMENT.sub(" ", words.fold(raw)))):
            code = self._of_level(level)
            if code is not None:
                return code
        return None

    def _of_level(self, level: str) -> str | None:
        code = self._vocabulary.exact(words.tokens(level))
        if code is not None:
            return code
        found = [self._of_name(name) for name in _ALTERNATIVES.split(_DESCRIPTION.sub("", f" {level} "))]
        return self._vocabulary.common_ancestor(code for code in found if code is not None)

    def _of_name(self, name: str) -> str | None:
        stems = words.tokens(name)
        others = [place for place, word in enumerate(stems) if word in self._other_goods]
        russian = words.is_cyrillic(name)
        if others:
            # "Комплект постельного белья" is no garment at all; in English only what stands before "shoes" is not.
            stems = () if russian else stems[others[-1] + 1 :]
        return next(self._vocabulary.phrases(stems, from_right=not russian), None)
