"""Orders of the queue, and places in them.

Paging goes by keyset (the sort fields of the last flag seen), never by offset, so that every step costs an index
look-up however many flags there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db.models import Q

from catalog_audit.audits.models import Flag

PROBABILITY, VALUE, GAIN = "probability", "value", "gain"

#: Above every score.
_TOP = 2.0


@dataclass(frozen=True, slots=True)
class Position:
    """A flag's place in a person's queue.

    Attributes:
        skipped: whether it stood in the skipped part.
        score: what flags are ordered by, 0..1: the probability that the label is wrong, or the expected gain. Above 1
            it is the place of a flag that is not part of the queue: in front of all others.
        flag: primary key.
        label: key of the label's value, where flags are ordered by values, else 0.
        suggested: key of the suggested value, likewise.
    """

    skipped: bool
    score: float
    flag: int
    label: int = 0
    suggested: int = 0

    def __str__(self) -> str:
        text = f"{int(self.skipped)}:{self.score!r}:{self.flag}"
        return f"{text}:{self.label}:{self.suggested}" if self.label else text

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """Read what ``str()`` wrote; None for anything else."""
        parts = text.split(":")
        if len(parts) not in (3, 5):
            return None
        try:
            skipped, score, *keys = parts
            position = cls(bool(int(skipped)), float(score), *(int(key) for key in keys))
        except ValueError:
            return None
        return position if isfinite(position.score) else None

    @classmethod
    def outside(cls, flag: Flag) -> Position:
        """The place of a flag that is not part of the queue."""
        return cls(False, _TOP, flag.pk)

    @property
    def is_outside(self) -> bool:
        """Whether it is the place of a flag that is not part of the queue."""
        return self.score > 1


@dataclass(frozen=True, slots=True)
class Order:
    """By which fields flags are ordered.

    Attributes:
        score: the field that counts down.
        grouped: whether flags with the same label and suggestion stand together.
    """

    score: str
    grouped: bool = False

    @classmethod
    def named(cls, name: str) -> Order:
        """The order of that name; the ordinary one for any other name."""
        return {VALUE: cls("p_wrong", grouped=True), GAIN: cls("gain")}.get(name, cls("p_wrong"))

    def fields(self, *, backwards: bool = False) -> tuple[str, ...]:
        """For ``order_by``."""
        groups = ("label_value_id", "suggested_id") if self.grouped else ()
        forwards = (*groups, f"-{self.score}", "pk")
        return tuple(name[1:] if name[0] == "-" else f"-{name}" for name in forwards) if backwards else forwards

    def key(self, flag: Flag) -> tuple[Any, ...]:
        """Sorts flags as ``fields()`` does."""
        groups = (flag.label_value_id, flag.suggested_id) if self.grouped else ()
        return (*groups, -getattr(flag, self.score), flag.pk)

    def position(self, flag: Flag, *, skipped: bool) -> Position:
        """Where a flag of the queue stands."""
        groups = (flag.label_value_id, flag.suggested_id) if self.grouped else ()
        return Position(skipped, getattr(flag, self.score), flag.pk, *groups)

    def beside(self, position: Position, *, backwards: bool = False) -> Sequence[Q]:
        """The flags behind a position (or in front of it), as parts that follow each other.

        Each part is one range of the index: first the rest of the position's own group, then the other suggestions of
        the same label, then the other labels.
        """
        by_score, by_key, above = ("gt", "lt", "lt") if backwards else ("lt", "gt", "gt")
        own = Q(**{f"{self.score}__{by_score}e": position.score}) & (
            Q(**{f"{self.score}__{by_score}": position.score})
            | Q(**{self.score: position.score, f"pk__{by_key}": position.flag})
        )
        if not self.grouped:
            return [own]
        label = Q(label_value=position.label)
        return [
            label & Q(suggested=position.suggested) & own,
            label & Q(**{f"suggested__{above}": position.suggested}),
            Q(**{f"label_value__{above}": position.label}),
        ]
