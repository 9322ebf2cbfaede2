"""The second adapter between audits and the library: arithmetic on stored predictions, without pictures or networks.

Importing it costs nothing; NumPy is imported when something is reckoned, torch never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.second_look import SecondLook
    from inference.suspicion import Policy
    from inference.witnesses import Labelled

#: A shop's own habits are learnt, and its flags weighed anew without being asked to, from so many labels on.
ENOUGH = 500

#: Precisions that an admin can ask for.
WANTED = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A label and what the networks saw, as a prediction keeps it.

    Attributes:
        probabilities: value code -> probability 0..1.
        label: the label's value as the networks know it; "" for a heading.
        covers: finer values that the word includes; not empty for a heading.
        palette: (``#rrggbb``, share 0..1), largest share first.
        garment_group: one of the contract's.
        design: key of the design.
    """

    probabilities: Mapping[str, float]
    label: str
    covers: tuple[str, ...]
    palette: Sequence[tuple[str, float]]
    garment_group: str
    design: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a label.

    Attributes:
        evidence: the label.
        wrong: it was changed.
        weight: one over how probably such a label was shown.
        said: p_wrong as it was when it was shown.
    """

    evidence: Evidence
    wrong: bool
    weight: float
    said: float


@dataclass(frozen=True, slots=True)
class Weight:
    """The outcome for one label.

    Attributes:
        p_wrong: probability 0..1 that it is wrong.
        state: ok, flagged or disputed.
    """

    p_wrong: float
    state: str


def usual() -> float:
    """Share of flags that should be right where nobody says otherwise."""
    from inference.second_look import USUAL

    return USUAL


def learnt_by_eye(attribute: str) -> bool:
    """Whether labels of the attribute were looked at by eye, so that a second look is better than the first."""
    from inference.second_look import shipped

    return attribute in shipped()


def fit(
    attribute: str, card: Mapping[str, Any], labels: Sequence[Evidence], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Learn what is a shop's own.

    Args:
        attribute: its code.
        card: what the classifier's card says of it.
        labels: of the shop, all or an even sample.
        verdicts: people's, of the shop.

    Returns:
        ``usage`` and ``look``, from which :func:`weigh` weighs; ``outlook``: for each of :data:`WANTED` what it comes
        to (:class:`inference.second_look.Outlook`), all as JSON types.
    """
    import numpy as np

    from inference.second_look import adapted, learn, outlook, prior_of
    from inference.usage import Usage, learn_usage

    labelled = _labelled(card, labels)
    colours = _colours(card)
    usage = learn_usage(labelled, colours, ENOUGH) if _has_second_look(attribute, card) else Usage()
    look = prior_of(_look(attribute, card))
    evidence = _evidence(attribute, card, labelled, usage)
    if len(labels) >= ENOUGH and _has_second_look(attribute, card):
        look = adapted(look, evidence)
    if verdicts:
        said = _evidence(attribute, card, _labelled(card, [one.evidence for one in verdicts]), usage)
        wrong, weights = np.array([one.wrong for one in verdicts]), np.array([one.weight for one in verdicts])
        look = learn(look, said, wrong, weights)
    return {
        "usage": usage.to_json(),
        "look": look.to_json(),
        "outlook": [asdict(one) for one in outlook(look, evidence, ~labelled.agrees, WANTED)],
    }


def weigh(
    attribute: str,
    card: Mapping[str, Any],
    fitted: Mapping[str, Any],
    labels: Sequence[Evidence],
    threshold: float | None,
) -> list[Weight]:
    """Weigh labels.

    Args:
        attribute: its code.
        card: what the classifier's card says of it.
        fitted: what :func:`fit` gave.
        labels: in any number.
        threshold: they are flagged from this p_wrong on; None leaves that to the first look's own thresholds.
    """
    from inference.second_look import SecondLook
    from inference.suspicion import states_by
    from inference.suspicion import weigh as first_look
    from inference.usage import Usage

    labelled, policy = _labelled(card, labels), _policy(card)
    evidence = _evidence(attribute, card, labelled, Usage.from_json(fitted["usage"]))
    p_wrong = SecondLook.from_json(fitted["look"]).p_wrong(evidence)
    if threshold is None:
        measured = _colours(card).shares_of(labelled.palettes, labelled.values) if "measured" in card else None
        states = first_look(labelled.probabilities, labelled.covered, labelled.values, policy, measured=measured).states
    else:
        states = states_by(p_wrong, threshold, labelled.probabilities, labelled.covered, policy)
    return [Weight(float(p), str(state)) for p, state in zip(p_wrong, states, strict=True)]


def _has_second_look(attribute: str, card: Mapping[str, Any]) -> bool:
    return "measured" in card and learnt_by_eye(attribute)


def _look(attribute: str, card: Mapping[str, Any]) -> SecondLook:
    from dataclasses import replace

    from inference.second_look import POWER, identity, shipped

    if _has_second_look(attribute, card):
        return shipped()[attribute]
    plain = identity(_policy(card).error_rate)
    return replace(plain, precision=plain.precision / POWER)


def _evidence(attribute: str, card: Mapping[str, Any], labelled: Labelled, usage: Any) -> NDArray[np.float64]:
    """Columns of evidence: all witnesses, or the first look's log-odds where nobody looked by eye."""
    import numpy as np

    from inference.suspicion import probability_wrong, suspicion_ratios
    from inference.witnesses import witnesses

    policy = _policy(card)
    if _has_second_look(attribute, card):
        return witnesses(labelled, policy, _colours(card), usage(labelled, _colours(card)))
    ratios = suspicion_ratios(labelled.probabilities, labelled.covered, labelled.values, policy)
    p_wrong = np.clip(probability_wrong(ratios, policy), 1e-9, 1 - 1e-9)
    return (np.log(p_wrong) - np.log1p(-p_wrong))[:, None]


def _labelled(card: Mapping[str, Any], labels: Sequence[Evidence]) -> Labelled:
    import numpy as np

    from inference.contract import PaletteEntry
    from inference.usage import fold_of
    from inference.witnesses import Labelled

    values = tuple(card["values"])
    place = {value: column for column, value in enumerate(values)}
    covered = np.zeros((len(labels), len(values)), bool)
    for row, one in enumerate(labels):
        covered[row, [place[value] for value in (one.label, *one.covers) if value in place]] = True
    shares = np.array([[one.probabilities.get(value, 0.0) for value in values] for one in labels], np.float32)
    return Labelled(
        values,
        shares.reshape(-1, len(values)),
        np.array([place.get(one.label, -1) for one in labels], np.int64),
        covered,
        [tuple(PaletteEntry(colour, share) for colour, share in one.palette) for one in labels],
        [one.garment_group for one in labels],
        np.array([fold_of(one.design) for one in labels], np.int64),
    )


def _policy(card: Mapping[str, Any]) -> Policy:
    from inference.suspicion import Policy

    return Policy.from_json(card["policy"])


def _colours(card: Mapping[str, Any]) -> Any:
    from inference.measured import MeasuredColours

    return MeasuredColours.from_json(card.get("measured", {}))
