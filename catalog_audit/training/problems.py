"""Why a training cannot be done, in words for the person who asked for it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Attribute, Value


class TrainingProblem(Exception):
    """A training cannot be done; the message is for the person who asked for it."""


def too_few(attribute: str, value: str, found: int, needed: int) -> TrainingProblem:
    """There is too little to learn an attribute (codes), or a value of it, from."""
    names = {
        "attribute": _name(Attribute.objects.filter(code=attribute).first(), attribute),
        "value": _name(Value.objects.filter(attribute__code=attribute, code=value).first(), value),
        "found": found,
        "needed": needed,
    }
    if value:
        return TrainingProblem(
            _(
                "Too few examples of “%(value)s” (%(attribute)s): the training set has %(found)s pictures to learn "
                "from, %(needed)s are needed. Review more labels of this value, or leave the attribute out."
            )
            % names
        )
    return TrainingProblem(
        _(
            "Too few examples of “%(attribute)s”: the training set has %(found)s pictures, %(needed)s are needed. "
            "Leave this attribute out, or add more products."
        )
        % names
    )


def _name(found: Attribute | Value | None, code: str) -> str:
    return found.name if found else code


def out_of_memory() -> TrainingProblem:
    """The device has too little memory."""
    return TrainingProblem(_("The memory of this machine was not enough for the training."))


def died_too_often(attempts: int) -> TrainingProblem:
    """The process has ended again and again in the middle of the same work."""
    return TrainingProblem(
        _(
            "The training was begun %(attempts)s times and its process ended each time before anything was learnt. "
            "Most often the memory of the machine is not enough."
        )
        % {"attempts": attempts}
    )


def no_base() -> TrainingProblem:
    """There is no classifier to go on from."""
    return TrainingProblem(_("There is no model in use to go on from. Train from the beginning."))


def nothing_chosen() -> TrainingProblem:
    """No attribute or no garment group was chosen."""
    return TrainingProblem(_("Choose at least one attribute and one kind of garment."))
