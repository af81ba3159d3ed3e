"""Common passwords in another dress. Few of the 20,000 have 12 characters; most people who reach that add a year to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Signs that people write for letters.
INSTEAD = str.maketrans("01345789@$!|", "oieastbgasil")
SHORTEST = 4  # of what is said again and again, and is no password however often


class NothingCommonInAnotherDress(CommonPasswordValidator):
    """One of `AUTH_PASSWORD_VALIDATORS`."""

    def validate(self, password: str, user: Any = None) -> None:
        for undressed in ways(password.lower()):
            if len(undressed) <= SHORTEST or undressed in self.passwords:
                raise ValidationError(
                    _(
                        "This is a common password with digits or signs around it, or a few signs again and again. "
                        "Choose one of several words."
                    ),
                    code="password_too_common",
                )

    def get_help_text(self) -> str:
        return _("Your password can’t be a common one with digits or signs around it.")


def ways(lower: str) -> Iterator[str]:
    """What may stand under the dress: without digits and signs at both ends, once if it comes again, 0 read as o."""
    letters = [at for at, sign in enumerate(lower) if sign.isalpha()]
    first, last = (letters[0], letters[-1] + 1) if letters else (0, len(lower))
    for bare in (lower, lower[:last], lower[first:], lower[first:last]):
        for text in (bare, bare.translate(INSTEAD)):
            if len(text) > SHORTEST:
                yield text
                yield once(text)


def once(text: str) -> str:
    """What the text says again and again, or the text. A text moved by its own length fits itself; one that repeats, earlier."""
    return text[: (text + text).find(text, 1)] if text else text
