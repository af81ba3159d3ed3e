"""Who is to decide in somebody's place is told so, and the other one when that ends early."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.approvals.models import Delegation
from offboarding.journey.notices.case import at
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.models import User

URL = "/me/delegations/"


def register() -> None:
    handlers.register(Event.DELEGATION_MADE, made, ended)
    handlers.register(Event.DELEGATION_CANCELLED, cancelled)


def of(entry: Entry) -> Delegation:
    found = Delegation.objects.select_related("giver", "to", "cancelled_by")
    return found.get(pk=entry.facts["delegation"])


def told(each: Delegation, user: User) -> list[tuple[str, str]]:
    return [
        (_("In the place of"), each.giver.name),
        (_("Decides"), each.to.name),
        (_("From"), at(each.starts_at, user)),
        (_("Until"), at(each.ends_at, user)),
        (_("Why"), each.why),
    ]


def made(entry: Entry) -> list[Draft]:
    each = of(entry)
    words = {"who": each.giver.name}
    lead = _("What waits for %(who)s stands in your work list then, where you can see the request.") % words
    subject = _("You decide in the place of %(who)s") % words
    return [
        Draft(to=each.to, kind="delegated", subject=subject, lead=lead, facts=told(each, each.to), url=URL)
    ]


def ended(entry: Entry, _user: User) -> str:
    return "The delegation has ended already." if of(entry).cancelled_at else ""


def cancelled(entry: Entry) -> list[Draft]:
    each = of(entry)
    assert each.cancelled_by
    others = [user for user in (each.giver, each.to) if user.pk != each.cancelled_by_id]
    subject = _("%(who)s ended a delegation") % {"who": each.cancelled_by.name}
    lead = _("It holds no longer. Decisions that were made stay.")
    why = entry.facts.get("why")
    reason = [(_("Why it ended"), str(why))] if why else []
    return [
        Draft(
            to=user,
            kind="delegation ended",
            subject=subject,
            lead=lead,
            facts=[*told(each, user), *reason],
            url=URL,
        )
        for user in others
    ]
