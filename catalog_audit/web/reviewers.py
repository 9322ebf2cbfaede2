"""What the dashboard tells of reviewers: everybody's figures to admins, a person's own to that person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from catalog_audit.accounts.models import User
from catalog_audit.review.figures import DAYS, People
from catalog_audit.review.intervals import Share
from catalog_audit.review.statistics import Agreement
from catalog_audit.web.templatetags.charts import DAY, Bar

_NOTHING = Share(0, 0)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person's figures.

    Attributes:
        name: the person.
        today: verdicts since midnight.
        verdicts: of the last :data:`~catalog_audit.review.figures.DAYS` days.
        skips: likewise.
        hours: hours in which the person did something.
        checks: check items answered rightly.
        agreement: with who spoke before them.
    """

    name: str
    today: int
    verdicts: int
    skips: int
    hours: int
    checks: Share
    agreement: Agreement

    @property
    def per_hour(self) -> float | None:
        """Verdicts in an hour of work."""
        return self.verdicts / self.hours if self.hours else None


@dataclass(frozen=True, slots=True)
class Team:
    """Reviewers and what they did together.

    Attributes:
        reviewers: the busiest first.
        days: verdicts of each day.
        verdicts: all of them.
    """

    reviewers: list[Reviewer]
    days: list[Bar]
    verdicts: int


def team(found: People, user: User, now: datetime) -> Team:
    """The figures of everybody that they hold; of a person who has none, zeros."""
    today = timezone.localdate(now)
    keys = {user.pk, *(row.user for row in found.throughput), *found.checks, *found.agreement}
    names = {person.pk: str(person) for person in User.objects.filter(pk__in=keys)}
    reviewers = [_reviewer(key, name, found, today) for key, name in names.items()]
    reviewers.sort(key=lambda one: (-one.verdicts, one.name))
    per_day: Counter[date] = Counter()
    for row in found.throughput:
        per_day[row.day] += row.verdicts
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    bars = [Bar(date_format(day, DAY), per_day[day]) for day in days]
    return Team(reviewers, bars, sum(bar.number for bar in bars))


def _reviewer(key: int, name: str, found: People, today: date) -> Reviewer:
    rows = [row for row in found.throughput if row.user == key]
    return Reviewer(
        name=name,
        today=sum(row.verdicts for row in rows if row.day == today),
        verdicts=sum(row.verdicts for row in rows),
        skips=sum(row.skips for row in rows),
        hours=sum(row.hours for row in rows),
        checks=found.checks.get(key, _NOTHING),
        agreement=found.agreement.get(key, Agreement(_NOTHING, _NOTHING)),
    )
