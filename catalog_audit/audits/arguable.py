"""Arguable pairs: two values between which nobody is asked to decide.

A person says so of one product (:class:`ArguablePair`), an admin of a shop, a garment group or all of them
(:class:`ArguableRule`). :func:`raise_flags` is the one place where new flags meet both. A flag that a rule covers is
not lost: it is stored closed, with the state that it would have had, so that it can come back as it was.

:func:`follow` makes the flags what the rules say, whatever happened in which order: it closes what a rule covers and
gives back what an ended rule has closed. Marking and taking back are a row and a call of it; an audit calls it at its
end, for flags that were raised while somebody marked a pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import ArguablePair, ArguableRule, Flag, SetAside
from catalog_audit.catalog.models import Attribute, Label, Shop, Value

#: Flags that are changed in one statement.
_BATCH = 500


class AlreadyMarked(Exception):
    """A rule with the same pair and scope holds already."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is about.

    Attributes:
        low, high: the two values, of one attribute; that with the lower key first.
        shop: only this one, or None.
        garment_group: "top", "bottom", "full_body", or "" for all garments.
    """

    low: Value
    high: Value
    shop: Shop | None = None
    garment_group: str = ""

    @classmethod
    def of(cls, one: Value, other: Value, shop: Shop | None = None, garment_group: str = "") -> Scope:
        """Of two values in any order.

        Raises:
            ValueError: they are the same, or of two attributes.
        """
        if one.pk == other.pk or one.attribute_id != other.attribute_id:
            raise ValueError(f"{one.code} and {other.code} are no pair")
        low, high = sorted((one, other), key=lambda value: value.pk)
        return cls(low, high, shop, garment_group)

    def flags(self) -> QuerySet[Flag]:
        """The flags that wait for a person and that a rule of this scope would close."""
        return waiting(self.low.pk, self.high.pk, self.shop.pk if self.shop else None, self.garment_group)


def garment_groups() -> list[str]:
    """The garment groups of the dictionary, in its order."""
    kinds = Value.objects.filter(attribute__code=Attribute.GARMENT_TYPE).exclude(garment_group="")
    return list(dict.fromkeys(kinds.order_by("position", "code").values_list("garment_group", flat=True)))


def waiting(low: int, high: int, shop: int | None, garment_group: str) -> QuerySet[Flag]:
    """Flags about a pair of values that wait for a person; check items and samples are none."""
    flags = Flag.objects.filter(
        Q(label_value=low, suggested=high) | Q(label_value=high, suggested=low),
        kind=Flag.Kind.FLAG,
        state__in=Flag.UNDECIDED,
    )
    if shop is not None:
        flags = flags.filter(shop=shop)
    if garment_group:
        kinds = Value.objects.filter(attribute__code=Attribute.GARMENT_TYPE, garment_group=garment_group)
        flags = flags.filter(garment_type__in=list(kinds.values_list("pk", flat=True)))
    return flags


def mark(scope: Scope, user: User) -> ArguableRule:
    """Say that a pair is arguable; closes the flags about it.

    Raises:
        PermissionDenied: not an admin.
        AlreadyMarked: there is such a rule.
    """
    _admins(user)
    rule = ArguableRule(
        attribute_id=scope.low.attribute_id,
        low=scope.low,
        high=scope.high,
        shop=scope.shop,
        garment_group=scope.garment_group,
        made_by=user,
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                rule.save()
        except IntegrityError as error:
            raise AlreadyMarked from error
        _close([rule])
    return rule


def take_back(rule: ArguableRule, user: User) -> int:
    """End a rule; returns how many flags came back, exactly as they were.

    What was decided meanwhile, has another word of the shop by now or was answered anew by an audit does not come
    back, and what another rule covers waits for that one. A rule that has ended already stays as it is.

    Raises:
        PermissionDenied: not an admin.
    """
    _admins(user)
    with transaction.atomic():
        ended = ArguableRule.objects.filter(pk=rule.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=user)
        return _give_back([rule.pk]) if ended else 0


def raise_flags(flags: Sequence[Flag]) -> list[Flag]:
    """Store new flags as far as no arguable pair stands against them; to be called in the audit's transaction.

    Returns:
        Those that wait for a person now.
    """
    flags = without_arguable(flags)
    kept, covered = _under_rules(flags)
    for flag, _rule in covered:
        flag.state = Flag.State.CLOSED
    Flag.objects.bulk_create([*kept, *(flag for flag, _rule in covered)])
    SetAside.objects.bulk_create([SetAside(rule=rule, flag=flag, before=flag.raised_as) for flag, rule in covered])
    return kept


def rule_of(flag: Flag) -> ArguableRule | None:
    """The rule that keeps a flag closed, with its values loaded, or None."""
    held = SetAside.objects.filter(flag=flag, returned=None).select_related("rule__low", "rule__high").first()
    return held.rule if held else None


def follow() -> None:
    """Make all flags what the rules say; nothing happens where they are so already."""
    _close(ArguableRule.objects.filter(ended_at=None).order_by("pk"))
    held = SetAside.objects.filter(rule=OuterRef("pk"), returned=None)
    late = ArguableRule.objects.exclude(ended_at=None).filter(Exists(held)).order_by("pk")
    if ended := list(late.values_list("pk", flat=True)):
        with transaction.atomic():
            _give_back(ended)


def _admins(user: User) -> None:
    if not may_administer(user):
        raise PermissionDenied


# --- new flags --------------------------------------------------------------------------------------------------------


def without_arguable(flags: Sequence[Flag]) -> list[Flag]:
    """Leave out flags about two values of which a person has said that both are right for this product."""
    pairs = set(
        ArguablePair.objects.filter(product__in=[flag.product_id for flag in flags]).values_list(
            "product_id", "attribute_id", "low_id", "high_id"
        )
    )
    return [flag for flag in flags if ArguablePair.key_of(flag) not in pairs]


def _under_rules(flags: Sequence[Flag]) -> tuple[list[Flag], list[tuple[Flag, ArguableRule]]]:
    """Flags that no rule covers, and the others with the oldest rule that does."""
    kept: list[Flag] = []
    covered: list[tuple[Flag, ArguableRule]] = []
    rules = list(ArguableRule.objects.filter(ended_at=None).order_by("pk")) if flags else []
    for flag in flags:
        rule = next((one for one in rules if _covers(one, flag)), None)
        if rule is None:
            kept.append(flag)
        else:
            covered.append((flag, rule))
    return kept, covered


def _covers(rule: ArguableRule, flag: Flag) -> bool:
    return (
        {rule.low_id, rule.high_id} == {flag.label_value_id, flag.suggested_id}
        and rule.shop_id in (None, flag.shop_id)
        and rule.garment_group in ("", flag.garment_type.garment_group if flag.garment_type else None)
    )


# --- flags that are there ---------------------------------------------------------------------------------------------


def _close(rules: Iterable[ArguableRule]) -> int:
    """Close what the rules cover, each batch in a transaction; returns how many flags."""
    closed = 0
    for rule in rules:
        flags = waiting(rule.low_id, rule.high_id, rule.shop_id, rule.garment_group).order_by("pk")
        for keys in _batches(flags.values_list("pk", flat=True)):
            with transaction.atomic():
                # As they are now, under their locks: somebody may have decided in the meantime.
                locked = Flag.objects.select_for_update().filter(pk__in=keys, state__in=Flag.UNDECIDED).order_by("pk")
                states = dict(locked.values_list("pk", "state"))
                rows = [SetAside(rule=rule, flag_id=pk, before=state) for pk, state in states.items()]
                SetAside.objects.bulk_create(rows)
                Flag.objects.filter(pk__in=list(states)).update(
                    state=Flag.State.CLOSED, leased_to=None, leased_until=None
                )
            closed += len(rows)
    return closed


def _give_back(rules: Sequence[int]) -> int:
    """Give back what ended rules have closed; returns how many flags."""
    held = SetAside.objects.filter(rule__in=rules, returned=None)
    # First those about which a person has said something: where a newer audit has asked the same again, they stand.
    spoken = held.filter(before__in=Flag.IN_DISPUTE)
    keys = [*spoken.order_by("-flag").values_list("pk", flat=True)]
    keys += held.exclude(before__in=Flag.IN_DISPUTE).order_by("-flag").values_list("pk", flat=True)
    return sum(_give_back_some(some) for some in _batches(keys))


def _give_back_some(keys: Sequence[int]) -> int:
    rows = {row.pk: row for row in SetAside.objects.filter(pk__in=keys)}
    ordered = [rows[key] for key in keys if key in rows]
    locked = Flag.objects.select_for_update(of=("self",)).filter(pk__in=[row.flag_id for row in ordered])
    flags = {flag.pk: flag for flag in locked.select_related("prediction", "garment_type").order_by("pk")}
    keep = list(ArguableRule.objects.filter(ended_at=None).order_by("pk"))
    free = _Free(list(flags.values()))
    states: dict[str, list[int]] = {}
    outcome: dict[bool, list[int]] = {True: [], False: []}
    for row in ordered:
        flag = flags[row.flag_id]
        other = next((rule for rule in keep if _covers(rule, flag)), None)
        if other is not None and flag.state == Flag.State.CLOSED:
            SetAside.objects.filter(pk=row.pk).update(rule=other)
            continue
        returns = free.take(flag, row.before)
        outcome[returns].append(row.pk)
        if returns:
            states.setdefault(row.before, []).append(flag.pk)
    for state, back in states.items():
        Flag.objects.filter(pk__in=back, state=Flag.State.CLOSED).update(state=state)
    for returned, some in outcome.items():
        SetAside.objects.filter(pk__in=some).update(returned=returned)
    return len(outcome[True])


class _Free:
    """Which labels nobody asks about, so that a flag about them can come back."""

    def __init__(self, flags: Sequence[Flag]) -> None:
        products = {flag.product_id for flag in flags}
        # After flags, as decisions and audits lock them.
        labels = Label.objects.select_for_update().filter(pk__in=[flag.label_id for flag in flags]).order_by("pk")
        self._labels = {label.pk: label for label in labels}
        asked = Flag.objects.filter(product__in=products, state__in=Flag.UNDECIDED).exclude(kind=Flag.Kind.CHECK)
        self._asked = set(asked.values_list("product_id", "attribute_id"))
        self._pairs = set(
            ArguablePair.objects.filter(product__in=products).values_list(
                "product_id", "attribute_id", "low_id", "high_id"
            )
        )

    def take(self, flag: Flag, before: str) -> bool:
        """Whether the flag comes back; from then on its label is asked about."""
        label, asked = self._labels[flag.label_id], (flag.product_id, flag.attribute_id)
        stands = label.value_id == flag.label_value_id and not label.verdict
        newest = flag.prediction.current or before in Flag.IN_DISPUTE
        if (
            flag.state != Flag.State.CLOSED
            or not (stands and newest)
            or asked in self._asked
            or ArguablePair.key_of(flag) in self._pairs
        ):
            return False
        self._asked.add(asked)
        return True


def _batches(keys: Iterable[int]) -> Iterator[list[int]]:
    found = list(keys)
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]


# --- what would happen ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would close.

    Attributes:
        total: flags.
        by_shop: shop's key -> flags, the most first.
        by_state: state -> flags.
        flags: some of them, the surest first, with what a tile shows of them loaded.
    """

    total: int
    by_shop: dict[int, int]
    by_state: dict[str, int]
    flags: list[Flag]


def preview(scope: Scope, shown: int = 24) -> Preview:
    """The flags that a rule of this scope would close; two queries."""
    flags = scope.flags()
    shops, states = Counter[int](), Counter[str]()
    for shop, state, number in flags.order_by().values_list("shop", "state").annotate(Count("pk")):
        shops[shop] += number
        states[state] += number
    some = flags.select_related("product", "shop", "label_value", "suggested", "prediction__picture")
    surest = list(some.order_by("-p_wrong", "pk")[:shown])
    return Preview(shops.total(), dict(shops.most_common()), dict(states), surest)
