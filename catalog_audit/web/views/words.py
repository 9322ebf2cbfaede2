"""Words of shops that the dictionary does not know."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog_audit.catalog import mapping
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.web.access import PersonRequest, admins_only
from catalog_audit.web.forms import MapWordForm


@require_safe
@never_cache
@admins_only
def words(request: PersonRequest) -> HttpResponse:
    """The unknown words of every shop, the commonest first."""
    attributes = Attribute.objects.prefetch_related(Prefetch("values", Value.objects.order_by("position", "code")))
    values = {attribute.code: list(attribute.values.all()) for attribute in attributes}
    shops = [
        (shop, [(word, values.get(word.attribute.code, [])) for word in mapping.unmapped_words(shop)])
        for shop in Shop.objects.all()
    ]
    return render(request, "words.html", {"shops": shops, "any_words": any(found for _shop, found in shops)})


@require_POST
@admins_only
def map_word(request: PersonRequest) -> HttpResponse:
    """Say once for the whole shop what a word means."""
    form = MapWordForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data
        count = mapping.map_word(**chosen, user=request.user)
        sentence = ngettext(
            "“%(raw)s” now means “%(value)s”: %(count)d label changed.",
            "“%(raw)s” now means “%(value)s”: %(count)d labels changed.",
            count,
        )
        messages.success(request, sentence % {"raw": chosen["raw"], "value": chosen["value"], "count": count})
    else:
        messages.error(request, _("Choose a value for the word."))
    return HttpResponseRedirect(reverse("web:words"))
