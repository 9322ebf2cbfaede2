"""Putting a candidate into use, and taking it back: what has to be known and said first.

The rule. A candidate is put into use without a word where a finished comparison with the models that are in use now
has at least :data:`FEWEST` answers and finds it in no garment group *worse than the margin*: its accuracy is lower by
more than the margin of :class:`~catalog_audit.registry.models.PromotionPolicy` (one point in a hundred unless an admin
says otherwise), and the whole 95% interval of the paired difference lies below zero, so that chance does not explain
it. That is asked of the held-out set and of people's answers (check items and verdicts) separately, of all attributes
together and of each one. Otherwise a written reason is needed, which is kept with who and when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog_audit.catalog.models import Attribute
from catalog_audit.registry.groups import group_name
from catalog_audit.registry.models import ModelComparison, ModelVersion, Promotion, PromotionPolicy
from catalog_audit.registry.service import file_of, models_in_use, promote

#: Fewer answers say too little about a candidate.
FEWEST = 100
#: A reason has at least so many letters.
SHORTEST_REASON = 10

NOT_COMPARED, STALE, TOO_LITTLE, WORSE = "not_compared", "stale", "too_little", "worse"


class ReasonNeeded(Exception):
    """The model cannot be put into use without a written reason; ``concerns`` say why."""

    def __init__(self, concerns: list[Concern]) -> None:
        self.concerns = concerns
        super().__init__(" ".join(one.code for one in concerns))


class CannotPromote(Exception):
    """The model cannot be put into use, or nothing can be taken back, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What speaks against putting a candidate into use.

    Attributes:
        code: not_compared, stale, too_little or worse.
        evidence: where it is worse: ``set`` (the held-out set) or ``people`` (check items and verdicts); else "".
        garment_group: where it is worse.
        attribute: where it is worse; "" for all attributes together.
        difference: accuracy of the candidate minus that of the model in use, -1..1.
        low, high: the 95% interval of it.
        answers: how many answers it rests on.
    """

    code: str
    evidence: str = ""
    garment_group: str = ""
    attribute: str = ""
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0
    answers: int = 0

    def sentence(self, attributes: Mapping[str, str]) -> str:
        """In words of the current language; ``attributes``: code -> name."""
        if self.code == NOT_COMPARED:
            return _("This model has not been compared with the ones in use.")
        if self.code == STALE:
            return _("Since the comparison, another model has been put into use.")
        if self.code == TOO_LITTLE:
            return ngettext(
                "The comparison rests on %(answers)d answer only; %(fewest)d are needed to tell.",
                "The comparison rests on %(answers)d answers only; %(fewest)d are needed to tell.",
                self.answers,
            ) % {"answers": self.answers, "fewest": FEWEST}
        return _("%(group)s, %(what)s: worse by %(points)s points (%(low)s to %(high)s), %(where)s.") % {
            "group": group_name(self.garment_group),
            "what": attributes.get(self.attribute, self.attribute) or _("all attributes together"),
            "points": _points(-self.difference),
            "low": _points(-self.high),
            "high": _points(-self.low),
            "where": _("on the held-out pictures") if self.evidence == "set" else _("on what people decided"),
        }


def _points(difference: float) -> str:
    """Points of a hundred with one digit, as the language writes them."""
    return number_format(round(difference * 100, 1) + 0.0, 1)


def sentences(concerns: Sequence[Concern]) -> list[str]:
    """What speaks against a candidate, in words of the current language."""
    attributes = {one.code: str(one) for one in Attribute.objects.all()}
    return [concern.sentence(attributes) for concern in concerns]


def versions_in_use() -> dict[str, str]:
    """Role -> version of every model in use."""
    return {model.role: model.version for model in models_in_use()}


def latest_comparison(model: ModelVersion) -> ModelComparison | None:
    """The latest finished comparison of a model."""
    return model.comparisons.filter(finished_at__isnull=False).order_by("-pk").first()


def concerns_about(comparison: ModelComparison | None) -> list[Concern]:
    """What speaks against putting a model into use, by the rule of the module's text; empty where nothing does.

    Args:
        comparison: the latest finished one of the model, or None.
    """
    if comparison is None:
        return [Concern(NOT_COMPARED)]
    if comparison.in_use != versions_in_use():
        return [Concern(STALE)]
    concerns = list(_worse(comparison.figures, PromotionPolicy.current().margin))
    answers = sum(one["all"]["of"] for one in comparison.figures.get("evidence", {}).values())
    if answers < FEWEST:
        concerns.append(Concern(TOO_LITTLE, answers=answers))
    return concerns


def is_worse(pair: Mapping[str, Any], margin: float) -> bool:
    """Whether a paired difference (see :func:`catalog_audit.training.comparison_figures.pair`) breaks the rule."""
    return bool(pair["of"]) and pair["difference"] < -margin and pair["high"] < 0


def _worse(figures: Mapping[str, Any], margin: float) -> Iterator[Concern]:
    for evidence, found in figures.get("evidence", {}).items():
        for group, pairs in found["groups"].items():
            for attribute, pair in pairs.items():
                if is_worse(pair, margin):
                    yield Concern(
                        WORSE, evidence, group, attribute, pair["difference"], pair["low"], pair["high"], pair["of"]
                    )


def put_into_use(model: ModelVersion, by: Any = None, reason: str = "") -> Promotion:
    """Put a candidate, or a model that was in use before, into use.

    Workers use it from their next chunk on, see :func:`catalog_audit.audits.running.do_one_chunk`.

    Args:
        model: the model.
        by: who does it, or None for a command.
        reason: why, where something speaks against it.

    Raises:
        ReasonNeeded: something speaks against it, and there is no reason of at least :data:`SHORTEST_REASON` letters.
        CannotPromote: it is in use already, or its file is missing or damaged.
    """
    if model.state == ModelVersion.State.ACTIVE:
        raise CannotPromote(_("This model is in use already."))
    check_file(model)
    with transaction.atomic():
        comparison = latest_comparison(model)
        concerns = concerns_about(comparison)
        reason = reason.strip()
        if concerns and len(reason) < SHORTEST_REASON:
            raise ReasonNeeded(concerns)
        done = promote(
            model, by=by, reason=reason, comparison=comparison, concerns=[asdict(concern) for concern in concerns]
        )
    if done is None:
        raise CannotPromote(_("This model is in use already."))
    return done


def check_file(model: ModelVersion) -> None:
    """See that a model's file is there and whole, without loading it.

    Raises:
        CannotPromote: it is not; the text names the file.
    """
    path = file_of(model)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise CannotPromote(_("The file %(file)s of this model cannot be read.") % {"file": path.name}) from None
    if not digest.startswith(model.version) or not path.with_suffix(".json").exists():
        raise CannotPromote(_("The file %(file)s of this model is damaged or another version.") % {"file": path.name})


def previous_of(model: ModelVersion) -> ModelVersion | None:
    """What was in use before a model, by the latest time that it was put into use by a promotion.

    A model that was taken back to counts as what it was before, so that going back again goes further back.
    """
    promotion = model.promotions.exclude(act=Promotion.Act.ROLLED_BACK).order_by("-pk").first()
    return promotion.replaced if promotion else None


def can_go_back(model: ModelVersion) -> bool:
    """Whether a model in use can be taken back: there was one before, or the model of all groups takes over."""
    return previous_of(model) is not None or _steps_aside(model)


def _steps_aside(model: ModelVersion) -> bool:
    """A specialist leaves its garment group to the model of all groups."""
    return model.garment_group != "" and any(
        one.kind == model.kind and not one.garment_group for one in models_in_use()
    )


def roll_back(model: ModelVersion, by: Any = None, reason: str = "") -> Promotion:
    """Take a model out of use: the one before it is in use again, at once.

    Args:
        model: the model in use.
        by: who does it, or None for a command.
        reason: why; not needed.

    Raises:
        CannotPromote: there is nothing to go back to, or its file is missing or damaged.
    """
    with transaction.atomic():
        if not ModelVersion.objects.select_for_update().filter(pk=model.pk, state=ModelVersion.State.ACTIVE).exists():
            raise CannotPromote(_("This model is not in use any more."))
        previous = previous_of(model)
        act: dict[str, Any] = {"act": Promotion.Act.ROLLED_BACK, "by": by, "reason": reason.strip()}
        if previous is not None:
            check_file(previous)
            done = promote(previous, **act)
            if done is None:
                raise CannotPromote(_("This model is in use already."))
            return done
        if not _steps_aside(model):
            raise CannotPromote(_("No model was in use before this one."))
        ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.RETIRED)
        return Promotion.objects.create(kind=model.kind, garment_group=model.garment_group, replaced=model, **act)
