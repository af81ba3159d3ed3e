"""What names other clients, hidden in the part of one of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from offboarding.lib.addresses import fold
from offboarding.packets import contents as made
from offboarding.packets.redaction.names import ADDRESS, Names, one_of

HIDDEN = "[another client's]"


class Others(Names):
    """What names other clients, and nobody else's names: people stay, and so do addresses.

    Its own names are known too, so that a longer one of its own is not cut by a shorter one of theirs.
    """

    def __init__(
        self, own: Sequence[str], theirs: Sequence[str], texts: Iterable[str], titles: Mapping[str, str]
    ) -> None:
        super().__init__()
        for text in texts:
            self.text(text)
        self.instead = {fold(each): text for each, text in {**titles, **self.texts}.items()}
        self.own = {bare(each) for each in own}
        names = sorted({each.strip() for each in (*own, *theirs) if each.strip()}, key=len, reverse=True)
        spelled = "|".join(map(anyhow, names)) or "(?!)"
        self.names = re.compile(spelled, re.IGNORECASE)
        spelled = f"{one_of({**titles, **self.texts}).pattern}|(?P<address>{ADDRESS.pattern})|{spelled}"
        self.known = re.compile(spelled, re.IGNORECASE)

    def hide(self, text: str) -> str:
        return self.known.sub(lambda found: found[0] if found["address"] else self.put(found[0]), text)

    def file(self, one: made.Evidence) -> made.Evidence:
        """The file as it is, under words that name nobody else's: what is in it was added to a row of this client."""
        name = self.names.sub(lambda found: self.put(found[0]), self.hide(one.name))
        return replace(one, name=name, shows=self.hide(one.shows), source=self.hide(one.source))

    def put(self, word: str) -> str:
        return word if bare(word) in self.own else self.instead.get(fold(word), HIDDEN)


def bare(name: str) -> str:
    return " ".join(words_in(fold(name)))


def words_in(name: str) -> list[str]:
    return [each for each in re.split(r"[\W_]+", name) if each] or [name]


def anyhow(name: str) -> str:
    """The name with anything between its words, as names of files and keys spell it.

    Not within a longer word; but in scripts without capitals words follow each other without a blank.
    """
    words = words_in(name)
    before = "(?<![^\\W_])" if is_cased(words[0][0]) else ""
    after = "(?![^\\W_])" if is_cased(words[-1][-1]) else ""
    return before + r"[\W_]+".join(map(re.escape, words)) + after


def is_cased(sign: str) -> bool:
    return sign.isdigit() or sign.lower() != sign.upper()
