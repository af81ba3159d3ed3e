"""The simulated workspaces as a process of their own, and what only the tests may ask them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent
Json = dict[str, Any]
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
ONLY_ASKS = ("/warehouses/validation",)  # tries a login and keeps nothing


class Segment:
    """Speaks to the control API. A workspace is named by slug or id, as there."""

    def __init__(self, described: Json) -> None:
        self.described = described
        control = described["control"]
        self.client = httpx.Client(
            base_url=control["url"] + "/",
            headers={"Authorization": f"Bearer {control['token']}"},
            timeout=60,
            trust_env=False,
        )
        self.keys_at_first = self.keys()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, path, json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        return answer.json()

    # what there is

    def slugs(self) -> list[str]:
        return [row["slug"] for row in self.described["workspaces"]]

    def state(self, ref: str, *parts: str) -> Json:
        found: Json = self.ask("GET", f"workspaces/{ref}?parts={','.join(parts)}")
        return found

    def person(self, ref: str, email: str) -> Json:
        found: Json = self.ask("GET", f"workspaces/{ref}/people/{quote(email)}")
        return found

    def keys(self) -> dict[str, list[str]]:
        """The write keys of every source of every workspace, by source."""
        found: dict[str, list[str]] = {}
        for slug in self.slugs():
            found.update(self.state(slug, "keys")["keys"])
        return found

    def calls(self) -> list[Json]:
        """What came, oldest first, control calls left out. The log holds 50,000 calls."""
        found: list[Json] = self.ask("GET", "calls")
        return found

    def changing_calls(self) -> list[Json]:
        """Those that may change something, from a token that was known."""
        calls = [call for call in self.calls() if call["method"] in CHANGING and call["workspace"]]
        return [call for call in calls if call["path"] not in ONLY_ASKS]

    def counted(self) -> tuple[int, int]:
        """How many calls came, since the log was emptied."""
        rows = self.ask("GET", "counters")
        return sum(row["count"] for row in rows), len(rows)

    def secrets(self) -> set[str]:
        """What must stand nowhere: tokens and write keys, those of the beginning and those of now."""
        tokens = {token for row in self.ask("GET", "workspaces") for token in row["tokens"].values()}
        keys = [*self.keys_at_first.values(), *self.keys().values()]
        return tokens | {key for each in keys for key in each}

    # what happens there

    def trouble(self, do: str, match: Mapping[str, str] | None = None, **more: Any) -> str:
        return str(self.ask("POST", "trouble", {"do": do, "match": dict(match or {}), **more})["key"])

    def clear_trouble(self) -> None:
        self.ask("DELETE", "trouble")

    def no_limits(self) -> None:
        """Only trouble limits; the published numbers would make every case wait."""
        limits = ("default", "iam_write", "connection_state", "volume", "rules", "syncs")
        self.ask("PUT", "limits", dict.fromkeys(limits, 0))

    def no_delay(self) -> None:
        """The audit trail tells at once: when events show up is not what is tried."""
        for slug in self.slugs():
            self.ask("PATCH", f"workspaces/{slug}", {"audit_delay": 0})

    def keep(self) -> Json:
        kept: Json = self.ask("GET", "world")
        return kept

    def put_back(self, kept: Json) -> None:
        """The world as it was kept, without trouble and with an empty log."""
        self.ask("PUT", "world", kept)
        self.clear_trouble()
        self.no_limits()


@contextmanager
def segment(world: str | Json, folder: Path) -> Iterator[Segment]:
    """Simulated workspaces on free ports, without any trouble yet. `world`: a shipped name, or the data."""
    described, name = folder / "segment.json", world
    if not isinstance(world, str):
        name = str(folder / "world.json")
        Path(name).write_text(json.dumps(world))
    words = ["--port", "0", "--strict", "--until-eof", "--world", str(name), "--describe", str(described)]
    with (folder / "segment.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "offboarding.simulators", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        servers.wait_for(described.exists)
        made = Segment(json.loads(described.read_text()))
        made.clear_trouble()
        made.no_limits()
        made.no_delay()
        yield made
    finally:
        process.terminate()
        process.wait(10)
