"""The dashboard, and the pages where admins say how much is checked and how precise flags should be."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog_audit.audits import weighing
from catalog_audit.audits.models import ReviewPolicy
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.review import mixing
from catalog_audit.web import precision as precise
from catalog_audit.web.access import PersonRequest, admins_only, reviewers_only
from catalog_audit.web.dashboard import page
from catalog_audit.web.forms import ChecksForm, PolicyForm, WantedForm

_NO_CHECKS = mixing.Checks(0, 0)


@require_safe
@never_cache
@reviewers_only
def dashboard(request: PersonRequest) -> HttpResponse:
    """How good flags and verdicts are, and how far the review is."""
    return render(request, "dashboard/dashboard.html", page(request.user, request.GET))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admins_only
def trust(request: PersonRequest) -> HttpResponse:
    """The review policy, and how many check items there are."""
    form = PolicyForm(request.POST) if request.method == "POST" else PolicyForm.of(ReviewPolicy.current())
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It holds from the next flag on."))
        return HttpResponseRedirect(reverse("web:trust"))
    checks = mixing.checks_by_shop()
    context = {
        "form": form,
        "shops": [(shop, checks.get(shop.pk, _NO_CHECKS)) for shop in Shop.objects.all()],
        "usual": ChecksForm.USUAL,
        "most": ChecksForm.MOST,
    }
    return render(request, "dashboard/trust.html", context, status=400 if form.errors else 200)


@require_POST
@admins_only
def make_checks(request: PersonRequest) -> HttpResponse:
    """Make check items of a shop's settled flags."""
    form = ChecksForm(request.POST)
    if form.is_valid():
        made = len(mixing.make_checks(form.cleaned_data["shop"], form.cleaned_data["count"]))
        if made:
            sentence = ngettext("%(count)d check item made.", "%(count)d check items made.", made)
            messages.success(request, sentence % {"count": made})
        else:
            messages.warning(
                request,
                _(
                    "No check item could be made: no flag of this shop was settled by an admin or by two people, or"
                    " each of them has its check item already."
                ),
            )
    else:
        messages.error(request, _("Choose a shop and a number."))
    return HttpResponseRedirect(reverse("web:trust"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admins_only
def precision(request: PersonRequest) -> HttpResponse:
    """How precise the flags of a shop are and should be."""
    if request.method != "POST":
        return render(request, "dashboard/precision.html", precise.page(request.GET.get("shop", "")))
    form = WantedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the precisions in the table."))
        return HttpResponseRedirect(reverse("web:precision"))
    shop = form.cleaned_data["shop"]
    weighing.want(shop, form.cleaned_data["attribute"], form.cleaned_data["wanted"], request.user)
    messages.success(request, _("Saved. The labels are being weighed by it; no picture is looked at again."))
    return HttpResponseRedirect(f"{reverse('web:precision')}?shop={shop.slug}")


@require_POST
@admins_only
def weigh(request: PersonRequest, slug: str) -> HttpResponse:
    """Weigh a shop's labels once more, or go on with that."""
    shop = get_object_or_404(Shop, slug=slug)
    try:
        weighing.start(shop, user=request.user, anew=False)
    except service.AlreadyRunning:
        messages.warning(request, _("The labels of this shop are being weighed already."))
    return HttpResponseRedirect(f"{reverse('web:precision')}?shop={shop.slug}")


@require_POST
@admins_only
def stop_weighing(request: PersonRequest, slug: str) -> HttpResponse:
    """Stop weighing a shop's labels; it can be gone on with."""
    shop = get_object_or_404(Shop, slug=slug)
    for job in Job.objects.filter(kind=Job.Kind.WEIGHING, subject=shop.slug, state__in=Job.ACTIVE):
        service.cancel(job)
    return HttpResponseRedirect(f"{reverse('web:precision')}?shop={shop.slug}")
