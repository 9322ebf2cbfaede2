"""The figures of a comparison, from its answers.

An answer is a dictionary: ``product`` (key or None), ``picture`` (SHA-256 of the one that is shown), ``group``,
``attribute``, ``label`` and ``truth`` (codes), ``sources``, ``verified``, and for ``candidate`` and ``active`` each
``top`` (code of the most probable value, "" where the model says nothing), ``share`` (its probability, 0..1),
``right`` (bool), ``state`` (ok, flagged or disputed) and ``p_wrong`` (0..1 or None).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from catalog_audit.audits.findings import FLAGGED
from catalog_audit.review.intervals import Difference, Share
from catalog_audit.training.cases import CHECK, SET, VERDICT

Answer = Mapping[str, Any]

CANDIDATE, ACTIVE = "candidate", "active"
BOTH = (CANDIDATE, ACTIVE)

#: Where a candidate is measured: the held-out set, and what people said.
EVIDENCE = {"set": (SET,), "people": (CHECK, VERDICT)}

#: Bars of the reliability curve.
BINS = 10

#: Flags gained and lost that are kept with their pictures, of each.
EXAMPLES = 60


def figures_of(parts: Iterable[tuple[Sequence[Answer], Sequence[Sequence[float]]]]) -> dict[str, Any]:
    """All figures, as JSON types.

    Args:
        parts: the answers of each chunk, and its [pictures, seconds of the candidate, seconds of the models in use].

    Returns:
        ``answers``: how many. ``evidence``: set and people -> ``all``, ``attributes`` (attribute -> pair), ``groups``
        (garment group -> attribute, "" for all -> pair), see :func:`pair`. ``sources``: source -> attribute -> pair.
        ``values``: attribute -> value -> model -> ``precision`` and ``recall`` as [hits, of]. ``reliability``: model
        -> see :func:`reliability`. ``flags``: see :func:`flags`. ``speed``: milliseconds a picture of each, medians of
        turns, and ``pictures``.
    """
    answers: list[Answer] = []
    seconds: list[Sequence[float]] = []
    for some, taken in parts:
        answers += some
        seconds += taken
    by_source = {source: [one for one in answers if source in one["sources"]] for source in (SET, CHECK, VERDICT)}
    evidence = {
        name: found
        for name, sources in EVIDENCE.items()
        if (found := [one for one in answers if set(sources).intersection(one["sources"])])
    }
    return {
        "answers": len(answers),
        "evidence": {name: _evidence(found) for name, found in evidence.items()},
        "sources": {source: by_attribute(found) for source, found in by_source.items() if found},
        "values": values(answers),
        "reliability": {model: reliability(answers, model) for model in BOTH},
        "flags": flags(answers),
        "speed": speed(seconds),
    }


def pair(answers: Sequence[Answer]) -> dict[str, Any]:
    """Both models on the same questions.

    Returns:
        ``of`` questions, of which ``candidate`` and ``active`` answered so many rightly; ``difference`` of the
        accuracies (candidate minus active, -1..1) with its 95% interval ``low``..``high``.
    """
    right = Counter((one[CANDIDATE]["right"], one[ACTIVE]["right"]) for one in answers)
    found = Difference(right[True, False], right[False, True], len(answers))
    low, high = found.interval
    return {
        "of": len(answers),
        CANDIDATE: right[True, True] + right[True, False],
        ACTIVE: right[True, True] + right[False, True],
        "difference": round(found.value, 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }


def by_attribute(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """Attribute -> pair."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        found[one["attribute"]].append(one)
    return {attribute: pair(some) for attribute, some in found.items()}


def _evidence(answers: Sequence[Answer]) -> dict[str, Any]:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        groups[one["group"]].append(one)
    return {
        "all": pair(answers),
        "attributes": by_attribute(answers),
        "groups": {group: {"": pair(some)} | by_attribute(some) for group, some in sorted(groups.items())},
    }


def values(answers: Sequence[Answer]) -> dict[str, dict[str, dict[str, dict[str, list[int]]]]]:
    """Attribute -> value -> model -> precision and recall, each as [hits, of].

    Precision: of the answers that name the value, those that are right. Recall: of the products that have the value,
    those of which the model says so, or a finer value that the word includes. Answers with several right values are
    left out.
    """
    found: dict[str, dict[str, dict[str, dict[str, list[int]]]]] = {}
    for one in answers:
        if len(one["truth"]) != 1:
            continue
        known = found.setdefault(one["attribute"], {})
        for model in BOTH:
            said, right = one[model], int(one[model]["right"])
            if said["top"]:
                _count(known, said["top"], model, "precision", right)
            _count(known, one["truth"][0], model, "recall", right)
    return {
        attribute: dict(sorted(known.items(), key=lambda entry: (-entry[1][ACTIVE]["recall"][1], entry[0])))
        for attribute, known in found.items()
    }


def _count(known: dict[str, Any], value: str, model: str, what: str, right: int) -> None:
    nothing = {model: {"precision": [0, 0], "recall": [0, 0]} for model in BOTH}
    cell = known.setdefault(value, nothing)[model][what]
    cell[0] += right
    cell[1] += 1


def reliability(answers: Sequence[Answer], model: str) -> dict[str, Any]:
    """Whether a model is as sure as it is right.

    Returns:
        ``error``: the expected calibration error, 0..1; ``bins``: [mean probability, right answers, answers] of every
        tenth of the probabilities that holds any.
    """
    bins: dict[int, list[Answer]] = defaultdict(list)
    said = [one[model] for one in answers if one[model]["top"]]
    for one in said:
        bins[min(int(one["share"] * BINS), BINS - 1)].append(one)
    rows = []
    error = 0.0
    for _number, some in sorted(bins.items()):
        sure = sum(one["share"] for one in some) / len(some)
        right = sum(one["right"] for one in some)
        error += len(some) / len(said) * abs(sure - right / len(some))
        rows.append([round(sure, 4), right, len(some)])
    return {"error": round(error, 5), "bins": rows}


def flags(answers: Sequence[Answer]) -> dict[str, Any]:
    """Labels that only the candidate would flag (gained), or only the models in use (lost).

    Returns:
        ``kept``: flagged by both. ``gained`` and ``lost``: ``number``; ``known``: those of which people know whether
        the label is right; ``wrong``: those of them whose label is wrong, so that the flag is good; ``examples``: some
        of the answers, known ones first, the surest first.
    """
    gained, lost, kept = [], [], 0
    for one in answers:
        new, old = (one[model]["state"] == FLAGGED for model in BOTH)
        kept += new and old
        if new and not old:
            gained.append(one)
        elif old and not new:
            lost.append(one)
    return {"kept": kept, "gained": _told(gained, CANDIDATE), "lost": _told(lost, ACTIVE)}


def _told(found: Sequence[Answer], model: str) -> dict[str, Any]:
    known = [one for one in found if one["verified"]]
    ranked = sorted(found, key=lambda one: (not one["verified"], -(one[model]["p_wrong"] or 0.0)))
    return {
        "number": len(found),
        "known": len(known),
        "wrong": sum(one["label"] not in one["truth"] for one in known),
        "examples": ranked[:EXAMPLES],
    }


def speed(seconds: Sequence[Sequence[float]]) -> dict[str, float]:
    """Milliseconds a picture of each: medians of the turns but the first, which warms up. ``pictures``: of all."""
    turns = list(seconds[1:] or seconds)
    found: dict[str, float] = {"pictures": sum(int(turn[0]) for turn in seconds)}
    for place, model in enumerate(BOTH, start=1):
        taken = [turn[place] / turn[0] * 1000 for turn in turns if turn[0]]
        if taken:
            found[model] = round(median(taken), 2)
    return found


def share(counted: Sequence[int]) -> Share:
    """[hits, of] as a share with its interval."""
    return Share(counted[0], counted[1])
