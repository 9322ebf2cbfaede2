"""A person's queue: the selected flags in order, what the person skipped last; and handing out the next one.

Flags of several states (open, and what somebody else was not sure about) are read as one ordered stream each, all by
index, and merged here. The skipped part is as small as what one person skipped.

What belongs to the flags of a page is read after the page is known. Joined to the streams it would be too many tables
for PostgreSQL to look for the best order (``join_collapse_limit``), and it would join a million flags before it leaves
out those that were not skipped.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, OuterRef, QuerySet

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.audits.naming import name
from catalog_audit.review import leases, mixing
from catalog_audit.review.models import Decision
from catalog_audit.review.ordering import GAIN, PROBABILITY, VALUE, Order, Position
from catalog_audit.review.selecting import COUNT_LIMIT, MINE, Selected, Selection

__all__ = ["COUNT_LIMIT", "GAIN", "MINE", "PROBABILITY", "VALUE", "Page", "Position", "Queue", "Selection", "Tally"]

#: Several people try for the first few free flags; one who loses a race tries the next.
_CANDIDATES = 16

#: Read with a page's flags: what each has for itself, but what no list shows. What many share is read once.
_OWN = ("product", "label", "prediction__picture")
_UNLISTED = ("product__description", "prediction__probabilities", "prediction__palette")


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the queue.

    Attributes:
        flags: in order.
        after: where the next part begins, or None when this is the last.
    """

    flags: list[Flag]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many flags a queue holds.

    Attributes:
        number: so many.
        more: whether there are more than that.
    """

    number: int
    more: bool


class Queue:
    """One person's view of the selected flags."""

    def __init__(self, user: User, selection: Selection) -> None:
        self.user = user
        self.selection = selection
        self.order = Order.named(selection.order)
        self._selected = Selected(selection, user)
        #: Of the flags that were read as part of the queue: whether they stood in its skipped part.
        self._skipped: dict[int, bool] = {}

    def count(self) -> int:
        """How many flags are selected; of more than :data:`COUNT_LIMIT` that have to be counted, the limit."""
        return self.tally().number

    def tally(self) -> Tally:
        """How many flags are selected, and whether there are more than that."""
        return Tally(*self._selected.count())

    def position(self, flag: Flag) -> Position:
        """Where a flag stands."""
        if flag.kind != Flag.Kind.FLAG and flag.state not in Flag.IN_DISPUTE:
            return Position.outside(flag)
        skipped = self._skipped.get(flag.pk)
        if skipped is None:
            skipped = self._skips().filter(flag=flag.pk).exists()
        return self.order.position(flag, skipped=skipped)

    def page(self, after: Position | None, size: int) -> Page:
        """The ``size`` flags behind a position (None: from the top)."""
        found = list(islice(self._behind(after, size + 1), size + 1))
        more = found[size - 1] if len(found) > size else None
        return Page(_whole(found[:size]), self.position(more) if more else None)

    def following(self, position: Position | None) -> Flag | None:
        """The flag behind a position; behind the last one the queue begins again at its top.

        A flag that is alone in the queue follows itself; None means that the queue is empty.
        """
        return next(self._around(position, 1, free=False), None)

    def take(self, after: Position | None = None) -> Flag | None:
        """Hand out the flag behind a position that nobody else holds, and take its lease.

        As in :meth:`following` the queue begins again behind its last flag. Now and then it is a check item or a
        sample instead, see :mod:`catalog_audit.review.mixing`. None means that nothing is left that is free.
        """
        if not (after and after.is_outside):
            mixed = mixing.next_for(self.user, self._selected)
            if mixed is not None and leases.hold(mixed, self.user):
                return mixed
        while candidates := list(self._around(after, _CANDIDATES, free=True)):
            for flag in candidates:
                if not flag.is_undecided or leases.hold(flag, self.user):
                    return flag
        return None

    def preceding(self, position: Position) -> Flag | None:
        """The flag in front of a position; at the top the first flag of the queue, None when it is empty."""
        for skipped in (True, False):
            if skipped and not position.skipped:
                continue
            start = position if skipped == position.skipped else None
            flag = next(self._part(start, 1, skipped=skipped, backwards=True), None)
            if flag is not None:
                return flag
        return self.following(None)

    def _around(self, position: Position | None, limit: int, *, free: bool) -> Iterator[Flag]:
        """At most ``limit`` flags behind a position, then from the top, the one at the position last."""
        found = list(islice(self._behind(position, limit, free=free), limit))
        yield from found
        if position is None or len(found) >= limit:
            return
        seen = {flag.pk for flag in found}
        top = [one for one in islice(self._behind(None, limit + 1, free=free), limit + 1) if one.pk not in seen]
        top.sort(key=lambda flag: flag.pk == position.flag)
        yield from top[: limit - len(found)]

    def _behind(self, position: Position | None, limit: int, *, free: bool = False) -> Iterator[Flag]:
        """Flags behind a position, the skipped part last; at most ``limit`` are read of each stream."""
        for skipped in (False, True):
            if position is not None and position.skipped and not skipped:
                continue
            start = position if position is not None and position.skipped == skipped else None
            for flag in self._part(start, limit, skipped=skipped, free=free):
                self._skipped[flag.pk] = skipped
                yield flag

    def _part(
        self, start: Position | None, limit: int, *, skipped: bool, backwards: bool = False, free: bool = False
    ) -> Iterator[Flag]:
        streams = [
            self._stream(self._flags(state, skipped=skipped, free=free), start, limit, backwards=backwards)
            for state in self.selection.states
        ]
        return heapq.merge(*streams, key=self.order.key, reverse=backwards)

    def _stream(self, flags: QuerySet[Flag], start: Position | None, limit: int, *, backwards: bool) -> Iterator[Flag]:
        ordered = flags.order_by(*self.order.fields(backwards=backwards))
        if start is None:
            yield from ordered[:limit]
            return
        for part in self.order.beside(start, backwards=backwards):
            found = list(ordered.filter(part)[:limit])
            yield from found
            limit -= len(found)
            if limit <= 0:
                return

    def _flags(self, state: str, *, skipped: bool, free: bool) -> QuerySet[Flag]:
        flags = self._selected.flags(state)
        if free and state in Flag.UNDECIDED:
            flags = flags.filter(leases.free_for(self.user))
        if skipped:
            return flags.filter(pk__in=self._skips().values("flag"))
        return flags.filter(~Exists(self._skips().filter(flag=OuterRef("pk"))))

    def _skips(self) -> QuerySet[Decision]:
        return Decision.objects.skips_of(self.user)


def _whole(flags: list[Flag]) -> list[Flag]:
    """The flags with all that a list of them shows, in the same order (one query)."""
    found = Flag.objects.select_related(*_OWN).defer(*_UNLISTED).in_bulk([flag.pk for flag in flags])
    whole = [found[flag.pk] for flag in flags if flag.pk in found]
    name(whole)
    return whole
