"""Who is let in is told so. The mail holds no key: the page that it leads to sends one to this address, and it ends soon."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from offboarding.journey.notices.case import actor_of, facts_of
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.admission import buttons
from offboarding.users.models import User
from offboarding.users.queries import ways_in
from offboarding.users.words import called

SIGN_IN = "/signin/"
CHOOSE_PASSWORD = "/account/password/reset/"


def register() -> None:
    handlers.register(Event.USER_INVITED, drafts, objection)


def drafts(entry: Entry) -> list[Draft]:
    facts = facts_of(entry)
    return [
        Draft(
            to=user,
            kind="invited",
            subject=_("You can sign in to Offboard"),
            lead=lead(),
            facts=[
                (_("Invited by"), actor_of(entry)),
                (_("Your address"), user.email),
                (_("Your roles"), "\n".join(called(each) for each in facts["roles"])),
            ],
            url=SIGN_IN if ways_in() else CHOOSE_PASSWORD,
        )
        for user in User.objects.filter(pk=facts["user"], is_active=True)
    ]


def lead() -> str:
    names = [each.name for each in ways_in()]
    if not names:
        return _(
            "Open the page, enter this address, and we send you a link with which you choose a password."
        )
    if settings.ONLY_SINGLE_SIGN_ON:
        return _("Open the page and press %(buttons)s. No password is needed here.") % {
            "buttons": buttons(names)
        }
    return _(
        "Open the page and press %(buttons)s. If your firm does not sign in there, press “Forgotten password”: we send you"
        " a link with which you choose one."
    ) % {"buttons": buttons(names)}


def objection(_entry: Entry, user: User) -> str:
    return "" if not user.last_login else "The person has signed in already."
