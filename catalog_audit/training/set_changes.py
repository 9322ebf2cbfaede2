"""What differs between two training sets, by attribute, value and origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog_audit.training.models import TrainingSet


@dataclass(frozen=True, slots=True)
class Change:
    """A number of examples that is not what it was.

    Attributes:
        attribute: attribute code.
        value: value code.
        origin: who says so, one of :data:`catalog_audit.training.sets.ORIGINS`.
        before: examples in the older set.
        after: examples in the newer one.
    """

    attribute: str
    value: str
    origin: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        """How many more."""
        return self.after - self.before


def previous(training_set: TrainingSet) -> TrainingSet | None:
    """The latest older set of the same shops and of the same name, or None."""
    older = TrainingSet.objects.filter(
        created_at__lte=training_set.created_at,
        pk__lt=training_set.pk,
        shops=training_set.shops,
        name=training_set.name,
    )
    return older.first()


def changes(before: TrainingSet, after: TrainingSet) -> list[Change]:
    """The numbers that differ, the largest differences first."""
    old, new = (dict(_numbers(one)) for one in (before, after))
    found = [Change(*key, old.get(key, 0), new.get(key, 0)) for key in sorted(old.keys() | new.keys())]
    return sorted((one for one in found if one.difference), key=lambda one: -abs(one.difference))


def _numbers(training_set: TrainingSet) -> Iterator[tuple[tuple[str, str, str], int]]:
    for attribute, values in training_set.counts.items():
        for value, origins in values.items():
            for origin, number in origins.items():
                yield (attribute, value, origin), number
