"""Scripted trouble: rules that say which calls go wrong, how, and how often.

A rule is plain data:

    {"do": "reset_after", "match": {"workspace": "acme-production", "method": "DELETE", "path": "/users*"},
     "count": 1, "skip": 0, "chance": 1.0, "seed": 7}

`match` may name workspace (slug or id), method, region and path (shell pattern); a field that is left out
matches all. `skip` lets the first matching calls pass, `count` ends the rule (left out: never), `chance`
throws a die seeded by `seed`. The kinds, with their own fields:

- `latency` (seconds): the call waits first; goes together with any other rule.
- `limit` (retry_after): 429 to this call and all matching calls of its token for so many seconds.
- `error_before`, `error_after` (status, 500 if left out): that status, without or with the effect.
- `reset_before`, `reset_after`: connection reset.
- `timeout_before`, `timeout_after` (seconds, 120): silence, then the connection closes.
- `html`, `truncated`, `cut` (effect, true): 200 with an HTML page; half of the JSON; the connection ends
  within the body.
- `drip` (seconds, 0.2; effect): one byte each so many seconds.
- `huge` (bytes, 10 MB; effect): that many bytes of JSON.
- `redirect` (location; status, 302): no effect.
- `answer` (status, body; effect, false): exactly that.
- `late` (seconds, 30; then): the effect lands that much later; `then` is what the caller sees: "success",
  "error", "reset" or "timeout" (for `silence` seconds).
- `no_effect`: success that changes nothing.
- `meanwhile` (leave, cancelled): other owners were faster: these members have left, and these invitations are cancelled,
  before the call is answered as it deserves.
- `comes_back` (seconds, 30): the removal works, and the person is a member again later, with the same
  permissions.
"""

import random
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]
KINDS = (
    "latency", "limit", "error_before", "error_after", "reset_before", "reset_after", "timeout_before",
    "timeout_after", "html", "truncated", "cut", "drip", "huge", "redirect", "answer", "late", "no_effect",
    "comes_back", "meanwhile",
)  # fmt: skip
MATCHING = ("workspace", "method", "path", "region")


@dataclass(frozen=True)
class Subject:
    """What a rule looks at."""

    workspace_id: str
    workspace_slug: str
    method: str
    path: str
    region: str
    token: str


class Rule:
    """One rule and how often it was met. Raises ValueError for one that could never work."""

    def __init__(self, data: Json, key: str) -> None:
        check(data)
        self.key, self.data = key, data
        self.kind: str = data["do"]
        self.match: Json = data.get("match", {})
        self.seen = self.used = 0
        self.windows: dict[str, float] = {}
        self._random = random.Random(data.get("seed", 0))

    def matches(self, subject: Subject) -> bool:
        wanted = self.match.get
        return (
            wanted("workspace") in (None, subject.workspace_id, subject.workspace_slug)
            and wanted("method") in (None, subject.method)
            and wanted("region") in (None, subject.region)
            and fnmatchcase(subject.path, wanted("path") or "*")
        )

    def strikes(self, subject: Subject, now: float) -> bool:
        """Whether this call meets the trouble; counts it if so."""
        if not self.matches(subject):
            return False
        if self.kind == "limit" and now < self.windows.get(subject.token, 0.0):
            return True
        self.seen += 1
        if self.seen <= self.data.get("skip", 0) or self.spent:
            return False
        if self._random.random() >= self.data.get("chance", 1.0):
            return False
        self.used += 1
        if self.kind == "limit":
            self.windows[subject.token] = now + float(self.data.get("retry_after", 1))
        return True

    @property
    def spent(self) -> bool:
        count = self.data.get("count")
        return count is not None and self.used >= count

    def dump(self) -> Json:
        return {"key": self.key, "seen": self.seen, "used": self.used, "rule": self.data}


def check(data: Json) -> None:
    if data.get("do") not in KINDS:
        raise ValueError(f"do must be one of {', '.join(KINDS)}")
    unknown = set(data.get("match", {})) - set(MATCHING)
    if unknown:
        raise ValueError(f"match knows {', '.join(MATCHING)}, not {', '.join(sorted(unknown))}")


@dataclass(frozen=True)
class Decision:
    """What befalls one call: seconds of waiting, perhaps one rule; `wait` is what a limit has left."""

    latency: float = 0.0
    rule: Json = field(default_factory=dict)
    wait: float = 0.0

    @property
    def kind(self) -> str:
        return str(self.rule.get("do", ""))


class TroubleBook:
    """All rules, in the order in which they were added; the first that strikes wins."""

    def __init__(self, rules: list[Json] | None = None) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._number = 0
        for data in rules or []:
            self.add(data)

    def add(self, data: Json) -> str:
        """Adds a rule and returns its key."""
        with self._lock:
            self._number += 1
            rule = Rule(data, f"t{self._number}")
            self._rules.append(rule)
            return rule.key

    def clear(self, key: str | None = None) -> None:
        """Takes away one rule, or all."""
        with self._lock:
            self._rules = [rule for rule in self._rules if key is not None and rule.key != key]

    def dump(self) -> list[Json]:
        with self._lock:
            return [rule.dump() for rule in self._rules]

    def restore(self, saved: list[Json]) -> None:
        """Takes over how often rules were met, so that a restart does not begin all trouble anew."""
        with self._lock:
            known = {rule.key: rule for rule in self._rules}
            for item in saved:
                rule = known.get(item["key"])
                if rule and rule.data == item["rule"]:
                    rule.seen, rule.used = item["seen"], item["used"]

    def decide(self, subject: Subject, now: float) -> Decision:
        with self._lock:
            latency = sum(float(rule.data.get("seconds", 1)) for rule in self._latencies(subject, now))
            for rule in self._rules:
                if rule.kind != "latency" and rule.strikes(subject, now):
                    return Decision(latency, rule.data, max(0.0, rule.windows.get(subject.token, now) - now))
            return Decision(latency)

    def _latencies(self, subject: Subject, now: float) -> list[Rule]:
        return [rule for rule in self._rules if rule.kind == "latency" and rule.strikes(subject, now)]
