import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0004_run_and_gain_of_flags"),
    ]

    operations = [
        migrations.AddField(
            model_name="reviewpolicy",
            name="lease_minutes",
            field=models.PositiveSmallIntegerField(
                default=5,
                help_text="1..60. A flag that was handed out is handed to nobody else for so long.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="minutes of a lease",
            ),
        ),
    ]
