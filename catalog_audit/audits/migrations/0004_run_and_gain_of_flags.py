from django.db import migrations
from django.db.models import OuterRef, Subquery

_BATCH = 1000


def fill(apps, schema_editor):
    """Flags get the run that raised them; those that wait get their expected gain."""
    flags = apps.get_model("audits", "Flag").objects
    predictions = apps.get_model("audits", "Prediction").objects
    flags.update(run_id=Subquery(predictions.filter(pk=OuterRef("prediction_id")).values("run_id")[:1]))
    last = 0
    waiting = flags.filter(state__in=("open", "disputed")).select_related("prediction", "suggested").order_by("pk")
    while batch := list(waiting.filter(pk__gt=last)[:_BATCH]):
        for flag in batch:
            flag.gain = flag.p_wrong * flag.prediction.probabilities.get(flag.suggested.code, 0.0)
        flags.bulk_update(batch, ["gain"], batch_size=200)
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0003_review_workbench"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
