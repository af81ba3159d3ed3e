"""Filling an empty installation with the demo's people and connecting it to the simulated workspaces."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from offboarding.approvals.models import Policy
from offboarding.approvals.policies import actions as policies
from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import Selector, Terms, Turn, Who
from offboarding.connections.actions import connect
from offboarding.connections.models import Coverage, Workspace
from offboarding.demo.cast import (
    CAST,
    LEAVER,
    LEAVER_ADDRESS,
    LEAVER_OTHER_ADDRESS,
    PASSWORD,
    PILOT,
    PILOT_PLACE,
    Player,
)
from offboarding.directory.models import Address, Client, Collaborator, Engagement, Membership
from offboarding.ledger.actions import Actor, Event, record
from offboarding.removals.rules import Group
from offboarding.users.models import User
from offboarding.users.rules import actor_of

DEMO = Actor("command", "demo", "manage.py demo")
# Where an identity provider manages the members, and through which of its groups.
MANAGED = {
    "Acme Production": ("scim", "seg-acme-prod"),
    "Acme Analytics": ("sso", ""),
    "Initech Development": ("hand", ""),
}


# Offboard tells three kinds apart; a sandbox is where people develop.
ENVIRONMENTS = {
    "Production": "production",
    "Staging": "staging",
    "Development": "development",
    "Sandbox": "development",
}


def fill(described: dict[str, Any], today: date) -> None:
    """Safe to run at every start: what is there stays; addresses and tokens of the simulators are brought up to date."""
    with transaction.atomic():
        clients = {
            name: client(name) for name in dict.fromkeys(row["client"] for row in described["workspaces"])
        }
        players = {player.key: person(player, clients) for player in CAST if not player.within}
        for row in described["workspaces"]:
            workspace(clients[row["client"]], row)
        for name, each in clients.items():
            engagement(each, players["carol" if name == "Hooli" else "alice"], today)
        pilot(clients["Acme"], players["alice"], today)
        for player in CAST:
            if player.within:
                within(player, clients[player.clients[0] or ""])
        policy(clients["Acme"], players["ada"], players["lin"], today)


def policy(owner: Client, one: User, other: User, today: date) -> None:
    """Security matters of Acme take two people in turn: an approver, then somebody of security."""
    if Policy.objects.exists():
        return
    terms = Terms((Turn(Who.APPROVER), Turn(Who.SECURITY)), ordered=True, owner=1, many_needed=1)
    selector = Selector(owner.pk, reason=Group.SECURITY.value)
    said = Proposal(selector, terms, "Acme asks that its security desk sees each of these.")
    policies.approve(policies.propose(one, said, "demo", today), other, "demo", today)


def client(name: str) -> Client:
    made, _ = Client.objects.get_or_create(slug=name.lower(), defaults={"name": name})
    return made


@cache
def hashed() -> str:
    """The one password of all of them, worked out once: slow on purpose, and nothing here is worth protecting."""
    return make_password(PASSWORD)


def person(player: Player, clients: dict[str, Client]) -> User:
    user = User.objects.filter(email=player.email).first()
    if user is None:
        # With a zone, so that nobody is asked for it before they have seen anything.
        user = User.objects.create(
            email=player.email, name=player.name, password=hashed(), time_zone=settings.TIME_ZONE
        )
    for role in () if player.within else player.roles:
        for name in player.clients:
            Membership.objects.get_or_create(
                user=user, role=role.value, client=clients[name] if name else None
            )
    return user


def pilot(owner: Client, lead: User, today: date) -> None:
    """An engagement in one of the client's workspaces, so that somebody can work within it alone.

    Where the world does not have this workspace, it covers none.
    """
    days = {"starts_on": today - timedelta(days=40), "ends_on": today + timedelta(days=140)}
    made, new = Engagement.objects.get_or_create(
        client=owner, name=PILOT, defaults={"lead": lead, "sow": "SOW-ACME-9", **days}
    )
    if new:
        for place in Workspace.objects.filter(client=owner, name=PILOT_PLACE):
            Coverage.objects.create(engagement=made, workspace=place)


def within(player: Player, owner: Client) -> None:
    engagement = Engagement.objects.get(client=owner, name=player.within)
    for role in player.roles:
        Membership.objects.get_or_create(
            user=person(player, {}), role=role.value, client=owner, engagement=engagement
        )


def workspace(owner: Client, row: dict[str, Any]) -> None:
    known = Workspace.objects.filter(segment_id=row["id"], client=owner).first()
    if known:
        Workspace.objects.filter(pk=known.pk).update(base_url=row["base_url"])
        return
    managed_by, group = MANAGED.get(
        row["name"], ("unknown" if row["environment"] == "Production" else "hand", "")
    )
    connect(
        owner,
        token=row["token"],
        actor=DEMO,
        name=row["name"],
        slug=row["slug"],
        environment=ENVIRONMENTS[row["environment"]],
        region=row["region"].lower(),
        base_url=row["base_url"],
        segment_id=row["id"],
        managed_by=managed_by,
        provider_group=group,
        owner_contact=f"IT desk of {owner.name}",
    )


def engagement(owner: Client, lead: User, today: date) -> None:
    made, new = Engagement.objects.get_or_create(
        client=owner,
        name=f"{owner.name} analytics support",
        defaults={
            "lead": lead,
            "starts_on": today - timedelta(days=356),
            "ends_on": today + timedelta(days=9),
            "sow": f"SOW-{owner.slug.upper()}-7",
        },
    )
    if not new:
        return
    Coverage.objects.bulk_create(
        Coverage(engagement=made, workspace=each) for each in Workspace.objects.filter(client=owner)
    )
    if owner.name != "Hooli":
        leaver = Collaborator.objects.create(client=owner, name=LEAVER)
        leaver.engagements.add(made)
        for email, kind in ((LEAVER_ADDRESS, "work"), (LEAVER_OTHER_ADDRESS, "personal")):
            Address.objects.create(collaborator=leaver, email=email, kind=kind)


def signed_in(user: User) -> None:
    """In the transaction of the sign-in."""
    record(Event.SIGNED_IN, actor=actor_of(user), facts={"method": "one press, demo"})
