"""Bring the shipped dictionary into the database.

What is missing is added; what is there is left as it is, so that an admin's changes (a name, a swatch, a parent, what
a word means) survive. An attribute, value or word that an admin deletes comes back with the next loading: to be rid of
a word, give it another meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps as current_apps
from django.db import transaction

from catalog_audit.catalog import words
from catalog_audit.catalog.dictionary import source

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows were missing.

    Attributes:
        attributes: attributes added.
        values: values added.
        synonyms: words added.
    """

    attributes: int
    values: int
    synonyms: int


def load(apps: Any = current_apps, using: str = "default") -> Added:
    """Add what the database does not have yet; twice is the same as once.

    Args:
        apps: the registry of models, which is a historical one after a migration to an earlier state.
        using: alias of the database.
    """
    attribute_model, value_model, synonym_model = (
        apps.get_model("catalog", name) for name in ("Attribute", "Value", "Synonym")
    )
    with transaction.atomic(using=using):
        attributes = attribute_model.objects.using(using)
        present = set(attributes.values_list("code", flat=True))
        new_attributes = [attribute_model(**row) for row in source.attributes() if row["code"] not in present]
        attributes.bulk_create(new_attributes)
        attribute_keys = dict(attributes.values_list("code", "pk"))
        new_values = _add_values(value_model.objects.using(using), attribute_keys)
        new_synonyms = _add_synonyms(
            synonym_model.objects.using(using), value_model.objects.using(using), attribute_keys
        )
    return Added(len(new_attributes), new_values, new_synonyms)


def load_after_migrate(using: str, apps: Any = current_apps, **_kwargs: Any) -> None:
    """Receiver of ``post_migrate``; does nothing when the catalogue's tables were migrated away.

    ``manage.py flush`` sends the signal too, without ``apps``.
    """
    try:
        apps.get_model("catalog", "Synonym")
    except LookupError:
        return
    load(apps, using)


def _add_values(values: Any, attribute_keys: dict[str, int]) -> int:
    """Parents first: a row needs its parent's key."""
    added = 0
    keys = _keys(values)
    waiting = [entry for entry in source.entries() if (entry.attribute, entry.code) not in keys]
    while waiting:
        ready = [entry for entry in waiting if not entry.parent or (entry.attribute, entry.parent) in keys]
        if not ready:
            raise ValueError(f"no parent for {', '.join(entry.code for entry in waiting)}")
        values.bulk_create(
            [
                values.model(
                    attribute_id=attribute_keys[entry.attribute],
                    code=entry.code,
                    name_en=entry.name_en,
                    name_ru=entry.name_ru,
                    swatch=entry.swatch,
                    parent_id=keys.get((entry.attribute, entry.parent)),
                    garment_group=entry.garment_group,
                    position=entry.position,
                )
                for entry in ready
            ],
            batch_size=_BATCH,
        )
        added += len(ready)
        keys = _keys(values)
        waiting = [entry for entry in waiting if (entry.attribute, entry.code) not in keys]
    return added


def _add_synonyms(synonyms: Any, values: Any, attribute_keys: dict[str, int]) -> int:
    keys = _keys(values)
    present = set(synonyms.filter(shop=None).values_list("attribute_id", "word"))
    new = []
    for attribute, word, code in source.synonyms():
        pair = (attribute_keys[attribute], words.key(word))
        if pair not in present:
            present.add(pair)
            new.append(synonyms.model(attribute_id=pair[0], word=pair[1], value_id=keys[attribute, code]))
    synonyms.bulk_create(new, batch_size=_BATCH)
    return len(new)


def _keys(values: Any) -> dict[tuple[str, str], int]:
    return {(attribute, code): pk for attribute, code, pk in values.values_list("attribute__code", "code", "pk")}
