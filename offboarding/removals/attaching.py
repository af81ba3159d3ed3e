"""Files that its requester attaches to a request: while it is a draft, and after sending until it is decided.

What is attached is part of the plan. So after sending, each change of it needs the plan's next version.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from offboarding.directory.models import Client
from offboarding.directory.queries import longest_keeping
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.removals.queries import attachments_of, clients_of, places_of
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of

AT_MOST = 10


def may_attach(removal: RemovalRequest, user: User) -> Client:
    """Asked before the bytes are kept, and says for which client they are: of several, the one that keeps longest."""
    guard(removal, user)
    if attachments_of(removal).count() >= AT_MOST:
        raise Refused(
            "too-many-files", f"A request has at most {AT_MOST} files. Take one off first.", field="file"
        )
    clients = [place.workspace.client for place in places_of(removal)]
    if not clients:
        raise Refused(
            "no-places", "Say first what should happen: that tells how long the file is kept.", field="file"
        )
    return longest_keeping(clients)


def guard(removal: RemovalRequest, user: User) -> None:
    if why := refuses_files(removal, user):
        raise Refused("files-stay", why)


def refuses_files(removal: RemovalRequest, user: User) -> str:
    """Why this person neither adds nor takes back a file, in a sentence; empty if they do."""
    if removal.requester_id != user.pk:
        return "Only the person who files this request attaches files to it."
    if removal.stage not in (Stage.DRAFT, Stage.PLANNED) or removal.emergency:
        return f"{removal.reference} is {removal.stage}, so its files stay as they are."
    return ""


def attach(removal: RemovalRequest, user: User, evidence: Evidence) -> bool:
    """False if this very file is there already. Of what was sent: call inside the transaction that freezes the next plan."""
    with transaction.atomic():
        locked = lock(removal)
        if attachments_of(locked).filter(evidence__sha256=evidence.sha256).exists():
            return False
        may_attach(locked, user)
        Attachment.objects.create(removal=locked, evidence=evidence, added_by=user)
        changed(removal, locked)
        facts = {"sha256": evidence.sha256, "size": evidence.size, "media_type": evidence.media_type}
        record(
            Event.ATTACHMENT_ADDED,
            actor=actor_of(user),
            about=locked.reference,
            facts=facts,
            personal={"name": evidence.name},
        )
    return True


def take_off(removal: RemovalRequest, user: User, file: int, why: str = "") -> None:
    """From a draft it is just gone. After sending it stays on record as taken back, by whom and why."""
    why = within(why, 300, "reason")
    with transaction.atomic():
        locked = lock(removal)
        guard(locked, user)
        if locked.stage != Stage.DRAFT and not why:
            raise Refused("no-reason", "Say why this file is taken back.", field="reason")
        found = attachments_of(locked).filter(evidence=file)
        if (attachment := found.first()) is None:
            raise Refused("gone", "This file is not attached any more.")
        if locked.stage == Stage.DRAFT:
            attachment.delete()
        else:
            found.update(withdrawn_at=Now(), withdrawn_by=user, withdrawn_because=why)
        changed(removal, locked)
        record(
            Event.ATTACHMENT_WITHDRAWN,
            actor=actor_of(user),
            about=locked.reference,
            facts={"sha256": attachment.evidence.sha256},
            personal={"why": why} if why else {},  # what somebody types may name anybody
        )


def lock(removal: RemovalRequest) -> RemovalRequest:
    return RemovalRequest.objects.select_for_update().get(pk=removal.pk)


def changed(removal: RemovalRequest, locked: RemovalRequest) -> None:
    RemovalRequest.objects.filter(pk=locked.pk).update(version=locked.version + 1)
    removal.refresh_from_db()


def still_kept_for(removal: RemovalRequest) -> None:
    """The places of a draft may have become another client's, and so may whose record a file is."""
    if other := attachments_of(removal).exclude(evidence__client__in=clients_of(removal)).first():
        raise Refused(
            "kept-elsewhere",
            f"{other.evidence.name} is kept for a client that this request has no place of any more. Take it off, and"
            " attach it again.",
        )
