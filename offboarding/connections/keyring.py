"""The only place where what is stored sealed is opened: tokens, and new keys and logins that wait for their use."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.conf import settings

from offboarding.connections.gate import Gate
from offboarding.connections.models import Workspace
from offboarding.connections.rules import Pace
from offboarding.gateways.outside import SEGMENT_HOSTS, Outside
from offboarding.gateways.segment import Exchange, SegmentGateway
from offboarding.lib.hashing import keyed_fingerprint
from offboarding.lib.sealing import NotOpenable, Sealer

__all__ = [
    "NotOpenable",
    "fingerprint",
    "gateway_at",
    "gateway_for",
    "gateway_to_try",
    "open_secret",
    "seal",
]


def seal(token: str) -> str:
    return Sealer(settings.SEALING_KEYS).seal(token)


def open_secret(sealed: str) -> str:
    """The plain value, for the one use that it was kept for. Raises NotOpenable."""
    return Sealer(settings.SEALING_KEYS).open(sealed)


def fingerprint(secret: str) -> str:
    """Tells two secrets apart without telling what they are. Stable over rotations of sealing and signing keys."""
    key = sha256(b"offboard fingerprints\0" + settings.FIRST_SIGNING_KEY.encode()).digest()
    return keyed_fingerprint(key, secret)


def gateway_for(
    workspace: Workspace,
    on_exchange: Callable[[Exchange], None] | None = None,
    deadline: float = 20.0,
    *,
    pace: Pace = Pace.BEGIN,
) -> SegmentGateway:
    """A gateway that speaks for this connection. Close it after use.

    Each call passes the gate: pauses, the circuit and the rate limits, of which `pace` says how large a part is taken.
    """
    gate = Gate(workspace, pace)
    return SegmentGateway(
        workspace.base_url,
        Sealer(settings.SEALING_KEYS).open(workspace.sealed_token),
        fingerprint=fingerprint,
        outside=outside(),
        on_exchange=on_exchange,
        before_send=gate.before,
        after_send=gate.after,
        deadline=deadline,
    )


def gateway_to_try(
    workspace: Workspace,
    token: str,
    deadline: float = 10.0,
    on_exchange: Callable[[Exchange], None] | None = None,
) -> SegmentGateway:
    """A gateway that speaks with a token that is not kept yet. Close it after use."""
    return gateway_at(workspace.base_url, token, deadline, on_exchange)


def gateway_at(
    base_url: str, token: str, deadline: float, on_exchange: Callable[[Exchange], None] | None = None
) -> SegmentGateway:
    """For a token that is never kept, at an address of its own choice. Close it after use."""
    return SegmentGateway(
        base_url,
        token,
        fingerprint=fingerprint,
        outside=outside(),
        deadline=deadline,
        on_exchange=on_exchange,
    )


def outside() -> Outside:
    """Whom this installation calls: Segment, what its operator approved, and simulators where they are allowed."""
    return Outside(SEGMENT_HOSTS | frozenset(settings.APPROVED_HOSTS), settings.SIMULATORS)


def is_ours(workspace: Workspace, token: str) -> bool:
    """True if this is the token that we ourselves use for the connection."""
    own = Sealer(settings.SEALING_KEYS).open(workspace.sealed_token)
    return fingerprint(own) == fingerprint(token)
