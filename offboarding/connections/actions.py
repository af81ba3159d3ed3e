"""Connecting workspaces, and what we learn about their tokens while using them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from offboarding.connections import keyring
from offboarding.connections.models import Owner, Wanted, Workspace
from offboarding.connections.queries import facts_of
from offboarding.directory.changes import reference
from offboarding.directory.models import Client
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Actor, Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work import clock


def connect(
    client: Client, *, token: str, actor: Actor, wanted: Wanted | None = None, **fields: Any
) -> Workspace:
    """Keeps the token sealed. Whoever was asked to connect it is asked no more, and looks after it from now on."""
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(
                client=client, sealed_token=keyring.seal(token), token_last4=token[-4:], **fields
            )
            asked = Q(client=client, name__iexact=workspace.name) | Q(pk=wanted.pk if wanted else 0)
            open_ = Wanted.objects.filter(asked, ended_at=None)
            owners = sorted(set(open_.values_list("owner", flat=True)))
            Owner.objects.bulk_create(Owner(workspace=workspace, user_id=pk) for pk in owners)
            open_.update(ended_at=Now())
            facts = {**facts_of(workspace), **({"owners": owners} if owners else {})}
            record(Event.WORKSPACE_CONNECTED, actor=actor, about=reference(workspace), facts=facts)
    except IntegrityError as error:
        raise Refused(
            "known-workspace",
            "This workspace, or one with this name, is connected already. If it was disconnected, give it a token on its"
            " own page.",
        ) from error
    return workspace


def replace_token(workspace: Workspace, token: str, actor: Actor) -> None:
    """Also connects again what was disconnected."""
    with transaction.atomic():
        again = Workspace.objects.select_for_update().get(pk=workspace.pk).ended_at is not None
        Workspace.objects.filter(pk=workspace.pk).update(
            sealed_token=keyring.seal(token),
            token_last4=token[-4:],
            token_set_at=Now(),
            old_at=None,
            ended_at=None,
            refused_at=None,
            refused_why="",
            paused_until=None,
            troubles=0,
            open_until=None,
        )
        workspace.refresh_from_db()
        event = Event.WORKSPACE_CONNECTED if again else Event.TOKEN_REPLACED
        record(event, actor=actor, about=reference(workspace), facts=facts_of(workspace))


def token_refused(workspace: Workspace, why: str) -> None:
    """One notice, however many steps find out. `workspace` carries the token that was refused: a newer one is not blamed."""
    with transaction.atomic():
        used = Workspace.objects.filter(pk=workspace.pk, sealed_token=workspace.sealed_token, ended_at=None)
        news = used.filter(refused_at=None).update(refused_at=Now(), refused_why=why[:300])
        if news:
            record(
                Event.TOKEN_REFUSED,
                actor=APP,
                about=reference(workspace),
                facts={**facts_of(workspace), "why": why[:300]},
            )


def note_old_tokens(after: timedelta) -> None:
    """Once for each token. One that is refused has to be replaced anyway."""
    in_use = Workspace.objects.filter(ended_at=None, refused_at=None, old_at=None)
    for each in in_use.filter(token_set_at__lte=clock.now() - after):
        with transaction.atomic():
            same = in_use.filter(pk=each.pk, token_set_at=each.token_set_at)
            if same.update(old_at=Now()):
                facts = {**facts_of(each), "days": after.days}
                record(Event.TOKEN_GREW_OLD, actor=APP, about=reference(each), facts=facts)


def token_works(workspace: Workspace) -> None:
    with transaction.atomic():
        used = Workspace.objects.filter(pk=workspace.pk, sealed_token=workspace.sealed_token)
        news = used.filter(refused_at__isnull=False).update(refused_at=None, refused_why="")
        if news:
            record(Event.TOKEN_WORKS_AGAIN, actor=APP, about=reference(workspace), facts=facts_of(workspace))
        Workspace.objects.filter(pk=workspace.pk).update(read_at=Now())


def ask_for(
    by: User, scope: Scope, client: Client, owner: User, *, name: str, environment: str, region: str
) -> Wanted:
    """Asks somebody, by a notice, to connect a workspace: only they can make its token."""
    may_connect(scope, client)
    name = named(name)
    if environment not in Workspace.Environment.values or region not in Workspace.Region.values:
        raise Refused("no-place", "Choose environment and region from the lists.", field="region")
    try:
        with transaction.atomic():
            made = Wanted.objects.create(
                client=client, name=name, environment=environment, region=region, owner=owner, asked_by=by
            )
            facts = {"workspace": name, "client": client.name, "owner": owner.pk, "wanted": made.pk}
            record(
                Event.WORKSPACE_WANTED,
                actor=actor_of(by),
                about=reference(client),
                facts=facts,
                personal={"owner name": owner.name},
            )
    except IntegrityError as error:
        raise Refused("asked-already", f"Somebody was asked for {name} already.", field="name") from error
    return made


def not_wanted(by: User, scope: Scope, wanted: Wanted) -> None:
    may_connect(scope, wanted.client)
    with transaction.atomic():
        if not Wanted.objects.filter(pk=wanted.pk, ended_at=None).update(ended_at=Now()):
            raise Refused("ended-already", f"{wanted.name} is connected, or not wanted any more.")
        facts = {"workspace": wanted.name, "client": wanted.client.name}
        record(Event.WORKSPACE_NOT_WANTED, actor=actor_of(by), about=reference(wanted.client), facts=facts)


def may_connect(scope: Scope, client: Client) -> None:
    if not scope.covers(frozenset({client.pk}), Role.ADMINISTRATOR, Role.OPERATOR):
        raise Refused(
            "may-not-connect", "Only operators and administrators of this client connect workspaces."
        )


def named(name: str) -> str:
    name = within(name, 120, "name")
    if not name:
        raise Refused("no-name", "Enter the name that people here know it by.", field="name")
    return name
