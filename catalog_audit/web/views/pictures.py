"""Pictures and what lies over them, for signed-in people with a role only."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.models import Picture
from catalog_audit.web.access import reviewers_only
from catalog_audit.web.renditions import garment_version, large_version, small_version
from inference.pictures import PictureError


@require_safe
@reviewers_only
def picture(request: HttpRequest, picture_id: int) -> FileResponse:
    """The picture itself. Its address carries the content's hash, so that it may be kept for ever."""
    found = get_object_or_404(Picture, pk=picture_id)
    if not found.sha256:
        raise Http404
    try:
        return _send(large_version(found))
    except PictureError as error:
        raise Http404 from error


@require_safe
@reviewers_only
def small_picture(request: HttpRequest, picture_id: int) -> FileResponse:
    """A thumbnail of the picture."""
    found = get_object_or_404(Picture, pk=picture_id)
    if not found.sha256:
        raise Http404
    try:
        return _send(small_version(found))
    except PictureError as error:
        raise Http404 from error


@require_safe
@reviewers_only
def garment(request: HttpRequest, prediction_id: int) -> FileResponse:
    """A thumbnail of the product that a prediction is about, cut out of its picture."""
    prediction = get_object_or_404(Prediction.objects.select_related("picture"), pk=prediction_id)
    found = prediction.picture
    if found is None or not found.sha256 or not prediction.mask:
        raise Http404
    try:
        return _send(garment_version(found, settings.OVERLAYS_DIR / prediction.mask))
    except PictureError as error:
        raise Http404 from error


@require_safe
@reviewers_only
def overlay(request: HttpRequest, prediction_id: int, kind: str) -> FileResponse:
    """The mask or an attention map of a prediction (predictions never change)."""
    prediction = get_object_or_404(Prediction, pk=prediction_id)
    names = {
        "mask": prediction.mask,
        "attention": prediction.attention,
        "attention_label": prediction.attention_label,
    }
    if not names.get(kind):
        raise Http404
    return _send(settings.OVERLAYS_DIR / names[kind])


def _send(path: Path) -> FileResponse:
    try:
        opened = path.open("rb")
    except OSError as error:
        raise Http404 from error
    response = FileResponse(opened, content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
