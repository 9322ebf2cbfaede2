"""What a phrase of colour words means: shades, tints, two colours in one label.

The rules, in this order, on the stems of the words (:mod:`catalog_audit.catalog.words`):

1. a word of the dictionary, so that every exception is a synonym: "сине-зелёный" is teal, "off white" a white;
2. without words that say nothing of the colour: "цвет", "melange", "with print";
3. the name of a print beside colours: "white floral" is a floral print;
4. a shade and a colour: "т.-синий", "dark blue", "greenish khaki"; a shade that has no value of its own is left out;
5. two or more colours as equals: "чёрно-белый", "red/white": multicolour, or the common ancestor in one family.
   A mere space joins only black or white with another family: "red green" could mean either or both, and a word that
   is not understood goes to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary.vocabulary import Vocabulary

MULTICOLOUR = "multicolour"
#: Values that name a print rather than a colour: they win over the colours that are named beside them.
PRINTS = frozenset({MULTICOLOUR, "floral_print", "animal_print", "camouflage"})

_NOISE = frozenset({"noise", "print"})
_ABBREVIATED_SHADES = re.compile(r"^(т|св|тем|темн|св|свет|dk|lt)\s*[/.]\s*")
_FUSED_SHADE = re.compile(r"\b(dark|light|темно|светло|ярко|бледно|нежно)(?=[^\W\d_]{3})")
_SHORT_FORM = re.compile(r"\b([а-я]{2,}[ое]) (?=[а-я])")
_MOST_COLOURS = 4
#: More words are a sentence, not a label; reading them as colours would take long and mean nothing.
_MOST_WORDS = 8


class ColourPhrases:
    """Reads phrases of colour words with the help of a vocabulary.

    Args:
        vocabulary: the colour values.
        modifiers: word -> "dark", "light", "bright", "soft", "dusty", "neon", "tint", "noise" or "print".
        shades: (shade, code) -> code of the shade of that value.
    """

    def __init__(
        self, vocabulary: Vocabulary, modifiers: Mapping[str, str], shades: Mapping[tuple[str, str], str]
    ) -> None:
        self._vocabulary = vocabulary
        self._modifiers = {words.key(word): meaning for word, meaning in modifiers.items()}
        self._shades = {pair: code for pair, code in shades.items() if code in vocabulary.entries}

    def find(self, raw: str) -> str | None:
        """The code that ``raw`` means, or None when the rules do not understand it."""
        for text in dict.fromkeys((raw, words.without_parentheses(raw))):
            folded = _ABBREVIATED_SHADES.sub(r"\1 ", words.fold(text))
            code = self._whole(folded) or self._whole(_FUSED_SHADE.sub(r"\1 ", folded))
            if code is not None:
                return code
        return None

    def _whole(self, folded: str) -> str | None:
        stems = words.tokens(folded)
        code = self._vocabulary.exact(stems)
        if code is not None:
            return code
        if words.JOINER in stems:
            parts = [self._without_noise(part) for part in _split(stems)]
            if any(len(part) > _MOST_WORDS for part in parts):
                return None
            return self._combined(self._part(part) for part in parts if part)
        if len(stems) > _MOST_WORDS:
            return None
        code = self._part(stems)
        if code is not None:
            return code
        if "-" in folded or _SHORT_FORM.search(folded):
            return self._equals(self._without_noise(stems))
        return self._beside_black_or_white(self._without_noise(stems))

    def _part(self, stems: tuple[str, ...]) -> str | None:
        """One colour: a word, alone or with noise, a print, shades and tints."""
        code = self._vocabulary.exact(stems)
        if code is not None or not stems:
            return code
        bare = self._without_noise(stems)
        if bare and bare != stems:
            code = self._part(bare)
            if code is not None:
                return code
        if len(stems) == 1:
            return None
        return self._print_beside_colours(stems) or self._shaded(stems)

    def _shaded(self, stems: tuple[str, ...]) -> str | None:
        """A shade or a tint before the colour ("тёмно-синий") or after it ("синий тёмный")."""
        for word, rest in ((stems[0], stems[1:]), (stems[-1], stems[:-1])):
            shade = self._modifiers.get(word)
            if shade is None or shade in _NOISE:
                continue
            base = self._part(rest)
            if base is not None:
                return self._shades.get((shade, base), base)
        return None

    def _print_beside_colours(self, stems: tuple[str, ...]) -> str | None:
        codes = list(self._vocabulary.phrases(stems, from_right=True))
        return next((code for code in codes if code in PRINTS), None)

    def _equals(self, stems: tuple[str, ...]) -> str | None:
        """Colours joined by hyphens: the fewest parts of which each is a colour."""
        for count in range(2, min(_MOST_COLOURS, len(stems)) + 1):
            for parts in _partitions(stems, count):
                code = self._combined(self._part(part) for part in parts)
                if code is not None:
                    return code
        return None

    def _beside_black_or_white(self, stems: tuple[str, ...]) -> str | None:
        for cut in range(1, len(stems)):
            codes = (self._part(stems[:cut]), self._part(stems[cut:]))
            if None not in codes and {"black", "white"} & set(codes) and "grey" not in map(self._family, codes):
                return self._combined(codes)
        return None

    def _combined(self, codes: Iterable[str | None]) -> str | None:
        """Several colours as equals; None when one of them is not understood."""
        found = list(codes)
        understood = [code for code in found if code is not None]
        if not found or len(understood) < len(found):
            return None
        for code in understood:
            if code in PRINTS:
                return code
        return self._vocabulary.common_ancestor(understood) or MULTICOLOUR

    def _family(self, code: str | None) -> str:
        return self._vocabulary.family(code) if code else ""

    def _without_noise(self, stems: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in stems if self._modifiers.get(word) not in _NOISE)


def _split(stems: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The parts between joiners."""
    parts: list[tuple[str, ...]] = []
    start = 0
    for place, word in enumerate((*stems, words.JOINER)):
        if word == words.JOINER:
            parts.append(stems[start:place])
            start = place + 1
    return parts


def _partitions(stems: tuple[str, ...], count: int) -> Iterator[list[tuple[str, ...]]]:
    """Every way to cut ``stems`` into ``count`` neighbouring parts."""
    if count == 1:
        yield [stems]
        return
    for cut in range(1, len(stems) - count + 2):
        for rest in _partitions(stems[cut:], count - 1):
            yield [stems[:cut], *rest]
