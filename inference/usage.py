"""How a shop uses its own words: one linear layer, learnt from its own catalogue, by which no label judges itself.

Where one shop says navy another says blue. Networks that learnt from several shops know the mean of their habits; a
shop with some hundreds of labels tells its own. The layer is that of :mod:`inference.stacking`, learnt on the networks'
answers about the shop's products and the labels that they have. Designs are dealt into folds, and a design is judged
by the layer of the other folds (cross-fitting; Wolpert, "Stacked generalization", Neural Networks 1992). The fewer
labels, the more the networks' own answer counts. NumPy, and scikit-learn where something is learnt.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.measured import MeasuredColours
from inference.stacking import Stack, colour_features
from inference.witnesses import Labelled

#: Designs are dealt into so many folds.
FOLDS = 5

#: With fewer labels nothing is learnt of a shop.
ENOUGH = 500

#: With so many labels, what the shop's labels say and what the networks say count alike.
HALFWAY = 1000.0

_LEAST = 1e-6


def fold_of(design: str) -> int:
    """Number 0..FOLDS-1 of the fold of a design; the same on every machine."""
    return zlib.crc32(design.encode()) % FOLDS


@dataclass(frozen=True, slots=True)
class Usage:
    """What was learnt of a shop.

    Attributes:
        layers: one a fold, learnt from the others; none where the shop has too few labels.
        trust: 0..1, how much they count beside the networks.
    """

    layers: tuple[Stack, ...] = ()
    trust: float = 0.0

    def __call__(self, labelled: Labelled, colours: MeasuredColours) -> NDArray[np.float64]:
        """How probably the shop gives each value: float64 (n, values), rows adding up to 1.

        Args:
            labelled: labels of the shop; each is judged by the layer that did not see its fold.
            colours: which colours words are used for.
        """
        logs = _logs(labelled.probabilities)
        if self.layers:
            features = _features(labelled, colours)
            told = np.zeros_like(logs)
            for number, layer in enumerate(self.layers):
                own = labelled.folds == number
                told[own] = _log_softmax(layer(features[own]).astype(np.float64))
            logs = self.trust * told + (1 - self.trust) * logs
        return np.exp(_log_softmax(logs))

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {"trust": round(self.trust, 6), "layers": [layer.to_json() for layer in self.layers]}

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> Usage:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError: a part is missing.
        """
        return cls(tuple(Stack.from_json(one) for one in card["layers"]), float(card["trust"]))


def learn_usage(labelled: Labelled, colours: MeasuredColours, enough: int = ENOUGH) -> Usage:
    """Learn how a shop uses its words.

    Args:
        labelled: labels of the shop; headings say nothing and are passed over.
        colours: which colours words are used for.
        enough: with fewer labels, or where a fold would have a single value to learn from, nothing is learnt.
    """
    from inference.fit.stacking import learn_stack

    rows = np.flatnonzero(labelled.labels >= 0)
    labels, folds = labelled.labels[rows], labelled.folds[rows]
    parts: Sequence[NDArray[np.bool_]] = [folds != number for number in range(FOLDS)]
    if len(rows) < enough or any(len(np.unique(labels[part])) < 2 for part in parts):
        return Usage()
    features = _features(labelled, colours)[rows]
    layers = tuple(learn_stack(features[part], labels[part], len(labelled.values)) for part in parts)
    return Usage(layers, len(rows) / (len(rows) + HALFWAY))


def _features(labelled: Labelled, colours: MeasuredColours) -> NDArray[np.float64]:
    logs = _logs(labelled.probabilities).astype(np.float32)
    return colour_features(logs, labelled.palettes, labelled.groups, colours)


def _logs(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities.astype(np.float64), _LEAST))


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    top = logits.max(1, keepdims=True)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True)), np.float64)
