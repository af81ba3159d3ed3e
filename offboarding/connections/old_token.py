"""Trying a token that should not work any more: one question an address, and whatever the answer, nothing of it is kept."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.connections.rules import ADDRESSES
from offboarding.gateways.segment import Exchange, GatewayError, NotReached, SlowDown, TokenRefused
from offboarding.lib.masking import DOTS, TAIL

# Somebody waits for the page meanwhile. A firewall may let nobody out to the region that is not used.
DEADLINE, BRIEFLY = 10.0, 3.0
REFUSED = 401


class Address(NamedTuple):
    url: str
    region: str  # as pages call it


class Verdict(StrEnum):
    DEAD = "dead"
    ALIVE = "alive"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one try told. `token` is what may be kept of it: its last three signs, and a keyed fingerprint.

    `region` and `base_url` are those that the verdict is about. `calls`: what was asked, masked, in that order.
    """

    verdict: Verdict
    region: str
    base_url: str
    token: str
    fingerprint: str
    says: str
    calls: tuple[Exchange, ...] = ()
    found_id: str = ""  # Segment's id of the workspace that let it in

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "says": self.says,
            "region": self.region,
            "token": self.token,
            "fingerprint": self.fingerprint,
            "calls": [asdict(call) for call in self.calls],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What one address said. `found_id` is empty unless it let the token in."""

    address: Address
    verdict: Verdict
    says: str
    found_id: str = ""


def attempt(workspace: Workspace, token: str) -> Trial:
    """`GET /` with the token at the address of the workspace's region, and at that of the other one if the first refuses:
    a token lives in one region, and whoever pastes it may be wrong about which. Holds no transaction.

    Only a 401 proves a token dead (Segment: Public API, Status codes): elsewhere it can mean too little permission.
    """
    calls: list[Exchange] = []
    own, *others = addresses_for(workspace)
    answer = ask(own, token, DEADLINE, calls)
    if answer.verdict is Verdict.DEAD:
        answer = together(answer, [ask(each, token, BRIEFLY, calls) for each in others])
    return Trial(
        verdict=answer.verdict,
        region=answer.address.region,
        base_url=answer.address.url,
        token=f"{DOTS}{token[-TAIL:]}",
        fingerprint=keyring.fingerprint(token),
        says=answer.says,
        calls=tuple(calls),
        found_id=answer.found_id,
    )


def addresses_for(workspace: Workspace) -> list[Address]:
    """The workspace's own first. No token of Segment goes to a simulator, and none of a simulator to Segment."""
    own = Address(workspace.base_url, workspace.get_region_display())
    published = [Address(url, Workspace.Region(region).label) for region, url in ADDRESSES.items()]
    urls = [each.url for each in published]
    if own.url in urls:
        return [own, *(each for each in published if each.url != own.url)]
    connected = Workspace.objects.exclude(base_url__in=[*urls, own.url]).order_by("base_url")
    others = connected.values_list("base_url", "region").distinct()
    return [own, *(Address(url, Workspace.Region(region).label) for url, region in others)]


def ask(address: Address, token: str, deadline: float, calls: list[Exchange]) -> Answer:
    with closing(keyring.gateway_at(address.url, token, deadline, calls.append)) as gateway:
        try:
            return Answer(address, Verdict.ALIVE, "Segment accepts the token.", gateway.workspace().id)
        except GatewayError as error:
            return Answer(address, *judged(error, address.region))


def together(own: Answer, others: list[Answer]) -> Answer:
    """Let in anywhere is alive. An address that gave no clear answer takes nothing away from a clear no, and is named."""
    if alive := next((each for each in others if each.verdict is Verdict.ALIVE), None):
        return alive
    said_no = [each.address.region for each in (own, *others) if each.verdict is Verdict.DEAD]
    open_left = [each.address.region for each in others if each.verdict is not Verdict.DEAD]
    says = refused_at(said_no)
    if open_left:
        says += f" Its {' and '.join(open_left)} address gave no clear answer."
    return replace(own, says=says)


def judged(error: GatewayError, region: str) -> tuple[Verdict, str]:
    if isinstance(error, TokenRefused) and error.exchange and error.exchange.status == REFUSED:
        return Verdict.DEAD, refused_at([region])
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


def refused_at(regions: list[str]) -> str:
    addresses = f"its {' and '.join(regions)} address{'es' if len(regions) > 1 else ''}"
    return f"Segment refused the token at {addresses}, with status {REFUSED}."
