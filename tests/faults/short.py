"""Which cases `make test` tries on one of the two databases, in their short form. `make faults` tries each on both."""

from __future__ import annotations

from tests.faults.databases import POSTGRES, SQLITE

# Their outcome depends little on the database, and minutes count there. Where two could meet in it, it is PostgreSQL.
ONE_IS_ENOUGH = {
    **dict.fromkeys(
        (
            "broken_answers",
            "emergency",
            "false_success",
            "kill_at_desks",
            "no_room",
            "poison",
            "state_machine",
        ),
        SQLITE,
    ),
    **dict.fromkeys(
        (
            "kill_at_checkpoints",
            "old_backup",
            "random_kills",
            "stopped_past_lease",
            "storms",
            "ten_engines",
        ),
        POSTGRES,
    ),
}


def says() -> str:
    """For the line of the pass."""
    return "; ".join(
        f"only on {title}: {', '.join(name for name, there in ONE_IS_ENOUGH.items() if there == kind)}"
        for kind, title in ((SQLITE, "SQLite"), (POSTGRES, "PostgreSQL"))
    )
