"""The grid: flags of one kind, with the same label and the same suggestion, handed out by the page.

What somebody was not sure about, what the person skipped and labels that the shop has changed since are not on it:
those want a look of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Exists, F, OuterRef, QuerySet

from catalog_audit.accounts.models import User
from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.catalog.naming import names_with
from catalog_audit.review import leases
from catalog_audit.review.models import Decision
from catalog_audit.review.ordering import GAIN, PROBABILITY, Order, Position
from catalog_audit.review.selecting import Selected, Selection

#: The list of kinds ends here.
LISTED = 200

#: How often a page is tried for of which others were faster to take every flag.
_TRIES = 3

_RELATED = ("product", "prediction__picture")
#: All that a tile shows, and what handing it out looks at.
_SHOWN = (
    "state", "p_wrong", "gain", "label_value", "suggested", "product__title", "product__external_id",
    "prediction__picture__sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A label, what is suggested instead, and how many flags say so.

    Attributes:
        label: the label's value, with its attribute loaded.
        suggested: the suggested value.
        number: so many flags.
    """

    label: Value
    suggested: Value
    number: int


@dataclass(frozen=True, slots=True)
class GridPage:
    """Flags of one kind.

    Attributes:
        flags: in order; the person holds their leases.
        after: the place of the last one, where the next page begins; None when there is none.
    """

    flags: list[Flag]
    after: Position | None


def plain(selection: Selection) -> Selection:
    """The selection as the grid can show it: open or disputed flags, by probability or gain."""
    disputed = selection.state == Flag.State.DISPUTED
    return replace(
        selection,
        state=Flag.State.DISPUTED if disputed else Flag.State.OPEN,
        order=GAIN if selection.order == GAIN else PROBABILITY,
    )


def is_one_kind(selection: Selection) -> bool:
    """Whether all flags of the selection have the same label and suggestion."""
    return bool(selection.attribute and selection.label and selection.suggested)


def kinds(selection: Selection) -> list[Kind]:
    """The kinds of a selection, largest first, at most :data:`LISTED`; by the counters, so nothing is counted.

    What the counters do not know (probability, reviewer, run, brand) does not narrow them.
    """
    sorts = selection.sorts()
    if sorts is None:
        return []
    numbers = counting.numbers_by("label_value", "suggested", state=plain(selection).state, **sorts)
    ranked = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))[:LISTED]
    values = names_with(values={key for pair, _number in ranked for key in pair}).values
    return [
        Kind(values[label], values[suggested], number)
        for (label, suggested), number in ranked
        if number > 0 and label in values and suggested in values
    ]


def take_page(user: User, selection: Selection, after: Position | None = None, size: int = leases.PAGE) -> GridPage:
    """Hand out the next flags of one kind that nobody else holds, and take their leases.

    Args:
        user: the person.
        selection: of one kind, see :func:`is_one_kind`.
        after: the place behind which the page begins; None: at the top.
        size: at most so many flags, 1 to :data:`leases.PAGE`.
    """
    asked = plain(selection)
    order = Order.named(asked.order)
    flags = _free(user, asked).order_by(*order.fields())
    if after is not None:
        (part,) = order.beside(after)
        flags = flags.filter(part)
    for _try in range(_TRIES):
        found = list(flags[:size])
        held = leases.hold_page(found, user) if found else []
        if held or not found:
            return GridPage(held, order.position(held[-1], skipped=False) if held else None)
    return GridPage([], None)


def _free(user: User, selection: Selection) -> QuerySet[Flag]:
    skips = Decision.objects.skips_of(user)
    flags = Selected(selection, user).flags(selection.state).select_related(*_RELATED).only(*_SHOWN)
    return flags.filter(
        leases.free_for(user), ~Exists(skips.filter(flag=OuterRef("pk"))), label__value=F("label_value")
    )
