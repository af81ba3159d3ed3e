"""The last press before a policy is proposed or decided: the difference, after a fresh proof of who it is."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies import actions as verbs
from offboarding.lib.refusals import Refused
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorLine, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, today
from offboarding.web.policies import cards, held
from offboarding.web.policies.held import Held
from offboarding.web.policies.views import CONFIRM, back, proposal_or_404
from offboarding.web.proving import Wish

Look = Literal["main", "bad"]
STAYS = lazy("Requests that wait for a decision stay under the policy with which they were sent.")
# (title, label of the button, its look, effects)
WORDS: dict[str, tuple[Any, Any, Look, tuple[Any, ...]]] = {
    held.PROPOSE: (
        lazy("Propose: %(name)s"),
        lazy("Propose this"),
        "main",
        (lazy("Nothing changes before another administrator has approved it."), STAYS),
    ),
    held.APPROVE: (
        lazy("Approve: %(name)s"),
        lazy("Let it come into force"),
        "main",
        (lazy("It holds for every request that is sent from now on."), STAYS),
    ),
    held.DECLINE: (
        lazy("Decline: %(name)s"),
        lazy("Decline the proposal"),
        "bad",
        (lazy("Nothing changes. Who proposed it is told why."),),
    ),
    held.WITHDRAW: (
        lazy("Withdraw: %(name)s"),
        lazy("Withdraw the proposal"),
        "bad",
        (lazy("Nothing changes. It stays in the history as withdrawn."),),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    show, press = partial(confirm_page, request), partial(pressed, request)
    return proving.confirmed(request, held.KEY, "policies", show, press)


def wanted(request: Request, wish: Wish) -> tuple[Held, PolicyVersion | None]:
    kept = Held(**wish.what)
    return kept, proposal_or_404(request, kept.proposal) if kept.proposal else None


def pressed(request: Request, wish: Wish, method: str) -> HttpResponse:
    told, version = perform(request, *wanted(request, wish), method)
    messages.success(request, told)
    return back(version)


def perform(
    request: Request, kept: Held, version: PolicyVersion | None, method: str
) -> tuple[str, PolicyVersion]:
    """Does it, and says what was done."""
    user, day = request.user, today(request)
    if version is None:
        made = verbs.propose(user, held.unpacked(kept), method, day)
        return _("It is proposed. It holds once another administrator has approved it."), made
    if kept.act == held.APPROVE:
        approved = verbs.approve(version, user, method, day)
        return _("Version %(n)d is in force for requests that are sent from now on.") % {
            "n": approved.version or 0
        }, approved
    if kept.act == held.DECLINE:
        verbs.decline(version, user, method, request.POST.get("note", ""), day)
        return _("The proposal is declined. Nothing changed."), version
    verbs.withdraw(version, user)
    return _("The proposal is withdrawn. Nothing changed."), version


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    kept, version = wanted(request, wish)
    error = refusal.sentence if refusal else ""
    at_note = bool(refusal and refusal.facts.get("field") == "note")
    note = FieldCard(
        "note", _("Why"), "textarea", request.POST.get("note", ""), rows=3, error=error if at_note else "",
        hint=_("Who proposed it reads this."), attrs=(("maxlength", "1000"),),
    )  # fmt: skip
    title, label, look, effects = WORDS[kept.act]
    name, policy, why = named(kept, version)
    after = None if version and version.ends else version.terms if version else held.unpacked(kept).terms
    card = ConfirmCard(
        title=title % {"name": name},
        effects=tuple(effects),
        act=ActCard(label, CONFIRM, look, hidden=wish.hidden, busy=_("One moment…")),
        back_url=f"/setup/policies/proposals/{version.pk}/" if version else "/setup/policies/",
        facts=(FactCard(_("Why"), why),),
        fields=(note,) if kept.act == held.DECLINE else (),
        summary=ErrorSummaryCard((ErrorLine(error, "id_note" if at_note else ""),) if error else ()),
    )
    diff = None if kept.act == held.WITHDRAW else cards.change_card(policy, after)
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card, "diff": diff}, status=status)


def named(kept: Held, version: PolicyVersion | None) -> tuple[str, Policy | None, str]:
    """What the policy is for in words, its row if there is one, and why it changes."""
    if version is not None:
        return str(version.policy), version.policy, version.why
    said = held.unpacked(kept)
    selector = said.selector
    fields = {"client_id": selector.client, "environment": selector.environment, "reason": selector.reason}
    policy = Policy.objects.select_related("client").filter(**fields).first()
    return str(policy or Policy(**fields)), policy, said.why
