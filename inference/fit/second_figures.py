"""Labels weighed as an audit weighs them at its end, so that figures are those of what people get to see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.fit.flag_figures import BY_FREQUENCY, Judge, draw_weights, plant
from inference.fit.second_look import PLANTED, learn_second_look
from inference.measured import MeasuredColours
from inference.second_look import USUAL, SecondLook, adapted, lowest_threshold, prior_of
from inference.suspicion import states_by
from inference.usage import ENOUGH, learn_usage
from inference.witnesses import NAMES, Labelled, witnesses

#: Stands for what is still to be learnt.
UNLEARNT = SecondLook(np.zeros(len(NAMES) + 1), np.eye(len(NAMES) + 1), 0.05)


@dataclass(frozen=True, slots=True)
class AuditJudge(Judge):
    """A judge that has seen the whole catalogue.

    Attributes:
        labelled: the pictures with the shop's own labels.
        colours: which colours words are used for.
        usage: float64 (n, values), how probably the shop gives each value; no label judged itself.
        look: how witnesses are weighed, with the shop's own share of wrong labels.
        threshold: labels are flagged from this p_wrong on.
    """

    labelled: Labelled = None  # type: ignore[assignment]
    colours: MeasuredColours = None  # type: ignore[assignment]
    usage: NDArray[np.float64] = None  # type: ignore[assignment]
    look: SecondLook = None  # type: ignore[assignment]
    threshold: float = 1.0

    def only(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> AuditJudge:
        """The same for some of the pictures."""
        measured = None if self.measured is None else self.measured[rows]
        return replace(
            self,
            probabilities=self.probabilities[rows],
            measured=measured,
            labelled=self.labelled.only(rows),
            usage=self.usage[rows],
        )

    def evidence(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """What speaks for and against labels, see :func:`inference.witnesses.witnesses`."""
        labelled = replace(self.labelled, labels=labels, covered=self.covered[labels])
        return witnesses(labelled, self.policy, self.colours, self.usage)

    def scores(self, labels: NDArray[np.int64], adapt: bool = True) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        """(p_wrong, states) of labels; with ``adapt`` as if they were a catalogue of their own."""
        evidence, look, threshold = self.evidence(labels), self.look, self.threshold
        if adapt:
            look = adapted(replace(look, shift=0.0), evidence)
            contradicted = ~self.covered[labels, self.probabilities.argmax(1)]
            threshold = lowest_threshold(look.p_wrong(evidence)[contradicted], USUAL)
        p_wrong = look.p_wrong(evidence)
        return p_wrong, states_by(p_wrong, threshold, self.probabilities, self.covered[labels], self.policy)


def audit_judge(judge: Judge, labelled: Labelled, colours: MeasuredColours, look: SecondLook) -> AuditJudge:
    """Weigh a whole catalogue as :func:`catalog_audit.audits.weighing.fit` does where nobody has decided anything.

    Args:
        judge: predictions of all pictures of a shop.
        labelled: the same with the shop's labels.
        colours: which colours words are used for.
        look: how witnesses are weighed, :func:`inference.second_look.shipped`.
    """
    usage = learn_usage(labelled, colours, ENOUGH)(labelled, colours)
    evidence = witnesses(labelled, judge.policy, colours, usage)
    own = adapted(prior_of(look), evidence)
    threshold = lowest_threshold(own.p_wrong(evidence)[~labelled.agrees], USUAL)
    return AuditJudge(
        judge.probabilities, judge.values, judge.policy, judge.covered, judge.measured, labelled, colours, usage, own,
        threshold,
    )  # fmt: skip


def learn_from(parts: list[Verdicts], seed: int = 5) -> SecondLook:
    """Learn how witnesses are weighed from verdicts about several shops.

    Args:
        parts: one a shop.
        seed: of the slips that are planted.
    """
    random = np.random.default_rng(seed)
    evidence, planted = [], []
    for part in parts:
        evidence.append(part.judge.evidence(part.judge.labelled.labels)[part.rows])
        right = part.rows[part.natural & ~part.wrong & ~part.arguable]
        judge = part.judge.only(right)
        weights = draw_weights(judge.values, judge.frequencies, judge.policy, BY_FREQUENCY)
        for _ in range(PLANTED):
            slips = plant(judge.labelled.labels, weights, 1.0, random)
            planted.append(judge.evidence(slips.labels)[slips.wrong])
    return learn_second_look(
        np.concatenate(evidence),
        np.concatenate([part.wrong for part in parts]),
        np.concatenate([part.natural for part in parts]),
        np.concatenate(planted),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Labels of a shop that were looked at by eye.

    Attributes:
        judge: of the whole shop.
        rows: int64 (n,), those that were looked at.
        wrong: bool (n,), plainly wrong.
        arguable: bool (n,), a matter of opinion.
        natural: bool (n,): of a part of which every label was looked at, suspicious or not.
    """

    judge: AuditJudge
    rows: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    arguable: NDArray[np.bool_]
    natural: NDArray[np.bool_]
