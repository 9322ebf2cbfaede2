"""What people send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from catalog_audit.audits.models import ReviewPolicy
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.catalog.words import exact_key
from catalog_audit.review.batches import MOST, SUGGESTION
from catalog_audit.review.models import Decision
from catalog_audit.training.models import TrainingSet


class DecisionForm(forms.Form):
    """A verdict about one flag: ``choice`` is one of four words or the key of the value to change to.

    ``lean`` is the key of the value that somebody who is not sure leans to.
    """

    WORDS = (Decision.Verdict.ACCEPT, Decision.Verdict.DISPUTE, Decision.Verdict.BOTH, Decision.Verdict.SKIP)

    choice = forms.CharField(max_length=20)
    token = forms.UUIDField()
    lean = forms.ModelChoiceField(Value.objects.all(), required=False)

    def clean_choice(self) -> Value | str:
        """The chosen value, or one of the four words."""
        choice = self.cleaned_data["choice"]
        if choice in self.WORDS:
            return choice
        value = Value.objects.filter(pk=int(choice)).first() if choice.isdecimal() else None
        if value is None:
            raise ValidationError(_("Choose a value."))
        return value


class UndoForm(forms.Form):
    """An undo; ``of`` is the token of the decision to take back, empty for the person's last one."""

    token = forms.UUIDField()
    of = forms.UUIDField(required=False)


class BatchForm(forms.Form):
    """One choice about several flags of the grid; ``flags`` are their keys, separated by commas."""

    CHOICES = (Decision.Verdict.ACCEPT, Decision.Verdict.BOTH, SUGGESTION)

    choice = forms.ChoiceField(choices=[(str(choice), str(choice)) for choice in CHOICES])
    flags = forms.RegexField(r"^\d{1,18}(,\d{1,18})*$", max_length=20 * MOST)
    token = forms.UUIDField()

    def clean_flags(self) -> list[int]:
        """The keys."""
        return [int(key) for key in self.cleaned_data["flags"].split(",")]


class BatchUndoForm(forms.Form):
    """An undo of a whole batch; ``of`` is the batch's token."""

    token = forms.UUIDField()
    of = forms.UUIDField()


class ViewForm(forms.Form):
    """A view of the queue to save; ``query`` are the parameters of its address."""

    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000, required=False)
    shared = forms.BooleanField(required=False)


class RenameForm(forms.Form):
    """A view's new name."""

    name = forms.CharField(max_length=60)


class AuditForm(forms.Form):
    """Which shop to audit."""

    shop = forms.ModelChoiceField(Shop.objects.all(), label=_("Shop"))


class TrainingSetForm(forms.Form):
    """Of which shops to make a training set, none meaning all, and which sets from outside go in as well."""

    shops = forms.ModelMultipleChoiceField(
        Shop.objects.all(), required=False, label=_("Shops"), widget=forms.CheckboxSelectMultiple
    )
    added = forms.ModelMultipleChoiceField(
        TrainingSet.objects.exclude(name=""),
        required=False,
        label=_("Also what was brought in"),
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(
        max_length=500,
        required=False,
        label=_("Note"),
        help_text=_("For yourself: why this set was made. May stay empty."),
    )


class FeedForm(forms.Form):
    """A product list for a shop that exists or a new one."""

    shop = forms.ModelChoiceField(
        Shop.objects.all(), required=False, empty_label=_("A new shop"), to_field_name="slug", label=_("Shop")
    )
    new_shop = forms.SlugField(
        required=False,
        max_length=50,
        label=_("Short name of the new shop"),
        help_text=_("Latin letters, digits and hyphens, for example “spring-shop”."),
    )
    feed = forms.FileField(
        label=_("Product list"), help_text=_("A CSV file, one product per row, the column names in the first row.")
    )
    archive = forms.FileField(
        required=False,
        label=_("Pictures"),
        help_text=_("A ZIP file with the pictures that the product list names."),
    )
    dry_run = forms.BooleanField(
        required=False,
        label=_("Only try"),
        help_text=_("Says what would change and stores nothing."),
    )

    def clean(self) -> dict[str, Any]:
        """A shop is named one way or the other."""
        cleaned = super().clean() or {}
        if not cleaned.get("shop") and not cleaned.get("new_shop") and "new_shop" not in self.errors:
            self.add_error("new_shop", _("Choose a shop, or give the new one a short name."))
        return cleaned

    @property
    def slug(self) -> str:
        """The slug of the chosen or the new shop."""
        shop = self.cleaned_data["shop"]
        return shop.slug if shop else self.cleaned_data["new_shop"]


class MapWordForm(forms.Form):
    """What a shop's word means."""

    shop = forms.ModelChoiceField(Shop.objects.all(), to_field_name="slug")
    attribute = forms.ModelChoiceField(Attribute.objects.all(), to_field_name="code")
    raw = forms.CharField(max_length=200, strip=False)
    value = forms.ModelChoiceField(Value.objects.all(), error_messages={"required": _("Choose a value.")})

    def clean(self) -> dict[str, Any]:
        """The value is one of the attribute, and the word is not blank."""
        cleaned = super().clean() or {}
        if not exact_key(cleaned.get("raw", "")):
            self.add_error("raw", _("A word cannot be blank."))
        value, attribute = cleaned.get("value"), cleaned.get("attribute")
        if value and attribute and value.attribute_id != attribute.pk:
            self.add_error("value", _("This value belongs to another attribute."))
        return cleaned


class PolicyForm(forms.Form):
    """How much is asked beside the flags; shares in percent, as people say them."""

    checks = forms.FloatField(
        min_value=0,
        max_value=20,
        step_size=0.5,
        label=_("Check items, percent"),
        help_text=_("So many of a hundred flags that a person is shown are ones whose answer is known."),
    )
    samples = forms.FloatField(
        min_value=0,
        max_value=20,
        step_size=0.5,
        label=_("Samples, percent"),
        help_text=_("So many of a hundred are labels that the audit found nothing wrong with."),
    )
    lease = forms.IntegerField(
        min_value=1,
        max_value=60,
        label=_("Lease, minutes"),
        help_text=_("A flag that somebody looks at is handed to nobody else for so long."),
    )

    @classmethod
    def of(cls, policy: ReviewPolicy) -> PolicyForm:
        """The form that shows a policy."""
        shares = {"checks": policy.check_share, "samples": policy.sample_share}
        shown = {name: f"{share * 100:g}" for name, share in shares.items()}
        return cls(initial=shown | {"lease": policy.lease_minutes})

    def save(self) -> ReviewPolicy:
        """Store what was sent."""
        policy = ReviewPolicy.current()
        policy.check_share = self.cleaned_data["checks"] / 100
        policy.sample_share = self.cleaned_data["samples"] / 100
        policy.lease_minutes = self.cleaned_data["lease"]
        policy.save()
        return policy


class ChecksForm(forms.Form):
    """How many check items to make for which shop."""

    USUAL, MOST = 50, 500

    shop = forms.ModelChoiceField(Shop.objects.all(), to_field_name="slug")
    count = forms.IntegerField(min_value=1, max_value=MOST)
