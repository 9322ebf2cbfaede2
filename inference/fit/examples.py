"""The examples of a training set as items that the attribute networks train on.

``examples.csv`` has one line for each attribute of each picture: ``picture``, ``sha256``, ``shop``, ``external_id``,
``design``, ``garment_group``, ``part``, ``fold``, ``attribute``, ``values`` (``navy``, or ``black:0.5|navy:0.5``),
``origin`` and ``verified`` (0 or 1). The lines of one picture of one product stand together.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from inference.contract import GARMENT_GROUPS, LEAST_EXAMPLES
from inference.fit.data_shop import EITHER, TRAIN, Crops, Item, load_crops
from inference.fit.split import hash_number

#: A label that a person has looked at counts as much as so many that only the shop vouches for.
VERIFIED_WEIGHT = 3.0

#: A value is learnt from so many training pictures on, an attribute only where there are two such values.
LEAST_OF_VALUE = 5

#: More pictures than this are not learnt from: they are kept in memory, about 100 kB each.
MOST = 40_000


class TooFewExamples(Exception):
    """A training set holds too little to learn an attribute from.

    Attributes:
        attribute: code of the attribute.
        value: code of the value that there is too little of, "" where it is the whole attribute.
        found: training pictures with a label of it.
        needed: how many there should be.
    """

    def __init__(self, attribute: str, value: str, found: int, needed: int) -> None:
        what = f"the value “{value}” of “{attribute}”" if value else f"“{attribute}”"
        super().__init__(f"too few examples of {what}: {found} training pictures, {needed} are needed")
        self.attribute, self.value, self.found, self.needed = attribute, value, found, needed


@dataclass(frozen=True, slots=True)
class Example(Item):
    """One picture of one product with the labels that a training set gives it.

    Attributes:
        place: part and fold, which the set has settled.
        shared: attribute -> value -> its share, where several values are right; the shares add up to 1.
        verified: attributes whose label a person has looked at.
        digest: SHA-256 of the picture's bytes, in hexadecimal digits.
    """

    place: tuple[str, int] = (TRAIN, 0)
    shared: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    verified: frozenset[str] = frozenset()
    digest: str = ""

    @property
    def part(self) -> str:
        """TRAIN, CALIBRATION or TEST."""
        return self.place[0]

    @property
    def fold(self) -> int:
        """Number 0..FOLDS-1 of the network that does not learn this item."""
        return self.place[1]

    @property
    def sha256(self) -> str:
        """Digest of the picture's bytes."""
        return self.digest

    def without(self, attributes: Collection[str]) -> Example:
        """The same without labels of some attributes."""
        values = {name: value for name, value in self.values.items() if name not in attributes}
        return replace(self, values=values)


@dataclass(frozen=True, slots=True)
class Examples:
    """What a file of examples holds for networks that tell certain values apart.

    Attributes:
        items: the pictures with at least one label that the networks can learn.
        unknown: attribute -> value -> number of labels that the networks know no value for, and so do not learn.
    """

    items: tuple[Example, ...]
    unknown: Mapping[str, Mapping[str, int]]


def read_examples(file: Path, root: Path, maps: Path, meanings: Mapping[str, Mapping[str, str]]) -> Examples:
    """Read ``examples.csv``.

    Args:
        file: the table.
        root: folder that relative paths of pictures start from.
        maps: folder of the group maps, see :func:`map_of`.
        meanings: attribute -> value of the dictionary -> the value that the networks have for it; values that are
            absent are not learnt.

    Raises:
        ValueError: a cell holds what it must not; the text names file and line.
    """
    items: list[Example] = []
    unknown: dict[str, Counter[str]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = enumerate(csv.DictReader(lines), start=2)
        for _, own in groupby(rows, lambda row: [row[1].get(name) for name in ("sha256", "shop", "external_id")]):
            try:
                item = _example(list(own), root, maps, meanings, unknown)
            except (KeyError, ValueError, AttributeError, TypeError) as error:
                raise ValueError(f"{file} cannot be read: {error}") from error
            if item.values:
                items.append(item)
    return Examples(tuple(items), {name: dict(sorted(counts.items())) for name, counts in sorted(unknown.items())})


def _example(
    rows: Sequence[tuple[int, Mapping[str, str]]],
    root: Path,
    maps: Path,
    meanings: Mapping[str, Mapping[str, str]],
    unknown: dict[str, Counter[str]],
) -> Example:
    number, first = rows[0]
    if first["garment_group"] not in GARMENT_GROUPS:
        raise ValueError(f"line {number}: garment_group “{first['garment_group']}” is none of {GARMENT_GROUPS}")
    values, shared, verified = {}, {}, set()
    for _, row in rows:
        attribute = row["attribute"]
        known = meanings.get(attribute, {})
        weights: Counter[str] = Counter()
        for code, weight in _weights(row["values"]).items():
            if code in known:
                weights[known[code]] += weight  # type: ignore[assignment]
            else:
                unknown.setdefault(attribute, Counter())[code] += 1
        # Half of a label would say that the other half is wrong.
        if not weights or sum(weights.values()) < 0.999:
            continue
        values[attribute] = EITHER.join(sorted(weights))
        if len(weights) > 1:
            shared[attribute] = dict(weights)
        if row["verified"] == "1":
            verified.add(attribute)
    return Example(
        path=root / first["picture"],
        mask=map_of(maps, first["sha256"]),
        garment_group=first["garment_group"],
        values=values,
        design=first["design"],
        origin=f"set:{first['shop']}",
        place=(first["part"], int(first["fold"])),
        shared=shared,
        verified=frozenset(verified),
        digest=first["sha256"],
    )


def _weights(cell: str) -> dict[str, float]:
    parts = [part.partition(":") for part in cell.split("|")]
    weights = {code: float(weight) if weight else 1.0 for code, _, weight in parts}
    whole = sum(weights.values())
    return {code: weight / whole for code, weight in weights.items()}


def map_of(maps: Path, digest: str) -> Path:
    """Where the group map of a picture is kept."""
    return maps / digest[:2] / f"{digest}.png"


def only_wanted(items: Iterable[Example], attributes: Collection[str], groups: Collection[str]) -> list[Example]:
    """Items less the labels that are not to be learnt; those of other garment groups keep none."""
    found = []
    for item in items:
        unwanted = {name for name in item.values if name not in attributes or item.garment_group not in groups}
        found.append(item.without(unwanted) if unwanted else item)
    return found


def without_scarce(items: Sequence[Example]) -> tuple[list[Example], dict[str, dict[str, int]]]:
    """Items less the labels of values that hardly any training picture has, and which those are.

    Returns:
        The items; attribute -> value -> number of training pictures.
    """
    counts: dict[str, Counter[str]] = {}
    for item in items:
        for attribute, value in item.values.items():
            if item.part == TRAIN:
                counts.setdefault(attribute, Counter()).update(value.split(EITHER))
    scarce = {
        attribute: {value: number for value, number in sorted(found.items()) if number < LEAST_OF_VALUE}
        for attribute, found in counts.items()
    }
    kept = []
    for item in items:
        rare = {name for name, value in item.values.items() if set(value.split(EITHER)) & set(scarce.get(name, ()))}
        kept.append(item.without(rare) if rare and item.part == TRAIN else item)
    return kept, {attribute: values for attribute, values in sorted(scarce.items()) if values}


def in_folds_of(items: Iterable[Example], left_out: Mapping[str, int]) -> list[Example]:
    """Items with each design in the fold of the network that did not learn its pictures before.

    Args:
        items: the items.
        left_out: digest of a picture -> number of the network that did not learn it; absent where all did not.
    """
    own = list(items)
    folds = {item.design: left_out[item.digest] for item in own if item.digest in left_out}
    return [replace(item, place=(item.part, folds.get(item.design, item.fold))) for item in own]


def thinned(items: Sequence[Example], most: int = MOST) -> list[Example]:
    """At most so many items, whole designs by their hash, those with a verified label first."""
    if len(items) <= most:
        return list(items)
    verified = {item.design for item in items if item.verified}
    order = sorted(items, key=lambda item: (item.design not in verified, hash_number(f"thin:{item.design}")))
    return order[:most]


def check_enough(items: Iterable[Example], attributes: Sequence[str], needed: Mapping[str, Collection[str]]) -> None:
    """See to it that there is something to learn.

    Args:
        items: what is to be learnt, less the labels that are not.
        attributes: the attributes to learn.
        needed: attribute -> values that must each have enough examples, because the networks know nothing of them yet.

    Raises:
        TooFewExamples: for the first attribute, or value of one, that there is too little of.
    """
    counts: dict[str, Counter[str]] = {attribute: Counter() for attribute in attributes}
    for item in items:
        for attribute in attributes:
            if item.part == TRAIN and item.values.get(attribute):
                counts[attribute].update(item.values[attribute].split(EITHER))
    for attribute, found in counts.items():
        if sum(found.values()) < LEAST_EXAMPLES:
            raise TooFewExamples(attribute, "", sum(found.values()), LEAST_EXAMPLES)
        for value in needed.get(attribute, ()):
            if found[value] < LEAST_OF_VALUE:
                raise TooFewExamples(attribute, value, found[value], LEAST_OF_VALUE)
        if sum(number >= LEAST_OF_VALUE for number in found.values()) < 2:
            second = found.most_common(2)[-1] if len(found) > 1 else ("", 0)
            raise TooFewExamples(attribute, second[0], second[1], LEAST_OF_VALUE)


def load_examples(
    items: Sequence[Example],
    values: Mapping[str, Sequence[str]],
    side: int,
    tell: Callable[[int], None] = lambda done: None,
) -> Crops:
    """Decode items with the weights of their labels; see :func:`inference.fit.data_shop.load_crops`.

    Those whose picture is gone, or could not be cut up, are left out.

    Raises:
        ValueError: nothing is left.
    """
    there = [item for item in items if item.mask.exists() and item.path.exists()]
    crops = load_crops(there, values, side, tell)
    weights, shares = {}, {}
    for attribute, codes in values.items():
        own = [item for item in crops.items if isinstance(item, Example)]
        weights[attribute] = np.array(
            [VERIFIED_WEIGHT if attribute in item.verified else 1.0 for item in own], np.float32
        )
        shares[attribute] = np.array(
            [[item.shared.get(attribute, {}).get(code, 0.0) for code in codes] for item in own], np.float32
        ).reshape(len(own), len(codes))
    return replace(crops, weights=weights, shares=shares)
