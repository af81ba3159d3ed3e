"""The log of calls: what came, for whom, when it came and when it was answered."""

import threading
from collections import Counter, deque
from typing import Any

Json = dict[str, Any]
KEPT = 50_000


class Journal:
    """The last 50,000 calls, and counters over all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Json] = deque(maxlen=KEPT)
        self._number = 0
        self._counters: Counter[tuple[str, str, str, str]] = Counter()

    def note(self, call: Json) -> None:
        """`call`: at, ended, method, path, query, region, workspace, token, route, trouble, status (None if
        none was sent), and for a 429 retry_after."""
        place = (call["workspace"] or "", call["method"], call["route"] or call["path"], str(call["status"]))
        with self._lock:
            self._number += 1
            self._calls.append({"number": self._number, **call})
            self._counters[place] += 1

    def calls(self, wanted: Json) -> list[Json]:
        """Calls that have every field of `wanted`; `since` compares with number, `limit` keeps the newest."""
        since, limit = int(wanted.get("since", 0)), int(wanted.get("limit", KEPT))
        exact = {name: value for name, value in wanted.items() if name not in ("since", "limit")}
        with self._lock:
            calls = [call for call in self._calls if call["number"] > since]
        found = [call for call in calls if all(str(call.get(n)) == str(v) for n, v in exact.items())]
        return found[-limit:]

    def counters(self) -> list[Json]:
        with self._lock:
            items = sorted(self._counters.items())
        names = ("workspace", "method", "route", "status")
        return [{**dict(zip(names, place, strict=True)), "count": count} for place, count in items]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._counters.clear()
