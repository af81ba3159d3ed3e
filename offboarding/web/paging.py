"""From one page of a list to the next; what filters it stays in the address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.utils.translation import gettext as _

from offboarding.web.cards import PagerCard


def pager(here: Page[Any], given: dict[str, str], by_time: bool = True) -> PagerCard | None:
    if here.paginator.num_pages < 2:
        return None
    kept = {name: value for name, value in given.items() if value}

    def to(number: int) -> str:
        return "?" + urlencode({**kept, "page": number})

    text = _("%(first)d–%(last)d of %(all)d")
    return PagerCard(
        to(here.previous_page_number()) if here.has_previous() else "",
        to(here.next_page_number()) if here.has_next() else "",
        text % {"first": here.start_index(), "last": here.end_index(), "all": here.paginator.count},
        by_time,
    )
