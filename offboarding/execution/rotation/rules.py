"""Telling our new key from all others, by what was seen before and after. Pure; keys are fingerprints here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

NEW_KEY = "new key"
ADD, REMOVE = "segment.add_write_key", "segment.remove_write_key"
HAND_OVER, CONFIRM = "hand-over-key", "confirm-key"


class Found(StrEnum):
    """What one look says about the new key."""

    THERE = "there"  # the key that is ours is listed
    ADOPT = "adopt"  # exactly one key is new: it is ours from now on
    NOT_YET = "not yet"  # nothing new
    SEVERAL = "several"  # more than one is new: which is ours?
    APPEARED = "appeared"  # new keys, and no call of ours that could have made them
    HIDDEN = "hidden"  # no key is listed at all
    GONE = "gone"  # the key that was ours is not listed any more


@dataclass(frozen=True, slots=True)
class Known:
    """What our rows say of a rotation.

    `expected` are the keys from before ours: those seen before our first call, or else those of the plan, or those
    about which a person decided. `ours` are keys of other rotations of the source, and lost ones of this.
    """

    expected: frozenset[str]
    called: bool = False
    settling: bool = False
    ours: frozenset[str] = frozenset()
    adopted: str = ""
    taken: str = ""
    consumers_read: bool = False

    def compares_as(self, other: Known) -> bool:
        """Whether a look that was compared with one would be judged the same with the other."""
        return replace(self, settling=other.settling, consumers_read=other.consumers_read) == other


def judge(now: Collection[str], known: Known) -> tuple[Found, tuple[str, ...]]:
    """What was found, and the keys that it is about."""
    if known.adopted:
        return adopted_key(now, known), (known.adopted,)
    if known.taken in now:
        return Found.ADOPT, (known.taken,)
    if not now:
        return Found.HIDDEN, ()
    fresh = fresh_keys(now, known)
    if not fresh:
        return Found.NOT_YET, ()
    if not known.called:
        return Found.APPEARED, fresh
    return (Found.ADOPT if len(fresh) == 1 else Found.SEVERAL), fresh


def adopted_key(now: Collection[str], known: Known) -> Found:
    if known.adopted in now:
        return Found.THERE
    return Found.NOT_YET if known.settling else Found.GONE


def fresh_keys(now: Iterable[str], known: Known) -> tuple[str, ...]:
    return tuple(sorted(set(now) - known.expected - known.ours))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the end of a rotation needs to know: the old keys, the new one, and whether somebody confirmed."""

    old: frozenset[str] = frozenset()
    new: str = ""
    confirmed: bool = False


def old_keys(
    seen_before: Iterable[str], planned: Iterable[str], elsewhere: Collection[str], new: str
) -> frozenset[str]:
    """The keys that go: seen before ours came, and no other rotation's new key, unless the plan itself names it."""
    named = set(planned)
    return frozenset(key for key in seen_before if key != new and (key in named or key not in elsewhere))


def short(key: str) -> str:
    """A fingerprint as sentences show it: the same writing as in the record of the calls."""
    return f"key:{key}"


def spoken(keys: Iterable[str]) -> str:
    return ", ".join(short(key) for key in sorted(keys))
