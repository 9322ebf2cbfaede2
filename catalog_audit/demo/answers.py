"""Compares an audit of the demo shop with the answers that the shop does not know."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Score:
    """How well an audit found the planted errors.

    Attributes:
        planted: wrong labels in the catalogue.
        found: flags on wrong labels.
        mistaken: flags on right labels.
        suggested: flags on wrong labels that suggest the true value.
        disputed: flags that lie beside the main queue, because several values are defensible.
        disputed_found: those of them that lie on wrong labels.
    """

    planted: int
    found: int
    mistaken: int
    suggested: int
    disputed: int
    disputed_found: int

    @classmethod
    def of(cls, answers: Iterable[dict[str, str]], flags: dict[str, str], disputed: Collection[str]) -> Self:
        """Compare.

        Args:
            answers: rows of the file of answers.
            flags: external id of every product flagged in the main queue -> code of the suggested colour.
            disputed: external ids of the products whose flags lie beside it.
        """
        wrong = {row["external_id"]: row["true_colour"] for row in answers if row["planted"] == "1"}
        found = wrong.keys() & flags.keys()
        return cls(
            planted=len(wrong),
            found=len(found),
            mistaken=len(flags.keys() - wrong.keys()),
            suggested=sum(flags[external_id] == wrong[external_id] for external_id in found),
            disputed=len(disputed),
            disputed_found=len(wrong.keys() & set(disputed)),
        )

    @property
    def precision(self) -> float:
        """Share 0..1 of the flags that lie on wrong labels; 1 without flags."""
        flags = self.found + self.mistaken
        return self.found / flags if flags else 1.0

    @property
    def recall(self) -> float:
        """Share 0..1 of the wrong labels that are flagged; 1 when there are none."""
        return self.found / self.planted if self.planted else 1.0

    def __str__(self) -> str:
        text = (
            f"{self.found} of {self.planted} planted errors were flagged, {self.mistaken} flags were mistaken "
            f"(precision {self.precision:.0%}, recall {self.recall:.0%}); "
            f"{self.suggested} of the {self.found} suggest the true colour."
        )
        if self.disputed:
            text += (
                f"\n{self.disputed} more flags lie beside the queue as disputed, "
                f"{self.disputed_found} of them on planted errors."
            )
        return text


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file of answers.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
