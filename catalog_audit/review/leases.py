"""Leases: a flag that was handed to somebody is handed to nobody else for a while.

Every step is one update that must touch one row, so of two people one wins, on every database. A lease ends by a
decision, by a skip, or by time; it never keeps anybody from looking or deciding.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag, ReviewPolicy

#: What one person holds at once: the flag on the screen, the one before, and the one that is loaded ahead.
MOST = 3


def free_for(user: User) -> Q:
    """Flags that nobody else holds."""
    return Q(leased_to=None) | Q(leased_to=user) | Q(leased_until__lte=timezone.now())


def hold(flag: Flag, user: User) -> bool:
    """Take or renew the lease of an undecided flag; False when somebody else has it, or has decided the flag.

    Of more than :data:`MOST` the oldest are released.
    """
    until = timezone.now() + timedelta(minutes=ReviewPolicy.current().lease_minutes)
    free = Flag.objects.filter(free_for(user), pk=flag.pk, state=flag.state, state__in=Flag.UNDECIDED)
    if free.update(leased_to=user, leased_until=until) != 1:
        return False
    flag.leased_to, flag.leased_until = user, until
    _release_oldest(user)
    return True


def release(flag: Flag, user: User) -> bool:
    """Give the person's lease back before its time; whether there was one."""
    return Flag.objects.filter(pk=flag.pk, leased_to=user).update(leased_to=None, leased_until=None) == 1


def _release_oldest(user: User) -> None:
    held = Flag.objects.filter(leased_to=user).order_by("-leased_until", "-pk").values_list("pk", flat=True)
    surplus = list(held[MOST : MOST + 100])
    if surplus:
        Flag.objects.filter(pk__in=surplus, leased_to=user).update(leased_to=None, leased_until=None)
