"""Reasons and origins of training sets in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog_audit.training import set_labels, sets
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.set_writing import CROWDED

#: Stands before a number.
REASONS: dict[str, Promise] = {
    set_labels.WAITS: _("Labels with a flag that nobody has decided yet"),
    set_labels.UNSETTLED: _("Labels about which somebody was not sure and that nobody has settled yet"),
    set_labels.HELD: _("Labels that are check items: their answers measure models and people"),
    set_labels.UNMAPPED: _("Labels whose word means nothing yet"),
    set_labels.UNREADABLE: _("Labels of products without a picture that shows them"),
    set_labels.UNKNOWN_GARMENT: _("Labels of products whose garment type is unknown"),
    CROWDED: _("Pictures that many designs share, so that they show none of them"),
}

ORIGINS: dict[str, Promise] = {
    sets.SHOP: _("the shop's word"),
    sets.REVIEWER: _("decided by reviewers"),
    sets.SETTLED: _("settled by an admin"),
    sets.EXTERNAL: _("from outside"),
}


def reasons(training_set: TrainingSet) -> list[tuple[str, int]]:
    """What was left out of a set: words and number, the most first."""
    numbers = sorted(training_set.left_out.items(), key=lambda item: -item[1])
    return [(str(REASONS.get(reason, reason)), number) for reason, number in numbers]
