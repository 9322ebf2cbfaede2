from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0005_lease_of_the_review_policy"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="flagcount",
            name="audits_count_sort",
        ),
        migrations.AddIndex(
            model_name="flagcount",
            index=models.Index(
                fields=["state", "shop", "attribute", "garment_type", "label_value", "suggested", "number"],
                name="audits_count_sums",
            ),
        ),
        migrations.AddIndex(
            model_name="flag",
            index=models.Index(
                condition=models.Q(("kind", "flag"), _negated=True),
                fields=["kind", "state", "id"],
                name="audits_flag_mixed",
            ),
        ),
        migrations.AddIndex(
            model_name="prediction",
            index=models.Index(
                condition=models.Q(("current", True), ("state", "ok")),
                fields=["label_value", "-id"],
                name="audits_prediction_sure",
            ),
        ),
    ]
