"""Walking over the ledger. Slow; holds no transaction, and changes nothing until it knows."""

from __future__ import annotations

from offboarding.ledger import whole
from offboarding.ledger.queries import newest_seq, said_outside
from offboarding.reports import actions
from offboarding.reports.models import Check
from offboarding.work.beating import beating
from offboarding.work.queries import standstill


def perform(check: Check) -> None:
    entries = newest_seq()
    with beating(check):
        found = whole.first_wrong(said_outside(standstill().accepted))
    actions.checked(check, entries, found)
