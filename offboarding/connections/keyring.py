"""The only place where a stored token is opened."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.conf import settings

from offboarding.connections.models import Workspace
from offboarding.gateways.segment import Exchange, SegmentGateway
from offboarding.lib.hashing import keyed_fingerprint
from offboarding.lib.sealing import Sealer


def seal(token: str) -> str:
    return Sealer(settings.SEALING_KEYS).seal(token)


def fingerprint(secret: str) -> str:
    """Tells two secrets apart without telling what they are. Stable over rotations of the sealing keys."""
    key = sha256(b"offboard fingerprints\0" + settings.SIGNING_KEY.encode()).digest()
    return keyed_fingerprint(key, secret)


def gateway_for(
    workspace: Workspace, on_exchange: Callable[[Exchange], None] | None = None, deadline: float = 20.0
) -> SegmentGateway:
    """A gateway that speaks for this connection. Close it after use."""
    return SegmentGateway(
        workspace.base_url,
        Sealer(settings.SEALING_KEYS).open(workspace.sealed_token),
        fingerprint=fingerprint,
        on_exchange=on_exchange,
        deadline=deadline,
    )
