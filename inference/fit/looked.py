"""What an ensemble said of crops, on its way to being calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.classify import calibrated
from inference.contract import PaletteEntry
from inference.crops import SHAPE_WIDTH
from inference.fit.data_shop import RENDERED, Crops
from inference.fit.measured_colours import palettes_of
from inference.fit.stacking import meant
from inference.measured import MeasuredColours
from inference.outline import outline_profile
from inference.stacking import colour_features, shape_features


@dataclass(frozen=True, slots=True)
class Labelled:
    """Crops with a label of one attribute.

    Attributes:
        crops: the crops.
        logits: float32 (n, values of the attribute).
        labels: int64 (n,), the value that each label means; of several possible ones the networks' favourite.
        single: bool (n,), False where the label may mean several values.
        features: float64 (n, features), what a second reading goes by.
        palettes: the measured colours; empty for attributes other than the colour.
    """

    crops: Crops
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    single: NDArray[np.bool_]
    features: NDArray[np.float64]
    palettes: tuple[tuple[PaletteEntry, ...], ...]

    @property
    def groups(self) -> NDArray[np.str_]:
        """Garment group of each crop."""
        return np.array([item.garment_group for item in self.crops.items], str)

    @property
    def accuracy(self) -> float:
        """Share, 0..1, of the labels that mean one value and are named."""
        return float((self.logits.argmax(1) == self.labels)[self.single].mean()) if self.single.any() else 0.0

    def with_colours(self, measured: MeasuredColours) -> Labelled:
        """The same with the features of a colour."""
        features = colour_features(self.logits, self.palettes, self.groups.tolist(), measured)
        return replace(self, features=features)

    def read_again(self, logits: NDArray[np.float32]) -> Labelled:
        """The same with other logits."""
        return replace(self, logits=logits)

    def certain(self) -> Labelled:
        """Only those whose label means exactly one value."""
        rows = np.flatnonzero(self.single)
        palettes = tuple(self.palettes[row] for row in rows.tolist()) if self.palettes else ()
        return Labelled(
            self.crops.only(rows),
            self.logits[rows],
            self.labels[rows],
            self.single[rows],
            self.features[rows],
            palettes,
        )

    def probabilities(self, temperatures: Mapping[str, Mapping[str, float]], whose: str) -> NDArray[np.float32]:
        """Calibrated probabilities, by ``member`` or ``ensemble`` temperatures."""
        chosen = np.array([temperatures.get(group, temperatures[""])[whose] for group in self.groups.tolist()])
        return calibrated(self.logits, chosen)


@dataclass(frozen=True, slots=True)
class Looked:
    """Crops of real pictures (drawn garments are left out) with all logits and measurements.

    Attributes:
        crops: the crops.
        logits: float32 (n, values of all attributes).
        profiles: float64 (n, PROFILE_WIDTH), see :func:`inference.outline.outline_profile`.
        palettes: the measured colours.
    """

    crops: Crops
    logits: NDArray[np.float32]
    profiles: NDArray[np.float64]
    palettes: Sequence[tuple[PaletteEntry, ...]]

    @classmethod
    def at(cls, crops: Crops, logits: NDArray[np.float32]) -> Looked:
        """Measure crops whose logits (n, values of all attributes) are known."""
        rows = np.array([row for row, item in enumerate(crops.items) if item.origin != RENDERED], np.int64)
        real = crops.only(rows)
        profiles = outline_profile(real.masks[:, 0], real.shapes[:, :SHAPE_WIDTH])
        return cls(real, logits[rows], profiles, palettes_of(real))

    def labelled(self, attribute: str, columns: slice) -> Labelled:
        """Those that have a label of an attribute, whose logits stand in ``columns``."""
        targets = self.crops.targets[attribute]
        rows = np.flatnonzero(targets.any(1))
        own, crops = self.logits[rows][:, columns], self.crops.only(rows)
        groups = [item.garment_group for item in crops.items]
        return Labelled(
            crops,
            own,
            meant(targets[rows], own),
            targets[rows].sum(1) == 1,
            shape_features(self.logits[rows], self.profiles[rows], groups),
            tuple(self.palettes[row] for row in rows.tolist()) if attribute == "colour" else (),
        )
