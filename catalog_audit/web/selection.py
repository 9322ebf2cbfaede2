"""The filters of the flag queue as they stand in an address."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from django.http import QueryDict

from catalog_audit.audits.models import Flag
from catalog_audit.review.queue import GAIN, MINE, PROBABILITY, VALUE, Selection

#: States that a person can ask for; flags that a newer audit closed are nobody's work.
STATES = (
    Flag.State.OPEN, Flag.State.SECOND, Flag.State.SETTLING, Flag.State.DISPUTED, Flag.State.ACCEPTED,
    Flag.State.FIXED, MINE,
)  # fmt: skip
ORDERS = (PROBABILITY, VALUE, GAIN)


def read_selection(parameters: QueryDict) -> Selection:
    """The selection of an address; an unknown state counts as open."""
    state, order, run = (parameters.get(name, "") for name in ("state", "order", "run"))
    return Selection(
        shop=parameters.get("shop", ""),
        attribute=parameters.get("attribute", ""),
        state=state if state in STATES else Flag.State.OPEN,
        label=parameters.get("label", ""),
        suggested=parameters.get("suggested", ""),
        garment_type=parameters.get("garment_type", ""),
        p_from=_probability(parameters.get("p_from", ""), unless=0.0),
        p_to=_probability(parameters.get("p_to", ""), unless=1.0),
        reviewer=parameters.get("reviewer", ""),
        run=int(run) if run.isdecimal() and len(run) < 19 else None,
        brand=parameters.get("brand", "").strip(),
        order=order if order in ORDERS else PROBABILITY,
    )


def _probability(text: str, unless: float) -> float | None:
    """A bound; None for what is none, and for the one that restricts nothing."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 and number != unless else None


def write_selection(selection: Selection) -> str:
    """The parameters of an address with that selection, "" for the ordinary queue."""
    fields = {name: str(value) for name, value in asdict(selection).items() if value not in ("", None)}
    if fields.get("state") == Flag.State.OPEN:
        del fields["state"]
    if fields["order"] == PROBABILITY:
        del fields["order"]
    return urlencode(fields)
