import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_picture_content"),
        ("review", "0005_decisions_by_time"),
    ]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="new_value",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalog.value",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["new_value", "-id"], name="review_decision_value"),
        ),
    ]
