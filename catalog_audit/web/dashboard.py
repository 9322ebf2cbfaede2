"""What the dashboard shows: the figures of :mod:`catalog_audit.review.figures` with names and addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.catalog.naming import names_where, names_with
from catalog_audit.review import statistics
from catalog_audit.review.figures import WINDOWS, Figures, Narrowing, figures, people
from catalog_audit.review.intervals import Share
from catalog_audit.review.statistics import Pace, Precision
from catalog_audit.review.systematic import ARRIVAL, BRAND, TYPE, Systematic
from catalog_audit.web.heat import Heat, heat_map
from catalog_audit.web.reviewers import Team, team
from catalog_audit.web.templatetags.charts import DAY, Point

#: Of fewer settled flags no precision is told.
FEWEST = 20

_FORMATS = {"day": DAY, "week": DAY, "month": "YEAR_MONTH_FORMAT"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of an address, and what they can be set to.

    Attributes:
        shops, garment_types, attributes: what can be chosen, by key.
        shop, garment_type, attribute: what is chosen, or None.
        period: day, week or month.
    """

    shops: dict[int, Shop]
    garment_types: dict[int, Value]
    attributes: dict[int, Attribute]
    shop: Shop | None
    garment_type: Value | None
    attribute: Attribute | None
    period: str

    @property
    def narrowing(self) -> Narrowing:
        """For the figures."""
        shop, kind, attribute = (row.pk if row else None for row in (self.shop, self.garment_type, self.attribute))
        return Narrowing(shop, kind, attribute, self.period)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the period is chosen."""
        return bool(self.shop or self.garment_type or self.attribute)

    def queue(self, **changes: str) -> str:
        """The parameters of the queue with the same filters."""
        fields = {
            "shop": self.shop.slug if self.shop else "",
            "attribute": self.attribute.code if self.attribute else "",
            "garment_type": self.garment_type.code if self.garment_type else "",
        } | changes
        return urlencode({name: value for name, value in fields.items() if value})


@dataclass(frozen=True, slots=True)
class Line:
    """A share of something that has a name.

    Attributes:
        name: as the page says it.
        value: the dictionary's value, for its swatch, or None.
        share: with its interval.
        both: flags of which both values are right.
        disputed: flags that somebody was not sure about.
        queue: parameters of the queue with these flags.
    """

    name: str
    value: Value | None
    share: Share
    both: int = 0
    disputed: int = 0
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and a suggestion that people were not sure about."""

    label: Value
    suggested: Value
    unsure: Share
    queue: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a shop's labels with far more flags than the rest.

    Attributes:
        name: what the part has in common.
        shop, attribute: names.
        found: the figures.
        times: how many times as often as the rest, or None where the rest has no flag.
        chance: the p-value in words.
        queue: parameters of the queue that come nearest.
    """

    name: str
    shop: str
    attribute: str
    found: Systematic
    times: float | None
    chance: str
    queue: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review is.

    Attributes:
        waiting: flags that wait for somebody.
        second: those of them that wait for a second person or an admin.
        decided: flags that people settled.
        pace: of the last seven days.
        end: when nothing will wait at that pace, or None.
    """

    waiting: int
    second: int
    decided: int
    pace: Pace
    end: datetime | None

    @property
    def done(self) -> float:
        """0..1."""
        return self.decided / (self.decided + self.waiting or 1)


def read(parameters: QueryDict) -> Asked:
    """The filters of an address; what nobody knows does not narrow."""
    slug = parameters.get("shop", "")
    known = names_where(lambda found: not slug or found.shop(slug))
    shops, attributes = known.shops, known.attributes
    garment_types = {key: row for key, row in known.values.items() if row.attribute.code == Attribute.GARMENT_TYPE}
    period = parameters.get("period", "")
    return Asked(
        shops,
        garment_types,
        attributes,
        next((row for row in shops.values() if row.slug == slug), None),
        next((row for row in garment_types.values() if row.code == parameters.get("garment_type")), None),
        next((row for row in attributes.values() if row.code == parameters.get("attribute")), None),
        period if period in WINDOWS else "week",
    )


def page(user: User, parameters: QueryDict) -> dict[str, Any]:
    """All that the page shows to a person."""
    asked = read(parameters)
    found, now = figures(asked.narrowing), timezone.now()
    values = names_with(values=[one.key for one in found.systematic if one.by == TYPE]).values
    everybody = may_administer(user)
    crew: Team = team(people(asked.period, None if everybody else user.pk), user, now)
    return {
        "asked": asked,
        "figures": found,
        "age": max(0, round((now - found.at).total_seconds())),
        "is_empty": not any((found.total.right.of, found.total.both, found.total.disputed)),
        "enough": found.total.right.of >= FEWEST,
        "fewest": FEWEST,
        "missing": max(0, FEWEST - found.total.right.of),
        "points": [_point(one, asked.period) for one in found.over_time],
        "parts": _parts(found, asked, values),
        "heat": _heat(asked, values),
        "pairs": _pairs(found, asked, values),
        "systematic": [_part(one, asked, values) for one in found.systematic if one.shop in asked.shops],
        "missed": [
            Line(str(asked.attributes[key]), None, share)
            for key, share in found.missed.items()
            if key in asked.attributes
        ],
        "progress": _progress(found, asked, now),
        "team": crew,
        "everybody": everybody,
    }


def _point(one: Precision, period: str) -> Point:
    return Point(date_format(one.key, _FORMATS[period]), one.right)


def _parts(found: Figures, asked: Asked, values: dict[int, Value]) -> list[tuple[str, list[Line]]]:
    """Precision of each shop, garment type and attribute, where the filters leave more than one."""
    shops = [
        Line(str(asked.shops[one.key]), None, one.right, one.both, one.disputed, asked.queue(shop=shop.slug))
        for one in found.by["shop"]
        if (shop := asked.shops.get(one.key))
    ]
    kinds = [
        Line(str(value), value, one.right, one.both, one.disputed, asked.queue(garment_type=value.code))
        for one in found.by["garment_type"]
        if (value := values.get(one.key))
    ]
    attributes = [
        Line(str(row), None, one.right, one.both, one.disputed, asked.queue(attribute=row.code))
        for one in found.by["attribute"]
        if (row := asked.attributes.get(one.key))
    ]
    named = [(_("By shop"), shops), (_("By attribute"), attributes), (_("By garment type"), kinds)]
    return [(name, lines) for name, lines in named if len(lines) > 1]


def _heat(asked: Asked, values: dict[int, Value]) -> Heat | None:
    waiting = statistics.matrix(**asked.narrowing.criteria)
    return heat_map(waiting, values, asked.queue)


def _pairs(found: Figures, asked: Asked, values: dict[int, Value]) -> list[Pair]:
    pairs = []
    for one in found.pairs:
        label, suggested = values.get(one.label_value), values.get(one.suggested)
        if label and suggested:
            changes = {"attribute": label.attribute.code, "label": label.code, "suggested": suggested.code}
            pairs.append(Pair(label, suggested, one.unsure, asked.queue(**changes)))
    return pairs


def _part(one: Systematic, asked: Asked, values: dict[int, Value]) -> Part:
    shop, attribute = asked.shops[one.shop], asked.attributes[one.attribute]
    flagged, rest = one.flagged.value or 0.0, one.rest.value
    kind = brand = ""
    if one.by == ARRIVAL:
        name = _("Products that came on %(day)s") % {"day": date_format(one.key, "DATE_FORMAT")}
    elif one.by == TYPE:
        kind = values[one.key].code
        name = _("Garment type: %(name)s") % {"name": values[one.key]}
    elif one.by == BRAND:
        brand = one.key
        name = _("Brand or supplier: %(name)s") % {"name": one.key}
    else:
        name = _("The shop's word “%(word)s”") % {"word": one.key}
    return Part(
        name=name,
        shop=str(shop),
        attribute=str(attribute),
        found=one,
        times=flagged / rest if rest else None,
        chance=_chance(one.p_value),
        queue=asked.queue(shop=shop.slug, attribute=attribute.code, garment_type=kind, brand=brand),
    )


def _chance(p_value: float) -> str:
    """How likely the difference is a coincidence, in words."""
    if p_value < 0.0001:
        return _("certainly no coincidence: less than 1 in 10,000")
    if p_value < 0.001:
        return _("almost certainly no coincidence: less than 1 in 1,000")
    return _("hardly a coincidence: less than 1 in 100")


def _progress(found: Figures, asked: Asked, now: datetime) -> Progress:
    by_state = statistics.progress(**asked.narrowing.criteria)
    state = Flag.State
    second = by_state[state.SECOND] + by_state[state.SETTLING]
    waiting = by_state[state.OPEN] + second
    end = found.pace.end(waiting, now) if waiting else None
    if end and end - now > timedelta(days=3650):
        end = None
    return Progress(waiting, second, by_state[state.ACCEPTED] + by_state[state.FIXED], found.pace, end)
