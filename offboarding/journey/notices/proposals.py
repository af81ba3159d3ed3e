"""A change of somebody's access here waits for a second administrator, and whoever proposed it is told what came of it."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext as _

from offboarding.directory.models import Proposal
from offboarding.directory.proposals import may_not
from offboarding.directory.queries import people_holding, scope_of
from offboarding.directory.rules import Standing
from offboarding.directory.words import title_of
from offboarding.journey.notices.case import actor_of, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.models import User
from offboarding.users.rules import Role

DECIDED = {Event.PERSON_AGREED: "person agreed", Event.PERSON_DECLINED: "person declined"}


def register() -> None:
    handlers.register(Event.PERSON_PROPOSED, proposed, overtaken)
    for event, kind in DECIDED.items():
        handlers.register(event, partial(decided, kind))


def proposal_of(entry: Entry) -> Proposal:
    return Proposal.objects.select_related("proposed_by", "person").get(pk=entry.facts["proposal"])


def proposed(entry: Entry) -> list[Draft]:
    found = proposal_of(entry)
    title = title_of(found)
    return [
        Draft(
            to=user,
            kind="person proposed",
            subject=_("Decide: %(title)s") % {"title": title},
            lead=_("It takes a second administrator. Nothing changes before one agrees."),
            facts=[
                (_("Proposed by"), actor_of(entry)),
                (_("Address"), found.email),
                (_("Why"), found.why),
            ],
            url=f"/setup/people/proposals/{found.pk}/",
        )
        for user, scope in people_holding([Role.ADMINISTRATOR], today())
        if not may_not(scope, found)
    ]


def overtaken(entry: Entry, user: User) -> str:
    found = proposal_of(entry)
    if found.standing != Standing.PROPOSED:
        return f"The proposal is {found.standing} already."
    return may_not(scope_of(user, today()), found)


def decided(kind: str, entry: Entry) -> list[Draft]:
    found = proposal_of(entry)
    words = {"title": title_of(found), "who": actor_of(entry)}
    agreed = found.standing == Standing.AGREED
    facts = [(_("Why you proposed it"), found.why)]
    return [
        Draft(
            to=found.proposed_by,
            kind=kind,
            subject=(_("Agreed: %(title)s") if agreed else _("Declined: %(title)s")) % words,
            lead=(
                _("%(who)s agreed, and it is done.") if agreed else _("%(who)s declined it. Nothing changed.")
            )
            % words,
            facts=[*facts, (_("Note"), found.note)] if found.note else facts,
            url=f"/setup/people/proposals/{found.pk}/",
        )
    ]
