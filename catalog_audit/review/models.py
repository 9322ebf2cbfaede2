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
from catalog_audit.catalog.models import Attribute, Product, Value


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
