"""The filters of the flag queue as they stand in an address."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from django.http import QueryDict

from catalog_audit.audits.models import Flag
from catalog_audit.review.queue import Selection

#: States that a person can ask for; flags that a newer audit closed are nobody's work.
STATES = (Flag.State.OPEN, Flag.State.DISPUTED, Flag.State.ACCEPTED, Flag.State.FIXED)


def read_selection(parameters: QueryDict) -> Selection:
    """The selection of an address; an unknown state counts as open."""
    state = parameters.get("state", "")
    return Selection(
        shop=parameters.get("shop", ""),
        attribute=parameters.get("attribute", ""),
        state=state if state in STATES else Flag.State.OPEN,
        label=parameters.get("label", ""),
        suggested=parameters.get("suggested", ""),
    )


def write_selection(selection: Selection) -> str:
    """The parameters of an address with that selection, "" for the ordinary queue."""
    fields = {name: str(value) for name, value in asdict(selection).items() if value}
    if fields.get("state") == Flag.State.OPEN:
        del fields["state"]
    return urlencode(fields)
