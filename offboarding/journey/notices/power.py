"""Where somebody is let in to decide, those who can take it back are told at once.

That takes two administrators where there are two; and nobody does it unseen.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from offboarding.directory.grants import grants_of
from offboarding.directory.queries import people_holding
from offboarding.directory.rules import Grant, Scope
from offboarding.journey.notices.case import actor_of, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications.rules import Draft
from offboarding.users.models import SignInProvider, User
from offboarding.users.rules import DECIDES, Role
from offboarding.users.words import called

WATCHES = (Role.SECURITY, Role.ADMINISTRATOR)


def given(entry: Entry) -> list[Draft]:
    """To everybody who watches over all that the person may do, but for the two themselves."""
    user = User.objects.get(pk=entry.facts["user"])
    if not (what := gained(entry, user)):
        return []
    personal = dict(entry.personal.values_list("name", "value"))
    return [
        Draft(
            to=watcher,
            kind="power given",
            subject=_("%(name)s may decide now") % {"name": user.name}
            if entry.event != Event.USER_CORRECTED
            else _("%(name)s, who decides, has another address") % {"name": user.name},
            lead=_(
                "If you do not know this person, or not at this address, ask who did it. Any administrator can disable them."
            ),
            facts=[
                (_("Done by"), actor_of(entry)),
                (_("Address"), personal.get("address", user.email)),
                *what,
            ],
            url=f"/setup/people/{user.pk}/",
        )
        for watcher in watchers(grants_of(user))
        if str(watcher.pk) not in (entry.actor_id, str(user.pk))
    ]


def gained(entry: Entry, user: User) -> list[tuple[str, str]]:
    """What makes it news, as lines of the mail; nothing if the person decides nothing by it."""
    facts = entry.facts
    if entry.event == Event.USER_CORRECTED:
        moved = "address" in facts["what"] and any(grant.role in DECIDES for grant in grants_of(user))
        before = entry.personal.filter(name="address before").values_list("value", flat=True).first()
        return [(_("Before"), before or _("Not kept any more"))] if moved else []
    roles = facts["roles"] if entry.event == Event.USER_INVITED else facts["gained"]
    decides = [called(each) for each in roles if each.partition(" ")[0] in DECIDES]
    return [(_("Roles"), "\n".join(decides))] if decides else []


def watchers(grants: Iterable[Grant]) -> list[User]:
    held = tuple(grants)
    return [user for user, scope in people_holding(WATCHES, today()) if watches(scope, held)]


def watches(scope: Scope, grants: Iterable[Grant]) -> bool:
    """Whether somebody sees every place where the other one works: nobody learns here of clients that are not theirs."""
    return scope.reaches((grant.client for grant in grants), *WATCHES)


def no_longer(entry: Entry, user: User) -> str:
    whose = User.objects.get(pk=entry.facts["user"])
    return "" if user in watchers(grants_of(whose)) else f"{user.name} does not watch over {whose.name}."


# ---------------------------------------------------------------- where people come from


def way_in(entry: Entry) -> list[Draft]:
    """What a provider says counts for everybody at its domains, so its change is news to all who watch over all clients."""
    provider = SignInProvider.objects.filter(slug=entry.facts["provider"], is_on=True).first()
    if provider is None:
        return []
    return [
        Draft(
            to=user,
            kind="way in changed",
            subject=_("People may sign in through %(name)s") % {"name": provider.name}
            if entry.facts["changed"].get("is_on")
            else _("Signing in through %(name)s was changed") % {"name": provider.name},
            lead=_(
                "Whoever runs that provider can sign in as anybody at these domains. If you do not know it, have it switched off;"
                " if you do, another administrator than who changed it confirms it, so that those who decide come in there."
            ),
            facts=[(_("Done by"), actor_of(entry)), (_("Domains"), ", ".join(provider.domains))],
            url=page_of(provider) if scope.everywhere(Role.ADMINISTRATOR) else "/setup/people/",
        )
        for user, scope in people_holding(WATCHES, today())
        if scope.everywhere(*WATCHES) and str(user.pk) != entry.actor_id
    ]


def page_of(provider: SignInProvider) -> str:
    return f"/setup/sign-in/at/{provider.slug}/"


def not_everywhere(_entry: Entry, user: User) -> str:
    everywhere = {other.pk for other, scope in people_holding(WATCHES, today()) if scope.everywhere(*WATCHES)}
    return "" if user.pk in everywhere else f"{user.name} does not watch over all clients."
