"""An admin says how precise flags should be, and sees beforehand what that gives."""

from __future__ import annotations

import pytest

from catalog_audit.audits.models import Weighing
from catalog_audit.jobs.models import Job
from tests import factories

PAGE = "/dashboard/precision/"


def outlook() -> list[dict]:
    rows = [
        {
            "wanted": one / 100,
            "threshold": one / 100,
            "flags": 0.1,
            "number": 1200 - 10 * one,
            "expected": one / 100 + 0.02,
            "low": one / 100 - 0.1,
            "high": min(1.0, one / 100 + 0.1),
        }
        for one in range(50, 95, 5)
    ]
    never = {"wanted": 0.95, "threshold": 2.0, "flags": 0.0, "number": 0, "expected": None, "low": 0.0, "high": 1.0}
    return [*rows, never]


@pytest.fixture
def row(db) -> Weighing:
    return Weighing.objects.create(
        shop=factories.make_shop("spring"),
        attribute=factories.attribute(),
        wanted=0.8,
        outlook=outlook(),
        reliability=[[0.15, 1, 10], [0.85, 9, 12]],
        labels=5000,
        verdicts=22,
    )


def text(client, address: str = PAGE) -> str:
    return client.get(address).content.decode()


def test_the_page_says_beforehand_how_many_flags_each_precision_gives(admin, row):
    page = text(admin)
    for number in (700, 400, 300):
        assert f'<td class="number">{number}</td>' in page
    assert "Of the flags 82% are expected to be right; with 95% certainty between 70% and 90%." in page
    assert 'value="80" checked' in page
    assert "Learnt from 5,000 labels" in page


def test_it_says_how_many_decisions_are_missing(admin, row):
    assert "224 more decisions are needed" in text(admin)
    Weighing.objects.update(verdicts=5000)
    assert "more decisions are needed" not in text(admin)


def test_what_was_said_is_drawn_against_what_people_found(admin, row):
    page = text(admin)
    chart = page[page.index('<svg class="chart"') : page.index("</svg>", page.index('<svg class="chart"'))]
    assert chart.count('class="dot"') == 2
    assert '<line class="same"' in chart
    assert '<td class="number">85%</td><td class="number">9</td><td class="number">12</td>' in page


def test_another_precision_is_kept_and_the_labels_are_weighed_by_it(admin, row):
    response = admin.post(PAGE, {"shop": "spring", "attribute": "colour", "wanted": "65"})
    assert response.headers["Location"] == f"{PAGE}?shop=spring"
    row.refresh_from_db()
    assert (row.wanted, row.is_due, row.position) == (0.65, True, 0)
    job = Job.objects.get(kind=Job.Kind.WEIGHING)
    assert (job.subject, job.state, job.created_by.username) == ("spring", Job.State.QUEUED, "ada")
    assert "The labels are being weighed" in text(admin)


def test_as_usual_takes_the_wanted_precision_away(admin, row):
    admin.post(PAGE, {"shop": "spring", "attribute": "colour", "wanted": ""})
    row.refresh_from_db()
    assert row.wanted is None


@pytest.mark.parametrize("wanted", ["101", "3", "much"])
def test_a_precision_that_is_not_in_the_table_is_refused(admin, row, wanted):
    page = admin.post(PAGE, {"shop": "spring", "attribute": "colour", "wanted": wanted}, follow=True)
    assert "Choose one of the precisions in the table." in page.content.decode()
    row.refresh_from_db()
    assert (row.wanted, row.is_due) == (0.8, False)


def test_a_weighing_can_be_stopped_and_gone_on_with(admin, row):
    admin.post(PAGE, {"shop": "spring", "attribute": "colour", "wanted": "65"})
    Weighing.objects.update(position=77)
    admin.post(f"{PAGE}spring/stop/")
    assert Job.objects.get().state == Job.State.CANCELLED
    assert "Go on weighing" in text(admin)

    admin.post(f"{PAGE}spring/weigh/")
    row.refresh_from_db()
    assert (row.is_due, row.position) == (True, 77)
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 1


def test_without_a_shop_the_page_says_so(admin):
    assert "No shop has been loaded yet" in text(admin)


def test_the_page_asks_the_database_as_often_for_many_shops(admin, row, django_assert_max_num_queries):
    for _ in range(5):
        Weighing.objects.create(
            shop=factories.make_shop(), attribute=factories.attribute(), outlook=outlook(), labels=9
        )
    with django_assert_max_num_queries(12):
        text(admin)
