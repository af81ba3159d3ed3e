"""Reading a playbook's file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offboarding.checklist.rules import (
    Kind,
    Phase,
    Playbook,
    Step,
)
from offboarding.checklist.spreads import CONDITIONS, SPREADS


def playbook(data: Mapping[str, Any], first: Playbook | None = None) -> Playbook:
    """Read a playbook's file. Its steps may wait for steps of the one that comes `first`.

    Raises ValueError with a sentence that names the step.
    """
    steps = tuple(step(row) for row in data["step"])
    codes = {each.code for each in (*(first.steps if first else ()), *steps)}
    for each in steps:
        if missing := set(each.waits_for) - codes:
            raise ValueError(
                f"Step {each.code} waits for {', '.join(sorted(missing))}, which is not in the playbook."
            )
    return Playbook(data["name"], data["version"], steps)


def step(row: Mapping[str, Any]) -> Step:
    try:
        made = Step(
            **{
                **row,
                "phase": Phase(row["phase"]),
                "kind": Kind(row.get("kind", "manual")),
                "how": tuple(row.get("how", ())),
                "waits_for": tuple(row.get("waits_for", ())),
            }
        )
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"Step {row.get('code', '?')} cannot be read: {error}.") from error
    if made.when not in CONDITIONS or made.each not in SPREADS:
        raise ValueError(f"Step {made.code} has an unknown condition or repetition.")
    return made
