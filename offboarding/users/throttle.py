"""Counting tries, in the cache that lives in the database: it works with Redis gone, and for all processes together."""

from __future__ import annotations

import time
from hashlib import sha256

from django.core.cache import cache


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


def named(kind: str, who: str, seconds: int) -> str:
    window = int(time.time() // seconds)
    return f"tries:{kind}:{window}:{sha256(who.encode()).hexdigest()[:32]}"
