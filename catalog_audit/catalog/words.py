"""Bring a shop's raw word to one normal form, so that spellings of one word meet. Pure functions, no database.

The raw word itself is always kept by the caller; the normal form (:func:`key`) serves only to look words up. It is
not for reading: ``key("Тёмно-синие") == "темн син"``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

#: Longer raw values are text that slipped into a label's column, not words.
MAX_LENGTH = 200

#: Stands in :func:`key` where the raw word joined two things as equals: ``/ & + , ; |``, "and", "и", "с".
JOINER = "/"

_CACHE_SIZE = 1 << 16
_DASHES = re.compile(r"[\u2010-\u2015\u2212\u2043\u00ad\ufe58\ufe63\uff0d_]")
_APOSTROPHES = re.compile(r"['’ʼ`´\"“”«»]")
_JOINERS = re.compile(r"[/\\|&+,;]|\b(?:and|with|und|et|и|с|со)\b")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_TOKEN = re.compile(r"[^\W\d_]+(?:\d+[^\W_]*)?|\d[^\W_]*|/")

_RU_LONG_ENDINGS = ("ыми", "ими", "ями", "ами", "ого", "его", "ому", "ему", "ых", "их", "ым", "им", "ом", "ем")
_RU_VOWEL_ENDING = re.compile(r"[аеиоуыэюяйь]+$")
_CYRILLIC = re.compile(r"[а-я]")
_LATIN_LOOKALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
_CYRILLIC_LOOKALIKES = str.maketrans("асеорхукмтнв", "aceopxykmthb")
_LETTERS = re.compile(r"[^\W\d_]+")
_SPELLINGS = {"gray": "grey", "color": "colour", "colors": "colour"}


@lru_cache(maxsize=_CACHE_SIZE)
def fold(raw: str) -> str:
    """Lower-case, NFKC, one kind of dash and space, "ё" as "е", no quotes; letters of mixed alphabets repaired.

    >>> fold(" Тёмно–Синий ")
    'темно-синий'
    """
    text = unicodedata.normalize("NFKC", html.unescape(raw[:MAX_LENGTH]).replace("№", " ")).casefold().replace("ё", "е")
    text = "".join(_without_accent(letter) for letter in text)
    text = _APOSTROPHES.sub("", _DASHES.sub("-", text))
    return " ".join(_LETTERS.sub(_one_alphabet, text).split())


def key(raw: str) -> str:
    """The normal form under which a word is stored and found, or "" when nothing is left of it.

    Case, ё/е, dashes, dots, spaces and underscores, gender and number endings, "gray"/"grey", article numbers:
    none of them counts. What joins equals (:data:`JOINER`) does: "blue-green" is one colour, "blue/green" two.
    """
    return _cut(" ".join(tokens(raw)))


def exact_key(raw: str) -> str:
    """The normal form of one shop's own word: "col 12" is not "col 13", and a sign ("-", "♥") can be a word.

    As :func:`key`, with the words that have digits; a raw value without letters and digits stands for itself.
    """
    return _cut(" ".join(tokens(raw, digits=True)) or fold(raw))


@lru_cache(maxsize=_CACHE_SIZE)
def tokens(raw: str, *, digits: bool = False) -> tuple[str, ...]:
    """The stems of the words of ``raw`` in order, :data:`JOINER` between parts; ``digits``: article numbers too."""
    found: list[str] = []
    for token in _TOKEN.findall(_JOINERS.sub(f" {JOINER} ", fold(raw))):
        if token == JOINER:
            if found and found[-1] != JOINER:
                found.append(JOINER)
        elif not any(letter.isdigit() for letter in token):
            found.append(stem(token))
        elif digits:
            found.append(token)
    while found and found[-1] == JOINER:
        found.pop()
    return tuple(found)


def without_parentheses(raw: str) -> str:
    """``raw`` without what stands in (round) or [square] brackets: "чёрный (арт. 12)" -> "чёрный"."""
    return " ".join(_PARENTHESES.sub(" ", raw).split())


@lru_cache(maxsize=_CACHE_SIZE)
def stem(token: str) -> str:
    """A folded word without its Russian gender, number and case endings or its English plural.

    Crude on purpose: both sides of a look-up go through it, so that it only has to be the same for forms of one
    word and different for different words of the dictionary (a test checks the second). A stem is its own stem.
    """
    shorten = _shorten_russian if _CYRILLIC.search(token) else _shorten_english
    while (shorter := shorten(token)) != token:
        token = shorter
    return token


def is_cyrillic(text: str) -> bool:
    """Whether most letters of ``text`` are Cyrillic."""
    folded = fold(text)
    return 2 * len(_CYRILLIC.findall(folded)) > sum(letter.isalpha() for letter in folded)


def _cut(text: str) -> str:
    """Compatibility forms and joiners can make a normal form longer than its raw word."""
    return text[:MAX_LENGTH].rstrip(f" {JOINER}")


def _shorten_russian(token: str) -> str:
    for ending in _RU_LONG_ENDINGS:
        if token.endswith(ending) and len(token) - len(ending) >= 3:
            return token[: -len(ending)]
    bare = _RU_VOWEL_ENDING.sub("", token)
    return bare if len(bare) >= 2 else token


def _shorten_english(token: str) -> str:
    token = _SPELLINGS.get(token, token)
    if len(token) > 4 and token.endswith(("sses", "shes", "ches", "xes")):
        return token[:-2]
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    if len(token) > 4 and token.endswith(("ie", "y")):
        return token.removesuffix("e").removesuffix("y").removesuffix("i") + "i"
    return token


def _without_accent(letter: str) -> str:
    if letter < "\u0080" or "\u0400" <= letter <= "\u04ff":
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() and base.isalpha() else letter


def _one_alphabet(match: re.Match[str]) -> str:
    """Undo look-alike letters of the other alphabet ("cиний" typed with a Latin "c")."""
    word = match.group()
    cyrillic = len(_CYRILLIC.findall(word))
    latin = sum("a" <= letter <= "z" for letter in word)
    if not cyrillic or not latin:
        return word
    return word.translate(_LATIN_LOOKALIKES if cyrillic >= latin else _CYRILLIC_LOOKALIKES)
