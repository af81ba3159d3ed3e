"""Trying a token that should not work any more: one question, and whatever the answer, nothing of it is kept."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.gateways.segment import Exchange, GatewayError, NotReached, SlowDown, TokenRefused
from offboarding.lib.masking import DOTS, TAIL

# Somebody waits for the page meanwhile.
DEADLINE = 10.0
REFUSED = 401


class Verdict(StrEnum):
    DEAD = "dead"
    ALIVE = "alive"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one try told. `token` is what may be kept of it: its last three signs, and a keyed fingerprint."""

    verdict: Verdict
    region: str
    base_url: str
    token: str
    fingerprint: str
    says: str
    exchange: Exchange | None = None
    found_id: str = ""  # Segment's id of the workspace that let it in

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "says": self.says,
            "region": self.region,
            "token": self.token,
            "fingerprint": self.fingerprint,
            "call": asdict(self.exchange) if self.exchange else None,
        }


def attempt(workspace: Workspace, token: str) -> Trial:
    """`GET /` with the token, at the address of the workspace's region. Takes at most ten seconds; holds no transaction.

    Only a 401 there proves a token dead (Segment: Public API, Status codes): elsewhere it can mean too little permission.
    """
    calls: list[Exchange] = []
    with closing(keyring.gateway_to_try(workspace, token, DEADLINE, calls.append)) as gateway:
        try:
            found_id = gateway.workspace().id
            verdict, says = Verdict.ALIVE, "Segment accepts the token."
        except GatewayError as error:
            found_id = ""
            verdict, says = judged(error, workspace)
    return Trial(
        verdict=verdict,
        region=workspace.get_region_display(),
        base_url=workspace.base_url,
        token=f"{DOTS}{token[-TAIL:]}",
        fingerprint=keyring.fingerprint(token),
        says=says,
        exchange=calls[-1] if calls else None,
        found_id=found_id,
    )


def judged(error: GatewayError, workspace: Workspace) -> tuple[Verdict, str]:
    region = workspace.get_region_display()
    if isinstance(error, TokenRefused) and error.exchange and error.exchange.status == REFUSED:
        return Verdict.DEAD, f"Segment refused the token at its {region} address, with status {REFUSED}."
    if isinstance(error, SlowDown):
        wait = f"Segment asked us to wait {error.retry_after:.0f} s, so nothing is proven."
        return Verdict.NOT_PROVEN, f"{wait} Wait that long, then paste the token again."
    if isinstance(error, NotReached):
        missed = f"Segment was not reached at its {region} address, so nothing is proven."
        return Verdict.NOT_PROVEN, f"{missed} Try again in a few minutes."
    return (
        Verdict.NOT_PROVEN,
        "Segment gave no clear answer, so nothing is proven. Try again in a few minutes.",
    )
