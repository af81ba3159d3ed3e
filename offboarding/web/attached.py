"""Files beside a request: kept as they came, and shown with who added them and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from offboarding.evidence.actions import keep
from offboarding.evidence.models import Evidence
from offboarding.journey import actions as journey
from offboarding.removals.attaching import may_attach
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.web import uploads
from offboarding.web.cards import CodeCard, FileCard, UploadCard
from offboarding.web.http import Request
from offboarding.web.removal.clock import Clock


def attach(request: Request, removal: RemovalRequest) -> str:
    """The name of the file that was sent. The bytes are kept before anything is written about them. Raises Refused."""
    client = may_attach(removal, request.user)
    file = uploads.checked(request.FILES.get("file"))
    evidence = keep(
        file.stream,
        name=file.name,
        media_type=file.media_type,
        shows=_("Attached to the request"),
        source=Evidence.Source.PERSON,
        taken_by=request.user.name,
        client=client,
    )
    journey.attach(removal, request.user, evidence)
    return file.name


def upload_card(error: str = "") -> UploadCard:
    """Where a file is added to a request."""
    hint = _("Contract, ticket, letter: for those who decide. %(kinds)s") % {"kinds": uploads.kinds()}
    return UploadCard("file", _("Attachment"), hint, uploads.ACCEPT, settings.UPLOAD_BYTES, error)


def attached(
    removal: RemovalRequest, attachments: Iterable[Attachment], clock: Clock
) -> tuple[FileCard, ...]:
    """As it is now."""
    return tuple(
        card(removal.reference, each.evidence_id, each.evidence.name, each.evidence.size, each.evidence.sha256,
             each.added_by.name, each.added_at, clock)
        for each in attachments
    )  # fmt: skip


def signed(body: dict[str, Any], clock: Clock) -> tuple[FileCard, ...]:
    """As it stands in a plan."""
    return tuple(
        card(body["removal"], each["file"], each["name"], each["size"], each["sha256"], each["by"],
             datetime.fromisoformat(each["at"]), clock)
        for each in body.get("attachments", ())
    )  # fmt: skip


def card(
    reference: str, file: int, name: str, size: int, sha256: str, by: str, at: datetime, clock: Clock
) -> FileCard:
    return FileCard(
        name=name,
        size=filesizeformat(size),
        hash=CodeCard.hash(sha256),
        says=_("%(who)s, %(when)s") % {"who": by, "when": clock.says(at)},
        url=f"/evidence/{reference}/files/{file}/",
        id=str(file),
    )
