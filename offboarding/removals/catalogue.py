"""What administrators set in the browser, in groups: each with its usual value, and the limits of sense. Pure.

Some are limits whose laxest value stands in the environment: here they are only made stricter. Everything else stands in
one place, here or there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from offboarding.removals.rules import FILED_FOR, REASONS, RESTORING

DUE, REMINDERS, VOLUME, EMERGENCY, SIGN_IN = "due", "reminders", "volume", "emergency", "sign-in"
SUPPORT = "support"
LEAVING_DAYS, OLD_TOKEN_DAYS = "leaving-days", "old-token-days"
PEOPLE, PLACES, MINUTES = "people", "places", "minutes"
REVIEW_HOURS, ACTIVITY_DAYS, REVIEW_REMINDER = "review-hours", "activity-days", "review-reminder"
FIRST_DAY, LAST_DAY, FROM_HOUR, UNTIL_HOUR = "first-day", "last-day", "from-hour", "until-hour"
IDLE_MINUTES, SIGN_IN_HOURS = "idle-minutes", "sign-in-hours"


class Stricter(StrEnum):
    """Which way a limit of the environment can still be moved."""

    LESS = "less"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole number with a unit, from `least` to `most`. `hint` says what it brings about."""

    name: str
    says: str
    usual: int
    unit: str
    least: int
    most: int
    stricter: Stricter | None = None
    hint: str = ""

    def no_laxer_than(self, limit: int) -> Setting:
        """Usually as the environment says, and from there only the strict way."""
        if self.stricter is Stricter.MORE:
            return replace(self, usual=limit, least=limit)
        return replace(self, usual=limit, most=limit)

    def fit(self, number: int) -> int:
        """The nearest value that may stand: what was set before the environment became stricter gives way."""
        return min(self.most, max(self.least, number))


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
            hint="Until a request is filed for them, or they go on in another engagement.",
        ),
        Setting(
            OLD_TOKEN_DAYS,
            "Days after which a workspace's token should be replaced",
            180,
            "days",
            30,
            730,
            hint="Whoever looks after the connection is told once, by mail, and sees it under Work.",
        ),
        Setting(
            REVIEW_REMINDER,
            "Percent of the time for the review of an emergency after which it is reminded of",
            75,
            "percent",
            10,
            95,
            hint="Once, by mail, to those who may review it. When policies remind of a decision stands in each policy.",
        ),
    ),
    SUPPORT: (
        Setting(FIRST_DAY, "First day of the week, 1 is Monday", 1, "", 1, 7),
        Setting(LAST_DAY, "Last day of the week, 7 is Sunday", 7, "", 1, 7),
        Setting(FROM_HOUR, "From this hour of the day on", 0, "", 0, 23),
        Setting(UNTIL_HOUR, "Until this hour of the day", 24, "", 1, 24, hint="24 is midnight."),
    ),
    VOLUME: (
        Setting(
            PEOPLE,
            "People who lose access",
            20,
            "people",
            1,
            10_000,
            Stricter.LESS,
            "In requests that touch the same clients, by approval or as an emergency.",
        ),
        Setting(
            PLACES,
            "Places that lose somebody",
            100,
            "places",
            1,
            100_000,
            Stricter.LESS,
            "One person in one workspace is one place.",
        ),
        Setting(MINUTES, "Minutes in which both are counted", 60, "minutes", 1, 10_080, Stricter.MORE),
    ),
    EMERGENCY: (
        Setting(
            REVIEW_HOURS, "Hours until a second person has reviewed it", 24, "hours", 1, 720, Stricter.LESS
        ),
        Setting(
            ACTIVITY_DAYS,
            "Days of the audit trail that are read for what the person did",
            30,
            "days",
            1,
            90,
            Stricter.MORE,
        ),
    ),
    SIGN_IN: (
        Setting(
            IDLE_MINUTES, "Minutes without activity until it ends", 60, "minutes", 5, 1440, Stricter.LESS
        ),
        Setting(SIGN_IN_HOURS, "Hours until it ends in any case", 12, "hours", 1, 168, Stricter.LESS),
    ),
}


def usual(group: Sequence[Setting]) -> dict[str, int]:
    return {each.name: each.usual for each in group}


def whole(group: Sequence[Setting], values: Mapping[str, int]) -> dict[str, int]:
    """Every value of the group: what was set, else the usual one. What is no longer set by anybody is left out."""
    return {each.name: int(values.get(each.name, each.usual)) for each in group}


def fitting(group: Sequence[Setting], values: Mapping[str, int]) -> dict[str, int]:
    """The same, within the limits of now."""
    return {
        each.name: each.fit(number) for each, number in zip(group, whole(group, values).values(), strict=True)
    }


def wrong_values(group: Sequence[Setting], values: Mapping[str, int]) -> dict[str, str]:
    """By name, why a value cannot stand, in a sentence."""
    wrong = {
        each.name: f"Write a whole number from {each.least} to {each.most}."
        for each in group
        if not each.least <= values.get(each.name, each.least - 1) <= each.most
    }
    return wrong or wrong_together({each.name for each in group}, values)


def wrong_together(names: Set[str], values: Mapping[str, int]) -> dict[str, str]:
    if FIRST_DAY in names and values[LAST_DAY] < values[FIRST_DAY]:
        return {LAST_DAY: "Choose a day that is not before the first one."}
    if FROM_HOUR in names and values[UNTIL_HOUR] <= values[FROM_HOUR]:
        return {UNTIL_HOUR: "Choose an hour after the first one."}
    return {}
