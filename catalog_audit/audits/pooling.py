"""Several pictures of one product become one answer. Plain Python, no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.contract import Reading

#: Stands for a probability of nothing: one picture alone must not rule a value out for ever.
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Pooled:
    """What the pictures of a product say together.

    Attributes:
        shown: number of the picture that is shown for all: the first in which the product was found.
        problem: why no picture says anything, or "".
        probabilities: attribute code -> value code -> probability; adds up to 1 per attribute.
    """

    shown: int
    problem: str = ""
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def pool(readings: Sequence[Reading]) -> Pooled:
    """Pool the readings of one product's pictures, in their order.

    A picture that could not be read, or in which the product was not found, abstains. When all do, the first one's
    problem is the product's.

    Args:
        readings: at least one.
    """
    voting = [number for number, reading in enumerate(readings) if not reading.problem and reading.region is not None]
    if not voting:
        return Pooled(0, readings[0].problem or "no_region")
    answers = [readings[number].probabilities for number in voting]
    attributes = dict.fromkeys(attribute for answer in answers for attribute in answer)
    return Pooled(
        voting[0],
        probabilities={
            attribute: geometric_mean([answer[attribute] for answer in answers if attribute in answer])
            for attribute in attributes
        },
    )


def geometric_mean(answers: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The geometric mean of probabilities, value by value, adding up to 1.

    It takes independent looks at the same thing together: a picture that is unsure says little, and one that is sure
    counts, but a single picture cannot overrule several that are sure of something else.

    Args:
        answers: value code -> probability 0..1, of each picture.
    """
    if len(answers) == 1:
        return dict(answers[0])
    values = dict.fromkeys(value for answer in answers for value in answer)
    logs = {
        value: sum(math.log(max(answer.get(value, 0.0), _LEAST)) for answer in answers) / len(answers)
        for value in values
    }
    powers = {value: math.exp(log) for value, log in logs.items()}
    total = sum(powers.values())
    return {value: power / total for value, power in powers.items()}
