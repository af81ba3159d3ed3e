"""Where a browser says that it is. It may say anything."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(address: str | None) -> SplitResult:
    """The address taken apart; of one that is none, the first page's."""
    try:
        return urlsplit(address or "/")
    except ValueError:
        return urlsplit("/")
