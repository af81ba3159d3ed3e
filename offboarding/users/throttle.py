"""Counting tries, in the cache that lives in the database: it works with Redis gone, and for all processes together."""

from __future__ import annotations

import time
from hashlib import sha256
from threading import Lock

from django.core.cache import cache

from offboarding.users.networks import line_of

# So many of a window pass in each process before the database is asked: what hands do costs no query.
FREE = 20
MOST_KEPT = 5_000  # names of whoever came in a window; more are forgotten together
own: dict[str, int] = {}
lock = Lock()


def count(kind: str, who: str, seconds: int) -> int:
    """Counts one more try of `who` in the running window of `seconds`, and says how many there are."""
    key = named(kind, who, seconds)
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # the window ended between the two
        return 1


def spent(kind: str, who: str, most: int, seconds: int) -> bool:
    """True if `who` has used up its tries. Counts nothing."""
    return int(cache.get(named(kind, who, seconds), 0)) >= most


def too_many(kind: str, who: str, most: int, seconds: int) -> bool:
    """Counts what may be done often, and says whether this one is beyond `most`: here first, and only then for all processes.

    Each process more lets through `FREE` more of a window, and no further.
    """
    key = named(kind, who, seconds)
    with lock:
        if len(own) >= MOST_KEPT:
            own.clear()
        own[key] = own.get(key, 0) + 1
        if own[key] <= FREE:
            return False
    return count(kind, who, seconds) > most - FREE


def named(kind: str, who: str, seconds: int) -> str:
    """`who` is a person's number, or the address of the network that somebody comes from."""
    window = int(time.time() // seconds)
    return f"tries:{kind}:{window}:{sha256(line_of(who).encode()).hexdigest()[:32]}"
