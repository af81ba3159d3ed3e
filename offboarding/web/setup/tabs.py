"""The pages under Setup that somebody may see."""

from __future__ import annotations

from django.utils.translation import gettext as _

from offboarding.directory.rules import Scope
from offboarding.users.rules import Role
from offboarding.web.cards import TabCard, TabsCard

CONNECTIONS = (Role.OPERATOR, Role.ADMINISTRATOR, Role.SECURITY)
CLIENTS = (Role.ADMINISTRATOR, Role.SECURITY, Role.REQUESTER)
PEOPLE = (Role.ADMINISTRATOR, Role.SECURITY)
WAYS = (Role.ADMINISTRATOR, Role.SECURITY)
ENGINE = (Role.ADMINISTRATOR, Role.OPERATOR)
WITHIN = ("clients", "api")  # also for who works within engagements only


def tabs(scope: Scope, current: str) -> TabsCard:
    places = (
        ("connections", _("Connections"), "/setup/connections/", CONNECTIONS),
        ("clients", _("Clients"), "/setup/clients/", CLIENTS),
        ("people", _("People"), "/setup/people/", PEOPLE),
        ("policies", _("Approval"), "/setup/policies/", PEOPLE),
        ("sign-in", _("Sign-in"), "/setup/sign-in/", WAYS if scope.everywhere(*WAYS) else ()),
        ("api", _("API keys"), "/setup/api/", tuple(Role)),
        ("settings", _("Settings"), "/setup/settings/", PEOPLE if scope.everywhere(*PEOPLE) else ()),
        ("start", _("First steps"), "/setup/start/", (Role.ADMINISTRATOR,)),
        ("engine", _("Engine"), "/setup/engine/", ENGINE),
    )
    shown = (
        TabCard(label, url, current == name)
        for name, label, url, roles in places
        if scope.for_a_client(*roles) or (name in WITHIN and scope.has(*roles))
    )
    return TabsCard(_("Setup"), tuple(shown))
