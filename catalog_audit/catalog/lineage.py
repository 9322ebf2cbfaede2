"""Which value of the dictionary stands above which, by code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from catalog_audit.catalog.models import Value


class Lineage:
    """The family tree of one attribute's values.

    Args:
        parents: value code -> code of its parent, for the values that have one.
    """

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = dict(parents)

    def upwards(self, code: str) -> Iterator[str]:
        """The value itself, its parent, and so on to the top."""
        passed: set[str] = set()
        while code and code not in passed:
            yield code
            passed.add(code)
            code = self._parents.get(code, "")

    def nearest(self, code: str, known: Collection[str]) -> str | None:
        """The nearest ancestor-or-self among ``known`` (what a model can tell apart), or None."""
        return next((ancestor for ancestor in self.upwards(code) if ancestor in known), None)

    def below(self, code: str, among: Iterable[str]) -> list[str]:
        """Those of ``among`` that stand below a value, at any depth."""
        return [other for other in among if other != code and code in self.upwards(other)]


def lineages(values: Iterable[Value]) -> dict[int, Lineage]:
    """Primary key of the attribute -> lineage; the values of an attribute have to be there with their parents."""
    rows = list(values)
    codes = {value.pk: value.code for value in rows}
    parents: dict[int, dict[str, str]] = {}
    for value in rows:
        known = parents.setdefault(value.attribute_id, {})
        if value.parent_id:
            known[value.code] = codes[value.parent_id]
    return {attribute_id: Lineage(known) for attribute_id, known in parents.items()}
