"""Is this file, or this digest, in the packet? Looks everywhere inside, and at the packet itself."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from offboarding.packets.models import Packet
from offboarding.packets.reader import Opened
from offboarding.web.cards import NoticeCard


def verdict(packet: Packet, opened: Opened, digest: str, name: str) -> NoticeCard:
    """`name` is the file's, or empty where a digest was pasted."""
    found = place_of(packet, opened, digest)
    asked = _("%(name)s has the SHA-256 %(digest)s") if name else _("You asked for the SHA-256 %(digest)s")
    told = asked % {"name": name, "digest": digest} + "."
    if found:
        return NoticeCard("ok", found, told)
    return NoticeCard("attention", _("Not in this packet"), told)


def place_of(packet: Packet, opened: Opened, digest: str) -> str:
    """In words, where a file with this digest stands; empty if nowhere."""
    for each in opened.record()["evidence"]:
        if each["sha256"] == digest:
            return _("Same as item %(number)s, %(name)s") % item(each)
    wholes = {
        packet.sha256: _("Same as the whole packet, %(name)s"),
        packet.bag_sha256: _("Same as the bag, %(name)s"),
    }
    if digest in wholes:
        name = packet.file if digest == packet.sha256 else f"{opened.name}.zip"
        return wholes[digest] % {"name": name}
    path = opened.digests().get(digest)
    return _("Same as %(path)s in the bag") % {"path": path} if path else ""


def item(each: dict[str, Any]) -> dict[str, str]:
    return {"number": str(each["number"]), "name": str(each["name"])}
