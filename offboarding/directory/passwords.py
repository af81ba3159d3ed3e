"""Words that make no password: whoever guesses begins with the product, with Segment, and with the clients.

They may stand in a password. What is left without them has to be enough by itself. `docs/sign-in.md` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from offboarding.directory.models import Client, Membership
from offboarding.users.models import SignInProvider
from offboarding.users.passwords import INSTEAD
from offboarding.users.rules import Role

HOUSE = frozenset(
    [
        "offboard",
        "offboarding",
        "removal",
        "evidence",
        "packet",
        "ledger",
        "twilio",
        "segment",
        "workspace",
        "source",
        "destination",
        "warehouse",
        "password",
        "passphrase",
        "welcome",
        "letmein",
    ]
) | {role.value for role in Role}
SHORTEST = 4  # letters of a word out of a name; shorter ones stand in too many others
LEFT = 8  # letters that have to be left


class NoWordsOfTheHouse:
    """One of `AUTH_PASSWORD_VALIDATORS`. It tells no word: a client's name is not for everybody."""

    def validate(self, password: str, user: Any = None) -> None:
        if not enough(password, HOUSE | set(names_around(user))):
            raise ValidationError(
                _(
                    "Too little of this password is left without words that are easily guessed here: of Offboard, of Segment,"
                    " and of names. Choose one from other words."
                ),
                code="words-of-the-house",
            )

    def get_help_text(self) -> str:
        return _("Your password can’t be made of names and words that belong to this place.")


def enough(password: str, words: Collection[str]) -> bool:
    """True if it holds none of the words, or enough letters beside them. Upper case and 0 for o hide nothing."""
    # Letter by letter, since some become two in lower case.
    lower = "".join(sign.lower()[0] for sign in password)
    texts = (lower, lower.translate(INSTEAD))
    taken = {at for word in words for text in texts for at in places(word, text)}
    return not taken or sum(sign.isalpha() for at, sign in enumerate(password) if at not in taken) >= LEFT


def places(word: str, text: str) -> Iterator[int]:
    """Where its letters stand, each time that it comes."""
    at = text.find(word)
    while at >= 0:
        yield from range(at, at + len(word))
        at = text.find(word, at + 1)


def names_around(user: Any) -> Iterator[str]:
    """Of this installation's address, of the providers, and of the clients that the person belongs to."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    for name in (*host.split(".")[:-1], *SignInProvider.objects.values_list("name", flat=True)):
        yield from words_in(name)
    for name in clients_of(user):
        yield from words_in(name)


def clients_of(user: Any) -> Iterator[str]:
    """All of them for who belongs to all, and for who is only being added."""
    found = Client.objects.all()
    held = Membership.objects.filter(user=user) if user is not None and user.pk else None
    if held is not None and not held.filter(client=None).exists():
        found = found.filter(pk__in=held.values("client"))
    return found.values_list("name", flat=True).iterator()


def words_in(name: str) -> Iterator[str]:
    """Each word of a name, and all of them as one."""
    parts = re.findall(r"[^\W_]+", name.lower())
    yield from (part for part in {*parts, "".join(parts)} if len(part) >= SHORTEST)
