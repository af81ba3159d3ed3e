"""What is known of one person in every connected workspace, at this moment: rows of values, no words yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.rules import Scope
from offboarding.discovery.merging import split
from offboarding.discovery.models import Look, Snapshot
from offboarding.discovery.queries import newest_looks, newest_snapshots
from offboarding.discovery.rules import Outcome, Sighting, unknown
from offboarding.removals.models import RemovalRequest
from offboarding.users.rules import Role
from offboarding.work.rules import State

FILES = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
PRESENT = (Outcome.MEMBER, Outcome.INVITED)


@dataclass(frozen=True)
class Row:
    """One workspace: the look that is on its way or ended, and what was known before it."""

    workspace: Workspace
    look: Look | None
    before: Snapshot | None
    # Where accounts are merged: the address whose account stays. What is seen is then of the others.
    stays: str = ""

    @property
    def over(self) -> bool:
        """True when this look brings nothing more. One that crashed three times is over too."""
        return self.look is None or self.look.ended or self.look.state == State.NEEDS_PERSON

    @property
    def parked(self) -> bool:
        return self.look is not None and not self.look.ended and self.look.state == State.NEEDS_PERSON

    @property
    def seen(self) -> Sighting | None:
        """The newest thing known of what goes."""
        return split(self.whole, self.stays)[0] if self.whole and self.stays else self.whole

    @property
    def staying(self) -> Sighting | None:
        """The same of the account that stays; None where none does."""
        return split(self.whole, self.stays)[1] if self.whole and self.stays else None

    @cached_property
    def whole(self) -> Sighting | None:
        """The newest thing known: live if there is something, else the last snapshot."""
        if self.parked:
            return unknown("Our own reading stopped three times.", "Search again, or tell an administrator.")
        if self.look and self.look.sighting:
            return self.look.sighting
        return self.before.sighting if self.before else None

    @property
    def live(self) -> bool:
        return self.parked or bool(self.look and self.look.seen)

    @property
    def at(self) -> datetime | None:
        """When what is shown was read; empty while a live read goes on."""
        if self.live:
            return self.look.ended_at if self.look else None
        return self.before.taken_at if self.before else None

    @property
    def paused_until(self) -> datetime | None:
        """The connection is not to be used before then: Segment asked us to wait, or answers nobody."""
        if self.look and self.look.state == State.WAITING:
            return self.look.not_before
        return None

    @property
    def found(self) -> bool:
        return self.seen is not None and self.seen.outcome in PRESENT


def places_for(scope: Scope) -> list[Workspace]:
    """The workspaces that this user may ask for, in the order in which every page lists them."""
    return list(workspaces_in(scope, *FILES))


def rows_of(removal: RemovalRequest, workspaces: Sequence[Workspace]) -> list[Row]:
    """One row a workspace, in the order given."""
    return rows_for(removal.person, workspaces, removal.stays)


def rows_for(person: str, workspaces: Sequence[Workspace], stays: str = "") -> list[Row]:
    """The same for anybody, by the key of their addresses."""
    looks = newest_looks(person, workspaces)
    before = newest_snapshots(person, [each.pk for each in workspaces])
    return [Row(each, looks.get(each.pk), before.get(each.pk), stays) for each in workspaces]
