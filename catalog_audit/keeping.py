"""What hardly ever changes, read from the database once and kept for some seconds in each process.

Meant for what every page needs and nobody is hurt by when it is some seconds old: the dictionary of values, the names
of shops, the review policy. What is saved or deleted in this process is forgotten at once, see :func:`forget_with`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from django.db import connection
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

T = TypeVar("T")

#: Seconds; tests have one of their own.
clock: Callable[[], float] = time.monotonic

_all: WeakSet[Kept[Any]] = WeakSet()


class Kept(Generic[T]):
    """The result of a function, read again when it is older than so many seconds.

    Safe among threads: at worst two of them read at the same time. What is kept is shared, so nobody may change it.

    Args:
        read: asks the database.
        seconds: for so long the answer is kept.
    """

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        #: Name of the database -> (when it was read, what was read).
        self._found: dict[str, tuple[float, T]] = {}
        _all.add(self)

    def __call__(self) -> T:
        """The kept answer, or a new one."""
        known = self._found.get(_database())
        if known is not None and clock() - known[0] < self._seconds:
            return known[1]
        return self.again()

    def again(self) -> T:
        """A new answer, which is kept from now on."""
        began = clock()
        found = self._read()
        self._found[_database()] = (began, found)
        return found

    def forget(self) -> None:
        """Read anew at the next call."""
        self._found.clear()

    def forget_with(self, *models: type[Model]) -> None:
        """Forget whenever a row of these is saved or deleted in this process (not so by bulk statements)."""

        def forget(**_kwargs: Any) -> None:
            self.forget()

        for model in models:
            for signal in (post_save, post_delete):
                signal.connect(forget, sender=model, weak=False)


def forget_all() -> None:
    """Forget everything that is kept: tests start with an empty database each."""
    for kept in _all:
        kept.forget()


def _database() -> str:
    return str(connection.settings_dict["NAME"])
