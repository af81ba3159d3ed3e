"""Our copy of one workspace's audit trail: reading it, having it copied now, adding a file that Segment exported."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.connections.models import Workspace
from offboarding.directory.queries import addresses_of
from offboarding.lib.refusals import Refused
from offboarding.trail import actions, adding, queries
from offboarding.trail.models import AuditEvent
from offboarding.web import uploads
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.paging import pager
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.connection import seen_or_404
from offboarding.web.trail import cards
from offboarding.web.trail.standing import copies, standing

PAGE = 50
READINGS = 10


@require_safe
@signed_in
def trail(request: Request, pk: int) -> HttpResponse:
    workspace, clock = seen_or_404(request, pk), Clock.of(request)
    here: Page[AuditEvent] = Paginator(queries.events_in(workspace), PAGE).get_page(request.GET.get("page"))
    copy = queries.copy_of(workspace)
    context = {
        "workspace": workspace,
        **standing(request, workspace),
        "rows": cards.event_rows(here, copy.ours if copy else (), addresses_of(workspace.client), clock),
        "pager": pager(here, {}),
        "often": cards.often(),
        "readings": [cards.harvest_row(each, clock) for each in queries.newest_harvests(workspace, READINGS)],
    }
    return page(request, "trail/page.html", context)


@require_POST
@signed_in
def copy(request: Request, pk: int) -> HttpResponse:
    workspace = seen_or_404(request, pk)
    if not copies(request, workspace):
        raise PermissionDenied
    begun = actions.ask(request.user, request.scope, [workspace])
    says = _("The audit trail is being copied.") if begun else _("It is being copied already.")
    messages.info(request, says)
    return redirect("trail", pk)


class FileForm(forms.Form):
    file = forms.FileField(
        label=lazy("CSV file"), error_messages={"required": lazy("Choose a file first."), "empty": lazy("This file is empty.")}
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add_file(request: Request, pk: int) -> HttpResponse:
    workspace = seen_or_404(request, pk)
    if not copies(request, workspace):
        raise PermissionDenied
    if request.method != "POST":
        return form_page(request, FileForm(), workspace)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return form_page(request, form, workspace, 422)
    try:
        file = uploads.checked(form.cleaned_data["file"])
        adding.add(request.user, request.scope, workspace, file.stream, file.name)
    except Refused as refusal:
        form.add_error("file", refusal.sentence)
        return form_page(request, form, workspace, status_of(refusal))
    messages.success(request, _("The file is kept, and its events are being merged."))
    return redirect("trail", pk)


def form_page(request: Request, form: FileForm, workspace: Workspace, status: int = 200) -> HttpResponse:
    return page(request, "trail/file.html", {"form": form, "workspace": workspace}, status)
