"""A shop that has no word for a finer value uses the coarser one for it, and is not wrong."""

from __future__ import annotations

import pytest

from catalog_audit.audits.exporting import audit_rows
from catalog_audit.audits.models import AuditRun, Flag, Prediction
from catalog_audit.audits.scope import LABELS_IN_USE
from tests import factories, models_on_disk
from tests.audits.conftest import audit, make_dress, sure_of


@pytest.fixture
def blue(boutique, networks):
    """Labelled blue, and light blue to look at."""
    dress = make_dress(boutique, "A", "Blue", "blue")
    networks.sees[dress.pk] = sure_of("light_blue")
    return dress


def state(product) -> str:
    return Prediction.objects.get(product=product, attribute__code="colour", current=True).state


def use(shop, word: str, code: str, count: int = LABELS_IN_USE) -> None:
    """Let the shop have products with a word."""
    for _ in range(count):
        make_dress(shop, word=word, code=code)


def test_a_word_covers_finer_values_that_the_shop_never_uses(boutique, blue):
    use(boutique, "Navy", "navy")
    audit(boutique)
    assert state(blue) == "ok"
    assert Prediction.objects.get(product=blue).p_wrong < 0.1


def test_the_model_counts_as_agreeing(boutique, blue):
    audit(boutique)
    row = next(row for row in audit_rows(boutique) if row.external_id == "A")
    assert (row.state, row.label, row.suggested) == ("ok", "blue", "blue")


def test_a_shop_that_tells_the_finer_value_apart_is_held_to_it(boutique, blue):
    use(boutique, "Light blue", "light_blue")
    audit(boutique)
    assert state(blue) == "flagged"


def test_a_still_finer_word_shows_that_the_shop_tells_them_apart(boutique, blue):
    use(boutique, "Sky", "sky_blue")
    audit(boutique)
    assert state(blue) == "flagged"


def test_a_slip_or_two_are_no_word_of_the_shop(boutique, blue):
    use(boutique, "Light blue", "light_blue", LABELS_IN_USE - 1)
    audit(boutique)
    assert state(blue) == "ok"


def test_another_shops_words_do_not_matter(boutique, blue):
    use(factories.make_shop("market"), "Light blue", "light_blue")
    audit(boutique)
    assert state(blue) == "ok"


def test_a_finer_word_does_not_cover_the_coarser_value(boutique, networks):
    dress = make_dress(boutique, "A", "Light blue", "light_blue")
    networks.sees[dress.pk] = sure_of("blue")
    audit(boutique)
    assert state(dress) == "flagged"


def test_a_word_that_the_shop_begins_to_use_lets_the_coarser_ones_be_weighed_again(boutique, blue, networks):
    audit(boutique)
    use(boutique, "Light blue", "light_blue")
    networks.looked.clear()
    audit(boutique)
    assert blue.pk in networks.looked
    assert state(blue) == "flagged"


def test_a_run_counts_the_shops_words_once(boutique, blue):
    use(boutique, "Navy", "navy")
    audit(boutique)
    assert set(AuditRun.objects.latest("pk").values_in_use["colour"]) == {"blue", "navy"}


def test_a_heading_that_the_networks_do_not_know_covers_all_below_it(boutique, networks, settings):
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, attributes=models_on_disk.judged("pattern"))
    right, wrong = (make_dress(boutique, external_id) for external_id in "AB")
    for dress in (right, wrong):
        factories.make_label(dress, "Printed", "printed", "pattern")
    other = {"solid": 0.001, "stripe": 0.001, "all_over_print": 0.001, "placement_print": 0.001}
    networks.sees_else[right.pk] = {"pattern": other | {"placement_print": 0.997}}
    networks.sees_else[wrong.pk] = {"pattern": other | {"stripe": 0.997}}
    audit(boutique)
    flag = Flag.objects.get()
    assert (flag.product, flag.label_value.code, flag.suggested.code) == (wrong, "printed", "stripe")
    assert flag.prediction.attention
    assert flag.prediction.attention_label == ""  # the networks do not know the label's value
    assert Prediction.objects.get(product=right, attribute__code="pattern").top_value.code == "printed"
