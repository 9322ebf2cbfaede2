"""Shops, products, pictures, labels, and the one dictionary that all shops' words are mapped to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog import words


class Shop(models.Model):
    """A shop whose catalogue is audited."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class Named(models.Model):
    """Something that has a name in each of the two languages."""

    name_en = models.CharField(_("English name"), max_length=100)
    name_ru = models.CharField(_("Russian name"), max_length=100)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of the current page."""
        return self.name_ru if (get_language() or "en").startswith("ru") else self.name_en


class Attribute(Named):
    """A property that shops label: colour, garment_type, length, pattern."""

    COLOUR = "colour"
    GARMENT_TYPE = "garment_type"
    LENGTH = "length"
    PATTERN = "pattern"

    code = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]


class Value(Named):
    """A value of the unified dictionary."""

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="values")
    code = models.SlugField()
    swatch = models.CharField(
        max_length=200, blank=True, help_text=_("One #rrggbb, or several separated by spaces for a gradient.")
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    garment_group = models.CharField(
        max_length=20, blank=True, help_text=_("Garment types only: which part of the picture is the product.")
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attribute", "code"], name="value_code")]
        ordering = ["attribute", "position", "code"]

    @property
    def swatches(self) -> list[str]:
        """The swatch's colours, one for a plain value."""
        return self.swatch.split()


class Synonym(models.Model):
    """A word that means a value, for every shop or for one."""

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE)
    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE)
    word = models.CharField(max_length=200, help_text=_("In normalised form."))
    value = models.ForeignKey(Value, on_delete=models.CASCADE, related_name="synonyms")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        # Two constraints, because SQLite knows no NULLS NOT DISTINCT.
        constraints = [
            models.UniqueConstraint(fields=["attribute", "shop", "word"], name="synonym_of_shop"),
            models.UniqueConstraint(
                fields=["attribute", "word"], condition=models.Q(shop=None), name="synonym_of_every_shop"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word} -> {self.value_id}"

    def clean(self) -> None:
        self.word = words.exact_key(self.word)
        if not self.word:
            raise ValidationError({"word": _("A word cannot be blank.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.word = words.exact_key(self.word)
        super().save(*args, **kwargs)


class Product(models.Model):
    """One product of a shop's feed."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="products")
    external_id = models.CharField(max_length=200)
    title = models.CharField(max_length=500, blank=True)
    group = models.CharField(max_length=200, blank=True, help_text=_("The design: its colours share it."))
    brand = models.CharField(
        max_length=200, blank=True, help_text=_("Brand, maker or supplier, as the shop writes it.")
    )
    description = models.TextField(blank=True)
    url = models.URLField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "external_id"], name="product_of_shop")]
        indexes = [models.Index(fields=["shop", "group"]), models.Index(fields=["brand"], name="catalog_product_brand")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title or self.external_id


class Picture(models.Model):
    """A picture of a product. The file lies under its content's hash, so that a picture is stored once."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="pictures")
    position = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=1000, help_text=_("As the feed names it."))
    sha256 = models.CharField(max_length=64, blank=True)
    suffix = models.CharField(max_length=10, blank=True, help_text=_("Of the stored file, from its content."))
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=40, blank=True, help_text=_("Why it cannot be used; empty when it can."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "position"], name="picture_position")]
        # Other products with the same picture.
        indexes = [models.Index(fields=["sha256"], name="catalog_picture_content")]
        ordering = ["product", "position"]

    def __str__(self) -> str:
        return self.source


class Label(models.Model):
    """What the shop says of an attribute of a product, and what people said of that.

    ``raw`` is the shop's own word and ``value`` what the dictionary makes of it (None: unmapped). ``correction`` is
    the value a person chose instead. When the shop sends another word, verdict and correction are cleared: they were
    about the old word (the decisions themselves stay, see :mod:`catalog_audit.review`).
    """

    class Verdict(models.TextChoices):
        NONE = "", _("not reviewed")
        ACCEPTED = "accepted", _("accepted")
        FIXED = "fixed", _("fixed")

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="labels")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT)
    raw = models.CharField(max_length=200)
    value = models.ForeignKey(Value, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=20, choices=Verdict.choices, default=Verdict.NONE, blank=True)
    correction = models.ForeignKey(Value, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "attribute"], name="label_of_product")]
        indexes = [models.Index(fields=["attribute", "raw"]), models.Index(fields=["attribute", "value"])]

    def __str__(self) -> str:
        return self.raw

    @property
    def current(self) -> Value | None:
        """The value that holds now: the correction, or the shop's own."""
        return self.correction or self.value
