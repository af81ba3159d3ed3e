"""A change of an approval policy waits for a second administrator, and whoever proposed it is told what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from offboarding.approvals.models import PolicyVersion
from offboarding.approvals.policies.rules import Standing, may_not_approve
from offboarding.directory.queries import people_holding, scope_of
from offboarding.journey.notices.case import actor_of, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.models import User
from offboarding.users.rules import Role

DECIDED = {
    Event.POLICY_APPROVED: "policy approved",
    Event.POLICY_DECLINED: "policy declined",
}


def register() -> None:
    handlers.register(Event.POLICY_PROPOSED, proposed, overtaken)
    for event, kind in DECIDED.items():
        handlers.register(event, partial(decided, kind))


def version_of(entry: Entry) -> PolicyVersion:
    found = PolicyVersion.objects.select_related("policy__client", "proposed_by")
    return found.get(pk=entry.facts["proposal"])


def proposed(entry: Entry) -> list[Draft]:
    version = version_of(entry)
    name = str(version.policy)
    return [
        Draft(
            to=user,
            kind="policy proposed",
            subject=_("Decide on a change of the approval policy: %(name)s") % {"name": name},
            lead=_("It takes a second administrator. Nothing changes before one approves it."),
            facts=[
                (_("Proposed by"), actor_of(entry)),
                (_("Policy"), name),
                (_("Why"), version.why),
                (_("Change"), _("It ends.") if version.ends else _("New terms.")),
            ],
            url=f"/setup/policies/proposals/{version.pk}/",
        )
        for user, scope in people_holding([Role.ADMINISTRATOR], today())
        if not may_not_approve(scope, version.policy.client_id, version.proposed_by_id)
    ]


def overtaken(entry: Entry, user: User) -> str:
    version = version_of(entry)
    if version.standing != Standing.PROPOSED:
        return f"The proposal is {version.standing} already."
    scope = scope_of(user, today())
    return may_not_approve(scope, version.policy.client_id, version.proposed_by_id)


def decided(kind: str, entry: Entry) -> list[Draft]:
    version, words = version_of(entry), {"name": entry.facts["name"], "who": actor_of(entry)}
    approved = version.standing == Standing.APPROVED
    subject = _("In force: %(name)s") if approved else _("Declined: %(name)s")
    lead = (
        _("%(who)s approved your change of the approval policy. It holds for requests sent from now on.")
        if approved
        else _("%(who)s declined your change of the approval policy. Nothing changed.")
    )
    told: list[tuple[str, Any]] = [(_("Policy"), words["name"]), (_("Why you proposed it"), version.why)]
    told += [(_("Note"), version.note)] if version.note else []
    url = f"/setup/policies/{version.policy_id}/"
    return [
        Draft(
            to=version.proposed_by, kind=kind, subject=subject % words, lead=lead % words, facts=told, url=url
        )
    ]
