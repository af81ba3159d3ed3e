"""Who and what is hidden, and what stands instead: the same person the same words, wherever they appear. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from offboarding.lib.addresses import fold

LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]+"
ADDRESS = re.compile(LOCAL + r"@[\w-]+(?:\.[\w-]+)+")
# As notices shorten an address: "dan.duarte@…".
SHORTENED = re.compile(LOCAL + "@…")
# Fields of an answer that hold a name, or a part of one.
WHOLE_NAMES = ("name", "displayName", "fullName", "formatted")
PARTS_OF_NAMES = (("givenName", "familyName"), ("firstName", "lastName"))
NETWORK = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){1,7}:[0-9a-fA-F:.]{0,45}|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}"
)
# A name of two parts, written otherwise than it is known, is one person once.
TWICE = re.compile(r"(\[person \d+\])(?:\s+\1)+")
# A part of a name that is so short is a word of its own in many sentences.
SHORTEST_PART = 3
OURS = ("Offboard", "Offboard (automated steps)")


class Names:
    """Everything that is known to name somebody, and every text that somebody wrote."""

    def __init__(self) -> None:
        self.people: dict[str, int] = {}  # folded name or address -> number of the person
        self.shown: dict[str, str] = {}  # as it is written -> what stands instead
        self.parts: dict[str, str] = {}  # words of a name, as they are spelled there
        self.texts: dict[str, str] = {}
        self.count = 0
        self._pattern: re.Pattern[str] | None = None

    def person(self, name: str, addresses: Iterable[str] = (), *, parts: bool = True) -> None:
        """One person. Whoever shares a name or an address with one who is known is the same.

        Without `parts` only the whole name is theirs: a first name alone may be a word, or somebody else's.
        """
        known = [each for each in (name.strip(), *addresses) if each.strip() and each not in OURS]
        if not known:
            return
        found = next((self.people[fold(each)] for each in known if fold(each) in self.people), 0)
        if not found:
            self.count += 1
        number = found or self.count
        for each in known:
            self.people.setdefault(fold(each), number)
            word = f"[address of person {number}]" if "@" in each else f"[person {number}]"
            self.shown.setdefault(each, word)
        for part in name.split() if parts and "@" not in name else ():
            if len(part) >= SHORTEST_PART:
                self.parts.setdefault(part, f"[person {number}]")
        self._pattern = None

    def labelled(self, label: str) -> None:
        """A person written as "Name <address>", or by name alone."""
        name, _, address = label.partition(" <")
        self.person(name, [address.rstrip(">")] if address else [])

    def word(self, hidden: str) -> None:
        """What a reader wants hidden besides, whatever it is."""
        if hidden.strip():
            self.texts.setdefault(hidden.strip(), "[hidden]")
            self._pattern = None

    def text(self, written: str) -> None:
        """A text that somebody wrote: it may say anything about anybody."""
        if written.strip():
            self.texts.setdefault(written, f"[text {len(self.texts) + 1}]")
            self._pattern = None

    def hide(self, text: str) -> str:
        """The text with what stands instead; addresses and network addresses that nobody named go too."""
        known = SHORTENED.sub("[address]", ADDRESS.sub(self._address, self._known(text)))
        return NETWORK.sub("[network address]", known)

    def hides(self, text: str) -> bool:
        return self.hide(text) != text

    def _known(self, text: str) -> str:
        if self._pattern is None:
            self._instead = {fold(each): word for each, word in {**self.shown, **self.texts}.items()}
            self._pattern = one_of({**self.shown, **self.texts}, re.IGNORECASE)
            self._spelled = one_of(self.parts)
        whole = self._pattern.sub(lambda found: self._instead.get(fold(found[0]), "[text]"), text)
        return TWICE.sub(r"\1", self._spelled.sub(lambda found: self.parts[found[0]], whole))

    def _address(self, found: re.Match[str]) -> str:
        self.person("", [found[0]])
        return f"[address of person {self.people[fold(found[0])]}]"

    def walk(self, value: Any, *, keys: bool = False) -> Any:
        """A JSON value with all its texts hidden; with `keys` also the names of fields, where they are not our own."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {
                self.hide(name) if keys else name: self.walk(each, keys=keys) for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.walk(each, keys=keys) for each in value]
        return value

    def learn(self, value: Any) -> None:
        """Objects of an answer that have an address and a name tell who somebody is; so do events about a user."""
        if isinstance(value, dict):
            address, name = address_in(value), name_in(value)
            if address:
                self.person(name, [address])
            elif str(value.get("resourceType", "")).casefold() in ("user", "member"):
                self.labelled(str(value.get("resourceName") or ""))
            for each in value.values():
                self.learn(each)
        elif isinstance(value, list | tuple):
            for each in value:
                self.learn(each)


def address_in(value: dict[str, Any]) -> str:
    found = (value.get(name) for name in ("email", "userName", "login", "mail"))
    return next((each for each in found if isinstance(each, str) and "@" in each), "")


def name_in(value: dict[str, Any]) -> str:
    """The whole name, or its parts; identity providers keep them in an object of their own."""
    inner = value["name"] if isinstance(value.get("name"), dict) else value
    for first, last in PARTS_OF_NAMES:
        if isinstance(inner.get(first), str) and isinstance(inner.get(last), str):
            return f"{inner[first]} {inner[last]}"
    return next((inner[name] for name in WHOLE_NAMES if isinstance(inner.get(name), str)), "")


def one_of(words: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    """Any of them as words of their own, the longest first; of none, nothing."""
    spelled = "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)" if spelled else r"(?!)", flags)
