"""How the product says no."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An act that may not be done now.

    `code` is stable and for programs, `sentence` says to a person what is wrong and what to do, `facts` are for the page.
    Nothing has been written when it is raised.
    """

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.facts = facts


def within(text: str, most: int, field: str) -> str:
    """The text without the blanks around it. Raises Refused if it is longer than `most` characters."""
    if len(text.strip()) > most:
        raise Refused("too-long", f"Write at most {most} characters.", field=field)
    return text.strip()
