"""The worlds that are shipped: what the demo promises, and that large ones cost nothing until asked."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from offboarding.simulators import Simulator, worlds
from offboarding.simulators.segment.world import World
from offboarding.simulators.worlds import demo
from tests.simulators.conftest import Answer, Api

ROOT = Path(__file__).parents[2]
DAN, AT_HOME = "dan@northwind.example", "dan.reyes@mail.example"
PLACES = {  # workspace: region, address, roles (None: no member), groups
    "acme-production": ("US", DAN, ["Workspace Owner"], ["Admins"]),
    "acme-staging": ("US", DAN, ["Source Admin"], []),
    "acme-eu": ("EU", DAN, None, []),
    "acme-sandbox": ("US", DAN, ["Source Read-only"], []),
    "acme-analytics": ("US", DAN, ["Minimal Workspace Access"], ["Data engineers"]),
    "globex-production": ("EU", AT_HOME, ["Source Admin", "Tracking Plan Admin"], ["Analysts"]),
    "globex-staging": ("US", DAN, ["Source Admin"], []),
    "globex-warehouse": ("US", DAN, ["Warehouse Destination Admin"], []),
    "globex-marketing": ("US", DAN, ["Unify and Engage Admin", "Source Read-only"], []),
    "globex-eu": ("EU", DAN, None, []),
    "initech-production": ("US", DAN, ["Workspace Owner"], []),
    "initech-development": ("US", DAN, ["Function Admin", "Tracking Plan Admin"], []),
    "initech-labs": ("US", DAN, None, []),
    "initech-archive": ("US", DAN, ["Source Admin"], []),
    "initech-beta": ("US", DAN, ["Source Read-only", "Journeys Curator"], []),
    "hooli-production": ("US", DAN, ["Source Admin"], []),
    "hooli-staging": ("US", DAN, ["Source Read-only"], []),
}


@pytest.fixture(scope="module")
def running() -> Any:
    with Simulator("demo") as simulator:
        simulator.control.clear_trouble()
        yield simulator


def test_the_demo_file_is_what_its_builder_writes() -> None:
    assert demo.FILE.read_text() == demo.text(), "run python -m offboarding.simulators.worlds.demo"


def test_the_demo_has_these_places_and_no_others(running: Simulator) -> None:
    assert {one["slug"]: one["region"] for one in running.control.workspaces()} == {
        slug: place[0] for slug, place in PLACES.items()
    }


@pytest.mark.parametrize("slug", PLACES)
def test_dan_stands_where_the_demo_needs_him(running: Simulator, slug: str) -> None:
    _, email, roles, groups = PLACES[slug]
    seen = running.control.person(slug, email)
    assert seen["groups"] == groups
    assert seen["invited"] is (slug == "acme-eu")
    found = [one["roleName"] for one in seen["member"]["permissions"]] if seen["member"] else None
    assert found == roles
    assert (running.control.person(slug, AT_HOME)["member"] is not None) is (slug == "globex-production")


def test_each_workspace_has_30_to_60_believable_people(running: Simulator) -> None:
    for slug in PLACES:
        members = list(running.world.workspace(slug).members)
        assert 30 <= len(members) <= 60, slug
        assert len({row["email"] for row in members}) == len(members), slug
    everybody = [row for slug in PLACES for row in running.world.workspace(slug).members]
    assert 0 < sum(not row["name"] for row in everybody) < len(everybody) / 5


def test_owners_are_as_the_situations_need_them(running: Simulator) -> None:
    dan = running.control.person("acme-production", DAN)["member"]["id"]
    owners = {slug: running.world.workspace(slug).owners() for slug in PLACES}
    assert (dan in owners["acme-production"], len(owners["acme-production"])) == (True, 3)
    assert owners["initech-production"] == {dan}
    assert all(len(found) >= 2 for slug, found in owners.items() if slug != "initech-production")


def test_dan_administers_six_named_sources_of_acme_staging(running: Simulator) -> None:
    workspace = running.world.workspace("acme-staging")
    (permission,) = running.control.person("acme-staging", DAN)["member"]["permissions"]
    assert {one["type"] for one in permission["resources"]} == {"SOURCE"}
    assert len({one["id"] for one in permission["resources"]}) == 6 < len(workspace.tables["sources"])


def test_dan_made_functions_and_audiences(running: Simulator) -> None:
    dan = running.control.person("acme-production", DAN)["member"]["id"]
    made = {slug: running.world.workspace(slug).tables for slug in ("initech-development", "acme-production")}
    assert sum(row["createdBy"] == dan for row in made["initech-development"]["functions"]) == 3
    audiences = [row for row in made["acme-production"]["audiences"] if row["createdBy"] == dan]
    assert len(audiences) == 2
    assert len({row["spaceId"] for row in audiences}) == 1


def test_a_permission_of_a_kind_that_nobody_documents_is_passed_on(running: Simulator) -> None:
    member = running.control.person("initech-beta", DAN)["member"]
    api = Api(running.base_url, running.token("initech-beta"))
    curator = api.get(f"/users/{member['id']}").data["user"]["permissions"][1]
    assert (curator["roleName"], curator["resources"][0]["type"]) == ("Journeys Curator", "JOURNEY")
    assert curator["roleId"] not in [role["id"] for role in api.get("/roles").data["roles"]]


def test_the_archive_has_no_groups_no_audit_trail_and_no_role_to_go_down_to(running: Simulator) -> None:
    api = Api(running.base_url, running.token("initech-archive"))
    assert (api.get("/groups").status, api.get("/audit-events").status) == (400, 403)
    assert [role["name"] for role in api.get("/roles").data["roles"]] == ["Workspace Owner", "Source Admin"]


def test_the_trail_of_acme_production_tells_what_dan_did(running: Simulator) -> None:
    api = Api(running.base_url, running.token("acme-production"))
    events = api.get("/audit-events?pagination.count=1000").data["events"]
    by_dan = [event["type"] for event in events if event.get("actorEmail") == DAN]
    assert by_dan[:2] == ["Audience CSV Downloaded", "Source Modified"]
    assert len(events) > 250


def test_the_demo_is_slow_throttled_and_refused_where_it_should_be() -> None:
    with Simulator("demo") as simulator:
        refused = Api(simulator.base_url, simulator.token("globex-staging"))
        assert {refused.get(path).status for path in ("/", "/users", "/echo?message=x")} == {401}
        marketing = Api(simulator.base_url, simulator.token("globex-marketing"))
        dan = simulator.control.person("globex-marketing", DAN)["member"]["id"]
        assert marketing.get("/").status == 200
        assert marketing.get("/users").headers["retry-after"] == "6"
        simulator.control.set_clock(6)
        assert marketing.get("/users").status == 200
        assert marketing.call("DELETE", f"/users?userIds.0={dan}").headers["retry-after"] == "8"
        simulator.control.set_clock(14)
        assert marketing.call("DELETE", f"/users?userIds.0={dan}").status == 200
        rule = simulator.world.trouble.dump()[0]["rule"]
        assert (rule["do"], rule["seconds"], rule["match"]) == (
            "latency",
            2.5,
            {"workspace": "globex-warehouse"},
        )


def everybody(api: Api) -> tuple[list[Any], int]:
    """All members, and how many pages they took."""
    pages = [api.get("/users?pagination.count=200").data]
    while "next" in pages[-1]["pagination"]:
        cursor = quote(pages[-1]["pagination"]["next"])
        pages.append(api.get(f"/users?pagination.count=200&pagination.cursor={cursor}").data)
    return [user for page in pages for user in page["users"]], len(pages)


def test_a_generated_workspace_reads_like_any_other() -> None:
    with Simulator("synthetic:2x1000") as simulator:
        simulator.control.set_limits({"default": 0})
        api = Api(simulator.base_url, simulator.token("workspace-000"))
        users, pages = everybody(api)
        assert (pages, len({user["id"] for user in users}), len({user["email"] for user in users})) == (
            5,
            1000,
            1000,
        )
        dan = next(user for user in users if user["email"] == DAN)
        (group,) = api.get(f"/users/{dan['id']}/groups").data["groups"]
        members = api.get(f"/groups/{group['id']}/users?pagination.count=1000").data["users"]
        assert dan in members
        assert api.call("DELETE", f"/users?userIds.0={dan['id']}&userIds.1={users[500]['id']}").status == 200
        assert api.get("/users").data["pagination"]["totalEntries"] == 998
        assert api.get(f"/users/{users[500]['id']}").status == 404
        assert (
            simulator.control.person("workspace-000", users[700]["email"])["member"]["id"] == users[700]["id"]
        )
        assert dan not in api.get(f"/groups/{group['id']}/users?pagination.count=1000").data["users"]


READ_EVERYBODY = """
import pathlib
from offboarding.simulators import worlds
from offboarding.simulators.segment.world import World

world = World(worlds.load("synthetic:100x10000"), 1.7e9)
for workspace in world.workspaces[:10]:
    for start in range(0, 10_000, 200):
        assert len(workspace.members.page(start, 200)[0]) == 200
status = pathlib.Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_a_hundred_workspaces_of_ten_thousand_members_stay_small() -> None:
    """In a process of its own, so that what other tests hold is not counted."""
    command = [sys.executable, "-c", READ_EVERYBODY]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(out.stdout) / 1024 < 150, "MB at the peak"


def test_removals_are_kept_as_an_overlay_and_nothing_else() -> None:
    world = World(worlds.load("synthetic:1x10000"), 1.7e9)
    workspace = world.workspaces[0]
    row = workspace.members.page(5000, 1)[0][0]
    workspace.members.remove(row["id"])
    assert world.dump()["workspaces"][workspace.id]["tables"]["members"] == {
        "gone": [5000],
        "changed": {},
        "added": [],
    }


def test_two_hundred_callers_at_once_are_all_answered(running: Simulator) -> None:
    api = Api(running.base_url, running.token("acme-sandbox"))
    answers: list[Answer] = []
    callers = [threading.Thread(target=lambda: answers.append(api.get("/users"))) for _ in range(200)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [answer.status for answer in answers] == [200] * 200


@pytest.mark.parametrize("name", ["nowhere", "synthetic:x"])
def test_a_world_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"nowhere|invalid literal"):
        worlds.load(name)
