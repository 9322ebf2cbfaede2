"""Trainings as pages show them: what there is to choose, how far one is, its curves, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.jobs.models import Job
from catalog_audit.training.models import TrainingPoint, TrainingRun
from catalog_audit.web.progress import JobProgress, describe
from catalog_audit.web.templatetags.charts import Curve, Frame

#: What the stages of a training are called.
STAGES = {
    "regions": gettext_lazy("Cutting the garments out of the pictures"),
    "reading": gettext_lazy("Reading the pictures"),
    "training": gettext_lazy("Learning"),
    "calibration": gettext_lazy("Finding out how sure it may be"),
    "figures": gettext_lazy("Measuring on pictures kept aside"),
}

#: What the garment groups are called.
GROUPS = {
    "top": gettext_lazy("Tops"),
    "bottom": gettext_lazy("Trousers and skirts"),
    "full_body": gettext_lazy("Dresses and overalls"),
}


@dataclass(frozen=True, slots=True)
class NamedCurve:
    """A curve with what stands beside it in words.

    Attributes:
        kind: its class.
        name: what it is of.
        latest: its last value, as text.
    """

    kind: str
    name: str
    latest: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves in a frame.

    Attributes:
        curves: what is drawn.
        frame: around them.
        legend: the same in words.
    """

    curves: tuple[Curve, ...]
    frame: Frame
    legend: tuple[NamedCurve, ...]

    @property
    def text(self) -> str:
        """All of it in words."""
        return "; ".join(f"{one.name}: {one.latest}" for one in self.legend)


@dataclass(frozen=True, slots=True)
class Gain:
    """Accuracy of one attribute before and after.

    Attributes:
        name: of the attribute.
        items: labels that it was measured on.
        before: share 0..1, or None where nothing was there to measure.
        after: the same of the new model.
    """

    name: str
    items: int
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A training as its page shows it.

    Attributes:
        run: the row.
        progress: of its job.
        stage: what it is at, in words; "" when it is at nothing.
        seconds_left: of the stage, or None.
        loss: the curve of the loss, or None while there is none.
        accuracy: the curves of the accuracy of each attribute, or None.
        attributes: names of what it learns.
        groups: names of the garments that it learns from.
        gains: what it came to.
        not_learnt: names of values that it could not learn, with the number of their labels.
    """

    run: TrainingRun
    progress: JobProgress
    stage: str
    seconds_left: float | None
    loss: Chart | None
    accuracy: Chart | None
    attributes: tuple[str, ...]
    groups: tuple[str, ...]
    gains: tuple[Gain, ...]
    not_learnt: tuple[tuple[str, int], ...]

    @property
    def may_go_on(self) -> bool:
        """Whether it can be begun again where it stopped."""
        return self.run.job.state in (Job.State.FAILED, Job.State.CANCELLED) and self.run.training_set_id is not None


def look_at(run: TrainingRun, now: datetime) -> RunView:
    """Everything that the page of a training says."""
    points = list(run.points.all())
    names = {one.code: one.name for one in Attribute.objects.all()}
    members = int(run.current.get("members", 0)) or max((point.member for point in points), default=0)
    epochs = max([int(run.current.get("epochs", 0)), *(point.epoch for point in points)], default=0)
    stage = run.job.stage
    return RunView(
        run=run,
        progress=describe(run.job, now),
        stage=str(STAGES.get(stage, stage)),
        seconds_left=run.current.get("seconds_left") if run.job.is_active else None,
        loss=loss_chart(points, members, epochs) if points else None,
        accuracy=accuracy_chart(points, members, epochs, names) if any(point.accuracy for point in points) else None,
        attributes=tuple(names.get(code, code) for code in run.attributes),
        groups=tuple(str(GROUPS.get(group, group)) for group in run.garment_groups),
        gains=tuple(_gains(run.outcome, names)),
        not_learnt=tuple(_not_learnt(run.outcome)),
    )


def loss_chart(points: Sequence[TrainingPoint], members: int, epochs: int) -> Chart:
    """The loss after each epoch, network after network."""
    top = max(point.loss for point in points) or 1.0
    pieces = _pieces([(point, point.loss / top) for point in points], members, epochs)
    levels = ("0", f"{top / 2:.2f}", f"{top:.2f}")
    latest = NamedCurve("loss", _("error while learning"), f"{points[-1].loss:.3f}")
    return Chart((Curve("loss", pieces),), Frame(levels, _sections(members)), (latest,))


def accuracy_chart(points: Sequence[TrainingPoint], members: int, epochs: int, names: dict[str, str]) -> Chart:
    """The share of labels of pictures kept aside that are named right, for each attribute."""
    codes = [code for code in names if any(code in point.accuracy for point in points)]
    curves, legend = [], []
    for number, code in enumerate(codes):
        own = [(point, float(point.accuracy[code])) for point in points if code in point.accuracy]
        kind = f"attribute-{number}"
        curves.append(Curve(kind, _pieces(own, members, epochs)))
        legend.append(NamedCurve(kind, names[code], f"{own[-1][1]:.1%}"))
    return Chart(tuple(curves), Frame(("0%", "50%", "100%"), _sections(members)), tuple(legend))


def _pieces(
    own: Sequence[tuple[TrainingPoint, float]], members: int, epochs: int
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """A piece for each network, at its part of the axis."""
    found: dict[int, list[tuple[float, float]]] = {}
    for point, height in own:
        x = (point.member - 1 + (point.epoch - 0.5) / max(1, epochs)) / max(1, members)
        found.setdefault(point.member, []).append((x, height))
    return tuple(tuple(piece) for piece in found.values())


def _sections(members: int) -> list[str]:
    return [_("network %(number)s") % {"number": number} for number in range(1, members + 1)]


def _gains(outcome: dict[str, Any], names: dict[str, str]) -> list[Gain]:
    before, after = outcome.get("before", {}), outcome.get("figures", {})
    return [
        Gain(name, after[code]["items"], before.get(code, {}).get("accuracy"), after[code].get("accuracy"))
        for code, name in names.items()
        if after.get(code, {}).get("items")
    ]


def _not_learnt(outcome: dict[str, Any]) -> list[tuple[str, int]]:
    counts = [
        (attribute, value, number)
        for why in ("unknown", "scarce")
        for attribute, values in outcome.get(why, {}).items()
        for value, number in values.items()
    ]
    codes = {value for _attribute, value, _number in counts}
    named = {
        (value.attribute.code, value.code): value.name
        for value in Value.objects.filter(code__in=codes).select_related("attribute")
    }
    return [(named.get((attribute, value), value), number) for attribute, value, number in counts]
