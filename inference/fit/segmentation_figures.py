"""Figures of a segmentation: pixel accuracy and intersection over union."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Confusion:
    """Counts of pixels by true and by predicted group."""

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, true: NDArray[np.integer], seen: NDArray[np.integer]) -> None:
        """Count one picture; true numbers outside the classes are skipped.

        Raises:
            ValueError: the two maps differ in size.
        """
        if true.shape != seen.shape:
            raise ValueError(f"group maps of {true.shape} and {seen.shape} cannot be compared")
        classes = len(self.counts)
        known = true < classes
        pairs = true[known].astype(np.int64) * classes + seen[known].astype(np.int64)
        self.counts += np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)

    @property
    def accuracy(self) -> float:
        """Share of pixels given their true group, 0..1."""
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per group, over all pixels of all pictures; NaN for groups that never occur."""
        both = np.diag(self.counts).astype(np.float64)
        either = self.counts.sum(0) + self.counts.sum(1) - np.diag(self.counts)
        return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)

    @property
    def mean_iou(self) -> float:
        """Mean of :attr:`iou` over the groups that occur."""
        return float(np.nanmean(self.iou))
