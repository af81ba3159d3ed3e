"""Testing a token before it is kept: does it reach this workspace, and may it do what we need?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.connections.rules import Check, Outcome, Tested
from offboarding.gateways.segment import (
    GatewayError,
    NotAllowed,
    NotReached,
    SegmentGateway,
    SlowDown,
    TokenRefused,
)

MAKE_NEW = "Make a new one in Segment: Settings > Workspace settings > Access Management > Tokens, as Workspace Owner."
LATER = "Try again in a few minutes. The old token stays."

Answer = tuple[Outcome, str, str]


def probe(workspace: Workspace, token: str) -> Tested:
    """Asks three questions, and stops at the first that fails. Changes nothing, here or there.

    Holds no transaction; takes at most ten seconds a question.
    """
    checks: list[Check] = []
    with closing(keyring.gateway_to_try(workspace, token)) as gateway:
        for question, ask in ASKS:
            if checks and checks[-1].outcome is not Outcome.WORKS:
                checks.append(Check(question, Outcome.NOT_TRIED))
            else:
                checks.append(Check(question, *answered(ask, gateway, workspace)))
    return Tested(tuple(checks))


def answered(
    ask: Callable[[SegmentGateway, Workspace], Answer], gateway: SegmentGateway, workspace: Workspace
) -> Answer:
    try:
        return ask(gateway, workspace)
    except SlowDown as error:
        says = f"Segment asked us to wait {error.retry_after:.0f} s."
        return Outcome.FAILS, says, "Wait that long, then paste the token again."
    except NotReached:
        return (
            Outcome.FAILS,
            f"Segment was not reached at its {workspace.get_region_display()} address.",
            LATER,
        )
    except GatewayError:
        return Outcome.FAILS, "Segment gave no clear answer.", LATER


def accepted(gateway: SegmentGateway, workspace: Workspace) -> Answer:
    region = workspace.get_region_display()
    try:
        gateway.workspace()
    except TokenRefused:
        says = f"Segment refused this token at its {region} address."
        look = f"Look that it was not removed, and that it is of a workspace in the {region} region."
        return Outcome.FAILS, says, f"{look} {MAKE_NEW}"
    return Outcome.WORKS, f"The {region} address answered.", ""


def same_workspace(gateway: SegmentGateway, workspace: Workspace) -> Answer:
    found = gateway.workspace()
    if found.id != workspace.segment_id:
        says = f"This is the token of another workspace, {found.name}."
        return Outcome.FAILS, says, f"Use one of {workspace.name}. {MAKE_NEW}"
    return Outcome.WORKS, f"It is {found.name}.", ""


def reads_members(gateway: SegmentGateway, workspace: Workspace) -> Answer:
    try:
        next(gateway.members(), None)
    except NotAllowed:
        says = "Segment does not let this token read the members: it was made with too few rights."
        return Outcome.FAILS, says, MAKE_NEW
    return Outcome.WORKS, "The member list was read.", ""


ASKS = (
    ("Segment accepts the token", accepted),
    ("It is the token of this workspace", same_workspace),
    ("It may read the members", reads_members),
)
