"""Half of all calls go wrong, in every way that the simulator knows.

Two kinds are not among them, since they are no failed calls but what other people do: `comes_back`, which `false_success`
tries, and `meanwhile`, of which each workspace gets one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.segment import Json, Segment

CALLS = 0.5  # of the calls that change something
# One look takes up to ten reads, all of which have to succeed: so most of what befalls reads only makes them slow.
READS, SLOW_READS = 0.15, 0.35
SLOW = 0.1  # seconds
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
OVERLONG = 1.5  # seconds: longer than a call of a trial may take, so that what it does lands after the caller gave up
LARGE = 5_000_000  # bytes: more than the product reads


def rule(do: str, weight: float = 1.0, **more: Any) -> tuple[float, Json]:
    """A way to go wrong, and how often compared with the others."""
    return weight, {"do": do, **more}


BEFORE = (
    rule("error_before", status=500),
    rule("error_before", status=503),
    rule("reset_before"),
    rule("timeout_before", 0.5, seconds=2),
    rule("limit", 0.5, retry_after=1),
    rule("redirect", 0.5),
)
# What is read has no effect, so these differ from each other only in the answer.
UNREADABLE = (
    rule("html"),
    rule("truncated"),
    rule("cut"),
    rule("drip", 0.5, seconds=0.2),
    rule("huge", 0.3, bytes=LARGE),
    rule("answer", 0.5, status=200, body={}),
    rule("answer", 0.3, status=404, body={"errors": [{"type": "not-found", "message": "Not found"}]}),
)
READING = (*BEFORE, *UNREADABLE, rule("latency", 0.5, seconds=OVERLONG))
ACTING = (
    *BEFORE,
    *UNREADABLE,
    rule("error_after", status=500),
    rule("error_after", status=502),
    rule("reset_after"),
    rule("timeout_after", 0.5, seconds=2),
    rule("html", effect=False),
    rule("drip", 0.3, seconds=0.2, effect=False),
    rule("late", seconds=0.3),
    rule("late", seconds=1.0),
    rule("late", seconds=0.6, then="error"),
    rule("late", seconds=1.0, then="reset"),
    rule("late", 0.5, seconds=1.2, then="timeout", silence=2),
    rule("no_effect"),
    rule("latency", seconds=OVERLONG),
)


def chances(weighted: Sequence[tuple[float, Json]], share: float) -> Iterator[Json]:
    """The rules so that together they befall this share of calls: the first one that strikes hides those after it."""
    total, left = sum(weight for weight, _ in weighted), 1.0
    for weight, data in weighted:
        own = share * weight / total
        yield {**data, "chance": own / left}
        left -= own


def begin(segment: Segment, seed: int, leaving: dict[str, list[str]]) -> None:
    """From now on. `leaving`: by workspace, who is taken out by another owner while we call, once."""
    for number, (slug, emails) in enumerate(leaving.items()):
        segment.trouble(
            "meanwhile", {"workspace": slug, "method": "DELETE"}, leave=emails, skip=number % 4, count=1
        )
    segment.trouble("latency", {"method": "GET"}, seconds=SLOW, chance=SLOW_READS, seed=f"{seed} slow")
    for method in ("GET", *CHANGING):
        ways, share = (READING, READS) if method == "GET" else (ACTING, CALLS)
        if method == "POST":  # the simulator would later give the key anew that it named and never made
            ways = tuple(way for way in ways if way[1]["do"] != "no_effect")
        for number, data in enumerate(chances(ways, share)):
            segment.trouble(match={"method": method}, seed=f"{seed} {method} {number}", **data)


def befallen(calls: Sequence[Json]) -> Counter[str]:
    """How often each kind struck."""
    return Counter(kind for call in calls if (kind := of(call)))


def says(calls: Sequence[Json]) -> str:
    changing = [call for call in calls if call["method"] != "GET"]
    reading = [call for call in calls if call["method"] == "GET"]
    wrong = befallen(changing)
    slow = befallen(reading)
    return (
        f"{wrong.total()} of {len(changing)} calls and {slow.total()} of {len(reading)} reads met trouble of"
        f" {len({*wrong, *slow})} kinds, {slow['slow']} of the reads only by being slow"
    )


def of(call: Json) -> str:
    """What befell a call; empty if nothing did. Of being held up, the time that it took is the only trace."""
    taken = call["ended"] - call["at"]
    held_up = "too late" if taken >= OVERLONG else "slow" if taken >= SLOW else ""
    return str(call["trouble"] or held_up)
