"""Narrowing what the API returns by parameters of the address."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from catalog_audit.audits.exporting import STATES
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label, Picture, Product


def moment(name: str, text: str) -> datetime:
    """Read an ISO 8601 moment; one without a time zone is taken as the server's.

    Raises:
        ValidationError: the text is none (status 400).
    """
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ValidationError({name: _("“%(text)s” is no moment in ISO 8601.") % {"text": text}})
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def state(text: str) -> str:
    """Check a state.

    Raises:
        ValidationError: there is no such state (status 400).
    """
    if text not in STATES:
        raise ValidationError(
            {"state": _("“%(text)s” is none of %(states)s.") % {"text": text, "states": ", ".join(STATES)}}
        )
    return text


def products_that_may_be(products: QuerySet[Product], wanted: str) -> QuerySet[Product]:
    """Leave out products that cannot have a row in the state.

    The exact state of a row is a matter of :mod:`catalog_audit.audits.exporting`; this only spares reading the pages
    of products that have none.
    """
    labels = Label.objects.filter(product=OuterRef("pk")).exclude(raw="")
    if wanted in (Label.Verdict.ACCEPTED, Label.Verdict.FIXED):
        return products.filter(Exists(labels.filter(verdict=wanted)))
    if wanted in ("flagged", "disputed"):
        raised = Flag.State.OPEN if wanted == "flagged" else Flag.State.DISPUTED
        waiting = Flag.objects.filter(kind=Flag.Kind.FLAG, raised_as=raised, state__in=Flag.UNDECIDED)
        return products.filter(Exists(waiting.filter(product=OuterRef("pk"))))
    if wanted == "unmapped":
        return products.filter(
            Exists(labels.filter(value=None)) | ~Exists(labels.filter(attribute__code=Attribute.COLOUR))
        )
    if wanted == "unreadable":
        problems = Prediction.objects.filter(product=OuterRef("pk"), current=True).exclude(problem="")
        usable = Picture.objects.filter(product=OuterRef("pk"), problem="")
        return products.filter(Q(Exists(problems)) | ~Exists(usable))
    return products
