"""The order in which a person sees flags: the surest errors first, what they skipped last.

Paging and "the next one" go by keyset (``p_wrong`` and ``id`` of the last flag seen), never by offset, so that every
step costs an index look-up however many flags there are. The indexes (state, -p_wrong, id) and
(shop, state, -p_wrong, id) of :class:`~catalog_audit.audits.models.Flag` serve the main part; the skipped part is as
small as what one person skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Shop
from catalog_audit.review.models import Decision


@dataclass(frozen=True, slots=True)
class Selection:
    """Which flags are asked for; an empty field does not restrict.

    Attributes:
        shop: slug.
        attribute: code.
        state: one of :class:`Flag.State`.
        label: code of the label's value.
        suggested: code of the suggested value.
    """

    shop: str = ""
    attribute: str = ""
    state: str = Flag.State.OPEN
    label: str = ""
    suggested: str = ""

    def flags(self) -> QuerySet[Flag]:
        """The selected flags, in no order."""
        criteria: dict[str, Any] = {"state": self.state}
        if self.shop:
            # The shop's key and not its slug, so that no join stands between the query and its index.
            criteria["shop_id__in"] = list(Shop.objects.filter(slug=self.shop).values_list("pk", flat=True))
        if self.attribute:
            criteria["attribute__code"] = self.attribute
        if self.label:
            criteria["label_value__code"] = self.label
        if self.suggested:
            criteria["suggested__code"] = self.suggested
        return Flag.objects.filter(**criteria)


@dataclass(frozen=True, slots=True)
class Position:
    """A flag's place in a person's queue.

    Attributes:
        skipped: whether it stood in the skipped part.
        p_wrong: 0..1.
        flag: primary key.
    """

    skipped: bool
    p_wrong: float
    flag: int

    def __str__(self) -> str:
        return f"{int(self.skipped)}:{self.p_wrong!r}:{self.flag}"

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """Read what ``str()`` wrote; None for anything else."""
        try:
            skipped, p_wrong, flag = text.split(":")
            position = cls(bool(int(skipped)), float(p_wrong), int(flag))
        except ValueError:
            return None
        return position if isfinite(position.p_wrong) else None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the queue.

    Attributes:
        flags: in order.
        after: where the next part begins, or None when this is the last.
    """

    flags: list[Flag]
    after: Position | None


class Queue:
    """One person's view of the selected flags."""

    def __init__(self, user: User, selection: Selection) -> None:
        self.user = user
        self.selection = selection

    def count(self) -> int:
        """How many flags are selected."""
        return self.selection.flags().count()

    def position(self, flag: Flag) -> Position:
        """Where a flag stands."""
        return Position(flag.pk in self._skipped_ids(flag.pk), flag.p_wrong, flag.pk)

    def page(self, after: Position | None, size: int) -> Page:
        """The ``size`` flags behind a position (None: from the top)."""
        found = list(islice(self._behind(after, size + 1), size + 1))
        more = found[size - 1] if len(found) > size else None
        return Page(found[:size], self.position(more) if more else None)

    def following(self, position: Position | None) -> Flag | None:
        """The flag behind a position; behind the last one the queue begins again at its top.

        A flag that is alone in the queue follows itself; None means that the queue is empty.
        """
        flag = next(self._behind(position, 1), None)
        if flag is None and position is not None:
            top = list(islice(self._behind(None, 2), 2))
            flag = next((other for other in top if other.pk != position.flag), top[0] if top else None)
        return flag

    def preceding(self, position: Position) -> Flag | None:
        """The flag in front of a position; at the top the first flag of the queue, None when it is empty."""
        for skipped in (True, False):
            if skipped and not position.skipped:
                continue
            flags = self._part(skipped=skipped)
            if skipped == position.skipped:
                flags = flags.filter(
                    Q(p_wrong__gt=position.p_wrong) | Q(p_wrong=position.p_wrong, pk__lt=position.flag),
                    p_wrong__gte=position.p_wrong,
                )
            flag = flags.order_by("p_wrong", "-pk").first()
            if flag is not None:
                return flag
        return self.following(None)

    def _behind(self, position: Position | None, limit: int) -> Any:
        """Flags behind a position, the skipped part last; at most ``limit`` of each part are read."""
        for skipped in (False, True):
            if position is not None and position.skipped and not skipped:
                continue
            flags = self._part(skipped=skipped)
            if position is not None and position.skipped == skipped:
                flags = flags.filter(
                    Q(p_wrong__lt=position.p_wrong) | Q(p_wrong=position.p_wrong, pk__gt=position.flag),
                    p_wrong__lte=position.p_wrong,
                )
            yield from flags.order_by("-p_wrong", "pk")[:limit]

    def _part(self, *, skipped: bool) -> QuerySet[Flag]:
        flags = self.selection.flags().select_related(
            "shop", "attribute", "product", "label", "label_value", "suggested", "garment_type", "prediction__picture"
        )
        if skipped:
            return flags.filter(pk__in=self._skips().values("flag"))
        return flags.filter(~Exists(self._skips().filter(flag=OuterRef("pk"))))

    def _skips(self) -> QuerySet[Decision]:
        return Decision.objects.filter(user=self.user, verdict=Decision.Verdict.SKIP, undone_by=None)

    def _skipped_ids(self, *flags: int) -> set[int]:
        return set(self._skips().filter(flag__in=flags).values_list("flag", flat=True))
