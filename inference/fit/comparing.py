"""Two sets of networks look at the same pictures by turns, and weigh the same labels."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.contract import PaletteEntry, PictureRequest, Reading
from inference.measured import MeasuredColours
from inference.pipeline import Pipeline
from inference.suspicion import OK, Policy, assess

#: Pictures that one set of networks looks at before it is the other's turn.
TURN = 32


@dataclass(frozen=True, slots=True)
class BothReadings:
    """What two pipelines saw in the same pictures.

    Attributes:
        readings: of the one and of the other, each in the order of the requests.
        seconds: (pictures, seconds of the one, seconds of the other) of every turn.
    """

    readings: tuple[list[Reading], list[Reading]]
    seconds: list[tuple[int, float, float]]


def read_by_turns(one: Pipeline, other: Pipeline, requests: Sequence[PictureRequest], first: int = 0) -> BothReadings:
    """Have two pipelines look at pictures, :data:`TURN` at a time, and measure how long each takes.

    Who begins changes with every turn, so that neither gains from files that the other has just read, nor from a
    machine that grows busier.

    Args:
        one, other: the pipelines.
        requests: the pictures.
        first: 0 when the one begins, 1 when the other does.
    """
    readings: tuple[list[Reading], list[Reading]] = ([], [])
    seconds = []
    for turn, start in enumerate(range(0, len(requests), TURN), start=first):
        part = requests[start : start + TURN]
        taken = [0.0, 0.0]
        for place in (0, 1) if turn % 2 == 0 else (1, 0):
            began = time.perf_counter()
            readings[place].extend((one, other)[place].read(part))
            taken[place] = time.perf_counter() - began
        seconds.append((len(part), taken[0], taken[1]))
    return BothReadings(readings, seconds)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one set of networks makes of one label.

    Attributes:
        top: code of the most probable value.
        share: its probability, 0..1.
        state: "ok", "flagged" or "disputed"; "ok" where the networks do not know the label.
        p_wrong: probability 0..1 that the label is wrong, or None where they do not know it.
    """

    top: str
    share: float
    state: str
    p_wrong: float | None


def judge(
    card: Mapping[str, Any],
    probabilities: Mapping[str, float],
    palette: Sequence[PaletteEntry],
    known_as: str,
    covers: Collection[str],
) -> Judged:
    """Weigh a label as an audit does.

    Args:
        card: what the classifier's card says of the attribute.
        probabilities: value -> probability 0..1, adding up to 1.
        palette: the colours measured in the product.
        known_as: the label's value as the networks know it, or "".
        covers: finer values that the label's word includes.

    Raises:
        ValueError: there are no probabilities.
    """
    top, share = min(probabilities.items(), key=lambda entry: (-entry[1], entry[0]))
    weighed_as = known_as or next(iter(covers), "")
    if not weighed_as:
        return Judged(top, share, OK, None)
    measured = None
    if "measured" in card:
        shares = MeasuredColours.from_json(card["measured"]).shares(palette, list(probabilities))
        measured = dict(zip(probabilities, shares.tolist(), strict=True))
    found = assess(probabilities, weighed_as, Policy.from_json(card["policy"]), covers, measured)
    return Judged(top, share, found.state, found.p_wrong)
