"""Approval policies: which are in force, which one applies and why, and what is proposed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies import queries
from offboarding.approvals.policies.actions import Proposal, check
from offboarding.approvals.policies.queries import SEES, in_force, installed, people_in, policies_in
from offboarding.approvals.policies.rules import Selector, may_not_approve, may_not_set
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.directory.queries import clients_in
from offboarding.directory.queries import people_in as people_seen
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.web.cards import EmptyCard, PermissionCard
from offboarding.web.cards.fields import FieldCard, options
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, today
from offboarding.web.policies import cards, forms, held
from offboarding.web.policies.forms import Typed
from offboarding.web.proof import to_proof
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.tabs import tabs

CONFIRM = "/setup/policies/confirm/"


def seen(request: Request) -> None:
    if not request.scope.has(*SEES):
        raise PermissionDenied


def administered(request: Request) -> list[Client]:
    if not request.scope.has(Role.ADMINISTRATOR):
        raise PermissionDenied
    return list(clients_in(request.scope, Role.ADMINISTRATOR))


def everywhere(request: Request) -> bool:
    return request.scope.everywhere(Role.ADMINISTRATOR)


@require_safe
@signed_in
def policies(request: Request) -> HttpResponse:
    """In force, proposed, and the question which one applies."""
    seen(request)
    clock = Clock.of(request)
    mine = set(policies_in(request.scope).values_list("pk", flat=True))
    proposed = queries.proposals_in(request.scope)
    context = {
        "rows": cards.rows((each for each in in_force() if each.policy_id in mine), clock),
        "proposals": cards.proposals(proposed, request.user.pk, clock),
        "installed": cards.as_installed(),
        "may_propose": request.scope.has(Role.ADMINISTRATOR),
        "which": which_fields(request, Typed({})),
        "empty": EmptyCard(
            _("No policy is in force."), _("What the installation says below holds for every request.")
        ),
        "tabs": tabs(request.scope, "policies"),
    }
    return page(request, "policies/policies.html", context)


@require_safe
@signed_in
def applies(request: Request) -> HttpResponse:
    """Which policy a request for this client, environment and reason would be decided under, and why."""
    seen(request)
    typed = Typed({name: request.GET.get(name, "").strip() for name in ("client", "environment", "reason")})
    clients = {str(each.pk): each for each in clients_in(request.scope, *SEES)}
    answer = None
    if typed["client"] in clients:
        found = queries.applying(clients[typed["client"]].pk, typed["environment"], typed["reason"])
        answer = cards.applies(found, typed["reason"])
    context = {
        "which": which_fields(request, typed),
        "answer": answer,
        "asked": clients.get(typed["client"]),
        "tabs": tabs(request.scope, "policies"),
    }
    return page(request, "policies/applies.html", context)


def which_fields(request: Request, typed: Typed) -> tuple[FieldCard, ...]:
    clients = [(str(each.pk), each.name) for each in clients_in(request.scope, *SEES)]
    return (
        FieldCard("client", _("Client"), "select", options=options(clients, typed["client"])),
        FieldCard(
            "environment", _("Environment"), "select", options=options(Workspace.Environment.choices, typed["environment"])
        ),
        FieldCard("reason", _("Reason"), "select", options=options(forms.reasons(groups=False), typed["reason"])),
    )  # fmt: skip


def policy_or_404(request: Request, pk: int) -> Policy:
    found = queries.policy_for(request.scope, pk)
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def policy(request: Request, pk: int) -> HttpResponse:
    """What it says now, and how it came to say so."""
    found = policy_or_404(request, pk)
    now = queries.version_in_force(found)
    versions = queries.versions_of(found)
    why = may_not_set(request.scope, found.client_id)
    context = {
        "policy": found,
        "now": now,
        "facts": cards.facts(now.terms) if now else (),
        "history": cards.history(versions, Clock.of(request)),
        "open": next((each for each in versions if each.standing == "proposed"), None),
        "permission": PermissionCard(why, _("An administrator of what it is for can.")) if why else None,
    }
    return page(request, "policies/policy.html", context)


# ---------------------------------------------------------------- proposing


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    administered(request)
    if request.method != "POST":
        first = "" if everywhere(request) else str(administered(request)[0].pk)
        shown = Typed.showing(Selector(), installed(), {})
        return form_page(request, Typed({**shown.values, "client": first or forms.ALL}), None)
    return proposed(request, Typed.of(request.POST), None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: Request, pk: int) -> HttpResponse:
    found = changeable_or_404(request, pk)
    if request.method != "POST":
        now = queries.version_in_force(found)
        terms = now.terms if now else installed(found.reason)
        people = dict(User.objects.filter(pk__in=people_in(terms)).values_list("pk", "email"))
        return form_page(request, Typed.showing(found.selector, terms, people), found)
    return proposed(request, Typed.of(request.POST), found)


def changeable_or_404(request: Request, pk: int) -> Policy:
    found = policy_or_404(request, pk)
    if may_not_set(request.scope, found.client_id):
        raise PermissionDenied
    return found


def proposed(request: Request, typed: Typed, found: Policy | None) -> HttpResponse:
    """Read and checked; then the proof of who it is, and the page that shows the difference."""
    try:
        said = forms.proposal(typed, found.selector if found else None, known(request))
        check(request.user, said, today(request))
    except Refused as refusal:
        return form_page(request, typed, found, refusal)
    held.keep(request, held.PROPOSE, said=said)
    return to_proof(request, CONFIRM)


def known(request: Request) -> dict[str, int]:
    """Whom this administrator can name: those who work for their clients, by address."""
    return forms.addresses_of(people_seen(request.scope, *SEES).filter(is_active=True))


def form_page(
    request: Request, typed: Typed, found: Policy | None, refusal: Refused | None = None
) -> HttpResponse:
    faults = forms.faults_of(refusal) if refusal else {}
    context: dict[str, Any] = {
        "policy": found,
        "parts": forms.parts(typed, administered(request), everywhere(request), found is not None, faults),
        "summary": forms.summary(refusal),
    }
    return page(request, "policies/form.html", context, status=status_of(refusal) if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end(request: Request, pk: int) -> HttpResponse:
    """Propose that a policy says nothing of its own any more."""
    found = changeable_or_404(request, pk)
    why = request.POST.get("why", "").strip()
    if request.method != "POST":
        return end_page(request, found, why)
    said = Proposal(found.selector, None, why)
    try:
        check(request.user, said, today(request))
    except Refused as refusal:
        return end_page(request, found, why, refusal)
    held.keep(request, held.PROPOSE, said=said)
    return to_proof(request, CONFIRM)


def end_page(request: Request, found: Policy, why: str, refusal: Refused | None = None) -> HttpResponse:
    field = FieldCard(
        "why", _("Why it ends"), "textarea", why, rows=3, error=refusal.sentence if refusal else "",
        hint=_("The second person reads it, and it stands in the record."), attrs=(("maxlength", "1000"),),
    )  # fmt: skip
    context = {"policy": found, "field": field, "summary": forms.summary(refusal)}
    return page(request, "policies/end.html", context, status=status_of(refusal) if refusal else 200)


# ---------------------------------------------------------------- deciding


def proposal_or_404(request: Request, pk: int) -> PolicyVersion:
    found = PolicyVersion.objects.filter(pk=pk, policy__in=policies_in(request.scope))
    version = found.select_related("policy__client", "proposed_by", "decided_by").first()
    if version is None or not request.scope.has(*SEES):
        raise Http404
    return version


@require_safe
@signed_in
def proposal(request: Request, pk: int) -> HttpResponse:
    """What was proposed, beside what holds now."""
    found = proposal_or_404(request, pk)
    clock = Clock.of(request)
    open_, own = found.standing == "proposed", found.proposed_by_id == request.user.pk
    why = may_not_approve(request.scope, found.policy.client_id, found.proposed_by_id)
    context = {
        "version": found,
        "card": cards.version_card(found, None, clock),
        "diff": cards.change_card(found.policy, None if found.ends else found.terms) if open_ else None,
        "own": own and open_,
        "decides": open_ and not why,
        "permission": PermissionCard(why, _("Another administrator can."))
        if open_ and why and not own
        else None,
    }
    return page(request, "policies/proposal.html", context)


@require_POST
@signed_in
def decide(request: Request, pk: int, name: str) -> HttpResponse:
    """The wish to approve, decline or withdraw; nothing happens before it is confirmed."""
    found = proposal_or_404(request, pk)
    if name not in held.DECISIONS:
        raise Http404
    client, own = found.policy.client_id, found.proposed_by_id == request.user.pk
    why = may_not_approve(request.scope, client, found.proposed_by_id) if name != held.WITHDRAW else ""
    if why or (name == held.WITHDRAW and not own):
        raise PermissionDenied(why)
    held.keep(request, name, found.pk)
    return to_proof(request, CONFIRM)


def back(version: PolicyVersion | None) -> HttpResponse:
    return redirect(f"/setup/policies/{version.policy_id}/" if version else "policies")
