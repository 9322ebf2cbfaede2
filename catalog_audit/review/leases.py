"""Leases: a flag that was handed to somebody is handed to nobody else for a while.

Every step is one update of which is known what it touched, so of two people one wins, on every database. A lease ends
by a decision, by a skip, or by time; it never keeps anybody from looking or deciding.

Flags are held one by one or by the page. The flags of a page are leased in one statement and so end at the same
moment, which is how a page is told from single flags: each has a limit of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag, ReviewPolicy

#: Single flags that one person holds at once: the one on the screen, the one before, and the one that is loaded ahead.
MOST = 3

#: Pages that one person holds at once: the one on the screen and the one that is loaded ahead.
PAGES = 2

#: A page has at most so many flags.
PAGE = 100


def free_for(user: User) -> Q:
    """Flags that nobody else holds."""
    return Q(leased_to=None) | Q(leased_to=user) | Q(leased_until__lte=timezone.now())


def hold(flag: Flag, user: User) -> bool:
    """Take or renew the lease of an undecided flag; False when somebody else has it, or has decided the flag.

    Of more than :data:`MOST` the oldest are released.
    """
    until = _end()
    free = Flag.objects.filter(free_for(user), pk=flag.pk, state=flag.state, state__in=Flag.UNDECIDED)
    if free.update(leased_to=user, leased_until=until) != 1:
        return False
    flag.leased_to, flag.leased_until = user, until
    _release_oldest(user)
    return True


def hold_page(flags: Sequence[Flag], user: User) -> list[Flag]:
    """Take or renew the leases of undecided flags in one statement; returns those that the person got, in their order.

    Of more than :data:`PAGES` pages the oldest are released. A flag that somebody else is just taking or deciding is
    left to them: nobody waits.

    Args:
        flags: at most :data:`PAGE`.
        user: the person.
    """
    if len(flags) > PAGE:
        raise ValueError(f"a page has at most {PAGE} flags")
    until = _end()
    keys = [flag.pk for flag in flags]
    rows = Flag.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    free = rows.filter(free_for(user), pk__in=keys, state__in={flag.state for flag in flags} & set(Flag.UNDECIDED))
    with transaction.atomic():
        Flag.objects.filter(pk__in=free.values("pk")).update(leased_to=user, leased_until=until)
        mine = Flag.objects.filter(pk__in=keys, leased_to=user, leased_until=until)
        held = set(mine.values_list("pk", flat=True))
        _release_oldest(user)
    return [flag for flag in flags if flag.pk in held]


def _end() -> datetime:
    """When a lease that begins now ends."""
    return timezone.now() + timedelta(minutes=ReviewPolicy.current().lease_minutes)


def _release_oldest(user: User) -> None:
    mine = Flag.objects.filter(leased_to=user)
    ends = list(mine.order_by("-leased_until").values_list("leased_until").annotate(flags=Count("pk")))
    single = [until for until, flags in ends if flags == 1]
    pages = [until for until, flags in ends if flags > 1]
    surplus = single[MOST:] + pages[PAGES:]
    if surplus:
        mine.filter(leased_until__in=surplus).update(leased_to=None, leased_until=None)
