"""What the flag page shows of one flag, gathered for its template."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.arguable import rule_of
from catalog_audit.audits.models import ArguableRule, Flag
from catalog_audit.audits.naming import name
from catalog_audit.catalog.models import Picture, Value
from catalog_audit.catalog.naming import names
from catalog_audit.registry.service import model_is_missing, version_of
from catalog_audit.review import disputing
from catalog_audit.review.models import Decision
from catalog_audit.review.queue import Position
from catalog_audit.review.rules import LABEL_IN
from catalog_audit.web.measured import Distance, Measured, distance, measured_colours

#: How many values are offered as buttons besides the suggestion.
ALTERNATIVES = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a person can choose.

    Attributes:
        value: the value.
        probability: what the network gives it, 0..1; None for a value that it does not know.
        key: the digit that chooses it, or "".
    """

    value: Value
    probability: float | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class FlagCard:
    """One flag, ready to be drawn.

    Attributes:
        flag: with everything that its page needs loaded.
        picture: the picture that the networks looked at, or None when it is gone.
        suggestion: the value that the network would choose.
        alternatives: the next best values, most probable first.
        values: every value of the attribute, for "another value".
        palette: measured colours, largest share first; empty where the flag is about something else.
        label_distance: how far these are from the label's swatch; None where there is nothing to compare.
        suggested_distance: the same of the suggested value.
        decision: what was decided, when the flag is no longer undecided.
        address: of the flag's page, with these.
        verdicts: what people said of it, as far as the person may see that, oldest first; empty for one verdict alone.
        segmenter: version of the model that cut the garment out, or "".
        classifier: version of the model that named the values, or "".
        rule: the arguable pair that the flag was closed with, or None.
        waits_for_others: whether the person has said what they can, and somebody else decides.
        position: the flag's place in the person's queue.
        number: how many flags the queue holds.
        model_is_missing: whether no audit can run until a model is put into use.
        can_dispute: whether "not sure" and "both are right" can be decided.
        parameters: address parameters that keep the queue's filters.
        hides_shares: whether the networks' probabilities are shown on demand only.
    """

    flag: Flag
    picture: Picture | None
    suggestion: Choice
    alternatives: list[Choice]
    values: list[Choice]
    palette: list[Measured]
    label_distance: Distance | None
    suggested_distance: Distance | None
    decision: Decision | None
    position: Position
    number: int
    model_is_missing: bool
    can_dispute: bool = False
    parameters: str = ""
    address: str = ""
    verdicts: tuple[Decision, ...] = ()
    segmenter: str = ""
    classifier: str = ""
    waits_for_others: bool = False
    hides_shares: bool = False
    rule: ArguableRule | None = None

    @property
    def shares(self) -> list[Choice]:
        """The values with the networks' probabilities, for when they are asked for: label, suggestion, alternatives."""
        label = [choice for choice in self.values if choice.value.pk == self.flag.label_value_id]
        return [choice for choice in (*label, self.suggestion, *self.alternatives) if choice.probability is not None]


def load(flag_id: int) -> Flag | None:
    """A flag with everything that its page needs, or None; one query."""
    found = Flag.objects.select_related("product", "label", "prediction__picture").filter(pk=flag_id).first()
    if found is not None:
        name([found])
    return found


def address_of(flag_id: int, parameters: str) -> str:
    """The address of a flag's page that keeps the queue's filters."""
    address = reverse("web:flag", args=[flag_id])
    return f"{address}?{parameters}" if parameters else address


def make_card(
    flag: Flag, position: Position, number: int, parameters: str, user: User, *, hides_shares: bool = False
) -> FlagCard:
    """Gather a flag's card for a person (a handful of queries, whatever the catalogue's size)."""
    verdicts = disputing.visible_verdicts(flag, user) if flag.decided_by_id else []
    probabilities: dict[str, float] = flag.prediction.probabilities
    values = names().values_of(flag.attribute_id)
    by_code = {value.code: value for value in values}
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    others = [
        (by_code[code], probability)
        for code, probability in ranked
        if code in by_code and by_code[code].pk not in (flag.suggested_id, flag.label_value_id)
    ]
    palette = measured_colours(flag)
    return FlagCard(
        flag=flag,
        picture=_picture(flag),
        suggestion=Choice(flag.suggested, probabilities.get(flag.suggested.code)),
        alternatives=[
            Choice(value, probability, str(digit))
            for digit, (value, probability) in enumerate(others[:ALTERNATIVES], start=1)
        ],
        values=[Choice(value, probabilities.get(value.code)) for value in values],
        palette=palette,
        label_distance=distance(palette, flag.label_value),
        suggested_distance=distance(palette, flag.suggested),
        decision=verdicts[-1] if verdicts and flag.state in LABEL_IN else None,
        position=position,
        number=number,
        model_is_missing=model_is_missing(),
        can_dispute=flag.state != Flag.State.SETTLING,
        parameters=parameters,
        address=address_of(flag.pk, parameters),
        verdicts=tuple(verdicts) if len(verdicts) > 1 else (),
        segmenter=version_of(flag.prediction.segmenter_id),
        classifier=version_of(flag.prediction.classifier_id),
        waits_for_others=_waits_for_others(flag, verdicts, user),
        hides_shares=flag.is_undecided and hides_shares,
        rule=rule_of(flag) if flag.state == Flag.State.CLOSED else None,
    )


def _picture(flag: Flag) -> Picture | None:
    picture = flag.prediction.picture or flag.product.pictures.first()
    return picture if picture is not None and picture.sha256 else None


def _waits_for_others(flag: Flag, verdicts: list[Decision], user: User) -> bool:
    unsure = any(one.user_id == user.pk and one.verdict == Decision.Verdict.DISPUTE for one in verdicts)
    if flag.kind == Flag.Kind.CHECK:  # closed by somebody's doubt; the page looks like that of any other flag
        return flag.state == Flag.State.CLOSED and unsure
    if flag.state == Flag.State.SETTLING:
        return not may_administer(user)
    return flag.state == Flag.State.SECOND and bool(verdicts)  # only their own are seen there
