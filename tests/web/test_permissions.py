"""Every address and every role: who gets in, who is told why not, who is asked to sign in."""

from __future__ import annotations

import pytest
from django.urls import URLPattern

from catalog_audit.catalog.files import write_atomically
from catalog_audit.review.models import SavedView
from catalog_audit.training.models import TrainingSet, TrainingSetBuild
from catalog_audit.web.urls import urlpatterns
from tests import factories

EVERYBODY, REVIEWERS, ADMINS = "everybody", "reviewers", "admins"

#: name -> (method, who may, arguments from the fixtures)
ADDRESSES = {
    "favicon": ("get", EVERYBODY, ""),
    "healthz": ("get", EVERYBODY, ""),
    "sign_in": ("get", EVERYBODY, ""),
    "sign_out": ("post", EVERYBODY, ""),
    "language": ("post", EVERYBODY, ""),
    "home": ("get", REVIEWERS, ""),
    "dashboard": ("get", REVIEWERS, ""),
    "trust": ("get", ADMINS, ""),
    "precision": ("get", ADMINS, ""),
    "weigh": ("post", ADMINS, "slug"),
    "stop_weighing": ("post", ADMINS, "slug"),
    "make_checks": ("post", ADMINS, ""),
    "pairs": ("get", REVIEWERS, ""),
    "pair": ("get", REVIEWERS, ""),
    "mark_pair": ("post", ADMINS, ""),
    "take_back_pair": ("post", ADMINS, "rule"),
    "flags": ("get", REVIEWERS, ""),
    "next_flag": ("get", REVIEWERS, ""),
    "grid": ("get", REVIEWERS, ""),
    "decide_batch": ("post", REVIEWERS, ""),
    "flag": ("get", REVIEWERS, "flag"),
    "evidence": ("get", REVIEWERS, "flag"),
    "stage": ("get", REVIEWERS, "flag"),
    "decide": ("post", REVIEWERS, "flag"),
    "undo": ("post", REVIEWERS, ""),
    "undo_batch": ("post", REVIEWERS, ""),
    "effort": ("get", REVIEWERS, ""),
    "save_view": ("post", REVIEWERS, ""),
    "rename_view": ("post", REVIEWERS, "view"),
    "delete_view": ("post", REVIEWERS, "view"),
    "product": ("get", REVIEWERS, "product"),
    "picture": ("get", REVIEWERS, "picture"),
    "small_picture": ("get", REVIEWERS, "picture"),
    "garment": ("get", REVIEWERS, "prediction"),
    "overlay": ("get", REVIEWERS, "prediction mask"),
    "audits": ("get", REVIEWERS, ""),
    "audit_list": ("get", REVIEWERS, ""),
    "audit": ("get", REVIEWERS, "run"),
    "audit_plan": ("get", REVIEWERS, ""),
    "start_audit": ("post", ADMINS, ""),
    "cancel_audit": ("post", ADMINS, "run"),
    "feeds": ("get", ADMINS, ""),
    "feed_columns": ("post", ADMINS, ""),
    "feed_result": ("get", ADMINS, "import"),
    "feed_progress": ("get", ADMINS, "import"),
    "feed_rejects": ("get", ADMINS, "import"),
    "cancel_import": ("post", ADMINS, "import"),
    "training": ("get", ADMINS, ""),
    "training_list": ("get", ADMINS, ""),
    "training_run": ("get", ADMINS, "training"),
    "training_progress": ("get", ADMINS, "training"),
    "cancel_training": ("post", ADMINS, "training"),
    "resume_training": ("post", ADMINS, "training"),
    "models": ("get", ADMINS, ""),
    "promotion_margin": ("post", ADMINS, ""),
    "comparison": ("get", ADMINS, "comparison"),
    "comparison_progress": ("get", ADMINS, "comparison"),
    "cancel_comparison": ("post", ADMINS, "comparison"),
    "compare_model": ("post", ADMINS, "model"),
    "promote_model": ("post", ADMINS, "model"),
    "roll_back_model": ("post", ADMINS, "model"),
    "training_sets": ("get", ADMINS, ""),
    "training_set_list": ("get", ADMINS, ""),
    "training_set": ("get", ADMINS, "set"),
    "training_set_file": ("get", ADMINS, "set"),
    "make_training_set": ("post", ADMINS, ""),
    "cancel_training_set": ("post", ADMINS, "build"),
    "words": ("get", ADMINS, ""),
    "map_word": ("post", ADMINS, ""),
    "exports": ("get", ADMINS, ""),
    "download": ("get", ADMINS, "slug audit"),
}


@pytest.fixture
def arguments(flag, shop):
    from catalog_audit.audits.models import ArguableRule
    from catalog_audit.feeds.models import FeedImport
    from catalog_audit.registry.models import ModelComparison, ModelVersion

    model = ModelVersion.objects.create(kind="segmentation", version="0123456789ab", path="models/x.safetensors")
    pair = {"attribute": flag.attribute, "low": flag.label_value, "high": flag.suggested}
    feed_import = FeedImport.objects.create(job=factories.make_job("import", "spring"), shop=shop, shop_slug="spring")
    training_set = TrainingSet.objects.create(content_hash="ab" * 32, folder="training_sets/abababababab")
    write_atomically(training_set.path, b"picture\n")
    build = TrainingSetBuild.objects.create(job=factories.make_job("training_set"))
    known = {
        "set": training_set.short_hash,
        "build": build.pk,
        "flag": flag.pk,
        "picture": flag.prediction.picture_id,
        "prediction": flag.prediction_id,
        "run": flag.prediction.run_id,
        "import": feed_import.pk,
        "rule": ArguableRule.objects.create(**pair).pk,
        "slug": shop.slug,
        "model": model.pk,
        "comparison": ModelComparison.objects.create(candidate=model, job=factories.make_job("comparison")).pk,
        "product": flag.product_id,
        "training": factories.make_training().pk,
    }
    return lambda names: [known.get(name, name) for name in names.split()]


def ask(client, name, arguments):
    from django.urls import reverse

    method, _who, names = ADDRESSES[name]
    if "view" in names:
        # A person's own view; a stranger has none.
        owner = client.session.get("_auth_user_id")
        view = SavedView.objects.create(user_id=owner, name="Dark") if owner else None
        return client.post(reverse(f"web:{name}", args=[view.pk if view else 1]))
    return getattr(client, method)(reverse(f"web:{name}", args=arguments(names)))


def test_the_table_holds_every_address():
    assert {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)} == set(ADDRESSES)


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_stranger_is_asked_to_sign_in(name, arguments, stranger):
    response = ask(stranger, name, arguments)
    if ADDRESSES[name][1] == EVERYBODY:
        assert "next=" not in response.headers.get("Location", "")
        assert response.status_code in (200, 302, 400)
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("role", ["nobody", "manager", "admin"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_each_role_gets_what_it_may(name, role, arguments, request):
    response = ask(request.getfixturevalue(role), name, arguments)
    allowed = {EVERYBODY: ("nobody", "manager", "admin"), REVIEWERS: ("manager", "admin"), ADMINS: ("admin",)}
    if role in allowed[ADDRESSES[name][1]]:
        assert response.status_code in (200, 302, 400)
    else:
        assert response.status_code == 403
        text = response.content.decode()
        assert ("no role yet" if role == "nobody" else "Only admins can do this") in text


@pytest.mark.parametrize("name", [name for name, (method, *_rest) in ADDRESSES.items() if method == "post"])
def test_a_change_is_never_made_by_get(name, arguments, admin):
    from django.urls import reverse

    response = admin.get(reverse(f"web:{name}", args=arguments(ADDRESSES[name][2].replace("view", "flag"))))
    assert response.status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "decide",
        "undo",
        "start_audit",
        "map_word",
        "feeds",
        "language",
        "trust",
        "make_checks",
        "mark_pair",
        "precision",
    ],
)
def test_a_change_needs_the_pages_own_token(name, arguments, admin):
    from django.test import Client
    from django.urls import reverse

    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    response = strict.post(reverse(f"web:{name}", args=arguments(ADDRESSES[name][2])))
    assert response.status_code == 403
    assert "open for too long" in response.content.decode()
