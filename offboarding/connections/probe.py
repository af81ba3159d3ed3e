"""Testing a token before it is kept: does it reach this workspace, and may it do what we need?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

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

REFUSED = "Segment refused this token"

Answer = tuple[Outcome, str, str]


def probe(workspace: Workspace, token: str) -> Tested:
    """Asks what every connection needs, stopping at the first that fails, and then what it is good for besides.

    Changes nothing, here or there. Holds no transaction; takes at most ten seconds a question.
    """
    with closing(keyring.gateway_to_try(workspace, token)) as gateway:
        return asked(gateway, workspace)


def probe_kept(workspace: Workspace) -> Tested:
    """The same with the token that is in use. Its calls count in the rate limits and keep to a pause."""
    with closing(keyring.gateway_for(workspace, deadline=10.0)) as gateway:
        return asked(gateway, workspace)


def asked(gateway: SegmentGateway, workspace: Workspace) -> Tested:
    checks: list[Check] = []
    for question, ask in ASKS:
        if checks and checks[-1].outcome is not Outcome.WORKS:
            checks.append(Check(question, Outcome.NOT_TRIED))
        else:
            answer = answered(ask, gateway, workspace)
            checks.append(Check(question, *answer, refused=answer[1].startswith(REFUSED)))
    stopped = checks[-1].outcome is not Outcome.WORKS
    checks += [
        Check(question, Outcome.NOT_TRIED) if stopped else allowed(question, read, without, gateway)
        for question, read, without in ALSO
    ]
    return Tested(tuple(checks))


def allowed(
    question: str, read: Callable[[SegmentGateway], object], without: str, gateway: SegmentGateway
) -> Check:
    """A right that a connection can do without; `without` says what is missing then."""
    try:
        read(gateway)
    except NotAllowed:
        return Check(question, Outcome.LACKS, "Segment does not let this token read it.", without)
    except GatewayError:
        return Check(question, Outcome.LACKS, "Segment gave no clear answer.", "Test again in a few minutes.")
    return Check(question, Outcome.WORKS)


def belongs_to(workspace: Workspace, token: str) -> str:
    """Segment's own id of the workspace that this token is of. Raises GatewayError."""
    with closing(keyring.gateway_to_try(workspace, token)) as gateway:
        return gateway.workspace().id


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
        says = f"{REFUSED} at its {region} address."
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


def first(found: Iterable[object]) -> object:
    """Reads one page at most: lists come page by page."""
    return next(iter(found), None)


ALSO: tuple[tuple[str, Callable[[SegmentGateway], object], str], ...] = (
    (
        "It may read the invitations",
        lambda gateway: first(gateway.invites()),
        "Invitations that nobody has accepted stay unseen: a person looks for them.",
    ),
    (
        "It may read the user groups",
        lambda gateway: gateway.groups(),
        "Access through a user group stays unseen: a person looks for it.",
    ),
    (
        "It may read sources and their write keys",
        lambda gateway: gateway.sources(),
        "Write keys that somebody could read are not found, so nobody is told to change them.",
    ),
    (
        "It may read warehouses",
        lambda gateway: gateway.warehouses(),
        "Logins of warehouses that somebody could read are not found.",
    ),
    (
        "It may read the audit trail",
        lambda gateway: first(gateway.audit_events(datetime.now(UTC) - timedelta(hours=1))),
        "The audit trail is part of the Business plan. Without it a person attaches what shows the removal.",
    ),
)

ASKS = (
    ("Segment accepts the token", accepted),
    ("It is the token of this workspace", same_workspace),
    ("It may read the members", reads_members),
)
