"""The values of one attribute: which word means which, and who is whose parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from catalog_audit.catalog import words


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the dictionary.

    Attributes:
        attribute: code of the attribute.
        code: code of the value, unique in the attribute.
        name_en: name in English; a synonym of the value too.
        name_ru: name in Russian; a synonym of the value too.
        swatch: ``#rrggbb``, several separated by spaces for a gradient, "" when the attribute has no colours.
        parent: code of the parent in the same attribute, or "".
        garment_group: "top", "bottom" or "full_body" for garment types, else "".
        position: order in lists.
    """

    attribute: str
    code: str
    name_en: str
    name_ru: str
    swatch: str = ""
    parent: str = ""
    garment_group: str = ""
    position: int = 0


class Vocabulary:
    """Immutable look-up of the words of one attribute.

    Args:
        entries: the values.
        synonyms: (word, code) pairs; a word in any spelling. A word given for two values keeps the first.
    """

    def __init__(self, entries: Iterable[Entry], synonyms: Iterable[tuple[str, str]] = ()) -> None:
        self.entries: dict[str, Entry] = {entry.code: entry for entry in entries}
        self._codes: dict[str, str] = {}
        for word, code in synonyms:
            if code in self.entries:
                self._codes.setdefault(words.key(word), code)
        for entry in self.entries.values():
            for name in (entry.name_en, entry.name_ru, entry.code):
                self._codes.setdefault(words.key(name), entry.code)
        self._codes.pop("", None)
        self.longest = max((word.count(" ") + 1 for word in self._codes), default=0)

    def exact(self, stems: Iterable[str]) -> str | None:
        """The value that these stems (:func:`catalog_audit.catalog.words.tokens`) are a word of."""
        return self._codes.get(" ".join(stems))

    def phrases(self, stems: tuple[str, ...], *, from_right: bool) -> Iterator[str]:
        """Codes of known words within ``stems``, longest first at each place, places from one end to the other."""
        remaining = stems
        while remaining:
            for size in range(min(self.longest, len(remaining)), 0, -1):
                part = remaining[-size:] if from_right else remaining[:size]
                code = self.exact(part)
                if code is not None:
                    yield code
                    break
            else:
                size = 1
            remaining = remaining[:-size] if from_right else remaining[size:]

    def lineage(self, code: str) -> list[str]:
        """``code``, its parent, and so on up to its family."""
        line: list[str] = []
        while code in self.entries and code not in line:
            line.append(code)
            code = self.entries[code].parent
        return line

    def family(self, code: str) -> str:
        """The topmost ancestor, or ``code`` itself."""
        return self.lineage(code)[-1]

    def common_ancestor(self, codes: Iterable[str]) -> str | None:
        """The nearest value that is every one of ``codes`` or an ancestor of it; None across families."""
        lines = [self.lineage(code) for code in dict.fromkeys(codes)]
        if not lines:
            return None
        return next((code for code in lines[0] if all(code in line for line in lines[1:])), None)

    def roll_up(self, code: str, known: Set[str] | Mapping[str, object]) -> str | None:
        """The nearest ancestor-or-self of ``code`` among ``known``, or None."""
        return next((ancestor for ancestor in self.lineage(code) if ancestor in known), None)
