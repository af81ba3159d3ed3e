"""Who releases an emergency, who reviews it, until when, and when so much goes that a second person is asked. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from offboarding.lib.addresses import meet
from offboarding.users.rules import Role

RELEASES = (Role.SECURITY,)
# Besides them: whoever confirms beside somebody of security, from their own sign-in.
SECONDS = (Role.SECURITY, Role.ADMINISTRATOR)
REVIEWS = (Role.APPROVER, Role.SECURITY, Role.ADMINISTRATOR)
# How long a second person has to confirm, before it has to be asked for again.
ASK_LASTS = timedelta(hours=1)
# Steps that change keys and logins: they wait, queued, for a press of their own.
QUEUED_STEPS = ("segment.add_write_key", "segment.update_warehouse", "segment.update_credential")


class Because(StrEnum):
    """Why a second person confirmed beforehand."""

    FACTOR = "factor"  # the second factor of the first one fails
    VOLUME = "volume"  # so much goes in so short a time that one person is not enough


class Verdict(StrEnum):
    CONFIRM = "confirm"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule needs to know of somebody who wants to confirm or review. `covers`: holds the role for all clients."""

    user_id: int
    addresses: Collection[str]
    covers: bool


def may_not_release(who: Standing, addresses: Sequence[str]) -> str:
    """Why this person may not release an emergency, in a sentence; empty if they may."""
    if meet(who.addresses, addresses):
        return "This is your own address. Somebody else of security does it."
    return "" if who.covers else "Only security of every client concerned releases an emergency."


def may_not_second(who: Standing, asked_by: int, addresses: Sequence[str]) -> str:
    """Why this person may not be the second one, in a sentence; empty if they may."""
    if who.user_id == asked_by:
        return "You asked for this, so a second person confirms it from their own sign-in."
    if meet(who.addresses, addresses):
        return "This is about your own access, so somebody else confirms it."
    return (
        ""
        if who.covers
        else "Only security and administrators of every client concerned confirm an emergency."
    )


def may_not_review(who: Standing, took_part: Collection[int], addresses: Sequence[str]) -> str:
    """Why this person may not review it afterwards, in a sentence; empty if they may."""
    if who.user_id in took_part:
        return "You released this, so somebody else reviews it."
    if meet(who.addresses, addresses):
        return "This is about your own access, so somebody else reviews it."
    if not who.covers:
        return "Only approvers, security and administrators of every client in it review an emergency."
    return ""


def remind_at(at: datetime, due_at: datetime, percent: int) -> datetime:
    """When so much of the time for the review is over."""
    return at + (due_at - at) * percent / 100


# ---------------------------------------------------------------- the volume breaker


@dataclass(frozen=True, slots=True)
class Volume:
    """How many people, and how many places of theirs, access is removed from."""

    people: int
    places: int

    def __add__(self, other: Volume) -> Volume:
        return Volume(self.people + other.people, self.places + other.places)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Up to so many people and places in so many minutes one release is enough."""

    people: int
    places: int
    minutes: int


def too_much(removed: Volume, more: Volume, breaker: Breaker) -> str:
    """What would be too much for one person to release, in a sentence; empty if it is not."""
    after = removed + more
    span = f"within {breaker.minutes} minutes"
    if after.people > breaker.people:
        return (
            f"{after.people} people would lose access {span}, more than {breaker.people}. "
            "So a second person has to say yes."
        )
    if after.places > breaker.places:
        return (
            f"Access to {after.places} places would go {span}, more than {breaker.places}. "
            "So a second person has to say yes."
        )
    return ""
