"""Connections: how each workspace is doing, and giving one a new token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.connections import actions
from offboarding.connections.models import Workspace
from offboarding.connections.probe import probe
from offboarding.connections.queries import ever_connected, wanted_in, workspace_for, workspaces_in
from offboarding.connections.rules import Tested
from offboarding.directory.queries import clients_in
from offboarding.removals.adjusting import value
from offboarding.removals.catalogue import OLD_TOKEN_DAYS, REMINDERS
from offboarding.users.rules import Role, actor_of
from offboarding.web.cards import PathCard
from offboarding.web.http import Request, now, page, signed_in, zone_of
from offboarding.web.removal.clock import Clock
from offboarding.web.setup import cards
from offboarding.web.setup.forms import TokenForm
from offboarding.web.setup.tabs import CONNECTIONS as SEES
from offboarding.web.setup.tabs import tabs

CHANGES = (Role.OPERATOR, Role.ADMINISTRATOR)
TOKENS = PathCard(("Settings", "Workspace settings", "Access Management", "Tokens"))


@require_safe
@signed_in
def connections(request: Request) -> HttpResponse:
    if not request.scope.for_a_client(*SEES):
        raise PermissionDenied
    scope = request.scope.of_whole_clients()
    changeable = clients_in(scope, *CHANGES).values_list("pk", flat=True)
    old_after = timedelta(days=value(REMINDERS, OLD_TOKEN_DAYS))
    places = workspaces_in(scope, *SEES)
    groups = cards.groups(places, changeable, zone_of(request), now(), old_after)
    context = {
        "groups": groups,
        "attention": cards.refused(groups),
        "wanted": cards.wanted_rows(wanted_in(request.scope, *SEES), Clock.of(request)),
        "disconnected": cards.groups(
            ever_connected(scope, *SEES).exclude(ended_at=None),
            changeable,
            zone_of(request),
            now(),
            old_after,
        ),
        "may_connect": scope.has(*CHANGES),
        "tabs": tabs(request.scope, "connections"),
    }
    return page(request, "setup/connections.html", context)


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def token(request: Request, pk: int) -> HttpResponse:
    """Paste, test, keep: what fails the test is not kept, and what was pasted is not shown again."""
    workspace = changeable_or_404(request, pk)
    if request.method != "POST":
        return page(request, "setup/token.html", context(request, workspace, TokenForm()))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return page(request, "setup/token.html", context(request, workspace, form), 422)
    tested = probe(workspace, form.cleaned_data["token"])
    if tested.failed:
        form.add_error("token", tested.failed.says)
        return page(request, "setup/token.html", context(request, workspace, form, tested), 422)
    actions.replace_token(workspace, form.cleaned_data["token"], actor_of(request.user))
    told = _(
        "%(name)s has a new token. It was tested and works. Steps that waited for it go on by themselves."
    )
    messages.success(request, told % {"name": workspace.name})
    return redirect("connections")


def changeable_or_404(request: Request, pk: int) -> Workspace:
    """Another client's connection is not here; one's own client's, without the right, is refused."""
    scope = request.scope.of_whole_clients()
    seen = workspace_for(scope, pk)
    if seen is None:
        raise Http404
    workspace = workspace_for(scope, pk, *CHANGES)
    if workspace is None:
        raise PermissionDenied
    return workspace


def context(
    request: Request, workspace: Workspace, form: TokenForm, tested: Tested | None = None
) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "facts": cards.facts(workspace, zone_of(request), now()),
        "form": form,
        "checks": cards.check_rows(tested) if tested else (),
        "where": TOKENS,
    }
