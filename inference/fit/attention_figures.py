"""How much of an attention map lies on the garment."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inference.classify import Classifier
from inference.fit.attribute_figures import Predicted

#: At most so many pictures are looked at.
PICTURES = 200


def attention_figures(classifier: Classifier, predicted: Predicted, attribute: str = "colour") -> dict[str, float]:
    """Share of the attention map's energy (sum of its values) inside the product's mask.

    Args:
        classifier: the ensemble.
        predicted: what it said; its predicted values are explained.
        attribute: code of the attribute.

    Returns:
        ``pictures``, and ``median`` and ``lowest_tenth`` (10% of the pictures have less) of the share, 0..1. Maps are
        weighted with the mask at their own small size, so what lies outside comes from enlarging them.
    """
    shares = []
    best = predicted.probabilities[attribute].argmax(1)
    step = max(1, len(predicted.items) // PICTURES)
    for row in range(0, len(predicted.items), step)[:PICTURES]:
        item = predicted.items[row]
        region = item.region()
        with Image.open(item.path) as opened:
            image = opened.convert("RGB")
        (attention,) = classifier.explain([image], [region], attribute, [classifier.values[attribute][best[row]]])
        if attention.sum() > 0:
            shares.append(float((attention * region).sum() / attention.sum()))
    return {
        "pictures": float(len(shares)),
        "median": float(np.median(shares)) if shares else 0.0,
        "lowest_tenth": float(np.quantile(shares, 0.1)) if shares else 0.0,
    }
