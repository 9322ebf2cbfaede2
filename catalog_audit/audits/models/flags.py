"""Flags, and their numbers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.audits.models.runs import AuditRun, Prediction
from catalog_audit.catalog.models import Attribute, Label, Product, Shop, Value


class Flag(models.Model):
    """A label that a person should look at.

    ``open`` flags are the main queue, ``disputed`` ones (several values are defensible) lie beside it. A person who is
    not sure makes a flag ``second``: it waits for another person; where the two do not agree it is ``settling`` and
    waits for an admin.

    ``gain`` is the probability that taking the suggestion mends the label: ``p_wrong`` times the probability of the
    suggested value. ``decided_by`` is who gave the latest verdict that stands. A lease (``leased_to`` until
    ``leased_until``) keeps a flag out of other people's hands while somebody looks at it; it hinders nobody from
    deciding.

    Which index serves which question is said in :mod:`catalog_audit.review.selecting`.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DISPUTED = "disputed", _("disputed")
        SECOND = "second", _("waits for a second person")
        SETTLING = "settling", _("waits for an admin")
        ACCEPTED = "accepted", _("accepted")
        FIXED = "fixed", _("fixed")
        CLOSED = "closed", _("closed by a newer audit")

    class Kind(models.TextChoices):
        FLAG = "flag", _("flag")
        CHECK = "check", _("check item, the answer is known")
        SAMPLE = "sample", _("sample of what was not flagged")

    #: Waits for a person.
    UNDECIDED = (State.OPEN, State.DISPUTED, State.SECOND, State.SETTLING)
    #: A person has said something, but not the last word.
    IN_DISPUTE = (State.SECOND, State.SETTLING)

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="flags", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="flags", db_index=False)
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, db_index=False)
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="flags")
    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="flags")
    run = models.ForeignKey(AuditRun, null=True, on_delete=models.CASCADE, related_name="flags", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FLAG)
    garment_type = models.ForeignKey(
        Value, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    label_value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+", db_index=False)
    suggested = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+", db_index=False)
    known_value = models.ForeignKey(
        Value,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Check items only: the right answer."),
    )
    p_wrong = models.FloatField()
    gain = models.FloatField(default=0.0, help_text=_("Probability 0..1 that taking the suggestion mends the label."))
    raised_as = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="decided_flags",
        db_index=False,
    )
    leased_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leases",
        db_index=False,
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "attribute"],
                condition=Q(state__in=("open", "disputed", "second", "settling"), kind__in=("flag", "sample")),
                name="one_undecided_flag",
            ),
            models.UniqueConstraint(
                fields=["product", "attribute"], condition=Q(state="open", kind="check"), name="one_open_check"
            ),
        ]
        indexes = [
            # The kind at the end lets flags from a probability on be counted from the index alone.
            models.Index(fields=["state", "-p_wrong", "id", "kind"], name="audits_flag_surest"),
            models.Index(fields=["shop", "state", "-p_wrong", "id"]),
            models.Index(fields=["attribute", "state", "-p_wrong", "id"], name="audits_flag_attribute"),
            models.Index(fields=["garment_type", "state", "-p_wrong", "id"], name="audits_flag_garment"),
            models.Index(fields=["label_value", "state", "-p_wrong", "id"], name="audits_flag_label"),
            models.Index(fields=["suggested", "state", "-p_wrong", "id"], name="audits_flag_suggested"),
            models.Index(fields=["run", "state", "-p_wrong", "id"], name="audits_flag_run"),
            models.Index(fields=["decided_by", "state", "-p_wrong", "id"], name="audits_flag_reviewer"),
            models.Index(fields=["state", "label_value", "suggested", "-p_wrong", "id"], name="audits_flag_pairs"),
            models.Index(
                fields=["shop", "state", "label_value", "suggested", "-p_wrong", "id"], name="audits_flag_shop_pairs"
            ),
            models.Index(fields=["state", "-gain", "id"], name="audits_flag_gain"),
            models.Index(fields=["shop", "state", "-gain", "id"], name="audits_flag_shop_gain"),
            models.Index(fields=["kind", "state", "shop", "id"], name="audits_flag_kind"),
            # The first check item or sample of all shops, without sorting those that wait.
            models.Index(fields=["kind", "state", "id"], condition=~Q(kind="flag"), name="audits_flag_mixed"),
            models.Index(fields=["product", "attribute"]),
            models.Index(fields=["leased_to"], condition=Q(leased_to__isnull=False), name="audits_flag_leases"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.state}"

    @property
    def is_undecided(self) -> bool:
        """Whether a person has still to decide."""
        return self.state in self.UNDECIDED


#: A key without constraint and index.
_LOOSE: dict[str, Any] = {
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
    "db_index": False,
    "related_name": "+",
}


class FlagCount(models.Model):
    """So many flags more (or fewer) of one sort; the sum over a sort's rows is how many there are.

    Triggers of the database write a row for every flag that comes, goes or changes, see
    :mod:`catalog_audit.audits.counting`; check items and samples are not counted. Nothing is deleted along with a shop
    or a value: its flags go, and with them the sums become zero.
    """

    shop = models.ForeignKey(Shop, **_LOOSE)
    attribute = models.ForeignKey(Attribute, **_LOOSE)
    garment_type = models.ForeignKey(Value, null=True, **_LOOSE)
    label_value = models.ForeignKey(Value, **_LOOSE)
    suggested = models.ForeignKey(Value, **_LOOSE)
    state = models.CharField(max_length=20, choices=Flag.State.choices)
    number = models.IntegerField()
    folded = models.BooleanField(help_text=_("Whether it is a sum already."))

    class Meta:
        indexes = [
            # All of a sort and the number, so that sums are read from the index alone: a large catalogue has tens of
            # thousands of sorts.
            models.Index(
                fields=["state", "shop", "attribute", "garment_type", "label_value", "suggested", "number"],
                name="audits_count_sums",
            ),
            # The few columns of coarse sums; equal entries share their room, so it is a tenth of the table.
            models.Index(fields=["state", "shop", "attribute", "number"], name="audits_count_coarse"),
            models.Index(fields=["folded", "id"], name="audits_count_folded"),
        ]

    def __str__(self) -> str:
        return f"{self.number:+} {self.state}"
