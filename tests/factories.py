"""A small cast that tests share: people in each role, a shop, products with pictures and labels, a flag.

Every function makes one row, with defaults that are enough for it to be valid; ``picture_file`` makes a real picture.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from django.utils import timezone
from PIL import Image, ImageDraw

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import ADMINS, CONTENT_MANAGERS, give_role
from catalog_audit.audits.models import AuditRun, Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.jobs.models import Job
from catalog_audit.training.models import TrainingRun, TrainingSet

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(username: str = "", role: str | None = None, **fields: Any) -> User:
    """A person who can sign in with ``PASSWORD``; without a role they may do nothing."""
    user = User.objects.create_user(username or f"user{next(_numbers)}", password=PASSWORD, **fields)
    if role:
        give_role(user, role)
    return user


def make_manager(username: str = "manager") -> User:
    """A content manager: reviews."""
    return make_user(username, CONTENT_MANAGERS)


def make_admin(username: str = "admin") -> User:
    """An admin: also imports, audits, maps and exports."""
    return make_user(username, ADMINS, is_staff=True)


def make_shop(slug: str = "") -> Shop:
    """A shop without products."""
    slug = slug or f"shop{next(_numbers)}"
    return Shop.objects.create(slug=slug, name=slug.title())


def attribute(code: str = Attribute.COLOUR) -> Attribute:
    """The attribute of that code, made when the dictionary has none."""
    return Attribute.objects.get_or_create(code=code, defaults={"name_en": code, "name_ru": code})[0]


def value(code: str, attribute_code: str = Attribute.COLOUR, **fields: Any) -> Value:
    """The dictionary's value of that code, made when there is none."""
    defaults = {"name_en": code, "name_ru": code} | fields
    return Value.objects.get_or_create(attribute=attribute(attribute_code), code=code, defaults=defaults)[0]


def make_product(shop: Shop | None = None, external_id: str = "", **fields: Any) -> Product:
    """A product without pictures and labels."""
    number = next(_numbers)
    fields.setdefault("title", f"Product {number}")
    return Product.objects.create(shop=shop or make_shop(), external_id=external_id or f"P{number}", **fields)


def make_label(
    product: Product,
    raw: str = "Navy",
    code: str | None = "navy",
    attribute_code: str = Attribute.COLOUR,
    **fields: Any,
) -> Label:
    """A label with the shop's word ``raw``, mapped to the value ``code`` (None: unmapped)."""
    mapped = value(code, attribute_code) if code else None
    return Label.objects.create(product=product, attribute=attribute(attribute_code), raw=raw, value=mapped, **fields)


def make_picture(product: Product, position: int = 0, **fields: Any) -> Picture:
    """A picture row; there is no file behind it unless ``sha256`` and ``suffix`` name one."""
    fields.setdefault("source", f"{product.external_id}-{position}.jpg")
    return Picture.objects.create(product=product, position=position, **fields)


def make_job(kind: str = Job.Kind.AUDIT, subject: str = "", state: str = Job.State.DONE, **fields: Any) -> Job:
    """A job that is over, unless told otherwise."""
    return Job.objects.create(kind=kind, subject=subject or f"subject{next(_numbers)}", state=state, **fields)


def make_run(shop: Shop, **job_fields: Any) -> AuditRun:
    """An audit run of the shop."""
    return AuditRun.objects.create(shop=shop, job=make_job(subject=shop.slug, **job_fields))


def make_prediction(label: Label, top: str | None = None, p_wrong: float | None = 0.02, **fields: Any) -> Prediction:
    """The current prediction for the label; it agrees with the label unless ``top`` says otherwise."""
    top_value = value(top, label.attribute.code) if top else label.value
    if "probabilities" not in fields:
        fields["probabilities"] = {top_value.code: 0.9} if top_value else {}
    defaults = {"run": fields.pop("run", None) or make_run(label.product.shop), "fingerprint": "f" * 64, "state": "ok"}
    return Prediction.objects.create(
        product=label.product,
        attribute=label.attribute,
        label_value=label.value,
        top_value=top_value,
        p_wrong=p_wrong,
        **(defaults | fields),
    )


def make_flag(
    label: Label, suggested: str = "black", p_wrong: float = 0.97, state: str = Flag.State.OPEN, **fields: Any
) -> Flag:
    """A flag on the label, with the prediction it came of."""
    prediction = fields.pop("prediction", None) or make_prediction(
        label,
        top=suggested,
        p_wrong=p_wrong,
        state="flagged" if state == Flag.State.OPEN else state,
        probabilities={suggested: 0.9, label.value.code if label.value else "": 0.1},
    )
    return Flag.objects.create(
        shop=label.product.shop,
        product=label.product,
        attribute=label.attribute,
        label=label,
        prediction=prediction,
        run=prediction.run,
        label_value=label.value,
        suggested=value(suggested, label.attribute.code),
        p_wrong=p_wrong,
        **({"raised_as": state, "state": state, "gain": p_wrong * 0.9} | fields),
    )


def decide(label: Label, user: User, correction: str | None = None) -> Label:
    """Mark the label as accepted, or as fixed to the value ``correction``."""
    label.verdict = Label.Verdict.FIXED if correction else Label.Verdict.ACCEPTED
    label.correction = value(correction, label.attribute.code) if correction else None
    label.decided_by = user
    label.decided_at = timezone.now()
    label.save()
    return label


def picture_file(path: Path, colour: str = "navy", size: tuple[int, int] = (60, 90), **save: Any) -> Path:
    """Write a real picture (a garment-like shape of that colour on white); the format follows the suffix."""
    image = Image.new("RGB", size, "white")
    width, height = size
    ImageDraw.Draw(image).rectangle((width // 4, height // 6, width * 3 // 4, height * 5 // 6), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **save)
    return path


def make_training_set(**fields: Any) -> TrainingSet:
    """A training set without a file."""
    number = next(_numbers)
    defaults = {
        "content_hash": f"{number:064x}",
        "folder": f"training_sets/{number:012x}",
        "counts": {"colour": {"navy": {"shop": 60}}, "length": {"mini": {"shop": 60}}, "pattern": {"dot": {"shop": 9}}},
        "pictures": 60,
    }
    return TrainingSet.objects.create(**(defaults | fields))


def make_training(
    training_set: TrainingSet | None = None, *, state: str = Job.State.DONE, **fields: Any
) -> TrainingRun:
    """A training from a set; fields that begin with ``job_`` are the job's."""
    own = {name: value for name, value in fields.items() if not name.startswith("job_")}
    job = {name.removeprefix("job_"): value for name, value in fields.items() if name.startswith("job_")}
    defaults = {"options": {}, "mode": TrainingRun.Mode.FINETUNE, "attributes": ["colour"], "garment_groups": ["top"]}
    return TrainingRun.objects.create(
        job=make_job(Job.Kind.TRAINING, state=state, **job),
        training_set=training_set or make_training_set(),
        **(defaults | own),
    )
