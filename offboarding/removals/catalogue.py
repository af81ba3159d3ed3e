"""What administrators set in the browser, in groups: each with its usual value, and the limits of sense. Pure.

What stands in the environment stands there alone, and what stands here stands nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from offboarding.removals.rules import FILED_FOR, REASONS, RESTORING

DUE, REMINDERS = "due", "reminders"
LEAVING_DAYS, OLD_TOKEN_DAYS = "leaving-days", "old-token-days"


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole number with a unit, from `least` to `most`."""

    name: str
    says: str
    usual: int
    unit: str
    least: int
    most: int
    hint: str = ""


def hours(code: str) -> Setting:
    reason = REASONS[code]
    return Setting(code, reason.says, int(reason.within.total_seconds() // 3600), "hours", 1, 720)


GROUPS: dict[str, tuple[Setting, ...]] = {
    DUE: tuple(hours(code) for code in (*FILED_FOR, RESTORING)),
    REMINDERS: (
        Setting(
            LEAVING_DAYS,
            "Days before an engagement's last day on which its people stand on the lead's work page",
            14,
            "days",
            1,
            90,
        ),
        Setting(
            OLD_TOKEN_DAYS, "Days after which a workspace's token should be replaced", 180, "days", 30, 730
        ),
    ),
}


def usual(group: str) -> dict[str, int]:
    return {each.name: each.usual for each in GROUPS[group]}


def whole(group: str, values: Mapping[str, int]) -> dict[str, int]:
    """Every value of the group: what was set, else the usual one. What is no longer set by anybody is left out."""
    return {name: int(values.get(name, number)) for name, number in usual(group).items()}


def wrong_values(group: str, values: Mapping[str, int]) -> dict[str, str]:
    """By name, why a value cannot stand, in a sentence."""
    return {
        each.name: f"Write a whole number from {each.least} to {each.most}."
        for each in GROUPS[group]
        if not each.least <= values.get(each.name, each.least - 1) <= each.most
    }
