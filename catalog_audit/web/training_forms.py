"""What people send to start a training."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog.models import Attribute
from catalog_audit.training.models import TrainingRun, TrainingSet
from catalog_audit.training.retraining import learnable
from catalog_audit.web.trainings import GROUPS


class RetrainingForm(forms.Form):
    """What to learn, from what, and how thoroughly."""

    training_set = forms.ModelChoiceField(TrainingSet.objects.all(), label=_("Training set"), empty_label=None)
    attributes = forms.MultipleChoiceField(
        label=_("Learn"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one attribute.")},
    )
    groups = forms.MultipleChoiceField(
        label=_("From"),
        widget=forms.CheckboxSelectMultiple,
        choices=list(GROUPS.items()),
        initial=list(GROUPS),
        error_messages={"required": _("Choose at least one kind of garment.")},
    )
    mode = forms.ChoiceField(
        label=_("How"),
        widget=forms.RadioSelect,
        choices=TrainingRun.Mode.choices,
        initial=TrainingRun.Mode.FINETUNE,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[Attribute] = learnable()
        field = self.fields["attributes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  (for the type checker)
        field.choices = [(one.code, one.name) for one in choices]
        field.initial = [one.code for one in choices]
