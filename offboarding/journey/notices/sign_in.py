"""The break-glass account opens everything that it was given, past the identity provider. Whoever watches is told at once.

And whose second factor was taken away as lost is told: they may not have asked for it.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.journey.notices import power
from offboarding.journey.notices.case import actor_of, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.models import User
from offboarding.users.rules import Role

WATCH = (Role.SECURITY, Role.ADMINISTRATOR)


def register() -> None:
    handlers.register(Event.BREAK_GLASS_USED, drafts, objection)
    handlers.register(Event.FACTORS_TAKEN, to_its_owner, nothing_against)
    handlers.register(Event.WAY_IN_CHANGED, power.way_in, power.not_everywhere)


def drafts(entry: Entry) -> list[Draft]:
    watchers = Membership.objects.filter(role__in=[role.value for role in WATCH]).values("user")
    found = User.objects.filter(pk__in=watchers, is_active=True).exclude(pk=entry.facts["user"])
    return [
        Draft(
            to=user,
            kind="break glass",
            subject=_("The break-glass account was used"),
            lead=_(
                "It signs in past your identity provider. If nobody of you did that, sign it out and disable it:"
                " Setup > People."
            ),
            facts=[(_("Account"), actor_of(entry))],
            url="/setup/people/",
        )
        for user in found.order_by("pk")
        if scope_of(user, today()).has(*WATCH)
    ]


def objection(_entry: Entry, user: User) -> str:
    return "" if scope_of(user, today()).has(*WATCH) else "The person does not watch over sign-ins any more."


def to_its_owner(entry: Entry) -> list[Draft]:
    return [
        Draft(
            to=user,
            kind="factor taken",
            subject=_("Your second factor counts no more"),
            lead=_(
                "It was said to be lost. Sign in with your password, and set up another one. If you did not ask for this, call an"
                " administrator now: somebody may be about to sign in as you."
            ),
            facts=[(_("Taken away by"), actor_of(entry)), (_("Your address"), user.email)],
            url="/account/2fa/",
        )
        for user in User.objects.filter(pk=entry.facts["user"], is_active=True)
    ]


def nothing_against(_entry: Entry, _user: User) -> str:
    """It is true, and theirs, whatever has happened since."""
    return ""
