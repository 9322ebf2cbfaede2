"""How many flags there are of each sort, without counting them.

A trigger of the database writes a row of :class:`~catalog_audit.audits.models.FlagCount` (+1 or -1) for every flag
that comes, goes or changes its state, in the same transaction, whoever changes it: an audit, a decision, a deleted
shop. Rows are only added, so people who decide at the same time do not wait for each other, as they would for one row
with a number. Now and then the sweeper folds the small rows of a sort into one; the sum stays the same all the time.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Sum, Value
from django.db.models.fields import IntegerField

from catalog_audit.audits.models import Flag, FlagCount

#: Folding begins at so many small rows, and takes at most so many at a time.
FOLD_FROM, FOLD_AT_MOST = 500, 5000

_SORT = ("shop_id", "attribute_id", "garment_type_id", "label_value_id", "suggested_id", "state")


class Sort(NamedTuple):
    """What flags are counted by."""

    shop_id: int
    attribute_id: int
    garment_type_id: int | None
    label_value_id: int
    suggested_id: int
    state: str


def number(**criteria: Any) -> int:
    """How many flags fit, of any sort; criteria are those of a filter on :class:`FlagCount`."""
    return FlagCount.objects.filter(**criteria).aggregate(total=Sum("number"))["total"] or 0


def numbers_by(*fields: str, **criteria: Any) -> dict[tuple[Any, ...], int]:
    """How many flags fit for each combination of some fields; combinations that have none are left out."""
    rows = FlagCount.objects.filter(**criteria).order_by().values_list(*fields).annotate(total=Sum("number"))
    return {tuple(row[:-1]): row[-1] for row in rows if row[-1]}


def fold() -> int:
    """Replace small rows by sums, if there are many; returns how many rows became fewer.

    Safe beside everything else: rows that another process folds are passed over, and a reader sees all rows as they
    were before or as they are after.
    """
    if FlagCount.objects.filter(folded=False)[: FOLD_FROM + 1].count() <= FOLD_FROM:
        return 0
    with transaction.atomic():
        rows = FlagCount.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        taken = list(rows.filter(folded=False).order_by("pk")[:FOLD_AT_MOST])
        sorts = {_sort(row) for row in taken}
        sums = rows.filter(
            folded=True, state__in={sort.state for sort in sorts}, shop__in={sort.shop_id for sort in sorts}
        )
        taken += [row for row in sums if _sort(row) in sorts]
        totals: Counter[Sort] = Counter()
        for row in taken:
            totals[_sort(row)] += row.number
        FlagCount.objects.filter(pk__in=[row.pk for row in taken]).delete()
        return len(taken) - _add(totals, folded=True)


def recount() -> dict[Sort, int]:
    """Count the flags themselves and mend the sums; returns what was missing (negative: too many) of each sort.

    Flags and sums are read in one statement, so that both are of the same moment, and the difference is added like any
    other change: nobody has to stop working.
    """
    flags = Flag.objects.filter(kind=Flag.Kind.FLAG).order_by().values_list(*_SORT).annotate(total=Count("pk"))
    counted = FlagCount.objects.order_by().values_list(*_SORT).annotate(total=Sum("number") * _MINUS)
    missing: Counter[Sort] = Counter()
    with transaction.atomic():
        for row in flags.union(counted, all=True):
            missing[Sort(*row[:-1])] += row[-1]
        _add(missing, folded=False)
    return {sort: total for sort, total in missing.items() if total}


_MINUS = Value(-1, output_field=IntegerField())


def _sort(row: FlagCount) -> Sort:
    return Sort(*(getattr(row, field) for field in _SORT))


def _add(totals: Counter[Sort], *, folded: bool) -> int:
    rows = [FlagCount(**sort._asdict(), number=total, folded=folded) for sort, total in totals.items() if total]
    FlagCount.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


# --- triggers ---------------------------------------------------------------------------------------------------------

#: Name -> (event, whether the old row goes, whether the new one comes).
_TRIGGERS = {
    "audits_flag_comes": ("INSERT", False, True),
    "audits_flag_goes": ("DELETE", True, False),
    "audits_flag_changes": ("UPDATE", True, True),
}
_COLUMNS = ", ".join(_SORT)


def install(**_kwargs: Any) -> None:
    """Make the triggers where they are missing, and count what is there already (runs after every migration).

    Not a migration: SQLite makes a table anew to change it, and the triggers of the old one are gone with it.
    """
    if not _table_is_whole():
        return
    if not Flag.objects.exists():
        FlagCount.objects.all().delete()  # emptying the database leaves what its last deletions have written
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if connection.vendor == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('audits_flag')"
        )
        present = {name for (name,) in cursor.fetchall()}
    if present.issuperset(_TRIGGERS):
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            for name, (event, goes, comes) in _TRIGGERS.items():
                for statement in _statements(name, event, goes=goes, comes=comes):
                    cursor.execute(statement)
        recount()


def _table_is_whole() -> bool:
    """Whether the tables are those of this version of the program; not so after a migration to an earlier one."""
    tables = connection.introspection.table_names()
    if FlagCount._meta.db_table not in tables or Flag._meta.db_table not in tables:
        return False
    with connection.cursor() as cursor:
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "audits_flag")}
    return {field.column for field in Flag._meta.local_concrete_fields} <= columns


def _statements(name: str, event: str, *, goes: bool, comes: bool) -> list[str]:
    when = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in (*_SORT, "kind"))
    condition = f"WHEN ({when})" if goes and comes else ""
    body = _change("OLD", -1) * goes + _change("NEW", 1) * comes
    if connection.vendor == "sqlite":
        # IS DISTINCT FROM came to SQLite with 3.39; IS NOT means the same there.
        condition = condition.replace("IS DISTINCT FROM", "IS NOT")
        return [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} AFTER {event} ON audits_flag FOR EACH ROW {condition} BEGIN {body} END",
        ]
    return [
        f"DROP TRIGGER IF EXISTS {name} ON audits_flag",
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN {body} RETURN NULL; END $body$",
        f"CREATE TRIGGER {name} AFTER {event} ON audits_flag FOR EACH ROW {condition} EXECUTE FUNCTION {name}()",
    ]


def _change(row: str, by: int) -> str:
    values = ", ".join(f"{row}.{column}" for column in _SORT)
    return (
        f"INSERT INTO audits_flagcount ({_COLUMNS}, number, folded) "
        f"SELECT {values}, {by}, FALSE WHERE {row}.kind = 'flag'; "
    )
