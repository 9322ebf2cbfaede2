"""What the page of the queue offers to filter by, with numbers where they are known without counting flags."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import AuditRun, Flag
from catalog_audit.catalog.models import Attribute, Product, Value
from catalog_audit.catalog.naming import Names, names_with
from catalog_audit.review.facets import Facets, facets
from catalog_audit.review.models import Decision
from catalog_audit.review.queue import GAIN, MINE, PROBABILITY, VALUE, Selection
from catalog_audit.web.selection import STATES
from catalog_audit.web.templatetags.ui import percent

#: Upper ends that are offered.
UPPER = (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
#: Audit runs that are offered.
RUNS = 30

_STATE_NAMES = {
    Flag.State.OPEN: gettext_lazy("To review"),
    Flag.State.SECOND: gettext_lazy("Second opinion"),
    Flag.State.SETTLING: gettext_lazy("To settle"),
    Flag.State.DISPUTED: gettext_lazy("Matter of opinion"),
    Flag.State.ACCEPTED: gettext_lazy("Label was right"),
    Flag.State.FIXED: gettext_lazy("Changed"),
    MINE: gettext_lazy("Mine"),
}
_ORDER_NAMES = {
    PROBABILITY: gettext_lazy("the surest errors first"),
    GAIN: gettext_lazy("the greatest gain first"),
    VALUE: gettext_lazy("by label and suggestion"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen.

    Attributes:
        code: what stands in the address.
        name: in the page's language.
        chosen: whether it is chosen now.
        number: flags that would be found; None where that is not known.
        group: the heading that it stands under, or "".
    """

    code: str
    name: str
    chosen: bool
    number: int | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """The options of every filter; those without any flag are left out where the numbers are known.

    ``brands`` says whether any product has a brand: there may be too many to choose from, so it is typed.
    """

    states: list[Option]
    orders: list[Option]
    shops: list[Option]
    attributes: list[Option]
    garment_types: list[Option]
    labels: list[Option]
    suggestions: list[Option]
    upper: list[Option]
    reviewers: list[Option]
    runs: list[Option]
    brands: bool


def filters(user: User, selection: Selection) -> Filters:
    """Gather the filters for a person; a fixed number of queries."""
    known = facets(user, selection)
    with_flags = Exists(Flag.objects.filter(attribute=OuterRef("pk"), kind=Flag.Kind.FLAG))
    keys = list(Attribute.objects.filter(with_flags).values_list("pk", flat=True))
    named = names_with(attributes=keys)
    attributes = [named.attributes[key] for key in keys]
    offered = {one.pk for one in attributes if selection.attribute in ("", one.code)}
    judged = [value for value in named.values.values() if value.attribute_id in offered]
    types = [value for value in named.values.values() if value.attribute.code == Attribute.GARMENT_TYPE]
    several = len(offered) > 1
    return Filters(
        states=_states(user, selection, known),
        orders=[Option(code, str(name), code == selection.order) for code, name in _ORDER_NAMES.items()],
        shops=[_option(known, "shop", shop.pk, shop.slug, shop.name, selection.shop) for shop in named.shops.values()],
        attributes=[_option(known, "attribute", one.pk, one.code, one.name, selection.attribute) for one in attributes],
        garment_types=_values(known, "garment_type", types, selection.garment_type),
        labels=_values(known, "label", judged, selection.label, grouped=several),
        suggestions=_values(known, "suggested", judged, selection.suggested, grouped=several),
        upper=_upper(selection),
        reviewers=_reviewers(selection),
        runs=_runs(selection, named),
        brands=bool(selection.brand) or _has_brands(),
    )


def _states(user: User, selection: Selection, known: Facets) -> list[Option]:
    return [
        Option(
            str(state),
            str(_STATE_NAMES[state]),
            state == selection.state,
            known.states.get(state, 0) if known.known and state != MINE else None,
        )
        for state in STATES
        if state != Flag.State.SETTLING or may_administer(user)
    ]


def _option(known: Facets, facet: str, key: int, code: str, name: str, chosen: str, group: str = "") -> Option:
    number = known.values[facet].get(key, 0) if facet in known.values else None
    return Option(code, name, code == chosen, number, group)


def _has_brands() -> bool:
    """Whether any product has a brand: the last one of the index, for where none has one a search reads them all."""
    return bool(Product.objects.order_by("-brand").values_list("brand", flat=True).first())


def _values(known: Facets, facet: str, values: list[Value], chosen: str, *, grouped: bool = False) -> list[Option]:
    options = [
        _option(known, facet, one.pk, one.code, one.name, chosen, one.attribute.name if grouped else "")
        for one in values
    ]
    return [option for option in options if option.number != 0 or option.chosen]


def _upper(selection: Selection) -> list[Option]:
    ends = {*UPPER, *([selection.p_to] if selection.p_to is not None else [])}
    return [Option(f"{end:g}", percent(end), end == selection.p_to) for end in sorted(ends, reverse=True)]


def _reviewers(selection: Selection) -> list[Option]:
    people = User.objects.filter(Exists(Decision.objects.filter(user=OuterRef("pk")))).order_by("username")
    return [Option(one.username, str(one), one.username == selection.reviewer) for one in people]


def _runs(selection: Selection, named: Names) -> list[Option]:
    runs = AuditRun.objects.select_related("job").only("shop", "job__created_at")
    shop = named.shop(selection.shop)
    if shop:
        runs = runs.filter(shop=shop)
    options = [
        Option(
            str(run.pk),
            f"{named.shops[run.shop_id]}, {date_format(localtime(run.job.created_at), 'SHORT_DATETIME_FORMAT')}",
            run.pk == selection.run,
        )
        for run in runs[:RUNS]
        if run.shop_id in named.shops
    ]
    if selection.run is not None and not any(option.chosen for option in options):
        options.append(Option(str(selection.run), _("audit %(number)s") % {"number": selection.run}, chosen=True))
    return options
