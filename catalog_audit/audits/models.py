"""Audit runs, what the networks predicted, and the flags that came of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.jobs.models import Job
from catalog_audit.keeping import Kept
from catalog_audit.registry.models import ModelVersion


class AuditRun(models.Model):
    """One audit of one shop."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="audits")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="audit")
    model_versions = models.JSONField(default=dict, help_text=_("Role of a model -> its version."))
    values_in_use = models.JSONField(default=dict, help_text=_("Attribute -> the values that the shop uses."))
    unchanged = models.PositiveIntegerField(default=0, help_text=_("Products that did not have to be looked at."))
    reasons = models.JSONField(default=dict, help_text=_("Why products had to be looked at -> how many."))

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.shop} #{self.pk}"


class RunProfile(models.Model):
    """What a run saw, summed up when it ended: see :mod:`catalog_audit.audits.profiles`, which writes and reads it."""

    run = models.OneToOneField(AuditRun, on_delete=models.CASCADE, primary_key=True, related_name="profile")
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.run_id)


class Prediction(models.Model):
    """What the networks said of one attribute of one product. Append-only but for ``current``.

    ``fingerprint`` digests all that the prediction depends on (pictures, label, models): while it stays the same the
    prediction stays too. ``parts`` are short digests of each of these ("" in rows of earlier versions of the program),
    so that it can be told which of them changed. ``picture`` is the one that is shown of those that were looked at;
    ``attention`` says where the network sees the suggested value, ``attention_label`` where it sees the label's.
    """

    run = models.ForeignKey(AuditRun, on_delete=models.CASCADE, related_name="predictions")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="predictions")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT)
    picture = models.ForeignKey(Picture, null=True, on_delete=models.SET_NULL)
    fingerprint = models.CharField(max_length=64)
    parts = models.CharField(max_length=64, blank=True, default="")
    current = models.BooleanField(default=True)
    segmenter = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    classifier = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    label_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    problem = models.CharField(max_length=40, blank=True, help_text=_("Why nothing was predicted; empty when it was."))
    top_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    p_wrong = models.FloatField(null=True, help_text=_("Probability 0..1 that the label is wrong."))
    state = models.CharField(max_length=20, help_text=_("ok, flagged, disputed, unmapped or unreadable."))
    probabilities = models.JSONField(default=dict, help_text=_("Value code -> probability 0..1."))
    palette = models.JSONField(default=list, help_text=_("[[#rrggbb, share 0..1], ...], largest share first."))
    region_share = models.FloatField(default=0.0)
    mask = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    attention = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    attention_label = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "attribute"], condition=Q(current=True), name="one_current_prediction"
            )
        ]
        indexes = [
            models.Index(fields=["product", "attribute", "-created_at"]),
            # The latest products of which the networks are sure that they have a value: examples beside a flag.
            models.Index(
                fields=["label_value", "-id"], condition=Q(current=True, state="ok"), name="audits_prediction_sure"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.state}"


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
