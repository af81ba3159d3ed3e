"""Whatever comes in, an answer in Segment's own form goes out."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from offboarding.simulators.segment.routes import ROUTES, Route
from tests.simulators.conftest import Small

ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "text",
    7,
    [None],
    ["text"],
    [[]],
    [{}],
    {"key": []},
    [{"email": []}],
    [{"roleId": []}],
)
ODD_PERMISSION = {"roleId": "1aEWAcU0fArxScocwH9xxLgW7r3", "resources": [{"id": {}, "type": {}}], "labels": 5}
NAMES = (
    "permissions",
    "invites",
    "emails",
    "name",
    "settings",
    "labels",
    "label",
    "enabled",
    "metadataId",
    "slug",
)
WRITES = [route for route in ROUTES if route.changes]
QUERIES = (
    "pagination=7",
    "pagination=[]",
    "pagination.count=%E0",
    "emails=[1]",
    "userIds.0.0=x",
    "userIds[][]=x",
    "%00",
)


def filled(small: Small, route: Route) -> str:
    """The route's path with ids that exist where possible."""
    tables = {
        name: next(iter(rows))["id"]
        for name, rows in small.workspace.tables.items()
        if len(rows) and name != "invites"
    }
    table = route.path.split("/")[1]
    key = tables.get({"users": "members", "group": "groups"}.get(table, table), "x")
    return route.path.format(id=key, key="k", value="v", source="s", space="s", subscription="s")


@pytest.mark.parametrize("route", WRITES, ids=lambda route: f"{route.method} {route.path}")
def test_odd_bodies_are_answered(small: Small, route: Route) -> None:
    small.control.set_limits({"iam_write": 0, "labels_write": 0})
    bodies = [{name: value} for name, value in product(NAMES, (*ODD, [ODD_PERMISSION]))]
    bodies += [{"name": "n", "invites": [{"email": "a@b.example", "permissions": value}]} for value in ODD]
    bodies += [{"name": "n", "metadataId": "m", "settings": {"type": value, "name": value}} for value in ODD]
    for body in bodies:
        answer = small.api.call(route.method, filled(small, route), body)
        assert answer.status < 500, body
        assert answer.json.keys() in ({"data"}, {"errors"}), body


@pytest.mark.parametrize("query", QUERIES)
def test_odd_queries_are_answered(small: Small, query: str) -> None:
    for route in (route for route in ROUTES if route.method == "GET" or route.arrays):
        answer = small.api.call(route.method, f"{filled(small, route)}?{query}")
        assert answer.status < 500, route.path


def test_nothing_beyond_the_standard_library_is_needed() -> None:
    root = Path(__file__).parents[2]
    script = "import json, sys, offboarding.simulators.__main__; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-S", "-c", script]
    out = subprocess.run(
        command, cwd=root, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    loaded = {name for name in json.loads(out.stdout) if name.startswith("offboarding.")}
    assert all(name.startswith("offboarding.simulators") for name in loaded)
