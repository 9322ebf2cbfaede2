"""Mixing into a person's work what says how good flags and verdicts are.

Check items are flags whose right answer is known: they say how reliable a reviewer is. Samples are labels that were
not flagged: they say how many errors the audit misses, see :mod:`catalog_audit.audits.sampling`. Which of the next
flags is one is decided by a hash of the person and their latest decision, so that the same question gives the same
answer (a page that is loaded twice, or ahead), and nobody can foresee it.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from django.db.models import Count, Q

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import ADMINS
from catalog_audit.audits.models import Flag, ReviewPolicy
from catalog_audit.catalog.models import Shop
from catalog_audit.review.leases import free_for
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN
from catalog_audit.review.selecting import Selected, Selection, not_said_by

#: Check items are made of the latest so many settled flags.
_LATEST = 2000

#: Verdicts that name one right value.
_CERTAIN = (Decision.Verdict.ACCEPT, Decision.Verdict.FIX, Decision.Verdict.DISPUTE)

_COPIED = (
    "shop_id", "product_id", "attribute_id", "label_id", "prediction_id", "run_id", "garment_type_id",
    "label_value_id", "suggested_id", "p_wrong", "gain", "raised_as",
)  # fmt: skip


def due(user_id: int, latest: int, policy: ReviewPolicy) -> Flag.Kind:
    """What the next flag of a person is.

    Args:
        user_id: the person.
        latest: key of their latest decision, 0 when there is none. It changes with every decision, as their number
            would, and is found without counting.
        policy: the shares of check items and samples.
    """
    digest = hashlib.blake2b(f"{user_id}:{latest}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    if place < policy.check_share:
        return Flag.Kind.CHECK
    return Flag.Kind.SAMPLE if place < policy.check_share + policy.sample_share else Flag.Kind.FLAG


def next_for(user: User, selected: Selected) -> Flag | None:
    """The check item or sample that is due for a person and that nobody else holds, or None.

    Args:
        user: the person; they get none about a label of which they have said something.
        selected: what they work through; what is mixed in fits it.
    """
    asked, sorts = selected.selection, selected.sorts
    if sorts is None or not asked.mixes_checks:
        return None
    latest = Decision.objects.filter(user=user).order_by("-created_at", "-pk").values_list("pk", flat=True).first()
    kind = due(user.pk, latest or 0, ReviewPolicy.current())
    if kind == Flag.Kind.FLAG or (kind == Flag.Kind.SAMPLE and not asked.mixes_samples):
        return None
    flags = Flag.objects.filter(free_for(user), not_said_by(user), kind=kind, state=Flag.State.OPEN, **sorts)
    return selected.fitting(flags).order_by("pk").first()


def may_hold_samples(selection: Selection) -> bool:
    """Whether a person who works through a selection may be shown samples.

    Their networks have hardly a doubt. Shown with every flag, the probabilities would tell which one is a sample, and
    people decide differently when they know.
    """
    return selection.mixes_samples and ReviewPolicy.current().sample_share > 0


@dataclass(frozen=True, slots=True)
class Checks:
    """How many check items a shop has.

    Attributes:
        waiting: nobody has answered them yet.
        answered: somebody has.
    """

    waiting: int
    answered: int


def checks_by_shop() -> dict[int, Checks]:
    """Shop -> its check items."""
    rows = (
        Flag.objects.filter(kind=Flag.Kind.CHECK)
        .order_by()
        .values_list("shop")
        .annotate(waiting=Count("pk", filter=Q(state=Flag.State.OPEN)), total=Count("pk"))
    )
    return {shop: Checks(waiting, total - waiting) for shop, waiting, total in rows}


def make_checks(shop: Shop, count: int) -> list[Flag]:
    """Make at most ``count`` check items of a shop's settled flags.

    The answer has to be known: an admin settled the flag, or a second person came to what the first leant to, and the
    label has still the value that the flag was about. A label has one check item at a time.
    """
    settled = Decision.objects.filter(
        flag__shop=shop, after__in=list(LABEL_IN), verdict__in=_CERTAIN, undone_by=None
    ).exclude(flag__kind=Flag.Kind.CHECK)
    settled = settled.filter(Q(user__groups__name=ADMINS) | Q(user__is_superuser=True) | Q(before=Flag.State.SECOND))
    latest = list(settled.order_by("-pk").values_list("pk", flat=True)[:_LATEST])
    decisions = Decision.objects.filter(pk__in=latest).select_related("flag__label").order_by("pk")
    checked = set(
        Flag.objects.filter(kind=Flag.Kind.CHECK, state=Flag.State.OPEN, shop=shop).values_list(
            "product_id", "attribute_id"
        )
    )
    known = {
        (one.product_id, one.attribute_id): one
        for one in decisions
        if one.new_value_id and one.flag.label.value_id == one.flag.label_value_id
    }
    free = [one for key, one in known.items() if key not in checked]
    chosen = random.sample(free, min(count, len(free)))
    checks = [
        Flag(
            kind=Flag.Kind.CHECK,
            known_value_id=one.new_value_id,
            **{name: getattr(one.flag, name) for name in _COPIED},
        )
        for one in chosen
    ]
    return Flag.objects.bulk_create(checks)
