"""From what Segment answers to what we keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offboarding.gateways.segment import AuditEvent
from offboarding.gateways.segment.protocol.audit import read_event
from offboarding.trail.rules import Told


def told(event: AuditEvent) -> Told | None:
    """None for an event whose time is none: it cannot be placed."""
    if event.moment is None:
        return None
    return Told(
        event.id, event.moment, event.type, event.actor, event.actor_email, event.resource_id, event.resource_type,
        event.resource_name,
    )  # fmt: skip


def told_again(raw: Mapping[str, Any]) -> Told | None:
    """The same from what came with it."""
    return told(read_event(raw))
