"""Who is let in is told so, and whose name or address was put right.

The mail holds no key: the page that it leads to sends one to this address, and it ends soon.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.journey.notices import power
from offboarding.journey.notices.case import actor_of
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
    handlers.register(Event.USER_INVITED, both(drafts), unless(objection))
    handlers.register(Event.ROLES_CHANGED, power.given, power.no_longer)
    handlers.register(Event.USER_CORRECTED, both(corrected), unless(nothing), also=old_address)


def both(to_them: Callable[[Entry], list[Draft]]) -> Callable[[Entry], list[Draft]]:
    """To the person themself, and to those who watch over who may decide."""
    return lambda entry: [*to_them(entry), *power.given(entry)]


def unless(theirs: Callable[[Entry, User], str]) -> Callable[[Entry, User], str]:
    def asked(entry: Entry, user: User) -> str:
        return theirs(entry, user) if user.pk == entry.facts["user"] else power.no_longer(entry, user)

    return asked


def nothing(_entry: Entry, _user: User) -> str:
    return ""


def drafts(entry: Entry) -> list[Draft]:
    facts = entry.facts
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


# What is said of each, and what it is called in the list below.
CORRECTED = {"name": lazy("Name"), "address": lazy("Address")}


def corrected(entry: Entry) -> list[Draft]:
    """At both addresses: whoever reads the old one may not have asked for this."""
    facts, said = entry.facts, personal_of(entry)
    lines = [
        (str(label), _("%(now)s, before: %(before)s") % {"now": said[key], "before": said[f"{key} before"]})
        for key, label in CORRECTED.items()
        if key in facts["what"]
    ]
    return [
        Draft(
            to=user,
            kind="corrected",
            subject=_("Your name or address in Offboard was changed"),
            lead=moved() if "address" in facts["what"] else _("This is how others see you here from now on."),
            facts=[(_("Changed by"), actor_of(entry)), *lines],
            url=SIGN_IN,
        )
        for user in User.objects.filter(pk=facts["user"], is_active=True)
        if len(lines) == len(facts["what"])
    ]


def moved() -> str:
    return _(
        "You sign in with the address below from now on. If you did not ask for this, call an administrator now: somebody"
        " may be about to sign in as you."
    )


def personal_of(entry: Entry) -> dict[str, str]:
    return dict(entry.personal.values_list("name", "value"))


def old_address(entry: Entry, user: User) -> list[str]:
    before = personal_of(entry).get("address before")
    return [before] if before and user.pk == entry.facts["user"] else []
