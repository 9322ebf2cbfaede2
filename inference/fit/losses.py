"""What the attribute networks are taught by: labels, smoothed and weighted, and the network that they began as.

Shops mislabel, so labels are smoothed (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
CVPR 2016). Where a picture has no label of an attribute, or one that is not to be learnt, the network that the training
began with says what it sees there, so that it does not forget (Li & Hoiem, "Learning without Forgetting", ECCV 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.fit.data_shop import Crops


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a batch is to be learnt as.

    Attributes:
        targets: attribute -> bool (n, values), see :class:`inference.fit.data_shop.Crops`.
        weights: attribute -> float (n,).
        shares: attribute -> float (n, values).
        taught: float (n, values of all attributes), or None.
    """

    targets: Mapping[str, Tensor]
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    shares: Mapping[str, Tensor] = field(default_factory=dict)
    taught: Tensor | None = None

    @classmethod
    def of(cls, crops: Crops, rows: NDArray[np.int64], device: torch.device) -> Lesson:
        """The lesson of some rows."""
        targets, weights, shares = (
            {name: torch.from_numpy(part[rows]).to(device) for name, part in parts.items()}
            for parts in (crops.targets, crops.weights, crops.shares)
        )
        taught = None if crops.taught is None else torch.from_numpy(crops.taught[rows]).to(device)
        return cls(targets, weights, shares, taught)


def smoothed_loss(
    logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor | None = None, shares: Tensor | None = None
) -> Tensor:
    """Cross-entropy with label smoothing that accepts labels of several values.

    Args:
        logits: float (n, values).
        targets: bool (n, values); the label means one of the True ones, it is not known which. Rows without any are
            skipped.
        smoothing: share of the weight that all values get alike.
        weights: float (n,), how much each row counts; alike where it is None.
        shares: float (n, values); rows that are not all zero say that several values are right, each by its share, and
            count instead of ``targets``.

    Returns:
        A scalar, 0 when all rows are skipped; with one value per label, the same as torch's ``cross_entropy``.
    """
    known = targets.any(1)
    if not bool(known.any()):
        return logits.sum() * 0
    logs = logits[known].log_softmax(1)
    own = logs.masked_fill(~targets[known], -torch.inf).logsumexp(1)
    if shares is not None:
        shared = shares[known]
        own = torch.where(shared.any(1), (shared * logs).sum(1), own)
    each = -((1 - smoothing) * own + smoothing * logs.mean(1))
    if weights is None:
        return each.mean()
    return (each * weights[known]).sum() / weights[known].sum().clamp_min(1e-6)


def taught_loss(logits: Tensor, taught: Tensor, targets: Tensor) -> Tensor:
    """Divergence (Kullback & Leibler) from what the teacher says, over the rows without a label; 0 without such rows.

    Args:
        logits: float (n, values).
        taught: float (n, values), the teacher's logits.
        targets: bool (n, values), see :func:`smoothed_loss`.
    """
    rows = ~targets.any(1)
    if not bool(rows.any()):
        return logits.sum() * 0
    own, teacher = logits[rows].log_softmax(1), taught[rows].log_softmax(1)
    return functional.kl_div(own, teacher, reduction="batchmean", log_target=True)


def joint_loss(
    logits: Tensor,
    lesson: Lesson,
    slices: Mapping[str, slice],
    smoothing: float,
    shares_of_loss: Mapping[str, float],
) -> Tensor:
    """The sum of the attributes' losses, each times its share in the loss (1 where it is not named)."""
    parts = []
    for attribute, columns in slices.items():
        own, targets = logits[:, columns], lesson.targets[attribute]
        loss = smoothed_loss(own, targets, smoothing, lesson.weights.get(attribute), lesson.shares.get(attribute))
        if lesson.taught is not None:
            # Weighed by how many rows it speaks for, so that a few unlabelled pictures do not outweigh the labels.
            silent = (~targets.any(1)).float().mean()
            loss = (1 - silent) * loss + silent * taught_loss(own, lesson.taught[:, columns], targets)
        parts.append(shares_of_loss.get(attribute, 1.0) * loss)
    return torch.stack(parts).sum()
