"""Connecting workspaces, and what we learn about their tokens while using them."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.connections.queries import facts_of
from offboarding.directory.changes import reference
from offboarding.directory.models import Client
from offboarding.ledger.actions import APP, Actor, Event, record
from offboarding.lib.refusals import Refused


def connect(client: Client, *, token: str, actor: Actor, **fields: Any) -> Workspace:
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(
                client=client, sealed_token=keyring.seal(token), token_last4=token[-4:], **fields
            )
            record(
                Event.WORKSPACE_CONNECTED, actor=actor, about=reference(workspace), facts=facts_of(workspace)
            )
    except IntegrityError as error:
        raise Refused(
            "known-workspace", "This workspace, or one with this name, is connected already."
        ) from error
    return workspace


def replace_token(workspace: Workspace, token: str, actor: Actor) -> None:
    with transaction.atomic():
        Workspace.objects.filter(pk=workspace.pk).update(
            sealed_token=keyring.seal(token),
            token_last4=token[-4:],
            token_set_at=Now(),
            refused_at=None,
            refused_why="",
            paused_until=None,
            troubles=0,
            open_until=None,
        )
        workspace.refresh_from_db()
        record(Event.TOKEN_REPLACED, actor=actor, about=reference(workspace), facts=facts_of(workspace))


def token_refused(workspace: Workspace, why: str) -> None:
    """One notice, however many steps find out. `workspace` carries the token that was refused: a newer one is not blamed."""
    with transaction.atomic():
        used = Workspace.objects.filter(pk=workspace.pk, sealed_token=workspace.sealed_token)
        news = used.filter(refused_at=None).update(refused_at=Now(), refused_why=why[:300])
        if news:
            record(
                Event.TOKEN_REFUSED,
                actor=APP,
                about=reference(workspace),
                facts={**facts_of(workspace), "why": why[:300]},
            )


def token_works(workspace: Workspace) -> None:
    with transaction.atomic():
        used = Workspace.objects.filter(pk=workspace.pk, sealed_token=workspace.sealed_token)
        news = used.filter(refused_at__isnull=False).update(refused_at=None, refused_why="")
        if news:
            record(Event.TOKEN_WORKS_AGAIN, actor=APP, about=reference(workspace), facts=facts_of(workspace))
        Workspace.objects.filter(pk=workspace.pk).update(read_at=Now())
