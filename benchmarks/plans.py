"""Which queries read a whole large table? PostgreSQL is asked for its plan of every query that a block of code runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

#: Tables with more rows should not be read as a whole.
LARGE = 10_000
#: So many different parameters of one query are looked at; plans depend on them.
VARIANTS = 4

_PLANNED = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH", "(")


class Queries:
    """The queries of one or more blocks of code, each with a few of its parameters."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Remember what the block asks the database."""
        with connection.execute_wrapper(self._remember):
            yield

    def whole_table_reads(self, large: int = LARGE) -> dict[str, str]:
        """Query -> the tables with more than ``large`` rows that it reads as a whole.

        Parameters are those that were seen; nothing is run again. Numbers of rows are those of the latest ANALYZE.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [large])
            tables = {name for name, _rows in cursor.fetchall()}
            found = {}
            for query, variants in self._found.items():
                read = set()
                for parameters in variants.values():
                    cursor.execute(f"EXPLAIN (FORMAT JSON) {query}", parameters or None)
                    (plan,) = cursor.fetchone()
                    read |= _read_as_a_whole((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
                if read & tables:
                    found[query] = ", ".join(sorted(read & tables))
        return found

    def _remember(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.lstrip().upper().startswith(_PLANNED):
            variants = self._found.setdefault(sql, {})
            if len(variants) < VARIANTS:
                variants[repr(params)] = params
        return execute(sql, params, many, context)


def _read_as_a_whole(plan: dict[str, Any]) -> set[str]:
    tables = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return tables.union(*(_read_as_a_whole(part) for part in plan.get("Plans", ())))
