"""A small world, and a client of a few lines that hides nothing of what comes over the wire."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from offboarding.simulators import Simulator

Json = dict[str, Any]
SMALL: Json = {
    "name": "Small Production",
    "slug": "small",
    "members": [
        {"name": "Olive Owner", "email": "olive@small.example", "permissions": ["Workspace Owner"]},
        {"name": "Dan Reyes", "email": "dan@northwind.example", "permissions": ["Source Admin"]},
        {"name": "", "email": "Mixed.Case@small.example", "permissions": ["Minimal Workspace Access"]},
    ],
    "invites": ["Pending@small.example"],
    "groups": [
        {"name": "Admins", "permissions": ["Workspace Owner"]},
        {"name": "Analysts", "members": ["dan@northwind.example"], "invites": ["Pending@small.example"]},
    ],
    "sources": [
        {"name": "Website", "labels": [{"key": "environment", "value": "production"}]},
        {"name": "CRM", "kind": "cloud"},
    ],
    "destinations": [
        {
            "name": "Hook",
            "kind": "webhook",
            "source": "Website",
            "settings": {"sharedSecret": "x", "url": "u"},
        }
    ],
    "credentials": [
        {
            "name": "Loader",
            "settings": {"type": "Snowflake", "username": "L", "password": "p"},
            "sources": ["CRM"],
        },
        {"name": "Unused", "settings": {"type": "Snowflake", "username": "U", "password": "p"}},
    ],
    "warehouses": [
        {
            "name": "Lake",
            "credential": "Loader",
            "sources": ["Website"],
            "settings": {"username": "l", "password": "p"},
        }
    ],
    "functions": [{"name": "Clean", "by": "dan@northwind.example"}],
    "spaces": [{"name": "Customers"}],
    "audiences": [{"name": "Lapsed", "space": "Customers", "by": "dan@northwind.example"}],
    "traits": [{"name": "Value", "space": "Customers", "by": "dan@northwind.example"}],
    "tracking_plans": [{"name": "Plan", "sources": ["Website"]}],
    "filters": [{"name": f"Filter {n:02}", "destination": "Hook"} for n in range(12)],
    "labels": [{"key": "environment", "value": "production"}, {"key": "team", "value": "growth"}],
    "audit": {"per_day": 4, "delay": 0},
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def error(self) -> Any:
        return self.json["errors"][0]


class Api:
    """One token at one address."""

    def __init__(self, base_url: str, token: str) -> None:
        self.place, self.token = urlsplit(base_url), token

    def call(self, method: str, path: str, body: Any = None, timeout: float = 10, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.place.hostname or "", self.place.port, timeout=timeout)
        given = {
            "Authorization": f"Bearer {self.token}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        sent = body if body is None or isinstance(body, bytes | str) else json.dumps(body)
        try:
            connection.request(method, path, sent, given)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, None, 10, **headers)


class Small:
    """A running simulator with one small workspace."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator, self.control = simulator, simulator.control
        self.workspace = simulator.world.workspaces[0]
        self.api = Api(simulator.url(self.workspace.region), simulator.token(self.workspace.id))
        self.member_api = Api(
            simulator.url(self.workspace.region), simulator.token(self.workspace.id, "member")
        )

    def id(self, table: str, name: str) -> str:
        return self.workspace.resolve(table, name)

    def member_id(self, email: str) -> str:
        row = self.workspace.members.by_email(email)
        assert row
        return str(row["id"])

    @property
    def dan(self) -> str:
        return self.member_id("dan@northwind.example")

    def emails(self) -> list[str]:
        return [user["email"] for user in self.api.get("/users").data["users"]]

    def later(self, seconds: float) -> None:
        self.control.set_clock(self.simulator.clock.offset + seconds)


Start = Callable[..., Small]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a simulator with the small workspace, some of its fields replaced."""
    running: list[Simulator] = []

    def run(*, strict: bool = False, world: Json | None = None, **fields: Any) -> Small:
        simulator = Simulator({"workspaces": [{**SMALL, **fields}], **(world or {})}, strict=strict)
        simulator.start()
        running.append(simulator)
        return Small(simulator)

    yield run
    for simulator in running:
        simulator.stop()


@pytest.fixture
def small(start: Start) -> Small:
    return start()
