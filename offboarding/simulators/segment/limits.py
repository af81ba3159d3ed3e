"""Rate limits: a token bucket for each API token and class of endpoint (Segment Public API, Rate Limits).

Segment publishes the numbers per endpoint; the default is known only to lie above 600 a minute. That all IAM
writes share one pool is an assumption; a world can set `"iam_pool": "separate"`.
"""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from offboarding.simulators.segment.rows import Json

PER_MINUTE: dict[str, int] = {
    "default": 1200,
    "iam_write": 60,
    "labels_write": 60,
    "audiences": 60,
    "activations": 60,
    "volume": 60,
    "one_audience": 100,
    "traits": 25,
    "one_trait": 100,
    "connection_state": 200,
    "rules": 200,
    "syncs": 2,
    "etl_syncs": 250,
}


@dataclass(frozen=True)
class Verdict:
    """What one call did to its bucket. `wait` is in seconds and 0 when the call may pass."""

    limit: int
    remaining: int
    wait: float
    resets_at: float

    @property
    def allowed(self) -> bool:
        return self.wait <= 0

    def headers(self) -> dict[str, str]:
        out = {
            "X-RateLimit-Consumed": str(max(0, self.limit - self.remaining)),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": formatdate(self.resets_at, usegmt=True),
        }
        return out if self.allowed else {**out, "Retry-After": str(math.ceil(self.wait))}

    def data(self) -> Json:
        consumed = max(0, self.limit - self.remaining)
        wait = math.ceil(self.wait * 1000)
        return {"remainingPoints": self.remaining, "msBeforeNext": wait, "consumedPoints": consumed}


class Limits:
    """All buckets. `per_minute` overrides single classes; 0 means no limit."""

    def __init__(self, per_minute: Mapping[str, int] | None = None, *, separate_iam: bool = False) -> None:
        self.per_minute = {**PER_MINUTE, **(per_minute or {})}
        self._separate = separate_iam
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, token: str, kind: str, endpoint: str, now: float) -> Verdict:
        """Takes one point for this call, or says how long to wait."""
        limit = self.per_minute.get(kind, self.per_minute["default"])
        if not limit:
            return Verdict(0, 0, 0.0, now)
        key = (token, f"{kind} {endpoint}" if self._separate and kind == "iam_write" else kind)
        with self._lock:
            points = self._points(key, limit, now)
            allowed = points >= 1
            self._buckets[key] = (points - 1 if allowed else points, now)
        return self._verdict(limit, points - 1, allowed, now)

    def set(self, per_minute: Mapping[str, int]) -> None:
        """Changes single limits and fills every bucket again."""
        with self._lock:
            self.per_minute.update(per_minute)
            self._buckets.clear()

    def _points(self, key: tuple[str, str], limit: int, now: float) -> float:
        points, at = self._buckets.get(key, (float(limit), now))
        return min(float(limit), points + max(0.0, now - at) * limit / 60)

    @staticmethod
    def _verdict(limit: int, left: float, allowed: bool, now: float) -> Verdict:
        wait = 0.0 if allowed else -left * 60 / limit
        full = now + (limit - max(0.0, left)) * 60 / limit
        return Verdict(limit, max(0, int(left)), wait, full)
