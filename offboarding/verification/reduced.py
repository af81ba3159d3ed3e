"""What a fresh read says about a place where only some of the access was to go. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offboarding.discovery.holdings import Standing, compared, holding, words
from offboarding.discovery.rules import Sighting
from offboarding.execution.rules import REMEDIES, Cause, Seen, Sight


def reduced(target: Mapping[str, Any], seen: Sighting, workspace: str, follow_up: bool) -> Sight:
    """Exactly what was planned is gone, and what was to stay is there.

    Weeks later only what came back counts: who was given more, or less, by somebody's decision since is no finding.
    """
    standing = compared(seen, held(target, "lost"), held(target, "kept"))
    facts = {"sighting": seen.as_json(), "left": bool(standing.left)}
    if standing.left:
        return Sight(Seen.PRESENT, f"still has {words(standing.left)} in {workspace}", facts)
    gone = f"without {words(held(target, 'lost'))} in {workspace}, as planned"
    if standing.as_planned:
        return Sight(Seen.ABSENT, f"{gone}; what was to stay is there", facts)
    told = f"{gone}; but {differs(standing)}"[:400]
    if follow_up:
        return Sight(Seen.ABSENT, told, facts)
    return Sight(
        Seen.PRESENT, told, facts, (Cause.NOT_AS_PLANNED, f"{told}.", REMEDIES[Cause.NOT_AS_PLANNED])
    )


def held(target: Mapping[str, Any], part: str) -> list[Any]:
    return [holding(each) for each in target[part]]


def differs(standing: Standing) -> str:
    told = []
    if standing.missing:
        told.append(f"{words(standing.missing)} should have stayed and is not there")
    if standing.more:
        told.append(f"{words(standing.more)} was added by somebody since")
    return ", and ".join(told)
