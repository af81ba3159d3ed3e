"""One connection: how it stands, what people say about it, and its history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.connections import actions, limits, upkeep
from offboarding.connections.models import Workspace
from offboarding.connections.probe import probe_kept
from offboarding.connections.queries import may_keep, owners_of, workspace_for
from offboarding.discovery.queries import newest_reads
from offboarding.execution import disconnecting
from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard
from offboarding.web.clients.cards import zone_of_client
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, today, version_in, zone_of
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.setup import cards
from offboarding.web.setup.changing import difference, refused
from offboarding.web.setup.forms import WorkspaceForm, workspace_now
from offboarding.web.setup.history import history
from offboarding.web.setup.tabs import CONNECTIONS as SEES
from offboarding.web.trail.standing import standing

SYNCS = 15


def seen_or_404(request: Request, pk: int) -> Workspace:
    """Somebody else's connection is not here, and none for who works within engagements: a token opens a whole workspace."""
    scope = request.scope.of_whole_clients()
    if not scope.has(*SEES):
        raise PermissionDenied
    workspace = workspace_for(scope, pk, *SEES)
    if workspace is None:
        raise Http404
    return workspace


def ends(request: Request, workspace: Workspace) -> bool:
    return request.scope.covers(frozenset({workspace.client_id}), Role.ADMINISTRATOR)


def changes(request: Request, workspace: Workspace) -> bool:
    return request.scope.covers(frozenset({workspace.client_id}), *upkeep.CHANGES)


@require_safe
@signed_in
def connection(request: Request, pk: int) -> HttpResponse:
    return show(request, seen_or_404(request, pk))


def show(request: Request, workspace: Workspace, status: int = 200, **more: Any) -> HttpResponse:
    entries, older = history(request, f"workspace:{workspace.pk}")
    context = {
        "workspace": workspace,
        "facts": cards.facts(workspace, zone_of(request), now()),
        "said": cards.said(workspace, owners_of(workspace, today(request)), now()),
        "may_change": changes(request, workspace),
        "may_end": ends(request, workspace) and not workspace.ended_at,
        "syncs": cards.syncs(newest_reads(workspace, SYNCS), Clock.of(request)),
        "days": entries,
        "pager": older,
        **standing(request, workspace),
        **more,
    }
    return page(request, "setup/connection.html", context, status)


@require_POST
@signed_in
def test(request: Request, pk: int) -> HttpResponse:
    """Asks Segment everything that the token is good for. Changes nothing there; here only whether it works."""
    workspace = seen_or_404(request, pk)
    if not changes(request, workspace):
        raise PermissionDenied
    if workspace.ended_at:
        raise Refused("disconnected", _("It is disconnected. Give it a new token first."))
    tested = probe_kept(workspace)
    if tested.works:
        actions.token_works(workspace)
    elif tested.refused:
        actions.token_refused(workspace, tested.refused.says)
    workspace.refresh_from_db()
    return show(request, workspace, checks=cards.check_rows(tested), calls=calls_left(workspace))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def disconnect(request: Request, pk: int) -> HttpResponse:
    """What it means, and why; then the token is forgotten."""
    workspace, refusal = seen_or_404(request, pk), None
    if not ends(request, workspace):
        raise PermissionDenied
    if request.method == "POST":
        why = request.POST.get("reason", "")
        try:
            disconnecting.disconnect(request.user, request.scope, workspace, why, version_in(request))
        except Refused as caught:
            refusal = caught
            workspace.refresh_from_db()
        else:
            messages.success(request, _("%(name)s is disconnected.") % {"name": workspace.name})
            return redirect("connections")
    return confirm_page(request, workspace, refusal)


def confirm_page(request: Request, workspace: Workspace, refusal: Refused | None) -> HttpResponse:
    error = refusal.sentence if refusal else ""
    beside = error if refusal and refusal.facts.get("field") == "reason" else ""
    field = reason_field(request.POST.get("reason", ""), beside, _("Why"))
    act = ActCard(
        _("Disconnect"),
        reverse("connection_end", args=[workspace.pk]),
        "bad",
        hidden=(("version", str(workspace.version)),),
        busy=_("Disconnecting…"),
        post=True,
    )
    card = ConfirmCard(
        _("Disconnect %(name)s") % {"name": workspace.name},
        (
            _(
                "Our copy of its token is forgotten. Delete the token in Segment too: only an Owner there can."
            ),
            _("Nobody is looked for there any more, and no request removes anything there."),
            _("What was done and read there stays in the record. A new token connects it again."),
        ),
        act,
        reverse("connection", args=[workspace.pk]),
        fields=(field,),
        summary=one_error(error, field.control_id if beside else "") if error else ErrorSummaryCard(),
    )
    return page(
        request, "elements/confirm_page.html", {"confirm": card}, status_of(refusal) if refusal else 200
    )


CALLS = {"default": lazy("reads: %(calls)d of %(of)d"), "iam-write": lazy("removals: %(calls)d of %(of)d")}


def calls_left(workspace: Workspace) -> tuple[str, ...]:
    """ "reads: 472 of 480": what this minute still allows to ordinary work."""
    left = limits.left(workspace.pk)
    return tuple(
        words % {"calls": left[name].calls, "of": left[name].of}
        for name, words in CALLS.items()
        if name in left
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: Request, pk: int) -> HttpResponse:
    workspace = seen_or_404(request, pk)
    if not changes(request, workspace):
        raise PermissionDenied
    keepers = may_keep(workspace.client, today(request))
    if request.method != "POST":
        form = WorkspaceForm(initial=workspace_now(workspace), keepers=keepers)
        return form_page(request, form, workspace)
    form = WorkspaceForm(request.POST, keepers=keepers)
    if not form.is_valid():
        return form_page(request, form, workspace, 422, version_in(request))
    try:
        by, scope, day = request.user, request.scope, today(request)
        upkeep.change(by, scope, workspace, form.said, form.named, version_in(request), day)
    except Refused as refusal:
        refused(form, refusal)
        workspace.refresh_from_db()
        return form_page(request, form, workspace, status_of(refusal), stale=refusal.code == "stale")
    workspace.refresh_from_db()
    says = _("%(name)s is changed.")
    if form.said.environment != workspace.environment:
        says = _("%(name)s: its environment stays until another administrator saves the same.")
    messages.success(request, says % {"name": form.said.name})
    return redirect("connection", pk)


def form_page(
    request: Request,
    form: WorkspaceForm,
    workspace: Workspace,
    status: int = 200,
    version: int = 0,
    stale: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "workspace": workspace,
        "version": version or workspace.version,
        "zone": str(zone_of_client(workspace.client)).replace("_", " "),
        "diff": difference(form, workspace_now(workspace)) if stale else None,
    }
    return page(request, "setup/connection_form.html", context, status)
