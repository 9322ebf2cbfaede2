"""The grid: the list of kinds, a page of tiles, batches and their undo as the browser sends them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Label
from catalog_audit.review.models import Decision
from tests import factories

JSON = {"Accept": "application/json"}
KIND = "attribute=colour&label=navy&suggested=black"


@pytest.fixture
def flags(shop):
    return [
        factories.make_flag(
            factories.make_label(factories.make_product(shop, title=f"Dress {place}")), p_wrong=0.99 - place / 100
        )
        for place in range(5)
    ]


def titles(response):
    return [flag.product.title for flag in response.context["page"].flags]


def decide(client, flags, choice="suggestion", token=None):
    keys = ",".join(str(flag.pk) for flag in flags)
    return client.post(
        f"/flags/grid/decide/?{KIND}", {"choice": choice, "flags": keys, "token": token or uuid4()}, headers=JSON
    )


def undo(client, batch, token=None):
    return client.post(f"/decisions/undo-batch/?{KIND}", {"of": batch, "token": token or uuid4()}, headers=JSON)


def states(flags):
    return [Flag.objects.get(pk=flag.pk).state for flag in flags]


def test_without_a_kind_it_lists_the_kinds(manager, shop, flags):
    factories.make_flag(factories.make_label(factories.make_product(shop)), "red")
    page = manager.get("/flags/grid/")
    assert [(entry["kind"].suggested.code, entry["kind"].number) for entry in page.context["kinds"]] == [
        ("black", 5),
        ("red", 1),
    ]
    text = page.content.decode()
    assert f'href="/flags/grid/?{KIND.replace("&", "&amp;")}"' in text
    assert "Label Navy blue, suggested Black: 5 flags" in text


def test_a_kind_keeps_the_shop_of_the_list(manager, flags):
    entry = manager.get("/flags/grid/?shop=spring").context["kinds"][0]
    assert entry["parameters"] == f"shop=spring&{KIND}"


@pytest.mark.parametrize("parameters", ["attribute=colour&label=navy", "label=navy&suggested=black", "attribute=x"])
def test_half_a_kind_gives_the_list(manager, flags, parameters):
    assert "kinds" in manager.get(f"/flags/grid/?{parameters}").context


def test_values_that_do_not_exist_give_the_list(manager, flags):
    page = manager.get("/flags/grid/?attribute=colour&label=navy&suggested=nonsense")
    assert "No flags here" in page.content.decode()


def test_a_kind_shows_its_tiles(manager, flag):
    page = manager.get(f"/flags/grid/?{KIND}").content.decode()
    assert f'data-tile="{flag.pk}"' in page
    assert 'role="gridcell"' in page
    assert 'aria-selected="true"' in page
    assert f"/overlays/{flag.prediction_id}/product/?v=" in page
    assert 'loading="lazy"' in page
    assert page.count('<svg class="swatch"') >= 2


def test_a_tile_without_a_picture_is_taken_out(manager, flags):
    page = manager.get(f"/flags/grid/?{KIND}").content.decode()
    assert page.count('aria-selected="false"') == 5
    assert "no picture" in page


def test_the_script_gets_the_inner_part(manager, flags):
    part = manager.get(f"/flags/grid/?{KIND}", headers={"X-Part": "grid"}).content.decode()
    assert "<html" not in part
    assert part.count("data-tile=") == 5


def test_pages_go_on_where_the_last_one_ended_and_end(manager, flags, monkeypatch):
    monkeypatch.setattr("catalog_audit.web.views.grid.PAGE_SIZE", 3)
    first = manager.get(f"/flags/grid/?{KIND}")
    second = manager.get(f"/flags/grid/?{KIND}&after={first.context['page'].after}")
    last = manager.get(f"/flags/grid/?{KIND}&after={second.context['page'].after}")
    assert (titles(first), titles(second)) == (["Dress 0", "Dress 1", "Dress 2"], ["Dress 3", "Dress 4"])
    assert "That was the last page" in last.content.decode()


def test_two_people_get_different_pages(manager, admin, flags, monkeypatch):
    monkeypatch.setattr("catalog_audit.web.views.grid.PAGE_SIZE", 3)
    assert titles(manager.get(f"/flags/grid/?{KIND}")) == ["Dress 0", "Dress 1", "Dress 2"]
    assert titles(admin.get(f"/flags/grid/?{KIND}")) == ["Dress 3", "Dress 4"]


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [("en", "one", "{n} label becomes “black”"), ("ru", "few", "{n} метки получат значение «black»")],
)
def test_sentences_come_in_every_plural_form(language, number, expected):
    from django.utils import translation

    from catalog_audit.web.tiles import sentences

    with translation.override(language):
        assert (
            sentences(
                factories.Value(name_en="navy", name_ru="navy"), factories.Value(name_en="black", name_ru="black")
            )["suggestion"][number]
            == expected
        )


@pytest.mark.parametrize(
    ("choice", "state", "verdict"),
    [("suggestion", "fixed", "fix"), ("accept", "accepted", "accept"), ("both", "accepted", "both")],
)
def test_one_choice_about_several(manager, flags, choice, state, verdict):
    answer = decide(manager, flags[:3], choice).json()
    assert (answer["stored"], answer["refused"], answer["waiting"]) == (3, [], 2)
    assert states(flags) == [state] * 3 + ["open"] * 2
    assert {one.verdict for one in Decision.objects.all()} == {verdict}


def test_a_batch_sent_twice_is_stored_once(manager, flags):
    token = uuid4()
    first, second = decide(manager, flags, token=token), decide(manager, flags, token=token)
    assert (first.json()["stored"], second.json()["stored"]) == (5, 5)
    assert second.json()["repeated"] is True
    assert Decision.objects.count() == 5


def test_what_is_refused_is_told_with_a_link_and_hinders_nothing(manager, admin, flags):
    decide(admin, flags[:1], "accept")
    Label.objects.filter(pk=flags[1].label_id).update(raw="Red", value=factories.value("red"))

    answer = decide(manager, flags).json()

    assert answer["stored"] == 3
    assert [(one["title"], one["address"]) for one in answer["refused"]] == [
        ("Dress 0", f"/flags/{flags[0].pk}/?{KIND}"),
        ("Dress 1", f"/flags/{flags[1].pk}/?{KIND}"),
    ]
    assert "ada" in answer["refused"][0]["message"]


def test_one_undo_takes_the_whole_batch_back(manager, flags):
    batch = uuid4()
    decide(manager, flags, token=batch)

    answer = undo(manager, batch).json()

    assert (answer["stored"], answer["verdict"], answer["waiting"]) == (5, "undo", 5)
    assert answer["message"] == "The last batch is taken back as a whole: 5 decisions."
    assert states(flags) == ["open"] * 5


def test_what_an_undo_cannot_take_back_is_said(manager, admin, flags):
    batch = uuid4()
    decide(manager, flags, token=batch)
    Label.objects.filter(pk=flags[0].label_id).update(raw="Red", verdict="")

    answer = undo(manager, batch).json()

    assert answer["message"].startswith("4 decisions of the last batch are taken back. 1 cannot be:")
    assert states(flags) == ["fixed", *["open"] * 4]


def test_the_flag_pages_undo_takes_back_a_batch_that_was_the_last_act(manager, flags):
    decide(manager, flags)
    sent = {"token": uuid4()}

    answers = [manager.post("/decisions/undo/", sent, headers=JSON).json() for _ in range(2)]

    assert [answer["repeated"] for answer in answers] == [False, True]
    assert {answer["message"] for answer in answers} == {"The last batch is taken back as a whole: 5 decisions."}
    assert states(flags) == ["open"] * 5


def test_an_undo_of_nothing_is_refused(manager, flags):
    response = undo(manager, uuid4())
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_undo")


def test_somebody_elses_token_is_refused(manager, admin, flags):
    token = uuid4()
    decide(admin, flags[:1], token=token)
    response = decide(manager, flags[1:], token=token)
    assert (response.status_code, response.json()["code"]) == (409, "token_reused")


@pytest.mark.parametrize(
    "sent",
    [
        {"choice": "skip", "flags": "1"},
        {"choice": "accept", "flags": ""},
        {"choice": "accept", "flags": "1,x"},
        {"choice": "", "flags": "1"},
    ],
)
def test_what_makes_no_sense_is_refused(manager, flags, sent):
    response = manager.post("/flags/grid/decide/", sent | {"token": uuid4()}, headers=JSON)
    assert response.status_code == 400
    assert not Decision.objects.exists()


def test_more_than_a_hundred_are_refused(manager, flags):
    many = ",".join(str(key) for key in range(1, 102))
    sent = {"choice": "accept", "flags": many, "token": uuid4()}
    response = manager.post("/flags/grid/decide/", sent, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (409, "batch_too_large")


def test_without_a_mask_a_tile_is_the_whole_picture(manager, flag):
    Prediction.objects.update(mask="")
    page = manager.get(f"/flags/grid/?{KIND}").content.decode()
    assert f"/pictures/{flag.prediction.picture_id}/small/?v=" in page


def test_a_closer_look_shows_the_picture_and_what_lies_over_it(manager, flag):
    part = manager.get(f"/flags/{flag.pk}/stage/").content.decode()
    assert f"/pictures/{flag.prediction.picture_id}/" in part
    assert f"/overlays/{flag.prediction_id}/mask/" in part
    assert "<html" not in part


def test_the_number_of_queries_does_not_grow_with_the_tiles(manager, shop, flags, django_assert_max_num_queries):
    for _ in range(20):
        factories.make_flag(factories.make_label(factories.make_product(shop)))
    with django_assert_max_num_queries(24):
        manager.get(f"/flags/grid/?{KIND}")
