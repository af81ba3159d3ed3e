"""The simulator's own time: the machine's, moved by an offset that tests set."""

import re
import time
from datetime import UTC, datetime

SPAN = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
UNIT = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}


class Clock:
    """`now()` in seconds since 1970; `offset` (seconds, may be negative) is added to the machine's time."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        return time.time() + self.offset


def iso(seconds: float) -> str:
    """ISO 8601 in UTC to the second, as Segment writes it: 2022-03-04T21:29:22Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time; a time without zone is read as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def span(text: str) -> float:
    """Seconds in a span such as `12d`, `3h20m` or `45s`. Raises ValueError."""
    if not text or SPAN.sub("", text):
        raise ValueError(f"not a span of time: {text!r}")
    return sum(float(number) * UNIT[unit] for number, unit in SPAN.findall(text))
