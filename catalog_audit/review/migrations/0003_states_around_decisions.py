from django.db import migrations
from django.db.models import OuterRef, Subquery

_AFTER = {"accept": "accepted", "fix": "fixed"}


def fill(apps, schema_editor):
    """Decisions get the states around them, decided flags the person who decided them."""
    decisions = apps.get_model("review", "Decision").objects
    flags = apps.get_model("audits", "Flag").objects
    raised_as = flags.filter(pk=OuterRef("flag_id")).values("raised_as")[:1]
    for verdict, after in _AFTER.items():
        decisions.filter(verdict=verdict).update(before=Subquery(raised_as), after=after)
        standing = decisions.filter(flag=OuterRef("pk"), verdict=verdict, undone_by=None).order_by("-pk")
        flags.filter(state=after).update(decided_by_id=Subquery(standing.values("user_id")[:1]))
    decisions.filter(verdict__in=("skip", "undo")).update(before=Subquery(raised_as), after=Subquery(raised_as))


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0004_run_and_gain_of_flags"),
        ("review", "0002_review_workbench"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
