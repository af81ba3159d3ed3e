"""Where sealed values stand, and how all of them come under the first key of the list, while everything else goes on.

Each room registers its columns in `apps.py`. A column holds one sealed text, or JSON with sealed texts somewhere inside.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, models

from offboarding.lib.sealing import Sealer

# The start of what Fernet writes: its version and the high bytes of the time (Fernet specification, Token Format).
SEALED = re.compile(r"gAAAAA[A-Za-z0-9_-]{70,}={0,2}")
PASSES = 5  # a value that another process wrote back under an old key meanwhile is met again in the next pass

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """`name`: what stands there, in the plural. `given_up`: what to write instead of a value whose key is lost."""

    name: str
    model: type[models.Model]
    field: str
    given_up: Callable[[Any], dict[str, Any]]


PLACES: list[Place] = []


def register(place: Place) -> None:
    PLACES.append(place)


def closed() -> Counter[str]:
    """How many values of each place none of the keys opens."""
    sealer = Sealer(settings.SEALING_KEYS)
    return Counter(
        place.name for place in PLACES for _, value in rows(place) if not all(map(sealer.opens, texts(value)))
    )


def missing_key() -> str:
    """Why nothing can start here: a key is missing that rows still need. Empty if none is, or nobody can say."""
    try:
        found = closed()
    except DatabaseError:  # away, or not migrated yet: `work.starting` says so
        return ""
    finally:
        if not connection.in_atomic_block:
            connection.close()  # whoever starts may fork
    if not found:
        return ""
    return (
        f"OFFBOARD_SEALING_KEYS lacks a key that is still needed: {listed(found)} cannot be opened. Put the old key behind "
        "the new one, start again, and run `python manage.py rotate_keys`. If the key is lost for good, "
        "`python manage.py rotate_keys --give-up` lets these values go."
    )


def listed(found: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(found.items()))


def reseal(told: Told) -> Counter[str]:
    """Seals every value anew that is not under the first key; says how many of each place. May be stopped anywhere."""
    sealer, done = Sealer(settings.SEALING_KEYS), Counter[str]()
    for _ in range(PASSES):
        if not sum((turned := Counter({place.name: turn(place, sealer, told) for place in PLACES})).values()):
            break
        done += turned
    return done


def turn(place: Place, sealer: Sealer, told: Told) -> int:
    """One pass over one place: row by row, each only if it still holds what was read."""
    done = 0
    for pk, value in rows(place):
        old = [text for text in texts(value) if not sealer.is_newest(text)]
        if old and all(map(sealer.opens, old)):
            renewed = replaced(value, lambda text: text if sealer.is_newest(text) else sealer.rotate(text))
            done += swap(place, pk, value, {place.field: renewed})
            if done and done % 100 == 0:
                told(f"{place.name}: {done} sealed anew")
    return done


def give_up() -> Counter[str]:
    """Lets go of what no key opens, so that people can enter it again."""
    sealer, gone = Sealer(settings.SEALING_KEYS), Counter[str]()
    for place in PLACES:
        for pk, value in rows(place):
            if not all(map(sealer.opens, texts(value))):
                gone[place.name] += swap(place, pk, value, place.given_up(value))
    return gone


def rows(place: Place) -> Iterator[tuple[Any, Any]]:
    """Key and value of each row that holds something sealed, read when its turn comes."""
    manager = place.model._default_manager
    for pk in list(manager.order_by("pk").values_list("pk", flat=True)):
        value = manager.filter(pk=pk).values_list(place.field, flat=True).first()
        if any(True for _ in texts(value)):
            yield pk, value


def swap(place: Place, pk: Any, old: Any, new: dict[str, Any]) -> int:
    """1 if the row still held the old value and holds the new one now, else 0."""
    return place.model._default_manager.filter(pk=pk, **{place.field: old}).update(**new)


def texts(value: Any) -> Iterator[str]:
    """The sealed texts in a value."""
    if isinstance(value, str) and SEALED.fullmatch(value):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def replaced(value: Any, change: Callable[[str], str]) -> Any:
    """The same value with each sealed text changed."""
    if isinstance(value, dict):
        return {name: replaced(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, change) for each in value]
    return change(value) if isinstance(value, str) and SEALED.fullmatch(value) else value
