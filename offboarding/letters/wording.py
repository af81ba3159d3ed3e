"""The words of a letter: text of people with named places from a closed list. Nothing in it is ever run. Pure.

A place is `{person}`. A list stands on a line of its own; behind a colon it may have its heading in the letter's language,
as in `{removed: Zugang entfernt}`. An empty list is left out, heading and all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from offboarding.letters.facts import LISTS, Facts
from offboarding.lib.masking import mask_text
from offboarding.lib.refusals import Refused
from offboarding.lib.typesetting import times
from offboarding.lib.visible import visible

LONGEST_SUBJECT, LONGEST_BODY = 160, 6000
INLINE = {
    "person": "the person's name, or their first address",
    "address": "the person's first address",
    "addresses": "all addresses that were searched for",
    "client": "the client",
    "reference": "our reference",
    "ticket": "the ticket",
    "contract": "the contract or SOW",
    "lead": "who filed the request",
    "date": "the day on which the facts were read",
}
HEADINGS = {
    "removed": "Removed, and seen to be gone",
    "read_only": "Read-only from now on",
    "reduced": "Only some taken away",
    "kept": "Kept on purpose",
    "unverified": "Not verified",
    "by_hand": "Done by hand",
    "skipped": "Skipped",
    "not_done": "Not done yet",
    "not_known": "Not known",
}
OWN = (
    "The person's own Segment account is not deleted. It stays theirs, and only they can close it: signed in to Segment, "
    "or at Twilio where they sign in there. For the deletion of what it holds they ask Twilio, which runs Segment."
)
OWN_LINE, PARAGRAPH = "own_account", "paragraph"
ON_A_LINE = (*LISTS, OWN_LINE, PARAGRAPH)
# Nothing that was not verified can be left out of a letter, nor that the account stays.
REQUIRED = (*LISTS, OWN_LINE)
PLACE = re.compile(r"\{([^{}\n]*)\}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")


@dataclass(frozen=True, slots=True)
class Wording:
    """Subject and text as an administrator wrote them; `language` as BCP 47 names it, such as "de". Version 0 is ours."""

    subject: str
    body: str
    language: str = "en"
    version: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "body": self.body,
            "language": self.language,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`text`), or a list with its heading and rows of what, where and when."""

    text: str = ""
    heading: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A letter with its facts filled in."""

    subject: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """As a mail says it."""
        return "\n\n".join(in_plain(block) for block in self.blocks)


def in_plain(block: Block) -> str:
    if not block.rows:
        return block.text
    rows = [f"  - {', '.join(part for part in row if part)}" for row in block.rows]
    return "\n".join([f"{block.heading}:", *rows])


# ---------------------------------------------------------------- what cannot stand


def check(wording: Wording) -> None:
    """Raises Refused with the field and a sentence that names what is wrong."""
    check_size(wording)
    for field, text in (("subject", wording.subject), ("body", wording.body)):
        if secret(text):
            raise Refused("secret", "This looks like a secret. A letter never holds one.", field=field)
    for line in lines_of(wording.subject):
        check_line(line, "subject")
    for line in lines_of(wording.body):
        check_line(line, "body")
    there = {name for name, _ in places_in(wording.body)}
    if missing := [name for name in REQUIRED if name not in there]:
        names = ", ".join(f"{{{name}}}" for name in missing)
        raise Refused(
            "place-missing",
            f"Put these on lines of their own, so that no letter hides them: {names}.",
            field="body",
        )
    if twice := [name for name in ON_A_LINE if wording.body.count(f"{{{name}") > 1]:
        raise Refused("place-twice", f"{{{twice[0]}}} stands there twice. Keep one.", field="body")


def check_size(wording: Wording) -> None:
    if not wording.subject.strip() or "\n" in wording.subject.strip() or "\r" in wording.subject.strip():
        raise Refused("bad-subject", "Write a subject, in one line.", field="subject")
    if len(wording.subject) > LONGEST_SUBJECT:
        raise Refused("too-long", f"Write at most {LONGEST_SUBJECT} characters.", field="subject")
    if len(wording.body) > LONGEST_BODY:
        raise Refused("too-long", f"Write at most {LONGEST_BODY} characters.", field="body")
    if not LANGUAGE.fullmatch(wording.language):
        raise Refused("no-language", 'Write the language as "en", "de" or "pt-BR".', field="language")


def check_line(line: str, field: str) -> None:
    for name, heading in places_in(line):
        if name not in INLINE and (name not in ON_A_LINE or field == "subject"):
            known = ", ".join(INLINE if field == "subject" else [*INLINE, *ON_A_LINE])
            raise Refused("unknown-place", f"There is no place {{{name}}}. There are: {known}.", field=field)
        if name in ON_A_LINE and not PLACE.fullmatch(line.strip()):
            raise Refused("not-alone", f"Put {{{name}}} on a line of its own.", field=field)
        if heading and name not in (*LISTS, OWN_LINE):
            raise Refused("no-heading", f"{{{name}}} takes no words behind a colon.", field=field)
    if re.search(r"[{}]", PLACE.sub("", line)):
        raise Refused("lone-brace", "A { or } stands alone. Braces are only for places.", field=field)


def secret(text: str) -> bool:
    return mask_text(text, longest=LONGEST_BODY + 1) != text


def lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def places_in(text: str) -> list[tuple[str, str]]:
    """Name and heading of each place."""
    found = (each.partition(":") for each in PLACE.findall(text))
    return [(name.strip(), heading.strip()) for name, _, heading in found]


# ---------------------------------------------------------------- filling in


def written(wording: Wording, facts: Facts, at: datetime, paragraph: str = "") -> Written:
    """The letter. A fact is put in once and never read again: braces in a name stay braces."""
    words = inline(wording, facts, at)
    subject = " ".join(visible(filled(wording.subject, words)).split())
    return Written(subject[:LONGEST_SUBJECT], tuple(blocks(wording, facts, words, paragraph)))


def inline(wording: Wording, facts: Facts, at: datetime) -> dict[str, str]:
    addresses = facts["addresses"]
    named = {name: str(facts[name]) for name in ("client", "reference", "ticket", "contract", "lead")}
    return {
        **{name: value or "–" for name, value in named.items()},
        "person": facts["person"] or addresses[0],
        "address": addresses[0],
        "addresses": ", ".join(addresses),
        "date": day(at.isoformat(), facts["zone"], wording.language),
    }


def filled(text: str, words: Mapping[str, str]) -> str:
    return PLACE.sub(lambda found: one_line(words[found[1].strip()]), text)


def one_line(value: str) -> str:
    return " ".join(value.split())


def blocks(wording: Wording, facts: Facts, words: Mapping[str, str], paragraph: str) -> Iterator[Block]:
    """Paragraphs end at empty lines and at lists."""
    waiting: list[str] = []
    for line in [*lines_of(wording.body), ""]:
        alone = PLACE.fullmatch(line.strip())
        name, _, heading = (part.strip() for part in alone[1].partition(":")) if alone else ("", "", "")
        if line.strip() and name not in ON_A_LINE:
            waiting.append(filled(line.rstrip(), words))
            continue
        if waiting:
            yield Block(visible("\n".join(waiting)))
            waiting = []
        if name in LISTS and (rows := rows_of(facts, name, wording.language)):
            yield Block(heading=heading or HEADINGS[name], rows=rows)
        elif name == OWN_LINE:
            yield Block(heading or OWN)
        elif name == PARAGRAPH and paragraph.strip():
            yield from (Block(visible(each.strip())) for each in re.split(r"\n\s*\n", paragraph.strip()))


def rows_of(facts: Facts, name: str, language: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(row_of(row, facts["zone"], language) for row in facts[name])


def row_of(row: Mapping[str, str], zone: str, language: str) -> tuple[str, str, str]:
    told = (moment(row.get("at", ""), zone, language), visible(one_line(row.get("says", ""))))
    return visible(one_line(row["what"])), row["where"], ", ".join(part for part in told if part)


def moment(iso: str, zone: str, language: str) -> str:
    """In English words, else as ISO 8601 orders them: a letter in another language names no English month."""
    if not iso:
        return ""
    if language.startswith("en"):
        return times.both(iso, times.zone_of(zone))
    at = times.moment(iso)
    return f"{at.astimezone(times.zone_of(zone)):%Y-%m-%d %H:%M %Z} ({at:%H:%M} UTC)"


def day(iso: str, zone: str, language: str) -> str:
    local = times.moment(iso).astimezone(ZoneInfo(times.zone_of(zone).key))
    return times.day(local.date().isoformat()) if language.startswith("en") else local.date().isoformat()


# ---------------------------------------------------------------- to look at before it is saved

SAMPLE: Facts = {
    "v": 1,
    "reference": "R-1042",
    "client": "Acme",
    "person": "Sam Ode",
    "addresses": ["sam@partner.example", "sam.ode@mail.example"],
    "lead": "Mia Kern",
    "ticket": "CS-881",
    "contract": "SOW-17",
    "emergency": False,
    "zone": "Europe/Berlin",
    "removed": [
        {"what": "Acme Production", "where": "production", "at": "2026-03-31T10:04:10Z"},
        {"what": "Acme EU", "where": "production", "at": "2026-03-31T10:05:31Z"},
    ],
    "read_only": [],
    "reduced": [],
    "kept": [{"what": "Acme Sandbox", "where": "development", "says": "Read-only until 30 Apr: hand-over"}],
    "unverified": [
        {"what": "Acme Staging", "where": "staging", "says": "It was not read again: the check was skipped."}
    ],
    "by_hand": [
        {"what": "Remove or replace the tokens on the list", "where": "", "at": "2026-03-31T12:40:00Z"}
    ],
    "skipped": [],
    "not_done": [],
    "not_known": [{"what": "API tokens: Segment does not list them.", "where": ""}],
}
