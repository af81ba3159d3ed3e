"""The control API, the description, the state file, the command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from offboarding.simulators import Simulator
from tests.simulators.conftest import SMALL, Api, Small

ROOT = Path(__file__).parents[2]
Control = Callable[..., Any]


@pytest.fixture
def control(small: Small) -> Control:
    """Calls the control API and returns its JSON."""
    described = small.simulator.describe()["control"]
    api = Api(described["url"].removesuffix("/_control"), described["token"])

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = api.call(method, f"/_control/{path}", body)
        assert answer.status == 200, answer.raw
        return answer.json

    return call


def test_only_the_control_token_opens_the_control_api(small: Small) -> None:
    assert small.api.get("/_control/workspaces").status == 401
    assert small.api.get("/_control/health").json == {"status": "ok"}


def test_people_are_put_in_changed_and_taken_out(small: Small, control: Control) -> None:
    body = {
        "email": "new@small.example",
        "name": "New",
        "permissions": ["Source Admin"],
        "groups": ["Analysts"],
    }
    control("POST", "workspaces/small/members", body)
    seen = control("GET", "workspaces/small/people/NEW@small.example")
    assert (seen["member"]["name"], seen["groups"], seen["invited"]) == ("New", ["Analysts"], False)
    control("PUT", "workspaces/small/members/new@small.example", {"permissions": ["Workspace Owner"]})
    assert len(small.workspace.owners()) == 2
    assert control("DELETE", "workspaces/small/members/new@small.example") is True
    assert control("GET", "workspaces/small/people/new@small.example")["member"] is None


def test_invitations_are_made_accepted_and_dropped(small: Small, control: Control) -> None:
    control("POST", "workspaces/small/invites", {"email": "new@small.example"})
    control("POST", "workspaces/small/invites/new@small.example/accept", {})
    assert "new@small.example" in small.emails()
    assert control("DELETE", "workspaces/small/invites/Pending@small.example") is True
    assert control("GET", "workspaces/small?parts=invites")["invites"] == []


def test_state_shows_members_groups_and_keys(small: Small, control: Control) -> None:
    state = control("GET", f"workspaces/{small.workspace.id}")
    assert [row["email"] for row in state["members"]][1] == "dan@northwind.example"
    assert state["groups"][1]["members"] == ["dan@northwind.example"]
    assert len(state["keys"][small.id("sources", "website")]) == 1


def test_trouble_is_added_listed_and_cleared(small: Small, control: Control) -> None:
    key = control("POST", "trouble", {"do": "error_before", "count": 5})["key"]
    assert small.api.get("/").status == 500
    assert [(rule["key"], rule["used"]) for rule in control("GET", "trouble")] == [(key, 1)]
    control("DELETE", f"trouble/{key}")
    assert small.api.get("/").status == 200
    control("POST", "trouble", {"do": "error_before"})
    control("DELETE", "trouble")
    assert control("GET", "trouble") == []


def test_calls_are_logged_with_token_time_status_and_trouble(small: Small, control: Control) -> None:
    control("POST", "trouble", {"do": "reset_before", "match": {"path": "/sources"}})
    small.api.get("/users?pagination.count=1")
    with pytest.raises(OSError, match="reset"):
        small.api.get("/sources")
    first, second = control("GET", "calls?workspace=small")
    assert (first["method"], first["path"], first["status"], first["trouble"]) == ("GET", "/users", 200, None)
    assert (second["status"], second["trouble"]) == (None, "reset_before")
    assert first["token"] == small.workspace.tokens["owner"].short_id
    assert first["at"] <= first["ended"] <= second["at"]
    assert control("GET", "calls?path=/users&since=1") == []
    assert {"workspace": "small", "method": "GET", "route": "/users", "status": "200", "count": 1} in control(
        "GET", "counters"
    )
    control("DELETE", "calls")
    assert control("GET", "calls") == []


def test_settings_limits_clock_and_reset(small: Small, control: Control) -> None:
    control("PATCH", "workspaces/small", {"answers": {"unknown_user": 422}, "audit_delay": 9})
    assert small.api.call("DELETE", "/users?userIds.0=nobody").status == 422
    control("PUT", "limits", {"default": 1})
    assert [small.api.get("/").status for _ in range(2)] == [200, 429]
    before = control("GET", "clock")["now"]
    assert control("PUT", "clock", {"offset": 3600})["now"] >= before + 3600
    control("POST", "reset")
    assert control("GET", "clock")["offset"] == 0
    assert small.simulator.world.workspaces[0].settings["audit_delay"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "workspaces/none", None, 404),
        ("GET", "nonsense", None, 404),
        ("POST", "trouble", {"do": "explode"}, 422),
        ("PATCH", "workspaces/small", {"colour": "red"}, 422),
        ("GET", "workspaces/small?parts=secrets", None, 422),
        ("POST", "workspaces/small/members", {"name": "No address"}, 404),
    ],
)
def test_a_wrong_order_is_refused(small: Small, method: str, path: str, body: Any, status: int) -> None:
    api = Api(small.simulator.base_url, small.simulator.control_token)
    assert api.call(method, f"/_control/{path}", body).status == status


def test_state_survives_a_restart(tmp_path: Path) -> None:
    world, state = (
        {"workspaces": [SMALL], "trouble": [{"do": "error_before", "count": 1}]},
        tmp_path / "state.json",
    )
    with Simulator(world, state=state) as first:
        small = Small(first)
        assert small.api.get("/").status == 500
        small.api.call("DELETE", f"/users?userIds.0={small.dan}")
        small.api.call("POST", "/groups", {"name": "New"})
        small.api.call("POST", f"/sources/{small.id('sources', 'website')}/writekey")
        seen = small.control.state("small")
    with Simulator(world, state=state) as second:
        again = Small(second)
        assert json.loads(json.dumps(again.control.state("small"))) == json.loads(json.dumps(seen))
        assert again.api.get("/").status == 200
        assert "dan@northwind.example" not in again.emails()
    assert state.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [state]


@pytest.fixture
def command(tmp_path: Path) -> Any:
    described = tmp_path / "described.json"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "offboarding.simulators",
            "--port",
            "0",
            "--strict",
            "--describe",
            str(described),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    assert process.stdout.readline().startswith(b"Segment (simulated)")
    yield process, json.loads(described.read_text())
    process.kill()
    process.communicate()


def test_the_command_describes_itself_and_ends_when_told(command: Any) -> None:
    process, described = command
    assert described["segment"].keys() == {"us", "eu"}
    fields = {"id", "slug", "name", "client", "environment", "region", "token", "features", "base_url"}
    assert fields <= described["workspaces"][0].keys()
    place = next(one for one in described["workspaces"] if one["region"] == "EU")
    assert place["base_url"] == described["segment"]["eu"]
    api = Api(place["base_url"], place["token"])
    assert api.get("/").data["workspace"]["id"] == place["id"]
    assert api.get("/users?pagination=%7B%7D").status == 422
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - began < 3


def test_the_command_ends_with_the_pipe_of_its_starter() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "offboarding.simulators", "--port", "0", "--until-eof"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"Segment (simulated)")
        assert process.poll() is None
        assert process.communicate(timeout=5)[0] == b""
    assert process.returncode == 0


@pytest.mark.parametrize("problem", ["no such world", "port in use"])
def test_the_command_says_in_a_sentence_why_it_did_not_start(small: Small, problem: str) -> None:
    port = small.simulator.base_url.rpartition(":")[2]
    given = ["--world", "nowhere"] if problem == "no such world" else ["--port", port]
    command = [sys.executable, "-m", "offboarding.simulators", *given]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10)
    assert out.stderr.startswith("The simulator did not start: ")
    assert out.stderr.count("\n") == 1


def test_a_world_is_put_back_as_it_was_got(small: Small, control: Control) -> None:
    got = control("GET", "world")
    control("POST", "workspaces/small/members", {"email": "new@small.example"})
    control("PUT", "world", got)
    assert control("GET", "calls") == []
    assert "new@small.example" not in small.emails()
