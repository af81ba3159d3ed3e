"""What the requester attaches after sending, and takes back, until it is decided. Each makes a new plan version."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.journey import actions as journey
from offboarding.lib.refusals import Refused
from offboarding.removals.attaching import refuses_files
from offboarding.removals.models import Attachment
from offboarding.removals.queries import attachments_of
from offboarding.web.attached import attach, attached, upload_card
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page
from offboarding.web.removal import cards, forms
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.overview import Overview, overview
from offboarding.web.removal.views import of_request


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def files(request: Request, view: Overview) -> HttpResponse:
    if why := refuses_files(view.removal, view.user):
        return not_yours(request, view, _("You cannot attach files here"), why)
    if request.method != "POST":
        return files_page(request, view)
    try:
        name = attach(request, view.removal)
    except Refused as refusal:
        return files_page(request, view, refusal)
    return done(request, view, _("%(name)s is attached.") % {"name": name})


def done(request: Request, view: Overview, says: str) -> HttpResponse:
    now = overview(request, view.removal) or view
    waits = _("Version %(n)d of the plan waits for approval.") % {"n": now.plan.version}
    messages.success(request, f"{says} {waits}")
    return redirect(f"{view.url}attachments/")


def files_page(request: Request, view: Overview, refusal: Refused | None = None) -> HttpResponse:
    wrong = refusal.sentence if refusal else ""
    context = {
        "head": cards.head(view, ""),
        "files": attached(view.removal, attachments_of(view.removal), view.clock),
        "upload": upload_card(wrong),
        "summary": forms.one_error(wrong, "id_file") if wrong else None,
        "url": view.url,
        "approved": [each.approver.name for each in view.approvals],
    }
    return page(request, "removal/attachments.html", context, status_of(refusal) if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def take_back(request: Request, view: Overview, pk: int) -> HttpResponse:
    """With a reason: what is taken back stays on record."""
    if why := refuses_files(view.removal, view.user):
        return not_yours(request, view, _("You cannot take this file back"), why)
    found = attachments_of(view.removal).filter(evidence=pk).first()
    if found is None:
        messages.info(request, _("This file is not attached any more."))
        return redirect(f"{view.url}attachments/")
    if request.method != "POST":
        return take_back_page(request, view, found)
    try:
        journey.take_off(view.removal, request.user, pk, request.POST.get("reason", ""))
    except Refused as refusal:
        return take_back_page(request, view, found, refusal)
    return done(request, view, _("%(name)s is taken back.") % {"name": found.evidence.name})


def take_back_page(
    request: Request, view: Overview, found: Attachment, refusal: Refused | None = None
) -> HttpResponse:
    wrong = refusal.sentence if refusal else ""
    back = f"{view.url}attachments/"
    confirm = ConfirmCard(
        title=_("Take %(name)s back") % {"name": found.evidence.name},
        effects=(
            _("It stays on record as taken back, with its digest, your name and your reason."),
            _("The plan gets a new version. Approvals of the old one end."),
        ),
        act=ActCard(_("Take it back"), f"{back}{found.evidence_id}/remove/", "bad", busy=_("One moment…")),
        back_url=back,
        fields=(forms.reason_field(request.POST.get("reason", ""), wrong, _("Why it is taken back")),),
        summary=forms.one_error(wrong, "id_reason") if wrong else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status)
