"""What a redacted copy would hide, what it would leave out, and what in it still looks like a name. Reads one packet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from offboarding.packets import contents as made
from offboarding.packets.reader import Opened
from offboarding.packets.redaction.names import Names
from offboarding.packets.redaction.redact import (
    NOTHING,
    Besides,
    entry,
    known,
    left,
    read,
    readable,
    strings,
)
from offboarding.packets.redaction.restore import contents_of

# So much of Segment's answers is looked through while somebody waits for the page.
AT_MOST = 32 << 20
SUSPECTS = 100
# Two words or more with a capital each; or letters of a script that has none.
CAPITALS = r"[^\W\d_a-zß-öø-ÿ][\w'’-]+(?: [^\W\d_a-zß-öø-ÿ][\w'’-]+)+"
OTHER_SCRIPTS = r"[\u0590-\u1CFF\u2E80-\uABFF\uF900-\uFAFF]{2,}"
LIKE_A_NAME = re.compile(f"{CAPITALS}|{OTHER_SCRIPTS}")


@dataclass(frozen=True, slots=True)
class Hidden:
    """What stands in the packet, and what stands instead."""

    written: str
    instead: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`suspects`: what stays and looks like a name. `whole`: False if the answers were too large to be looked through here."""

    people: tuple[Hidden, ...]
    texts: tuple[Hidden, ...]
    suspects: tuple[str, ...]
    left_out: tuple[made.LeftOut, ...]
    entries_left_out: int
    whole: bool


def preview(opened: Opened, besides: Besides) -> Preview:
    """Raises what `restore.contents_of` raises."""
    full = contents_of(opened)
    small = sum(one.size for one in full.evidence if readable(one)) <= AT_MOST
    names = known(full if small else replace(full, evidence=unread(full.evidence)), besides)
    texts = list(texts_of(full, small))
    written = "\n".join(texts)
    entries = [entry(each, names) for each in full.entries]
    return Preview(
        people=tuple(hidden(names.shown, written)),
        texts=tuple(hidden(names.texts, written)),
        suspects=tuple(suspects(names, texts, full)),
        left_out=tuple(left(one, names) for one in full.evidence if not readable(one)),
        entries_left_out=sum(bool(each.leaf) for each in entries),
        whole=small,
    )


def unread(evidence: Sequence[made.Evidence]) -> tuple[made.Evidence, ...]:
    return tuple(one for one in evidence if not readable(one))


def texts_of(full: made.PacketContents, with_answers: bool) -> Iterable[str]:
    """Every text of the record, and of the answers of the API."""
    bare = made.plain(replace(full, entries=(), checkpoint=NOTHING))
    yield from strings({name: value for name, value in bare.items() if name != "checkpoint"})
    for one in full.evidence if with_answers else ():
        if readable(one):
            yield from strings(read(one))


def hidden(words: dict[str, str], written: str) -> Iterable[Hidden]:
    """Only what is in the packet: everybody who signs in here is known, and most have no part in it."""
    low = written.casefold()
    return (Hidden(word, instead) for word, instead in words.items() if word.casefold() in low)


def suspects(names: Names, texts: Iterable[str], full: made.PacketContents) -> list[str]:
    """The first of what stays and looks like a name. Places and clients have names of their own, which stay."""
    ours = {*full.clients, *(one.workspace for one in full.places)}
    found: dict[str, None] = {}
    for text in texts:
        for match in LIKE_A_NAME.finditer(names.hide(text)):
            if match[0] not in ours:
                found.setdefault(match[0])
        if len(found) >= SUSPECTS:
            break
    return sorted(found)[:SUSPECTS]
