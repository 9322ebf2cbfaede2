"""What the page of one audit run shows: why it looked, what it saw, and whether that is like the runs before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_audit.audits import profiles
from catalog_audit.audits.models import AuditRun, Prediction
from catalog_audit.audits.profiles import BRAND, NEW, TYPE, Profile
from catalog_audit.audits.sights import FLAGS, PROBLEMS, STEPS, SURENESS, VALUES, Change, Sight, changes
from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.review.intervals import Share
from catalog_audit.web.progress import describe
from catalog_audit.web.reasons import sentences
from catalog_audit.web.templatetags.charts import DAY, Level, Point
from catalog_audit.web.templatetags.ui import percent

#: Values of a mix that the page lists.
LISTED = 15
#: Pictures beside a warning, and warnings on a page.
PICTURES, WARNINGS = 6, 12
#: A part stands out when it differs so many times as far as the whole.
_STANDS_OUT = 1.5


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that is unlike the runs before.

    Attributes:
        head: what, in a sentence with the numbers.
        meaning: what that can mean, and what to do.
        predictions: keys of predictions whose pictures show it.
        shown: these, loaded.
    """

    head: str
    meaning: str
    predictions: list[int] = field(default_factory=list)
    shown: list[Prediction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mix:
    """A value and its share of what the networks see, now and before (None: nothing to compare with)."""

    name: str
    value: Value | None
    now: float
    before: float | None


@dataclass(frozen=True, slots=True)
class View:
    """One attribute of a run.

    Attributes:
        attribute: which.
        sight: what the run saw of it.
        flags: share of flags of the runs before and, last, of this one.
        sureness: likewise how sure the networks were on average.
        mix: the commonest values.
        steps: labels by how sure the networks were, in percent of all, now and before.
        least: those of which they were least sure.
    """

    attribute: Attribute
    sight: Sight
    flags: list[Point]
    sureness: list[Level]
    mix: list[Mix]
    steps: tuple[list[str], list[float], list[float]]
    least: list[Prediction]


def page(run: AuditRun, chosen: str) -> dict[str, Any]:
    """All that the page shows; ``chosen`` is the code of an attribute, or "" for the first."""
    profile = profiles.read(run)
    before = profiles.earlier(run) if profile and profile.attributes else {}
    attributes = {one.code: one for one in Attribute.objects.all() if profile and one.code in profile.attributes}
    found = list(_warnings(profile, before.values(), attributes)) if profile and before else []
    warnings = found[:WARNINGS]
    attribute = attributes.get(chosen) or next(iter(attributes.values()), None)
    sight = profile.attributes[attribute.code] if profile and attribute else Sight()
    keys = [key for _sureness, key in sight.least] + [key for one in warnings for key in one.predictions]
    rows = Prediction.objects.select_related("product", "picture", "label_value", "top_value").in_bulk(keys)
    for one in warnings:
        one.shown.extend(rows[key] for key in one.predictions if key in rows)
    return {
        "run": run,
        "progress": describe(run.job, timezone.now()),
        "reasons": sentences(run.reasons),
        "profile": profile,
        "before": list(before),
        "is_first": not before and not profiles.has_predecessor(run),
        "warnings": warnings,
        "more": len(found) - len(warnings),
        "attributes": list(attributes.values()),
        "view": _view(run, attribute, profile, before, rows) if profile and attribute else None,
    }


def _view(
    run: AuditRun,
    attribute: Attribute,
    profile: Profile,
    before: Mapping[AuditRun, Profile],
    rows: Mapping[int, Prediction],
) -> View:
    sights = {one: seen.attributes.get(attribute.code, Sight()) for one, seen in reversed(list(before.items()))}
    sights[run] = profile.attributes[attribute.code]
    own, earlier = sights[run], Sight.sum(sight for one, sight in sights.items() if one != run)
    names = {one: f"#{one.pk} · {date_format(localtime(one.job.created_at), DAY)}" for one in sights}
    return View(
        attribute=attribute,
        sight=own,
        flags=[Point(names[one], Share(sight.flagged, sight.looked)) for one, sight in sights.items()],
        sureness=[Level(names[one], sight.mean) for one, sight in sights.items()],
        mix=_mix(attribute, own, earlier),
        steps=(
            [f"{100 * step // STEPS}–{100 * (step + 1) // STEPS}%" for step in range(STEPS)],
            _percent(own.steps),
            _percent(earlier.steps),
        ),
        least=[rows[key] for _sureness, key in own.least if key in rows],
    )


def _percent(numbers: list[int]) -> list[float]:
    return [100 * number / (sum(numbers) or 1) for number in numbers]


def _mix(attribute: Attribute, now: Sight, before: Sight) -> list[Mix]:
    values = {value.code: value for value in Value.objects.filter(attribute=attribute)}
    ranked = sorted(now.values.keys() | before.values.keys(), key=lambda code: (-now.values[code], code))
    return [
        Mix(
            values[code].name if code in values else code,
            values.get(code),
            now.values[code] / (now.looked or 1),
            before.values[code] / before.looked if before.looked else None,
        )
        for code in ranked[:LISTED]
    ]


# --- warnings ---------------------------------------------------------------------------------------------------------


def _warnings(profile: Profile, before: Iterable[Profile], attributes: Mapping[str, Attribute]) -> Iterator[Warned]:
    earlier = list(before)
    types = {value.code: value.name for value in Value.objects.filter(attribute__code=Attribute.GARMENT_TYPE)}
    for code, attribute in attributes.items():
        own = profile.attributes[code]
        known = Sight.sum(one.attributes.get(code, Sight()) for one in earlier)
        told = {change.what: change.size for change in changes(own, known)}
        new, news = profile.part(code, NEW, ""), _("%(attribute)s, new products") % {"attribute": attribute.name}
        if new.labels == own.labels:
            yield from _said(news, own, known)
        else:
            yield from _said(attribute.name, own, known)
            yield from _said(news, new, known, told, mix=False)
        for kind, title in ((TYPE, types), (BRAND, {})):
            for name, sight in profile.parts.get(code, {}).get(kind, {}).items():
                same = Sight.sum(one.part(code, kind, name) for one in earlier)
                # Of a brand that came with this run there is nothing earlier: it is compared with all the others.
                other = known if kind == BRAND and not same.labels else same
                head = _("%(attribute)s, %(part)s") % {"attribute": attribute.name, "part": title.get(name, name)}
                yield from _said(head, sight, other, told, mix=other is same)


def _said(
    subject: str, now: Sight, before: Sight, whole: Mapping[str, float] | None = None, *, mix: bool = True
) -> Iterator[Warned]:
    """What has changed, in words.

    Args:
        subject: an attribute, or a part of it.
        now, before: what is compared.
        whole: what has changed of the whole, and how far; of a part that is told again where it stands out.
        mix: whether another mix of values is told; other products than before have another one.
    """
    for change in changes(now, before):
        known = abs((whole or {}).get(change.what, 0.0))
        if abs(change.size) > _STANDS_OUT * known and (mix or change.what != VALUES):
            pictures = now.unread if change.what == PROBLEMS else [key for _sureness, key in now.least]
            yield Warned(_head(subject, change), _meaning(change), pictures[:PICTURES])


def _head(subject: str, change: Change) -> str:
    numbers = {"subject": subject, "now": percent(change.now), "before": percent(change.before)}
    if change.what == VALUES:
        return _("%(subject)s: the pictures show other values than before, or in another proportion.") % numbers
    if change.what == FLAGS:
        return _("%(subject)s: %(now)s of the labels are flagged; in the runs before it was %(before)s.") % numbers
    if change.what == PROBLEMS:
        return _("%(subject)s: %(now)s of the pictures cannot be used; in the runs before it was %(before)s.") % numbers
    if (change.now or 0) < (change.before or 0):
        return _("%(subject)s: the program is less sure, %(now)s on average; before it was %(before)s.") % numbers
    return _("%(subject)s: the program is surer than before, %(now)s on average; it was %(before)s.") % numbers


def _meaning(change: Change) -> str:
    if change.what == VALUES:
        return _(
            "A new season or another range of products does that, and then all is well. If it is not that, look at"
            " the pictures: perhaps they are of something else than before."
        )
    if change.what == FLAGS:
        return _(
            "Either a part of the list came with wrong labels, or the program does not know such pictures. Decide a"
            " few of these flags first: if most of them are mistaken, rely less on the rest and have the model trained"
            " with what you have decided."
        )
    if change.what == PROBLEMS:
        return _(
            "Files may be missing or damaged, or the pictures show no garment of the product's type. Look at a few of"
            " them, and ask whoever sends the pictures."
        )
    if change.what == SURENESS and (change.now or 0) > (change.before or 0):
        return _("That is no harm. Many very similar pictures do it; look whether the same picture came many times.")
    return _(
        "The photographs may be of a kind that the model has not learned: another background, light or cut, other"
        " garments. Look at the pictures below. Rely less on the flags of these products for now, and decide some of"
        " them first: such decisions teach the next model the most."
    )
