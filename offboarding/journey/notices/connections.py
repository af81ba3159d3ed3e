"""What is wrong with a connection is about a workspace, not about a request: whoever looks after it is told, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from offboarding.connections.models import Wanted, Workspace
from offboarding.connections.queries import keepers
from offboarding.journey.notices.case import today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.users.models import User

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trouble:
    """`lasts` finds the workspaces that still have it; `over` says why a notice of it is no longer sent."""

    kind: str
    lasts: Q
    over: str
    says: Callable[[Workspace, Said], Said]


def token_refused(workspace: Workspace, facts: Said) -> Said:
    return {
        "subject": _("Segment refused our token for %(workspace)s") % {"workspace": workspace.name},
        "lead": _("An Owner needs to make a new one: Setup > Connections. Other workspaces go on."),
        "facts": [*place(workspace, facts), (_("Segment said"), str(facts["why"]))],
    }


def token_old(workspace: Workspace, facts: Said) -> Said:
    return {
        "subject": _("Replace the token for %(workspace)s: it is old") % {"workspace": workspace.name},
        "lead": _(
            "An Owner makes a new one in Segment; enter it in Setup > Connections. Until then the old one goes on working."
        ),
        "facts": [
            *place(workspace, facts),
            (_("In use for"), _("%(n)s days or more") % {"n": facts["days"]}),
        ],
    }


def no_answer(workspace: Workspace, facts: Said) -> Said:
    return {
        "subject": _("Segment gives no clear answer for %(workspace)s") % {"workspace": workspace.name},
        "lead": _(
            "We try one read every few minutes and go on by ourselves. Other workspaces are not affected."
        ),
        "facts": [*place(workspace, facts), (_("Calls without a clear answer"), str(facts["troubles"]))],
    }


TROUBLES = {
    Event.TOKEN_REFUSED: Trouble(
        "token refused",
        Q(refused_at__isnull=False),
        "The token works again, or somebody else looks after the workspace now.",
        token_refused,
    ),
    Event.TOKEN_GREW_OLD: Trouble(
        "token old",
        Q(old_at__isnull=False),
        "The token was replaced, or somebody else looks after the workspace now.",
        token_old,
    ),
    Event.CIRCUIT_OPENED: Trouble(
        "no answer",
        Q(open_until__isnull=False),
        "Segment answers again, or somebody else looks after the workspace now.",
        no_answer,
    ),
}


def register() -> None:
    handlers.register(Event.WORKSPACE_WANTED, wanted_drafts, wanted_objection)
    for event, trouble in TROUBLES.items():
        handlers.register(event, partial(drafts, trouble), partial(objection, trouble))


def drafts(trouble: Trouble, entry: Entry) -> list[Draft]:
    return [
        Draft(to=user, kind=trouble.kind, url="/setup/connections/", **trouble.says(workspace, entry.facts))
        for workspace in having(trouble, entry)
        for user in keepers(workspace, today())
        if user.is_active
    ]


def having(trouble: Trouble, entry: Entry) -> list[Workspace]:
    """The workspace, as long as it has this. Names may be shared between clients: each is told of its own."""
    facts = entry.facts
    found = Workspace.objects.filter(trouble.lasts, segment_id=facts["segment_id"], name=facts["workspace"])
    return list(found.select_related("client"))


def objection(trouble: Trouble, entry: Entry, user: User) -> str:
    return "" if any(user in keepers(each, today()) for each in having(trouble, entry)) else trouble.over


def place(workspace: Workspace, facts: Said) -> list[tuple[str, str]]:
    return [
        (_("Workspace"), workspace.name),
        (_("Client"), workspace.client.name),
        (_("Environment"), f"{workspace.get_environment_display()}, {workspace.get_region_display()}"),
        (_("Token"), str(facts["token"])),
    ]


def wanted_drafts(entry: Entry) -> list[Draft]:
    """Who was asked to connect a workspace: what is missing is a token that only they can make."""
    return [
        Draft(
            to=each.owner,
            kind="connection asked",
            subject=_("Connect %(workspace)s: only the token is missing") % {"workspace": each.name},
            lead=_(
                "Make a token in Segment as Workspace Owner, open the page and paste it there. It is tested before it"
                " is kept. Do not send it by mail."
            ),
            facts=[
                (_("Workspace"), each.name),
                (_("Client"), each.client.name),
                (_("Environment"), f"{each.get_environment_display()}, {each.get_region_display()}"),
                (_("Asked by"), each.asked_by.name),
                (_("In Segment"), "Settings > Workspace settings > Access Management > Tokens"),
            ],
            url=f"/setup/connections/wanted/{each.pk}/",
        )
        for each in still_wanted(entry)
        if each.owner.is_active
    ]


def still_wanted(entry: Entry) -> list[Wanted]:
    found = Wanted.objects.filter(pk=entry.facts["wanted"], ended_at=None)
    return list(found.select_related("client", "owner", "asked_by"))


def wanted_objection(entry: Entry, _user: User) -> str:
    return "" if still_wanted(entry) else "It is connected, or not wanted any more."
