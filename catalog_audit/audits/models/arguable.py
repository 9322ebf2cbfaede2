"""Pairs of values that are both right."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.audits.models.flags import Flag
from catalog_audit.catalog.models import Attribute, Product, Shop, Value


class ArguablePair(models.Model):
    """Two values of a product of which a person said that both are right: no audit asks about the two again.

    ``decision`` is the token of the decision that said so; decisions themselves stand above audits.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="arguable_pairs", db_index=False)
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="+")
    low = models.ForeignKey(Value, on_delete=models.CASCADE, related_name="+", help_text=_("That with the lower key."))
    high = models.ForeignKey(Value, on_delete=models.CASCADE, related_name="+")
    decision = models.UUIDField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "attribute", "low", "high"], name="arguable_pair_of_product")
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.low_id} {self.high_id}"

    @staticmethod
    def key_of(flag: Flag) -> tuple[int, int, int, int]:
        """The pair that a flag is about: product, attribute, low, high."""
        low, high = sorted((flag.label_value_id, flag.suggested_id))
        return flag.product_id, flag.attribute_id, low, high


class ArguableRule(models.Model):
    """Two values between which nobody is asked to decide, as an admin said: everywhere, or in a shop or garment group.

    Rules are only added and ended, never changed or deleted. What they close and give back is a matter of
    :mod:`catalog_audit.audits.arguable`.
    """

    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT, related_name="+")
    low = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+", help_text=_("That with the lower key."))
    high = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+")
    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    garment_group = models.CharField(max_length=20, blank=True, help_text=_("Empty: all garments."))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        # Two constraints, because SQLite knows no NULLS NOT DISTINCT.
        constraints = [
            models.UniqueConstraint(
                fields=["low", "high", "shop", "garment_group"], condition=Q(ended_at=None), name="arguable_in_shop"
            ),
            models.UniqueConstraint(
                fields=["low", "high", "garment_group"],
                condition=Q(ended_at=None, shop=None),
                name="arguable_in_every_shop",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.low_id} {self.high_id}"


class SetAside(models.Model):
    """A flag that a rule has closed, and the state that it had; ``returned`` once the rule has ended.

    ``returned`` is None while the rule holds the flag, True when the flag came back, False when that was overtaken by
    something newer (a verdict, another word of the shop, a newer audit).
    """

    rule = models.ForeignKey(ArguableRule, on_delete=models.CASCADE, related_name="set_aside")
    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="set_aside")
    before = models.CharField(max_length=20, choices=Flag.State.choices)
    returned = models.BooleanField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flag"], condition=Q(returned=None), name="set_aside_by_one_rule")
        ]
        indexes = [models.Index(fields=["rule"], condition=Q(returned=None), name="audits_setaside_held")]

    def __str__(self) -> str:
        return f"{self.flag_id} {self.before}"
