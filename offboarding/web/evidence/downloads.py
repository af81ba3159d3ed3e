"""Handing out packets and their files: as they were sealed, in pieces, never shown inside a page of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from offboarding.evidence import store
from offboarding.lib.refusals import Refused
from offboarding.packets import actions
from offboarding.packets.models import Packet
from offboarding.packets.queries import files_of, packet_for, path_of
from offboarding.packets.reader import Damaged, Opened, Part, open_packet
from offboarding.retention.queries import tombstone_of, tombstones
from offboarding.web.http import Request, removal_or_404, signed_in, taken, with_factor
from offboarding.web.retention.cards import purged

# The last part of each address. The name on the reader's disk is the one that the commands in VERIFY.txt use.
ADDRESSES = {
    "packet": "packet.zip",
    "report": "report.pdf",
    "bag": "bag.zip",
    "digest": "bag.zip.sha256",
    "signature": "bag.zip.sha256.sig",
    "key": "signing-key.pem",
    "program": "verify.py",
}
TYPES = {"packet": "application/zip", "report": "application/pdf", "bag": "application/zip"}
# What people added may be anything: it is saved, and where a browser shows it, it can do nothing.
ALONE = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
AWAY = _(
    "%(what)s cannot be read where we keep it. Its digest is on record: ask an administrator to restore the file."
)
Found = tuple[str, Part]
FIND: dict[str, Callable[[Opened], Found]] = {
    "packet": lambda each: (each.path.name, Part("", 0, each.path.stat().st_size)),
    "report": lambda each: (f"{each.name}-report.pdf", each.bag["data/report.pdf"]),
    "bag": lambda each: (f"{each.name}.zip", each.bag_part),
    "digest": lambda each: (f"{each.name}.zip.sha256", each.beside[f"{each.name}.zip.sha256"]),
    "signature": lambda each: (f"{each.name}.zip.sha256.sig", each.beside[f"{each.name}.zip.sha256.sig"]),
    "key": lambda each: ("signing-key.pem", each.beside["signing-key.pem"]),
    "program": lambda each: ("verify.py", each.beside["verify.py"]),
}


@taken
@signed_in
@with_factor
def part(request: Request, number: int, part: str, version: int | None = None) -> HttpResponseBase:
    """The packet, or one file of it, byte for byte; of the newest version where none is named."""
    packet = packet_for(request.scope, number, version)
    if packet is None:
        raise Http404
    whole = opened(packet)
    name, found = FIND[part](whole)
    actions.downloaded(packet, request.user, part)
    return attachment(whole.read(found), name, found.size, TYPES.get(part, "application/octet-stream"))


def opened(packet: Packet) -> Opened:
    """The packet's file, opened. Raises Refused where it is away or not what was sealed."""
    if stone := tombstone_of(packet):
        raise Refused("purged", purged(stone) + ".")
    try:
        return open_packet(path_of(packet))
    except Damaged as error:
        raise Refused("packet-unreadable", AWAY % {"what": packet.file}) from error


@taken
@signed_in
def file(request: Request, number: int, pk: int) -> HttpResponseBase:
    """One file of evidence of this removal; a file of another removal is not here."""
    removal = removal_or_404(request, number)
    evidence = get_object_or_404(files_of(removal), pk=pk)
    if stone := tombstones([evidence]).get(evidence.pk):
        raise Refused("purged", purged(stone) + ".")
    try:
        stored = store.open_bytes(evidence.sha256)
    except OSError as error:
        raise Refused("file-unreadable", AWAY % {"what": evidence.sha256}) from error
    actions.evidence_downloaded(removal, evidence, request.user)
    name = f"{removal.reference}-{ascii_name(evidence.name)}"
    return FileResponse(
        stored, as_attachment=True, filename=name, content_type=evidence.media_type, headers=ALONE
    )


def attachment(stream: Iterator[bytes], name: str, size: int, media_type: str) -> StreamingHttpResponse:
    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"', **ALONE}
    return StreamingHttpResponse(stream, content_type=media_type, headers=headers)


def ascii_name(name: str) -> str:
    """As much of a name as every system can write, its ending kept."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    return safe[-100:].lstrip("-.") or "file"
