"""Segment's rate limits, kept before Segment has to: one count for each credential and class of call.

With Redis all processes share the count. While Redis is away each process keeps to its own share of the limit, and for
a minute longer both counts hold. The count is of the calls of the last 60 seconds, so no minute, however Segment cuts
its minutes, holds more than the limit (Segment Public API, Rate Limits: per minute, by token and class).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from time import monotonic
from typing import Any
from uuid import uuid4

import redis
import structlog
from django.conf import settings

from offboarding.connections.rules import MINUTE, Pace, allowed
from offboarding.gateways.segment import LIMITS_PER_MINUTE

log = structlog.get_logger(__name__)

BUSY = "We have used our part of Segment's rate limit for this minute"
# Redis that does not answer costs one call this time-out, not every call.
ANSWERS_WITHIN = 0.5  # seconds
REST = 15.0  # seconds

# KEYS: the calls of the last minute. ARGV: span, limit, name of this call. Gives the seconds to wait, "0" if counted.
TAKE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - tonumber(ARGV[1]))
local count = redis.call('ZCARD', KEYS[1])
local limit = tonumber(ARGV[2])
if count < limit then
  redis.call('ZADD', KEYS[1], at, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[1]) * 1000)
  return '0'
end
local freed = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
return tostring(math.max(0.001, tonumber(freed[2]) + tonumber(ARGV[1]) - at))
"""


@dataclass(frozen=True, slots=True)
class Left:
    """How many calls of one class may still go out now. `shared`: counted over all processes, or this one's share."""

    calls: int
    of: int
    shared: bool


@dataclass(slots=True)
class Away:
    """Redis is left alone until `until`, and not trusted alone until a minute after it was last away."""

    until: float = 0.0
    since: float = -MINUTE


own: dict[tuple[int, str], deque[float]] = {}
lock = threading.Lock()
away = Away()


def take(pk: int, limit_class: str, pace: Pace) -> float:
    """Count one call of this connection. 0.0: it may go out. Else so many seconds must pass, and nothing was counted."""
    per_minute = LIMITS_PER_MINUTE[limit_class]
    wait = take_shared(pk, limit_class, allowed(per_minute, pace))
    trusted = wait is not None and monotonic() - away.since >= MINUTE
    share = 1 if trusted else settings.PROCESSES
    mine = take_own(pk, limit_class, allowed(per_minute, pace, share), count=not wait)
    return (wait or 0.0) if trusted else max(wait or 0.0, mine)


def take_shared(pk: int, limit_class: str, limit: int) -> float | None:
    """Seconds to wait as all processes count them; None while there is no Redis to count in."""
    if not settings.REDIS_URL or monotonic() < away.until:
        return None
    try:
        told = client().eval(TAKE, 1, key(pk, limit_class), MINUTE, limit, uuid4().hex)
        return float(told)
    except redis.RedisError as error:
        away.until, away.since = monotonic() + REST, monotonic() + REST
        log.warning("rate limits not shared", error=type(error).__name__)
        return None


def take_own(pk: int, limit_class: str, limit: int, *, count: bool) -> float:
    """Seconds to wait as this process counts them."""
    with lock:
        calls = recent(pk, limit_class)
        if len(calls) >= limit:
            return max(0.001, calls[len(calls) - limit] + MINUTE - monotonic())
        if count:
            calls.append(monotonic())
        return 0.0


def recent(pk: int, limit_class: str) -> deque[float]:
    calls = own.setdefault((pk, limit_class), deque())
    while calls and calls[0] <= monotonic() - MINUTE:
        calls.popleft()
    return calls


def left(pk: int) -> dict[str, Left]:
    """By class of call, what this minute still allows to ordinary work."""
    counts = counted(pk)
    limits = {name: allowed(number, Pace.GO_ON) for name, number in LIMITS_PER_MINUTE.items()}
    if counts is not None:
        return {name: Left(max(0, limits[name] - counts[name]), limits[name], True) for name in limits}
    shares = {
        name: allowed(number, Pace.GO_ON, settings.PROCESSES) for name, number in LIMITS_PER_MINUTE.items()
    }
    with lock:
        return {
            name: Left(max(0, shares[name] - len(recent(pk, name))), shares[name], False) for name in shares
        }


def counted(pk: int) -> dict[str, int] | None:
    if not settings.REDIS_URL or monotonic() < away.until:
        return None
    try:
        seconds, micros = client().time()
        since = seconds + micros / 1_000_000 - MINUTE
        pipe = client().pipeline(transaction=False)
        for name in LIMITS_PER_MINUTE:
            pipe.zcount(key(pk, name), since, "+inf")
        return dict(zip(LIMITS_PER_MINUTE, pipe.execute()))
    except redis.RedisError:
        away.until, away.since = monotonic() + REST, monotonic() + REST
        return None


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=ANSWERS_WITHIN, socket_connect_timeout=ANSWERS_WITHIN
    )


def key(pk: int, limit_class: str) -> str:
    """Two installations on one Redis do not share counts."""
    return f"offboard:{installation()}:calls:{pk}:{limit_class}"


@cache
def installation() -> str:
    named: dict[str, Any] = settings.DATABASES["default"]
    return sha256(f"{settings.FIRST_SIGNING_KEY}{named['NAME']}".encode()).hexdigest()[:12]
