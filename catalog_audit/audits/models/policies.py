"""What admins set for reviews and flags."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog.models import Attribute, Shop
from catalog_audit.keeping import Kept


class ReviewPolicy(models.Model):
    """How much is asked beside the flags, and how long a flag is one person's; one row, which admins edit."""

    _SHARE = [MinValueValidator(0.0), MaxValueValidator(0.2)]

    check_share = models.FloatField(
        _("share of check items"), default=0.02, validators=_SHARE, help_text=_("0..0.2 of what a person is shown.")
    )
    sample_share = models.FloatField(
        _("share of samples"), default=0.02, validators=_SHARE, help_text=_("0..0.2 of what a person is shown.")
    )

    lease_minutes = models.PositiveSmallIntegerField(
        _("minutes of a lease"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("1..60. A flag that was handed out is handed to nobody else for so long."),
    )

    class Meta:
        verbose_name = _("review policy")
        verbose_name_plural = _("review policy")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_review_policy")]

    def __str__(self) -> str:
        return str(_("review policy"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> ReviewPolicy:
        """The row, or the defaults where nobody has saved it yet; shared, so nobody may change it.

        A change holds at once where it is saved, and some seconds later in other processes.
        """
        return _policy()


_policy: Kept[ReviewPolicy] = Kept(lambda: ReviewPolicy.objects.first() or ReviewPolicy(), seconds=3.0)
_policy.forget_with(ReviewPolicy)


class Weighing(models.Model):
    """How the labels of one attribute of one shop are weighed, all of them seen together.

    Predictions say what the networks saw; what a shop's own habits and people's verdicts make of that is learnt now
    and then from all of them (:mod:`catalog_audit.audits.weighing`) and kept here. While ``is_due`` the labels from
    product ``position`` on are still to be weighed, so that work that stops goes on where it was.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="weighings")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="+")
    wanted = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.5), MaxValueValidator(0.99)],
        help_text=_("Wanted share of flags that are right; empty: as is usual for the attribute."),
    )
    fitted = models.JSONField(default=dict, help_text=_("Version of a classifier -> what was learnt for its answers."))
    outlook = models.JSONField(default=list, help_text=_("What each precision that can be wanted comes to."))
    reliability = models.JSONField(default=list, help_text=_("[said, wrong, decided] of decided labels, by p_wrong."))
    labels = models.PositiveIntegerField(default=0, help_text=_("Labels that it was learnt from."))
    verdicts = models.PositiveIntegerField(default=0, help_text=_("People's verdicts that it was learnt from."))
    is_due = models.BooleanField(default=False)
    position = models.BigIntegerField(default=0)
    fitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "attribute"], name="one_weighing")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.attribute_id}"
