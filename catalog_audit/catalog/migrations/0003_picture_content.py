from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_unique_words"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="picture",
            index=models.Index(fields=["sha256"], name="catalog_picture_content"),
        ),
    ]
