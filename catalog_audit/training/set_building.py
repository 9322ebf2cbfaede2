"""Training sets as jobs: one is made at a time, with progress; made again after a crash, since nothing was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Product, Shop
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.training import sets
from catalog_audit.training.models import TrainingSet, TrainingSetBuild
from catalog_audit.training.set_labels import Lesson, Lessons
from catalog_audit.training.set_writing import set_writer
from catalog_audit.training.sets import SetError

#: One set is made at a time.
SUBJECT: Final = "training sets"

#: Stages of a job: products are read; examples are sorted and written.
READING, WRITING = "reading", "writing"

#: Called with the products read so far and all of them.
Tell = Callable[[int, int], None]


def start_build(
    shops: Sequence[Shop] = (),
    added: Sequence[TrainingSet] = (),
    *,
    user: Any = None,
    note: str = "",
    detach: bool = True,
) -> TrainingSetBuild:
    """Ask for a training set.

    Args:
        shops: whose catalogues; none means all.
        added: sets whose examples go in as well, but for those of shops that are read anew.
        user: who asked.
        note: kept with the set.
        detach: hand it to a worker; otherwise the caller goes on with :func:`build`.

    Raises:
        AlreadyRunning: another set is being made.
    """
    with transaction.atomic():
        job = service.start(Job.Kind.TRAINING_SET, SUBJECT, user=user)
        asked = TrainingSetBuild.objects.create(
            job=job,
            shops=sorted(shop.slug for shop in shops),
            added=sorted(one.content_hash for one in added),
            note=note,
            language=translation.get_language() or "en",
        )
        if detach:
            dispatch.enqueue(job)
    return asked


def build(asked: TrainingSetBuild, tell: Tell = lambda done, total: None) -> TrainingSet:
    """Make a set that was asked for, in this process.

    Args:
        asked: the request.
        tell: called after each batch of products.

    Returns:
        The set; an older one when the catalogue still teaches the same. The job's result says under ``new`` which.

    Raises:
        AlreadyRunning: another process has the job.
        SetError: a shop or an added set is gone, or there is nothing to learn from.
        FileProblem: the file cannot be written.
        Cancelled: somebody stopped it.
    """
    with service.working(asked.job) as progress, translation.override(asked.language), set_writer() as writer:
        shops = _shops(asked)
        total = Product.objects.filter(shop__in=shops).count()
        left_out: Counter[str] = Counter()
        done = 0
        progress.stage(READING)
        for shop in shops:
            lessons = Lessons(shop)
            for batch in lessons.batches():
                writer.add(batch)
                progress.advance(done + lessons.products, total)
                tell(done + lessons.products, total)
            done += lessons.products
            left_out += lessons.left_out
        progress.stage(WRITING)
        for content_hash in asked.added:
            writer.add(_known(sets.find(content_hash), {shop.slug for shop in shops}))
        made, is_new = writer.finish(
            left_out, lambda: progress.advance(done, total), note=asked.note, created_by=asked.job.created_by
        )
        TrainingSetBuild.objects.filter(pk=asked.pk).update(training_set=made)
        progress.result({"training_set": made.content_hash, "new": is_new})
    return made


def _known(training_set: TrainingSet, anew: set[str]) -> Iterator[Lesson]:
    """The examples of a set, but for those of shops that are read anew, as lessons."""
    for one in sets.examples_of(training_set):
        if one.shop not in anew:
            yield Lesson(
                sha256=one.sha256,
                shop=one.shop,
                external_id=one.external_id,
                picture=one.picture,
                attribute=one.attribute,
                design=one.design,
                garment_group=one.garment_group,
                values=one.values,
                origin=one.origin,
                verified="1" if one.verified else "0",
            )


def _shops(asked: TrainingSetBuild) -> list[Shop]:
    shops = Shop.objects.order_by("slug")
    if not asked.shops:
        return list(shops)
    found = list(shops.filter(slug__in=asked.shops))
    gone = set(asked.shops) - {shop.slug for shop in found}
    if gone:
        raise SetError(_("There is no shop “%(name)s”.") % {"name": ", ".join(sorted(gone))})
    return found
