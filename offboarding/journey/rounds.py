"""Which requests are looked at in a turn: those that something happened to, and a few others in their order.

What may let a request go on stands in the ledger, since each change writes an entry. So a turn costs as much as
happened since the last one, and not as much as is open. Nothing depends on it: all others are looked at now and then.
"""

from __future__ import annotations

from django.db.models import QuerySet

from offboarding.journey.rules import AT_ONCE_AT_FIRST, IN_ORDER
from offboarding.ledger import queries as ledger
from offboarding.ledger.events import Event
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import referred_to, waiting_to_begin
from offboarding.removals.rules import Stage


class Rounds:
    """The memory of one process. Lost at any time, it begins with a round of everything."""

    def __init__(self) -> None:
        self.read_to: tuple[int, str] | None = None
        self.left: set[int] = set()
        self.after = 0
        self.first_round = True

    def these(self) -> list[int]:
        """The requests of this turn, by id. 5 queries at most, however many are open."""
        named = self.left = self.left | self.news()
        begin = set(waiting_to_begin().values_list("pk", flat=True))
        others = [pk for pk in self.in_order() if pk not in named | begin]
        self.left = set()
        return [*sorted(named | begin), *others]

    def again(self, pk: int) -> None:
        """Look at it in the next turn too."""
        self.left.add(pk)

    def news(self) -> set[int]:
        """Open requests that the ledger tells something new of."""
        entries = ledger.entries_from(self.read_to[0] if self.read_to else None)
        known = self.read_to is None or (bool(entries) and entries[0][:2] == self.read_to)
        new = entries[1:] if known else entries
        open_ = set(under_way(referred_to({about for *_, about in new if about}))) if new else set()
        if not known or any(event == Event.ENGINE_RESUMED for _, _, event, _ in new):
            self.first_round, self.after = True, 0
        self.read_to = entries[-1][:2] if entries else None
        return open_

    def in_order(self) -> list[int]:
        """A few more, one after the other, so that each has its turn whatever the ledger says."""
        at_most = AT_ONCE_AT_FIRST if self.first_round else IN_ORDER
        found = under_way(RemovalRequest.objects.filter(pk__gt=self.after).order_by("pk"), at_most)
        if len(found) < at_most:
            self.first_round = False
        self.after = found[-1] if len(found) == at_most else 0
        return found


def under_way(removals: QuerySet[RemovalRequest], at_most: int | None = None) -> list[int]:
    found = removals.filter(stage__in=[Stage.APPROVED, Stage.RUNNING]).values_list("pk", flat=True)
    return list(found[:at_most])
