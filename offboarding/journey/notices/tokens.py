"""A refused token is about a workspace, not about a request: whoever looks after the connection is told, once."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from offboarding.connections.models import Workspace
from offboarding.directory.queries import people_with
from offboarding.journey.notices.case import facts_of, today
from offboarding.ledger.models import Entry
from offboarding.notifications.rules import Draft
from offboarding.users.models import User
from offboarding.users.rules import Role


def drafts(entry: Entry) -> list[Draft]:
    return [
        Draft(to=user, kind="token refused", url="/setup/connections/", **words(workspace, facts_of(entry)))
        for workspace in refused(entry)
        for user in keepers(workspace)
        if user.is_active
    ]  # fmt: skip


def refused(entry: Entry) -> list[Workspace]:
    """The workspace, as long as its token is refused. Names may be shared between clients: each is told of its own."""
    facts = facts_of(entry)
    found = Workspace.objects.filter(segment_id=facts["segment_id"], name=facts["workspace"])
    return list(found.exclude(refused_at=None).select_related("client"))


def keepers(workspace: Workspace) -> list[User]:
    own = frozenset({workspace.client_id})
    found = [user for role in (Role.OPERATOR, Role.ADMINISTRATOR) for user in people_with(role, own, today())]
    return list({user.pk: user for user in found}.values())


def objection(entry: Entry, user: User) -> str:
    own = [workspace for workspace in refused(entry) if user in keepers(workspace)]
    return "" if own else "The token works again, or somebody else looks after the workspace now."


def words(workspace: Workspace, facts: dict[str, Any]) -> dict[str, Any]:
    lead = _("An Owner needs to make a new one: Setup > Connections. Other workspaces go on.")
    shown = [
        (_("Workspace"), workspace.name),
        (_("Client"), workspace.client.name),
        (_("Environment"), f"{workspace.get_environment_display()}, {workspace.get_region_display()}"),
        (_("Token"), str(facts["token"])),
        (_("Segment said"), str(facts["why"])),
    ]
    subject = _("Segment refused our token for %(workspace)s") % {"workspace": workspace.name}
    return {"subject": subject, "lead": lead, "facts": shown}
