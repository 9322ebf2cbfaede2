"""What was decided about a product, as far as a person may know it without it colouring their own verdict."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Product
from catalog_audit.review.models import Decision

#: More decisions about one product are not read.
MOST = 500


@dataclass(frozen=True, slots=True)
class History:
    """Decisions about a product.

    Attributes:
        decisions: those that the person may see, newest first; skips are left out.
        blind: keys of the attributes about which the person may still be asked as if nobody had decided. What the
            label has become is to be kept from them.
    """

    decisions: list[Decision]
    blind: frozenset[int]


def history_of(product: Product, user: User) -> History:
    """Read a product's decisions; three queries.

    A first verdict is kept from everybody until a second person has given theirs, and then from all but admins until
    one of them has settled it. Content managers do not see which flags are check items: they see neither other
    people's verdicts on such, nor, while one waits for them, what was decided about its label before.
    """
    flags = {flag.pk: flag for flag in Flag.objects.filter(product=product).only("pk", "kind", "state", "attribute_id")}
    found = Decision.objects.filter(product=product).exclude(verdict=Decision.Verdict.SKIP)
    decisions = list(
        found.select_related("user", "attribute", "old_value", "new_value", "undoes").order_by("-created_at", "-pk")[
            :MOST
        ]
    )
    admin = may_administer(user)
    own = {decision.attribute_id for decision in decisions if decision.user_id == user.pk}
    checked = {flag.attribute_id for flag in flags.values() if _is_open_check(flag)}
    blind = frozenset() if admin else frozenset(checked - own)

    def may_see(decision: Decision) -> bool:
        flag = flags[decision.flag_id]
        if decision.user_id == user.pk:
            return True
        if flag.state == Flag.State.SECOND or decision.attribute_id in blind:
            return False
        return admin or not (flag.state == Flag.State.SETTLING or flag.kind == Flag.Kind.CHECK)

    return History([decision for decision in decisions if may_see(decision)], blind)


def _is_open_check(flag: Flag) -> bool:
    return flag.kind == Flag.Kind.CHECK and flag.state == Flag.State.OPEN
