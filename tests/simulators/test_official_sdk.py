"""Segment's own TypeScript client, unchanged, lists, invites and removes; its models judge our answers."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from offboarding.simulators import Simulator
from tests.simulators.conftest import Api

SDK = Path(__file__).parents[1] / "sdk"
MODELS = SDK / "node_modules/@segment/public-api-sdk-typescript/model"
FIELD = re.compile(r"^    '(\w+)'(\??):\s*([^;]+);", re.MULTILINE)
DAN = "dan@northwind.example"
DAYS = "granularity=DAY&startTime=2026-01-05T00:00:00Z&endTime=2026-01-08T00:00:00Z"
RECEIVED = f"/delivery-overview/successfully-received?{DAYS}&sourceId={{sources}}"
ANSWERS = {  # path, and the model of `data`
    "/": "GetWorkspaceV1Output",
    "/echo?message=x": "EchoV1Output",
    "/users": "ListUsersV1Output",
    "/users/{members}": "GetUserV1Output",
    "/users/{members}/groups": "ListUserGroupsFromUserV1Output",
    "/invites": "ListInvitesV1Output",
    "/groups": "ListUserGroupsV1Output",
    "/groups/{groups}": "GetUserGroupV1Output",
    "/groups/{groups}/users": "ListUsersFromUserGroupV1Output",
    "/groups/{groups}/invites": "ListInvitesFromUserGroupV1Output",
    "/roles": "ListRolesV1Output",
    "/labels": "ListLabelsV1Output",
    "/audit-events": "ListAuditEventsV1Output",
    "/sources": "ListSourcesV1Output",
    "/sources/{sources}": "GetSourceV1Output",
    "/sources/{sources}/settings": "ListSchemaSettingsInSourceV1Output",
    "/sources/{sources}/connected-destinations": "ListConnectedDestinationsFromSourceV1Output",
    "/sources/{sources}/connected-warehouses": "ListConnectedWarehousesFromSourceV1Output",
    "/destinations": "ListDestinationsV1Output",
    "/destinations/{destinations}": "GetDestinationV1Output",
    "/destinations/{destinations}/subscriptions": "ListSubscriptionsFromDestinationAlphaOutput",
    "/destination/{destinations}/filters": "ListFiltersFromDestinationV1Output",
    "/destinations/{destinations}/delivery-metrics": "ListDeliveryMetricsSummaryFromDestinationBetaOutput",
    "/warehouses": "ListWarehousesV1Output",
    "/warehouses/{warehouses}": "GetWarehouseV1Output",
    "/warehouses/{warehouses}/connection-state": "GetConnectionStateFromWarehouseV1Output",
    "/warehouses/{warehouses}/connected-sources": "ListConnectedSourcesFromWarehouseV1Output",
    "/warehouses/{warehouses}/syncs": "ListSyncsFromWarehouseV1Output",
    "/functions?resourceType=DESTINATION": "ListFunctionsV1Output",
    "/functions/{functions}": "GetFunctionV1Output",
    "/functions/{functions}/versions": "ListFunctionVersionsAlphaOutput",
    "/spaces": "ListSpacesAlphaOutput",
    "/spaces/{spaces}/audiences": "ListAudiencesAlphaOutput",
    "/spaces/{spaces}/audiences/{audiences}": "GetAudienceAlphaOutput",
    "/spaces/{spaces}/computed-traits": "ListComputedTraitsAlphaOutput",
    "/spaces/{spaces}/computed-traits/{traits}": "GetComputedTraitAlphaOutput",
    "/spaces/{spaces}/profiles-warehouses": "ListProfilesWarehouseInSpaceAlphaOutput",
    "/tracking-plans": "ListTrackingPlansV1Output",
    "/tracking-plans/{tracking_plans}": "GetTrackingPlanV1Output",
    "/tracking-plans/{tracking_plans}/sources": "ListSourcesFromTrackingPlanV1Output",
    "/tracking-plans/{tracking_plans}/rules": "ListRulesFromTrackingPlanV1Output",
    "/transformations": "ListTransformationsV1Output",
    "/reverse-etl-models": "ListReverseEtlModelsOutput",
    f"/events/volume?{DAYS}&groupBy.0=source": "GetEventsVolumeFromWorkspaceV1Output",
    RECEIVED: "GetDeliveryOverviewMetricsBetaOutput",
}


@pytest.fixture(scope="module")
def node() -> str:
    """The Node program, with the client installed beside `walk.js`."""
    if os.environ.get("NODE") == "0":
        pytest.skip("NODE=0: the official client was left out on purpose")
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        pytest.fail("node and npm are needed to run Segment's official client; NODE=0 leaves it out")
    with (SDK / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may come here at once
        if not MODELS.is_dir():
            subprocess.run(
                [npm, "ci", "--ignore-scripts"], cwd=SDK, check=True, capture_output=True, timeout=180
            )
    return found


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator("demo") as running:
        yield running


@cache
def fields(model: str) -> tuple[tuple[str, bool, str], ...]:
    """(name, required, type) of each field of a model."""
    text = (MODELS / f"{model[0].lower()}{model[1:]}.ts").read_text().split("static discriminator")[0]
    return tuple((name, not optional, " ".join(kind.split())) for name, optional, kind in FIELD.findall(text))


def faults(value: Any, kind: str, where: str = "data") -> list[str]:
    """Places where `value` does not have what type `kind` demands."""
    kind = kind.removesuffix(" | null")
    if kind.startswith("Array<"):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [
            fault for place, one in enumerate(value) for fault in faults(one, kind[6:-1], f"{where}[{place}]")
        ]
    plain = {"string": str, "number": int | float, "boolean": bool}.get(kind)
    if plain:
        return [] if isinstance(value, plain) else [f"{where} is no {kind}"]
    known = re.fullmatch(r"[A-Z]\w+", kind) and (MODELS / f"{kind[0].lower()}{kind[1:]}.ts").is_file()
    return faults_of_model(value, kind, where) if known else []


def faults_of_model(value: Any, model: str, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    missing = [
        f"{where}.{name} is missing" for name, required, _ in fields(model) if required and name not in value
    ]
    present = [(name, kind) for name, _, kind in fields(model) if value.get(name) is not None]
    return missing + [
        fault for name, kind in present for fault in faults(value[name], kind, f"{where}.{name}")
    ]


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_hold_what_the_official_models_demand(node: str, simulator: Simulator, path: str) -> None:
    tables = simulator.world.workspace("acme-production").tables
    ids = {name: next(iter(rows))["id"] for name, rows in tables.items() if len(rows) and name != "invites"}
    api = Api(simulator.base_url, simulator.token("acme-production"))
    assert fields(ANSWERS[path])
    assert faults_of_model(api.get(path.format(**ids)).data, ANSWERS[path], "data") == []


def test_the_official_client_lists_invites_and_removes(node: str) -> None:
    with Simulator("demo") as simulator:
        command = [node, "walk.js", simulator.base_url, simulator.token("acme-production"), DAN]
        out = subprocess.run(command, cwd=SDK, capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr
        person = simulator.control.person("acme-production", DAN)
    seen = json.loads(out.stdout)
    assert seen["workspace"]["slug"] == "acme-production"
    assert seen["wrong"]["status"] == 401
    assert (seen["members"], seen["pages"]) == (59, 3)
    assert seen["user"]["permissions"][0]["roleName"] == "Workspace Owner"
    assert [group["name"] for group in seen["memberOf"]] == ["Admins"]
    assert (seen["invited"], seen["twice"]["status"]) == (201, 400)
    assert set(seen["pending"]) - set(seen["after"]) == {"new+person@sdk.example"}
    assert (seen["left"], seen["removed"], seen["gone"]["status"]) == ([], "SUCCESS", 404)
    assert person == {"member": None, "invited": False, "groups": []}


def test_the_official_client_rotates_a_key_and_reads_the_catalogue(node: str) -> None:
    with Simulator("demo") as simulator:
        command = [node, "walk.js", simulator.base_url, simulator.token("acme-production"), DAN]
        seen = json.loads(
            subprocess.run(command, cwd=SDK, capture_output=True, timeout=60, check=True).stdout
        )
    keys = seen["keys"]
    assert set(keys["kept"]) == set(keys["more"]) - {keys["before"][0]}
    assert len(keys["kept"]) == len(keys["before"]) == 1
    assert all(seen["catalogue"].values())


def test_no_registry_stands_in_the_lock_file() -> None:
    lock = json.loads((SDK / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert "registry" not in (SDK / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (SDK / ".npmrc").read_text().splitlines()
