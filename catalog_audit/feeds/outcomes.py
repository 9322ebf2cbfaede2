"""What became of a row, and of all rows together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

NEW, UPDATED, UNCHANGED, REJECTED = "new", "updated", "unchanged", "rejected"


@dataclass(frozen=True, slots=True)
class UnusablePicture:
    """A picture that cannot be used; its product goes in all the same.

    Attributes:
        source: as the feed names it.
        problem: a code, see :data:`inference.contract.PROBLEMS`, or "remote" for a web address.
        detail: a short technical detail, or "".
    """

    source: str
    problem: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row.

    Attributes:
        line: where the row starts in the file, from 1.
        external_id: the product, or "" when not even that is known.
        outcome: new, updated, unchanged or rejected.
        diff: field -> [old, new], of an updated row.
        field: what is wrong with a rejected row; "" when it is the row as a whole.
        reason: why it was rejected.
        unusable: the row's pictures that cannot be used.
        unmapped: (attribute code, word) of the row that map to nothing.
    """

    line: int
    external_id: str
    outcome: str
    diff: dict[str, list[str]] = field(default_factory=dict)
    field: str = ""
    reason: str = ""
    unusable: tuple[UnusablePicture, ...] = ()
    unmapped: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Summary:
    """All rows together."""

    rows: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, outcomes: Iterable[RowOutcome]) -> None:
        """Count more rows."""
        for outcome in outcomes:
            self.rows[outcome.outcome] += 1
            self.problems.update(picture.problem for picture in outcome.unusable)
            self.unmapped.update(outcome.unmapped)

    def __str__(self) -> str:
        return ", ".join(f"{self.rows[name]} {name}" for name in (NEW, UPDATED, UNCHANGED, REJECTED))
