from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0004_saved_views"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["-created_at"], name="review_decision_time"),
        ),
    ]
