"""What a reviewer's browser asks for, as calls that can be timed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.review import leases, statistics
from catalog_audit.review.queue import Queue, Selection

#: Flags on a page of the grid.
GRID = 100
#: Days that the dashboard looks back.
DAYS = 30

Call = Callable[[], object]

_FLAG = re.compile(rb'data-flag="(\d+)"')


def measures(seed: int) -> dict[str, Call]:
    """Name -> a call. The filters are drawn at random from what the database holds, the same for the same seed."""
    reviewer = Reviewer(User.objects.get(username="reviewer1"), random.Random(seed))
    return {
        "next_flag": reviewer.next_flag,
        "decide_and_next": reviewer.decide_and_next,
        "evidence": reviewer.evidence,
        "queue_two_filters": reviewer.queue,
        "grid": reviewer.grid,
        "counts": reviewer.counts,
        "dashboard": reviewer.dashboard,
    }


class Reviewer:
    """A person at work, signed in."""

    def __init__(self, user: User, chance: random.Random) -> None:
        self.user = user
        self._chance = chance
        self._client = Client(HTTP_X_PART="1")
        self._client.force_login(user)
        self._acts = count()
        self._shown: int | None = None
        self._shops = list(Shop.objects.values_list("slug", flat=True))
        attributes, values = Attribute.objects.in_bulk(), Value.objects.in_bulk()
        kinds = counting.numbers_by("attribute", "label_value", "suggested", state=Flag.State.OPEN)
        #: Addresses of grids, as often as there are flags of the kind.
        self._kinds = [
            {"attribute": attributes[one].code, "label": values[label].code, "suggested": values[suggested].code}
            for one, label, suggested in kinds
        ]
        self._weights = list(kinds.values())
        types = counting.numbers_by("garment_type", state=Flag.State.OPEN)
        self._types = [values[key].code for (key,) in types if key]

    def next_flag(self) -> HttpResponse:
        """Ask for the next flag, as the page's script does while a person looks at the one before."""
        response = self._get("web:next_flag")
        self._shown = int(_FLAG.search(response.content)[1])
        return response

    def decide_and_next(self) -> HttpResponse:
        """Decide the flag on the screen, and have the next one."""
        if self._shown is None:
            self.next_flag()
        # Skips, disputes and the rest are rarer than verdicts.
        number = next(self._acts)
        choice = {7: "skip", 9: "dispute", 4: "both"}.get(number % 10, "accept")
        response = self._client.post(
            reverse("web:decide", args=[self._shown]),
            {"choice": choice, "token": str(uuid4())},
            headers={"accept": "application/json"},
        )
        # Another measure, or the check item that was shown, may have taken it meanwhile: the page goes on as well.
        if response.status_code not in (200, 409):
            raise RuntimeError(f"{response.status_code}: {response.content[:300]!r}")
        return self.next_flag()

    def evidence(self) -> HttpResponse:
        """What lies around a flag."""
        if self._shown is None:
            self.next_flag()
        return self._get("web:evidence", args=[self._shown])

    def queue(self) -> HttpResponse:
        """The list of flags, with two filters."""
        kind = self._kind()
        pairs: list[dict[str, str]] = [
            {"shop": self._chance.choice(self._shops), "garment_type": self._chance.choice(self._types)},
            {"shop": self._chance.choice(self._shops), "label": kind["label"]},
            {"label": kind["label"], "suggested": kind["suggested"]},
            {"attribute": kind["attribute"], "p_to": "0.8"},
            {"garment_type": self._chance.choice(self._types), "suggested": kind["suggested"]},
        ]
        return self._get("web:flags", pairs[next(self._acts) % len(pairs)])

    def grid(self) -> object:
        """A page of the grid."""
        kind = self._kind()
        if _exists("web:grid"):
            return self._get("web:grid", kind)
        queue = Queue(self.user, Selection(**kind))
        page = queue.page(None, GRID)
        free = Flag.objects.filter(leases.free_for(self.user), pk__in=[flag.pk for flag in page.flags])
        return page, queue.tally(), free.update(leased_to=None)

    def counts(self) -> object:
        """The numbers beside the filters, and the list of kinds."""
        shop = Shop.objects.get(slug=self._chance.choice(self._shops))
        sorts = ("shop", "attribute", "garment_type", "label_value", "suggested")
        return (
            [counting.numbers_by(sort, state=Flag.State.OPEN) for sort in sorts],
            statistics.progress(),
            statistics.matrix(shop=shop),
            Queue(self.user, Selection(shop=shop.slug)).tally(),
            Queue(self.user, Selection(p_from=0.95)).tally(),
        )

    def dashboard(self) -> object:
        """The dashboard, or what it will be made of."""
        if _exists("web:dashboard"):
            return self._get("web:dashboard")
        since = timezone.now() - timedelta(days=DAYS)
        return (
            statistics.precision_over_time("week", since),
            statistics.precision_by(statistics.SHOP, since),
            statistics.missed_errors(),
            statistics.check_results(since),
            statistics.agreement(user=self.user),
            statistics.throughput(since),
            statistics.matrix(),
            statistics.progress(),
            statistics.most_disputed(),
        )

    def _kind(self) -> dict[str, str]:
        return self._chance.choices(self._kinds, self._weights)[0]

    def _get(self, name: str, query: dict[str, str] | None = None, args: list[Any] | None = None) -> HttpResponse:
        response = self._client.get(reverse(name, args=args), query, follow=True)
        if response.status_code != 200:
            raise RuntimeError(f"{name} {query}: {response.status_code}")
        return response


def _exists(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True
