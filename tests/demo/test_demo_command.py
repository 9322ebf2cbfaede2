"""`manage.py demo` brings the drawn catalogue in, says how well the audit did, and changes nothing the second time."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer, may_review
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Label, Product, Value
from catalog_audit.demo import answers
from catalog_audit.demo.management.commands import demo
from tests import factories

ANSWERS = [
    {"external_id": "a", "true_colour": "red", "planted": "1"},
    {"external_id": "b", "true_colour": "navy", "planted": "1"},
    {"external_id": "c", "true_colour": "grey", "planted": "1"},
    {"external_id": "d", "true_colour": "pink", "planted": "0"},
    {"external_id": "e", "true_colour": "pink", "planted": "0"},
]


def test_flags_are_compared_with_the_answers():
    score = answers.Score.of(ANSWERS, {"a": "red", "b": "black", "d": "white"}, ["c", "e"])
    assert (score.planted, score.found, score.mistaken, score.suggested) == (3, 2, 1, 1)
    assert (score.disputed, score.disputed_found) == (2, 1)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 3)
    assert str(score).startswith(
        "2 of 3 planted errors were flagged, 1 flags were mistaken (precision 67%, recall 67%)"
    )
    assert "2 more flags lie beside the queue as disputed, 1 of them on planted errors" in str(score)


def test_without_flags_nothing_is_mistaken_and_nothing_found():
    score = answers.Score.of(ANSWERS, {}, [])
    assert (score.found, score.mistaken, score.precision, score.recall) == (0, 0, 1.0, 0.0)


@pytest.fixture
def data(tmp_path: Path, settings) -> Path:
    settings.DATA_DIR = tmp_path
    settings.PICTURES_DIR = tmp_path / "pictures"
    return tmp_path


@pytest.fixture
def audits(monkeypatch) -> list[str]:
    """The networks are tested elsewhere; here an audit flags the first label that the answers call wrong."""
    shops: list[str] = []

    class Audit(BaseCommand):
        def add_arguments(self, parser) -> None:
            parser.add_argument("--shop", required=True)

        def handle(self, *args, shop: str, **options) -> None:
            shops.append(shop)
            if Flag.objects.exists():
                return
            with (demo.settings.DATA_DIR / "demo" / "answers.csv").open(encoding="utf-8") as file:
                row = next(row for row in csv.DictReader(file) if row["planted"] == "1")
            label = Label.objects.get(product__external_id=row["external_id"], attribute__code="colour")
            factories.make_flag(label, suggested=row["true_colour"])

    real = demo.call_command
    monkeypatch.setattr(demo, "call_command", lambda name, *a, **k: real(Audit() if name == "audit" else name, *a, **k))
    return shops


def run(**options) -> str:
    out = StringIO()
    call_command("demo", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_it_imports_audits_compares_and_names_the_people(data, audits):
    said = run(count=25, address="http://127.0.0.1:8000")
    assert Product.objects.filter(shop__slug="demo").count() == 25
    assert audits == ["demo"]
    assert "1 of 2 planted errors were flagged, 0 flags were mistaken (precision 100%, recall 50%)" in said
    assert "http://127.0.0.1:8000" in said

    file = data / "demo_users.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    passwords = dict(line.split() for line in file.read_text().splitlines())
    people = {user.username: user for user in User.objects.all()}
    assert passwords.keys() == people.keys() == {"demo-manager", "demo-admin"}
    for name, password in passwords.items():
        assert people[name].check_password(password)
        assert password in said
    assert may_review(people["demo-manager"])
    assert not may_administer(people["demo-manager"])
    assert may_administer(people["demo-admin"])
    assert not any(user.is_superuser for user in people.values())


@pytest.mark.django_db
def test_a_second_time_changes_nothing(data, audits):
    first = run(count=25)
    before = {
        "files": {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()},
        "counts": [model.objects.count() for model in (Product, Label, Flag, User, Value)],
        "passwords": list(User.objects.order_by("pk").values_list("password", flat=True)),
    }
    second = run(count=25)
    assert {
        "files": {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()},
        "counts": [model.objects.count() for model in (Product, Label, Flag, User, Value)],
        "passwords": list(User.objects.order_by("pk").values_list("password", flat=True)),
    } == before
    assert second == first.replace("Drawing 25 products ...\n", "").replace(
        "25 new, 0 updated, 0 unch", "0 new, 0 updated, 25 unch"
    )


@pytest.mark.django_db
def test_a_decision_does_not_change_the_score(data, audits):
    first = run(count=25)
    Flag.objects.update(state=Flag.State.FIXED)
    Prediction.objects.update(current=False)  # an audit after a decision looks again and raises no flag
    assert "1 of 2 planted errors were flagged" in first
    assert "1 of 2 planted errors were flagged" in run(count=25)


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_is_named(data, audits):
    (data / "demo").write_text("in the way")
    with pytest.raises(CommandError, match="cannot be drawn"):
        run(count=5)
    assert not Product.objects.exists()
    assert audits == []
