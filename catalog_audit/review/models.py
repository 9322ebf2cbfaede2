"""Decisions about flags: append-only, undone by another decision, never changed or deleted."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Product, Shop, Value


class AppendOnly(models.QuerySet["Decision"]):
    """Decisions are added, nothing else."""

    def said(self) -> AppendOnly:
        """Those that say something about a label and were not undone."""
        return self.filter(verdict__in=Decision.SAID, undone_by=None)

    def skips_of(self, user: User) -> AppendOnly:
        """What a person skipped."""
        return self.filter(user=user, verdict=Decision.Verdict.SKIP, undone_by=None)

    def update(self, **kwargs: Any) -> int:
        raise HistoryIsFixed

    def delete(self) -> tuple[int, dict[str, int]]:
        raise HistoryIsFixed


class HistoryIsFixed(TypeError):
    """Code tried to change or delete a decision."""

    def __init__(self) -> None:
        super().__init__("a decision is never changed or deleted; undo it by another decision")


class Decision(models.Model):
    """One act of one person on one flag.

    ``token`` is made by the browser: a decision sent twice (a retry after a lost connection) is stored once. Decisions
    that were made in one go share a ``batch``. ``before`` and ``after`` are the flag's states around it: the label
    changed when ``after`` is accepted or fixed. Of a dispute, ``new_value`` is what the person leans to.
    """

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("label is right")
        FIX = "fix", _("label fixed")
        DISPUTE = "dispute", _("not sure")
        BOTH = "both", _("both are right")
        SKIP = "skip", _("skipped")
        UNDO = "undo", _("undone")

    #: What says something about the label.
    SAID = (Verdict.ACCEPT, Verdict.FIX, Verdict.DISPUTE, Verdict.BOTH)

    token = models.UUIDField(unique=True, default=uuid.uuid4)
    batch = models.UUIDField(null=True, blank=True)
    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="decisions")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="decisions")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT)
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    before = models.CharField(max_length=20, choices=Flag.State.choices, blank=True)
    after = models.CharField(max_length=20, choices=Flag.State.choices, blank=True)
    raw = models.CharField(max_length=200, help_text=_("The shop's word at that moment."))
    old_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    new_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    undoes = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AppendOnly.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"], name="review_decision_time"),
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["product", "-created_at"]),
            models.Index(fields=["flag", "-created_at"]),
            # The latest products that people gave a value: examples beside a flag.
            models.Index(fields=["new_value", "-id"], name="review_decision_value"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="review_decision_batch"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verdict} {self.flag_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise HistoryIsFixed
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise HistoryIsFixed


class SavedView(models.Model):
    """Filters of the queue that a person has given a name; a shared one is everybody's to use.

    ``query`` are the parameters of the queue's address, "" for the ordinary queue.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(_("for everybody"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_of_user")]
        indexes = [models.Index(fields=["name"], condition=Q(shared=True), name="review_savedview_shared")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


# --- summaries: what the dashboard reads instead of all decisions and labels ------------------------------------------

#: In a key of a summary: whatever it is, and none at all.
ANY, NONE = 0, -1


class Summary(models.Model):
    """How far a summary has been brought: one row for the decisions, one for the labels of each shop.

    ``seen`` is the key of the latest row that was looked at, 0 when all has to be done anew; ``words`` that of the
    latest synonym.
    """

    name = models.CharField(max_length=80, unique=True)
    seen = models.BigIntegerField(default=0)
    words = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True, help_text=_("Somebody has been counting since then."))

    def __str__(self) -> str:
        return self.name


def _key() -> models.BigIntegerField:
    """Key of a row, :data:`ANY` or :data:`NONE`. Without constraint: a sum over all shops outlives each of them."""
    return models.BigIntegerField(default=ANY)


class FlagDay(models.Model):
    """Standing verdicts of one day, once for every combination of given and of all shops, types and attributes.

    Of flags that were raised for the main queue: ``fixed``, ``accepted``, ``both``, ``unsure``. Of all but check items:
    ``settled``. Of everything: second verdicts that are the ``same`` ``of`` those that can be compared, and the same of
    double ones; see :mod:`catalog_audit.review.statistics`.
    """

    day = models.DateField()
    shop = _key()
    garment_type = _key()
    attribute = _key()
    fixed = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    both = models.IntegerField(default=0)
    unsure = models.IntegerField(default=0)
    settled = models.IntegerField(default=0)
    second_same = models.IntegerField(default=0)
    second_of = models.IntegerField(default=0)
    double_same = models.IntegerField(default=0)
    double_of = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "garment_type", "attribute", "day"], name="review_flagday_all")
        ]
        indexes = [
            # One key is left open, and the parts are told apart by it.
            models.Index(fields=["garment_type", "attribute", "day"], name="review_flagday_shops"),
            models.Index(fields=["shop", "attribute", "day"], name="review_flagday_types"),
            models.Index(fields=["shop", "garment_type", "day"], name="review_flagday_attributes"),
            models.Index(fields=["day"], name="review_flagday_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.shop} {self.garment_type} {self.attribute}"


class PairDay(models.Model):
    """Standing verdicts of one day about flags of a label and a suggestion, and how many of them were ``unsure``."""

    day = models.DateField()
    shop = _key()
    garment_type = _key()
    attribute = _key()
    label_value = _key()
    suggested = _key()
    unsure = models.IntegerField(default=0)
    number = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "garment_type", "label_value", "suggested", "day"], name="review_pairday_all"
            )
        ]
        indexes = [
            models.Index(
                fields=["shop", "garment_type", "day"], condition=Q(unsure__gt=0), name="review_pairday_unsure"
            ),
            models.Index(fields=["day"], name="review_pairday_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.label_value} {self.suggested}"


class PersonDay(models.Model):
    """What a person did in one day: ``verdicts`` and ``skips`` in so many ``hours``, undone ones too, since they were
    work; and of those that stand, check items answered rightly and agreement with who spoke before."""

    day = models.DateField()
    user = _key()
    verdicts = models.IntegerField(default=0)
    skips = models.IntegerField(default=0)
    hours = models.IntegerField(default=0)
    checks_right = models.IntegerField(default=0)
    checks_of = models.IntegerField(default=0)
    second_same = models.IntegerField(default=0)
    second_of = models.IntegerField(default=0)
    double_same = models.IntegerField(default=0)
    double_of = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="review_personday_all")]
        indexes = [models.Index(fields=["day"], name="review_personday_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.user}"


class Part(models.Model):
    """A part of a shop's labels of an attribute, and how many of them are flagged.

    ``by`` is what the part has in common and ``key`` the word, the day or the key of the garment type. ``p_value`` is
    how likely the difference from the rest is by chance, the number of parts left aside.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+", db_index=False)
    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="+", db_index=False)
    by = models.CharField(max_length=10)
    key = models.CharField(max_length=200)
    labels = models.IntegerField()
    flagged = models.IntegerField()
    rest_labels = models.IntegerField()
    rest_flagged = models.IntegerField()
    p_value = models.FloatField()

    class Meta:
        indexes = [
            models.Index(fields=["by", "p_value"], name="review_part_sure"),
            models.Index(fields=["shop", "attribute", "by", "p_value"], name="review_part_of_shop"),
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.key}"
