"""Connecting a workspace: paste a token, have it tested, keep it; or ask somebody who can make one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from offboarding.connections import actions, upkeep
from offboarding.connections.models import Wanted
from offboarding.connections.probe import belongs_to, probe
from offboarding.connections.queries import wanted_in
from offboarding.connections.rules import Tested
from offboarding.directory.models import Client
from offboarding.directory.queries import clients_in, people_in
from offboarding.gateways.segment import GatewayError
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.setup import cards
from offboarding.web.setup.changing import refused
from offboarding.web.setup.forms import ConnectForm
from offboarding.web.setup.views import TOKENS

CHANGES = upkeep.CHANGES


def lists(request: Request) -> dict[str, Any]:
    """The clients that this person connects workspaces for, and who could be asked for a token."""
    if not request.scope.for_a_client(*CHANGES):
        raise PermissionDenied
    clients = list(clients_in(request.scope, *CHANGES).filter(ended_at=None))
    return {"clients": clients, "owners": keepers(request)}


def keepers(request: Request) -> list[User]:
    """Operators and administrators within sight, by name; the person themself can paste it here."""
    held = people_in(request.scope, *CHANGES).filter(
        is_active=True,
        memberships__role__in=[role.value for role in CHANGES],
        memberships__engagement=None,
    )
    return list(held.exclude(pk=request.user.pk).distinct())


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: Request) -> HttpResponse:
    given = lists(request)
    if request.method != "POST":
        return form_page(request, ConnectForm(initial=begun(given["clients"], request), **given))
    return connect(request, ConnectForm(request.POST, **given))


def begun(clients: list[Client], request: Request) -> dict[str, str]:
    wanted = request.GET.get("client", "")
    if any(str(each.pk) == wanted for each in clients):
        return {"client": wanted}
    return {"client": str(clients[0].pk)} if len(clients) == 1 else {}


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def wanted(request: Request, pk: int) -> HttpResponse:
    """What somebody was asked to connect, with everything filled in but the token."""
    given, found = lists(request), wanted_or_404(request, pk)
    if request.method != "POST":
        names = ("name", "region", "environment")
        initial = {"client": str(found.client_id), **{name: getattr(found, name) for name in names}}
        return form_page(request, ConnectForm(initial=initial, **given), found)
    return connect(request, ConnectForm(request.POST, **given), found)


def wanted_or_404(request: Request, pk: int) -> Wanted:
    found = wanted_in(request.scope, *CHANGES).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@signed_in
def not_wanted(request: Request, pk: int) -> HttpResponse:
    lists(request)
    found = wanted_or_404(request, pk)
    actions.not_wanted(request.user, request.scope, found)
    messages.success(request, _("Nobody is asked to connect %(name)s any more.") % {"name": found.name})
    return redirect("connections")


def connect(request: Request, form: ConnectForm, found: Wanted | None = None) -> HttpResponse:
    if not form.is_valid():
        return form_page(request, form, found, status=422)
    return ask(request, form) if "ask" in request.POST else keep(request, form, found)


def ask(request: Request, form: ConnectForm) -> HttpResponse:
    given = form.cleaned_data
    try:
        made = actions.ask_for(
            request.user,
            request.scope,
            form.clients[given["client"]],
            form.owners[given["owner"]],
            **{name: given[name] for name in ("name", "environment", "region")},
        )
    except Refused as refusal:
        refused(form, refusal)
        return form_page(request, form, status=status_of(refusal))
    told = _("%(owner)s is asked by mail to connect %(name)s.")
    messages.success(request, told % {"owner": made.owner.name, "name": made.name})
    return redirect("connections")


def keep(request: Request, form: ConnectForm, found: Wanted | None) -> HttpResponse:
    """Tested first: what fails is not kept, and what was pasted is not shown again."""
    workspace, token = form.workspace(), form.cleaned_data["token"].strip()
    try:
        actions.may_connect(request.scope, workspace.client)
        workspace.segment_id = belongs_to(workspace, token)
        tested = probe(workspace, token)
    except GatewayError as error:
        form.add_error("token", error.sentence)
        return form_page(request, form, found, status=422)
    if tested.failed:
        form.add_error("token", tested.failed.says)
        return form_page(request, form, found, tested, 422)
    names = (
        "name",
        "slug",
        "environment",
        "region",
        "managed_by",
        "provider_group",
        "base_url",
        "segment_id",
    )
    fields = {name: getattr(workspace, name) for name in names}
    try:
        made = actions.connect(
            workspace.client, token=token, actor=actor_of(request.user), wanted=found, **fields
        )
    except Refused as refusal:
        refused(form, refusal)
        return form_page(request, form, found, status=status_of(refusal))
    told = _("%(name)s is connected. It was tested and works.")
    messages.success(request, told % {"name": made.name})
    return redirect("connection", made.pk)


def form_page(
    request: Request,
    form: ConnectForm,
    found: Wanted | None = None,
    tested: Tested | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "wanted": found,
        "checks": cards.check_rows(tested) if tested else (),
        "where": TOKENS,
        "simulators": settings.SIMULATORS,
        "no_clients": not form.clients,
        "may_ask": bool(form.owners) and found is None,
        "here": reverse("wanted", args=[found.pk]) if found else reverse("connect"),
    }
    return page(request, "setup/connect.html", context, status)
