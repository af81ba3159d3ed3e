"""Is this installation doing its work? The answer of `/readyz`."""

from __future__ import annotations

from typing import Any

from offboarding.web.engine.facts import facts as all_facts


def facts() -> dict[str, Any]:
    """`ready` is false when no engine has ticked lately, the oldest due row has waited too long, or the engine stands still."""
    found = all_facts()
    return {
        "ready": found.ready,
        "seconds_since_tick": found.age(found.last_beat) if found.last_beat else None,
        "oldest_due_seconds": found.age(found.oldest_due) if found.oldest_due else 0,
        "standing_still": found.standstill.stands,
    }
