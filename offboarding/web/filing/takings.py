"""What can be taken away in a place where only some of it goes: the boxes, and what was marked in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from django.utils.translation import gettext as _

from offboarding.discovery.holdings import Holding, Sort, holdings
from offboarding.discovery.rules import Outcome, Sighting
from offboarding.web.cards import OptionCard

WHOLE = "all-"  # before the key of the first of many: the box that marks them all
SEVERAL = 3


def offered(seen: Sighting | None) -> list[Holding]:
    """What can go while something stays."""
    if seen is None or seen.outcome is not Outcome.MEMBER:
        return []
    found = holdings(seen)
    return [each for each in found if each.takeable] if len(found) > 1 else []


def boxes(seen: Sighting | None, marked: Collection[str]) -> tuple[OptionCard, ...]:
    several = seen is not None and len(seen.accounts) > 1
    return tuple(box for same in alike(offered(seen)) for box in boxes_of(same, marked, several))


def alike(found: Sequence[Holding]) -> Iterator[list[Holding]]:
    """Roles of one name and account together; each group and invitation by itself."""
    order = sorted(found, key=lambda each: (each.sort is not Sort.ROLE, each.account, each.name, each.on))
    for _one, same in groupby(order, lambda each: (each.sort, each.account, each.name)):
        yield list(same)


def boxes_of(same: Sequence[Holding], marked: Collection[str], several: bool) -> Iterator[OptionCard]:
    if len(same) >= SEVERAL:
        words = {"role": same[0].name, "n": len(same)}
        yield box(WHOLE + same[0].key, _("%(role)s on all %(n)d of these") % words, marked, same[0], several)
    for each in same:
        yield box(each.key, says(each), marked, each, several)


def box(value: str, label: str, marked: Collection[str], each: Holding, several: bool) -> OptionCard:
    label = f"{each.email}: {label}" if several and each.account else label
    return OptionCard(value, label, value in marked)


def says(each: Holding) -> str:
    told = each.says()
    return told[:1].upper() + told[1:]


def marked(seen: Sighting | None, values: Collection[str]) -> tuple[str, ...]:
    """The keys of what goes. A mark on all of them counts for each."""
    found = []
    for same in alike(offered(seen)):
        whole = len(same) >= SEVERAL and WHOLE + same[0].key in values
        found += [each.key for each in same if whole or each.key in values]
    return tuple(found)
