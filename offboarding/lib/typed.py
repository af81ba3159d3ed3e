"""What somebody typed, or put into an address, as a number."""

from __future__ import annotations


def whole(text: str, digits: int = 9) -> int | None:
    """The number, if the text is nothing but one to so many digits of 0 to 9; None for everything else.

    Other signs that Unicode calls digits, such as ² and ٣, are none here, and no number is longer than any column.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
