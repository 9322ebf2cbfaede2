"""Several people, or several tries of one, at the very same moment: real threads, each with its own connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions
from catalog_audit.review.errors import FlagAlreadyDecided
from catalog_audit.review.models import Decision
from tests import factories

THREADS = 6


def at_once(*acts):
    """Run each act in a thread, all starting together; their results or errors."""
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(timeout=20)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def flag(transactional_db) -> Flag:
    return factories.make_flag(factories.make_label(factories.make_product(), "Navy", "navy"), suggested="black")


def test_one_of_many_people_wins_and_the_others_are_told(flag):
    people = [factories.make_manager(f"person{number}") for number in range(THREADS)]
    black = factories.value("black")

    results = at_once(*[lambda person=person: actions.fix(flag, black, person, uuid4()) for person in people])

    won = [result for result in results if isinstance(result, actions.Outcome)]
    lost = [result for result in results if isinstance(result, FlagAlreadyDecided)]
    assert (len(won), len(lost)) == (1, THREADS - 1), results
    winner = won[0].decision.user
    assert {error.decision.user for error in lost} == {winner}
    assert Label.objects.get().decided_by == winner
    assert Decision.objects.count() == 1


def test_one_request_that_comes_many_times_is_stored_once(flag):
    person, token = factories.make_manager("mia"), uuid4()

    results = at_once(*[lambda: actions.accept(flag, person, token)] * THREADS)

    assert all(isinstance(result, actions.Outcome) for result in results), results
    assert len({result.decision.pk for result in results}) == 1
    assert Decision.objects.count() == 1


def test_an_undo_that_comes_many_times_takes_back_one_decision(flag):
    person, token = factories.make_manager("mia"), uuid4()
    other = factories.make_flag(factories.make_label(factories.make_product()))
    for decided in (flag, other):
        actions.accept(decided, person, uuid4())

    results = at_once(*[lambda: actions.undo(person, token)] * THREADS)

    assert all(isinstance(result, actions.Outcome) for result in results), results
    assert Flag.objects.filter(state=Flag.State.ACCEPTED).count() == 1
    assert Decision.objects.filter(verdict=Decision.Verdict.UNDO).count() == 1
