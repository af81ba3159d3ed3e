"""Sentences of a packet that are said in more than one place. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offboarding.checklist.rules import number_of
from offboarding.packets import contents as made

OLD_KEYS = "Old write keys"


def old_keys(places: Mapping[str, int]) -> made.Remark:
    """How many sources of each workspace still have one."""
    where = listed([f"{name} ({count})" for name, count in places.items()])
    told = (
        f"The old write keys of {number_of(sum(places.values()), 'source')} worked when this was sealed: {where}. Whoever "
        "knows one can send data with it. They go once their senders use the new ones; another version tells of it."
    )
    return made.Remark(OLD_KEYS, told)


def listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)
