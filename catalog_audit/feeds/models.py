"""Imports of feeds, and what became of their rows."""

from __future__ import annotations

from pathlib import Path

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.models import Job


class FeedImport(models.Model):
    """One import of one feed into one shop.

    ``last_line`` and the counts are saved together with the products of a batch, so that an import whose process was
    killed goes on after the last batch that is in the database, and counts no row twice.
    """

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="feed_import")
    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="imports")
    shop_slug = models.SlugField(help_text=_("The shop is made when the first row goes in."))
    source_name = models.CharField(max_length=255, help_text=_("The file's own name."))
    source_path = models.CharField(max_length=1000)
    images_path = models.CharField(max_length=1000)
    mapping = models.JSONField(default=dict, help_text=_("Field -> column, as the person said."))
    columns = models.JSONField(default=dict, help_text=_("Field -> column, as it was read."))
    notes = models.JSONField(default=list, help_text=_("What was found out about the file, in sentences."))
    dry_run = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="en", help_text=_("In which the reasons are written."))
    last_line = models.PositiveIntegerField(default=0, help_text=_("The last line that is dealt with."))
    new = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    unusable_pictures = models.JSONField(default=dict, help_text=_("Problem -> number of pictures."))
    unmapped_words = models.PositiveIntegerField(default=0, help_text=_("Words that map to nothing in the dictionary."))

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.shop_slug}: {self.source_name}"

    @property
    def source(self) -> Path:
        """The feed's file."""
        return Path(self.source_path)

    @property
    def images(self) -> Path:
        """The folder in which the feed's pictures lie."""
        return Path(self.images_path)


class RowResult(models.Model):
    """What became of a row: every rejected row is kept, and the first of those that changed something."""

    class Outcome(models.TextChoices):
        NEW = "new", _("new")
        UPDATED = "updated", _("updated")
        UNCHANGED = "unchanged", _("unchanged")
        REJECTED = "rejected", _("rejected")

    feed_import = models.ForeignKey(FeedImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(help_text=_("Where the row starts in the file, from 1."))
    external_id = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    field = models.CharField(max_length=50, blank=True, help_text=_("What is wrong, when the row was rejected."))
    reason = models.CharField(max_length=500, blank=True)
    diff = models.JSONField(default=dict, help_text=_("Field -> [old, new]."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed_import", "line"], name="row_of_import")]
        indexes = [models.Index(fields=["feed_import", "outcome", "line"])]
        ordering = ["feed_import", "line"]

    def __str__(self) -> str:
        return f"{self.line}: {self.outcome}"
