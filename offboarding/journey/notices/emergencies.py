"""What notices say of an emergency: to everybody at once, to who reviews it, and to a second person beforehand."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.directory.queries import scope_of
from offboarding.emergencies.models import Ask, Emergency
from offboarding.emergencies.queries import of_one_press, seconds_for
from offboarding.emergencies.rules import Verdict
from offboarding.journey.notices.case import (
    Case,
    Words,
    actor_of,
    at,
    by,
    short,
    some,
    today,
    where,
    who,
)
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft, Pace
from offboarding.removals.queries import places_of, removals_for
from offboarding.users.models import User


def live(case: Case) -> str:
    return f"/emergency/{case.removal.reference}/"


def words_of(case: Case) -> dict[str, str]:
    made = Emergency.objects.get(removal=case.removal)
    return {
        "who": short(case.removal.email),
        "incident": made.incident,
        "by": case.actor,
        "reference": case.removal.reference,
    }


def facts(case: Case, user: User) -> list[tuple[str, str]]:
    made = Emergency.objects.select_related("released_by").get(removal=case.removal)
    return [
        who(case),
        where(case),
        (_("Incident"), f"{made.incident}, {case.removal.reason_says}"),
        (_("Released by"), f"{made.released_by.name}, {at(made.at, user)}"),
        (_("Review due"), at(made.review_due_at, user)),
    ]


def everywhere(case: Case, user: User) -> tuple[str, str]:
    """Where it removes from, in all requests of the press that this person may see."""
    made = Emergency.objects.get(removal=case.removal)
    seen = of_one_press(made).filter(removal__in=removals_for(scope_of(user, today())))
    places = [place for each in seen for place in places_of(each.removal)]
    told = some(place.workspace.name for place in places)
    n = len(places)
    return _("Where"), f"{ngettext('%(n)d workspace', '%(n)d workspaces', n) % {'n': n}}: {told}"


def released(case: Case, user: User) -> Words:
    subject = _("Emergency %(incident)s: access of %(who)s is being removed") % words_of(case)
    lead = _(
        "%(by)s released this without an approval. Membership, groups and invitations go now. Do not tell the person before"
        " security says so."
    )
    told = [
        everywhere(case, user) if name == _("Where") else (name, says) for name, says in facts(case, user)
    ]
    return Words(subject, lead % words_of(case), told, live(case))


def to_review(case: Case, user: User) -> Words:
    made = Emergency.objects.get(removal=case.removal)
    subject = _("Review by %(by)s: emergency %(incident)s, %(who)s")
    words = {**words_of(case), "by": by(made.review_due_at, user)}
    lead = _(
        "Nobody approved this beforehand. Somebody who did not release it says afterwards whether it was right."
    )
    return Words(subject % words, lead, facts(case, user), f"{live(case)}review/")


def review_due(case: Case, user: User) -> Words:
    words = to_review(case, user)
    return Words(_("Reminder: %(subject)s") % {"subject": words.subject}, words.lead, words.facts, words.url)


def review_overdue(case: Case, user: User) -> Words:
    subject = _("Overdue: nobody reviewed the emergency %(incident)s, %(who)s") % words_of(case)
    lead = _(
        "The time for the review is over. %(reference)s does not close before somebody else has reviewed it."
    )
    return Words(subject, lead % words_of(case), facts(case, user), f"{live(case)}review/")


def was_reviewed(case: Case, user: User) -> Words:
    agreed = case.facts["verdict"] == Verdict.CONFIRM
    subject = _("Confirmed afterwards: emergency %(incident)s, %(who)s")
    lead = _("%(by)s reviewed it, and confirms that it was right.")
    if not agreed:
        subject = _("Objection: emergency %(incident)s, %(who)s")
        lead = _(
            "%(by)s reviewed it, and objects. What was removed can be restored for a time, from the request's page."
        )
    noted = (_("Note"), str(case.facts["note"]))
    return Words(subject % words_of(case), lead % words_of(case), [noted, *facts(case, user)], live(case))


def one_more(case: Case, user: User) -> Words:
    subject = _("One more person decides: remove %(who)s") % {"who": short(case.removal.email)}
    lead = _("%(who)s approved it. So much goes in so short a time that a second person has to say yes.")
    told = [(_("Because"), str(case.facts["says"])), who(case), where(case)]
    return Words(subject, lead % {"who": case.actor}, told, f"{case.url}approve/")


# ---------------------------------------------------------------- beforehand: nothing is filed yet


def register() -> None:
    handlers.register(Event.EMERGENCY_ASKED, asked, over)


def ask_of(entry: Entry) -> Ask:
    return Ask.objects.select_related("asked_by").get(pk=entry.facts["ask"])


def asked(entry: Entry) -> list[Draft]:
    ask = ask_of(entry)
    return [draft(entry, ask, user) for user in seconds_for(ask, today())]


def draft(entry: Entry, ask: Ask, user: User) -> Draft:
    words = {"incident": ask.incident, "who": short(str(ask.addresses[0])), "by": actor_of(entry)}
    return Draft(
        to=user,
        kind="second person",
        subject=_("Confirm now: emergency %(incident)s, %(who)s") % words,
        lead=_(
            "%(by)s asks for a second person. Call them first. Nothing is removed before somebody confirms."
        )
        % words,
        facts=[
            (_("Who"), ", ".join(ask.addresses)),
            (_("Incident"), ask.incident),
            (_("Until"), at(ask.ends_at, user)),
        ],
        url=f"/emergency/asks/{ask.pk}/",
        pace=Pace.AT_ONCE,
    )


def over(entry: Entry, user: User) -> str:
    ask = ask_of(entry)
    if not ask.open or ask.ends_at <= datetime.now(UTC):
        return "It was confirmed already, or its time is over."
    return (
        ""
        if user.pk in {each.pk for each in seconds_for(ask, today())}
        else f"{user.name} may not confirm it."
    )
