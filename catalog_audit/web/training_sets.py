"""Training sets as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.training.models import TrainingSet, TrainingSetBuild
from catalog_audit.training.set_changes import changes, previous
from catalog_audit.training.set_words import ORIGINS, reasons
from catalog_audit.training.sets import PARTS
from catalog_audit.web.progress import JobProgress, describe
from catalog_audit.web.templatetags.charts import Slice

#: How many sets the page lists.
LATEST = 50

#: Changes that are shown, the largest first.
CHANGES = 12


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A value and who says so.

    Attributes:
        value: None when the dictionary has it no more.
        name: in the language of the page.
        slices: of the bar.
        total: examples in all.
        verified: those whose label a person has looked at.
        whole: what a full bar stands for.
    """

    value: Value | None
    name: str
    slices: list[Slice]
    total: int
    verified: int
    whole: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A number that is not what it was.

    Attributes:
        attribute, origin: their names.
        value: None when the dictionary has it no more.
        name: of the value.
        before, after: examples.
        difference: with its sign.
    """

    attribute: str
    value: Value | None
    name: str
    origin: str
    before: int
    after: int
    difference: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a set holds.

    Attributes:
        training_set: the set.
        origins: (code, words) of the origins that occur in it.
        attributes: (name, values, the most used first).
        parts: (name, what it is for, numbers).
        reasons: (words, number) of what was left out.
        before: the set that it is compared with; None for the first one.
        changes: what is not as in that one.
        more_changes: how many further changes there are.
    """

    training_set: TrainingSet
    origins: list[tuple[str, str]]
    attributes: list[tuple[str, list[ValueRow]]]
    parts: list[tuple[str, str, Mapping[str, int]]]
    reasons: list[tuple[str, int]]
    before: TrainingSet | None
    changes: list[ChangeRow]
    more_changes: int


def contents(training_set: TrainingSet) -> Contents:
    """Look at a set; three queries."""
    names = _Names()
    before = previous(training_set)
    differing = changes(before, training_set) if before else []
    used = {origin for values in training_set.counts.values() for origins in values.values() for origin in origins}
    return Contents(
        training_set=training_set,
        origins=[(code, str(words)) for code, words in ORIGINS.items() if code in used],
        attributes=[
            (names.attributes[code], _values(training_set.counts[code], code, names))
            for code in names.attributes
            if code in training_set.counts
        ],
        parts=[(*_PARTS[part](), training_set.parts[part]) for part in PARTS if part in training_set.parts],
        reasons=reasons(training_set),
        before=before,
        changes=[
            ChangeRow(
                attribute=names.attributes.get(one.attribute, one.attribute),
                value=names.value(one.attribute, one.value),
                name=names.name(one.attribute, one.value),
                origin=str(ORIGINS[one.origin]),
                before=one.before,
                after=one.after,
                difference=("+" if one.difference > 0 else "−") + intcomma(abs(one.difference)),
            )
            for one in differing[:CHANGES]
        ],
        more_changes=max(len(differing) - CHANGES, 0),
    )


def overview(now: datetime) -> dict[str, Any]:
    """The sets, the latest one's contents, and how far the one that is being made is."""
    found = list(TrainingSet.objects.select_related("created_by")[:LATEST])
    asked = TrainingSetBuild.objects.select_related("job", "training_set").first()
    progress: JobProgress | None = describe(asked.job, now) if asked else None
    return {
        "sets": found,
        "latest": contents(found[0]) if found else None,
        "build": asked,
        "progress": progress,
        "active": bool(asked and asked.job.is_active),
    }


class _Names:
    """The dictionary, read once."""

    def __init__(self) -> None:
        rows = Attribute.objects.all()
        self.attributes = {one.code: one.name for one in rows}
        codes = {one.pk: one.code for one in rows}
        self._values = {(codes[one.attribute_id], one.code): one for one in Value.objects.order_by()}

    def value(self, attribute: str, code: str) -> Value | None:
        return self._values.get((attribute, code))

    def name(self, attribute: str, code: str) -> str:
        value = self.value(attribute, code)
        return value.name if value else code


def _values(counts: Mapping[str, Mapping[str, int]], attribute: str, names: _Names) -> list[ValueRow]:
    most = max((sum(origins.values()) for origins in counts.values()), default=0)
    rows = [
        ValueRow(
            value=names.value(attribute, code),
            name=names.name(attribute, code),
            slices=[Slice(origin, origins[origin]) for origin in ORIGINS if origin in origins],
            total=sum(origins.values()),
            verified=sum(origins.get(origin, 0) for origin in ("reviewer", "settled")),
            whole=most,
        )
        for code, origins in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.total, row.name))


_PARTS = {
    "train": lambda: (_("Learning"), _("Models learn from these; each of three models leaves out another third.")),
    "calibration": lambda: (_("Tuning"), _("No model learns these; they say how sure a finished model may be.")),
    "test": lambda: (_("Testing"), _("No model learns these; they say how good a finished model is.")),
}
