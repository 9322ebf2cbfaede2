"""A second look at an audit's own numbers: all labels of a shop together, without their pictures.

An audit weighs each label as it comes. What a shop means by its words, how many of its labels are wrong and how often
people found flags right is known only afterwards. So when an audit is over, or an admin wants another precision, the
stored predictions of the shop are read again: first all of them, to learn (:func:`fit`), then a few hundred products
at a time, to weigh (:func:`catalog_audit.audits.reweighing.store`). Shops with few labels keep the first look's states
until an admin asks for a precision.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from django.db.models import Count
from django.utils import timezone

from catalog_audit.audits import arguable, reckoning, reweighing
from catalog_audit.audits.evidence import Seen, design_of, seen_in, version_of
from catalog_audit.audits.models import AuditRun, Flag, Prediction, Weighing
from catalog_audit.audits.reckoning import Evidence, Verdict
from catalog_audit.audits.scope import Scope, values_in_use
from catalog_audit.catalog.models import Attribute, Product, Shop
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.registry.service import active_models

#: More labels than this are not learnt from.
MOST_LABELS = 20_000
#: More verdicts, the latest, are not learnt from.
MOST_VERDICTS = 5_000
#: Bounds of p_wrong between which decided labels are told together.
_BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

_BATCH = 500

#: Where an audit looked at so large a share of the products, what is the shop's own is learnt anew.
RELEARN = 0.05

#: Says in the result of a job that waits that pictures of new flags may be read.
_EXPLAIN = "explain"
#: The same for the run whose products alone are to be weighed.
_RUN = "run"

#: Called with products done and, where that is known, products in all. What it raises stops the work, which can be
#: gone on with.
Report = Callable[..., None]


def start(
    shop: Shop,
    attribute: Attribute | None = None,
    user: Any = None,
    detach: bool = True,
    anew: bool = True,
    explain: bool = False,
) -> Job:
    """Have the labels of a shop weighed anew, of one attribute or of all.

    Args:
        shop: whose.
        attribute: which; all that the networks judge where None.
        user: who asked.
        detach: hand it to the workers; otherwise the caller goes on with :func:`work`.
        anew: from the beginning; otherwise what was stopped goes on where it was.
        explain: have the networks say where they looked, for labels that become flags; reads their pictures.

    Raises:
        AlreadyRunning: they are being weighed (``.job`` is that job). What was asked for now is not forgotten: the
            rows are due, and the job that runs takes them up.
    """
    _make_due(shop, [attribute] if attribute else _judged(), anew)
    job = service.start(Job.Kind.WEIGHING, shop.slug, user=user, total=shop.products.count())
    if explain:
        Job.objects.filter(pk=job.pk).update(result={_EXPLAIN: True})
    if detach:
        dispatch.enqueue(job)
    return job


def want(shop: Shop, attribute: Attribute, wanted: float | None, user: Any = None) -> None:
    """Say how precise the flags of a shop and attribute should be, and have its labels weighed by that.

    Args:
        shop: whose.
        attribute: which.
        wanted: one of :data:`catalog_audit.audits.reckoning.WANTED`; None for what is usual.
        user: who asked.

    Raises:
        ValueError: it is none of those.
    """
    if wanted is not None and wanted not in reckoning.WANTED:
        raise ValueError(f"wanted must be one of {reckoning.WANTED}, not {wanted}")
    Weighing.objects.update_or_create(shop=shop, attribute=attribute, defaults={"wanted": wanted})
    with suppress(service.AlreadyRunning):
        start(shop, attribute, user)


def after_audit(run: AuditRun, detach: bool = True) -> Job | None:
    """Weigh a shop's labels when its audit is over; None where that would change nothing.

    Where the audit looked at few products, and something was learnt of the shop for the same models, only those are
    weighed, by what is known.
    """
    shop, user, products = run.shop, run.job.created_by, run.shop.products.count()
    asked = Weighing.objects.filter(shop=shop).exclude(wanted=None).exists()
    if not asked and products < reckoning.ENOUGH:
        return None
    try:
        if run.job.total >= RELEARN * products or not _is_learnt(run):
            return start(shop, user=user, detach=detach, explain=True)
        job = service.start(Job.Kind.WEIGHING, shop.slug, user=user, total=run.job.total)
    except service.AlreadyRunning:
        return None
    Job.objects.filter(pk=job.pk).update(result={_EXPLAIN: True, _RUN: run.pk})
    if detach:
        dispatch.enqueue(job)
    job.refresh_from_db()
    return job


def _is_learnt(run: AuditRun) -> bool:
    """Whether all that was learnt of the shop holds for the models of the run."""
    rows = [row for row in Weighing.objects.filter(shop=run.shop) if row.labels or row.is_due]
    models = set(run.model_versions.values())
    return bool(rows) and all(not row.is_due and models.issuperset(row.fitted) for row in rows)


def work(job: Job) -> None:
    """Do a job of weighing in this process; one that was stopped goes on where it was.

    Raises:
        Cancelled: somebody asked for it to stop.
    """
    with service.working(job) as progress:
        shop = Shop.objects.get(slug=job.subject)
        explain = bool(job.result.get(_EXPLAIN))
        changed = _weigh_run(shop, job.result.get(_RUN), progress.advance, explain)
        while weighing := Weighing.objects.filter(shop=shop, is_due=True).order_by("attribute__position", "pk").first():
            progress.stage(weighing.attribute.code)
            changed += _weigh_all(weighing, progress.advance, explain)
        progress.result({"changed": changed})


def _weigh_run(shop: Shop, run: int | None, report: Report, explain: bool) -> int:
    """Weigh what an audit looked at, by what was learnt before; returns how many labels got another state."""
    changed, done = 0, 0
    rows = list(Weighing.objects.filter(shop=shop, is_due=False).select_related("shop", "attribute")) if run else []
    scope = scope_of(shop) if rows else None
    for weighing in rows:
        last = 0
        found = Prediction.objects.filter(run=run, attribute=weighing.attribute, current=True).order_by("product_id")
        while batch := list(found.filter(product_id__gt=last).values_list("product_id", flat=True)[:_BATCH]):
            if scope is not None:
                changed += reweighing.store(weighing, seen_in(batch, weighing.attribute, scope), explain)
            last = batch[-1]
            done = max(done, len(batch))
            report(done)
    return changed


def reweigh(shop: Shop, attribute: Attribute | None = None, report: Report = lambda *_: None) -> int:
    """Weigh a shop's labels anew in this process, without a job; returns how many got another state.

    Args:
        shop: whose.
        attribute: which; all that the networks judge where None.
        report: told of the progress.
    """
    attributes = [attribute] if attribute else _judged()
    _make_due(shop, attributes)
    due = Weighing.objects.filter(shop=shop, attribute__in=attributes, is_due=True).select_related("shop", "attribute")
    return sum(_weigh_all(weighing, report) for weighing in due.order_by("attribute__position", "pk"))


def _judged() -> list[Attribute]:
    scope = Scope.read(active_models())
    known = {code for model in scope.models.values() for code in model.card.get("attributes", {})}
    return [attribute for code, attribute in scope.attributes.items() if code in known]


def _make_due(shop: Shop, attributes: Sequence[Attribute], anew: bool = True) -> None:
    for attribute in attributes:
        Weighing.objects.get_or_create(shop=shop, attribute=attribute)
    rows = Weighing.objects.filter(shop=shop, attribute__in=attributes)
    (rows if anew else rows.filter(is_due=False)).update(is_due=True, position=0)


def _weigh_all(weighing: Weighing, report: Report, explain: bool = False) -> int:
    """Learn, unless that is done, and weigh all labels from the position on; returns how many got another state."""
    scope = scope_of(weighing.shop)
    if weighing.position == 0:
        fit(weighing, scope)
    keys = (
        Product.objects.filter(shop=weighing.shop, pk__gt=weighing.position).order_by("pk").values_list("pk", flat=True)
    )
    total, changed = weighing.shop.products.count(), 0
    done = total - keys.count()
    while batch := list(keys.filter(pk__gt=weighing.position)[:_BATCH]):
        changed += reweighing.store(weighing, seen_in(batch, weighing.attribute, scope), explain)
        mine = Weighing.objects.filter(pk=weighing.pk, position=weighing.position)
        if not mine.update(position=batch[-1]):
            return changed  # asked for again in the meantime: it begins anew
        weighing.position = batch[-1]
        done += len(batch)
        report(done, total)
    Weighing.objects.filter(pk=weighing.pk, position=weighing.position).update(is_due=False, position=0)
    # A flag may suggest another value now, one that a rule calls arguable.
    arguable.follow()
    return changed


def scope_of(shop: Shop) -> Scope:
    """What an audit of the shop would judge now."""
    scope = Scope.read(active_models())
    scope.use(values_in_use(shop, scope))
    return scope


def fit(weighing: Weighing, scope: Scope) -> None:
    """Learn from all labels of the shop (an even sample of many) and from people's verdicts, and keep it."""
    labels: dict[str, list[Evidence]] = defaultdict(list)
    cards: dict[str, Any] = {}
    for seen in _sample(weighing, scope):
        version = version_of(seen.question)
        labels[version].append(seen.evidence)
        cards[version] = seen.question.card
    given = _verdicts(weighing, scope)
    code = weighing.attribute.code
    fitted = {version: reckoning.fit(code, cards[version], found, given) for version, found in labels.items()}
    largest = max(labels, key=lambda version: len(labels[version]), default="")
    every = _every(weighing.shop)
    weighing.outlook = [
        one | {"number": round(one["flags"] * len(labels[largest]) * every)}
        for one in (fitted[largest]["outlook"] if labels else [])
    ]
    weighing.fitted = fitted
    weighing.labels = sum(map(len, labels.values()))
    weighing.verdicts = len(given)
    weighing.reliability = _reliability(given)
    weighing.fitted_at = timezone.now()
    weighing.save(update_fields=["outlook", "fitted", "labels", "verdicts", "reliability", "fitted_at"])


def _every(shop: Shop) -> int:
    """One product in so many is learnt from."""
    return -(-shop.products.count() // MOST_LABELS) or 1


def _sample(weighing: Weighing, scope: Scope) -> Iterator[Seen]:
    products = Product.objects.filter(shop=weighing.shop).order_by("pk")
    every = _every(weighing.shop)
    keys: list[int] = []
    for key in products.values_list("pk", flat=True).iterator():
        if every == 1 or zlib.crc32(str(key).encode()) % every == 0:
            keys.append(key)
        if len(keys) == _BATCH:
            yield from seen_in(keys, weighing.attribute, scope)
            keys = []
    yield from seen_in(keys, weighing.attribute, scope)


def _verdicts(weighing: Weighing, scope: Scope) -> list[Verdict]:
    """The latest verdicts on flags and samples, each weighted by how few of its sort were decided."""
    state, kind = Flag.State, Flag.Kind
    flags = Flag.objects.filter(shop=weighing.shop, attribute=weighing.attribute)
    settled = flags.filter(state__in=(state.ACCEPTED, state.FIXED)).exclude(kind=kind.CHECK)
    latest = settled.select_related("prediction", "product", "label_value", "garment_type").order_by("-pk")
    rows = list(latest[:MOST_VERDICTS])
    if not rows:
        return []
    decided: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        decided[row.kind, row.raised_as] += 1
    shown = {
        (sort, raised): number
        for sort, raised, number in flags.exclude(kind=kind.CHECK)
        .exclude(state=state.CLOSED)
        .order_by()
        .values_list("kind", "raised_as")
        .annotate(Count("pk"))
    }
    unflagged = Prediction.objects.filter(
        product__shop=weighing.shop, attribute=weighing.attribute, current=True, state="ok"
    ).count()
    found = []
    for row in rows:
        sort = row.kind, row.raised_as
        of = unflagged if row.kind == kind.SAMPLE else shown.get(sort, 0)
        group = row.garment_type.garment_group if row.garment_type else ""
        code, attribute = row.label_value.code, weighing.attribute.code
        if not scope.card_of(attribute, group) or not row.prediction.probabilities:
            continue
        known, covers = scope.known_as(attribute, code, group), scope.covers(attribute, code, group)
        if known or covers:
            evidence = Evidence(
                row.prediction.probabilities, known, covers, row.prediction.palette, group, design_of(row.product)
            )
            found.append(Verdict(evidence, row.state == state.FIXED, max(1.0, of / decided[sort]), row.p_wrong))
    return found


def _reliability(verdicts: Sequence[Verdict]) -> list[list[float]]:
    """[mean p_wrong as it was said, labels that were wrong, labels decided] between the bounds, where there are any."""
    found = []
    for low, high in pairwise(_BINS):
        part = [one for one in verdicts if low <= one.said < high or one.said == high == 1.0]
        if part:
            said = sum(one.said for one in part) / len(part)
            found.append([round(said, 4), sum(one.wrong for one in part), len(part)])
    return found
