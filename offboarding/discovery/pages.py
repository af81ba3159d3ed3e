"""How much of each list came, for whoever asks whether all of it was read. Pure.

A list that ends before the number that Segment gives is no answer: then the read fails, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from offboarding.gateways.segment import Exchange

MOST = 200  # characters


def pages_told(exchanges: Sequence[Exchange], before: str, most: int = MOST) -> str:
    """`before`, and what came: "… (users 3 pages, 412 entries; invites 1 page, 2 entries; 4 lists more)"."""
    pages, entries = Counter[str](), Counter[str]()
    for exchange in exchanges:
        if (found := page_in(exchange)) is not None:
            name, count = found
            pages[name] += 1
            entries[name] += count
    said = [
        f"{name} {some(pages[name], 'page')}, {some(entries[name], 'entry', 'entries')}" for name in pages
    ]
    fitting = said
    while fitting and len(told := f"{before} ({'; '.join(fitting)}{left_out(said, fitting)})") > most:
        fitting = fitting[:-1]
    return told if fitting else before


def page_in(exchange: Exchange) -> tuple[str, int] | None:
    """(list, entries) of an answer that is a page: its name is the path without ids."""
    body = exchange.response_body
    data = body.get("data") if exchange.method == "GET" and isinstance(body, dict) else None
    if not isinstance(data, dict) or "pagination" not in data:
        return None
    parts = [part for part in urlsplit(exchange.url).path.split("/") if part]
    return "/".join(parts[::2]), sum(len(value) for value in data.values() if isinstance(value, list))


def left_out(said: Sequence[str], fitting: Sequence[str]) -> str:
    return f"; {some(len(said) - len(fitting), 'list')} more" if len(said) > len(fitting) else ""


def some(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
