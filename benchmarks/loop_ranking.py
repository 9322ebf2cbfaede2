"""By what ``loop.py`` ranks labels: the product's rule, what verdicts teach beyond it, and cleanlab."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.loop_simulation import Floats, Standing, best_but
from inference.suspicion import Policy, estimate_error_rate, log_ratios, probability_wrong

#: Verdicts from which something is learnt, of either kind.
ENOUGH = 20

#: Most steps of the solver, and inverse strength of the penalty on weights.
STEPS, STRENGTH = 300, 1.0

_TINY = 1e-9


def by_suspicion(standing: Standing) -> Floats:
    """What an audit ranks by: ``inference/suspicion.py`` with the catalogue's own error rate, uncorrected (slope 1)."""
    ratios, policy = _ratios(standing.pooled, standing.labels)
    return probability_wrong(ratios, policy, estimate_error_rate(ratios, policy))


def by_verdicts(standing: Standing) -> Floats:
    """How probably a reviewer would overturn a label, learnt from verdicts; the product's rule before there are any.

    A logistic regression on the product's log-likelihood ratio, the logits of the label and of its strongest rival, and
    which label and rival these are, alone and as a pair: so it learns where this shop draws the line between beige and
    white. Labels that were seen are weighed as the shop gave them, by heads that did not learn the item.
    """
    overturned = standing.overturned[standing.seen]
    if min(int(overturned.sum()), int((~overturned).sum())) < ENOUGH:
        return by_suspicion(standing)
    evidence = _evidence(standing)
    model = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit(evidence[standing.seen], overturned)
    return np.asarray(model.predict_proba(evidence)[:, 1], np.float64)


def by_cleanlab(method: str) -> Callable[[Standing], Floats]:
    """One of cleanlab's rankings (``get_label_quality_scores``) of the heads' mean."""
    from cleanlab.rank import get_label_quality_scores

    def score(standing: Standing) -> Floats:
        return np.asarray(1 - get_label_quality_scores(standing.labels, standing.pooled, method=method), np.float64)

    return score


def _ratios(probabilities: Floats, labels: NDArray[np.int64]) -> tuple[Floats, Policy]:
    """The product's log-likelihood ratios, and a policy that knows how often each value is given."""
    values = probabilities.shape[1]
    shares = np.bincount(labels, minlength=values) / len(labels)
    policy = Policy(frequencies={str(value): float(share) for value, share in enumerate(shares)})
    return log_ratios(probabilities.astype(np.float32), np.eye(values, dtype=bool)[labels], shares), policy


def _evidence(standing: Standing) -> Floats:
    """float64 (n, 3 + 2 * values + values squared)."""
    pooled, given = standing.pooled, standing.given
    count, values = pooled.shape
    rival, rows = best_but(pooled, given), np.arange(count)
    numbers = [_ratios(pooled, given)[0], _logit(pooled[rows, given]), _logit(pooled[rows, rival])]
    pair = np.zeros((count, values * values))
    pair[rows, given * values + rival] = 1.0
    each = np.eye(values)
    # Numbers of a size with the ones and zeros, and single values held back more than the pairs.
    return np.concatenate([np.stack(numbers, 1) / 3, each[given] / 2, each[rival] / 2, pair], 1)


def _logit(shares: Floats) -> Floats:
    inside = np.clip(shares, _TINY, 1 - _TINY)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)
