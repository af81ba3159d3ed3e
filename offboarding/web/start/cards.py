"""From nothing to the first request: what is done, and what comes next. Read from what is there, never ticked off."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.models import Client, Engagement, Membership
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User
from offboarding.users.queries import FACTORS
from offboarding.users.rules import Role
from offboarding.web.cards import TagCard


@dataclass(frozen=True, slots=True)
class StepCard:
    title: str
    says: str
    done: bool
    url: str
    label: str

    @property
    def tag(self) -> TagCard:
        return TagCard("verified", _("Done")) if self.done else TagCard("not_started", _("To do"))


def steps(user: User, scope: Scope) -> tuple[StepCard, ...]:
    """In the order in which they have to be done. A fixed number of small queries."""
    roles = roles_given(scope)
    return (
        factor(user),
        mail(),
        StepCard(
            _("Add the first client"),
            _("Everything belongs to a client, and people see only theirs."),
            Client.objects.exists(),
            reverse("client_add"),
            _("Add a client"),
        ),
        people(roles),
        StepCard(
            _("Add the first engagement"),
            _("Its last day reminds the lead of everybody who still has access."),
            Engagement.objects.filter(client__in=clients_in(scope, Role.ADMINISTRATOR)).exists(),
            reverse("clients"),
            _("Clients"),
        ),
        connected(scope),
        StepCard(
            _("Look for somebody"),
            _("Filing a request reads every connected workspace. Nothing changes before it is approved."),
            RemovalRequest.objects.exists(),
            reverse("file"),
            _("File a request"),
        ),
    )


def factor(user: User) -> StepCard:
    return StepCard(
        _("Set up your second factor"),
        _("A passkey or codes: who decides or executes here has one."),
        is_mfa_enabled(user, FACTORS),
        reverse("mfa_index"),
        _("Your sign-in"),
    )


def mail() -> StepCard:
    printed = "console" in settings.EMAIL_BACKEND
    says = _("Mail goes out through the server that OFFBOARD_MAIL names.")
    if printed:
        says = _("Mail is only printed in the log, so nobody is told of anything. Set OFFBOARD_MAIL.")
    return StepCard(_("Send mail"), says, not printed, "", "")


def roles_given(scope: Scope) -> set[str]:
    held = Membership.objects.filter(user__is_active=True)
    if not scope.everywhere(Role.ADMINISTRATOR):
        held = held.filter(client__in=clients_in(scope, Role.ADMINISTRATOR))
    return set(held.values_list("role", flat=True).distinct())


def people(roles: set[str]) -> StepCard:
    needed = {
        Role.REQUESTER: _("an engagement lead"),
        Role.APPROVER: _("an approver"),
        Role.OPERATOR: _("an operator"),
        Role.SECURITY: _("security"),
    }
    missing = [words for role, words in needed.items() if role not in roles]
    says = _("Nobody approves what they filed, so it takes more than one person.")
    if missing:
        says = _("%(says)s Missing: %(who)s.") % {"says": says, "who": ", ".join(missing)}
    return StepCard(_("Invite people"), says, not missing, reverse("invite"), _("Invite"))


def connected(scope: Scope) -> StepCard:
    found = workspaces_in(scope, Role.ADMINISTRATOR, Role.OPERATOR)
    works = found.filter(refused_at=None).exists()
    says = _("A Workspace Owner makes a token in Segment. It is tested for every right that we use.")
    first: Workspace | None = found.first()
    url = reverse("connection", args=[first.pk]) if first and not works else reverse("connect")
    return StepCard(_("Connect the first workspace"), says, works, url, _("Connect"))


def left(found: tuple[StepCard, ...]) -> int:
    return sum(not each.done for each in found)
