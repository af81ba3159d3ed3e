"""What the account that stays has in a place, and what it gets before the others go."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from offboarding.checklist.rules import Giving, way_to_give
from offboarding.connections.models import Workspace
from offboarding.discovery.holdings import words
from offboarding.discovery.merging import lacks, to_give
from offboarding.discovery.rules import Outcome
from offboarding.web.filing.search import Row


def holds(row: Row) -> str:
    """One line about the account that stays; empty where none does."""
    staying = row.staying
    if staying is None or staying.outcome is Outcome.UNKNOWN:
        return ""
    return _("%(stays)s, which stays: %(holds)s") % {
        "stays": row.stays,
        "holds": staying.says().replace("; ", ", "),
    }


def gets(row: Row) -> Iterator[str]:
    """What happens to it first, where access goes."""
    going, staying = row.seen, row.staying
    if going is None or staying is None or not row.found:
        return
    lacking = lacks(going, staying)
    scim = row.workspace.managed_by == Workspace.ManagedBy.SCIM
    way = way_to_give(going, staying, scim, lacking, to_give(going, lacking) is not None)
    facts = {"stays": row.stays, "given": words(lacking) or _("membership")}
    if way is Giving.NOTHING:
        yield _("%(stays)s has all of it already, so nothing has to be given.") % facts
    elif way is Giving.BY_HAND:
        yield (
            _("Nobody can see exactly what %(stays)s lacks: a person compares, and gives it by hand.") % facts
        )
    elif way is Giving.BY_PROVIDER:
        yield _("The identity provider brings %(stays)s in first, with %(given)s.") % facts
    elif staying.outcome is Outcome.MEMBER:
        yield _("%(stays)s gets first: %(given)s.") % facts
    else:
        yield _("%(stays)s is invited first, with %(given)s, and has to accept.") % facts
