"""Changes to the directory that wait for open requests: two people become one, a client ends."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from offboarding.directory import clients, collaborators
from offboarding.directory.models import Client, Collaborator
from offboarding.directory.rules import Scope
from offboarding.lib.addresses import fold
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import OPEN
from offboarding.users.models import User

OPENS = [stage.value for stage in OPEN]


def merge(by: User, scope: Scope, kept: Collaborator, gone: Collaborator, versions: tuple[int, int]) -> None:
    """`gone` becomes part of `kept`, unless a request for it is under way: that one would miss the other addresses."""
    emails = [each.email for each in gone.addresses.all()]
    with transaction.atomic():
        collaborators.merge(by, scope, kept, gone, versions)
        if waiting := open_for(kept.client, emails):
            named = ", ".join(each.reference for each in waiting)
            raise Refused(
                "open-request",
                f"{named} is open for {gone.name}. Merge when it has closed, or withdraw it and file again.",
            )


def end_client(by: User, scope: Scope, client: Client, why: str, version: int) -> None:
    """We work for the client no longer. Not while requests in its workspaces are open."""
    with transaction.atomic():
        clients.end(by, scope, client, why, version)
        found = RemovalRequest.objects.filter(stage__in=OPENS, places__workspace__client=client).distinct()
        if open_ones := [each.reference for each in found.order_by("number")[:5]]:
            raise Refused("open-requests", f"These requests are open still: {', '.join(open_ones)}.")


def open_for(client: Client, emails: Iterable[str]) -> list[RemovalRequest]:
    """Open requests in this client's workspaces that name one of these addresses."""
    wanted = {fold(email) for email in emails}
    found = RemovalRequest.objects.filter(stage__in=OPENS, places__workspace__client=client).distinct()
    return [each for each in found.order_by("number") if wanted & {fold(one) for one in each.addresses}]
