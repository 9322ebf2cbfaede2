"""A shop with drawn pictures and flags, put straight into the database: what a benchmark of the pages needs.

No network looks at anything: predictions are made up from what was drawn. The pictures are as large as those of real
shops, so that a browser has as much to decode.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import count as numbers
from typing import NamedTuple

import numpy as np
from PIL import Image

SLUG = "drawn"
SEED = 7
#: Different drawings; further products show one of them again, as other bytes.
DRAWINGS = 48
#: Drawn pictures are enlarged so much.
SCALE = 3
#: Every so many products one is right, and certain.
CERTAIN_EVERY = 6


class Drawn(NamedTuple):
    """A drawing with what the networks would have made of it."""

    item: object
    image: Image.Image
    mask: str
    attention: str
    palette: list[list[object]]


def fill(flags: int) -> None:
    """Make a shop with that many open flags, and some products whose labels are certain beside them."""
    from catalog_audit.audits.models import AuditRun, Flag
    from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
    from catalog_audit.jobs.models import Job

    shop = Shop.objects.create(slug=SLUG, name="Drawn")
    run = AuditRun.objects.create(
        shop=shop, job=Job.objects.create(kind=Job.Kind.AUDIT, subject=SLUG, state=Job.State.DONE)
    )
    colour = Attribute.objects.get(code=Attribute.COLOUR)
    garment = Attribute.objects.get(code=Attribute.GARMENT_TYPE)
    colours = {value.code: value for value in Value.objects.filter(attribute=colour)}
    garments = {value.code: value for value in Value.objects.filter(attribute=garment)}
    drawn = list(_drawings())
    made = 0
    for number in numbers():
        if made == flags:
            return
        one = drawn[number % len(drawn)]
        true = colours[one.item.product.value]
        certain = number % CERTAIN_EVERY == 0
        product = Product.objects.create(
            shop=shop,
            external_id=f"{one.item.external_id}-{number}",
            title=one.item.row["title"],
            group=f"{one.item.row['group']}-{number // len(drawn)}",
            description=one.item.row["description"],
        )
        picture = Picture.objects.create(product=product, source=f"{number}.jpg", **_stored(one.image, number))
        kind = garments.get(one.item.product.cut.garment_type)
        if kind is not None:
            Label.objects.create(product=product, attribute=garment, raw=one.item.row["category"], value=kind)
        other = true if certain else _another(colours, true, number)
        label = Label.objects.create(product=product, attribute=colour, raw=other.name_en, value=other)
        p_wrong = 0.01 if certain else 0.999 - made * 1e-4
        prediction = _prediction(run, label, picture, true, p_wrong, one)
        if certain:
            continue
        made += 1
        Flag.objects.create(
            shop=shop, product=product, attribute=colour, label=label, prediction=prediction, garment_type=kind,
            label_value=other, suggested=true, p_wrong=p_wrong,
        )  # fmt: skip


def _prediction(run: object, label: object, picture: object, true: object, p_wrong: float, one: Drawn) -> object:
    from catalog_audit.audits.models import Prediction

    certain = label.value_id == true.pk
    return Prediction.objects.create(
        run=run, product=label.product, attribute=label.attribute, picture=picture, fingerprint=f"{label.pk:064}",
        label_value=label.value, top_value=true, p_wrong=p_wrong, state="ok" if certain else "flagged",
        probabilities={true.code: 0.86, label.value.code: 0.05, "grey": 0.04, "beige": 0.02, "brown": 0.01},
        palette=one.palette, region_share=0.3, mask=one.mask, attention=one.attention, attention_label=one.attention,
    )  # fmt: skip


def _another(colours: dict[str, object], true: object, number: int) -> object:
    """A colour that the product has not."""
    from catalog_audit.demo.colours import VALUES

    wrong = [code for code in VALUES if code != true.code and code in colours]
    return colours[wrong[number % len(wrong)]]


def _drawings() -> Iterator[Drawn]:
    from catalog_audit.audits import overlays
    from catalog_audit.demo.catalogue import plan
    from catalog_audit.demo.garments import GROUP_OF
    from catalog_audit.demo.render import render
    from inference import palette
    from inference.contract import GROUPS

    for item in plan(DRAWINGS, SEED, 0.0):
        drawing = render(item.product, np.random.default_rng([SEED, 2, item.number]))
        region = drawing.groups == GROUPS.index(GROUP_OF[item.product.cut.garment_type])
        measured = [[entry.hex, entry.share] for entry in palette.measure(drawing.image, region)]
        size = (drawing.image.width * SCALE, drawing.image.height * SCALE)
        yield Drawn(
            item,
            drawing.image.resize(size, Image.Resampling.BICUBIC),
            _overlay(overlays.mask_png(region)),
            _overlay(overlays.attention_png(_blurred(region))),
            measured,
        )


def _blurred(region: np.ndarray) -> np.ndarray:
    """The middle of the region, as if a network had looked there: float32 of 0..1."""
    rows, columns = np.nonzero(region)
    height, width = region.shape
    y, x = np.mgrid[:height, :width]
    far = ((y - rows.mean()) / height) ** 2 + ((x - columns.mean()) / width) ** 2
    return (np.exp(-far * 30) * region).astype(np.float32)


def _overlay(data: bytes) -> str:
    from catalog_audit.audits import overlays

    digest = hashlib.sha256(data).hexdigest()
    return overlays.store(f"{digest}.png", data)


def _stored(image: Image.Image, number: int) -> dict[str, object]:
    """Keep a picture; the comment makes every one of them other bytes."""
    from catalog_audit.catalog.files import location, write_atomically

    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=88, comment=str(number).encode())
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    write_atomically(location(digest, "jpg"), stream.getvalue())
    return {"sha256": digest, "suffix": "jpg", "width": image.width, "height": image.height}


def decided_flags(after: int) -> Sequence[tuple[int, str]]:
    """(flag, verdict) of every decision stored after a decision's key, in order."""
    from catalog_audit.review.models import Decision

    return list(Decision.objects.filter(pk__gt=after).order_by("pk").values_list("flag", "verdict"))
