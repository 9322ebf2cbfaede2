"""A classifier judges all attributes now; those that judged one cannot be loaded any more and are retired."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def retire(apps: Any, schema_editor: Any) -> None:
    """Retire the models of one attribute, so that they do not count as the specialists of their garment group."""
    versions = apps.get_model("registry", "ModelVersion").objects.using(schema_editor.connection.alias)
    versions.exclude(attribute="").update(state="retired")


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(retire, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            name="modelversion",
            options={"ordering": ["kind", "garment_group", "-created_at"]},
        ),
        migrations.RemoveConstraint(model_name="modelversion", name="model_version"),
        migrations.RemoveConstraint(model_name="modelversion", name="one_active_model"),
        migrations.RemoveField(model_name="modelversion", name="attribute"),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.UniqueConstraint(fields=("kind", "garment_group", "version"), name="model_version"),
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "active")), fields=("kind", "garment_group"), name="one_active_model"
            ),
        ),
    ]
